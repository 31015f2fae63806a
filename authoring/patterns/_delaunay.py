"""Delaunay triangles that keep given edges."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import Delaunay

Points = NDArray[np.float64]
Faces = NDArray[np.int64]
Pair = tuple[int, int]

_RING = 16  # far points around, so that no wanted edge lies on the hull, where rounding leaves triangles out


def triangles_inside(points: Points, boundary: int) -> Faces:
    """Return the Delaunay triangles inside a closed line.

    Args:
        points: float64 [N, 2]; the first `boundary` of them are the line, counter-clockwise, not crossing itself.
        boundary: How many.

    Returns:
        int64 [F, 3] counter-clockwise; every edge of the line belongs to exactly one triangle.
    """
    centre = points.mean(axis=0)
    reach = 20 * float(np.ptp(points, axis=0).max())
    angle = np.arange(_RING) / _RING * 2 * np.pi
    ring = centre + reach * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    everything = np.concatenate([points, ring])
    faces = _upward(everything, np.asarray(Delaunay(everything - centre).simplices, np.int64))
    line = np.stack([np.arange(boundary), (np.arange(boundary) + 1) % boundary], axis=1)
    missing = line[~np.isin(_keys(line, everything), _keys(_sides(faces), everything))]
    if len(missing):
        table = _Table(everything, faces)
        for start, end in missing.tolist():
            if (start, end) not in table.left:
                table.force(start, end)
        faces = table.faces
    return _left_of(line, faces, everything)


def corner_angles(points: Points, faces: Faces) -> NDArray[np.float64]:
    """Return the angle at each corner of each triangle, [F, 3] [rad]."""
    corners = points[faces]
    to_next, to_last = np.roll(corners, -1, axis=1) - corners, np.roll(corners, 1, axis=1) - corners
    cross = to_next[..., 0] * to_last[..., 1] - to_next[..., 1] * to_last[..., 0]
    return np.asarray(np.arctan2(cross, (to_next * to_last).sum(axis=2)))


def areas(points: Points, faces: Faces) -> NDArray[np.float64]:
    """Return the signed area of each triangle, [F] [m²]."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    return np.asarray(((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2)


def _upward(points: Points, faces: Faces) -> Faces:
    return np.where(areas(points, faces)[:, None] < 0, faces[:, ::-1], faces)


def _sides(faces: Faces) -> NDArray[np.int64]:
    """Return the directed edges of triangles, [F, 3, 2]."""
    return np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1)


def _keys(pairs: NDArray[np.int64], points: Points) -> NDArray[np.int64]:
    return np.asarray(pairs[..., 0] * len(points) + pairs[..., 1])


def _left_of(line: NDArray[np.int64], faces: Faces, points: Points) -> Faces:
    """Return the triangles that are reached from the left of a closed line of edges without crossing it."""
    sides = _sides(faces)
    keys, border = _keys(sides, points).reshape(-1), _keys(line, points)
    order = np.argsort(keys)
    twins = np.searchsorted(keys, _keys(sides[..., ::-1], points).reshape(-1), sorter=order)
    twin = order[np.minimum(twins, len(keys) - 1)]
    joined = (keys[twin] == _keys(sides[..., ::-1], points).reshape(-1)) & ~np.isin(keys, border)
    joined &= ~np.isin(keys[twin], border)
    here, there = np.flatnonzero(joined) // 3, twin[joined] // 3
    graph = sparse.coo_matrix((np.ones(len(here)), (here, there)), shape=(len(faces), len(faces)))
    _, piece = sparse.csgraph.connected_components(graph, directed=False)
    left = np.flatnonzero(np.isin(keys, border)) // 3
    return faces[np.isin(piece, piece[left])]


class _Table:
    """Triangles by the directed edges they lie left of."""

    def __init__(self, points: Points, faces: Faces) -> None:
        self.points = points
        self.left: dict[Pair, int] = {}
        for a, b, c in faces.tolist():
            self.left[a, b], self.left[b, c], self.left[c, a] = c, a, b

    def force(self, start: int, end: int) -> None:
        """Flip edges until the triangles have the edge start–end (Sloan 1993)."""
        waiting = deque(self._crossed(start, end))
        patience = 50 * (len(waiting) + 1) ** 2
        while waiting and patience:
            patience -= 1
            p, q = waiting.popleft()
            r, s = self.left[p, q], self.left[q, p]
            if self._side(r, s, p) * self._side(r, s, q) >= 0 or self._side(p, q, r) * self._side(p, q, s) >= 0:
                waiting.append((p, q))
                continue
            self._flip(p, q)
            if {r, s} & {start, end}:
                continue
            if self._side(start, end, r) * self._side(start, end, s) < 0:
                waiting.append((r, s))

    @property
    def faces(self) -> Faces:
        """All triangles, [F, 3]."""
        return np.array(sorted((a, b, c) for (a, b), c in self.left.items() if a < b and a < c), np.int64)

    def _side(self, a: int, b: int, p: int) -> float:
        (ax, ay), (bx, by), (px, py) = self.points[a], self.points[b], self.points[p]
        return float((bx - ax) * (py - ay) - (by - ay) * (px - ax))

    def _crossed(self, start: int, end: int) -> list[Pair]:
        return [
            (p, q)
            for p, q in sorted(self.left)
            if p < q
            and not {p, q} & {start, end}
            and self._side(start, end, p) * self._side(start, end, q) < 0
            and self._side(p, q, start) * self._side(p, q, end) < 0
        ]

    def _flip(self, p: int, q: int) -> None:
        r, s = self.left.pop((p, q)), self.left.pop((q, p))
        self.left[q, r], self.left[r, s], self.left[s, q] = s, q, r
        self.left[p, s], self.left[s, r], self.left[r, p] = r, p, s
