"""Welding and sewing: borders that belong together become one, and what was sewn is counted by seams."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from dressform.runtime.geometry.adjacency import boundary_vertices, components, edges

Points = NDArray[np.float64]
Faces = NDArray[np.int64]

_SHORT = 0.2  # of an edge's length: the farthest its twin across a seam may lie
_SCRAP = 8  # triangles: smaller pieces are a soup of triangles rather than panels that were sewn


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


def sewn_borders(points: Points, faces: Faces, reach: float) -> NDArray[np.int64]:
    """Return for each point the one it is sewn to [V], where border edges of two panels run along each other.

    Panels of one garment walk a common seam in opposite ways; layers that lie on each other walk it the same way and
    stay two. So only an edge with a twin, both ends within reach, is sewn.

    Args:
        points: [V, 3].
        faces: [F, 3].
        reach: Largest distance between the two ends [m].
    """
    target = np.arange(len(points))
    found = edges(faces)
    slots = np.flatnonzero(found.face_counts[found.face_edges.reshape(-1)] == 1)
    a, b = faces.reshape(-1)[slots], np.roll(faces, -1, axis=1).reshape(-1)[slots]
    if not len(slots) or reach <= 0:
        return target
    middle = (points[a] + points[b]) / 2
    pairs = cKDTree(middle).query_pairs(reach, output_type="ndarray")
    i, j = pairs[:, 0], pairs[:, 1]
    first, second = (np.linalg.norm(points[x] - points[y], axis=1) for x, y in ((a[i], b[j]), (b[i], a[j])))
    length = np.minimum(*(np.linalg.norm(points[a[k]] - points[b[k]], axis=1) for k in (i, j)))
    gap = np.maximum(first, second)
    twin = gap <= np.minimum(reach, _SHORT * length)
    i, j, gap = i[twin], j[twin], gap[twin]
    best = np.full(len(slots), np.inf)
    np.minimum.at(best, i, gap)
    np.minimum.at(best, j, gap)
    mutual = (gap == best[i]) & (gap == best[j])
    i, j = i[mutual], j[mutual]
    ends = np.concatenate([np.stack([a[i], b[j]], axis=1), np.stack([b[i], a[j]], axis=1)])
    graph = sparse.coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(points), len(points)))
    _, label = sparse.csgraph.connected_components(graph, directed=False)
    _, lowest = np.unique(label, return_index=True)
    return np.asarray(lowest[label], np.int64)


def count_seams(before: Faces, after: Faces, points: Points) -> tuple[int, float]:
    """Return how many seams joined panels, and their length [m].

    Args:
        before: [F, 3] the faces before anything was joined.
        after: [F, 3] the same faces now.
        points: [V, 3].
    """
    _, label = components(before, len(points))
    piece = label[before[:, 0]]
    large = np.bincount(piece)[piece] >= _SCRAP
    found = edges(after)
    order = np.argsort(found.face_edges.reshape(-1), kind="stable")
    starts = np.concatenate([[0], np.cumsum(found.face_counts)])[:-1]
    inner = np.flatnonzero(found.face_counts == 2)
    f, g = order[starts[inner]], order[starts[inner] + 1]
    old = np.sort(np.stack([before.reshape(-1), np.roll(before, -1, axis=1).reshape(-1)], axis=1), axis=1)
    sewn = (old[f] != old[g]).any(axis=1) & large[f // 3] & large[g // 3]
    inner, f, g = inner[sewn], f[sewn], g[sewn]
    if not len(inner):
        return 0, 0.0
    sides = np.sort(np.stack([piece[f // 3], piece[g // 3]], axis=1), axis=1).astype(np.int64)
    seam = sides[:, 0] * (int(piece.max()) + 1) + sides[:, 1]
    _, seam = np.unique(seam, return_inverse=True)
    # edges of the same two panels that share a point are one seam
    ends = found.vertices[inner].astype(np.int64)
    nodes = seam.reshape(-1, 1) * len(points) + ends
    _, nodes = np.unique(nodes, return_inverse=True)
    nodes = nodes.reshape(-1, 2)
    graph = sparse.coo_matrix((np.ones(len(nodes)), (nodes[:, 0], nodes[:, 1])), shape=(nodes.max() + 1,) * 2)
    count, _ = sparse.csgraph.connected_components(graph, directed=False)
    length = np.linalg.norm(points[ends[:, 0]] - points[ends[:, 1]], axis=1).sum()
    return int(count), float(length)
