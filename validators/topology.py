"""What follows from the triangles of a mesh alone: edges, pieces, borders; computed when asked for, and once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dressform.runtime.geometry.adjacency import Edges, edges


class Topology:
    """The triangles of a mesh; sizes that share them share this.

    Args:
        faces: int32 [F, 3].
        points: Number of points, V.
    """

    def __init__(self, faces: NDArray[np.int32], points: int) -> None:
        self.faces = faces
        self.points = points

    @cached_property
    def edges(self) -> Edges:
        """The edges."""
        return edges(self.faces)

    @cached_property
    def pieces(self) -> NDArray[np.int32]:
        """The piece of each triangle, int32 [F], numbered from 0; what shares a point is one piece."""
        pairs = self.edges.vertices
        labels = _joined(pairs[:, 0], pairs[:, 1], self.points)
        _, pieces = np.unique(labels[self.faces[:, 0]], return_inverse=True)
        return pieces.astype(np.int32)

    @cached_property
    def border(self) -> NDArray[np.int32]:
        """The border edges, int32 [B], into `edges`."""
        return np.flatnonzero(self.edges.face_counts == 1).astype(np.int32)

    @cached_property
    def border_faces(self) -> NDArray[np.int32]:
        """The triangle at each border edge, int32 [B]."""
        owner = np.zeros(len(self.edges.vertices), np.int32)
        owner[self.edges.face_edges.reshape(-1)] = np.repeat(np.arange(len(self.faces), dtype=np.int32), 3)
        return owner[self.border]

    @cached_property
    def loops(self) -> NDArray[np.int32]:
        """The loop that each border edge belongs to, int32 [B], numbered from 0; loops that touch count as one."""
        ends = self.edges.vertices[self.border]
        labels = _joined(ends[:, 0], ends[:, 1], self.points)
        _, loops = np.unique(labels[ends[:, 0]], return_inverse=True)
        return loops.astype(np.int32)

    @cached_property
    def pinched(self) -> NDArray[np.int64]:
        """The points where fans of triangles meet that share no edge there, ascending."""
        count = 3 * len(self.faces)
        corners = np.arange(count).reshape(-1, 3)
        held = []
        for corner in range(3):  # a corner holds on to both edges that leave its point, each at that point's end
            for edge in (corner, (corner + 2) % 3):
                at = self.edges.face_edges[:, edge].astype(np.int64)
                end = self.edges.vertices[at, 1] == self.faces[:, corner]
                held.append(np.stack([corners[:, corner], count + 2 * at + end]))
        first, second = np.concatenate(held, axis=1)
        fans = _joined(first, second, count + 2 * len(self.edges.vertices))[:count]
        pairs = np.unique(np.stack([self.faces.reshape(-1), fans]), axis=1)
        return np.flatnonzero(np.bincount(pairs[0], minlength=self.points) > 1)


def _joined(first: NDArray[np.integer], second: NDArray[np.integer], count: int) -> NDArray[np.int32]:
    """Return a label for each of `count` things, the same for those that pairs connect."""
    graph = coo_array((np.ones(len(first), np.int8), (first, second)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int32)
