# mypy: ignore-errors
"""Warp kernels of skinning."""

from __future__ import annotations

from pathlib import Path

import warp as wp

from dressform.runtime.geometry.simd.code import SIMD_OPTIONS, simd_code

wp.set_module_options(SIMD_OPTIONS)

BLEND = Path(__file__).with_name("blend.h")


@wp.func_native(simd_code(BLEND, Path(__file__).with_name("skin.h")))
def skin_some(
    points: wp.array(dtype=wp.vec3),
    joint_indices: wp.array2d(dtype=wp.int32),
    joint_weights: wp.array2d(dtype=wp.float32),
    transforms: wp.array(dtype=wp.mat44),
    offset: wp.int32,
    first: wp.int32,
    count: wp.int32,
    posed: wp.array(dtype=wp.vec3),
): ...


@wp.kernel
def skin_points(
    points: wp.array(dtype=wp.vec3),
    joint_indices: wp.array2d(dtype=wp.int32),
    joint_weights: wp.array2d(dtype=wp.float32),
    transforms: wp.array(dtype=wp.mat44),
    offset: wp.int32,
    count: wp.int32,
    lanes: wp.int32,
    # outputs
    posed: wp.array(dtype=wp.vec3),
) -> None:
    # each thread moves `lanes` points; a point's weights descend, and end at the first that is 0
    skin_some(points, joint_indices, joint_weights, transforms, offset, wp.tid() * lanes, count, posed)
