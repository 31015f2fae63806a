"""Warp kernels of the push-out."""

from __future__ import annotations

import warp as wp

from dressform.runtime.geometry.triangles import closest_barycentrics


@wp.kernel
def face_frames(
    points: wp.array(dtype=wp.vec3),
    faces: wp.array2d(dtype=wp.int32),
    # outputs
    centres: wp.array(dtype=wp.vec3),
    area_vectors: wp.array(dtype=wp.vec3),
) -> None:
    f = wp.tid()
    a = points[faces[f, 0]]
    b = points[faces[f, 1]]
    c = points[faces[f, 2]]
    centres[f] = (a + b + c) / 3.0
    area_vectors[f] = wp.cross(b - a, c - a)


@wp.kernel
def corner_normals(
    area_vectors: wp.array(dtype=wp.vec3),
    starts: wp.array(dtype=wp.int32),
    around: wp.array(dtype=wp.int32),
    # outputs
    normals: wp.array(dtype=wp.vec3),
) -> None:
    v = wp.tid()
    total = wp.vec3(0.0, 0.0, 0.0)
    for k in range(starts[v], starts[v + 1]):
        total += area_vectors[around[k]]
    normals[v] = wp.normalize(total)


@wp.kernel
def push(
    points: wp.array(dtype=wp.vec3),
    moved: wp.array(dtype=wp.int32),
    candidates: wp.array2d(dtype=wp.int32),
    gaps: wp.array(dtype=float),
    faces: wp.array2d(dtype=wp.int32),
    corners: wp.array2d(dtype=wp.int32),
    centres: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    fade_from: float,
    fade_to: float,
    depth: float,
    # outputs
    pushes: wp.array(dtype=wp.vec3),
    moves: wp.array(dtype=wp.vec3),
) -> None:
    i = wp.tid()
    p = points[moved[i]]
    first = wp.int32(-1)
    second = wp.int32(-1)
    first_gap = wp.float32(1.0e9)
    second_gap = wp.float32(1.0e9)
    for k in range(candidates.shape[1]):
        f = candidates[i, k]
        if f >= 0:
            apart = wp.length_sq(p - centres[f])
            if apart < first_gap:
                second = first
                second_gap = first_gap
                first = f
                first_gap = apart
            elif apart < second_gap:
                second = f
                second_gap = apart
    total = wp.vec3(0.0, 0.0, 0.0)
    weights = wp.float32(0.0)
    for turn in range(2):
        f = first
        if turn == 1:
            f = second
        if f >= 0:
            a = points[faces[f, 0]]
            b = points[faces[f, 1]]
            c = points[faces[f, 2]]
            w = closest_barycentrics(p, a, b, c)
            off = p - (w[0] * a + w[1] * b + w[2] * c)
            n = wp.normalize(
                w[0] * normals[corners[f, 0]] + w[1] * normals[corners[f, 1]] + w[2] * normals[corners[f, 2]]
            )
            height = wp.dot(off, n)
            aside = wp.length(off - height * n)
            fade = wp.clamp((fade_to - aside) / (fade_to - fade_from), 0.0, 1.0)
            fade *= wp.clamp(3.0 + 3.0 * height / depth, 0.0, 1.0)
            near = 1.0 / (wp.length_sq(off) + 1.0e-8)
            near *= near
            total += (near * wp.max(gaps[i] - height, 0.0) * fade) * n
            weights += near
    result = wp.vec3(0.0, 0.0, 0.0)
    if weights > 0.0:
        result = total / weights
    pushes[i] = result
    moves[i] = result


@wp.kernel
def diffuse(
    pushes: wp.array(dtype=wp.vec3),
    moves: wp.array(dtype=wp.vec3),
    starts: wp.array(dtype=wp.int32),
    neighbours: wp.array(dtype=wp.int32),
    # outputs
    diffused: wp.array(dtype=wp.vec3),
) -> None:
    i = wp.tid()
    begin = starts[i]
    end = starts[i + 1]
    total = wp.vec3(0.0, 0.0, 0.0)
    for k in range(begin, end):
        total += moves[neighbours[k]]
    move = 0.5 * moves[i] + 0.5 * total / float(wp.max(end - begin, 1))
    least = wp.length(pushes[i])
    if least > 0.0:
        way = pushes[i] / least
        move += wp.max(least - wp.dot(move, way), 0.0) * way
    diffused[i] = move


@wp.kernel
def apply_moves(
    moves: wp.array(dtype=wp.vec3),
    moved: wp.array(dtype=wp.int32),
    # outputs
    points: wp.array(dtype=wp.vec3),
) -> None:
    i = wp.tid()
    points[moved[i]] = points[moved[i]] + moves[i]
