"""Warp kernels of the push-out."""

from __future__ import annotations

import warp as wp

# two surfaces that a point must clear may each be met short by this part, so that opposite ones meet in the middle and
# a sharp wedge does not throw a point far out
YIELD = wp.constant(0.1)
BLEND = wp.constant(0.02)  # [m] a triangle further off than the nearest by this no longer counts at the surface
WIDER = wp.constant(3.0)  # deep inside more of them count, by this part of the depth, both squared
STEPS = wp.constant(12)  # from corner to corner that a walk to what cloth lies on takes at most
CLEAR = wp.constant(0.03)  # [m] further over its gap than this, a point needs no closer look


@wp.struct
class Plane:
    """A surface as one point sees it; without concern where there is none."""

    normal: wp.vec3
    need: float  # how far the point is from its gap over the surface, negative where it is clear [m]
    concern: float


@wp.struct
class Planes:
    """What one point lies on and what it may run into."""

    under: Plane
    over: Plane


@wp.kernel
def face_planes(
    points: wp.array(dtype=wp.vec3),
    faces: wp.array2d(dtype=wp.int32),
    # outputs
    centres: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
) -> None:
    f = wp.tid()
    a = points[faces[f, 0]]
    b = points[faces[f, 1]]
    c = points[faces[f, 2]]
    centres[f] = (a + b + c) / 3.0
    normals[f] = wp.normalize(wp.cross(b - a, c - a))


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
    row: wp.int32,
    candidates: wp.array2d(dtype=wp.int32),
    gap: float,
    fade: wp.vec3,
    centres: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
) -> Plane:
    # the mean of the planes of the candidates, the nearer the more, none at once: nothing jumps as the point moves on
    plane = Plane()
    nearest = wp.float32(1.0e9)
    first = wp.int32(-1)
    for k in range(candidates.shape[1]):
        f = candidates[row, k]
        if f < 0:
            break
        apart = wp.length_sq(p - centres[f])
        if apart < nearest:
            nearest = apart
            first = f
    if first < 0:
        return plane
    if wp.dot(p - centres[first], normals[first]) > gap + CLEAR:
        return plane
    normal = wp.vec3(0.0, 0.0, 0.0)
    height = wp.float32(0.0)
    aside = wp.float32(0.0)
    weights = wp.float32(0.0)
    reach = (1.0 + WIDER) * nearest + BLEND * BLEND
    for k in range(candidates.shape[1]):
        f = candidates[row, k]
        if f < 0:
            break
        off = p - centres[f]
        apart = wp.length_sq(off)
        if apart < reach:
            near = reach - apart
            near *= near
            up = wp.dot(off, normals[f])
            normal += near * normals[f]
            height += near * up
            aside += near * wp.sqrt(wp.max(apart - up * up, 0.0))
            weights += near
    height /= weights
    aside /= weights
    plane.normal = wp.normalize(normal)
    plane.need = gap - height
    plane.concern = wp.clamp((fade[1] - aside) / (fade[1] - fade[0]), 0.0, 1.0)
    plane.concern *= wp.clamp(3.0 * (1.0 + height / fade[2]), 0.0, 1.0)
    return plane


@wp.func
def cleared(need: float, other: float, planes: Planes) -> wp.vec3:
    # the shortest move that brings a point up by `need` from what it lies on and by `other` from what it runs into;
    # between surfaces that leave no room, to the middle
    under = planes.under.normal
    over = planes.over.normal
    a = planes.under.concern
    b = planes.over.concern
    alone = wp.max(need, 0.0) * under
    apart = wp.max(other, 0.0) * over
    both = wp.vec3(0.0, 0.0, 0.0)
    if need > 0.0 or other > 0.0:
        cosine = wp.dot(under, over)
        first = need - cosine * other
        second = other - cosine * need
        if need > 0.0 and second <= 0.0:
            both = alone
        elif other > 0.0 and first <= 0.0:
            both = apart
        else:
            # what is met short grows from nothing as the second surface begins to matter
            short = YIELD * wp.min(2.0 * wp.min(first, second) / (wp.abs(need) + wp.abs(other)), 1.0)
            # (1 + short)² − cosine², which would lose its digits where both normals are nearly one line
            span = short * (2.0 + short) + wp.length_sq(wp.cross(under, over)) + 1.0e-3
            both = ((first + short * need) / span) * under + ((second + short * other) / span) * over
    return a * (b * both + (1.0 - b) * alone) + (1.0 - a) * b * apart


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
    centres: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    # outputs
    met: wp.array(dtype=Planes),
    moves: wp.array(dtype=wp.vec3),
) -> None:
    i = wp.tid()
    p = points[moved[i]]
    planes = Planes()
    planes.under = level(p, i, below, below_gap, below_fade, centres, normals)
    planes.over = level(p, i, facing, facing_gap, facing_fade, centres, normals)
    move = cleared(planes.under.need, planes.over.need, planes)
    moves[i] = move
    # from here on what the point still has to keep: what this move reached, or the room that there was
    planes.under.need = wp.min(planes.under.need, wp.dot(move, planes.under.normal))
    planes.over.need = wp.min(planes.over.need, wp.dot(move, planes.over.normal))
    met[i] = planes


@wp.kernel
def diffuse(
    met: wp.array(dtype=Planes),
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
    if wp.length_sq(move) > 0.0:
        planes = met[i]
        need = planes.under.need - wp.dot(move, planes.under.normal)
        other = planes.over.need - wp.dot(move, planes.over.normal)
        if need > 0.0 or other > 0.0:
            move += cleared(need, other, planes)
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
