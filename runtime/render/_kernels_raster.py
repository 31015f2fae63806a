# mypy: ignore-errors
# ruff: noqa: RUF046, UP018  (Warp wants variables that loops change to be made by their type)
"""From world vertices to visibility: projection, normals, triangles, the light's depth map."""

import warp as wp

from dressform.runtime.geometry.simd.code import SIMD_OPTIONS

from ._kernels_surface import Surface, texel_coverage
from ._kernels_view import (
    BROKEN,
    CUTOUT,
    DOUBLE_SIDED,
    INVERSE_NEAR,
    LAYER,
    WORLD_LIMIT,
    View,
    barycentrics,
    lifted,
    pack_key,
    to_screen,
)
from .simd.code import simd_code

wp.set_module_options(SIMD_OPTIONS)


@wp.struct
class LightFrame:
    """The sun's orthographic frame: axes in the world, map position of its origin [texels, texels, m], scale."""

    right: wp.vec3
    up: wp.vec3
    toward: wp.vec3
    origin: wp.vec3
    texels_per_metre: wp.vec2
    size: int


@wp.func
def to_light(light: LightFrame, point: wp.vec3) -> wp.vec3:
    """Map a world point to (x, y) [texels] and distance from the light's plane [m]."""
    return light.origin + wp.vec3(
        wp.dot(light.right, point) * light.texels_per_metre[0],
        wp.dot(light.up, point) * light.texels_per_metre[1],
        -wp.dot(light.toward, point),
    )


@wp.func_native(simd_code("clear_row"))
def clear_row(
    keys: wp.array2d[wp.int64],
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
    y: int,
    first: int,
    end: int,
): ...


@wp.kernel
def clear(
    box: wp.vec4i,
    strip: int,
    # outputs
    keys: wp.array2d[wp.int64],
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
) -> None:
    """Empty a strip of a row of the box."""
    row, part = wp.tid()
    first = box[0] + part * strip
    clear_row(keys, across, down, box[1] + row, first, wp.min(first + strip, box[2]))


@wp.func
def is_sound(point: wp.vec3) -> bool:
    """Whether a vertex can be drawn; what is no number fails every comparison."""
    return wp.abs(point[0]) <= WORLD_LIMIT and wp.abs(point[1]) <= WORLD_LIMIT and wp.abs(point[2]) <= WORLD_LIMIT


@wp.kernel
def measure_bounds(vertices: wp.array[wp.vec3], stride: int, bounds: wp.array2d[float]) -> None:
    """Widen `bounds` (row 0 lowest, row 1 highest) by the vertices; each thread takes `stride` of them.

    Broken vertices do not count; [2, 0] grows by how many there are.
    """
    first = wp.tid() * stride
    low = wp.vec3(WORLD_LIMIT, WORLD_LIMIT, WORLD_LIMIT)
    high = -low
    broken = int(0)
    for i in range(first, wp.min(first + stride, vertices.shape[0])):
        point = vertices[i]
        if is_sound(point):
            low = wp.min(low, point)
            high = wp.max(high, point)
        else:
            broken += 1
    for axis in range(3):
        wp.atomic_min(bounds, 0, axis, low[axis])
        wp.atomic_max(bounds, 1, axis, high[axis])
    if broken > 0:
        wp.atomic_add(bounds, 2, 0, float(broken))


@wp.kernel
def transform_vertices(
    vertices: wp.array[wp.vec3],
    view: View,
    light: LightFrame,
    # outputs
    screen: wp.array[wp.vec3],
    lit: wp.array[wp.vec3],
) -> None:
    i = wp.tid()
    point = vertices[i]
    if is_sound(point):
        screen[i] = to_screen(view, point)
        lit[i] = to_light(light, point)
    else:
        screen[i] = wp.vec3(0.0, 0.0, BROKEN)
        lit[i] = wp.vec3(wp.nan, wp.nan, wp.nan)


@wp.kernel
def face_normals(
    vertices: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    # outputs
    normals: wp.array[wp.vec3],
) -> None:
    """Normals as long as twice the face's area; none of a face at a vertex that is no number or very far away."""
    i = wp.tid()
    a = vertices[faces[i, 0]]
    normal = wp.cross(vertices[faces[i, 1]] - a, vertices[faces[i, 2]] - a)
    longest = 8.0 * WORLD_LIMIT * WORLD_LIMIT
    if not (wp.dot(normal, normal) <= longest * longest):
        normal = wp.vec3(0.0, 0.0, 0.0)
    normals[i] = normal


@wp.kernel
def vertex_normals(
    normals_of_faces: wp.array[wp.vec3],
    ring_starts: wp.array[wp.int32],
    ring_faces: wp.array[wp.int32],
    # outputs
    normals: wp.array[wp.vec3],
) -> None:
    """Area-weighted unit normals, gathered in a fixed order so that every run gives the same bits."""
    i = wp.tid()
    total = wp.vec3(0.0, 0.0, 0.0)
    for k in range(ring_starts[i], ring_starts[i + 1]):
        total += normals_of_faces[ring_faces[k]]
    normals[i] = wp.normalize(total)


@wp.func
def in_front(corner: wp.vec3) -> bool:
    return corner[2] > 0.0 and corner[2] <= INVERSE_NEAR


@wp.func
def homogeneous(corner: wp.vec3) -> wp.vec3d:
    """The camera-space point of a corner; x and y are times the focal length, from the picture's origin [px m, m]."""
    depth = wp.float64(1.0) / wp.float64(corner[2])
    return wp.vec3d(wp.float64(corner[0]) * depth, wp.float64(corner[1]) * depth, depth)


@wp.func
def near_cut(a: wp.vec3d, b: wp.vec3d) -> wp.vec2d:
    """Screen position where the edge between points on both sides of the near plane meets it."""
    near = wp.float64(1.0) / wp.float64(INVERSE_NEAR)
    at = a + (b - a) * ((near - a[2]) / (b[2] - a[2]))
    return wp.vec2d(at[0], at[1]) / near


@wp.func
def widen(box: wp.vec4d, a: wp.vec3d, b: wp.vec3d) -> wp.vec4d:
    """Widen (x0, y0, x1, y1) by what is in front of the near plane of point a and of the edge from a to b."""
    near = wp.float64(1.0) / wp.float64(INVERSE_NEAR)
    out = box
    if a[2] >= near:
        x = a[0] / a[2]
        y = a[1] / a[2]
        out = wp.vec4d(wp.min(out[0], x), wp.min(out[1], y), wp.max(out[2], x), wp.max(out[3], y))
    if (a[2] >= near) != (b[2] >= near):
        cut = near_cut(a, b)
        out = wp.vec4d(wp.min(out[0], cut[0]), wp.min(out[1], cut[1]), wp.max(out[2], cut[0]), wp.max(out[3], cut[1]))
    return out


@wp.func
def edge_line(a: wp.vec3d, b: wp.vec3d, turn: wp.float64) -> wp.vec3d:
    """The line through two points on the screen: its product with (x, y, 1) is a distance [px], positive inside."""
    line = wp.cross(a, b) * turn
    size = wp.sqrt(line[0] * line[0] + line[1] * line[1])
    if size == wp.float64(0.0):
        return line
    return line / size


@wp.func_native(simd_code("raster", "draw_seen"))
def draw_plain_triangles(
    screen: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    face_flags: wp.array[wp.int8],
    first: int,
    keys: wp.array2d[wp.int64],
    facing: wp.array[wp.int8],
) -> int: ...


@wp.func
def offer(
    face: int,
    x: int,
    y: int,
    inverse_depth: float,
    flags: int,
    a: wp.vec3,
    b: wp.vec3,
    c: wp.vec3,
    face_mesh: wp.array[wp.int32],
    face_uv: wp.array2d[wp.vec2],
    surfaces: wp.array[Surface],
    texels: wp.array[wp.uint32],
    keys: wp.array2d[wp.int64],
) -> None:
    """Let a face be seen at a pixel, unless something is nearer, the near plane is farther, or it has a hole there."""
    if not (inverse_depth > 0.0 and inverse_depth <= INVERSE_NEAR):
        return
    key = pack_key(lifted(inverse_depth, float(flags // LAYER)), face)
    if key < keys[y, x]:
        seen = bool(True)
        if (flags & CUTOUT) != 0:
            w = barycentrics(a, b, c, float(x) + 0.5, float(y) + 0.5)
            uv = w[0] * face_uv[face, 0] + w[1] * face_uv[face, 1] + w[2] * face_uv[face, 2]
            seen = texel_coverage(surfaces[face_mesh[face]], texels, uv) >= 0.5
        if seen:
            wp.atomic_min(keys, y, x, key)


@wp.func
def draw_triangle(
    face: int,
    screen: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    face_flags: wp.array[wp.int8],
    face_mesh: wp.array[wp.int32],
    face_uv: wp.array2d[wp.vec2],
    surfaces: wp.array[Surface],
    texels: wp.array[wp.uint32],
    keys: wp.array2d[wp.int64],
    facing: wp.array[wp.int8],
) -> None:
    """Draw one triangle that may reach behind the near plane, be far larger than the picture, or have holes.

    Homogeneous edges (Olano and Greer 1997) in double precision: nothing is divided by the depth of a corner behind
    the camera, and what a corner far outside the picture would cost in precision is not missed.
    """
    a = screen[faces[face, 0]]
    b = screen[faces[face, 1]]
    c = screen[faces[face, 2]]
    facing[face] = wp.int8(0)
    if not (wp.isfinite(a) and wp.isfinite(b) and wp.isfinite(c)):
        return
    if wp.min(wp.min(a[2], b[2]), c[2]) <= BROKEN or a[2] == 0.0 or b[2] == 0.0 or c[2] == 0.0:
        return
    if not (in_front(a) or in_front(b) or in_front(c)):
        return
    at_a = homogeneous(a)
    at_b = homogeneous(b)
    at_c = homogeneous(c)
    volume = wp.dot(at_a, wp.cross(at_b, at_c))
    flags = int(face_flags[face])
    if volume == wp.float64(0.0) or (volume > wp.float64(0.0) and (flags & DOUBLE_SIDED) == 0):
        return
    facing[face] = wp.where(volume < wp.float64(0.0), wp.int8(1), wp.int8(-1))

    far = wp.float64(1.0e9)
    box = widen(widen(widen(wp.vec4d(far, far, -far, -far), at_a, at_b), at_b, at_c), at_c, at_a)
    half = wp.float64(0.5)
    x0 = int(wp.ceil(wp.clamp(box[0] - half, wp.float64(0.0), wp.float64(keys.shape[1]))))
    y0 = int(wp.ceil(wp.clamp(box[1] - half, wp.float64(0.0), wp.float64(keys.shape[0]))))
    x1 = int(wp.floor(wp.clamp(box[2] - half, wp.float64(-1.0), wp.float64(keys.shape[1] - 1))))
    y1 = int(wp.floor(wp.clamp(box[3] - half, wp.float64(-1.0), wp.float64(keys.shape[0] - 1))))
    turn = wp.sign(volume)
    of_a = edge_line(at_b, at_c, turn)
    of_b = edge_line(at_c, at_a, turn)
    of_c = edge_line(at_a, at_b, turn)
    plane = (wp.cross(at_b, at_c) + wp.cross(at_c, at_a) + wp.cross(at_a, at_b)) / volume
    for y in range(y0, y1 + 1):
        for x in range(x0, x1 + 1):
            pixel = wp.vec3d(wp.float64(x) + half, wp.float64(y) + half, wp.float64(1.0))
            least = wp.min(wp.min(wp.dot(of_a, pixel), wp.dot(of_b, pixel)), wp.dot(of_c, pixel))
            # The tolerance [px] closes the hairline that rounding may leave between neighbours.
            if least >= wp.float64(-1.0e-3):
                depth = float(wp.dot(plane, pixel))
                offer(face, x, y, depth, flags, a, b, c, face_mesh, face_uv, surfaces, texels, keys)


@wp.kernel
def draw_triangles(
    screen: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    face_flags: wp.array[wp.int8],
    face_mesh: wp.array[wp.int32],
    face_uv: wp.array2d[wp.vec2],
    surfaces: wp.array[Surface],
    texels: wp.array[wp.uint32],
    lanes: int,
    # outputs
    keys: wp.array2d[wp.int64],
    facing: wp.array[wp.int8],
) -> None:
    """Draw `lanes` triangles: the nearest key wins each pixel; `facing` is 1 front, -1 back, 0 not drawn."""
    first = wp.tid() * lanes
    left = draw_plain_triangles(screen, faces, face_flags, first, keys, facing)
    if left != 0:
        for lane in range(lanes):
            if (left >> lane) & 1 != 0:
                draw_triangle(
                    first + lane, screen, faces, face_flags, face_mesh, face_uv, surfaces, texels, keys, facing
                )


@wp.func_native(simd_code("raster", "draw_lit"))
def draw_lit_triangles(
    lit: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    face_flags: wp.array[wp.int8],
    first: int,
    depths: wp.array2d[wp.int32],
): ...


@wp.kernel
def draw_light_depth(
    lit: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    face_flags: wp.array[wp.int8],
    lanes: int,
    # outputs
    depths: wp.array2d[wp.int32],
) -> None:
    """Draw `lanes` triangles into the light's depth map."""
    draw_lit_triangles(lit, faces, face_flags, wp.tid() * lanes, depths)
