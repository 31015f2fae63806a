"""Straight seams: the arcs of a cut, each led along edges near its smoothed course without needless turns."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from dressform.runtime.geometry.adjacency import Edges, boundary_vertices

from ._panels import cut_open, edge_rows, face_pairs, is_disk

Points = NDArray[np.float64]
Faces = NDArray[np.int64]
Path = NDArray[np.int64]
Way = tuple[float, float, float]

_DIAGONAL = 1.6  # price of running across an artist's polygon instead of along its edges
_CREASE = 0.7  # price of running along a crease
_SHARP = np.cos(np.radians(35.0))
_SMOOTH = 0.12  # [m] of a seam's course over which its wobble is averaged out
_BAND = 0.05  # [m] that a seam may move
_ANCHORED = 0.08  # [m] from an anchor within which an arc's end goes there
_BEND = 1.5  # price of turning back, in edges
_STRAY = 0.6  # price of running an edge's length beside the smoothed course


def edge_costs(points: Points, faces: Faces, found: Edges, diagonal: NDArray[np.bool_] | None) -> Points:
    """Return what a seam pays to run along each edge [E] [m]: its length, more across polygons, less along creases."""
    ends = points[found.vertices]
    cost = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    normal = np.cross(points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
    inner, f, g = face_pairs(found)
    sharp = (normal[f] * normal[g]).sum(axis=1) < _SHARP
    factor = np.ones(len(cost))
    factor[inner[sharp]] = _CREASE
    if diagonal is None:
        diagonal = np.zeros(len(cost), bool)
        longest = cost[found.face_edges].argmax(axis=1)
        which = found.face_edges[np.arange(len(faces)), longest]
        diagonal[inner] = (which[f] == inner) & (which[g] == inner)
    factor[diagonal] *= _DIAGONAL
    return np.asarray(cost * factor)


def seam_arcs(found: Edges, cut: NDArray[np.bool_], border: NDArray[np.bool_]) -> list[Path]:
    """Return a cut's arcs as paths of points; they end where arcs meet or at the border [V], or close."""
    links: dict[int, list[int]] = {}
    for a, b in found.vertices[cut & (found.face_counts == 2)].tolist():
        links.setdefault(a, []).append(b)
        links.setdefault(b, []).append(a)
    ends = [v for v, near in links.items() if len(near) != 2 or border[v]]
    seen: set[tuple[int, int]] = set()
    arcs = []
    for start in ends + list(links):
        for step in links[start]:
            if (start, step) in seen:
                continue
            path = [start, step]
            seen |= {(start, step), (step, start)}
            while path[-1] != start and len(links[path[-1]]) == 2 and not border[path[-1]]:
                near = links[path[-1]]
                after = near[0] if near[1] == path[-2] else near[1]
                seen |= {(path[-1], after), (after, path[-1])}
                path.append(after)
            arcs.append(np.array(path, np.int64))
    return arcs


def straightened(
    points: Points,
    faces: Faces,
    found: Edges,
    cut: NDArray[np.bool_],
    costs: Points,
    fixed: NDArray[np.int64],
    *,
    disks: bool = True,
    anchors: NDArray[np.int64] | None = None,
) -> NDArray[np.bool_]:
    """Lead every arc of a cut along a smoother way nearby; where that would change what hangs together, it stays.

    Args:
        points: [V, 3] [m].
        faces: [F, 3].
        found: Edges of the faces.
        cut: bool [E].
        costs: [E] price of each edge [m].
        fixed: Points at which arcs are held.
        disks: The cut leaves disks only, and the new one must too.
        anchors: Points of the border at which arcs that end nearby are to end.
    """
    border = boundary_vertices(faces, len(points))
    nodes = border.copy()
    nodes[fixed] = True
    arcs = seam_arcs(found, cut, nodes)
    ways = _Ways(points, found, costs, border, np.zeros(0, np.int64) if anchors is None else anchors)
    for k, arc in enumerate(arcs):
        taken = np.zeros(len(points), bool)
        for other in arcs[:k] + arcs[k + 1 :]:
            taken[other] = True
        if arc[0] != arc[-1] and len(arc) > 3:
            arcs[k] = ways.smoother(arc, taken)
    done = np.zeros(len(cut), bool)
    for arc in arcs:
        done[edge_rows(found, arc)] = True
    now, then = cut_open(faces, found, done), cut_open(faces, found, cut)
    sound = now.count == then.count
    if disks:
        sound = sound and all(is_disk(now.faces[now.chart == k]) for k in range(now.count))
    return done if sound else cut


class _Ways:
    """Shortest ways over a mesh's edges that dislike turns."""

    def __init__(
        self, points: Points, found: Edges, costs: Points, border: NDArray[np.bool_], anchors: NDArray[np.int64]
    ) -> None:
        self._points, self._found, self._costs, self._border, self._anchors = points, found, costs, border, anchors
        ends = points[found.vertices]
        self._edge = float(np.median(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)))
        self._tree = cKDTree(points)

    def smoother(self, arc: Path, taken: NDArray[np.bool_]) -> Path:
        """Return a way with the arc's ends (an end on the border may slide along it) near its smoothed course."""
        line = self._points[arc].copy()
        ends = [self._anchored(int(end)) for end in arc[[0, -1]]]
        line[0], line[-1] = self._points[ends]
        held = [not self._border[end] or end in self._anchors for end in ends]
        course = _smoothed(line, held)
        band = max(_BAND, 2.5 * self._edge)
        near = np.unique(np.concatenate(self._tree.query_ball_point(course, band)).astype(np.int64))
        stray = np.full(len(self._points), np.inf)
        stray[near] = cKDTree(course).query(self._points[near])[0]
        free = stray <= band
        free &= ~taken & ~self._border
        starts, stops = ({int(v) for v in self._slid(end, near, taken)} for end in ends)
        free[list(starts | stops)] = True
        stray[~np.isfinite(stray)] = band
        found = self._search(free, stray, starts - stops, stops - starts)
        return arc if found is None else found

    def _anchored(self, end: int) -> int:
        """Return the anchor near an arc's end at the border, or the end itself."""
        if not self._border[end] or not len(self._anchors):
            return end
        apart = np.linalg.norm(self._points[self._anchors] - self._points[end], axis=1)
        return int(self._anchors[np.argmin(apart)]) if apart.min() < _ANCHORED else end

    def _slid(self, end: int, near: Path, taken: NDArray[np.bool_]) -> Path:
        if not self._border[end] or end in self._anchors:
            return np.array([end])
        apart = np.linalg.norm(self._points[near] - self._points[end], axis=1)
        ok = near[self._border[near] & ~taken[near] & (apart < max(_BAND, 2.5 * self._edge) / 2)]
        return np.append(ok, end)

    def _search(self, free: NDArray[np.bool_], stray: Points, starts: set[int], stops: set[int]) -> Path | None:
        rows = np.flatnonzero(free[self._found.vertices].all(axis=1) & (self._found.face_counts == 2))
        pairs = self._found.vertices[rows]
        way = self._points[pairs[:, 1]] - self._points[pairs[:, 0]]
        way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-12)
        prices = self._costs[rows] * (1.0 + _STRAY * (stray[pairs].mean(axis=1) / self._edge) ** 2)
        links: dict[int, list[tuple[int, float, Way]]] = {}
        for (a, b), price, (x, y, z) in zip(pairs.tolist(), prices.tolist(), way.tolist(), strict=True):
            links.setdefault(a, []).append((b, price, (x, y, z)))
            links.setdefault(b, []).append((a, price, (-x, -y, -z)))
        return self._shortest(links, starts, stops)

    def _shortest(
        self, links: dict[int, list[tuple[int, float, Way]]], starts: set[int], stops: set[int]
    ) -> Path | None:
        """Return the cheapest way from starts to stops; a state is the edge last taken, so that turns have a price."""
        queue: list[tuple[float, int, int]] = []
        best: dict[tuple[int, int], float] = {}
        before: dict[tuple[int, int], tuple[int, int]] = {}
        ways: dict[tuple[int, int], Way] = {}
        for start in starts:
            for step, price, way in links.get(start, []):
                if step not in starts:
                    best[start, step] = price
                    ways[start, step] = way
                    heapq.heappush(queue, (price, start, step))
        while queue:
            total, a, b = heapq.heappop(queue)
            if total > best[a, b]:
                continue
            if b in stops:
                path = [b]
                state: tuple[int, int] | None = (a, b)
                while state is not None:
                    path.append(state[0])
                    state = before.get(state)
                return np.array(path[::-1], np.int64)
            if b in starts:
                continue
            x, y, z = ways[a, b]
            for c, price, way in links[b]:
                turn = _BEND * self._edge * (1.0 - x * way[0] - y * way[1] - z * way[2])
                if c != a and total + price + turn < best.get((b, c), np.inf):
                    best[b, c] = total + price + turn
                    before[b, c] = (a, b)
                    ways[b, c] = way
                    heapq.heappush(queue, (best[b, c], b, c))
        return None


def _smoothed(line: Points, held: list[bool]) -> Points:
    """Return samples of a polyline [n, 3] with its wobble averaged out; an end that is held stays."""
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    step = 0.005
    at = np.linspace(0, along[-1], max(9, int(along[-1] / step)))
    samples = np.stack([np.interp(at, along, line[:, k]) for k in range(3)], axis=1)
    # mirrored through an end that is held, smoothing keeps that end; mirrored at the other, it is free to move
    before = 2 * samples[0] - samples[:0:-1] if held[0] else samples[:0:-1]
    after = 2 * samples[-1] - samples[-2::-1] if held[1] else samples[-2::-1]
    spread = min(_SMOOTH / step, len(samples) / 4)
    smooth = gaussian_filter1d(np.concatenate([before, samples, after]), spread, axis=0, mode="nearest")
    return np.asarray(smooth[len(samples) - 1 : 2 * len(samples) - 1])
