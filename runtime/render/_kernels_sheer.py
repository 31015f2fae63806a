# mypy: ignore-errors
# ruff: noqa: RUF046, UP018  (Warp wants variables that loops change to be made by their type)
"""Sheer cloth: its layers at each sample and at each texel of the sun's map, and what shows through them."""

import warp as wp

from dressform.runtime.geometry.simd.code import SIMD_OPTIONS

from ._kernels_ground import GroundFrame, ground_light
from ._kernels_raster import LightFrame, edge_line, homogeneous, in_front, to_light, widen
from ._kernels_surface import Surface, texel_coverage
from ._kernels_view import (
    BROKEN,
    CUTOUT,
    DOUBLE_SIDED,
    EMPTY,
    INVERSE_NEAR,
    LAYER,
    LIGHT_DEPTH_SCALE,
    SCATTERED,
    SHARE_BITS,
    SHARE_MASK,
    View,
    barycentrics,
    key_face,
    lifted,
    pack_key,
    ray_direction,
)

wp.set_module_options(SIMD_OPTIONS)

# Corners are moved to whole parts of a pixel, so that whole numbers say exactly on which side of an edge a pixel is.
PARTS = wp.constant(256)
LARGEST = wp.constant(8192.0)  # [px], of triangles that are drawn so
LEAST_COSINE = wp.constant(0.1)  # cloth seen at a flatter angle is as opaque as at this one
LEAST_OPACITY = wp.constant(0.002)  # what hides less is a hole


@wp.struct
class Cloth:
    """What stays of the faces drawn: corners, flags, meshes, UVs; their materials; the first sheer face."""

    faces: wp.array2d[wp.int32]
    face_flags: wp.array[wp.int8]
    face_mesh: wp.array[wp.int32]
    face_uv: wp.array2d[wp.vec2]
    surfaces: wp.array[Surface]
    texels: wp.array[wp.uint32]
    levels: wp.array[wp.int32]
    first: int


@wp.struct
class Layers:
    """The sheer layers of a picture: keys [N, rows, columns] from the nearest on, and how many of them are used."""

    keys: wp.array3d[wp.int64]
    used: int
    screen: wp.array[wp.vec3]
    normals: wp.array[wp.vec3]
    view: View


@wp.func
def slanted(opacity: float, cosine: float) -> float:
    """Opacity of a thin layer of yarns and gaps as it is seen at an angle: the gaps left are `(1 - a) ** (1 / cos)`.

    The gap fraction of a layer of scattered small things along a slanted path (Nilson 1971, "A theoretical analysis of the
    frequency of gaps in plant stands", Agricultural Meteorology 8).
    """
    return 1.0 - wp.pow(1.0 - opacity, 1.0 / wp.max(wp.abs(cosine), LEAST_COSINE))


@wp.func
def read_share(first: int, width_log2: int, height_log2: int, texels: wp.array[wp.uint32], u: float, v: float) -> float:
    """Bilinear look-up of a level's red."""
    width = 1 << width_log2
    height = 1 << height_log2
    x = u * float(width) - 0.5
    y = v * float(height) - 0.5
    right = x - wp.floor(x)
    up = y - wp.floor(y)
    total = float(0.0)
    for corner in range(4):
        at_x = (int(wp.floor(x)) + (corner & 1)) & (width - 1)
        at_y = (int(wp.floor(y)) + (corner >> 1)) & (height - 1)
        root = float(texels[first + (at_y << width_log2) + at_x] & wp.uint32(1023)) / 1023.0
        share_x = wp.where((corner & 1) != 0, right, 1.0 - right)
        share_y = wp.where((corner >> 1) != 0, up, 1.0 - up)
        total += root * root * share_x * share_y
    return total


@wp.func
def opacity_at(
    surface: Surface, texels: wp.array[wp.uint32], levels: wp.array[wp.int32], uv: wp.vec2, footprint: float
) -> float:
    """Opacity seen straight on, filtered over `footprint`, the area in uv that a pixel covers."""
    if surface.opacity_level < 0:
        return surface.opacity
    top = float(wp.max(surface.width_log2, surface.height_log2))
    covered = footprint * float(1 << (surface.width_log2 + surface.height_log2))
    level = wp.clamp(0.5 * wp.log2(wp.max(covered, 1.0)), 0.0, top)
    fine = int(level)
    total = float(0.0)
    for step in range(2):
        share = wp.where(step == 1, level - float(fine), 1.0 - level + float(fine))
        at = wp.min(fine + step, int(top))
        wide = wp.max(surface.width_log2 - at, 0)
        high = wp.max(surface.height_log2 - at, 0)
        total += share * read_share(levels[surface.opacity_level + at], wide, high, texels, uv[0], uv[1])
    return surface.opacity * total


@wp.func
def uv_area(cloth: Cloth, face: int) -> float:
    b = cloth.face_uv[face, 1] - cloth.face_uv[face, 0]
    c = cloth.face_uv[face, 2] - cloth.face_uv[face, 0]
    return wp.abs(b[0] * c[1] - b[1] * c[0])


@wp.func
def opacity_seen(cloth: Cloth, at: Layers, face: int, x: float, y: float) -> float:
    """Opacity of a face as it is seen at a position on the screen [samples]."""
    i = cloth.faces[face, 0]
    j = cloth.faces[face, 1]
    k = cloth.faces[face, 2]
    a = at.screen[i]
    b = at.screen[j]
    c = at.screen[k]
    w = barycentrics(a, b, c, x, y)
    normal = w[0] * at.normals[i] + w[1] * at.normals[j] + w[2] * at.normals[k]
    cosine = wp.dot(wp.normalize(normal), wp.normalize(ray_direction(at.view, x, y)))
    surface = cloth.surfaces[cloth.face_mesh[face]]
    straight = surface.opacity
    if surface.opacity_level >= 0:
        uv = w[0] * cloth.face_uv[face, 0] + w[1] * cloth.face_uv[face, 1] + w[2] * cloth.face_uv[face, 2]
        # the share of the face that the sample covers: the larger, the deeper it is than the corners
        area = wp.abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
        depth = w[0] / a[2] + w[1] / b[2] + w[2] / c[2]
        share = a[2] * b[2] * c[2] * depth * depth * depth / wp.max(area, 1.0e-6)
        straight = opacity_at(surface, cloth.texels, cloth.levels, uv, uv_area(cloth, face) * wp.abs(share))
    return slanted(straight, cosine)


@wp.func
def has_hole(cloth: Cloth, at: Layers, face: int, x: float, y: float) -> bool:
    """Whether a face of cut-out or patterned cloth leaves a sample free."""
    surface = cloth.surfaces[cloth.face_mesh[face]]
    hole = bool(False)
    if surface.opacity_level >= 0:
        hole = opacity_seen(cloth, at, face, x, y) < LEAST_OPACITY
    if (int(cloth.face_flags[face]) & CUTOUT) != 0:
        i = cloth.faces[face, 0]
        j = cloth.faces[face, 1]
        k = cloth.faces[face, 2]
        w = barycentrics(at.screen[i], at.screen[j], at.screen[k], x, y)
        uv = w[0] * cloth.face_uv[face, 0] + w[1] * cloth.face_uv[face, 1] + w[2] * cloth.face_uv[face, 2]
        hole = hole or texel_coverage(surface, cloth.texels, uv) < 0.5
    return hole


@wp.func
def insert(layers: wp.array3d[wp.int64], key: wp.int64, y: int, x: int) -> int:
    """Put a key among the sorted ones at a place, the farthest goes; return how many layers are then used there.

    Each layer keeps the nearer of two by an atomic minimum and hands the other on, so that threads may come in any order
    (Kubisch and Tavenrath 2014, "Order independent transparency in OpenGL 4.x").
    """
    carried = wp.int64(key)
    count = layers.shape[0]
    for i in range(layers.shape[0]):
        if carried < layers[i, y, x]:
            carried = wp.max(carried, wp.atomic_min(layers, i, y, x, carried))
            if carried >= EMPTY:
                count = wp.min(count, i + 1)
                return count
    return count


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
    """The pixels that a triangle may cover, and its edges; `sign` is 0 where it covers nothing, -1 in front of the eye."""
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
    low_x = wp.max(wp.min(wp.min(ax, bx), cx), wp.int64(0))
    low_y = wp.max(wp.min(wp.min(ay, by), cy), wp.int64(0))
    high_x = wp.min(wp.max(wp.max(ax, bx), cx), wp.int64(width) * parts)
    high_y = wp.min(wp.max(wp.max(ay, by), cy), wp.int64(height) * parts)
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
    """Every pixel whose centre it covers belongs to one of neighbouring triangles only: no seam shows in the cloth."""
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
    """One that reaches behind the near plane, or is far larger than the picture, see `_kernels_raster.draw_triangle`."""
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


@wp.kernel
def peel(
    cloth: Cloth,
    at: Layers,
    keys: wp.array2d[wp.int64],
    # outputs
    facing: wp.array[wp.int8],
    deepest: wp.array[wp.int32],
) -> None:
    """Sort a sheer triangle into the layers before the opaque `keys`; `deepest` grows to the most layers used."""
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
    if most > deepest[0]:
        wp.atomic_max(deepest, 0, most)


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
    """Sort a sheer triangle into the layers that the sun sees before anything opaque, with the light that passes each."""
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
    nearest: wp.array2d[wp.int64],
    through: wp.array2d[float],
) -> None:
    """Empty a row of the box."""
    y = box[1] + wp.tid()
    for i in range(used):
        for x in range(box[0], box[2]):
            layers[i, y, x] = EMPTY
    for x in range(box[0], box[2]):
        nearest[y, x] = EMPTY
        through[y, x] = 1.0


@wp.kernel
def begin_layers(
    keys: wp.array2d[wp.int64],
    layers: wp.array3d[wp.int64],
    box: wp.vec4i,
    strip: int,
    # outputs
    nearest: wp.array2d[wp.int64],
    through: wp.array2d[float],
) -> None:
    """The nearest key of all, and 1 where nothing opaque is: the share of the backdrop that shows."""
    row, part = wp.tid()
    y = box[1] + row
    first = box[0] + part * strip
    for x in range(first, wp.min(first + strip, box[2])):
        nearest[y, x] = wp.min(keys[y, x], layers[0, y, x])
        through[y, x] = wp.where(keys[y, x] >= EMPTY, 1.0, 0.0)


@wp.kernel
def dim_openness(
    cloth: Cloth,
    at: Layers,
    box: wp.vec4i,
    strip: int,
    # outputs
    openness: wp.array2d[float],
) -> None:
    """What is seen through cloth gets its light through it too, from all around: at half resolution."""
    row, part = wp.tid()
    i = (box[1] >> 1) + row
    first = (box[0] >> 1) + part * strip
    for j in range(first, wp.min(first + strip, (box[2] + 1) >> 1)):
        kept = float(1.0)
        for layer in range(at.used):
            key = at.keys[layer, 2 * i, 2 * j]
            if key < EMPTY:
                hidden = opacity_seen(cloth, at, key_face(key), float(2 * j) + 0.5, float(2 * i) + 0.5)
                kept *= 1.0 - hidden * (1.0 - SCATTERED)
        openness[i, j] = openness[i, j] * kept


@wp.kernel
def lay_over(
    cloth: Cloth,
    at: Layers,
    layer: int,
    light: wp.array2d[wp.vec3],
    box: wp.vec4i,
    strip: int,
    # outputs
    color: wp.array2d[wp.vec3],
    through: wp.array2d[float],
) -> None:
    """Lay a layer of cloth over what is behind it (Porter and Duff 1984, "over")."""
    row, part = wp.tid()
    y = box[1] + row
    first = box[0] + part * strip
    for x in range(first, wp.min(first + strip, box[2])):
        key = at.keys[layer, y, x]
        if key < EMPTY:
            hidden = opacity_seen(cloth, at, key_face(key), float(x) + 0.5, float(y) + 0.5)
            color[y, x] = color[y, x] * (1.0 - hidden) + light[y, x] * hidden
            through[y, x] = through[y, x] * (1.0 - hidden)


@wp.func
def passing(veil: wp.array3d[wp.int64], y: int, x: int, limit: wp.int64) -> float:
    """The share of the sun's light that passes the layers nearer than `limit` at a texel of its map."""
    share = float(1.0)
    for layer in range(veil.shape[0]):
        key = veil[layer, y, x]
        if key < limit:
            share *= float(key & SHARE_MASK) / 65535.0
    return share


@wp.kernel
def veil_ground(
    depths: wp.array2d[wp.int32],
    veil: wp.array3d[wp.int64],
    light: LightFrame,
    ground: GroundFrame,
    spread: float,
    strength: float,
    # outputs
    shadow: wp.array2d[float],
) -> None:
    """Take what sheer cloth keeps of the sun's light from a cell of the ground, blurred as shadows of what is opaque are.

    `strength` is the shadow's times the sun's share of the light.
    """
    row, column = wp.tid()
    middle = wp.vec2(float(column) + 0.5, float(row) + 0.5)
    at = to_light(
        light, wp.vec3(ground.corner[0] + middle[0] * ground.cell, ground.corner[1] + middle[1] * ground.cell, 0.0)
    )
    limit = wp.int64((at[2] - 0.01) * LIGHT_DEPTH_SCALE) << SHARE_BITS
    search = wp.clamp(0.8 * spread, 0.02, 0.15)
    gap = float(0.0)
    blockers = float(0.0)
    for j in range(-2, 3):
        for i in range(-2, 3):
            x = int(at[0] + float(i) * light.texels_per_metre[0] * search)
            y = int(at[1] + float(j) * light.texels_per_metre[1] * search)
            if x >= 0 and y >= 0 and x < depths.shape[1] and y < depths.shape[0] and veil[0, y, x] < limit:
                gap += at[2] - float(veil[0, y, x] >> SHARE_BITS) / LIGHT_DEPTH_SCALE
                blockers += 1.0
    if blockers == 0.0:
        return
    step = wp.clamp(gap / blockers * spread, 0.012, 0.5) / 3.0
    kept = float(0.0)
    weights = float(0.0)
    for j in range(-3, 4):
        for i in range(-3, 4):
            weight = 1.0 - float(i * i + j * j) / 22.0
            weights += weight
            x = int(at[0] + float(i) * light.texels_per_metre[0] * step)
            y = int(at[1] + float(j) * light.texels_per_metre[1] * step)
            if x >= 0 and y >= 0 and x < depths.shape[1] and y < depths.shape[0]:
                if float(depths[y, x]) / LIGHT_DEPTH_SCALE >= at[2] - 0.01:  # else it is dark already
                    kept += weight * (1.0 - passing(veil, y, x, limit))
    across = wp.min(column, shadow.shape[1] - 1 - column)
    along = wp.min(row, shadow.shape[0] - 1 - row)
    fade = wp.min(float(wp.min(across, along)) * 0.125, 1.0)
    shadow[row, column] = wp.max(shadow[row, column] - strength * fade * kept / weights, 0.05)


@wp.kernel
def fill_sheer_matte(
    keys: wp.array2d[wp.int64],
    through: wp.array2d[float],
    view: View,
    ground: GroundFrame,
    shadow: wp.array2d[float],
    grounded: int,
    # outputs
    matte: wp.array2d[wp.vec3],
) -> None:
    """Of every sample: the share of what is behind that is hidden, the share that the ground's shadow takes, and 0."""
    y, x = wp.tid()
    left = float(1.0)
    if keys[y, x] < EMPTY:
        left = through[y, x]
    taken = float(0.0)
    if grounded != 0 and left > 0.0:
        taken = left * (1.0 - ground_light(view, ground, shadow, float(x) + 0.5, float(y) + 0.5))
    matte[y, x] = wp.vec3(1.0 - left, taken, 0.0)


@wp.kernel
def fill_sheer_people(
    keys: wp.array2d[wp.int64],
    color: wp.array2d[wp.vec3],
    through: wp.array2d[float],
    backdrop: wp.array2d[wp.vec3],
    view: View,
    ground: GroundFrame,
    shadow: wp.array2d[float],
    grounded: int,
    # outputs
    light: wp.array2d[wp.vec3],
) -> None:
    """Linear light of samples that show a surface, without what shows through it of the backdrop; black elsewhere."""
    y, x = wp.tid()
    light[y, x] = wp.vec3(0.0, 0.0, 0.0)
    if keys[y, x] < EMPTY:
        left = through[y, x]
        if grounded != 0 and left > 0.0:
            left *= ground_light(view, ground, shadow, float(x) + 0.5, float(y) + 0.5)
        light[y, x] = wp.max(color[y, x] - left * backdrop[y, x], wp.vec3(0.0, 0.0, 0.0))


@wp.kernel
def fill_sheer_segments(
    cloth: Cloth,
    at: Layers,
    keys: wp.array2d[wp.int64],
    face_group: wp.array[wp.int32],
    first: int,
    # outputs
    matte: wp.array2d[wp.vec3],
) -> None:
    """Of every sample, the shares that three segments from `first` on have of its light, layer over layer."""
    y, x = wp.tid()
    left = float(1.0)
    shares = wp.vec3(0.0, 0.0, 0.0)
    for layer in range(at.used):
        key = at.keys[layer, y, x]
        if key < EMPTY:
            face = key_face(key)
            hidden = opacity_seen(cloth, at, face, float(x) + 0.5, float(y) + 0.5)
            group = face_group[face] - first
            if group >= 0 and group < 3:
                shares[group] += left * hidden
            left *= 1.0 - hidden
    if keys[y, x] < EMPTY:
        group = face_group[key_face(keys[y, x])] - first
        if group >= 0 and group < 3:
            shares[group] += left
    matte[y, x] = shares
