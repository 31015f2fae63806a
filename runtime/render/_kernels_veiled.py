# mypy: ignore-errors
"""Shading where some of what is drawn is sheer: the code of `_kernels_shade`, with the sun's light through cloth."""

import warp as wp

from ._kernels_raster import LightFrame
from ._kernels_shade import Light
from ._kernels_surface import Surface
from ._kernels_view import RELAXED, View
from .simd.code import simd_code

wp.set_module_options(RELAXED)


@wp.func_native(simd_code("fours", "texture", "weave", "wrinkles", "shadow", "veiled", "lighting", "shade"))
def shade_veiled_block(
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
    veil: wp.array3d[wp.int64],
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
def shade_veiled(
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
    veil: wp.array3d[wp.int64],
    openness: wp.array2d[float],
    around: wp.array[float],
    view: View,
    box: wp.vec4i,
    rows: int,
    strip: int,
    # outputs
    color: wp.array2d[wp.vec3],
) -> None:
    """As `_kernels_shade.shade`; `veil` is what `_kernels_layers.draw_veil` drew."""
    block, part = wp.tid()
    top = box[1] + block * rows
    bottom = wp.min(top + rows, box[3])
    first = box[0] + part * strip
    end = wp.min(first + strip, box[2])
    shade_veiled_block(
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
        veil,
        openness,
        around,
        view,
        top,
        bottom,
        first,
        end,
        color,
    )
