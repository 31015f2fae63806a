"""Normals of triangle meshes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TINY = 1e-20  # keeps zero-area faces and loose points finite: their normal is zero


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, TINY), np.float32)


def _area_vectors(points: NDArray[np.floating], faces: NDArray[np.integer]) -> NDArray[np.float64]:
    a, b, c = (np.asarray(points[faces[:, k]], np.float64) for k in range(3))
    return np.cross(b - a, c - a)


def face_normals(points: NDArray[np.floating], faces: NDArray[np.integer]) -> NDArray[np.float32]:
    """Return unit normals [F, 3] of the faces [F, 3] over points [V, 3]; a face without area has normal zero."""
    return _unit(_area_vectors(points, faces))


def face_areas(points: NDArray[np.floating], faces: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the areas [m²], shape [F]."""
    return np.asarray(0.5 * np.linalg.norm(_area_vectors(points, faces), axis=1))


def vertex_normals(points: NDArray[np.floating], faces: NDArray[np.integer]) -> NDArray[np.float32]:
    """Return area-weighted unit normals [V, 3]; a point without faces has normal zero."""
    area_vectors = _area_vectors(points, faces)
    corners = faces.reshape(-1)
    repeated = np.repeat(area_vectors, 3, axis=0)
    summed = np.stack([np.bincount(corners, weights=repeated[:, k], minlength=len(points)) for k in range(3)], axis=1)
    return _unit(np.asarray(summed, np.float64))
