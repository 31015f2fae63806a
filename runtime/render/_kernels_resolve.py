# mypy: ignore-errors
"""From samples to the frame: antialiased sRGB."""

import warp as wp

from ._kernels_view import RELAXED
from .simd.code import simd_code

wp.set_module_options(RELAXED)


@wp.func_native(simd_code("resolve", "resolve_row"))
def resolve_row(
    keys: wp.array2d[wp.int64],
    color: wp.array2d[wp.vec3],
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
    srgb_table: wp.array[wp.uint8],
    y: int,
    first: int,
    end: int,
    rgb: wp.array3d[wp.uint8],
): ...


@wp.func_native(simd_code("resolve", "resolve_samples"))
def resolve_pixel(
    color: wp.array2d[wp.vec3],
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
    samples: int,
    srgb_table: wp.array[wp.uint8],
    x: int,
    y: int,
    rgb: wp.array3d[wp.uint8],
): ...


@wp.kernel
def resolve(
    keys: wp.array2d[wp.int64],
    color: wp.array2d[wp.vec3],
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
    srgb_table: wp.array[wp.uint8],
    box: wp.vec4i,
    strip: int,
    # outputs
    rgb: wp.array3d[wp.uint8],
) -> None:
    """Antialias and encode a strip of a row, one sample per pixel; pixels of the bare backdrop are left as they are."""
    row, part = wp.tid()
    first = box[0] + part * strip
    resolve_row(keys, color, across, down, srgb_table, box[1] + row, first, wp.min(first + strip, box[2]), rgb)


@wp.kernel
def resolve_samples(
    color: wp.array2d[wp.vec3],
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
    samples: int,
    srgb_table: wp.array[wp.uint8],
    box: wp.vec4i,
    # outputs
    rgb: wp.array3d[wp.uint8],
) -> None:
    """Average samples × samples antialiased samples of one pixel in linear light and encode them."""
    i, j = wp.tid()
    resolve_pixel(color, across, down, samples, srgb_table, box[0] + j, box[1] + i, rgb)
