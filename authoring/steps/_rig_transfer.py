"""Skin weights carried from a body to cloth: copied where the match is sure, solved for elsewhere.

After Abdrashitov, Raichstat, Monsen and Hill, "Robust Skin Weights Transfer via Weight Inpainting", SIGGRAPH Asia 2023.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from dressform.runtime.geometry.adjacency import averaging_matrix, components
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals

from ._rig_operators import laplacian, vertex_masses

INFLUENCES = 8

# joints that cloth must not follow; their weight goes to the nearest kept joint above them
_FINE_JOINTS = re.compile(
    r"finger|metacarpal|thumb|index|middle|ring\d|pinky|^toe\d-[23]|eye|jaw|tongue|lip|oris|orbicularis|levator|risorius|"
    r"temporalis|special|breast",
    re.IGNORECASE,
)
_CARRIED = 1e-4  # a joint with less than this everywhere on the garment is dropped before the solve


@dataclass(frozen=True)
class TransferOptions:
    """How weights are carried over.

    Attributes:
        distance_fraction: Largest distance of a sure match, as a fraction of the garment's bounding-box diagonal.
        angle_deg: Largest angle between the normals of a sure match.
        smoothing: Length [m] over which weights are evened out after the solve; cloth that hangs away from the skin is
            evened out over its distance as well, for it follows no single bone.
    """

    distance_fraction: float = 0.05
    angle_deg: float = 30.0
    smoothing: float = 0.015


@dataclass(frozen=True)
class Transfer:
    """Dense weights and where they came from.

    Attributes:
        weights: float64 [V, J], non-negative, rows sum to 1.
        nearest: float64 [V, J] those of the closest skin, whether it is a sure match or not.
        matched: bool [V] copied from the body; the others were solved for.
        away: float32 [V] distance to the skin [m].
        lost: bool [V] on pieces that had no match, and took the nearest body weights as they are.
    """

    weights: NDArray[np.float64]
    nearest: NDArray[np.float64]
    matched: NDArray[np.bool_]
    away: NDArray[np.float32]
    lost: NDArray[np.bool_]


def cloth_joint_map(names: Sequence[str], parents: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return for each joint the joint that cloth follows in its place (fingers and face become hand and head)."""
    target = np.arange(len(names), dtype=np.int32)
    for joint in range(len(names)):
        kept = joint
        while _FINE_JOINTS.search(names[kept]) and parents[kept] >= 0:
            kept = int(parents[kept])
        target[joint] = kept
    return target


def dense_weights(
    indices: NDArray[np.int32], weights: NDArray[np.floating], joint_map: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return weights [V, K] as a dense [V, J] with each joint replaced by its image under `joint_map`."""
    dense = np.zeros((len(indices), len(joint_map)))
    np.add.at(dense, (np.arange(len(indices))[:, None], joint_map[indices]), weights)
    return dense


class Match(NamedTuple):
    """The skin closest to each garment point, and whether it is surely the skin to follow.

    Attributes:
        nearest: float64 [V, J] weights of the closest skin.
        sure: bool [V].
        away: float32 [V] distance to it [m].
    """

    nearest: NDArray[np.float64]
    sure: NDArray[np.bool_]
    away: NDArray[np.float32]


def match_skin(
    points: NDArray[np.floating],
    faces: NDArray[np.int32],
    body_points: NDArray[np.floating],
    body_faces: NDArray[np.int32],
    body_weights: NDArray[np.float64],
    options: TransferOptions = TransferOptions(),
) -> Match:
    """Find the skin under each garment point; see `transfer_weights` for the arguments."""
    closest = Surface(body_points, body_faces).closest(points)
    corners = body_faces[closest.triangles]
    nearest = np.einsum("vc,vcj->vj", closest.barycentrics, body_weights[corners])
    body_normals = vertex_normals(body_points, body_faces)[corners]
    there = np.einsum("vc,vcx->vx", closest.barycentrics, body_normals)
    there /= np.maximum(np.linalg.norm(there, axis=1, keepdims=True), 1e-12)
    average = averaging_matrix(faces, len(points))
    here = vertex_normals(points, faces).astype(np.float64)
    for _ in range(3):  # small folds must not cost a match
        here = here + average @ here
    here /= np.maximum(np.linalg.norm(here, axis=1, keepdims=True), 1e-12)
    angle = np.arccos(np.clip(np.einsum("vx,vx->v", here, there), -1.0, 1.0))
    diagonal = float(np.linalg.norm(np.ptp(points, axis=0)))
    sure = (closest.distances <= options.distance_fraction * diagonal) & (angle <= np.radians(options.angle_deg))
    return Match(nearest, sure, closest.distances)


def transfer_weights(
    points: NDArray[np.floating],
    faces: NDArray[np.int32],
    body_points: NDArray[np.floating],
    body_faces: NDArray[np.int32],
    body_weights: NDArray[np.float64],
    options: TransferOptions = TransferOptions(),
) -> Transfer:
    """Carry skin weights from a body to a garment in the same pose.

    Args:
        points: Garment points [m], [V, 3].
        faces: int32 [F, 3].
        body_points: [Vb, 3] [m].
        body_faces: int32 [Fb, 3].
        body_weights: Dense weights [Vb, J].
        options: What a sure match is.
    """
    found = match_skin(points, faces, body_points, body_faces, body_weights, options)
    return carry(points, faces, found, options)


def carry(
    points: NDArray[np.floating],
    faces: NDArray[np.int32],
    found: Match,
    options: TransferOptions = TransferOptions(),
) -> Transfer:
    """Copy the weights of the sure matches, solve for the others, and even all out over the cloth.

    Args:
        points: Garment points [m], [V, 3].
        faces: int32 [F, 3].
        found: What to copy, and where.
        options: Of these only `smoothing` counts.
    """
    solved, lost = inpaint(points, faces, found.nearest, found.sure)
    average = averaging_matrix(faces, len(points))
    away = found.away.astype(np.float64)
    for _ in range(4):
        away = average @ away
    lengths = np.where(options.smoothing > 0, options.smoothing + away, 0.0)
    return Transfer(diffused(solved, points, faces, lengths), found.nearest, found.sure, found.away, lost)


def diffused(
    values: NDArray[np.float64], points: NDArray[np.floating], faces: NDArray[np.int32], lengths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Even weights [V, J] out over a length [m] of its own for each point [V]: one implicit step of diffusion."""
    spread = sp.diags(lengths**2 / vertex_masses(points, faces)) @ laplacian(points, faces)
    used = np.flatnonzero(values.max(axis=0) > 0)
    result = np.zeros_like(values)
    result[:, used] = splu(sp.csc_matrix(sp.identity(len(points)) + spread)).solve(values[:, used])
    return np.clip(result, 0.0, 1.0)


def inpaint(
    points: NDArray[np.floating], faces: NDArray[np.int32], nearest: NDArray[np.float64], matched: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Solve the weights of unmatched points so that they run on smoothly from the matched ones.

    Returns:
        The weights [V, J], and which points bool [V] lie on pieces without any match.
    """
    island_count, island = components(faces, len(points))
    known = matched.copy()
    lost = ~(np.bincount(island, known, minlength=island_count) > 0)[island]
    known |= lost  # nothing to run on from: keep the nearest weights
    result = nearest.copy()
    unknown = np.flatnonzero(~known)
    if len(unknown) == 0:
        return result, lost
    used = np.flatnonzero(nearest[known].max(axis=0) > _CARRIED)
    lap = -laplacian(points, faces)
    energy = sp.csr_matrix(-lap + lap @ sp.diags(1 / vertex_masses(points, faces)) @ lap)
    given = np.flatnonzero(known)
    inner = sp.csc_matrix(energy[unknown][:, unknown])
    right = -(energy[unknown][:, given] @ nearest[np.ix_(given, used)])
    result[unknown] = 0.0
    result[np.ix_(unknown, used)] = np.clip(splu(inner).solve(right), 0.0, 1.0)
    total = result.sum(axis=1, keepdims=True)
    return np.where(total > 1e-6, result / np.maximum(total, 1e-6), nearest), lost


def strongest(weights: NDArray[np.float64], count: int = INFLUENCES) -> NDArray[np.float64]:
    """Return weights [V, J] cut to the `count` largest of each row, rows summing to 1."""
    kept = np.zeros_like(weights)
    top = np.argsort(-weights, axis=1)[:, :count]
    np.put_along_axis(kept, top, np.maximum(np.take_along_axis(weights, top, axis=1), 0.0), axis=1)
    total = kept.sum(axis=1, keepdims=True)
    return np.asarray(kept / np.maximum(total, 1e-12), np.float64)


def packed(weights: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return dense weights [V, J] as joint indices int32 [V, 8] and weights float32 [V, 8], unused entries zero."""
    order = np.argsort(-weights, axis=1, kind="stable")[:, :INFLUENCES]
    values = np.take_along_axis(weights, order, axis=1).astype(np.float32)
    values /= values.sum(axis=1, keepdims=True)
    indices = np.where(values > 0, order, 0).astype(np.int32)
    missing = INFLUENCES - indices.shape[1]
    if missing > 0:  # a skeleton of fewer joints than influences
        indices, values = np.pad(indices, ((0, 0), (0, missing))), np.pad(values, ((0, 0), (0, missing)))
    return indices, values
