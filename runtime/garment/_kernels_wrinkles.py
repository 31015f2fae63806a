# mypy: ignore-errors
"""Warp kernels of a field's wrinkles."""

from __future__ import annotations

import warp as wp

wp.set_module_options({"enable_backward": False})


@wp.kernel
def mix_code(
    mix: wp.array2d(dtype=wp.float32),
    code: wp.array(dtype=wp.float32),
    # outputs
    mixed: wp.array(dtype=wp.float32),
) -> None:
    r = wp.tid()
    total = wp.float32(0.0)
    for k in range(mix.shape[1]):
        total += mix[r, k] * code[k]
    mixed[r] = total


@wp.kernel
def paint_texels(
    normals: wp.array(dtype=wp.vec3),
    places: wp.array(dtype=wp.int32),
    corners: wp.array2d(dtype=wp.int32),
    barycentrics: wp.array(dtype=wp.vec3),
    start: int,
    # outputs
    texels: wp.array(dtype=wp.vec3),
) -> None:
    # a corner without wrinkles reads a row of zeros
    t = wp.tid()
    weights = barycentrics[t]
    total = weights[0] * normals[corners[t, 0]] + weights[1] * normals[corners[t, 1]]
    texels[start + places[t]] = total + weights[2] * normals[corners[t, 2]]
