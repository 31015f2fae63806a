"""Horizontal sections of a body and the convex outlines that cloth spans around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

ANGLES = 96  # directions of a polar outline
DIRECTIONS: NDArray[np.float64] = np.linspace(0, 2 * np.pi, ANGLES, endpoint=False)  # 0 is +x, a quarter is +y


def section(points: NDArray[np.floating], faces: NDArray[np.int32], z: float) -> NDArray[np.float64]:
    """Return the points [n, 2] (x, y) [m] where a surface's edges cross the height z."""
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    low, high = points[pairs[:, 0]].astype(np.float64), points[pairs[:, 1]].astype(np.float64)
    cut = (low[:, 2] - z) * (high[:, 2] - z) < 0
    low, high = low[cut], high[cut]
    t = (z - low[:, 2]) / (high[:, 2] - low[:, 2])
    return np.asarray(low[:, :2] + t[:, None] * (high[:, :2] - low[:, :2]), np.float64)


def outline(points: NDArray[np.float64], center: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance [ANGLES] [m] from `center` [2] to the hull of points [n, 2] in each of `DIRECTIONS`."""
    planes = ConvexHull(points).equations
    facing = planes[:, :2] @ np.stack([np.cos(DIRECTIONS), np.sin(DIRECTIONS)])
    inner = -(planes[:, :2] @ center + planes[:, 2])
    reach = np.where(facing > 1e-9, inner[:, None] / np.maximum(facing, 1e-9), np.inf)
    return np.asarray(np.maximum(reach.min(axis=0), 0.0), np.float64)


def radius_at(
    outlines: NDArray[np.float64], rows: NDArray[np.float64], angles: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return radii interpolated between rows and directions.

    Args:
        outlines: [rows, ANGLES].
        rows: Fractional row of each query, [n].
        angles: Direction of each query [rad], [n].
    """
    turn = np.mod(angles / (2 * np.pi), 1.0) * ANGLES
    column, row = np.floor(turn).astype(int), np.clip(np.floor(rows).astype(int), 0, len(outlines) - 2)
    s, t = turn - column, np.clip(rows - row, 0.0, 1.0)
    left, right = column % ANGLES, (column + 1) % ANGLES
    upper = (1 - s) * outlines[row, left] + s * outlines[row, right]
    lower = (1 - s) * outlines[row + 1, left] + s * outlines[row + 1, right]
    return np.asarray((1 - t) * upper + t * lower, np.float64)


def straightened(heights: NDArray[np.float64], radii: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the least concave profile above `radii` [rows, columns]: cloth hung straight between what it touches.

    Args:
        heights: [rows], strictly monotone [m].
        radii: Each column a profile [m].
    """
    result = np.empty_like(radii)
    for column in range(radii.shape[1]):
        kept: list[int] = []
        for row in range(len(heights)):
            while len(kept) >= 2 and not _turns_down(heights, radii[:, column], kept[-2], kept[-1], row):
                kept.pop()
            kept.append(row)
        order = np.argsort(heights[kept])
        result[:, column] = np.interp(heights, heights[kept][order], radii[kept, column][order])
    return result


def _turns_down(z: NDArray[np.float64], r: NDArray[np.float64], a: int, b: int, c: int) -> bool:
    """Say whether b lies above the chord from a to c."""
    return bool(r[b] > r[a] + (r[c] - r[a]) * (z[b] - z[a]) / (z[c] - z[a]))


def smoothed(values: NDArray[np.float64], rounds: int, *, around: bool) -> NDArray[np.float64]:
    """Return values [rows, columns] averaged with their neighbours in a row (`around`, closed) or in a column."""
    for _ in range(rounds):
        if around:
            values = (np.roll(values, 1, axis=1) + 2 * values + np.roll(values, -1, axis=1)) / 4
        else:
            padded = np.pad(values, ((1, 1), (0, 0)), mode="edge")
            values = (padded[:-2] + 2 * values + padded[2:]) / 4
    return values


def resampled(curve: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return `count` points evenly spaced along an open polyline [n, d], both ends included."""
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    where = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(where, along, curve[:, axis]) for axis in range(curve.shape[1])], axis=1)
