"""Where cloth ends, and the faces that give it a rounded edge there; worked out once, from topology and rest shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _kernels_hems as kernels
from .checks import MOST_TRIANGLES
from .hem_edges import HemEdges, find_edges
from .scene import SceneMesh
from .topology import Topology, pair_in_order

ARC, SLOTS, LIP = int(kernels.ARC), int(kernels.SLOTS), float(kernels.LIP)
STEP = 0.004  # [m] an edge is drawn as a curve of pieces so long,
MOST_STEPS = 6  # of which it has at most so many
_LEAST_REACH = 0.006  # [m]
_BULGE = 0.1  # share of its length by which an edge's curve leaves it at most: 0.075 as it lies at rest, more stretched

Floats = NDArray[np.float64]


class Rims(NamedTuple):
    """Columns of points across hems; those of column k are the vertices `first + k * SLOTS` and following.

    Attributes:
        columns: int32 [K, 6] the edge's vertices a and b, the vertices before a and after b along the cloth's end (-1:
            none), and the vertices of turned cloth that the column at a and at b ends at (-1: it ends free).
        shares: float32 [K, 2] where from a (0) to b (1) it lies, and the thickness [m].
        first: Vertices of all meshes.
        reach: How far from the cloth the points lie at most [m].
    """

    columns: NDArray[np.int32]
    shares: NDArray[np.float32]
    first: int
    reach: float


def with_rims(topology: Topology, meshes: Sequence[SceneMesh]) -> tuple[Topology, Rims | None]:
    """Return the topology with rounded edges where cloth ends, and where their points are; None if there are none.

    A triangle at an edge becomes a fan, so that the edge is a curve. Turned cloth next to its fold gives way to the
    rounded one, which ends where the turned cloth goes on. Edges of triangles that are not drawn get none.

    Raises:
        ValueError: When there are more triangles than can be drawn.
    """
    edges = find_edges(topology, meshes)
    if edges is None:
        return topology, None
    first = len(topology.ring_starts) - 1
    maker = _Maker(topology, edges, first)
    faces = [maker.add(edge) for edge in range(len(edges.ends))]
    corners = np.concatenate([found.corners for found in faces])
    owners = np.repeat(edges.drawn, [len(found.corners) for found in faces])
    left = np.ones(len(topology.faces), np.bool_)
    left[maker.replaced] = False
    face_mesh = np.concatenate([topology.face_mesh[left], topology.face_mesh[owners]])
    sheer = np.array([mesh.material.is_sheer for mesh in meshes], np.bool_)[face_mesh]
    order = np.argsort(sheer, kind="stable")  # those of sheer meshes come last
    drawn = np.concatenate([topology.faces[left], corners]).astype(np.int32)[order]
    if len(drawn) > MOST_TRIANGLES:
        raise ValueError(f"meshes must have at most {MOST_TRIANGLES} triangles with hems, got {len(drawn)}")
    rims = Rims(np.array(maker.columns, np.int32), np.array(maker.shares, np.float32), first, _reach(edges))
    points = first + SLOTS * len(rims.columns)
    paired, edge_faces, opaque = pair_in_order(drawn, len(drawn) - int(sheer.sum()), points)

    def joined(table: NDArray[np.float32]) -> NDArray[np.float32]:
        if len(table) != len(topology.faces):
            return table
        own = [_uv(found, edges.patch(edge, topology.faces, table)) for edge, found in enumerate(faces)]
        return np.concatenate([table[left], *own]).astype(np.float32)[order]

    whole = replace(
        topology,
        faces=drawn,
        face_uv=joined(topology.face_uv),
        weave_uv=joined(topology.weave_uv),
        atlas_uv=joined(topology.atlas_uv),
        face_mesh=face_mesh[order],
        face_group=np.concatenate([topology.face_group[left], topology.face_group[owners]])[order],
        edges=paired,
        edge_faces=edge_faces,
        opaque=opaque,
    )
    return whole, rims


@dataclass(frozen=True)
class _Faces:
    """The faces of one edge.

    Attributes:
        corners: int [N, 3] vertices.
        places: float [N, 3, 3] what each corner shows: share of the way from a to b, from there to where turned cloth
            goes on, and from there as far as the triangle's third vertex stands over the edge.
    """

    corners: NDArray[np.int64]
    places: Floats


class _Maker:
    """Makes columns and faces edge by edge; the columns at vertices are shared by the edges that meet there."""

    def __init__(self, topology: Topology, edges: HemEdges, first: int) -> None:
        self._topology, self._edges, self._first = topology, edges, first
        self.columns: list[tuple[int, ...]] = []
        self.shares: list[tuple[float, float]] = []
        self._shared = [self._column(edge, 0.0) for edge in range(len(edges.ends))]
        at = defaultdict(int, zip(*np.unique(edges.drawn, return_counts=True), strict=True))
        self._alone = np.array([at[face] == 1 for face in edges.drawn], np.bool_)
        fanned = edges.drawn[self._alone & (self._steps() > 1)]
        self.replaced = np.concatenate([fanned, edges.turned[edges.turned[:, 0] >= 0].ravel()])

    def add(self, edge: int) -> _Faces:
        """Make the faces of one edge."""
        edges, (a, b) = self._edges, self._edges.ends[edge]
        steps = int(self._steps()[edge]) if self._alone[edge] else 1
        after = edges.following[edge]
        last = self._shared[after] if after >= 0 else self._column(edge, 1.0)
        line = [self._shared[edge], *(self._column(edge, k / steps) for k in range(1, steps)), last]
        folded = edges.lands[edge, 0] >= 0
        rows = ARC + (1 if folded else 2)
        table = np.array([[self._first + SLOTS * column + row for row in range(rows)] for column in line])
        table[0, 0], table[-1, 0] = a, b
        share = np.arange(steps + 1) / steps
        around = _around(edges, edge, rows, folded)
        place = np.zeros((steps + 1, rows, 3))
        place[..., 0], place[..., 1 if folded else 2] = share[:, None], around
        corners, places = _band(table, place)
        if steps > 1:
            third = np.array([edges.foot[edge], 0.0, 1.0])
            fan = np.stack([np.full(steps, edges.third[edge]), table[:-1, 0], table[1:, 0]], axis=1)
            corners.append(fan)
            places.append(np.stack([np.tile(third, (steps, 1)), place[:-1, 0], place[1:, 0]], axis=1))
        if folded:
            more, where = _zipped(table[:, -1], place[:, -1], edges.lands[edge])
            corners.append(more)
            places.append(where)
        return _Faces(np.concatenate(corners), np.concatenate(places))

    def _steps(self) -> NDArray[np.int64]:
        most = np.where(self._edges.curved, MOST_STEPS, 1)
        return np.clip(np.rint(self._edges.lengths / STEP), 1, most).astype(np.int64)

    def _column(self, edge: int, share: float) -> int:
        edges = self._edges
        self.columns.append((*edges.ends[edge], *edges.beside[edge], *edges.lands[edge]))
        self.shares.append((share, float(edges.thickness[edge])))
        return len(self.columns) - 1


def _reach(edges: HemEdges) -> float:
    """Return how far from the cloth hems of these edges lie at most [m]."""
    out = edges.thickness + _BULGE * np.where(edges.curved, edges.lengths, 0.0)
    return max(_LEAST_REACH, float(out.max()))


def _around(edges: HemEdges, edge: int, rows: int, folded: bool) -> Floats:
    """Return what each row shows, as a share of the way to where turned cloth goes on, or into the sheet's triangle."""
    arc = np.linspace(0.0, 0.5 * np.pi * edges.thickness[edge], ARC + 1)
    if folded:
        return np.asarray(arc / (arc[-1] + edges.widths[edge]))
    way = np.append(arc, arc[-1] + LIP)[:rows]
    return np.asarray(np.minimum(way / max(float(edges.heights[edge]), 1e-6), 1.0))


def _band(table: NDArray[np.int64], place: Floats) -> tuple[list[NDArray[np.int64]], list[Floats]]:
    """Return the triangles of a grid of points [S + 1, R], which go on from the cloth at its first column."""

    def cut(grid: NDArray[np.generic]) -> NDArray[np.generic]:
        a0, b0, a1, b1 = grid[:-1, :-1], grid[1:, :-1], grid[:-1, 1:], grid[1:, 1:]
        both = np.stack([np.stack([b0, a0, a1], axis=2), np.stack([b0, a1, b1], axis=2)], axis=2)
        return both.reshape(-1, 3, *grid.shape[2:])

    return [np.asarray(cut(table), np.int64)], [np.asarray(cut(place), np.float64)]


def _zipped(row: NDArray[np.int64], place: Floats, lands: NDArray[np.integer]) -> tuple[NDArray[np.int64], Floats]:
    """Return the triangles between a row of points [S + 1] and the edge of turned cloth that they go over to."""
    steps, ends = len(row) - 1, np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    middle = steps // 2
    side = (np.arange(steps) >= middle).astype(np.int64)
    strip = np.stack([row[1:], row[:-1], lands[side]], axis=1)
    where = np.stack([place[1:], place[:-1], ends[side]], axis=1)
    corners = np.concatenate([strip, [[row[middle], lands[0], lands[1]]]])
    return corners, np.concatenate([where, [np.stack([place[middle], *ends])]])


def _uv(faces: _Faces, patch: Floats) -> Floats:
    """Return the UVs [N, 3, 2] of an edge's faces, from those of `HemEdges.patch`."""
    along, around, inside = (faces.places[..., k, None] for k in range(3))
    edge = patch[0] + along * (patch[1] - patch[0])
    turned = patch[2] + along * (patch[3] - patch[2])
    return np.asarray(edge + around * (turned - edge) + inside * (patch[4] - patch[5]))
