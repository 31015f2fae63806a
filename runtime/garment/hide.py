"""Which triangles of the body, and of cloth under other cloth, need not be drawn: covered in every pose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import KDTree

from dressform.runtime.geometry.adjacency import boundary_vertices, edges
from dressform.runtime.geometry.normals import vertex_normals

from .facing import facing_closest
from .penetration import distance_to_cloth

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.integer]

MARGIN = 0.025  # [m] what lies under the cloth is drawn beside every opening, so that a moving hem never bares a hole
LOOK_IN = 1.5  # more of it, by this times how far the opening stands off: one can look into a wide sleeve
UNDER = 0.2  # [m] skin further under the cloth than this is not taken for covered
CLOTH_UNDER = 0.06  # [m] cloth further under the cloth above than this is not taken for covered
THROUGH = 0.006  # [m] cloth that far through a coarse mesh above it is covered all the same
BESIDE = 0.15  # [m] an opening that stands off further is another limb's


class Cover(NamedTuple):
    """A garment at rest on a body, as something that hides what is under it.

    Attributes:
        points: [V, 3] [m].
        faces: [F, 3], without hems and linings.
        slides: [V] how far each point slides over the body beyond what skinning carries it, at most [m].
    """

    points: FloatArray
    faces: IntArray
    slides: FloatArray

    @property
    def rim(self) -> NDArray[np.bool_]:
        """Which points lie at an opening, bool [V]."""
        return boundary_vertices(self.faces, len(self.points))


def hidden_faces(
    masks: Sequence[NDArray[np.bool_]],
    vertices: FloatArray,
    faces: IntArray,
    garments: Sequence[Cover],
) -> NDArray[np.bool_]:
    """Return the body triangles bool [F] that the garments hide together.

    Each garment hides its mask but for a margin at its openings; an opening over another garment bares nothing,
    since that one hides the skin there. Gaps in a mask that the cloth encloses are hidden too.

    Args:
        masks: The garments' own hide masks, bool [F] each.
        vertices: Body [B, 3] at rest [m].
        faces: [F, 3].
        garments: Each garment on this body.
    """
    hidden = np.zeros(len(faces), bool)
    for mask, garment in zip(masks, garments, strict=True):
        at_opening = _near_openings(vertices, faces, garment)
        gaps = _enclosed(~mask & ~at_opening, vertices, faces, garment.points, garment.faces)
        hidden |= (mask & ~at_opening) | gaps
    return hidden


def hidden_cloth(garment: Cover, faces: IntArray, above: Sequence[Cover]) -> NDArray[np.bool_]:
    """Return the triangles bool [F] of a garment that other garments cover, away from their openings.

    A coarse mesh may let the edge of a waistband or the top of a button through; what is hidden cannot show.

    Args:
        garment: The garment.
        faces: [F, 3] all its triangles.
        above: Each garment over it.
    """
    covered = np.zeros(len(garment.points), bool)
    for over in above:
        signed = distance_to_cloth(garment.points, over.points, over.faces)
        covered |= (signed < THROUGH) & (signed > -CLOTH_UNDER) & ~_near_rim(garment, over)
    return np.asarray(covered[faces].all(axis=1))


def _near_rim(garment: Cover, over: Cover) -> NDArray[np.bool_]:
    """Return which points [V] of a garment are within the margin of the openings of one over it."""
    near = np.zeros(len(garment.points), bool)
    rim = over.rim
    if not rim.any():
        return near
    tree = KDTree(garment.points)
    stands_off = np.asarray(tree.query(over.points[rim])[0])
    beside = stands_off < BESIDE
    margins = MARGIN + LOOK_IN * stands_off[beside] + over.slides[rim][beside]
    for found in tree.query_ball_point(over.points[rim][beside], margins):
        near[found] = True
    return near


def _near_openings(vertices: FloatArray, faces: IntArray, garment: Cover) -> NDArray[np.bool_]:
    """Return the body triangles bool [F] within the margin of a garment's openings, measured along the skin."""
    points, rim = garment.points, garment.rim
    if not rim.any():
        return np.zeros(len(faces), bool)
    triangles, barycentrics = facing_closest(points[rim], vertex_normals(points, garment.faces)[rim], vertices, faces)
    below = np.einsum("vk,vkc->vc", barycentrics, vertices[faces[triangles]])
    stands_off = np.linalg.norm(points[rim] - below, axis=1).astype(np.float64)
    margins = MARGIN + LOOK_IN * stands_off + garment.slides[rim]
    widest = float(margins.max())
    # one more node reaches the skin under every rim point, later where the margin is smaller
    pairs = edges(faces).vertices
    count = len(vertices)
    apart = np.linalg.norm(vertices[pairs[:, 0]] - vertices[pairs[:, 1]], axis=1).astype(np.float64)
    delays = np.full(count, np.inf)
    np.minimum.at(delays, faces[triangles], (widest - margins)[:, None])
    seeds = np.flatnonzero(np.isfinite(delays))
    graph = sparse.csr_matrix(
        (
            np.concatenate([apart, delays[seeds]]) + 1e-9,  # a cost of zero would be no edge
            (np.concatenate([pairs[:, 0], np.full(len(seeds), count)]), np.concatenate([pairs[:, 1], seeds])),
        ),
        shape=(count + 1, count + 1),
    )
    reached = sparse.csgraph.dijkstra(graph, directed=False, indices=np.array([count]))[0, :count]
    return np.asarray((reached < widest)[faces].any(axis=1))


def _enclosed(
    drawn: NDArray[np.bool_], vertices: FloatArray, faces: IntArray, points: FloatArray, own: IntArray
) -> NDArray[np.bool_]:
    """Return which of the drawn triangles bool [F] lie in pieces that are, for their most part, under the cloth."""
    chosen = np.flatnonzero(drawn)
    corners = faces[chosen]
    graph = sparse.coo_matrix(
        (np.ones(2 * len(corners)), (corners[:, [0, 1]].T.reshape(-1), corners[:, [1, 2]].T.reshape(-1))),
        shape=(len(vertices), len(vertices)),
    )
    count, pieces = sparse.csgraph.connected_components(graph, directed=False)
    centres = vertices[corners].mean(axis=1)
    # what is further than that from the box around the cloth is not asked
    near = np.flatnonzero(((centres > points.min(axis=0) - UNDER) & (centres < points.max(axis=0) + UNDER)).all(axis=1))
    signed = distance_to_cloth(centres[near], points, own)
    piece = pieces[corners[:, 0]]
    under = np.bincount(piece[near], weights=(signed < 0) & (signed > -UNDER), minlength=count)
    enclosed = under > 0.5 * np.bincount(piece, minlength=count)
    hidden = np.zeros(len(faces), bool)
    hidden[chosen] = enclosed[piece]
    return hidden
