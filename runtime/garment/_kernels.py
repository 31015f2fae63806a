"""Warp kernels of the push-out."""

from __future__ import annotations

import warp as wp

from dressform.runtime.geometry.triangles import closest_barycentrics

# two surfaces that a point must clear may each be met short by this part, so that opposite ones meet in the middle and
# a sharp wedge does not throw a point far out
YIELD = wp.constant(0.1)
STEPS = wp.constant(12)  # from corner to corner that a walk to what cloth lies on takes at most


@wp.struct
class Plane:
    """A surface as one point sees it; without concern where there is none."""

    normal: wp.vec3
    height: float
    concern: float


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
def seek(
    points: wp.array(dtype=wp.vec3),
    moved: wp.array(dtype=wp.int32),
    begins: wp.array(dtype=wp.int32),
    corner_points: wp.array(dtype=wp.int32),
    starts: wp.array(dtype=wp.int32),
    neighbours: wp.array(dtype=wp.int32),
    around_starts: wp.array(dtype=wp.int32),
    around: wp.array(dtype=wp.int32),
    # outputs
    candidates: wp.array2d(dtype=wp.int32),
) -> None:
    # from where the point lies at rest, walk over the surface to the corner that is nearest now
    i = wp.tid()
    v = begins[i]
    if v < 0:
        return
    p = points[moved[i]]
    nearest = wp.length_sq(p - points[corner_points[v]])
    step = wp.int32(0)
    while step < STEPS:
        ahead = wp.int32(-1)
        for k in range(starts[v], starts[v + 1]):
            apart = wp.length_sq(p - points[corner_points[neighbours[k]]])
            if apart < nearest:
                nearest = apart
                ahead = neighbours[k]
        if ahead < 0:
            step = STEPS
        else:
            v = ahead
            step += 1
    begin = around_starts[v]
    count = around_starts[v + 1] - begin
    for k in range(candidates.shape[1]):
        if k < count:
            candidates[i, k] = around[begin + k]
        else:
            candidates[i, k] = -1


@wp.func
def level(
    p: wp.vec3,
    points: wp.array(dtype=wp.vec3),
    row: wp.int32,
    candidates: wp.array2d(dtype=wp.int32),
    faces: wp.array2d(dtype=wp.int32),
    corners: wp.array2d(dtype=wp.int32),
    centres: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    fade: wp.vec3,
) -> Plane:
    # the plane through the nearest two candidates: its normal, the height of p over it, and how much it concerns p
    first = wp.int32(-1)
    second = wp.int32(-1)
    first_gap = wp.float32(1.0e9)
    second_gap = wp.float32(1.0e9)
    for k in range(candidates.shape[1]):
        f = candidates[row, k]
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
    normal = wp.vec3(0.0, 0.0, 0.0)
    height = wp.float32(0.0)
    concern = wp.float32(0.0)
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
            up = wp.dot(off, n)
            aside = wp.length(off - up * n)
            here = wp.clamp((fade[1] - aside) / (fade[1] - fade[0]), 0.0, 1.0)
            here *= wp.clamp(3.0 + 3.0 * up / fade[2], 0.0, 1.0)
            near = 1.0 / (wp.length_sq(off) + 1.0e-8)
            near *= near
            normal += near * n
            height += near * up
            concern += near * here
            weights += near
    plane = Plane()
    if weights > 0.0:
        plane.normal = wp.normalize(normal)
        plane.height = height / weights
        plane.concern = concern / weights
    return plane


@wp.kernel
def push(
    points: wp.array(dtype=wp.vec3),
    moved: wp.array(dtype=wp.int32),
    below: wp.array2d(dtype=wp.int32),
    below_gap: float,
    below_fade: wp.vec3,
    facing: wp.array2d(dtype=wp.int32),
    facing_gap: float,
    facing_fade: wp.vec3,
    faces: wp.array2d(dtype=wp.int32),
    corners: wp.array2d(dtype=wp.int32),
    centres: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    # outputs
    pushes: wp.array(dtype=wp.vec3),
    moves: wp.array(dtype=wp.vec3),
) -> None:
    i = wp.tid()
    p = points[moved[i]]
    under = level(p, points, i, below, faces, corners, centres, normals, below_fade)
    over = level(p, points, i, facing, faces, corners, centres, normals, facing_fade)
    need = below_gap - under.height
    other = facing_gap - over.height
    cosine = wp.dot(under.normal, over.normal)
    alone = wp.max(need, 0.0) * under.normal
    apart = wp.max(other, 0.0) * over.normal
    # the shortest move that clears both; between surfaces that leave no room, the middle
    both = wp.vec3(0.0, 0.0, 0.0)
    if need > 0.0 or other > 0.0:
        if need > 0.0 and cosine * need >= other:
            both = alone
        elif other > 0.0 and cosine * other >= need:
            both = apart
        else:
            span = (1.0 + YIELD) * (1.0 + YIELD) - cosine * cosine
            both = (((1.0 + YIELD) * need - cosine * other) / span) * under.normal
            both += (((1.0 + YIELD) * other - cosine * need) / span) * over.normal
    a = under.concern
    b = over.concern
    result = a * (b * both + (1.0 - b) * alone) + (1.0 - a) * b * apart
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


@wp.kernel
def follow(
    followers: wp.array(dtype=wp.int32),
    corners: wp.array2d(dtype=wp.int32),
    barycentrics: wp.array(dtype=wp.vec3),
    offsets: wp.array(dtype=wp.vec3),
    # outputs
    points: wp.array(dtype=wp.vec3),
) -> None:
    i = wp.tid()
    a = points[corners[i, 0]]
    b = points[corners[i, 1]]
    c = points[corners[i, 2]]
    tangent = wp.normalize(b - a)
    normal = wp.normalize(wp.cross(b - a, c - a))
    w = barycentrics[i]
    off = offsets[i]
    base = a * w[0] + b * w[1] + c * w[2]
    points[followers[i]] = base + tangent * off[0] + wp.cross(normal, tangent) * off[1] + normal * off[2]
