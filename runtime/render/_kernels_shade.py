# mypy: ignore-errors
# ruff: noqa: UP018  (Warp wants variables that loops change to be made by their type)
"""From visibility to linear colour: occlusion, sun and its shadow, fill, gloss, sheen, and the shadow on the ground."""

import warp as wp

from ._kernels_raster import LightFrame
from ._kernels_surface import Surface
from ._kernels_view import EMPTY, RELAXED, View, key_inverse_depth
from .simd.code import simd_code

wp.set_module_options(RELAXED)

OCCLUSION_PAIRS = wp.constant(6)


@wp.struct
class Light:
    """What shading needs to know of the light besides its frame."""

    color: wp.vec3
    toward: wp.vec3
    texel: float
    slope: float
    blur: int


@wp.func
def depth_or(keys: wp.array2d[wp.int64], x: int, y: int, otherwise: float) -> float:
    if x < 0 or y < 0 or x >= keys.shape[1] or y >= keys.shape[0]:
        return otherwise
    key = keys[y, x]
    if key >= EMPTY:
        return otherwise
    return 1.0 / key_inverse_depth(key)


@wp.func
def closed_in(centre: float, near_side: float, far_side: float, reach: float) -> float:
    """How much a pair of opposite samples stands before the line through the centre, fading for unrelated surfaces."""
    a = centre - near_side
    b = centre - far_side
    if a > 2.0 * reach:
        a = wp.max(0.0, 4.0 * reach - a)
    if b > 2.0 * reach:
        b = wp.max(0.0, 4.0 * reach - b)
    a = wp.max(a, -2.0 * reach)
    b = wp.max(b, -2.0 * reach)
    return wp.clamp((a + b) / (2.0 * reach), 0.0, 1.0)


@wp.kernel
def measure_occlusion(
    keys: wp.array2d[wp.int64],
    focal: float,
    reach: float,
    directions: wp.array[wp.vec2],
    box: wp.vec4i,
    # outputs
    openness: wp.array2d[float],
) -> None:
    """Estimate, at half resolution, how open the surface is to light from all around (1 is open)."""
    i, j = wp.tid()
    row = (box[1] >> 1) + i
    column = (box[0] >> 1) + j
    y = row * 2
    x = column * 2
    key = keys[y, x]
    if key >= EMPTY:
        openness[row, column] = 1.0
        return
    inverse_depth = key_inverse_depth(key)
    centre = 1.0 / inverse_depth
    total = float(0.0)
    # The pattern turns from pixel to pixel in blocks of 2 × 2, which the bilinear look-up averages.
    pattern = ((row & 1) * 2 + (column & 1)) * OCCLUSION_PAIRS
    for k in range(OCCLUSION_PAIRS):
        offset = directions[pattern + k]
        metres = reach * wp.length(offset)
        dx = int(wp.round(offset[0] * reach * focal * inverse_depth))
        dy = int(wp.round(offset[1] * reach * focal * inverse_depth))
        near_side = depth_or(keys, x + dx, y + dy, centre + 2.0 * metres)
        far_side = depth_or(keys, x - dx, y - dy, centre + 2.0 * metres)
        total += closed_in(centre, near_side, far_side, metres)
    openness[row, column] = 1.0 - total / float(OCCLUSION_PAIRS)


@wp.func_native(simd_code("texture", "weave", "wrinkles", "shadow", "lighting", "shade"))
def shade_row(
    keys: wp.array2d[wp.int64],
    vertices: wp.array[wp.vec3],
    screen: wp.array[wp.vec3],
    normals: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    face_uv: wp.array2d[wp.vec2],
    weave_uv: wp.array2d[wp.vec2],
    atlas_uv: wp.array2d[wp.vec2],
    face_mesh: wp.array[wp.int32],
    facing: wp.array[wp.int8],
    surfaces: wp.array[Surface],
    texels: wp.array[wp.uint32],
    levels: wp.array[wp.int32],
    turns: wp.array[wp.vec4],
    wrinkles: wp.array[wp.vec3],
    sh: wp.array[wp.vec3],
    light: Light,
    frame: LightFrame,
    depths: wp.array2d[wp.int32],
    openness: wp.array2d[float],
    view: View,
    y: int,
    first: int,
    end: int,
    color: wp.array2d[wp.vec3],
): ...


@wp.kernel
def shade(
    keys: wp.array2d[wp.int64],
    vertices: wp.array[wp.vec3],
    screen: wp.array[wp.vec3],
    normals: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    face_uv: wp.array2d[wp.vec2],
    weave_uv: wp.array2d[wp.vec2],
    atlas_uv: wp.array2d[wp.vec2],
    face_mesh: wp.array[wp.int32],
    facing: wp.array[wp.int8],
    surfaces: wp.array[Surface],
    texels: wp.array[wp.uint32],
    levels: wp.array[wp.int32],
    turns: wp.array[wp.vec4],
    wrinkles: wp.array[wp.vec3],
    sh: wp.array[wp.vec3],
    light: Light,
    frame: LightFrame,
    depths: wp.array2d[wp.int32],
    openness: wp.array2d[float],
    view: View,
    box: wp.vec4i,
    strip: int,
    # outputs
    color: wp.array2d[wp.vec3],
) -> None:
    """Colour the pixels of one strip of a row of the box that show a surface; a strip is at most 256 pixels."""
    row, part = wp.tid()
    first = box[0] + part * strip
    end = wp.min(first + strip, box[2])
    shade_row(
        keys,
        vertices,
        screen,
        normals,
        faces,
        face_uv,
        weave_uv,
        atlas_uv,
        face_mesh,
        facing,
        surfaces,
        texels,
        levels,
        turns,
        wrinkles,
        sh,
        light,
        frame,
        depths,
        openness,
        view,
        box[1] + row,
        first,
        end,
        color,
    )
