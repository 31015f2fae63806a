"""Geometry of the lines a panel is made of: length along them, corners, crossings, what lies inside."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


_SHARP = np.radians(25)  # a line that turns by more at a point has a corner there


class Crossing(NamedTuple):
    """Two segments of a closed line that meet: numbers of the points they begin at, and where [m]."""

    first: int
    second: int
    place: Points


def arc_lengths(line: Points) -> NDArray[np.float64]:
    """Return the length along a line [N, 2] up to each of its points [m]."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])


def along(line: Points, fractions: NDArray[np.float64]) -> Points:
    """Return the points [M, 2] at fractions of the length of a line [N, 2]."""
    lengths = arc_lengths(line)
    at = np.asarray(fractions) * lengths[-1]
    return np.stack([np.interp(at, lengths, line[:, axis]) for axis in range(2)], axis=1)


def turns(line: Points) -> NDArray[np.float64]:
    """Return by how much a line [N, 2] turns at each inner point, [N − 2], in (−pi, pi] [rad]."""
    step = np.diff(line, axis=0)
    cross = step[:-1, 0] * step[1:, 1] - step[:-1, 1] * step[1:, 0]
    return np.asarray(np.arctan2(cross, (step[:-1] * step[1:]).sum(axis=1)))


def sharp_fractions(line: Points) -> NDArray[np.float64]:
    """Return at which fractions of its length a line [N, 2] has an inner corner."""
    lengths = arc_lengths(line)
    return np.asarray(lengths[1:-1][np.abs(turns(line)) > _SHARP] / lengths[-1])


def signed_area(outline: Points) -> float:
    """Return the area inside a closed line [N, 2], positive when it runs counter-clockwise [m²]."""
    following = np.roll(outline, -1, axis=0)
    return float((outline[:, 0] * following[:, 1] - following[:, 0] * outline[:, 1]).sum()) / 2


def first_crossing(outline: Points, tolerance: float = 1e-6) -> Crossing | None:
    """Return where a closed line [N, 2] first crosses or touches itself, or None.

    Args:
        outline: Without its first point again at the end [m].
        tolerance: Segments nearer than this, that are not neighbours, touch [m].
    """
    start, end = outline, np.roll(outline, -1, axis=0)
    count = len(outline)
    for k in range(count - 2):
        later = np.arange(k + 2, count if k else count - 1)
        if not len(later):
            continue
        near = boxes_meet(start[k], end[k], start[later], end[later], tolerance)
        for other in later[near]:
            place = _meeting(start[k], end[k], start[other], end[other], tolerance)
            if place is not None:
                return Crossing(k, int(other), place)
    return None


def boxes_meet(a: Points, b: Points, c: Points, d: Points, margin: float) -> NDArray[np.bool_]:
    """Say which of the segments c–d [N, 2] may meet the segment a–b by their boxes."""
    low, high = np.minimum(a, b) - margin, np.maximum(a, b) + margin
    return np.asarray(((np.minimum(c, d) <= high) & (np.maximum(c, d) >= low)).all(axis=1))


def distances(points: Points, start: Points, end: Points) -> NDArray[np.float64]:
    """Return the distance of each point [N, 2] from the nearest of the segments start–end [M, 2] [m]."""
    step = end - start
    square = np.maximum((step * step).sum(axis=1), 1e-30)
    relative = points[:, None, :] - start[None]
    share = np.clip((relative * step).sum(axis=2) / square, 0, 1)
    return np.asarray(np.linalg.norm(relative - share[..., None] * step, axis=2).min(axis=1))


def outline_distances(points: Points, outline: Points) -> NDArray[np.float64]:
    """Return the distance of each point [N, 2] from a closed line [M, 2] [m]."""
    return distances(points, outline, np.roll(outline, -1, axis=0))


def inside(points: Points, outline: Points) -> NDArray[np.bool_]:
    """Say which points [N, 2] lie inside a closed line [M, 2], by counting crossings of a ray."""
    start, end = outline, np.roll(outline, -1, axis=0)
    x, y = points[:, :1], points[:, 1:]
    spans = (start[:, 1] > y) != (end[:, 1] > y)
    rise = np.where(end[:, 1] == start[:, 1], 1.0, end[:, 1] - start[:, 1])
    at = start[:, 0] + (y - start[:, 1]) / rise * (end[:, 0] - start[:, 0])
    return np.asarray((spans & (x < at)).sum(axis=1) % 2 == 1)


def _meeting(a: Points, b: Points, c: Points, d: Points, tolerance: float) -> Points | None:
    """Return where the segments a–b and c–d meet, or None."""
    u, v, w = b - a, d - c, c - a
    cross = float(u[0] * v[1] - u[1] * v[0])
    if abs(cross) > 1e-18:
        s = float(w[0] * v[1] - w[1] * v[0]) / cross
        t = float(w[0] * u[1] - w[1] * u[0]) / cross
        if 0 <= s <= 1 and 0 <= t <= 1:
            return np.asarray(a + s * u)
    for points, start, end in ((np.stack([c, d]), a, b), (np.stack([a, b]), c, d)):
        for point in points:
            if distances(point[None], start[None], end[None])[0] < tolerance:
                return np.asarray(point)
    return None
