# mypy: ignore-errors
# ruff: noqa: RUF046, UP018  (Warp wants variables that loops change to be made by their type)
"""The nearest layers of sheer cloth, at each sample of a picture and at each texel of the sun's map."""

import warp as wp

from dressform.runtime.geometry.simd.code import SIMD_OPTIONS

from ._kernels_opacity import LEAST_OPACITY, Cloth, Layers, has_hole, opacity_at, slanted, uv_area
from ._kernels_raster import edge_line, homogeneous, in_front, widen
from ._kernels_view import (
    BROKEN,
    DOUBLE_SIDED,
    EMPTY,
    INVERSE_NEAR,
    LAYER,
    LIGHT_DEPTH_SCALE,
    SHARE_BITS,
    barycentrics,
    lifted,
    pack_key,
)

wp.set_module_options(SIMD_OPTIONS)

# Corners are moved to whole parts of a pixel, so that whole numbers say exactly on which side of an edge a pixel is.
PARTS = wp.constant(256)
LARGEST = wp.constant(8192.0)  # [px], of triangles that are drawn so


@wp.func
def insert(layers: wp.array3d[wp.int64], key: wp.int64, y: int, x: int) -> int:
    """Put a key among the sorted ones at a place, the farthest goes; return how many layers are then used there.

    Each layer keeps the nearer of two by an atomic minimum and hands the other on: threads may come in any order
    (Kubisch and Tavenrath 2014, "Order independent transparency in OpenGL 4.x").
    """
    carried = wp.int64(key)
    for i in range(layers.shape[0]):
        if carried < layers[i, y, x]:
            carried = wp.max(carried, wp.atomic_min(layers, i, y, x, carried))
            if carried >= EMPTY:
                return i + 1
    return layers.shape[0]


@wp.func
def snapped(value: float) -> wp.int64:
    return wp.int64(wp.rint(value * float(PARTS)))


@wp.func
def beside(ax: wp.int64, ay: wp.int64, bx: wp.int64, by: wp.int64, x: wp.int64, y: wp.int64) -> wp.int64:
    """Positive on one side of a directed edge. Of two triangles that share it, one has what lies exactly on it."""
    dx = bx - ax
    dy = by - ay
    value = dx * (y - ay) - dy * (x - ax)
    if dy < wp.int64(0) or (dy == wp.int64(0) and dx > wp.int64(0)):
        value = value + wp.int64(1)
    return value


@wp.struct
class Sides:
    """The edges of a triangle, in whole numbers: of each its value at the first pixel, and its steps right and down."""

    at: wp.vec3l
    right: wp.vec3l
    down: wp.vec3l
    x0: int
    y0: int
    x1: int
    y1: int
    sign: int


@wp.func
def sides_of(a: wp.vec3, b: wp.vec3, c: wp.vec3, width: int, height: int) -> Sides:
    """The pixels that a triangle may cover, and its edges; `sign` is that of its area, -1 in front of the eye."""
    ax = snapped(a[0])
    ay = snapped(a[1])
    bx = snapped(b[0])
    by = snapped(b[1])
    cx = snapped(c[0])
    cy = snapped(c[1])
    found = Sides()
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    found.sign = wp.where(area > wp.int64(0), 1, wp.where(area < wp.int64(0), -1, 0))
    if area < wp.int64(0):
        swap_x = bx
        swap_y = by
        bx = cx
        by = cy
        cx = swap_x
        cy = swap_y
    parts = wp.int64(PARTS)
    half = parts / wp.int64(2)
    # however far away it is, whole pixels beside the picture fit into 32 bits
    right = wp.int64(width) * parts
    bottom = wp.int64(height) * parts
    low_x = wp.clamp(wp.min(wp.min(ax, bx), cx), wp.int64(0), right)
    low_y = wp.clamp(wp.min(wp.min(ay, by), cy), wp.int64(0), bottom)
    high_x = wp.clamp(wp.max(wp.max(ax, bx), cx), wp.int64(0), right)
    high_y = wp.clamp(wp.max(wp.max(ay, by), cy), wp.int64(0), bottom)
    found.x0 = int((low_x + half - wp.int64(1)) / parts)
    found.y0 = int((low_y + half - wp.int64(1)) / parts)
    found.x1 = wp.where(high_x < half, -1, wp.min(int((high_x - half) / parts), width - 1))
    found.y1 = wp.where(high_y < half, -1, wp.min(int((high_y - half) / parts), height - 1))
    x = wp.int64(found.x0) * parts + half
    y = wp.int64(found.y0) * parts + half
    found.at = wp.vec3l(beside(ax, ay, bx, by, x, y), beside(bx, by, cx, cy, x, y), beside(cx, cy, ax, ay, x, y))
    found.right = wp.vec3l((ay - by) * parts, (by - cy) * parts, (cy - ay) * parts)
    found.down = wp.vec3l((bx - ax) * parts, (cx - bx) * parts, (ax - cx) * parts)
    return found


@wp.func
def plane_of(a: wp.vec3, b: wp.vec3, c: wp.vec3) -> wp.vec2:
    """How a triangle's third component changes a pixel to the right, and down."""
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    scale = wp.where(area == 0.0, 0.0, 1.0 / area)
    right = (b[2] - a[2]) * (c[1] - a[1]) - (c[2] - a[2]) * (b[1] - a[1])
    down = (c[2] - a[2]) * (b[0] - a[0]) - (b[2] - a[2]) * (c[0] - a[0])
    return wp.vec2(right * scale, down * scale)


@wp.func
def offer(
    cloth: Cloth, at: Layers, keys: wp.array2d[wp.int64], face: int, x: int, y: int, inverse_depth: float, most: int
) -> int:
    """Let a sheer face be a layer at a sample, unless something opaque is nearer; return the most layers used."""
    if not (inverse_depth > 0.0 and inverse_depth <= INVERSE_NEAR):
        return most
    flags = int(cloth.face_flags[face])
    key = pack_key(lifted(inverse_depth, float(flags // LAYER)), face)
    found = most
    if key < keys[y, x] and not has_hole(cloth, at, face, float(x) + 0.5, float(y) + 0.5):
        found = wp.max(most, insert(at.keys, key, y, x))
    return found


@wp.func
def peel_small(
    cloth: Cloth, at: Layers, keys: wp.array2d[wp.int64], face: int, a: wp.vec3, b: wp.vec3, c: wp.vec3
) -> int:
    """Every pixel belongs to only one of two neighbouring triangles, so that no seam shows in the cloth."""
    sides = sides_of(a, b, c, keys.shape[1], keys.shape[0])
    slope = plane_of(a, b, c)
    nearest = wp.max(wp.max(a[2], b[2]), c[2])
    farthest = wp.min(wp.min(a[2], b[2]), c[2])
    most = int(0)
    row = sides.at
    for y in range(sides.y0, sides.y1 + 1):
        here = row
        for x in range(sides.x0, sides.x1 + 1):
            if wp.min(wp.min(here[0], here[1]), here[2]) > wp.int64(0):
                depth = a[2] + slope[0] * (float(x) + 0.5 - a[0]) + slope[1] * (float(y) + 0.5 - a[1])
                most = offer(cloth, at, keys, face, x, y, wp.clamp(depth, farthest, nearest), most)
            here = here + sides.right
        row = row + sides.down
    return most


@wp.func
def peel_any(
    cloth: Cloth, at: Layers, keys: wp.array2d[wp.int64], face: int, a: wp.vec3d, b: wp.vec3d, c: wp.vec3d
) -> int:
    """One that reaches behind the near plane or is far larger than the picture, as `_kernels_raster.draw_triangle`."""
    most = int(0)
    far = wp.float64(1.0e9)
    half = wp.float64(0.5)
    volume = wp.dot(a, wp.cross(b, c))
    box = widen(widen(widen(wp.vec4d(far, far, -far, -far), a, b), b, c), c, a)
    x0 = int(wp.ceil(wp.clamp(box[0] - half, wp.float64(0.0), wp.float64(keys.shape[1]))))
    y0 = int(wp.ceil(wp.clamp(box[1] - half, wp.float64(0.0), wp.float64(keys.shape[0]))))
    x1 = int(wp.floor(wp.clamp(box[2] - half, wp.float64(-1.0), wp.float64(keys.shape[1] - 1))))
    y1 = int(wp.floor(wp.clamp(box[3] - half, wp.float64(-1.0), wp.float64(keys.shape[0] - 1))))
    turn = wp.sign(volume)
    of_a = edge_line(b, c, turn)
    of_b = edge_line(c, a, turn)
    of_c = edge_line(a, b, turn)
    plane = (wp.cross(b, c) + wp.cross(c, a) + wp.cross(a, b)) / volume
    for y in range(y0, y1 + 1):
        for x in range(x0, x1 + 1):
            pixel = wp.vec3d(wp.float64(x) + half, wp.float64(y) + half, wp.float64(1.0))
            if wp.min(wp.min(wp.dot(of_a, pixel), wp.dot(of_b, pixel)), wp.dot(of_c, pixel)) >= wp.float64(0.0):
                most = offer(cloth, at, keys, face, x, y, float(wp.dot(plane, pixel)), most)
    return most


@wp.func
def fall(values: wp.array[wp.int32], i: int, value: int) -> None:
    if value < values[i]:
        wp.atomic_min(values, i, value)


@wp.func
def screen_box(a: wp.vec3, b: wp.vec3, c: wp.vec3, width: int, height: int) -> wp.vec4i:
    """Least x, y, -x and -y of the samples that a triangle may cover; of one that reaches behind the eye, of all."""
    box = wp.vec4i(0, 0, 1 - width, 1 - height)
    if in_front(a) and in_front(b) and in_front(c):
        low = wp.min(wp.min(a, b), c)
        high = wp.max(wp.max(a, b), c)
        box = wp.vec4i(
            int(wp.clamp(low[0] - 1.0, 0.0, float(width - 1))),
            int(wp.clamp(low[1] - 1.0, 0.0, float(height - 1))),
            -int(wp.clamp(high[0] + 1.0, 0.0, float(width - 1))),
            -int(wp.clamp(high[1] + 1.0, 0.0, float(height - 1))),
        )
    return box


@wp.kernel
def peel(
    cloth: Cloth,
    at: Layers,
    keys: wp.array2d[wp.int64],
    # outputs
    facing: wp.array[wp.int8],
    used: wp.array[wp.int32],
) -> None:
    """Sort a sheer triangle into the layers before the opaque `keys`.

    `used` falls to the least of -1 times the layers used, and of x, y, -x and -y [samples] where they are.
    """
    face = cloth.first + wp.tid()
    a = at.screen[cloth.faces[face, 0]]
    b = at.screen[cloth.faces[face, 1]]
    c = at.screen[cloth.faces[face, 2]]
    facing[face] = wp.int8(0)
    if not (wp.isfinite(a) and wp.isfinite(b) and wp.isfinite(c)):
        return
    if wp.min(wp.min(a[2], b[2]), c[2]) <= BROKEN or a[2] == 0.0 or b[2] == 0.0 or c[2] == 0.0:
        return
    if not (in_front(a) or in_front(b) or in_front(c)):
        return
    double_sided = (int(cloth.face_flags[face]) & DOUBLE_SIDED) != 0
    wide = wp.max(wp.max(a[0], b[0]), c[0]) - wp.min(wp.min(a[0], b[0]), c[0])
    high = wp.max(wp.max(a[1], b[1]), c[1]) - wp.min(wp.min(a[1], b[1]), c[1])
    most = int(0)
    if in_front(a) and in_front(b) and in_front(c) and wp.max(wide, high) <= LARGEST:
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if area < 0.0 or (area > 0.0 and double_sided):
            facing[face] = wp.where(area < 0.0, wp.int8(1), wp.int8(-1))
            most = peel_small(cloth, at, keys, face, a, b, c)
    else:
        at_a = homogeneous(a)
        at_b = homogeneous(b)
        at_c = homogeneous(c)
        volume = wp.dot(at_a, wp.cross(at_b, at_c))
        if volume < wp.float64(0.0) or (volume > wp.float64(0.0) and double_sided):
            facing[face] = wp.where(volume < wp.float64(0.0), wp.int8(1), wp.int8(-1))
            most = peel_any(cloth, at, keys, face, at_a, at_b, at_c)
    if most > 0:
        fall(used, 0, -most)
        reached = screen_box(a, b, c, keys.shape[1], keys.shape[0])
        for side in range(4):
            fall(used, 1 + side, reached[side])


@wp.kernel
def draw_veil(
    cloth: Cloth,
    vertices: wp.array[wp.vec3],
    lit: wp.array[wp.vec3],
    toward: wp.vec3,
    depths: wp.array2d[wp.int32],
    # outputs
    veil: wp.array3d[wp.int64],
) -> None:
    """Sort a sheer triangle, with the light that passes it, into the layers that the sun sees before what is opaque."""
    face = cloth.first + wp.tid()
    i = cloth.faces[face, 0]
    j = cloth.faces[face, 1]
    k = cloth.faces[face, 2]
    a = lit[i]
    b = lit[j]
    c = lit[k]
    if not (wp.isfinite(a) and wp.isfinite(b) and wp.isfinite(c)):
        return
    sides = sides_of(a, b, c, depths.shape[1], depths.shape[0])
    two_sided = (int(cloth.face_flags[face]) & DOUBLE_SIDED) != 0
    if sides.sign == 0 or (sides.sign < 0 and not two_sided):
        return
    normal = wp.normalize(wp.cross(vertices[j] - vertices[i], vertices[k] - vertices[i]))
    cosine = wp.dot(normal, toward)
    surface = cloth.surfaces[cloth.face_mesh[face]]
    passing = 1.0 - slanted(surface.opacity, cosine)
    slope = plane_of(a, b, c)
    area = wp.abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
    row = sides.at
    for y in range(sides.y0, sides.y1 + 1):
        here = row
        for x in range(sides.x0, sides.x1 + 1):
            if wp.min(wp.min(here[0], here[1]), here[2]) > wp.int64(0):
                metres = a[2] + slope[0] * (float(x) + 0.5 - a[0]) + slope[1] * (float(y) + 0.5 - a[1])
                if surface.opacity_level >= 0:
                    w = barycentrics(
                        wp.vec3(a[0], a[1], 1.0), wp.vec3(b[0], b[1], 1.0), wp.vec3(c[0], c[1], 1.0),
                        float(x) + 0.5, float(y) + 0.5,
                    )  # fmt: skip
                    uv = w[0] * cloth.face_uv[face, 0] + w[1] * cloth.face_uv[face, 1] + w[2] * cloth.face_uv[face, 2]
                    share = uv_area(cloth, face) / wp.max(area, 1.0e-6)
                    passing = 1.0 - slanted(opacity_at(surface, cloth.texels, cloth.levels, uv, share), cosine)
                depth = int(metres * LIGHT_DEPTH_SCALE)
                if depth < depths[y, x] and passing < 1.0 - LEAST_OPACITY:
                    share_key = wp.int64(wp.rint(passing * 65535.0))
                    insert(veil, (wp.int64(depth) << SHARE_BITS) | share_key, y, x)
            here = here + sides.right
        row = row + sides.down


@wp.kernel
def clear_layers(
    box: wp.vec4i,
    used: int,
    # outputs
    layers: wp.array3d[wp.int64],
    through: wp.array2d[float],
) -> None:
    """Empty a row of the box."""
    y = box[1] + wp.tid()
    for i in range(used):
        for x in range(box[0], box[2]):
            layers[i, y, x] = EMPTY
    for x in range(box[0], box[2]):
        through[y, x] = 1.0


@wp.kernel
def merge_nearest(
    layers: wp.array3d[wp.int64],
    box: wp.vec4i,
    strip: int,
    # outputs
    nearest: wp.array2d[wp.int64],
) -> None:
    """Put the nearest sheer faces among the opaque ones, along a strip of a row of the box."""
    row, part = wp.tid()
    y = box[1] + row
    first = box[0] + part * strip
    for x in range(first, wp.min(first + strip, box[2])):
        nearest[y, x] = wp.min(nearest[y, x], layers[0, y, x])
