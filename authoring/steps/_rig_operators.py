"""Operators on triangle meshes that stay well behaved on slivers."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

# a cotangent beyond these belongs to a sliver; clipping keeps the operator positive and well conditioned
_COTANGENT_RANGE = (0.05, 20.0)


def cotangent_weights(points: NDArray[np.floating], faces: NDArray[np.int32]) -> sp.csr_matrix:
    """Return the symmetric matrix [V, V] of edge weights (half the sum of the opposite cotangents, clipped)."""
    rows, columns, values = [], [], []
    for corner in range(3):
        i, j, k = faces[:, corner], faces[:, (corner + 1) % 3], faces[:, (corner + 2) % 3]
        u, v = points[i].astype(np.float64) - points[k], points[j].astype(np.float64) - points[k]
        cosine = np.einsum("fc,fc->f", u, v)
        sine = np.linalg.norm(np.cross(u, v), axis=1)
        cotangent = np.clip(cosine / np.maximum(sine, 1e-12), *_COTANGENT_RANGE) / 2
        rows += [i, j]
        columns += [j, i]
        values += [cotangent, cotangent]
    where = (np.concatenate(rows), np.concatenate(columns))
    return sp.csr_matrix((np.concatenate(values), where), shape=(len(points), len(points)))


def laplacian(points: NDArray[np.floating], faces: NDArray[np.int32]) -> sp.csr_matrix:
    """Return the positive semi-definite cotangent Laplacian [V, V]."""
    weights = cotangent_weights(points, faces)
    return sp.csr_matrix(sp.diags(np.asarray(weights.sum(axis=1)).ravel()) - weights)


def vertex_masses(points: NDArray[np.floating], faces: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return a third of the area of the triangles around each vertex [m^2], float64 [V], above zero."""
    corners = points[faces].astype(np.float64)
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    masses = np.bincount(faces.ravel(), np.repeat(areas / 3, 3), minlength=len(points))
    floor = max(float(masses.mean()) * 1e-3, 1e-12)
    return np.asarray(np.maximum(masses, floor), np.float64)


def grown(mask: NDArray[np.bool_], faces: NDArray[np.int32], rings: int) -> NDArray[np.bool_]:
    """Return a face mask [F] grown by rings of faces that share a vertex; a negative number shrinks it."""
    if rings < 0:
        return np.asarray(~grown(~mask, faces, -rings), np.bool_)
    touched = np.zeros(int(faces.max(initial=-1)) + 1, bool)
    for _ in range(rings):
        touched[:] = False
        touched[faces[mask].ravel()] = True
        mask = np.asarray(touched[faces].any(axis=1), np.bool_)
    return mask
