"""Cutting a surface: along the least seam between two sides, and until every chart is a disk."""

from __future__ import annotations

from dataclasses import dataclass

import igl
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra, maximum_flow

from dressform.runtime.geometry.adjacency import Edges, boundary_loops, edges
from dressform.runtime.geometry.normals import face_areas

Points = NDArray[np.float64]
Faces = NDArray[np.int64]

_CAPACITY = 1e6  # real costs as the integers that the flow wants
_SMOOTH = 6  # rounds of averaging over neighbours: about six edges of reach
_SEAM_COST = 0.5  # price of a seam's length against cloth on the wrong side of it


@dataclass(frozen=True)
class Charts:
    """A mesh cut along edges.

    Attributes:
        vertices: int64 [N] the point behind each chart vertex.
        faces: int64 [F, 3] into `vertices`.
        chart: int64 [F] the chart of each face.
        count: Number of charts.
    """

    vertices: NDArray[np.int64]
    faces: Faces
    chart: NDArray[np.int64]
    count: int


def cut_open(faces: Faces, found: Edges, cut: NDArray[np.bool_]) -> Charts:
    """Cut a manifold mesh along edges [E]; corners stay together where they can be reached without crossing a cut."""
    slots = np.argsort(found.face_edges.reshape(-1), kind="stable")
    starts = np.concatenate([[0], np.cumsum(found.face_counts)])
    inner = np.flatnonzero((found.face_counts == 2) & ~cut)
    first, second = slots[starts[inner]], slots[starts[inner] + 1]
    flat = faces.reshape(-1)
    # a slot is the corner an edge leaves from; the next corner of the face is where it arrives
    first_next, second_next = _next_corner(first), _next_corner(second)
    opposed = flat[first] == flat[second_next]
    links_a = np.concatenate([first, first_next])
    links_b = np.concatenate([np.where(opposed, second_next, second), np.where(opposed, second, second_next)])
    _, vertex = connected_components(_graph(links_a, links_b, faces.size), directed=False)
    _, representative, inverse = np.unique(vertex, return_index=True, return_inverse=True)
    _, chart = connected_components(_graph(first // 3, second // 3, len(faces)), directed=False)
    return Charts(
        vertices=flat[representative],
        faces=inverse.reshape(-1, 3).astype(np.int64),
        chart=chart.astype(np.int64),
        count=int(chart.max()) + 1,
    )


def face_pairs(found: Edges) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the edges with two faces [K], and their faces [K], [K]."""
    slots = np.argsort(found.face_edges.reshape(-1), kind="stable") // 3
    starts = np.concatenate([[0], np.cumsum(found.face_counts)])
    inner = np.flatnonzero(found.face_counts == 2)
    return inner, slots[starts[inner]], slots[starts[inner] + 1]


def _next_corner(slot: NDArray[np.int64]) -> NDArray[np.int64]:
    return slot - slot % 3 + (slot + 1) % 3


def _graph(a: NDArray[np.int64], b: NDArray[np.int64], size: int) -> sparse.coo_matrix:
    return sparse.coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(size, size))


def facing_along(points: Points, faces: Faces, found: Edges, direction: Points) -> Points:
    """Return the cosine between each face's normal, smoothed over its surroundings, and a unit direction, [F].

    A direction in which all faces lean alike parts nothing, so the mean over the faces is taken off where it is needed
    to have faces on both sides.
    """
    a, b, c = (points[faces[:, k]] for k in range(3))
    vectors = np.cross(b - a, c - a)
    _, f, g = face_pairs(found)
    spread = _graph(
        np.concatenate([f, g, np.arange(len(faces))]), np.concatenate([g, f, np.arange(len(faces))]), len(faces)
    )
    averaging = sparse.csr_matrix(spread, dtype=np.float64)
    for _ in range(_SMOOTH):
        vectors = averaging @ vectors
    lean = vectors @ direction / np.maximum(np.linalg.norm(vectors, axis=1), 1e-30)
    if lean.min() > -0.3 or lean.max() < 0.3:
        weight = face_areas(points, faces)
        lean = lean - (lean * weight).sum() / weight.sum()
    return np.asarray(lean)


def parted(points: Points, faces: Faces, found: Edges, lean: Points) -> NDArray[np.bool_]:
    """Part faces into two sides with a short, smooth seam: the least cut between what leans each way.

    Args:
        points: [V, 3] [m].
        faces: [F, 3].
        found: Edges of the faces.
        lean: [F] positive for the first side.

    Returns:
        bool [F], true on the first side.
    """
    inner, f, g = face_pairs(found)
    ends = points[found.vertices[inner]]
    length = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    size = np.sqrt(face_areas(points, faces).sum())
    seam = _SEAM_COST * length / size
    pull = face_areas(points, faces) / size**2 * lean * 20.0
    source, sink = len(faces), len(faces) + 1
    rows = np.concatenate([f, g, np.full(len(faces), source), np.arange(len(faces))])
    columns = np.concatenate([g, f, np.arange(len(faces)), np.full(len(faces), sink)])
    costs = np.concatenate([seam, seam, np.maximum(pull, 0), np.maximum(-pull, 0)])
    capacity = np.minimum(costs * _CAPACITY, 2**30).astype(np.int32)
    graph = sparse.csr_array((capacity, (rows, columns)), shape=(len(faces) + 2,) * 2)
    flow = maximum_flow(graph, source, sink).flow
    left = sparse.csr_array(graph - flow)
    left.data = np.where(left.data > 0, 1, 0)
    left.eliminate_zeros()
    reached = sparse.csgraph.breadth_first_order(left, source, return_predecessors=False)
    first = np.zeros(len(faces) + 2, bool)
    first[reached] = True
    return first[: len(faces)]


def seams_between(found: Edges, label: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return the edges [E] whose two faces have different labels."""
    inner, f, g = face_pairs(found)
    cut = np.zeros(len(found.vertices), bool)
    cut[inner] = label[f] != label[g]
    return cut


def open_to_disks(points: Points, faces: Faces, found: Edges, cut: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Add shortest cuts until every chart is a disk (one border, no handle)."""
    cut = cut.copy()
    for _ in range(64):
        charts = cut_open(faces, found, cut)
        added = False
        for k in range(charts.count):
            own = charts.chart == k
            path = _opening_path(points[charts.vertices], charts.faces[own])
            if len(path):
                rows = edge_rows(found, charts.vertices[path])
                added |= not bool(cut[rows].all())
                cut[rows] = True
        if not added:
            return cut
    return cut


def _opening_path(points: Points, faces: Faces) -> NDArray[np.int64]:
    """Return the chart vertices of the shortest cut from the longest border to another, empty for a disk."""
    used, local = np.unique(faces, return_inverse=True)
    local = local.reshape(-1, 3)
    loops = boundary_loops(local)
    if len(loops) == 1 and _euler(local) == 1:
        return np.zeros(0, np.int64)
    pairs = edges(local).vertices
    length = np.linalg.norm(points[used[pairs[:, 0]]] - points[used[pairs[:, 1]]], axis=1)
    graph = sparse.coo_matrix((length, (pairs[:, 0], pairs[:, 1])), shape=(len(used), len(used))).tocsr()
    if len(loops) > 1:
        distance, before, _ = dijkstra(graph, directed=False, indices=loops[0], min_only=True, return_predecessors=True)
        others = np.concatenate(loops[1:])
        return used[_walk_back(before, int(others[np.argmin(distance[others])]))]
    if not loops:  # closed: slit it along its longest way, to have a border to start from
        start = np.array([0])
        far = np.argmax(dijkstra(graph, directed=False, indices=start, min_only=True))
        distance, before, _ = dijkstra(
            graph, directed=False, indices=np.array([far]), min_only=True, return_predecessors=True
        )
        return used[_walk_back(before, int(np.argmax(distance)))]
    # handles: libigl's cuts make it a disk at whatever length
    paths = igl.cut_to_disk(np.ascontiguousarray(local, np.int64))
    border = set(loops[0].tolist())
    inner = [path for path in paths if not set(path) <= border]
    return used[np.array(max(inner, key=len), np.int64)] if inner else np.zeros(0, np.int64)


def _euler(faces: Faces) -> int:
    return int(faces.max()) + 1 - len(edges(faces).vertices) + len(faces)


def _walk_back(before: NDArray[np.int32], end: int) -> NDArray[np.int64]:
    path = [end]
    while before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    return np.array(path, np.int64)


def edge_rows(found: Edges, path: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the edges [n - 1] along a path of points [n]."""
    wanted = np.sort(np.stack([path[:-1], path[1:]], axis=1), axis=1).astype(np.int64)
    size = int(found.vertices.max()) + 1
    codes = found.vertices[:, 0].astype(np.int64) * size + found.vertices[:, 1]
    return np.asarray(np.searchsorted(codes, wanted[:, 0] * size + wanted[:, 1]), np.int64)


def is_disk(faces: Faces) -> bool:
    """Say whether faces [F, 3] make one piece with one border and no handle."""
    _, local = np.unique(faces, return_inverse=True)
    local = local.reshape(-1, 3)
    return len(boundary_loops(local)) == 1 and _euler(local) == 1
