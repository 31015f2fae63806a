"""The closest point of a triangle, as a function for Warp kernels and in numpy."""

from __future__ import annotations

import numpy as np
import warp as wp
from numpy.typing import NDArray


@wp.func  # type: ignore[untyped-decorator]  # Warp is untyped
def closest_barycentrics(p: wp.vec3, a: wp.vec3, b: wp.vec3, c: wp.vec3) -> wp.vec3:
    """Barycentrics of the closest point of a triangle, by Voronoi regions (Ericson, Real-Time Collision Detection)."""
    ab = b - a
    ac = c - a
    ap = p - a
    d1 = wp.dot(ab, ap)
    d2 = wp.dot(ac, ap)
    if d1 <= 0.0 and d2 <= 0.0:
        return wp.vec3(1.0, 0.0, 0.0)
    bp = p - b
    d3 = wp.dot(ab, bp)
    d4 = wp.dot(ac, bp)
    if d3 >= 0.0 and d4 <= d3:
        return wp.vec3(0.0, 1.0, 0.0)
    vc = d1 * d4 - d3 * d2
    if vc <= 0.0 and d1 >= 0.0 and d3 <= 0.0:
        v = d1 / wp.max(d1 - d3, 1.0e-20)
        return wp.vec3(1.0 - v, v, 0.0)
    cp = p - c
    d5 = wp.dot(ab, cp)
    d6 = wp.dot(ac, cp)
    if d6 >= 0.0 and d5 <= d6:
        return wp.vec3(0.0, 0.0, 1.0)
    vb = d5 * d2 - d1 * d6
    if vb <= 0.0 and d2 >= 0.0 and d6 <= 0.0:
        w = d2 / wp.max(d2 - d6, 1.0e-20)
        return wp.vec3(1.0 - w, 0.0, w)
    va = d3 * d6 - d5 * d4
    if va <= 0.0 and d4 - d3 >= 0.0 and d5 - d6 >= 0.0:
        w = (d4 - d3) / wp.max((d4 - d3) + (d5 - d6), 1.0e-20)
        return wp.vec3(0.0, 1.0 - w, w)
    scale = 1.0 / wp.max(va + vb + vc, 1.0e-20)
    return wp.vec3(1.0 - (vb + vc) * scale, vb * scale, vc * scale)


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
