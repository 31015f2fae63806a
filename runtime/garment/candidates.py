"""Which triangles each cloth point can meet, found once over a small sample of poses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dressform.runtime.body.joints import CANONICAL_JOINTS
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.geometry.normals import face_normals
from dressform.runtime.geometry.rotations import quat_from_rotvec

from .facing import FACING, Underlay

Integers = NDArray[np.int32]
Floats = NDArray[np.float32]

CANDIDATES = 8
SINKS = 0.01  # [m] cloth at rest is at most that deep in what it lies on
FAR = 0.08  # [m] cloth that never comes this close to the obstacle cannot meet it

# rotation vectors [rad] from the T-pose that, together, bring every part of a garment where walking, reaching or
# sitting brings it; x: limbs forward (−) and back (+), y: the left arm down (+) and up (−), z: turning left (+)
_SAMPLES: tuple[dict[str, tuple[float, float, float]], ...] = (
    {},
    {"left_shoulder": (0, 1.25, 0), "right_shoulder": (0, -1.25, 0)},
    {
        "left_shoulder": (0, -1.2, 0), "right_shoulder": (0, 1.2, 0),
        "left_collar": (0, -0.3, 0), "right_collar": (0, 0.3, 0),
    },
    {
        "left_hip": (-0.5, 0, 0), "right_hip": (0.35, 0, 0), "right_knee": (0.7, 0, 0), "spine1": (0, 0, 0.15),
        "left_shoulder": (0.5, 1.15, 0), "right_shoulder": (-0.5, -1.15, 0),
    },
    {
        "right_hip": (-0.5, 0, 0), "left_hip": (0.35, 0, 0), "left_knee": (0.7, 0, 0), "spine1": (0, 0, -0.15),
        "left_shoulder": (-0.5, 1.15, 0), "right_shoulder": (0.5, -1.15, 0),
    },
    {
        "left_hip": (-1.3, 0, 0), "right_hip": (-1.3, 0, 0), "left_knee": (1.3, 0, 0), "right_knee": (1.3, 0, 0),
        "spine1": (0.3, 0, 0),
    },
)  # fmt: skip


class Posed(NamedTuple):
    """One sampled pose: cloth points [M, 3], their normals [M, 3] and the obstacle under them."""

    points: Floats
    normals: Floats
    obstacle: Underlay


def sample_transforms(rest: RestBody) -> list[Floats]:
    """Return the skinning transforms [J, 4, 4] of the sampled poses; the first is the rest pose."""
    poses = [rest.rest_pose()]
    for sample in _SAMPLES:
        vectors = np.zeros((len(CANONICAL_JOINTS), 3), np.float32)
        for joint, vector in sample.items():
            vectors[CANONICAL_JOINTS.index(joint)] = vector
        poses.append(Pose(quat_from_rotvec(vectors).astype(np.float32), np.zeros(3, np.float32)))
    return [rest.skin_transforms(pose) for pose in poses]


def find_candidates(posed: Sequence[Posed], *, facing: bool = True, reach: float = FAR) -> Integers:
    """Return the obstacle triangles that each cloth point can meet, int32 [M, CANDIDATES], −1 for none.

    Args:
        posed: The sampled poses, the rest pose first; the obstacle has the same triangles in all.
        facing: True finds what the cloth lies on, False what it may run into: triangles that face the cloth, such as
            the chest for the inside of a sleeve.
        reach: Cloth that never comes this close meets nothing [m].
    """
    count = len(posed[0].points)
    rows = np.arange(count)
    found = np.full((count, len(posed)), -1, np.int32)
    apart = np.full((count, len(posed)), np.inf)
    for column, (points, normals, obstacle) in enumerate(posed):
        if facing:
            triangles, barycentrics = obstacle.closest(points, normals)
            below = np.einsum("vk,vkc->vc", barycentrics, obstacle.vertices[obstacle.faces[triangles]])
            found[:, column], apart[:, column] = triangles, np.linalg.norm(points - below, axis=1)
        else:
            opposite = obstacle.surface.closest_facing(points, -normals, cosine=FACING, reach=reach)
            found[:, column], apart[:, column] = opposite.triangles, opposite.distances
    apart[(found < 0) | (apart > reach) | ~_on_their_side(posed[0], found, below=facing)] = np.inf
    found[~np.isfinite(apart)] = -1
    nearest = found[rows, np.argmin(apart, axis=1)]
    meeting = np.flatnonzero(nearest >= 0)
    candidates = np.full((count, CANDIDATES), -1, np.int32)
    around = _around(posed[0].obstacle, nearest[meeting])
    either = np.concatenate([found[meeting], around], axis=1)
    candidates[meeting] = _first_distinct(np.where(_over_at_rest(posed[0], meeting, either), either, -1))
    return candidates


def _on_their_side(rest: Posed, found: Integers, *, below: bool) -> NDArray[np.bool_]:
    """Return which triangles [M, P] are beneath each point of cloth at rest, or before it.

    Where an arm swings into the side of a jacket, the skin that faces like the cloth there is the arm's outer side: out
    of that it must not be pushed, for at rest all of the arm is before it.
    """
    centres = rest.obstacle.vertices[rest.obstacle.faces].mean(axis=1)[found]
    heights = np.einsum("vc,vpc->vp", rest.normals, rest.points[:, None] - centres)
    return np.asarray(heights > -SINKS if below else heights < SINKS)


def _over_at_rest(rest: Posed, rows: NDArray[np.intp], found: Integers) -> NDArray[np.bool_]:
    """Return which triangles [R, P] have these rows of the cloth over their planes at rest.

    Of others, such as the shoulders beside a neckband, the plane says nothing about how deep the cloth is.
    """
    vertices, faces = rest.obstacle.vertices, rest.obstacle.faces
    off = rest.points[rows, None] - vertices[faces].mean(axis=1)[found]
    heights = np.einsum("vpc,vpc->vp", off, face_normals(vertices, faces)[found])
    return np.asarray(heights > -SINKS)


def _around(obstacle: Underlay, closest: Integers) -> Integers:
    """Return the triangles around each point's closest one that face the same way, −1 for those that do not."""
    vertices, faces = obstacle.vertices, obstacle.faces
    centres = vertices[faces].mean(axis=1)
    used, inverse = np.unique(closest, return_inverse=True)
    count = min(2 * CANDIDATES, len(faces))
    near = np.asarray(cKDTree(centres).query(centres[used], k=count)[1], np.int32).reshape(len(used), count)
    normals = face_normals(vertices, faces)
    facing = np.einsum("vnc,vc->vn", normals[near], normals[used]) > FACING
    return np.where(facing, near, -1).astype(np.int32)[inverse]


def _first_distinct(rows: Integers) -> Integers:
    """Return the first different entries of each row, at most CANDIDATES, padded with −1."""
    order = np.argsort(rows, axis=1, kind="stable")
    ranked = np.take_along_axis(rows, order, axis=1)
    repeated = np.zeros(rows.shape, bool)
    repeated[:, 1:] = ranked[:, 1:] == ranked[:, :-1]
    keep = np.empty(rows.shape, bool)
    np.put_along_axis(keep, order, ~repeated, axis=1)
    keep &= rows >= 0
    first = np.argsort(~keep, axis=1, kind="stable")[:, :CANDIDATES]
    chosen = np.where(np.take_along_axis(keep, first, axis=1), np.take_along_axis(rows, first, axis=1), -1)
    padded = np.full((len(rows), CANDIDATES), -1, np.int32)
    padded[:, : chosen.shape[1]] = chosen
    return padded
