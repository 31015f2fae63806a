# mypy: ignore-errors
"""Soft silhouettes: how surely each pixel lies in any face, and where that pushes the faces' corners."""

import warp as wp

wp.set_module_options({"enable_backward": False})


@wp.struct
class Nearest:
    """A point of a triangle's rim: the corners of its edge, the share of the second, the way from it to a pixel."""

    first: int
    second: int
    share: float
    offset: wp.vec2
    square: float


@wp.func
def toward_edge(p: wp.vec2, a: wp.vec2, b: wp.vec2, first: int, second: int) -> Nearest:
    edge = b - a
    length = wp.dot(edge, edge)
    share = 1.0
    if length > 1.0e-12:
        share = wp.clamp(wp.dot(p - a, edge) / length, 0.0, 1.0)
    found = Nearest()
    found.first = first
    found.second = second
    found.share = share
    found.offset = p - (a + edge * share)
    found.square = wp.dot(found.offset, found.offset)
    return found


@wp.func
def toward_rim(p: wp.vec2, a: wp.vec2, b: wp.vec2, c: wp.vec2) -> Nearest:
    best = toward_edge(p, a, b, 0, 1)
    other = toward_edge(p, b, c, 1, 2)
    if other.square < best.square:
        best = other
    other = toward_edge(p, c, a, 2, 0)
    if other.square < best.square:
        best = other
    return best


@wp.func
def double_area(a: wp.vec2, b: wp.vec2, c: wp.vec2) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


@wp.func
def is_inside(p: wp.vec2, a: wp.vec2, b: wp.vec2, c: wp.vec2, area: float) -> bool:
    return double_area(p, b, c) * area > 0.0 and double_area(a, p, c) * area > 0.0 and double_area(a, b, p) * area > 0.0


@wp.func
def reached(a: wp.vec2, b: wp.vec2, c: wp.vec2, reach: float, scale: float, width: int, height: int) -> wp.vec4i:
    """First and last column and row of pixels within `reach` of a triangle; units of 1 / scale pixels."""
    low = wp.vec2(wp.min(wp.min(a[0], b[0]), c[0]) - reach, wp.min(wp.min(a[1], b[1]), c[1]) - reach) / scale
    high = wp.vec2(wp.max(wp.max(a[0], b[0]), c[0]) + reach, wp.max(wp.max(a[1], b[1]), c[1]) + reach) / scale
    return wp.vec4i(
        int(wp.ceil(wp.clamp(low[0] - 0.5, 0.0, float(width)))),
        int(wp.floor(wp.clamp(high[0] - 0.5, -1.0, float(width - 1)))),
        int(wp.ceil(wp.clamp(low[1] - 0.5, 0.0, float(height)))),
        int(wp.floor(wp.clamp(high[1] - 0.5, -1.0, float(height - 1)))),
    )


@wp.func
def corner(screen: wp.array[wp.vec3], index: int, scale: float) -> wp.vec2:
    return wp.vec2(screen[index][0], screen[index][1]) * scale


@wp.func
def is_drawn(screen: wp.array[wp.vec3], faces: wp.array2d[wp.int32], face: int, area: float, least_area: float) -> bool:
    before = True
    for k in range(3):
        if not screen[faces[face, k]][2] > 0.0:
            before = False
    return before and wp.abs(area) > least_area and wp.isfinite(area)


@wp.kernel
def gather_doubt(
    screen: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    scale: float,
    sigma: float,
    farthest: float,
    least_area: float,
    # outputs
    log_clear: wp.array2d[float],
) -> None:
    """Add, for each pixel near one face, the logarithm of the probability that it lies outside that face."""
    face = wp.tid()
    a = corner(screen, faces[face, 0], scale)
    b = corner(screen, faces[face, 1], scale)
    c = corner(screen, faces[face, 2], scale)
    area = double_area(a, b, c)
    if not is_drawn(screen, faces, face, area, least_area):
        return
    box = reached(a, b, c, wp.sqrt(farthest), scale, log_clear.shape[1], log_clear.shape[0])
    for y in range(box[2], box[3] + 1):
        for x in range(box[0], box[1] + 1):
            p = wp.vec2(float(x) + 0.5, float(y) + 0.5) * scale
            found = toward_rim(p, a, b, c)
            signed = found.square
            if is_inside(p, a, b, c, area):
                signed = -signed
            if signed < farthest:
                ratio = signed / sigma
                # log sigmoid(ratio), without overflow
                wp.atomic_add(log_clear, y, x, wp.min(ratio, 0.0) - wp.log(1.0 + wp.exp(-wp.abs(ratio))))


@wp.kernel
def push_corners(
    screen: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    scale: float,
    sigma: float,
    farthest: float,
    least_area: float,
    upstream: wp.array2d[float],
    # outputs
    to_screen: wp.array[wp.vec3],
) -> None:
    """The backward pass of `gather_doubt`: carry the gradient of `log_clear` to the corners of one face."""
    face = wp.tid()
    a = corner(screen, faces[face, 0], scale)
    b = corner(screen, faces[face, 1], scale)
    c = corner(screen, faces[face, 2], scale)
    area = double_area(a, b, c)
    if not is_drawn(screen, faces, face, area, least_area):
        return
    total = wp.mat33(0.0)
    box = reached(a, b, c, wp.sqrt(farthest), scale, upstream.shape[1], upstream.shape[0])
    for y in range(box[2], box[3] + 1):
        for x in range(box[0], box[1] + 1):
            given = upstream[y, x]
            if given != 0.0:
                p = wp.vec2(float(x) + 0.5, float(y) + 0.5) * scale
                found = toward_rim(p, a, b, c)
                sign = 1.0
                if is_inside(p, a, b, c, area):
                    sign = -1.0
                if sign * found.square < farthest:
                    # d log sigmoid(r) / dr = 1 - sigmoid(r); d |offset|² / d end = -2 share offset
                    slope = given * sign / (sigma * (1.0 + wp.exp(sign * found.square / sigma)))
                    push = found.offset * (-2.0 * slope * scale)
                    total[found.first, 0] += (1.0 - found.share) * push[0]
                    total[found.first, 1] += (1.0 - found.share) * push[1]
                    total[found.second, 0] += found.share * push[0]
                    total[found.second, 1] += found.share * push[1]
    for k in range(3):
        wp.atomic_add(to_screen, faces[face, k], wp.vec3(total[k, 0], total[k, 1], 0.0))
