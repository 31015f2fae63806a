# mypy: ignore-errors
"""From samples to the frame: antialiased sRGB."""

import warp as wp

from ._kernels_view import RELAXED
from .simd.code import simd_code

wp.set_module_options(RELAXED)


@wp.func_native(simd_code("resolve", "encode", "resolve_row"))
def resolve_row(
    keys: wp.array2d[wp.int64],
    color: wp.array2d[wp.vec3],
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
    y: int,
    first: int,
    end: int,
    rgb: wp.array3d[wp.uint8],
): ...


@wp.func_native(simd_code("resolve", "encode", "resolve_samples"))
def resolve_pixel(
    color: wp.array2d[wp.vec3],
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
    samples: int,
    x: int,
    y: int,
    rgb: wp.array3d[wp.uint8],
): ...


@wp.func_native(simd_code("encode", "encode_pixel"))
def encode_pixel(light: wp.vec3, x: int, y: int, rgb: wp.array3d[wp.uint8]): ...


@wp.func_native(simd_code("copy_row"))
def copy_color_row(source: wp.array2d[wp.vec3], target: wp.array2d[wp.vec3], y: int, first: int, end: int): ...


@wp.func_native(simd_code("copy_row"))
def copy_rgb_row(source: wp.array3d[wp.uint8], target: wp.array3d[wp.uint8], y: int, first: int, end: int): ...


@wp.kernel
def encode_backdrop(
    backdrop: wp.array2d[wp.vec3],
    samples: int,
    # outputs
    rgb: wp.array3d[wp.uint8],
) -> None:
    """Average samples × samples of the bare backdrop and encode them."""
    y, x = wp.tid()
    total = wp.vec3()
    for row in range(y * samples, (y + 1) * samples):
        for column in range(x * samples, (x + 1) * samples):
            total += backdrop[row, column]
    encode_pixel(total / float(samples * samples), x, y, rgb)


@wp.kernel
def lay_backdrop(
    backdrop: wp.array2d[wp.vec3],
    box: wp.vec4i,
    strip: int,
    # outputs
    color: wp.array2d[wp.vec3],
) -> None:
    """Put the bare backdrop into a strip of a row of the box, in linear light."""
    row, part = wp.tid()
    first = box[0] + part * strip
    copy_color_row(backdrop, color, box[1] + row, first, wp.min(first + strip, box[2]))


@wp.kernel
def lay_encoded_backdrop(
    backdrop: wp.array3d[wp.uint8],
    box: wp.vec4i,
    strip: int,
    # outputs
    rgb: wp.array3d[wp.uint8],
) -> None:
    """Put the bare backdrop into a strip of a row of the box, as 8-bit sRGB."""
    row, part = wp.tid()
    first = box[0] + part * strip
    copy_rgb_row(backdrop, rgb, box[1] + row, first, wp.min(first + strip, box[2]))


@wp.kernel
def resolve(
    keys: wp.array2d[wp.int64],
    color: wp.array2d[wp.vec3],
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
    box: wp.vec4i,
    strip: int,
    # outputs
    rgb: wp.array3d[wp.uint8],
) -> None:
    """Antialias and encode a strip of a row, one sample per pixel; pixels of the bare backdrop are left as they are."""
    row, part = wp.tid()
    first = box[0] + part * strip
    resolve_row(keys, color, across, down, box[1] + row, first, wp.min(first + strip, box[2]), rgb)


@wp.kernel
def resolve_samples(
    color: wp.array2d[wp.vec3],
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
    samples: int,
    box: wp.vec4i,
    # outputs
    rgb: wp.array3d[wp.uint8],
) -> None:
    """Average samples × samples antialiased samples of one pixel in linear light and encode them."""
    i, j = wp.tid()
    resolve_pixel(color, across, down, samples, box[0] + j, box[1] + i, rgb)
