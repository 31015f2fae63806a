"""Curves in the plane of a panel: Bézier arcs, even sampling, mirroring and lengths."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]

CHORD = 0.005  # longest chord of a sampled curve [m]


def length(points: Points) -> float:
    """Return the length of an open polyline [N, D] [m]."""
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def line(start: ArrayLike, end: ArrayLike) -> Points:
    """Return a straight line as its two ends, [2, 2]."""
    return np.array([start, end], np.float64)


def bezier(start: ArrayLike, first: ArrayLike, second: ArrayLike, end: ArrayLike) -> Points:
    """Return a cubic Bézier curve sampled evenly in chords of at most `CHORD`, [N, 2].

    Args:
        start: Where it begins [m].
        first: Handle at the start.
        second: Handle at the end.
        end: Where it ends [m].
    """
    handles = np.array([start, first, second, end], np.float64)
    t = np.linspace(0.0, 1.0, 129)[:, None]
    basis = np.concatenate([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], axis=1)
    return sampled(basis @ handles)


def sampled(points: Points, chord: float = CHORD) -> Points:
    """Return a polyline [N, 2] resampled evenly in chords of at most `chord` [m]; its ends stay exactly."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    count = max(2, int(np.ceil(along[-1] / chord - 1e-9)) + 1)
    where = np.linspace(0.0, along[-1], count)
    result = np.stack([np.interp(where, along, points[:, axis]) for axis in range(points.shape[1])], axis=1)
    result[0], result[-1] = points[0], points[-1]
    return np.asarray(result, np.float64)


def joined(*parts: Points) -> Points:
    """Return polylines that follow each other as one, without the doubled points between them."""
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def mirrored(points: Points) -> Points:
    """Return a polyline mirrored at x = 0 and run backwards, so that a closed outline keeps its sense."""
    return np.asarray(points[::-1] * (-1.0, 1.0), np.float64)


def arc(center: ArrayLike, radius: float, start: float, end: float) -> Points:
    """Return an arc of a circle, [N, 2].

    Args:
        center: [2] [m].
        radius: [m].
        start: Angle where it begins, counter-clockwise from +x [rad].
        end: Angle where it ends; less than `start` runs clockwise.
    """
    count = max(3, int(np.ceil(abs(end - start) * radius / CHORD)) + 1)
    angles = np.linspace(start, end, count)
    return np.asarray(center, np.float64) + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def offset(points: Points, distance: float) -> Points:
    """Return a polyline moved to its left by `distance` [m], for rows of stitches beside an edge."""
    tangents = np.gradient(points, axis=0)
    tangents /= np.maximum(np.linalg.norm(tangents, axis=1, keepdims=True), 1e-12)
    return points + distance * np.stack([-tangents[:, 1], tangents[:, 0]], axis=1)


def at_height(points: Points, y: float) -> float:
    """Return x where a polyline that rises or falls steadily crosses a height [m]."""
    order = np.argsort(points[:, 1], kind="stable")
    return float(np.interp(y, points[order, 1], points[order, 0]))
