"""Which body triangles need not be drawn because cloth covers them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from dressform.runtime.geometry.adjacency import boundary_vertices, edges
from dressform.runtime.geometry.distance import Surface

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.integer]

MARGIN = 0.02  # [m] skin drawn under the cloth beside every opening, so that a moving hem never bares a hole
LOOK_IN = 1.0  # more of it, by this times how far the opening stands off: one can look into a wide sleeve


def hidden_faces(
    masks: Sequence[NDArray[np.bool_]],
    vertices: FloatArray,
    faces: IntArray,
    garments: Sequence[tuple[FloatArray, IntArray]],
) -> NDArray[np.bool_]:
    """Return the body triangles bool [F] that the garments hide together.

    Only skin well inside the union of the masks is hidden: its distance over the skin to the drawn skin must exceed a
    margin that grows with how far the nearest opening stands off the body.

    Args:
        masks: The garments' own hide masks, bool [F] each.
        vertices: Body [B, 3] at rest [m].
        faces: [F, 3].
        garments: Points and faces of each garment at rest on this body.
    """
    covered = np.zeros(len(faces), bool)
    for mask in masks:
        covered |= mask
    if not covered.any():
        return covered
    drawn = np.zeros(len(vertices), bool)
    drawn[faces[~covered]] = True
    margins = MARGIN + LOOK_IN * _opening_heights(vertices, faces, garments)
    depth = _distance_inside(vertices, faces, drawn, margins)
    return np.asarray(covered & (depth[faces] > 0).all(axis=1))


def _opening_heights(
    vertices: FloatArray, faces: IntArray, garments: Sequence[tuple[FloatArray, IntArray]]
) -> NDArray[np.float64]:
    """Return, for each body vertex [B], how far the nearest opening of a garment stands off the body [m]."""
    rims = [points[boundary_vertices(own, len(points))] for points, own in garments]
    rim = np.concatenate(rims) if rims else np.zeros((0, 3))
    if not len(rim):
        return np.zeros(len(vertices))
    heights = Surface(vertices, faces).closest(rim).distances
    # the mean of the nearest rim points, not one of them, so that the margin changes slowly along an opening
    count = min(8, len(rim))
    nearest = np.asarray(cKDTree(rim).query(vertices, k=count)[1]).reshape(len(vertices), count)
    return np.asarray(heights[nearest].mean(axis=1), np.float64)


def _distance_inside(
    vertices: FloatArray, faces: IntArray, drawn: NDArray[np.bool_], margins: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the distance along the skin to the drawn skin less the margin there, [B] [m]; infinite out of reach."""
    pairs = edges(faces).vertices
    lengths = np.linalg.norm(vertices[pairs[:, 0]] - vertices[pairs[:, 1]], axis=1).astype(np.float64)
    count = len(vertices)
    # one more node reaches every drawn vertex at a cost that makes larger margins count as nearer
    largest = float(margins[drawn].max(initial=0.0))
    ends = np.flatnonzero(drawn)
    rows = np.concatenate([pairs[:, 0], np.full(len(ends), count)])
    columns = np.concatenate([pairs[:, 1], ends])
    costs = np.concatenate([np.maximum(lengths, 1e-9), largest - margins[ends] + 1e-9])
    graph = sparse.csr_matrix((costs, (rows, columns)), shape=(count + 1, count + 1))
    reached = sparse.csgraph.dijkstra(graph, directed=False, indices=np.array([count]))[0, :count]
    return np.asarray(np.where(drawn, -1.0, reached - largest))
