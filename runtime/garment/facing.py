"""The closest point of a surface that faces the same way as the cloth over it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import face_areas, face_normals, vertex_normals

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.integer]

FACING = 0.2  # least cosine between the normals of cloth and skin for the cloth to hang on that skin
NEARBY_TRIANGLES = 256  # how far around a badly facing closest triangle a better one is sought


def facing_closest(
    points: FloatArray, normals: FloatArray, vertices: FloatArray, faces: IntArray
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the closest triangle int32 [V] and barycentrics float32 [V, 3] that face the way of each point's normal.

    So the inside of one trouser leg never finds the other leg, nor a sleeve the chest. A point around which nothing
    faces its way gets the closest triangle as it is.

    Args:
        points: Cloth points [V, 3] [m].
        normals: Outward cloth normals [V, 3].
        vertices: Of the surface below [B, 3] [m].
        faces: Of the surface below [F, 3].
    """
    closest = Surface(vertices, faces).closest(points)
    triangles, barycentrics = closest.triangles.copy(), closest.barycentrics.copy()
    skin = vertex_normals(vertices, faces)
    smooth = np.einsum("vk,vkc->vc", barycentrics, skin[faces[triangles]])
    wrong = np.flatnonzero(np.einsum("vc,vc->v", smooth, normals) < FACING)
    if not len(wrong):
        return triangles, barycentrics
    flat = face_normals(vertices, faces)
    solid = np.flatnonzero(face_areas(vertices, faces) > 1e-10)
    corners = np.asarray(vertices, np.float64)[faces]
    tree = cKDTree(corners[solid].mean(axis=1))
    count = min(NEARBY_TRIANGLES, len(solid))
    for some in np.array_split(wrong, 1 + len(wrong) // 512):
        asked = np.asarray(points[some], np.float64)
        near = solid[np.asarray(tree.query(asked, k=count)[1]).reshape(len(some), count)]
        a, b, c = (corners[near, k] for k in range(3))
        where = closest_on_triangles(np.broadcast_to(asked[:, None], a.shape), a, b, c)
        apart = np.linalg.norm(np.einsum("qnk,qnkc->qnc", where, corners[near]) - asked[:, None], axis=-1)
        apart[np.einsum("qnc,qc->qn", flat[near], normals[some]) < FACING] = np.inf
        best = np.argmin(apart, axis=1)
        rows = np.flatnonzero(np.isfinite(apart[np.arange(len(some)), best]))
        triangles[some[rows]] = near[rows, best[rows]]
        barycentrics[some[rows]] = where[rows, best[rows]]
    return triangles, barycentrics


def closest_on_triangles(
    points: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the barycentrics [..., 3] of the closest point of each triangle (a, b, c) [..., 3] to each point."""

    def clamp(value: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.clip(value, 0.0, 1.0)

    def dot(u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.einsum("...k,...k->...", u, v))

    ab, ac, ap = b - a, c - a, points - a
    d00, d01, d11 = dot(ab, ab), dot(ab, ac), dot(ac, ac)
    d20, d21 = dot(ap, ab), dot(ap, ac)
    determinant = np.maximum(d00 * d11 - d01 * d01, 1e-30)
    v, w = (d11 * d20 - d01 * d21) / determinant, (d00 * d21 - d01 * d20) / determinant
    inside = np.stack([1 - v - w, v, w], axis=-1)
    # outside the triangle the closest point is the best of those on its three edges
    t_ab, t_ac = clamp(d20 / np.maximum(d00, 1e-30)), clamp(d21 / np.maximum(d11, 1e-30))
    bc = c - b
    t_bc = clamp(dot(points - b, bc) / np.maximum(dot(bc, bc), 1e-30))
    zero = np.zeros_like(t_ab)
    on_edges = np.stack(
        [
            np.stack([1 - t_ab, t_ab, zero], axis=-1),
            np.stack([zero, 1 - t_bc, t_bc], axis=-1),
            np.stack([1 - t_ac, zero, t_ac], axis=-1),
        ]
    )
    corners = np.stack([a, b, c], axis=-2)
    gaps = np.linalg.norm(np.einsum("e...k,...kc->e...c", on_edges, corners) - points, axis=-1)
    best = np.take_along_axis(on_edges, np.argmin(gaps, axis=0)[None, ..., None], axis=0)[0]
    return np.where((inside >= 0).all(axis=-1, keepdims=True), inside, best)
