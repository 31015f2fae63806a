"""Warp kernels of the steps."""

from __future__ import annotations

import warp as wp


@wp.kernel
def covered_kernel(
    mesh: wp.uint64,
    origins: wp.array(dtype=wp.vec3),
    directions: wp.array(dtype=wp.vec3),
    reach: float,
    # outputs
    covered: wp.array(dtype=wp.bool),
) -> None:
    """Tell whether a ray leaves through cloth (seen from its inner side) within reach."""
    i = wp.tid()
    hit = wp.mesh_query_ray(mesh, origins[i], directions[i], reach)
    covered[i] = hit.result and wp.dot(hit.normal, directions[i]) > 0.0


@wp.kernel
def crossing_kernel(
    mesh: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    edges: wp.array2d(dtype=wp.int32),
    faces: wp.array2d(dtype=wp.int32),
    least: float,
    # outputs
    crossed: wp.array(dtype=wp.int32),
    crossing: wp.array(dtype=wp.int32),
) -> None:
    """Mark triangles that an edge of others goes through, both its ends further from the plane than `least`."""
    i = wp.tid()
    e0, e1 = edges[i, 0], edges[i, 1]
    p, q = points[e0], points[e1]
    face = wp.int32(0)
    query = wp.mesh_query_aabb(mesh, wp.min(p, q), wp.max(p, q))
    while wp.mesh_query_aabb_next(query, face):
        i0, i1, i2 = faces[face, 0], faces[face, 1], faces[face, 2]
        if e0 != i0 and e0 != i1 and e0 != i2 and e1 != i0 and e1 != i1 and e1 != i2:
            a, b, c = points[i0], points[i1], points[i2]
            normal = wp.cross(b - a, c - a)
            size = wp.length(normal)
            if size > 1.0e-12:
                n = normal / size
                over, under = wp.dot(p - a, n), wp.dot(q - a, n)
                if over * under < 0.0 and wp.abs(over) > least and wp.abs(under) > least:
                    x = p + (q - p) * (over / (over - under))
                    u = wp.dot(wp.cross(b - a, x - a), n)
                    v = wp.dot(wp.cross(c - b, x - b), n)
                    w = wp.dot(wp.cross(a - c, x - c), n)
                    if u > 0.0 and v > 0.0 and w > 0.0:
                        crossed[face] = 1
                        crossing[i] = 1
