"""Warp kernels of the mesh queries."""

from __future__ import annotations

import warp as wp

from .triangles import closest_barycentrics


@wp.kernel
def closest_kernel(
    mesh: wp.uint64,
    queries: wp.array(dtype=wp.vec3),
    reach: float,
    # outputs
    triangles: wp.array(dtype=wp.int32),
    barycentrics: wp.array(dtype=wp.vec3),
    points: wp.array(dtype=wp.vec3),
    distances: wp.array(dtype=float),
):
    i = wp.tid()
    q = queries[i]
    hit = wp.mesh_query_point_no_sign(mesh, q, reach)
    triangles[i] = -1
    if hit.result:
        p = wp.mesh_eval_position(mesh, hit.face, hit.u, hit.v)
        triangles[i] = hit.face
        barycentrics[i] = wp.vec3(hit.u, hit.v, 1.0 - hit.u - hit.v)
        points[i] = p
        distances[i] = wp.length(q - p)


@wp.kernel
def closest_facing_kernel(
    mesh: wp.uint64,
    queries: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    cosine: float,
    reach: float,
    # outputs
    triangles: wp.array(dtype=wp.int32),
    barycentrics: wp.array(dtype=wp.vec3),
    points: wp.array(dtype=wp.vec3),
    distances: wp.array(dtype=float),
):
    i = wp.tid()
    q = queries[i]
    around = wp.vec3(reach, reach, reach)
    best = wp.float32(reach)
    best_face = wp.int32(-1)
    face = wp.int32(0)
    query = wp.mesh_query_aabb(mesh, q - around, q + around)
    while wp.mesh_query_aabb_next(query, face):
        a = wp.mesh_get_point(mesh, 3 * face)
        b = wp.mesh_get_point(mesh, 3 * face + 1)
        c = wp.mesh_get_point(mesh, 3 * face + 2)
        normal = wp.cross(b - a, c - a)
        area = wp.length(normal)
        if area > 1.0e-10 and wp.dot(normal, normals[i]) >= cosine * area:
            w = closest_barycentrics(q, a, b, c)
            p = w[0] * a + w[1] * b + w[2] * c
            apart = wp.length(q - p)
            if apart < best or (apart == best and face < best_face):
                best = apart
                best_face = face
                barycentrics[i] = w
                points[i] = p
    triangles[i] = best_face
    distances[i] = best


@wp.kernel
def signed_by_winding_kernel(
    mesh: wp.uint64,
    queries: wp.array(dtype=wp.vec3),
    reach: float,
    accuracy: float,
    # outputs
    distances: wp.array(dtype=float),
):
    i = wp.tid()
    q = queries[i]
    hit = wp.mesh_query_point_sign_winding_number(mesh, q, reach, accuracy, 0.5)
    distances[i] = hit.sign * wp.length(q - wp.mesh_eval_position(mesh, hit.face, hit.u, hit.v))


@wp.kernel
def signed_by_normal_kernel(
    mesh: wp.uint64,
    queries: wp.array(dtype=wp.vec3),
    reach: float,
    # outputs
    distances: wp.array(dtype=float),
):
    i = wp.tid()
    q = queries[i]
    hit = wp.mesh_query_point_sign_normal(mesh, q, reach, 1.0e-3)
    distances[i] = hit.sign * wp.length(q - wp.mesh_eval_position(mesh, hit.face, hit.u, hit.v))


@wp.kernel
def cover_texels_kernel(
    uv: wp.array(dtype=wp.vec2),
    faces: wp.array2d(dtype=wp.int32),
    resolution: int,
    # outputs
    lowest: wp.array2d(dtype=wp.int32),
    highest: wp.array2d(dtype=wp.int32),
):
    """Note in every texel the lowest and the highest triangle whose inside holds the texel's centre."""
    t = wp.tid()
    scale = float(resolution)
    a = uv[faces[t, 0]] * scale
    b = uv[faces[t, 1]] * scale
    c = uv[faces[t, 2]] * scale
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    if wp.abs(area) < 1.0e-9:
        return
    x0 = wp.max(0, int(wp.floor(wp.min(wp.min(a[0], b[0]), c[0]))))
    x1 = wp.min(resolution - 1, int(wp.floor(wp.max(wp.max(a[0], b[0]), c[0]))))
    y0 = wp.max(0, int(wp.floor(wp.min(wp.min(a[1], b[1]), c[1]))))
    y1 = wp.min(resolution - 1, int(wp.floor(wp.max(wp.max(a[1], b[1]), c[1]))))
    # a texel counts when its centre is inside by a hundredth of a texel, so that shared edges never count
    edge = 0.01 / wp.sqrt(wp.abs(area))
    for y in range(y0, y1 + 1):
        for x in range(x0, x1 + 1):
            px = float(x) + 0.5
            py = float(y) + 0.5
            wa = ((b[0] - px) * (c[1] - py) - (b[1] - py) * (c[0] - px)) / area
            wb = ((c[0] - px) * (a[1] - py) - (c[1] - py) * (a[0] - px)) / area
            wc = 1.0 - wa - wb
            if wa > edge and wb > edge and wc > edge:
                wp.atomic_min(lowest, y, x, t)
                wp.atomic_max(highest, y, x, t)
