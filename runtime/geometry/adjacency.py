"""Who touches whom in a triangle mesh: edges, neighbours, borders, pieces, Laplacians."""

from __future__ import annotations

from typing import NamedTuple

import igl
import numpy as np
from numpy.typing import NDArray
from scipy import sparse


class Edges(NamedTuple):
    """The edges of a mesh.

    Attributes:
        vertices: int32 [E, 2], smaller index first, sorted.
        face_counts: int32 [E] faces at the edge: 1 at a border, more than 2 where the mesh is not a manifold.
        face_edges: int32 [F, 3] the edge after each corner: corner 0→1, 1→2, 2→0.
    """

    vertices: NDArray[np.int32]
    face_counts: NDArray[np.int32]
    face_edges: NDArray[np.int32]


class Neighbours(NamedTuple):
    """Each vertex's neighbours along edges, in compressed rows: those of vertex i are indices[starts[i]:starts[i + 1]].

    Attributes:
        starts: int32 [V + 1].
        indices: int32 [sum of degrees].
    """

    starts: NDArray[np.int32]
    indices: NDArray[np.int32]


def edges(faces: NDArray[np.integer]) -> Edges:
    """Return the edges of the faces [F, 3]."""
    pairs = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1).reshape(-1, 2).astype(np.int64), axis=1)
    radix = int(pairs.max(initial=0)) + 1
    # one number for each pair sorts many times faster than rows do
    keys, inverse, counts = np.unique(pairs[:, 0] * radix + pairs[:, 1], return_inverse=True, return_counts=True)
    vertices = np.stack([keys // radix, keys % radix], axis=1).astype(np.int32)
    return Edges(vertices, counts.astype(np.int32), inverse.reshape(len(faces), 3).astype(np.int32))


def neighbours(faces: NDArray[np.integer], vertex_count: int) -> Neighbours:
    """Return the vertices that share an edge with each vertex, ascending."""
    pairs = edges(faces).vertices
    both = np.concatenate([pairs, pairs[:, ::-1]]).astype(np.int64)
    both = both[np.argsort(both[:, 0] * vertex_count + both[:, 1])]
    starts = np.zeros(vertex_count + 1, np.int32)
    np.cumsum(np.bincount(both[:, 0], minlength=vertex_count), out=starts[1:])
    return Neighbours(starts, both[:, 1].astype(np.int32))


def vertex_faces(faces: NDArray[np.integer], vertex_count: int) -> Neighbours:
    """Return the faces at each vertex, ascending, in the same compressed rows (indices are faces)."""
    corners = faces.reshape(-1)
    order = np.argsort(corners, kind="stable")
    starts = np.zeros(vertex_count + 1, np.int32)
    np.cumsum(np.bincount(corners, minlength=vertex_count), out=starts[1:])
    return Neighbours(starts, (order // 3).astype(np.int32))


def averaging_matrix(faces: NDArray[np.integer], vertex_count: int) -> sparse.csr_matrix:
    """Return the sparse [V, V] matrix that replaces each vertex by its neighbours' mean (a lone vertex by itself)."""
    starts, indices = neighbours(faces, vertex_count)
    degrees = np.diff(starts)
    lone = np.flatnonzero(degrees == 0)
    data = np.repeat(1.0 / np.maximum(degrees, 1), degrees)
    matrix = sparse.csr_matrix((data, indices, starts), shape=(vertex_count, vertex_count))
    return matrix + sparse.csr_matrix((np.ones(len(lone)), (lone, lone)), shape=(vertex_count, vertex_count))


def boundary_loops(faces: NDArray[np.integer]) -> list[NDArray[np.int32]]:
    """Return the vertices of each border loop, in the order of walking with the surface on the left; longest first."""
    found = igl.boundary_loop_all(np.ascontiguousarray(faces, np.int64))
    return sorted((np.asarray(loop, np.int32) for loop in found), key=len, reverse=True)


def ring_length(ring: NDArray[np.floating]) -> float:
    """Return the length of a closed line through points [N, 3], in their unit."""
    return float(np.linalg.norm(np.roll(ring, -1, axis=0) - ring, axis=1).sum())


def ring_area(ring: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the area vector [3] of a closed line through points [N, 3], by the right hand along its walk."""
    spokes = np.asarray(ring, np.float64) - ring.mean(axis=0)
    return np.asarray(0.5 * np.cross(spokes, np.roll(spokes, -1, axis=0)).sum(axis=0))


def boundary_vertices(faces: NDArray[np.integer], vertex_count: int) -> NDArray[np.bool_]:
    """Return which vertices lie at a border, bool [V]."""
    found = edges(faces)
    mask = np.zeros(vertex_count, bool)
    mask[found.vertices[found.face_counts == 1].reshape(-1)] = True
    return mask


def components(faces: NDArray[np.integer], vertex_count: int) -> tuple[int, NDArray[np.int32]]:
    """Return the number of pieces connected by edges and each vertex's piece, int32 [V]; a lone vertex is a piece."""
    pairs = edges(faces).vertices
    graph = sparse.coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(vertex_count, vertex_count))
    count, labels = sparse.csgraph.connected_components(graph, directed=False)
    return int(count), labels.astype(np.int32)


def cotangent_laplacian(
    points: NDArray[np.floating], faces: NDArray[np.integer]
) -> tuple[sparse.csc_matrix, sparse.dia_matrix]:
    """Return libigl's cotangent Laplacian L (negative semi-definite, [V, V]) and the diagonal Voronoi mass matrix [m²].

    Vertices without area get the smallest positive mass, so that the mass can be inverted.
    """
    corners = np.ascontiguousarray(points, np.float64), np.ascontiguousarray(faces, np.int64)
    laplacian = sparse.csc_matrix(igl.cotmatrix(*corners))
    mass = np.asarray(igl.massmatrix(*corners, igl.MASSMATRIX_TYPE_VORONOI).diagonal(), np.float64)
    positive = mass[mass > 0]
    mass = np.maximum(mass, positive.min() if len(positive) else 1.0)
    return laplacian, sparse.diags(mass)
