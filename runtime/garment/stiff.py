"""Pieces that do not bend: what is skinned as one is also carried to another body as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.rig import Rig
from dressform.runtime.geometry.adjacency import components
from dressform.runtime.geometry.distance import Surface

FloatArray = NDArray[np.floating]

_SAME_WEIGHT = 0.02  # rows of weights that differ by less hold a piece as one
_ROUNDS = 8
_SHIFT, _GROWTH = 0.006, 0.03  # [m] and part of the size: what costs alike
_MOST_SHIFT, _MOST_GROWTH = 0.01, 0.06  # [m] and part of the size
_MOST_SCALE = 1.25  # a hat grows with the head; a button on stretched cloth does not become a plate
_OUTLIER = 0.005  # [m] wishes further than this from the common one lose their say


def stiff_pieces(rig: Rig, faces: NDArray[np.int32]) -> list[NDArray[np.int64]]:
    """Return the points of each connected piece that is skinned as one, such as a hat or a button.

    Args:
        rig: Of the garment.
        faces: int32 [F, 3].
    """
    count = len(rig.joint_indices)
    dense = np.zeros((count, len(rig.joints)), np.float32)
    np.add.at(dense, (np.arange(count)[:, None], rig.joint_indices), rig.joint_weights)
    number, label = components(faces, count)
    order = np.argsort(label, kind="stable")
    starts = np.searchsorted(label[order], np.arange(number))
    least = np.minimum.reduceat(dense[order], starts, axis=0)
    most = np.maximum.reduceat(dense[order], starts, axis=0)
    return [
        order[start:end]
        for k, (start, end) in enumerate(zip(starts, [*starts[1:], count], strict=True))
        if end - start > 2 and (most[k] - least[k]).max() < _SAME_WEIGHT
    ]


def of_one_part(pieces: Sequence[NDArray[np.int64]], mesh: GarmentMesh) -> list[NDArray[np.int64]]:
    """Return stiff pieces with those of one rigid part joined: a button's thread goes with the button."""
    if mesh.part_ids is None:
        return list(pieces)
    part = np.full(len(mesh.points), -1)
    for number, each in enumerate(mesh.parts):
        if each.rigid:
            part[mesh.faces[mesh.part_ids == number]] = number
    joined: dict[int, list[NDArray[np.int64]]] = {}
    for count, piece in enumerate(pieces):
        own = int(part[piece[0]])
        joined.setdefault(own if own >= 0 else -2 - count, []).append(piece)
    return [np.concatenate(group) for group in joined.values()]


def moved_as_one(points: FloatArray, wanted: FloatArray, trust: FloatArray) -> NDArray[np.float64]:
    """Return points [V, 3] under the one scale, turn and shift that comes nearest to where most of them want to be.

    Umeyama's closed form (1991), weighted again from round to round so that few wishes of their own count little.

    Args:
        points: [V, 3] [m].
        wanted: Where each would go by itself [V, 3] [m].
        trust: Weight of each wish [V].
    """
    start, goal = np.asarray(points, np.float64), np.asarray(wanted, np.float64)
    weight = np.asarray(trust, np.float64)
    moved = start
    for _ in range(_ROUNDS):
        share = weight[:, None] / weight.sum()
        here, there = (share * start).sum(axis=0), (share * goal).sum(axis=0)
        a, b = start - here, goal - there
        left, stretch, right = np.linalg.svd((share * b).T @ a)
        sign = np.array([1.0, 1.0, np.linalg.det(left @ right)])
        scale = float((stretch * sign).sum() / max((share * a * a).sum(), 1e-12))
        scale = min(max(scale, 1 / _MOST_SCALE), _MOST_SCALE)
        moved = scale * a @ ((left * sign) @ right).T + there
        missed = np.linalg.norm(moved - goal, axis=1)
        weight = np.asarray(trust, np.float64) / np.maximum(missed, _OUTLIER)
    return moved


def kept_stiff(
    before: NDArray[np.float32], after: NDArray[np.float32], pieces: Sequence[NDArray[np.int64]]
) -> NDArray[np.float32]:
    """Return moved points [V, 3] whose stiff pieces have gone along with the cloth beside them, unbent.

    Args:
        before: Points with every piece in its shape [V, 3] [m].
        after: The same, moved one by one [V, 3] [m].
        pieces: Points of each stiff piece.
    """
    kept = after.copy()
    soft = np.ones(len(before), np.bool_)
    for piece in pieces:
        soft[piece] = False
    cloth = cKDTree(before[soft]) if soft.any() else None
    for piece in pieces:
        if cloth is None:
            wanted = after[piece]
        else:
            beside = np.flatnonzero(soft)[cloth.query(before[piece])[1]]
            wanted = before[piece] + (after - before)[beside]
        kept[piece] = moved_as_one(before[piece], wanted, np.ones(len(piece)))
    return kept


def cleared_as_one(points: FloatArray, surface: Surface, gap: float) -> NDArray[np.float64]:
    """Return points [V, 3], shifted and grown as one, a little, until they keep a gap from a closed surface.

    Args:
        points: [V, 3] [m].
        surface: The body.
        gap: Least distance [m]; what cannot be reached by 1 cm and 6 % is left.
    """
    start = np.asarray(points, np.float64)
    middle = (start.min(axis=0) + start.max(axis=0)) / 2
    spent, moved = np.zeros(4), start
    stiff = np.array([1 / _SHIFT**2] * 3 + [1 / _GROWTH**2]) * 1e-7
    for _ in range(_ROUNDS):
        near = surface.closest(moved)
        depth = gap - surface.signed_distance(moved)
        hit = depth > 0
        if not hit.any():
            break
        inside = depth[hit] > gap
        ways = (moved[hit] - near.points[hit]) * np.where(inside, -1.0, 1.0)[:, None]
        ways /= np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-9)
        rows = np.concatenate([ways, np.sum(ways * (start[hit] - middle), axis=1, keepdims=True)], axis=1)
        system = rows.T @ rows / len(start) + np.diag(stiff)
        spent = spent + np.linalg.solve(system, rows.T @ depth[hit] / len(start) - stiff * spent)
        spent = np.clip(spent, [-_MOST_SHIFT] * 3 + [0.0], [_MOST_SHIFT] * 3 + [_MOST_GROWTH])
        moved = (start - middle) * np.exp(spent[3]) + middle + spent[:3]
    return moved
