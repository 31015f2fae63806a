"""Hats and shoes cleared of skin without bending them: each is shifted and grown a little, as if a size larger."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._place_relax import Obstacle, poked_through

Floats = NDArray[np.float64]

_MOST_GROWTH = 0.06  # along each axis
_SHIFT, _GROWTH = 0.006, 0.03  # [m] and part: what costs alike
_ROUNDS = 14
_SAMPLES = 4000  # of points and of triangles looked at in a round
_REACH = 0.02  # [m] a toe this far through a shoe is still its toe
_AHEAD = 0.0004  # [m] aimed at beyond the gap


def widened(
    points: Floats, faces: NDArray[np.int32], groups: NDArray[np.intp], obstacle: Obstacle, *, gap: float
) -> Floats:
    """Return points of rigid pieces, each shifted and grown along the axes by up to 6 % until no skin is in its way.

    Args:
        points: [V, 3] [m].
        faces: int32 [F, 3].
        groups: [V] which points move as one.
        obstacle: The body.
        gap: Smallest distance to it [m].
    """
    result = points.astype(np.float64)
    for group in np.unique(groups):
        own = np.flatnonzero(groups == group)
        compact = np.full(len(points), -1, np.int32)
        compact[own] = np.arange(len(own))
        inner = faces[(compact[faces] >= 0).all(axis=1)]
        if len(inner):
            result[own] = _cleared(result[own], compact[inner], obstacle, gap)
    return result


def _cleared(points: Floats, faces: NDArray[np.int32], obstacle: Obstacle, gap: float) -> Floats:
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    spent, best, least = np.zeros(6), points, np.inf
    stiff = np.array([1 / _SHIFT**2] * 3 + [1 / _GROWTH**2] * 3) * 1e-6
    moved = points
    for _ in range(_ROUNDS):
        at, ways = _wanted(moved, faces, obstacle, gap)
        need = np.linalg.norm(ways, axis=1)
        if float(need.sum()) < least:
            best, least = moved, float(need.sum())
        if not len(need):
            break
        out = ways / np.maximum(need, 1e-12)[:, None]
        rows = np.concatenate([out, out * (at - middle)], axis=1)
        system = rows.T @ rows / len(rows) + np.diag(stiff)
        spent = spent + np.linalg.solve(system, rows.T @ (need + _AHEAD) / len(rows) - stiff * spent)
        spent[3:] = np.clip(spent[3:], 0.0, np.log(1 + _MOST_GROWTH))
        moved = (points - middle) * np.exp(spent[3:]) + middle + spent[:3]
    return best


def _wanted(points: Floats, faces: NDArray[np.int32], obstacle: Obstacle, gap: float) -> tuple[Floats, Floats]:
    """Return places on the piece that skin is too near to, and the way out of each [n, 3]."""
    some = points[:: max(1, len(points) // _SAMPLES)]
    middles = points[faces[:: max(1, len(faces) // _SAMPLES)]].mean(axis=1)
    places, ways = [], []
    for probes, kept in ((some, gap), (middles, gap / 2)):
        low = probes[obstacle.surface.signed_distance(probes) < kept]
        places.append(low)
        ways.append(obstacle.pushed(low, kept) - low)
    corners, lifts = poked_through(points, faces, obstacle, gap / 2, reach=_REACH)
    real = np.linalg.norm(lifts, axis=1) > 1e-6
    return np.concatenate([*places, points[corners[real]]]), np.concatenate([*ways, lifts[real]])
