"""Topological repairs on triangles with UVs: welding, slivers, manifold splitting, orientation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import igl
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from dressform.runtime.geometry.adjacency import boundary_loops, components, edges
from dressform.runtime.geometry.normals import face_normals
from dressform.schemas.errors import InputError

Points = NDArray[np.float64]
Faces = NDArray[np.int64]

_SCRAP = 4  # triangles of a piece that is too small to enclose anything


@dataclass
class CornerLayer:
    """Values per corner: a UV set, colours, normals.

    Attributes:
        values: [N, K].
        faces: [F, 3] into `values`.
        kind: What they are, as in `assets.files.garment.Layer`.
    """

    values: Points
    faces: Faces
    kind: str = "uv"


@dataclass
class Surface:
    """A mesh under repair; every layer keeps one row a face.

    Attributes:
        points: [V, 3] [m].
        faces: [F, 3].
        layers: What corners carry.
        origin: [F] the face of the source behind each face.
        source: [V] the point of the source behind each point.
        remade: bool [F] faces that took over a part of their neighbour, so that their polygon is another.
    """

    points: Points
    faces: Faces
    layers: list[CornerLayer]
    origin: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    source: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    remade: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))

    def __post_init__(self) -> None:
        self.origin = np.arange(len(self.faces))
        self.source = np.arange(len(self.points))
        self.remade = np.zeros(len(self.faces), bool)

    def keep_faces(self, keep: NDArray[np.bool_]) -> int:
        """Drop faces and return how many."""
        gone = int(np.count_nonzero(~keep))
        if gone:
            self.faces, self.origin, self.remade = self.faces[keep], self.origin[keep], self.remade[keep]
            for layer in self.layers:
                layer.faces = layer.faces[keep]
        return gone

    def turn_faces(self, turn: NDArray[np.bool_]) -> None:
        """Reverse the winding of faces."""
        self.faces[turn] = self.faces[turn][:, ::-1]
        for layer in self.layers:
            layer.faces[turn] = layer.faces[turn][:, ::-1]

    def add_points(self, copies: NDArray[np.int64]) -> None:
        """Append copies of points."""
        self.points = np.vstack([self.points, self.points[copies]])
        self.source = np.concatenate([self.source, self.source[copies]])


def doubled_pieces(points: Points, faces: Faces) -> NDArray[np.bool_]:
    """Say which faces belong to a piece that lies wholly on earlier faces, as when a file holds an object twice, [F].

    A lining that touches its cloth in part is no double.
    """
    order = np.lexsort(points.T)
    place = np.empty(len(points), np.int64)
    place[order] = np.concatenate([[0], np.cumsum((points[order[1:]] != points[order[:-1]]).any(axis=1))])
    again = repeated(place[faces])
    _, label = components(faces, len(points))
    piece = label[faces[:, 0]]
    return np.asarray(np.bincount(piece, weights=~again)[piece] == 0)


def repeated(faces: Faces) -> NDArray[np.bool_]:
    """Say which faces have the corners of an earlier one, in either winding, [F]."""
    radix = int(faces.max(initial=0)) + 1
    a, b, c = np.sort(faces, axis=1).astype(np.int64).T
    _, edge = np.unique(a * radix + b, return_inverse=True)
    _, first = np.unique(edge.reshape(-1) * radix + c, return_index=True)
    again = np.ones(len(faces), bool)
    again[first] = False
    return again


def collapsed_short_edges(points: Points, faces: Faces, shortest: float) -> NDArray[np.int64]:
    """Return for each point the one it merges with so that no edge is shorter [V]."""
    pairs = edges(faces).vertices
    short = pairs[np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1) < shortest]
    graph = sparse.coo_matrix((np.ones(len(short)), (short[:, 0], short[:, 1])), shape=(len(points), len(points)))
    _, label = sparse.csgraph.connected_components(graph, directed=False)
    _, first = np.unique(label, return_index=True)
    return first[label].astype(np.int64)


def altitudes(points: Points, faces: Faces) -> Points:
    """Return each triangle's smallest altitude [F] [m]."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    double_area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    longest = np.sqrt(np.max([((a - b) ** 2).sum(1), ((b - c) ** 2).sum(1), ((c - a) ** 2).sum(1)], axis=0))
    return np.asarray(double_area / np.maximum(longest, 1e-30))


def flip_slivers(surface: Surface, thinnest: float) -> tuple[int, int]:
    """Turn the long edge of slivers over, so that their neighbour takes up the point in the middle of that edge.

    Returns:
        How many were turned over, and how many were dropped because nothing lies beyond their long edge.
    """
    turned = dropped = 0
    for _ in range(8):
        thin = np.flatnonzero(altitudes(surface.points, surface.faces) < thinnest)
        if not len(thin):
            break
        touched: set[int] = set()
        gone = np.zeros(len(surface.faces), bool)
        owner = _face_of_edge(surface.faces, thin)
        for face in thin.tolist():
            corner = _middle_corner(surface, face)
            a, b = (int(surface.faces[face, (corner + k) % 3]) for k in (1, 2))
            other = owner.get((b, a), face)
            if face in touched or other in touched:
                continue
            touched |= {face, other}
            if other == face:
                gone[face] = True
                dropped += 1
            elif _flip(surface, face, corner, other):
                turned += 1
        surface.keep_faces(~gone)
    return turned, dropped


def _face_of_edge(faces: Faces, asked: NDArray[np.int64]) -> dict[tuple[int, int], int]:
    """Return the faces that walk the reversed edges of the faces asked for, by those edges."""
    radix = int(faces.max(initial=0)) + 1
    walked = (faces * radix + np.roll(faces, -1, axis=1)).reshape(-1)
    own = faces[asked]
    wanted = (np.roll(own, -1, axis=1) * radix + own).reshape(-1)
    hit = np.flatnonzero(np.isin(walked, wanted))
    return {(int(key // radix), int(key % radix)): int(slot // 3) for key, slot in zip(walked[hit], hit, strict=True)}


def _middle_corner(surface: Surface, face: int) -> int:
    """Return the corner opposite to the longest edge."""
    corners = surface.points[surface.faces[face]]
    return int(np.argmax([np.linalg.norm(corners[(k + 1) % 3] - corners[(k + 2) % 3]) for k in range(3)]))


def _flip(surface: Surface, face: int, corner: int, other: int) -> bool:
    """Replace (c a b) and (b a d) by (c a d) and (c d b); False when the neighbour is wound the other way."""
    c, a, b = (int(surface.faces[face, (corner + k) % 3]) for k in range(3))
    row = surface.faces[other].tolist()
    apex = next((k for k in range(3) if row[k] not in (a, b)), 0)
    d = row[apex]
    if d == c or row[(apex + 1) % 3] != b:
        return False
    along = surface.points[b] - surface.points[a]
    t = float(np.clip(along @ (surface.points[c] - surface.points[a]) / max(float(along @ along), 1e-30), 0.0, 1.0))
    for layer in surface.layers:
        own = layer.faces[face]
        beyond = layer.faces[other]
        at_b, at_a, at_d = (int(beyond[(apex + n) % 3]) for n in (1, 2, 0))
        at_c = int(own[corner])
        if at_a != own[(corner + 1) % 3] or at_b != own[(corner + 2) % 3]:  # a seam: the point is new on that side
            layer.values = np.vstack([layer.values, (1 - t) * layer.values[at_a] + t * layer.values[at_b]])
            at_c = len(layer.values) - 1
        layer.faces[face], layer.faces[other] = (at_c, at_a, at_d), (at_c, at_d, at_b)
    surface.remade[[face, other]] = True
    surface.faces[face], surface.faces[other] = (c, a, d), (c, d, b)
    return True


def make_manifold(surface: Surface) -> tuple[int, int]:
    """Part the surface where more than two faces meet, and where pieces touch in one point only.

    At an edge of three or more, the two faces that continue each other best stay together; the others get points of
    their own.

    Returns:
        The number of such edges and of points added.
    """
    faces = surface.faces
    found = edges(faces)
    ends = _joined_corners(surface, found.face_edges, found.face_counts)
    graph = sparse.coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(faces.size, faces.size))
    _, fan = sparse.csgraph.connected_components(graph, directed=False)
    _, first, inverse = np.unique(fan, return_index=True, return_inverse=True)
    point_of_fan = faces.reshape(-1)[first]
    order = np.lexsort((first, point_of_fan))  # the first fan of a point keeps its number
    again = np.concatenate([[False], np.diff(point_of_fan[order]) == 0])
    new_index = np.empty(len(first), np.int64)
    new_index[order] = np.where(again, len(surface.points) + np.cumsum(again) - 1, point_of_fan[order])
    surface.faces = new_index[inverse.reshape(-1)].reshape(faces.shape)
    extra = point_of_fan[order][again]
    surface.add_points(extra)
    return int((found.face_counts > 2).sum()), len(extra)


def _joined_corners(surface: Surface, face_edges: NDArray[np.int32], counts: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return pairs of corners that stay one point: those of two faces at either end of the edge between them [N, 2]."""
    faces = surface.faces
    order = np.argsort(face_edges.reshape(-1), kind="stable").astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)])
    plain = np.flatnonzero(counts == 2)
    slots = [np.stack([order[starts[plain]], order[starts[plain] + 1]], axis=1)]
    normals = face_normals(surface.points, faces).astype(np.float64)
    for edge in np.flatnonzero(counts > 2).tolist():
        slots.append(_best_pair(order[starts[edge] : starts[edge + 1]], normals, faces)[None])
    pairs = np.concatenate(slots)
    tails, heads = pairs, 3 * (pairs // 3) + (pairs % 3 + 1) % 3
    flat = faces.reshape(-1)
    same_way = flat[tails[:, 0]] == flat[tails[:, 1]]
    straight = [np.stack([end[same_way, 0], end[same_way, 1]], axis=1) for end in (tails, heads)]
    crossed = [np.stack([a[~same_way, 0], b[~same_way, 1]], axis=1) for a, b in ((tails, heads), (heads, tails))]
    return np.concatenate([*straight, *crossed])


def _best_pair(slots: NDArray[np.int64], normals: Points, faces: Faces) -> NDArray[np.int64]:
    """Return the two of an edge's faces, as their slots, that continue each other best."""
    best, pair = -2.0, (0, 0)
    flat = faces.reshape(-1)
    for i in range(len(slots)):
        for j in range(i):
            flatness = float(normals[slots[i] // 3] @ normals[slots[j] // 3])
            flatness *= 1.0 if flat[slots[i]] != flat[slots[j]] else -1.0
            if flatness > best:
                best, pair = flatness, (int(slots[i]), int(slots[j]))
    return np.array(pair, np.int64)


def orient(surface: Surface) -> tuple[int, int]:
    """Give each piece one winding, facing outward.

    Returns:
        Faces turned to agree with their neighbours, and pieces turned outward as a whole.
    """
    agreed, _ = igl.bfs_orient(np.ascontiguousarray(surface.faces, np.int64))
    agreed = np.asarray(agreed, np.int64)
    directed = (agreed * (int(agreed.max()) + 1) + np.roll(agreed, -1, axis=1)).reshape(-1)
    directed.sort()
    if (directed[1:] == directed[:-1]).any():
        raise InputError("the surface is one-sided (like a Möbius strip), so it has no outside; cut it in a 3D tool")
    turned = (agreed != surface.faces).any(axis=1)
    count, label = components(agreed, len(surface.points))
    piece = label[agreed[:, 0]]
    # what most of a piece's faces said counts as its original winding
    sizes = np.bincount(piece, minlength=count)
    mostly = np.bincount(piece, weights=turned, minlength=count) > 0.5 * sizes
    turned ^= mostly[piece]
    surface.turn_faces(turned)
    inward = _inward_pieces(surface.points, surface.faces, piece)
    surface.turn_faces(np.isin(piece, inward))
    return int(turned.sum()), len(inward)


def _inward_pieces(points: Points, faces: Faces, piece: NDArray[np.int32]) -> list[int]:
    """Return the pieces that face inward: by the volume they enclose, and flat ones by the surface they lie on."""
    sure: list[int] = []
    inward: list[int] = []
    flat: list[int] = []
    for k, rows in pieces_of(piece):
        if len(rows) <= _SCRAP:
            flat.append(k)
            continue
        volume, area, closed = _capped_volume(points, faces[rows])
        if abs(volume) < (1e-9 if closed else 0.01) * area**1.5:
            flat.append(k)
            continue
        sure.append(k)
        if volume < 0:
            inward.append(k)
    if flat:
        inward += _flat_inward(points, faces, piece, flat, sure, inward)
    return inward


def pieces_of(piece: NDArray[np.integer]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield each piece's number and its faces."""
    order = np.argsort(piece, kind="stable")
    cuts = np.flatnonzero(np.diff(piece[order])) + 1
    for rows in np.split(order, cuts):
        yield int(piece[rows[0]]), rows


def _capped_volume(points: Points, faces: Faces) -> tuple[float, float, bool]:
    """Return the volume behind a piece whose openings are closed by fans, its area, and whether it has none."""
    used, local = np.unique(faces, return_inverse=True)
    points, faces = points[used], local.reshape(-1, 3)
    corners = points[faces]
    center = corners.mean(axis=(0, 1))
    a, b, c = (corners[:, k] - center for k in range(3))
    volume = float(np.einsum("ij,ij->", a, np.cross(b, c)))
    loops = boundary_loops(faces)
    for loop in loops:
        ring = points[loop] - center
        hub = ring.mean(axis=0)
        # the cap walks its border against the surface
        volume += float(np.einsum("ij,ij->", np.cross(np.roll(ring, -1, axis=0), ring), hub[None]))
    area = 0.5 * float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum())
    return volume / 6.0, area, not loops


def _flat_inward(
    points: Points, faces: Faces, piece: NDArray[np.int32], flat: list[int], sure: list[int], inward: list[int]
) -> list[int]:
    """Compare flat pieces (pockets, badges) with the nearest surface whose side is known, else with the middle axis."""
    centers = points[faces].mean(axis=1)
    corners = points[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals[np.isin(piece, inward)] *= -1
    found = []
    known = np.isin(piece, sure)
    axis = (points[np.unique(faces)].min(axis=0) + points[np.unique(faces)].max(axis=0)) / 2
    for k in flat:
        own = piece == k
        if known.any():
            nearest = cKDTree(centers[known]).query(centers[own])[1]
            outward = normals[known][nearest]
            outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-30)
        else:
            outward = (centers[own] - axis) * (1.0, 1.0, 0.0)
        if float(np.einsum("ij,ij->", normals[own], outward)) < 0:
            found.append(k)
    return found
