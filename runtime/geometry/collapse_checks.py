"""What a half-edge collapse must not do: change the topology, turn triangles over on the cloth or in UV."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .adjacency import Neighbours

Points = NDArray[np.float64]
Indices = NDArray[np.int64]

_LEAST_COSINE = 0.3  # between a triangle's normal before and after
_WORST_SHAPE = 0.06  # altitude over longest edge of a triangle that was better before


@dataclass(frozen=True)
class Candidates:
    """Collapses that may be done.

    Attributes:
        p: [N] the points that go.
        q: [N] the neighbours that take their place.
        edge: [N] the edges between.
        cost: [N] what they cost [m⁴].
    """

    p: Indices
    q: Indices
    edge: Indices
    cost: NDArray[np.float64]


@dataclass(frozen=True)
class StarChange:
    """What collapses do to the triangles around their points.

    Attributes:
        sound: bool [N] no triangle turns over or thins out, on the cloth and in every UV set.
        slide: [N] how far the texture slides where the point was [m].
        area: [N] surface around the point [m²].
    """

    sound: NDArray[np.bool_]
    slide: NDArray[np.float64]
    area: NDArray[np.float64]


def expanded(rows: Neighbours, at: Indices) -> tuple[Indices, Indices]:
    """Return for the rows `at` the position in `at` and the entry, one after the other."""
    starts, counts = rows.starts[at].astype(np.int64), np.diff(rows.starts)[at].astype(np.int64)
    row = np.repeat(np.arange(len(at)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return row, rows.indices[np.repeat(starts, counts) + within].astype(np.int64)


def link_is_simple(
    tried: Candidates,
    ends: NDArray[np.int32],
    counts: NDArray[np.int32],
    rings: Neighbours,
    bits: Indices,
) -> NDArray[np.bool_]:
    """Say which collapses leave the surface what it is: the ends share only the corners beyond their edge, [N]."""
    total = int(ends.max(initial=0)) + 1
    keys = ends[:, 0].astype(np.int64) * total + ends[:, 1]
    row, near = expanded(rings, tried.p)
    q = tried.q[row]
    wanted = np.minimum(near, q) * total + np.maximum(near, q)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    shared = (keys[at] == wanted) & (near != q)
    number = np.bincount(row[shared], minlength=len(tried.p))
    border = np.zeros(len(rings.starts) - 1, bool)
    border[ends[counts == 1].reshape(-1)] = True
    degree = np.diff(rings.starts)
    thin = shared & (degree[near] < np.where(border[near], 3, 4))
    torn = border[tried.p] & border[tried.q] & (counts[tried.edge] == 2)
    unfolded = np.bincount(row[thin], minlength=len(tried.p)) == 0
    return np.asarray((number == counts[tried.edge]) & unfolded & ~torn)


def star_change(
    tried: Candidates, points: Points, faces: Indices, corners: Indices, uvs: list[Points], stars: Neighbours
) -> StarChange:
    """Try each collapse on the triangles around its point."""
    count = len(tried.p)
    row, face = expanded(stars, tried.p)
    own = faces[face]
    here = own == tried.p[row][:, None]
    there = own == tried.q[row][:, None]
    ends = there.any(axis=1)
    # q's wedge on the side of p's wedge, from the triangles between them
    onto = np.zeros(corners.max(initial=0) + 1, np.int64)
    own_wedge = corners[face][here]
    onto[own_wedge[ends]] = corners[face[ends]][there[ends]]
    size = np.linalg.norm(
        np.cross(points[own[:, 1]] - points[own[:, 0]], points[own[:, 2]] - points[own[:, 0]]), axis=1
    )
    area = np.asarray(np.bincount(row, weights=size / 2, minlength=count), np.float64)
    stay = ~ends
    row, own, here, own_wedge, face = row[stay], own[stay], here[stay], own_wedge[stay], face[stay]
    before = points[own]
    after = before.copy()
    after[here] = points[tried.q[row]]
    bad = _turns_over(before, after)
    wedges_before = corners[face]
    wedges_after = wedges_before.copy()
    wedges_after[here] = onto[own_wedge]
    for uv in uvs:
        bad |= _flips(uv[wedges_before], uv[wedges_after])
    sound = np.bincount(row[bad], minlength=count) == 0
    slide = _slide(row, points[tried.p], after, [(uv[own_wedge], uv[wedges_after]) for uv in uvs])
    return StarChange(sound, slide, area)


def _turns_over(before: Points, after: Points) -> NDArray[np.bool_]:
    old = np.cross(before[:, 1] - before[:, 0], before[:, 2] - before[:, 0])
    new = np.cross(after[:, 1] - after[:, 0], after[:, 2] - after[:, 0])
    old_size, new_size = np.linalg.norm(old, axis=1), np.linalg.norm(new, axis=1)
    cosine = np.einsum("ij,ij->i", old, new) / np.maximum(old_size * new_size, 1e-30)

    def shape(corners: Points, size: Points) -> Points:
        sides = ((corners - np.roll(corners, 1, axis=1)) ** 2).sum(axis=2)
        return np.asarray(size / np.maximum(sides.max(axis=1), 1e-30))

    was, becomes = shape(before, old_size), shape(after, new_size)
    return np.asarray((cosine < _LEAST_COSINE) | ((becomes < _WORST_SHAPE) & (becomes < was)))


def _flips(before: Points, after: Points) -> NDArray[np.bool_]:
    def double_area(uv: Points) -> Points:
        a, b = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
        return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])

    old, new = double_area(before), double_area(after)
    # a triangle that had no UV area before has none to lose
    return (old * new <= 0) & (np.abs(old) > 1e-12)


def _slide(row: Indices, x: Points, triangles: Points, uvs: list[tuple[Points, Points]]) -> NDArray[np.float64]:
    """Return how far a point's UVs lie from those of the new surface where it was, the worst of all sets [N] [m]."""
    count = len(x)
    weights, gap = _nearest(x[row], triangles)
    order = np.lexsort((gap, row))
    first = order[np.concatenate([[True], np.diff(row[order]) > 0])] if len(order) else order
    slide = np.zeros(count)
    for own, corners in uvs:
        there = np.einsum("ij,ijk->ik", weights[first], corners[first])
        slide[row[first]] = np.maximum(slide[row[first]], np.linalg.norm(there - own[first], axis=1))
    return slide


def _nearest(x: Points, triangles: Points) -> tuple[Points, NDArray[np.float64]]:
    """Return barycentrics, pushed into the triangle, of the points' feet on triangles [N, 3, 3], and the distances."""
    a, b, c = (triangles[:, k] for k in range(3))
    normal = np.cross(b - a, c - a)
    size = np.maximum(np.einsum("ij,ij->i", normal, normal), 1e-30)
    v = np.einsum("ij,ij->i", np.cross(x - a, c - a), normal) / size
    w = np.einsum("ij,ij->i", np.cross(b - a, x - a), normal) / size
    weights = np.maximum(np.stack([1 - v - w, v, w], axis=1), 0)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights, np.linalg.norm(np.einsum("ij,ijk->ik", weights, triangles) - x, axis=1)


def segment_distance(x: Points, a: Points, b: Points) -> NDArray[np.float64]:
    """Return the distance of points x to the segments from a to b, each [N, D]."""
    way = b - a
    t = np.einsum("ij,ij->i", x - a, way) / np.maximum(np.einsum("ij,ij->i", way, way), 1e-30)
    return np.asarray(np.linalg.norm(a + np.clip(t, 0, 1)[:, None] * way - x, axis=1))


@dataclass
class LineMemory:
    """The points that were taken off lines, and the edge that runs there now.

    Attributes:
        gone: [M, 3] where they were.
        low, high: [M] the ends of that edge.
    """

    gone: Points = field(default_factory=lambda: np.zeros((0, 3)))
    low: Indices = field(default_factory=lambda: np.zeros(0, np.int64))
    high: Indices = field(default_factory=lambda: np.zeros(0, np.int64))

    def deviation(self, points: Points, p: Indices, q: Indices, other: Indices) -> NDArray[np.float64]:
        """Return how far lines end up from where they were when p goes and `other`-q is the edge, [N] [m]."""
        worst = segment_distance(points[p], points[other], points[q])
        row, at = self._on(p, q, other, len(points))
        off = segment_distance(self.gone[at], points[other[row]], points[q[row]])
        np.maximum.at(worst, row, off)
        return worst

    def keep(self, points: Points, p: Indices, q: Indices, other: Indices) -> None:
        """Note that the points p are gone and that `other`-q runs there."""
        row, at = self._on(p, q, other, len(points))
        low, high = np.minimum(other, q), np.maximum(other, q)
        self.low[at], self.high[at] = low[row], high[row]
        self.gone = np.vstack([self.gone, points[p]])
        self.low, self.high = np.concatenate([self.low, low]), np.concatenate([self.high, high])

    def _on(self, p: Indices, q: Indices, other: Indices, count: int) -> tuple[Indices, Indices]:
        """Return (collapse, remembered point) pairs: those on the two edges that become one."""
        keys = np.concatenate([np.minimum(p, e) * count + np.maximum(p, e) for e in (q, other)])
        order = np.argsort(keys)
        own = self.low * count + self.high
        at = np.searchsorted(keys[order], own)
        hit = np.flatnonzero(keys[order][np.minimum(at, len(keys) - 1)] == own) if len(keys) else own[:0]
        return order[at[hit]] % len(p) if len(p) else hit, hit
