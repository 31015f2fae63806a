"""Coarser meshes by half-edge collapses: every point and every UV corner that is left was there before.

A point is taken away by moving its triangles' corners onto a neighbour. Points of a line (border, UV seam, material or
part border) move along that line only; where lines meet or end, points stay. Many collapses that cannot touch each
other are done at once, so that whole arrays are worked on instead of single points.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .adjacency import Neighbours, edges, neighbours, vertex_faces
from .collapse_checks import Candidates, LineMemory, expanded, link_is_simple, segment_distance, star_change

Points = NDArray[np.float64]
Indices = NDArray[np.int64]

_LINE_WEIGHT = 10.0  # how much more a line resists than the cloth beside it
_EVENNESS = 2e-3  # of the squared edge length in the cost: on flat cloth short edges go first
_SHARE, _SHARE_DENSE = 0.35, 0.8  # of the points, the cheapest, that one round may take away
_FORGET = 6  # rounds after which a refused collapse may be tried again
_CLOSE, _CLOSEST = 0.03, 0.004  # [m] from the next layer of cloth, below which errors count more, and count no more
_TURNS, _TURNS_DENSE = 2, 6  # rounds of choosing per evaluation
_DENSE = 150_000  # triangles above which one round takes more, since it costs seconds


@dataclass
class Wedges:
    """A mesh whose corners name wedges: a point together with its UVs.

    Attributes:
        points: [V, 3] [m].
        corners: int64 [F, 3] into the wedges.
        point: int64 [W] each wedge's point.
        uvs: per UV set the coordinates of each wedge [W, 2], scaled to metres on the cloth.
        groups: int64 [F] faces of different groups (material, part) have a line between them.
        origin: int64 [F] each face's number at the start.
    """

    points: Points
    corners: Indices
    point: Indices
    uvs: list[Points]
    groups: Indices
    origin: Indices = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        if not len(self.origin):
            self.origin = np.arange(len(self.corners))

    @property
    def faces(self) -> Indices:
        """The triangles over points, [F, 3]."""
        return self.point[self.corners]


@dataclass(frozen=True)
class Limits:
    """How far a collapse may change the mesh.

    Attributes:
        line: Distance of a border or seam from where it was [m].
        slide: Distance that a texture may slide over the cloth at one collapse [m].
        locked: bool [V] points that stay.
        room: [V] distance from each point to the next layer of cloth [m], where errors show first.
    """

    line: float = 0.0015
    slide: float = 0.02
    locked: NDArray[np.bool_] | None = None
    room: Points | None = None


@dataclass(frozen=True)
class _Lines:
    """Where borders and seams run.

    Attributes:
        bits: int64 [E] what an edge is the border of; 0 inside.
        fixed: bool [V] points that stay.
        on_line: bool [V] points in the middle of a line.
    """

    bits: Indices
    fixed: NDArray[np.bool_]
    on_line: NDArray[np.bool_]


class Collapser:
    """Takes points away, the cheapest first.

    Args:
        mesh: Changed in place.
        limits: See there.
    """

    def __init__(self, mesh: Wedges, limits: Limits) -> None:
        self.mesh, self.limits = mesh, limits
        self._quadrics = _quadrics(mesh)
        self._memory = LineMemory()
        self._refused: list[Indices] = []
        if limits.room is not None:
            self._quadrics[:, 1:] *= (_CLOSE / np.clip(limits.room, _CLOSEST, _CLOSE))[:, None]
        count = len(mesh.points)
        rank = np.random.default_rng(0).permutation(count)  # parts ties the same way on every machine
        self._tie = rank.astype(np.float64) / count

    def until(self, triangles: int) -> None:
        """Collapse until at most this many triangles are left, or nothing more may go."""
        fresh = False  # nothing is refused from earlier rounds
        while len(self.mesh.corners) > triangles:
            done = self._round(len(self.mesh.corners) - triangles)
            if done:
                fresh = False
                del self._refused[:-_FORGET]  # what was refused long ago may have become possible
            if done is not None:
                continue
            if fresh:
                break
            self._refused.clear()
            fresh = True

    def _round(self, surplus: int) -> int | None:
        """Do one set of collapses that do not touch each other; returns how many, or None when none is left to try."""
        mesh = self.mesh
        faces = mesh.faces
        found = edges(faces)
        rings = neighbours(faces, len(mesh.points))
        lines = _lines(mesh, found.vertices, found.face_counts, found.face_edges, self.limits.locked)
        tried = self._cheapest(found.vertices.astype(np.int64), found.face_counts, lines)
        if not len(tried.p):
            return None
        good = link_is_simple(tried, found.vertices, found.face_counts, rings, lines.bits)
        stars = vertex_faces(faces, len(mesh.points))
        change = star_change(tried, mesh.points, faces, mesh.corners, mesh.uvs, stars)
        good &= change.sound & (change.slide <= self.limits.slide)
        bent = np.flatnonzero(good & lines.on_line[tried.p])
        ahead = self._line_ends(tried, bent, found.vertices.astype(np.int64), lines)
        uv_tears = self._seam_bend(tried, bent, ahead, found.vertices.astype(np.int64), stars)
        off_line = self._memory.deviation(mesh.points, tried.p[bent], tried.q[bent], ahead)
        good[bent] = (off_line <= self.limits.line) & (uv_tears <= 2 * self.limits.line)
        self._refuse(tried, ~good)
        cost = tried.cost + change.area * change.slide**2
        order = np.flatnonzero(good)
        order = order[np.lexsort((self._tie[tried.p[order]], cost[order]))]
        turns = _TURNS_DENSE if len(faces) > _DENSE else _TURNS
        chosen = _independent(tried, order, rings, len(mesh.points), turns)
        chosen = chosen[: _enough(found.face_counts[tried.edge[chosen]], surplus)]
        ends = np.full(len(tried.p), -1, np.int64)
        ends[bent] = ahead
        self._apply(tried, chosen, ends)
        return len(chosen)

    def _cheapest(self, ends: Indices, counts: NDArray[np.int32], lines: _Lines) -> Candidates:
        """Return the best allowed collapse of each point, the cheapest share of them."""
        points, quadrics, count = self.mesh.points, self._quadrics, len(self.mesh.points)
        length2 = ((points[ends[:, 0]] - points[ends[:, 1]]) ** 2).sum(axis=1)
        both = quadrics[ends[:, 0]]
        both += quadrics[ends[:, 1]]
        p = np.concatenate([ends[:, 0], ends[:, 1]])
        q = np.concatenate([ends[:, 1], ends[:, 0]])
        edge = np.tile(np.arange(len(ends)), 2)
        cost = np.concatenate([_quadric_cost(both, points[ends[:, k]]) for k in (1, 0)])
        cost += _EVENNESS * quadrics[p, 0] * np.tile(length2, 2)
        allowed = ~lines.fixed[p] & (~lines.on_line[p] | (lines.bits[edge] > 0)) & (counts[edge] <= 2)
        if self._refused:
            allowed &= ~np.isin(p * count + q, np.concatenate(self._refused))
        p, q, edge, cost = p[allowed], q[allowed], edge[allowed], cost[allowed]
        least = np.full(count, np.inf)
        np.minimum.at(least, p, cost)
        first = np.flatnonzero(cost == least[p])
        lowest = np.full(count, count)
        np.minimum.at(lowest, p[first], q[first])
        first = first[q[first] == lowest[p[first]]]
        first = first[np.argsort(p[first], kind="stable")]
        share = _SHARE_DENSE if len(self.mesh.corners) > _DENSE else _SHARE
        keep = max(int(share * len(first)), min(len(first), 64))
        first = first[np.argsort(cost[first], kind="stable")[:keep]]
        return Candidates(p[first], q[first], edge[first], cost[first])

    def _line_ends(self, tried: Candidates, bent: Indices, ends: Indices, lines: _Lines) -> Indices:
        """Return, for collapses along a line, the neighbour on the line's other side, [len(bent)]."""
        on = np.flatnonzero(lines.bits > 0)
        total = np.zeros(len(self.mesh.points), np.int64)
        for k in range(2):
            total += np.bincount(ends[on, k], weights=ends[on, 1 - k], minlength=len(total)).astype(np.int64)
        return np.asarray(total[tried.p[bent]] - tried.q[bent])

    def _seam_bend(
        self, tried: Candidates, bent: Indices, ahead: Indices, ends: Indices, stars: Neighbours
    ) -> NDArray[np.float64]:
        """Return how far a UV border moves at such a collapse, the worst of both sides and all sets [m]."""
        mesh = self.mesh
        worst = np.zeros(len(bent))
        if not len(bent) or not mesh.uvs:
            return worst
        row, face = expanded(stars, tried.p[bent])
        faces = mesh.faces[face]
        corners = mesh.corners[face]
        own = mesh.corners[face][faces == tried.p[bent][row][:, None]]
        for target in (tried.q[bent], ahead):
            has = (faces == target[row][:, None]).any(axis=1)
            there = corners[has][faces[has] == target[row[has]][:, None]]
            if target is ahead:
                back = dict(zip(zip(row[has].tolist(), own[has].tolist(), strict=True), there.tolist(), strict=True))
            else:
                on = list(zip(row[has].tolist(), own[has].tolist(), there.tolist(), strict=True))
        triples = np.array([(i, w, a, back[i, w]) for i, w, a in on if (i, w) in back], np.int64).reshape(-1, 4)
        for uv in mesh.uvs:
            bend = segment_distance(uv[triples[:, 1]], uv[triples[:, 2]], uv[triples[:, 3]])
            np.maximum.at(worst, triples[:, 0], bend)
        return worst

    def _refuse(self, tried: Candidates, bad: NDArray[np.bool_]) -> None:
        self._refused.append(tried.p[bad] * len(self.mesh.points) + tried.q[bad])

    def _apply(self, tried: Candidates, chosen: Indices, ends: Indices) -> None:
        mesh = self.mesh
        p, q = tried.p[chosen], tried.q[chosen]
        target = np.full(len(mesh.points), -1, np.int64)
        target[p] = q
        faces = mesh.faces
        onto = target[faces]
        moved = np.arange(len(mesh.point))
        gone = np.zeros(len(faces), bool)
        for k in range(3):
            for n in (1, 2):
                hit = (onto[:, k] >= 0) & (faces[:, (k + n) % 3] == onto[:, k])
                moved[mesh.corners[hit, k]] = mesh.corners[hit, (k + n) % 3]
                gone |= hit
        along = ends[chosen] >= 0
        self._memory.keep(mesh.points, p[along], q[along], ends[chosen][along])
        mesh.corners = moved[mesh.corners[~gone]]
        mesh.groups, mesh.origin = mesh.groups[~gone], mesh.origin[~gone]
        self._quadrics[q] += self._quadrics[p]


def _independent(tried: Candidates, order: Indices, rings: Neighbours, count: int, turns: int) -> Indices:
    """Return those collapses, best first, whose points and neighbours are nobody else's."""
    taken = np.zeros(count, bool)
    chosen: list[Indices] = []
    left = order
    for _ in range(turns):
        if not len(left):
            break
        row, near = expanded(rings, tried.p[left])
        row, near = np.concatenate([row, np.arange(len(left))]), np.concatenate([near, tried.p[left]])
        best = np.full(count, len(left))
        np.minimum.at(best, near, row)
        wins = np.ones(len(left), bool)
        np.logical_and.at(wins, row, (best[near] == row) & ~taken[near])
        chosen.append(left[wins])
        taken[near[wins[row]]] = True
        left = left[~wins]
        row, near = expanded(rings, tried.p[left])
        free = np.ones(len(left), bool)
        np.logical_and.at(free, row, ~taken[near])
        left = left[free & ~taken[tried.p[left]]]
    found = np.concatenate(chosen) if chosen else order[:0]
    place = np.empty(len(tried.p), np.int64)
    place[order] = np.arange(len(order))
    return found[np.argsort(place[found])]


def _enough(removed: NDArray[np.int32], surplus: int) -> int:
    """Return how many collapses take away at least the surplus, at one or two triangles each."""
    return int(np.searchsorted(np.cumsum(removed), surplus)) + 1


def _lines(
    mesh: Wedges,
    ends: NDArray[np.int32],
    counts: NDArray[np.int32],
    face_edges: NDArray[np.int32],
    locked: NDArray[np.bool_] | None,
) -> _Lines:
    """Find borders and seams, and the points where they meet or end."""
    faces, count = mesh.faces, len(mesh.points)
    bits = (counts == 1).astype(np.int64)
    order = np.argsort(face_edges.reshape(-1), kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    inner = np.flatnonzero(counts == 2)
    first, second = order[starts[inner]], order[starts[inner] + 1]
    f, g = first // 3, second // 3
    flat = mesh.corners.reshape(-1)
    after_first, after_second = 3 * f + (first + 1) % 3, 3 * g + (second + 1) % 3
    # neighbours walk their edge in opposite ways; where they do not, the edge is left alone
    wound = mesh.point[flat[first]] == mesh.point[flat[after_second]]
    pairs = [(flat[first], flat[after_second]), (flat[after_first], flat[second])]
    for k, uv in enumerate(mesh.uvs):
        differs = np.zeros(len(inner), bool)
        for one, other in pairs:
            differs |= (uv[one] != uv[other]).any(axis=1)
        bits[inner] |= differs.astype(np.int64) << (k + 2)
    differs = (pairs[0][0] != pairs[0][1]) | (pairs[1][0] != pairs[1][1])
    bits[inner] |= (differs | ~wound).astype(np.int64) << (len(mesh.uvs) + 2)
    bits[inner] |= (mesh.groups[f] != mesh.groups[g]).astype(np.int64) << 1
    special = np.flatnonzero(bits > 0)
    at = ends[special].reshape(-1)
    number = np.bincount(at, minlength=count)
    low, high = np.full(count, np.iinfo(np.int64).max), np.zeros(count, np.int64)
    np.minimum.at(low, at, np.repeat(bits[special], 2))
    np.maximum.at(high, at, np.repeat(bits[special], 2))
    on_line = (number == 2) & (low == high)
    fixed = (number > 0) & ~on_line
    fixed[ends[counts > 2].reshape(-1)] = True
    fixed[ends[inner[~wound]].reshape(-1)] = True
    # a point whose faces are not one fan is where pieces touch
    spokes = np.bincount(ends.reshape(-1), minlength=count) - np.bincount(faces.reshape(-1), minlength=count)
    border = np.zeros(count, bool)
    border[ends[counts == 1].reshape(-1)] = True
    fixed |= spokes != border
    if locked is not None:
        fixed |= locked
    return _Lines(bits, fixed, on_line & ~fixed)


def _quadrics(mesh: Wedges) -> NDArray[np.float64]:
    """Return each point's area [m²] and the squared-distance form of its planes, area-weighted, [V, 11]."""
    points, faces = mesh.points, mesh.faces
    corners = points[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    double = np.linalg.norm(normal, axis=1)
    unit = normal / np.maximum(double, 1e-30)[:, None]
    area = double / 6
    found = edges(faces)
    total = np.zeros((len(points), 11))
    _add_planes(total, faces.reshape(-1), np.repeat(unit, 3, axis=0), points[faces.reshape(-1)], np.repeat(area, 3))
    total[:, 0] = np.bincount(faces.reshape(-1), weights=np.repeat(area, 3), minlength=len(points))
    lines = _lines(mesh, found.vertices, found.face_counts, found.face_edges, None)
    slots = np.flatnonzero(lines.bits[found.face_edges.reshape(-1)] > 0)
    face, corner = slots // 3, slots % 3
    a, b = faces[face, corner], faces[face, (corner + 1) % 3]
    way = points[b] - points[a]
    across = np.cross(unit[face], way)
    length = np.linalg.norm(across, axis=1)
    across /= np.maximum(length, 1e-30)[:, None]
    for end in (a, b):
        _add_planes(total, end, across, points[a], _LINE_WEIGHT * length**2 / 2)
    return total


def _add_planes(total: NDArray[np.float64], at: Indices, normal: Points, through: Points, weight: Points) -> None:
    """Add the forms of planes to their points' sums."""
    offset = -np.einsum("ij,ij->i", normal, through)
    plane = np.column_stack([normal, offset])
    column = 1
    for i in range(4):
        for j in range(i, 4):
            total[:, column] += np.bincount(at, weights=weight * plane[:, i] * plane[:, j], minlength=len(total))
            column += 1


def _quadric_cost(form: NDArray[np.float64], x: Points) -> NDArray[np.float64]:
    """Evaluate forms [N, 11] at points [N, 3]."""
    full = np.column_stack([x, np.ones(len(x))])
    cost = np.zeros(len(x))
    column = 1
    for i in range(4):
        for j in range(i, 4):
            cost += (1.0 if i == j else 2.0) * form[:, column] * full[:, i] * full[:, j]
            column += 1
    return np.maximum(cost, 0.0)
