"""Warp kernels of the push-out."""

from __future__ import annotations

import warp as wp

from dressform.runtime.geometry.triangles import closest_barycentrics

# two surfaces that a point must clear may each be met short by this part, so that opposite ones meet in the middle and
# a sharp wedge does not throw a point far out
YIELD = wp.constant(0.1)
# cosines between the normals of two triangles up to which they are other sides of a limb, and from which on the same
OTHER_SIDE = wp.constant(0.2)
SAME_SIDE = wp.constant(0.9)
ONE_PLANE = wp.constant(0.3)  # between minus this and this, two triangles are less and more alike
TIED = wp.constant(1.0e-4)  # weight of the nearest triangle where three are equally near
CLEAR = wp.constant(0.02)  # [m] further over its gap than this, a point needs no second triangle
DEEP = wp.constant(0.01)  # [m] nearer to its skin than this, a point is on one side of every limb


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


@wp.func
def alike(first: wp.int32, second: wp.int32, area_vectors: wp.array(dtype=wp.vec3)) -> float:
    # how much two triangles can be taken for one plane, from 0 to 1
    cosine = wp.dot(wp.normalize(area_vectors[first]), wp.normalize(area_vectors[second]))
    return wp.clamp(0.5 + 0.5 * cosine / ONE_PLANE, 0.0, 1.0)


@wp.func
def other_side(
    first: wp.int32,
    apart: float,
    f: wp.int32,
    centres: wp.array(dtype=wp.vec3),
    area_vectors: wp.array(dtype=wp.vec3),
) -> float:
    # how far, from 0 to 1, triangle f is another side of the limb that a point is in; `first` is nearest, at `apart`
    own = wp.normalize(area_vectors[first])
    cosine = wp.dot(own, wp.normalize(area_vectors[f]))
    unlike = wp.clamp((SAME_SIDE - cosine) / (SAME_SIDE - OTHER_SIDE), 0.0, 1.0)
    # beneath the first: in a crease, such as under an arm, it is above and both sides have to be cleared
    beneath = wp.dot(centres[first] - centres[f], own)
    return unlike * wp.clamp(beneath / apart, 0.0, 1.0)


@wp.func
def level(
    p: wp.vec3,
    points: wp.array(dtype=wp.vec3),
    row: wp.int32,
    candidates: wp.array2d(dtype=wp.int32),
    gap: float,
    fade: wp.vec3,
    faces: wp.array2d(dtype=wp.int32),
    corners: wp.array2d(dtype=wp.int32),
    centres: wp.array(dtype=wp.vec3),
    area_vectors: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
) -> Plane:
    # the plane through the nearest two candidates; the second counts less the nearer the third is, so that nothing
    # jumps when these change places
    first = wp.int32(-1)
    second = wp.int32(-1)
    first_gap = wp.float32(1.0e9)
    second_gap = wp.float32(1.0e9)
    third_gap = wp.float32(1.0e9)
    for k in range(candidates.shape[1]):
        f = candidates[row, k]
        if f < 0:
            break
        apart = wp.length_sq(p - centres[f])
        if apart < first_gap:
            third_gap = second_gap
            second = first
            second_gap = first_gap
            first = f
            first_gap = apart
        elif apart < second_gap:
            third_gap = second_gap
            second = f
            second_gap = apart
        elif apart < third_gap:
            third_gap = apart
    plane = Plane()
    if first < 0:
        return plane
    normal = wp.vec3(0.0, 0.0, 0.0)
    height = wp.float32(0.0)
    concern = wp.float32(0.0)
    weights = wp.float32(0.0)
    nearest = wp.sqrt(first_gap + 1.0e-8)
    for turn in range(2):
        f = first
        near = wp.max(1.0 - wp.sqrt(first_gap / third_gap), 0.0)
        near = near * near + TIED
        if turn == 1:
            f = second
            near = wp.max(1.0 - wp.sqrt(second_gap / third_gap), 0.0)
            near *= near * first_gap / second_gap
            if f >= 0:
                near *= 1.0 - other_side(first, nearest, f, centres, area_vectors)
                near *= alike(first, f, area_vectors)
        if f >= 0 and near > 0.0:
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
            here *= wp.clamp(2.0 + 2.0 * up / fade[2], 0.0, 1.0)
            normal += near * n
            height += near * up
            concern += near * here
            weights += near
            if up > gap + CLEAR:
                break
    plane.normal = wp.normalize(normal)
    plane.need = gap - height / weights
    plane.concern = concern / weights
    if plane.concern > 0.0 and plane.need > gap and first_gap > DEEP * DEEP:
        # near the middle of a limb no side has a say, or points would jump from one to another
        for k in range(candidates.shape[1]):
            f = candidates[row, k]
            if f < 0:
                break
            if f != first:
                share = first_gap / wp.length_sq(p - centres[f])
                plane.concern *= 1.0 - share * share * other_side(first, nearest, f, centres, area_vectors)
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
            span = (1.0 + short) * (1.0 + short) - cosine * cosine + 1.0e-6
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
    faces: wp.array2d(dtype=wp.int32),
    corners: wp.array2d(dtype=wp.int32),
    centres: wp.array(dtype=wp.vec3),
    area_vectors: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    # outputs
    met: wp.array(dtype=Planes),
    moves: wp.array(dtype=wp.vec3),
) -> None:
    i = wp.tid()
    p = points[moved[i]]
    planes = Planes()
    planes.under = level(p, points, i, below, below_gap, below_fade, faces, corners, centres, area_vectors, normals)
    planes.over = level(p, points, i, facing, facing_gap, facing_fade, faces, corners, centres, area_vectors, normals)
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
