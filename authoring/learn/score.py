"""How near posed cloth comes to the simulation, and whether it still is cloth: what a field's card states.

All figures but the penetration before it are taken after push-out, as a frame shows the garment, and over the outer
cloth; stretch is against the size's own rest edges, which do not grow with the body.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, outer_faces
from dressform.runtime.garment.penetration import NOTHING, PenetrationReport, body_penetration
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.crossings import LEAST, crossing_faces
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals
from dressform.schemas.field import PushOut, Scores, Shading, Simulated, Spread

Floats = NDArray[np.floating]
_CHUNK = 4096  # crossing edges tested against all crossing triangles at once


class Shown(NamedTuple):
    """One sample as it was simulated and as the runtime shows it, all float32 [V, 3] in the world [m].

    Attributes:
        truth: Simulated.
        plain: By plain skinning, after push-out.
        skinned: With the field, before push-out.
        pushed: With the field, after push-out.
        normals: Unit normals that the cloth is then shaded by [V, 3], or None: the points' own.
    """

    truth: Floats
    plain: Floats
    skinned: Floats
    pushed: Floats
    normals: Floats | None = None


class Gauge:
    """Measures one size of a garment.

    Args:
        mesh: In its own rest shape.

    Attributes:
        cloth: int [P] the points of the outer cloth.
        faces: int32 [F, 3] its triangles, in the garment's points.
        all_faces: int32 [F_all, 3] those of all of the garment, which give its points their normals.
    """

    def __init__(self, mesh: GarmentMesh) -> None:
        self.all_faces = mesh.faces
        self.faces = outer_faces(mesh)
        self.cloth = np.unique(self.faces)
        found = edges(self.faces)
        rest = mesh.points.astype(np.float64)
        lengths = _lengths(rest, found.vertices)
        # an edge of no length has no stretch: the shortest counted one is a hundredth of the mean
        self._edges, self._lengths = found.vertices, np.maximum(lengths, 0.01 * float(lengths.mean()))
        self._hinges = _hinges(self.faces)
        self._angles = _angles(rest, self._hinges)
        areas = _areas(rest, self._hinges[:, [0, 1, 2]]) + _areas(rest, self._hinges[:, [1, 0, 3]])
        across = _lengths(rest, self._hinges[:, :2])
        # Grinspun et al., Discrete Shells, 2003: edge length over a third of the mean height of its two triangles
        self._stiffness = 3 * across**2 / np.maximum(areas, 1e-12)

    def errors(self, points: Floats, truth: Floats) -> NDArray[np.float64]:
        """Return the distance of each point of the cloth from where it was simulated [P] [m]."""
        return np.asarray(np.linalg.norm(points[self.cloth] - truth[self.cloth], axis=1), np.float64)

    def turned(self, normals: Floats, truth: Floats) -> float:
        """Return the mean angle over the cloth between unit normals [V, 3] and the simulation's [degrees]."""
        cosines = (normals[self.cloth] * truth[self.cloth]).sum(axis=1)
        return float(np.degrees(np.arccos(cosines.clip(-1, 1))).mean())

    def stretches(self, points: Floats) -> NDArray[np.float64]:
        """Return how much longer than at rest each edge is, not negative [E]; 0.05 is 5 %."""
        return np.maximum(_lengths(points, self._edges) / self._lengths - 1.0, 0.0)

    def bending(self, points: Floats) -> float:
        """Return the bending energy against the rest shape, per unit of the fabric's stiffness."""
        turned = _angles(np.asarray(points, np.float64), self._hinges) - self._angles
        turned = (turned + np.pi) % (2 * np.pi) - np.pi
        return float((self._stiffness * turned**2).sum())

    def crossings(self, points: Floats) -> int:
        """Return how many pairs of triangles go through each other."""
        return crossing_pairs(points, self.faces)


@dataclass
class Tally:
    """Collects samples of one kind, e.g. unseen poses, and gives their scores."""

    _errors: list[NDArray[np.float64]] = field(default_factory=list)
    _plain_errors: list[NDArray[np.float64]] = field(default_factory=list)
    _stretches: list[NDArray[np.float64]] = field(default_factory=list)
    _true_stretches: list[NDArray[np.float64]] = field(default_factory=list)
    _crossings: list[int] = field(default_factory=list)
    _true_crossings: list[int] = field(default_factory=list)
    _bending: list[float] = field(default_factory=list)
    _true_bending: list[float] = field(default_factory=list)
    _turned: list[tuple[float, float]] = field(default_factory=list)
    _before: PenetrationReport = NOTHING
    _after: PenetrationReport = NOTHING
    _true_penetration: PenetrationReport = NOTHING

    def add(self, gauge: Gauge, shown: Shown, body: Surface) -> None:
        """Take in a sample on a posed body."""
        self._errors.append(gauge.errors(shown.pushed, shown.truth))
        self._plain_errors.append(gauge.errors(shown.plain, shown.truth))
        self._stretches.append(gauge.stretches(shown.pushed))
        self._true_stretches.append(gauge.stretches(shown.truth))
        self._crossings.append(gauge.crossings(shown.pushed))
        self._true_crossings.append(gauge.crossings(shown.truth))
        self._bending.append(gauge.bending(shown.pushed))
        self._true_bending.append(gauge.bending(shown.truth))
        if shown.normals is not None:
            true, own = (vertex_normals(points, gauge.all_faces) for points in (shown.truth, shown.pushed))
            self._turned.append((gauge.turned(own, true), gauge.turned(shown.normals, true)))
        self._before += _penetration(shown.skinned, gauge, body)
        self._after += _penetration(shown.pushed, gauge, body)
        self._true_penetration += _penetration(shown.truth, gauge, body)

    def scores(self) -> Scores:
        """Return the scores of all samples taken in; at least one is needed."""
        scores = Scores(
            samples=len(self._errors),
            error_mm=_spread(self._errors, 1e3),
            plain_error_mm=_spread(self._plain_errors, 1e3),
            penetrating_percent=PushOut(before=_percent(self._before), after=_percent(self._after)),
            stretch_percent=_spread(self._stretches, 1e2),
            crossing_pairs=round(float(np.mean(self._crossings)), 2),
            bending_ratio=round(float(np.sum(self._bending) / max(np.sum(self._true_bending), 1e-12)), 3),
            simulated=Simulated(
                stretch_percent=_spread(self._true_stretches, 1e2),
                crossing_pairs=round(float(np.mean(self._true_crossings)), 2),
                penetrating_percent=_percent(self._true_penetration),
            ),
        )
        if self._turned:
            plain, wrinkled = np.mean(self._turned, axis=0)
            scores["normals_degrees"] = Shading(plain=round(float(plain), 2), wrinkled=round(float(wrinkled), 2))
        return scores


def crossing_pairs(points: Floats, faces: NDArray[np.int32]) -> int:
    """Return how many pairs of triangles [F, 3] that share no point go through each other."""
    suspects = np.flatnonzero(crossing_faces(points, faces))
    corners, places = faces[suspects], np.asarray(points, np.float64)
    found, triangles = edges(corners), places[corners]
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-18)
    pairs: set[tuple[int, int]] = set()
    for start in range(0, len(found.vertices), _CHUNK):
        hits = _through(places, found.vertices[start : start + _CHUNK], corners, triangles, normals)
        for edge, triangle in zip(*(rows.tolist() for rows in hits), strict=True):
            owners = np.flatnonzero((found.face_edges == start + edge).any(axis=1)).tolist()
            pairs.update((min(own, triangle), max(own, triangle)) for own in owners)
    return len(pairs)


def _through(
    points: NDArray[np.float64],
    pairs: NDArray[np.int32],
    corners: NDArray[np.int32],
    triangles: NDArray[np.float64],
    normals: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which edges [E, 2] go through which triangles [F, 3, 3]: rows of both, one entry for each hit."""
    p, q = points[pairs[:, 0]], points[pairs[:, 1]]
    level = np.einsum("fc,fc->f", normals, triangles[:, 0])
    over, under = p @ normals.T - level, q @ normals.T - level
    apart = (pairs[:, :, None, None] != corners[None, None]).all(axis=(1, 3))
    edge, face = np.nonzero(apart & (over * under < 0) & (np.abs(over) > LEAST) & (np.abs(under) > LEAST))
    share = over[edge, face] / (over[edge, face] - under[edge, face])
    x = p[edge] + share[:, None] * (q[edge] - p[edge])
    held = triangles[face]
    inside = np.ones(len(edge), bool)
    for k in range(3):
        side = np.cross(held[:, (k + 1) % 3] - held[:, k], x - held[:, k])
        inside &= np.einsum("hc,hc->h", side, normals[face]) > 0
    return edge[inside], face[inside]


def _penetration(points: Floats, gauge: Gauge, body: Surface) -> PenetrationReport:
    own = np.full(len(points), -1, np.int32)
    own[gauge.cloth] = np.arange(len(gauge.cloth))
    return body_penetration(np.asarray(points[gauge.cloth], np.float32), own[gauge.faces], body)


def _percent(report: PenetrationReport) -> float:
    return round(100 * report.fraction, 4)


def _spread(parts: list[NDArray[np.float64]], scale: float) -> Spread:
    values = scale * np.concatenate(parts)
    return Spread(mean=round(float(values.mean()), 3), p95=round(float(np.percentile(values, 95)), 3))


def _lengths(points: Floats, pairs: NDArray[np.integer]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1), np.float64)


def _areas(points: Floats, corners: NDArray[np.integer]) -> NDArray[np.float64]:
    a, b, c = np.moveaxis(points[corners], 1, 0)
    return np.asarray(0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1), np.float64)


def _hinges(faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the edges between two triangles: both ends along the first, and the corners opposite, int32 [H, 4]."""
    found = edges(faces)
    owners = np.argsort(found.face_edges.reshape(-1), kind="stable")
    inner = np.flatnonzero(found.face_counts == 2)
    starts = np.concatenate([[0], np.cumsum(found.face_counts)])[:-1]
    first, second = owners[starts[inner]], owners[starts[inner] + 1]
    flat = faces.reshape(-1)

    def corner(slot: NDArray[np.intp], ahead: int) -> NDArray[np.int32]:
        return np.asarray(flat[3 * (slot // 3) + (slot % 3 + ahead) % 3])

    return np.stack([corner(first, 0), corner(first, 1), corner(first, 2), corner(second, 2)], axis=1)


def _angles(points: NDArray[np.float64], hinges: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the angle between both triangles at each hinge, signed, 0 where flat [H] [rad]."""
    a, b, left, right = np.moveaxis(points[hinges], 1, 0)
    along = b - a
    first, second = np.cross(along, left - a), np.cross(right - a, along)
    sine = np.einsum("hc,hc->h", np.cross(first, second), along)
    cosine = np.einsum("hc,hc->h", first, second) * np.maximum(np.linalg.norm(along, axis=1), 1e-12)
    return np.asarray(np.arctan2(sine, cosine), np.float64)
