# mypy: ignore-errors
# ruff: noqa: UP018, SIM108  (Warp wants variables that loops change to be made by their type)
"""From world vertices to visibility: projection, normals, triangles, the light's depth map."""

import warp as wp

from dressform.runtime.geometry.simd.code import SIMD_OPTIONS

from ._kernels_surface import Surface, texel_coverage
from ._kernels_view import (
    CUTOUT,
    DOUBLE_SIDED,
    INVERSE_NEAR,
    LAYER,
    View,
    barycentrics,
    edge_functions,
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


@wp.kernel
def measure_bounds(vertices: wp.array[wp.vec3], stride: int, bounds: wp.array2d[float]) -> None:
    """Widen `bounds` (row 0 lowest, row 1 highest) by the vertices; each thread takes `stride` of them."""
    first = wp.tid() * stride
    low = vertices[first]
    high = low
    for i in range(first + 1, wp.min(first + stride, vertices.shape[0])):
        low = wp.min(low, vertices[i])
        high = wp.max(high, vertices[i])
    for axis in range(3):
        wp.atomic_min(bounds, 0, axis, low[axis])
        wp.atomic_max(bounds, 1, axis, high[axis])


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
    screen[i] = to_screen(view, point)
    lit[i] = to_light(light, point)


@wp.kernel
def face_normals(
    vertices: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    # outputs
    normals: wp.array[wp.vec3],
) -> None:
    """Normals as long as twice the face's area."""
    i = wp.tid()
    a = vertices[faces[i, 0]]
    normals[i] = wp.cross(vertices[faces[i, 1]] - a, vertices[faces[i, 2]] - a)


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
def clipped_corner(a: wp.vec3, b: wp.vec3) -> wp.vec2:
    """Screen position where the edge from a (in front of the near plane) to b (behind it) meets that plane."""
    za = 1.0 / a[2]
    zb = 1.0 / b[2]
    t = (za - 1.0 / INVERSE_NEAR) / (za - zb)
    x = a[0] * za + t * (b[0] * zb - a[0] * za)
    y = a[1] * za + t * (b[1] * zb - a[1] * za)
    return wp.vec2(x, y) * INVERSE_NEAR


@wp.func
def in_front(corner: wp.vec3) -> bool:
    return corner[2] > 0.0 and corner[2] <= INVERSE_NEAR


@wp.func
def widen(box: wp.vec4, a: wp.vec3, b: wp.vec3) -> wp.vec4:
    """Widen (x0, y0, x1, y1) by what is in front of the near plane of corner a and of the edge from a to b."""
    out = box
    if in_front(a):
        out = wp.vec4(wp.min(out[0], a[0]), wp.min(out[1], a[1]), wp.max(out[2], a[0]), wp.max(out[3], a[1]))
    if in_front(a) != in_front(b):
        cut = wp.vec2(0.0, 0.0)
        if in_front(a):
            cut = clipped_corner(a, b)
        else:
            cut = clipped_corner(b, a)
        out = wp.vec4(wp.min(out[0], cut[0]), wp.min(out[1], cut[1]), wp.max(out[2], cut[0]), wp.max(out[3], cut[1]))
    return out


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
    """Draw one triangle that may reach behind the near plane or have holes."""
    a = screen[faces[face, 0]]
    b = screen[faces[face, 1]]
    c = screen[faces[face, 2]]
    facing[face] = wp.int8(0)
    whole = in_front(a) and in_front(b) and in_front(c)
    if not whole and not (in_front(a) or in_front(b) or in_front(c)):
        return
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    side = area
    if not whole:
        side = area * wp.sign(a[2]) * wp.sign(b[2]) * wp.sign(c[2])
    flags = int(face_flags[face])
    if area == 0.0 or (side > 0.0 and (flags & DOUBLE_SIDED) == 0):
        return
    facing[face] = wp.where(side < 0.0, wp.int8(1), wp.int8(-1))

    layer = float(flags // LAYER)
    box = wp.vec4(
        wp.min(wp.min(a[0], b[0]), c[0]),
        wp.min(wp.min(a[1], b[1]), c[1]),
        wp.max(wp.max(a[0], b[0]), c[0]),
        wp.max(wp.max(a[1], b[1]), c[1]),
    )
    if not whole:
        box = widen(widen(widen(wp.vec4(1.0e9, 1.0e9, -1.0e9, -1.0e9), a, b), b, c), c, a)
    x0 = int(wp.ceil(wp.max(box[0] - 0.5, 0.0)))
    y0 = int(wp.ceil(wp.max(box[1] - 0.5, 0.0)))
    x1 = int(wp.floor(wp.min(box[2] - 0.5, float(keys.shape[1] - 1))))
    y1 = int(wp.floor(wp.min(box[3] - 0.5, float(keys.shape[0] - 1))))
    if x0 > x1 or y0 > y1:
        return
    # Area coordinates at the first pixel, and their change per pixel to the right and down.
    inverse_area = 1.0 / area
    first = edge_functions(a, b, c, float(x0) + 0.5, float(y0) + 0.5) * inverse_area
    right = wp.vec3(b[1] - c[1], c[1] - a[1], a[1] - b[1]) * inverse_area
    down = wp.vec3(c[0] - b[0], a[0] - c[0], b[0] - a[0]) * inverse_area
    for y in range(y0, y1 + 1):
        start = first + down * float(y - y0)
        for x in range(x0, x1 + 1):
            e = start + right * float(x - x0)
            least = wp.min(wp.min(e[0], e[1]), e[2])
            if not whole:
                least = wp.min(wp.min(e[0] * a[2], e[1] * b[2]), e[2] * c[2])
            # The tolerance closes the hairline that rounding may leave between neighbours.
            if least >= -1.0e-5:
                inverse_depth = e[0] * a[2] + e[1] * b[2] + e[2] * c[2]
                key = pack_key(lifted(inverse_depth, layer), face)
                if inverse_depth > 0.0 and inverse_depth <= INVERSE_NEAR and key < keys[y, x]:
                    seen = bool(True)
                    if (flags & CUTOUT) != 0:
                        surface = surfaces[face_mesh[face]]
                        w = barycentrics(a, b, c, float(x) + 0.5, float(y) + 0.5)
                        uv = w[0] * face_uv[face, 0] + w[1] * face_uv[face, 1] + w[2] * face_uv[face, 2]
                        seen = texel_coverage(surface, texels, uv) >= 0.5
                    if seen:
                        wp.atomic_min(keys, y, x, key)


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
