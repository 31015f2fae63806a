"""Cloth that is turned over onto its own garment, such as the fall of a collar and the facings behind it.

It shows the skin its outer side, so the skin does not say where it belongs; the cloth that it is turned over onto does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import face_areas, face_normals

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.integer]
Mask = NDArray[np.bool_]

TURNED = 0.3  # least cosine between the outer side of turned cloth and the way to the skin, or to the cloth it lies on
LIES_ON = 0.025  # [m] how near turned cloth is to the cloth it lies on
NEAR_SKIN = 0.06  # [m] and to the skin
LIMB = 0.3  # [m] with skin behind it within this, cloth is the far side of a sleeve or a leg
LEAST = 0.004  # [m²] smaller patches are creases; a collar 2 cm deep has twice as much
UPPER = 1.5  # how much larger than turned cloth a piece may be that goes with it: the side of a fall that shows
_PASSES = 3  # of votes among neighbours


def turned_over(points: FloatArray, faces: IntArray, vertices: FloatArray, body_faces: IntArray) -> Mask:
    """Return which triangles of a garment bool [F] are turned over onto the rest of it, with what lies on them.

    A triangle is turned over where its outer side looks at the skin, no limb is behind it, and it lies on other cloth
    of the garment: with its outer side on the outer side, as the underside of a fall, or back to back, as the facing
    of a stand. What only turned cloth joins to the garment goes with it: the upper side of a fall of two plies. A fold
    that neither has such a side nor ends in a free edge is a wrinkle.

    Args:
        points: Of the garment [V, 3] on the body that it was made on [m].
        faces: Its triangles [F, 3], without hems and linings.
        vertices: Of that body [B, 3] [m].
        body_faces: [F_body, 3].
    """
    turned = _looks_in(points, faces, vertices, body_faces)
    if not turned.any():
        return turned
    areas = face_areas(points, faces).astype(np.float64)
    found = edges(faces)
    beside = _beside(found.face_edges)
    for _ in range(_PASSES):
        votes = beside @ turned - 0.5 * (np.asarray(beside.sum(axis=1)).ravel())
        turned = votes + turned - 0.5 > 0
    turned = _without_small(turned, areas, beside)
    whole = _with_upper(turned, areas, beside)
    ends = (found.face_counts[found.face_edges] == 1).any(axis=1) | (whole & ~turned)
    piece = _pieces(whole, beside)
    whole[whole] = (np.bincount(piece, weights=ends[whole]) > 0)[piece]
    return whole


def _looks_in(points: FloatArray, faces: IntArray, vertices: FloatArray, body_faces: IntArray) -> Mask:
    """Return the triangles bool [F] that look at the skin and lie on other cloth, one by one."""
    centres = np.asarray(points, np.float64)[faces].mean(axis=1)
    normals = face_normals(points, faces).astype(np.float64)
    closest = Surface(vertices, body_faces, sign="normal").closest(centres)
    to_skin = closest.points - centres
    looks = np.einsum("fc,fc->f", to_skin, normals) > TURNED * closest.distances
    found = np.flatnonzero(looks & (closest.distances < NEAR_SKIN))
    if not len(found):
        return np.zeros(len(faces), np.bool_)
    at, way = centres[found], normals[found]
    # not by rays: plies lie a millimetre apart, and coarse ones cross
    lies = Surface(points, faces, sign="normal").closest_facing(at, -way, cosine=TURNED, reach=LIES_ON).triangles >= 0
    limb = Surface(vertices, body_faces[:, ::-1], sign="normal").exits(at, -way, cosine=0.0, reach=LIMB) > 0
    turned = np.zeros(len(faces), np.bool_)
    turned[found] = lies & ~limb
    return turned


def _beside(across: IntArray) -> sparse.csr_matrix:
    """Return which triangles share an edge [F, F], from the edges [F, 3] of each."""
    count = len(across)
    at = sparse.csr_matrix((np.ones(3 * count), (np.repeat(np.arange(count), 3), across.reshape(-1))))
    beside = sparse.csr_matrix(at @ at.T)
    beside.setdiag(0)
    beside.eliminate_zeros()
    return beside


def _pieces(chosen: Mask, beside: sparse.csr_matrix) -> NDArray[np.int32]:
    """Return the number of the connected piece of each chosen triangle, in their order."""
    inside = np.flatnonzero(chosen)
    return np.asarray(sparse.csgraph.connected_components(beside[inside][:, inside], directed=False)[1], np.int32)


def _without_small(turned: Mask, areas: NDArray[np.float64], beside: sparse.csr_matrix) -> Mask:
    """Return the turned triangles without pieces that are no more than a crease."""
    piece = _pieces(turned, beside)
    kept = turned.copy()
    kept[turned] = np.bincount(piece, weights=areas[turned])[piece] >= LEAST
    return kept


def _with_upper(turned: Mask, areas: NDArray[np.float64], beside: sparse.csr_matrix) -> Mask:
    """Return the turned triangles and the smaller pieces that hang on them alone."""
    rest = ~turned
    if not turned.any() or not rest.any():
        return turned & rest
    inner, piece = _pieces(turned, beside), _pieces(rest, beside)
    own, own_rest = np.bincount(inner, weights=areas[turned]), np.bincount(piece, weights=areas[rest])
    rows, columns = beside[np.flatnonzero(rest)][:, np.flatnonzero(turned)].nonzero()
    touching = np.zeros(len(own_rest))
    meets = np.unique(np.stack([piece[rows], inner[columns]], axis=1), axis=0)
    np.add.at(touching, meets[:, 0], own[meets[:, 1]])
    whole = turned.copy()
    whole[rest] = (own_rest < UPPER * touching)[piece]
    return whole
