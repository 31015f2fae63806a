"""Warp kernels of the mesh queries, of triangles that cross, and of triangles and borders compared in a UV plane."""

from __future__ import annotations

import warp as wp

from .triangles import closest_barycentrics

NEARBY = wp.constant(0.125)  # share of its reach within which a search begins
WITHIN = wp.constant(0.999)  # share of a box's half side within which what was found is the nearest, rounding included


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
    best = wp.float32(reach)
    best_face = wp.int32(-1)
    face = wp.int32(0)
    # most find what they seek close by: a box that grows meets few triangles, and ends with the same one
    span = NEARBY * reach
    if cosine > 0.0 and wp.length(normals[i]) == 0.0:
        span = 0.0  # nothing faces the way of a point without faces
    while span > 0.0:
        around = wp.vec3(span, span, span)
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
        span = wp.where(span >= reach or best < WITHIN * span, 0.0, wp.min(2.0 * span, reach))
    triangles[i] = best_face
    distances[i] = best


@wp.kernel
def exits_kernel(
    mesh: wp.uint64,
    queries: wp.array(dtype=wp.vec3),
    ways: wp.array(dtype=wp.vec3),
    cosine: float,
    reach: float,
    # outputs
    distances: wp.array(dtype=float),
) -> None:
    tid = wp.tid()
    distances[tid] = 0.0
    way = ways[tid]
    hit = wp.mesh_query_ray(mesh, queries[tid], way, reach)
    if hit.result and wp.dot(hit.normal, way) > cosine:
        distances[tid] = hit.t


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


@wp.func
def corner(uv: wp.array(dtype=wp.vec2), faces: wp.array2d(dtype=wp.int32), face: int, k: int) -> wp.vec2d:
    p = uv[faces[face, k]]
    return wp.vec2d(wp.float64(p[0]), wp.float64(p[1]))


@wp.func
def side(a: wp.vec2d, b: wp.vec2d, p: wp.vec2d) -> wp.float64:
    """Return twice the area of a, b, p: positive where p lies left of the line."""
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


@wp.func
def parted(
    a0: wp.vec2d,
    a1: wp.vec2d,
    a2: wp.vec2d,
    b0: wp.vec2d,
    b1: wp.vec2d,
    b2: wp.vec2d,
    touch: wp.float64,
) -> bool:
    """Say whether a line along an edge of the first triangle has the second one on its outer side."""
    turn = wp.float64(1.0)
    if side(a0, a1, a2) < wp.float64(0.0):
        turn = wp.float64(-1.0)
    for k in range(3):
        p = a0
        q = a1
        if k == 1:
            p = a1
            q = a2
        if k == 2:
            p = a2
            q = a0
        slack = touch * wp.length(q - p)
        first = turn * side(p, q, b0)
        second = turn * side(p, q, b1)
        third = turn * side(p, q, b2)
        if first <= slack and second <= slack and third <= slack:
            return True
    return False


@wp.kernel
def overlap_kernel(
    bvh: wp.uint64,
    lows: wp.array(dtype=wp.vec3),
    highs: wp.array(dtype=wp.vec3),
    uv: wp.array(dtype=wp.vec2),
    faces: wp.array2d(dtype=wp.int32),
    touch: wp.float64,
    most: int,
    # outputs
    partners: wp.array2d(dtype=wp.int32),
):
    """Note for each triangle up to `most` triangles of a higher number whose inside meets its own."""
    t = wp.tid()
    a0 = corner(uv, faces, t, 0)
    a1 = corner(uv, faces, t, 1)
    a2 = corner(uv, faces, t, 2)
    if side(a0, a1, a2) == wp.float64(0.0):
        return
    found = wp.int32(0)
    other = wp.int32(0)
    query = wp.bvh_query_aabb(bvh, lows[t], highs[t])
    while wp.bvh_query_next(query, other):
        if other > t and found < most:
            b0 = corner(uv, faces, other, 0)
            b1 = corner(uv, faces, other, 1)
            b2 = corner(uv, faces, other, 2)
            apart = side(b0, b1, b2) == wp.float64(0.0)
            apart = apart or parted(a0, a1, a2, b0, b1, b2, touch) or parted(b0, b1, b2, a0, a1, a2, touch)
            if not apart:
                partners[t, found] = other
                found += 1
        if found == most:
            break


@wp.func
def to_segment(p: wp.vec2d, a: wp.vec2d, b: wp.vec2d) -> wp.float64:
    along = b - a
    share = wp.dot(p - a, along) / wp.max(wp.dot(along, along), wp.float64(1.0e-30))
    share = wp.clamp(share, wp.float64(0.0), wp.float64(1.0))
    return wp.length(p - a - share * along)


@wp.kernel
def gutter_kernel(
    bvh: wp.uint64,
    lows: wp.array(dtype=wp.vec3),
    highs: wp.array(dtype=wp.vec3),
    uv: wp.array(dtype=wp.vec2),
    ends: wp.array2d(dtype=wp.int32),
    charts: wp.array(dtype=wp.int32),
    reach: float,
    # outputs
    nearest: wp.array(dtype=wp.float64),
):
    """Find for each border edge the distance to the nearest border edge of another chart within reach."""
    t = wp.tid()
    a = corner(uv, ends, t, 0)
    b = corner(uv, ends, t, 1)
    around = wp.vec3(reach, reach, 0.0)
    best = wp.float64(1.0e30)
    other = wp.int32(0)
    query = wp.bvh_query_aabb(bvh, lows[t] - around, highs[t] + around)
    while wp.bvh_query_next(query, other):
        if charts[other] != charts[t]:
            c = corner(uv, ends, other, 0)
            d = corner(uv, ends, other, 1)
            best = wp.min(best, wp.min(to_segment(a, c, d), to_segment(b, c, d)))
            best = wp.min(best, wp.min(to_segment(c, a, b), to_segment(d, a, b)))
    nearest[t] = best


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
