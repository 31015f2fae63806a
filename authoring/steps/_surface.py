"""Topological repairs on triangles with UVs: welding, slivers, manifold splitting, orientation."""

from __future__ import annotations

from dataclasses import dataclass

import igl
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from dressform.runtime.geometry.adjacency import boundary_loops, boundary_vertices, components, edges
from dressform.schemas.errors import InputError

Points = NDArray[np.float64]
Faces = NDArray[np.int64]


@dataclass
class Surface:
    """A mesh under repair; every UV set keeps one row a face.

    Attributes:
        points: [V, 3] [m].
        faces: [F, 3].
        uvs: UV sets, each coordinates [N, 2] and faces [F, 3].
        origin: [F] the face of the source behind each face.
    """

    points: Points
    faces: Faces
    uvs: list[tuple[Points, Faces]]
    origin: NDArray[np.int64]

    def keep_faces(self, keep: NDArray[np.bool_]) -> int:
        """Drop faces and return how many."""
        self.faces, self.origin = self.faces[keep], self.origin[keep]
        self.uvs = [(uv, uv_faces[keep]) for uv, uv_faces in self.uvs]
        return int(np.count_nonzero(~keep))

    def turn_faces(self, turn: NDArray[np.bool_]) -> None:
        """Reverse the winding of faces."""
        self.faces[turn] = self.faces[turn][:, ::-1]
        for _, uv_faces in self.uvs:
            uv_faces[turn] = uv_faces[turn][:, ::-1]


def welded_borders(points: Points, faces: Faces, tolerance: float) -> NDArray[np.int64]:
    """Return for each point the lowest border point within reach [V]; points inside the surface stay themselves.

    Only borders are joined, so that two layers of cloth that touch stay two layers.
    """
    target = np.arange(len(points))
    border = np.flatnonzero(boundary_vertices(faces, len(points)))
    if not len(border):
        return target
    pairs = cKDTree(points[border]).query_pairs(tolerance, output_type="ndarray")
    graph = sparse.coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(border), len(border)))
    _, label = sparse.csgraph.connected_components(graph, directed=False)
    _, first = np.unique(label, return_index=True)
    target[border] = border[first[label]]
    return target


def doubled_pieces(points: Points, faces: Faces) -> NDArray[np.bool_]:
    """Say which faces belong to a piece that lies wholly on earlier faces, as when a file holds an object twice, [F].

    A lining that touches its cloth in part is no double.
    """
    _, place = np.unique(points, axis=0, return_inverse=True)
    again = repeated(place.reshape(-1)[faces])
    _, label = components(faces, len(points))
    piece = label[faces[:, 0]]
    return np.asarray(np.bincount(piece, weights=~again)[piece] == 0)


def repeated(faces: Faces) -> NDArray[np.bool_]:
    """Say which faces have the corners of an earlier one, in either winding, [F]."""
    _, first = np.unique(np.sort(faces, axis=1), axis=0, return_index=True)
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
        owner = _face_of_edge(surface.faces)
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


def _face_of_edge(faces: Faces) -> dict[tuple[int, int], int]:
    owner: dict[tuple[int, int], int] = {}
    for face, (a, b, c) in enumerate(faces.tolist()):
        owner[a, b] = owner[b, c] = owner[c, a] = face
    return owner


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
    for k, (uv, uv_faces) in enumerate(surface.uvs):
        own = uv_faces[face]
        beyond = uv_faces[other]
        uv_b, uv_a, uv_d = (int(beyond[(apex + n) % 3]) for n in (1, 2, 0))
        uv_c = int(own[corner])
        if uv_a != own[(corner + 1) % 3] or uv_b != own[(corner + 2) % 3]:  # a seam: the point is new on that side
            uv = np.vstack([uv, (1 - t) * uv[uv_a] + t * uv[uv_b]])
            uv_c = len(uv) - 1
        uv_faces[face], uv_faces[other] = (uv_c, uv_a, uv_d), (uv_c, uv_d, uv_b)
        surface.uvs[k] = (uv, uv_faces)
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
    joined = _joined_faces(surface, found.face_edges, found.face_counts)
    corner_of = {}
    for face, row in enumerate(faces.tolist()):
        for k, point in enumerate(row):
            corner_of[face, point] = 3 * face + k
    links = [
        (corner_of[f, point], corner_of[g, point]) for f, g, edge in joined for point in found.vertices[edge].tolist()
    ]
    ends = np.array(links, np.int64).reshape(-1, 2)
    graph = sparse.coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(faces.size, faces.size))
    _, fan = sparse.csgraph.connected_components(graph, directed=False)
    fans, first, inverse = np.unique(fan, return_index=True, return_inverse=True)
    point_of_fan = faces.reshape(-1)[first]
    order = np.argsort(first)  # the first fan of a point keeps its number
    new_index = np.empty(len(fans), np.int64)
    seen: set[int] = set()
    extra: list[int] = []
    for k in order.tolist():
        point = int(point_of_fan[k])
        if point in seen:
            new_index[k] = len(surface.points) + len(extra)
            extra.append(point)
        else:
            seen.add(point)
            new_index[k] = point
    surface.faces = new_index[inverse.reshape(-1)].reshape(faces.shape)
    surface.points = np.vstack([surface.points, surface.points[extra]])
    return int((found.face_counts > 2).sum()), len(extra)


def _joined_faces(
    surface: Surface, face_edges: NDArray[np.int32], counts: NDArray[np.int32]
) -> list[tuple[int, int, int]]:
    """Return pairs of faces that stay together across an edge, with the edge."""
    order = np.argsort(face_edges.reshape(-1), kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)])
    plain = np.flatnonzero(counts == 2)
    pairs = [
        (int(f), int(g), int(e))
        for f, g, e in zip(order[starts[plain]] // 3, order[starts[plain] + 1] // 3, plain, strict=True)
    ]
    corners = surface.points[surface.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    for edge in np.flatnonzero(counts > 2).tolist():
        slots = order[starts[edge] : starts[edge + 1]]
        best, pair = -2.0, (0, 0)
        for i in range(len(slots)):
            for j in range(i):
                f, g = slots[i] // 3, slots[j] // 3
                tail_f, tail_g = surface.faces.reshape(-1)[slots[i]], surface.faces.reshape(-1)[slots[j]]
                flatness = float(normals[f] @ normals[g]) * (1.0 if tail_f != tail_g else -1.0)
                if flatness > best:
                    best, pair = flatness, (int(f), int(g))
        pairs.append((*pair, edge))
    return pairs


def orient(surface: Surface) -> tuple[int, int]:
    """Give each piece one winding, facing outward.

    Returns:
        Faces turned to agree with their neighbours, and pieces turned outward as a whole.
    """
    agreed, _ = igl.bfs_orient(np.ascontiguousarray(surface.faces, np.int64))
    agreed = np.asarray(agreed, np.int64)
    directed = np.stack([agreed, np.roll(agreed, -1, axis=1)], axis=-1).reshape(-1, 2)
    if len(np.unique(directed, axis=0)) < len(directed):
        raise InputError("the surface is one-sided (like a Möbius strip), so it has no outside; cut it in a 3D tool")
    turned = (agreed != surface.faces).any(axis=1)
    count, label = components(agreed, len(surface.points))
    piece = label[agreed[:, 0]]
    # what most of a piece's faces said counts as its original winding
    mostly = np.array([turned[piece == k].mean() > 0.5 if (piece == k).any() else False for k in range(count)])
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
    for k in np.unique(piece).tolist():
        own = faces[piece == k]
        volume, area = _capped_volume(points, own)
        if abs(volume) < 0.01 * area**1.5:
            flat.append(k)
            continue
        sure.append(k)
        if volume < 0:
            inward.append(k)
    if flat:
        inward += _flat_inward(points, faces, piece, flat, sure, inward)
    return inward


def _capped_volume(points: Points, faces: Faces) -> tuple[float, float]:
    """Return the volume behind a piece whose openings are closed by fans, and its area."""
    corners = points[faces]
    center = corners.mean(axis=(0, 1))
    a, b, c = (corners[:, k] - center for k in range(3))
    volume = float(np.einsum("ij,ij->", a, np.cross(b, c)))
    for loop in boundary_loops(faces):
        ring = points[loop] - center
        hub = ring.mean(axis=0)
        # the cap walks its border against the surface
        volume += float(np.einsum("ij,ij->", np.cross(np.roll(ring, -1, axis=0), ring), hub[None]))
    area = 0.5 * float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum())
    return volume / 6.0, area


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
