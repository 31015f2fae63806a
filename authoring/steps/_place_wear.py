"""From a garment on the posed body to the garment on the rest body: cloth bends, hats and buttons move as one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.adjacency import averaging_matrix, components, edges
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.rotations import moved_rigidly
from dressform.schemas.progress import Progress

from ._place_articulate import JointedBody
from ._place_limbs import unposed
from ._place_relax import Obstacle, push_out, relax
from ._place_rigid import widened
from ._rig_transfer import cloth_joint_map, dense_weights, transfer_weights
from ._shells import inner_followed

Floats = NDArray[np.float64]

MOST_POINTS = 30_000  # a garment of more is fitted by a coarser one
_CELL = 0.008  # [m] at first, of the grid that makes it coarser
_RIGID_GAP = 0.0015  # [m] kept between skin and what does not bend


@dataclass(frozen=True)
class Worn:
    """A garment on the rest body.

    Attributes:
        points: float64 [V, 3] [m].
        deep: Fraction of it that was deeper than 2 cm in the posed body before cloth was moved.
        inside_before: Fraction that was deeper than 1 mm there.
        stretch_p95: 95th percentile of |edge length / modelled length − 1|.
    """

    points: Floats
    deep: float
    inside_before: float
    stretch_p95: float


def wear(hung: Floats, mesh: GarmentMesh, body: JointedBody, gap: float, *, rigid: bool, progress: Progress) -> Worn:
    """Bring a garment from where it hangs on the posed body onto the rest body, clear of the skin.

    Args:
        hung: Its points on the posed body [V, 3] [m].
        mesh: The garment, for its triangles and its rigid parts.
        body: The posed body.
        gap: Smallest distance between cloth and skin [m].
        rigid: The whole garment keeps its shape piece by piece, as hats and shoes do.
        progress: Told how far it is.
    """
    rest, faces = body.rest, mesh.faces
    small, small_faces, nearest = coarser(hung, faces)
    before = Surface(body.points, rest.body.faces).signed_distance(small)
    progress(0.55, "fitting the cloth around the body")
    if rigid:
        turned = small if _at_rest(body) else _unposed(small, small_faces, body)
        groups = _groups(small, _pieces(small_faces, len(small)))
        gap = min(gap, _RIGID_GAP)
        obstacle = Obstacle(rest.vertices, rest.body.faces)
        placed = widened(_as_one(small, turned, groups), small_faces, groups, obstacle, gap=gap)
    else:
        placed = _bent(small, small_faces, body, gap)
    if nearest is not None:
        placed = clear_of(placed, small_faces, rest, gap)
    moved = hung + (placed - small)[nearest] if nearest is not None else placed
    if nearest is not None:
        moved = _evened(hung, moved, faces)
    progress(0.85, "clearing the skin")
    moved = clear_of(moved, faces, rest, gap)
    if not rigid:  # else its pieces have been kept as they are, and grown where skin was in the way
        moved = _rigid_parts(hung, moved, mesh)
    moved = inner_followed(replace(mesh, points=hung.astype(np.float32)), moved)
    return Worn(moved, float((before < -0.02).mean()), float((before < -0.001).mean()), stretch_p95(moved, hung, faces))


def stretch_p95(worn: Floats, reference: Floats, faces: NDArray[np.int32]) -> float:
    """Return the 95th percentile of |edge length / reference length − 1|."""
    pairs = edges(faces).vertices
    now = np.linalg.norm(worn[pairs[:, 0]] - worn[pairs[:, 1]], axis=1)
    then = np.linalg.norm(reference[pairs[:, 0]] - reference[pairs[:, 1]], axis=1)
    return float(np.quantile(np.abs(now / np.maximum(then, 1e-9) - 1), 0.95))


def coarser(points: Floats, faces: NDArray[np.int32]) -> tuple[Floats, NDArray[np.int32], NDArray[np.intp] | None]:
    """Return points and triangles of a mesh of at most `MOST_POINTS` points and, for each point, which stands for it.

    Points in one cell of a grid become one. A mesh that is small enough comes back as it is, with None.
    """
    if len(points) <= MOST_POINTS:
        return points, faces, None
    cell = _CELL
    while True:
        _, number = np.unique(np.floor(points / cell).astype(np.int64), axis=0, return_inverse=True)
        number = number.reshape(-1)
        count = int(number.max()) + 1
        if count <= MOST_POINTS:
            break
        cell *= 1.3
    share = np.bincount(number, minlength=count)
    small = np.stack([np.bincount(number, points[:, k], minlength=count) / share for k in range(3)], axis=1)
    reduced = number[faces]
    kept = (reduced[:, 0] != reduced[:, 1]) & (reduced[:, 1] != reduced[:, 2]) & (reduced[:, 2] != reduced[:, 0])
    _, first = np.unique(np.sort(reduced[kept], axis=1), axis=0, return_index=True)
    return small, reduced[kept][np.sort(first)].astype(np.int32), number


def _evened(hung: Floats, moved: Floats, faces: NDArray[np.int32]) -> Floats:
    """Even out the steps between cells in how points moved."""
    shift = moved - hung
    average = averaging_matrix(faces, len(hung))
    for _ in range(40):
        shift = 0.3 * shift + 0.7 * (average @ shift)
    return np.asarray(hung + shift, np.float64)


def _bent(hung: Floats, faces: NDArray[np.int32], body: JointedBody, gap: float) -> Floats:
    """Return cloth [V, 3] brought around the posed body, then to the rest pose."""
    rest = body.rest
    obstacle = Obstacle(body.points, rest.body.faces)
    worn = relax(hung, hung, faces, obstacle, gap=gap, anchor=0.02, rounds=12)
    if not _at_rest(body):
        worn = _unposed(worn, faces, body)
        obstacle = Obstacle(rest.vertices, rest.body.faces)
    return relax(worn, hung, faces, obstacle, gap=gap)


def _at_rest(body: JointedBody) -> bool:
    return body.points is body.rest.vertices


def _unposed(points: Floats, faces: NDArray[np.int32], body: JointedBody) -> Floats:
    rest = body.rest
    joint_map = cloth_joint_map(rest.body.joint_names, rest.body.joint_parents)
    body_weights = dense_weights(rest.body.joint_indices, rest.body.joint_weights, joint_map)
    transfer = transfer_weights(points, faces, body.points, rest.body.faces, body_weights)
    return unposed(points, transfer.weights, body.transforms)


def _pieces(faces: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    return components(faces, count)[1]


def _groups(points: Floats, pieces: NDArray[np.int32], near: float = 0.03) -> NDArray[np.intp]:
    """Return which group each point belongs to [V]: pieces that touch (a shoe and its laces) are one."""
    count = int(pieces.max(initial=-1)) + 1
    group = np.arange(count)
    trees = [cKDTree(points[pieces == k][:: max(1, int((pieces == k).sum()) // 200)]) for k in range(min(count, 60))]
    for a in range(len(trees)):
        for b in range(a):
            if trees[a].count_neighbors(trees[b], near):
                group[group == group[a]] = group[b]
    return group[pieces]


def _as_one(before: Floats, after: Floats, groups: NDArray[np.intp]) -> Floats:
    """Move each group of points rigidly, nearest to where its points went."""
    result = after.copy()
    for one in np.unique(groups):
        own = groups == one
        result[own] = moved_rigidly(before[own], after[own])
    return result


def _rigid_parts(hung: Floats, moved: Floats, mesh: GarmentMesh) -> Floats:
    """Give buttons and buckles back their shape where the cloth took them."""
    if mesh.part_ids is None:
        return moved
    result = moved.copy()
    for number, part in enumerate(mesh.parts):
        if part.rigid:
            own = np.unique(mesh.faces[mesh.part_ids == number])
            result[own] = moved_rigidly(hung[own], moved[own])
    return result


def clear_of(points: Floats, faces: NDArray[np.int32], rest: RestBody, gap: float) -> Floats:
    """Return points of a garment that lies on the rest body, those inside the skin moved out of it."""
    return push_out(points, faces, Obstacle(rest.vertices, rest.body.faces), gap=gap)


def sized(points: Floats, faces: NDArray[np.int32], rest: RestBody) -> Floats:
    """Return points of hats or shoes that lie on the rest body, grown a little where skin is in their way."""
    groups = _groups(points, _pieces(faces, len(points)))
    return widened(points, faces, groups, Obstacle(rest.vertices, rest.body.faces), gap=_RIGID_GAP)
