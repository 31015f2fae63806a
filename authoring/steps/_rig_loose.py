"""Cloth that hangs around both legs at once: skirts, dresses and long coats stay one tube."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.joints import CANONICAL_JOINTS, JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.adjacency import components, edges

from ._rig_transfer import diffused

Floats = NDArray[np.float64]

_BELOW_CROTCH = 0.03  # [m] cloth joined above this is the seat of a pair of trousers
_BAND = 0.02  # [m] least height of the slices that are looked at
_TALL = 0.14  # [m] a tube around both legs that parts into two below counts from this height on
_ASIDE = 0.05  # [m] a slice around both legs reaches this far to either side
_BIN = 0.02  # [m] slices of the legs whose weights are averaged
_SOFT_KNEE = 0.08  # [m] the cloth bends at the knee over this much of the leg: it hangs past it rather than folding
_LEG_REACH = 1.15  # cloth this times as far out as the leg's middle wholly follows that leg ...
_CLOTH_REACH = 0.8  # ... unless the cloth is so wide that this much of its half width is further out
_KNEE_BLEND = 0.2  # [m] above and below the knee over which cloth begins to hang
_HANG_SMOOTH = 0.12  # [m]
_BLEND = 0.05  # [m] length over which hanging cloth goes over into cloth that lies on the skin
_LEGS = tuple(
    JOINT_INDEX[name]
    for name in CANONICAL_JOINTS
    if name == "pelvis" or name.split("_")[-1] in ("hip", "knee", "ankle")
)


def crotch_height(rest: RestBody) -> float:
    """Return the height of the crotch of a body whose legs stand apart [m]."""
    joints = rest.canonical_joints()
    knees, hips = joints[JOINT_INDEX["left_knee"], 2], joints[JOINT_INDEX["left_hip"], 2]
    points = rest.vertices
    between = (np.abs(points[:, 0] - joints[0, 0]) < 0.012) & (points[:, 2] > knees) & (points[:, 2] < hips + 0.1)
    return float(points[between, 2].min()) if between.any() else float(hips - 0.08)


def spanning(points: NDArray[np.floating], faces: NDArray[np.int32], rest: RestBody) -> NDArray[np.bool_]:
    """Return which points bool [V] lie below the crotch on cloth that reaches around from one leg to the other.

    Each level slice of the cloth is taken by itself, so the legs of trousers with a deep seat part where they part.

    Args:
        points: Garment points on the rest body [V, 3] [m].
        faces: int32 [F, 3].
        rest: The body.
    """
    found = np.zeros(len(points), bool)
    top = crotch_height(rest) - _BELOW_CROTCH
    if len(faces) == 0 or float(points[faces][:, :, 2].min()) >= top:
        return found
    _, piece = components(faces, len(points))
    face_piece = piece[faces[:, 0]]
    middle = float(rest.canonical_joints()[0, 0])
    for number in np.unique(piece[np.unique(faces[(points[faces][:, :, 2] < top).any(axis=1)])]):
        found |= _piece_spans(points, faces[face_piece == number], top, middle)
    return found


def _piece_spans(
    points: NDArray[np.floating], faces: NDArray[np.int32], top: float, middle: float
) -> NDArray[np.bool_]:
    """Return which points bool [V] of one piece hang around both legs.

    The seat of wide trousers spans them too, but only for a hand's breadth and not down to a hem.
    """
    heights = points[faces][:, :, 2]
    low, high = heights.min(axis=1), heights.max(axis=1)
    pairs = edges(faces).vertices
    step = max(_BAND, float(np.median(np.abs(points[pairs[:, 0], 2] - points[pairs[:, 1], 2]))))
    found, run = np.zeros(len(points), bool), np.zeros(len(points), bool)
    rows = 0
    for level in np.arange(top - step, float(low.min()) - step, -step):
        chosen = faces[(high > level) & (low < level + step) & (high <= top + step)]
        count, label = components(chosen, len(points)) if len(chosen) else (1, np.zeros(len(points), np.int32))
        used = np.unique(chosen)
        left, right = np.full(count, -np.inf), np.full(count, -np.inf)
        np.maximum.at(left, label[used], points[used, 0] - middle)
        np.maximum.at(right, label[used], middle - points[used, 0])
        around = (left > _ASIDE) & (right > _ASIDE)
        if around.any():
            run[used[around[label[used]] & (points[used, 2] < top)]] = True
            rows += 1
            continue
        if rows * step >= _TALL:
            found |= run
        run[:], rows = False, 0
    return found | run  # what still runs has reached the hem


def hang(
    weights: Floats,
    points: NDArray[np.floating],
    faces: NDArray[np.int32],
    rest: RestBody,
    body_weights: Floats,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Let cloth around both legs hang past the knees: each side follows its leg, the middle both alike.

    Above the knees cloth that stands off is carried over smoothly enough; below them, carried weights run on from the
    thighs, and a long dress would stick out straight when its wearer sits.

    Args:
        weights: Of the cloth as carried over [V, J].
        points: Garment points [V, 3] [m].
        faces: int32 [F, 3].
        rest: The body.
        body_weights: Of its skin, dense [Vb, J].

    Returns:
        Weights [V, J], and which points hang so, bool [V].
    """
    loose = spanning(points, faces, rest)
    if not loose.any():
        return weights, loose
    levels, left, right, apart = _leg_profiles(rest, body_weights)
    middle = float(rest.canonical_joints()[0, 0])

    def at(table: Floats) -> Floats:
        spot = np.interp(points[:, 2], levels, np.arange(len(levels)))
        below = np.minimum(spot.astype(np.int64), len(levels) - 2)
        part = (spot - below).reshape(-1, *[1] * (table.ndim - 1))
        return np.asarray((1 - part) * table[below] + part * table[below + 1])

    aside = np.abs(points[:, 0] - middle)
    reach = np.maximum(
        _LEG_REACH * at(apart),
        _CLOTH_REACH * _half_width(points[:, 2].astype(np.float64), aside.astype(np.float64), loose),
    )
    side = np.clip(0.5 + 0.5 * (points[:, 0] - middle) / reach, 0, 1)
    side = (side * side * (3 - 2 * side))[:, None]
    hung = side * at(left) + (1 - side) * at(right)
    hung = diffused(hung, points, faces, np.where(loose, _HANG_SMOOTH, 0.0))
    hung /= np.maximum(hung.sum(axis=1, keepdims=True), 1e-9)
    share = diffused(loose.astype(np.float64)[:, None], points, faces, np.full(len(points), _BLEND))
    knee = float(rest.canonical_joints()[JOINT_INDEX["left_knee"], 2])
    below = np.clip(0.5 + (knee - points[:, 2].astype(np.float64)) / (2 * _KNEE_BLEND), 0, 1)[:, None]
    share = np.clip(share / 0.8, 0, 1) * below * below * (3 - 2 * below)
    mixed = share * hung + (1 - share) * weights
    return np.asarray(mixed / mixed.sum(axis=1, keepdims=True)), loose


def _half_width(heights: Floats, aside: Floats, loose: NDArray[np.bool_]) -> Floats:
    """Return how far out the hanging cloth reaches at each point's height [V] [m]."""
    low, high = float(heights[loose].min()), float(heights[loose].max())
    bins = np.arange(low, high + 2 * _BAND, _BAND)
    widest = np.zeros(len(bins))
    np.maximum.at(widest, np.digitize(heights[loose], bins) - 1, aside[loose])
    filled = widest > 0
    return np.asarray(np.interp(heights, bins[filled] + _BAND / 2, widest[filled]))


def _leg_profiles(rest: RestBody, body_weights: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return heights [B], the mean weights of the left and of the right leg there [B, J], and the legs' distance."""
    ours = np.isin(rest.vertex_segments, _LEGS)
    points, skin = rest.vertices[ours], body_weights[ours]
    middle = float(rest.canonical_joints()[0, 0])
    top = float(rest.canonical_joints()[JOINT_INDEX["left_hip"], 2])
    levels = np.arange(float(points[:, 2].min()), top + _BIN, _BIN)
    tables, distances = [], []
    for sign in (1.0, -1.0):
        mine = (points[:, 0] - middle) * sign > 0
        near = np.exp(-(((points[None, mine, 2] - levels[:, None]) / _SOFT_KNEE) ** 2))
        near /= near.sum(axis=1, keepdims=True)
        tables.append(near @ skin[mine])
        distances.append(near @ np.abs(points[mine, 0] - middle))
    return levels, tables[0], tables[1], np.maximum(np.mean(distances, axis=0), 0.05)
