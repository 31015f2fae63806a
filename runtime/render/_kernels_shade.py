# mypy: ignore-errors

"""From visibility to linear colour: occlusion, sun and its shadow, fill, gloss, sheen."""

import warp as wp

from ._kernels_raster import LightFrame
from ._kernels_surface import Surface
from ._kernels_view import RELAXED, View
from .simd.code import simd_code

wp.set_module_options(RELAXED)


@wp.struct
class Light:
    """What shading needs to know of the light besides its frame."""

    color: wp.vec3
    toward: wp.vec3
    texel: float
    slope: float
    bounce: float
    blur: int


@wp.func_native(simd_code("occlusion"))
def measure_row(
    keys: wp.array2d[wp.int64],
    focal: float,
    reach: float,
    directions: wp.array[wp.vec2],
    row: int,
    first: int,
    end: int,
    openness: wp.array2d[float],
): ...


@wp.kernel
def measure_occlusion(
    keys: wp.array2d[wp.int64],
    focal: float,
    reach: float,
    directions: wp.array[wp.vec2],
    box: wp.vec4i,
    lanes: int,
    # outputs
    openness: wp.array2d[float],
) -> None:
    """Estimate, at half resolution, how open `lanes` pixels are to light from all around (1 is open)."""
    i, part = wp.tid()
    first = (box[0] >> 1) + part * lanes
    measure_row(keys, focal, reach, directions, (box[1] >> 1) + i, first, (box[2] + 1) >> 1, openness)


@wp.func_native(simd_code("fours", "texture", "weave", "wrinkles", "shadow", "unveiled", "lighting", "shade"))
def shade_block(
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
    sh: wp.array2d[wp.vec3],
    light: Light,
    frame: LightFrame,
    depths: wp.array2d[wp.int32],
    openness: wp.array2d[float],
    around: wp.array[float],
    view: View,
    top: int,
    bottom: int,
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
    sh: wp.array2d[wp.vec3],
    light: Light,
    frame: LightFrame,
    depths: wp.array2d[wp.int32],
    openness: wp.array2d[float],
    around: wp.array[float],
    view: View,
    box: wp.vec4i,
    rows: int,
    strip: int,
    # outputs
    color: wp.array2d[wp.vec3],
) -> None:
    """Colour the pixels of a block of the box that show a surface: `BLOCK_ROWS` by `STRIP` on a CPU, one on a GPU."""
    block, part = wp.tid()
    top = box[1] + block * rows
    bottom = wp.min(top + rows, box[3])
    first = box[0] + part * strip
    end = wp.min(first + strip, box[2])
    shade_block(
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
        around,
        view,
        top,
        bottom,
        first,
        end,
        color,
    )
