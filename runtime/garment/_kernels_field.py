# mypy: ignore-errors
"""Warp kernels of a deformation field."""

from __future__ import annotations

from pathlib import Path

import warp as wp

from dressform.runtime.body._kernels import BLEND
from dressform.runtime.geometry.simd.code import SIMD_OPTIONS, simd_code

wp.set_module_options(SIMD_OPTIONS)

BLOCK = 8  # points whose modes are summed together: long vectors are what a CPU adds fast
Block = wp.types.vector(length=3 * BLOCK, dtype=wp.float32)


SUMS = Path(__file__).with_name("sums.h")
DOT = (
    "return dot_rows((const float*)a.data + a_row * a.shape[1], (const float*)b.data + b_row * b.shape[1], a.shape[1]);"
)
APART = (
    "return squared_distance((const float*)a.data + a_row * a.shape[1], (const float*)b.data + b_row * b.shape[1],"
    " a.shape[1]);"
)


@wp.func_native(f"{simd_code(SUMS)}\n{DOT}")
def dot_of_rows(
    a: wp.array2d(dtype=wp.float32), a_row: int, b: wp.array2d(dtype=wp.float32), b_row: int
) -> wp.float32: ...


@wp.func_native(f"{simd_code(SUMS)}\n{APART}")
def apart_rows(
    a: wp.array2d(dtype=wp.float32), a_row: int, b: wp.array2d(dtype=wp.float32), b_row: int
) -> wp.float32: ...


@wp.kernel
def near_centres(
    features: wp.array2d(dtype=wp.float32),
    centres: wp.array2d(dtype=wp.float32),
    doubt_reach: float,
    # outputs
    near: wp.array2d(dtype=wp.float32),
) -> None:
    # row 0 of the features is kept to the trained range, row 1 is as it is
    i = wp.tid()
    near[0, i] = wp.exp(-0.5 * apart_rows(features, 0, centres, i))
    near[1, i] = wp.exp(-0.5 * doubt_reach * apart_rows(features, 1, centres, i))


@wp.kernel
def weigh_modes(
    features: wp.array2d(dtype=wp.float32),
    near: wp.array2d(dtype=wp.float32),
    linear: wp.array2d(dtype=wp.float32),
    radial: wp.array2d(dtype=wp.float32),
    offset: wp.array(dtype=wp.float32),
    lowest: wp.array(dtype=wp.float32),
    highest: wp.array(dtype=wp.float32),
    # outputs
    coefficients: wp.array(dtype=wp.float32),
) -> None:
    k = wp.tid()
    total = offset[k] + dot_of_rows(features, 0, linear, k) + dot_of_rows(near, 0, radial, k)
    coefficients[k] = wp.clamp(total, lowest[k], highest[k])


@wp.kernel
def project_support(
    near: wp.array2d(dtype=wp.float32),
    support: wp.array2d(dtype=wp.float32),
    # outputs
    known: wp.array(dtype=wp.float32),
) -> None:
    g = wp.tid()
    total = dot_of_rows(near, 1, support, g)
    known[g] = total * total


@wp.kernel
def confide(
    known: wp.array(dtype=wp.float32),
    doubt_full: float,
    doubt_none: float,
    # outputs
    confidence: wp.array(dtype=wp.float32),
) -> None:
    total = wp.float32(0.0)
    for g in range(known.shape[0]):
        total += known[g]
    doubt = wp.clamp(1.0 - total, 0.0, 1.0)
    part = wp.clamp((doubt - doubt_full) / (doubt_none - doubt_full), 0.0, 1.0)
    confidence[0] = 1.0 - part * part * (3.0 - 2.0 * part)


@wp.kernel
def sum_modes(
    mean: wp.array(dtype=Block),
    modes: wp.array2d(dtype=Block),
    coefficients: wp.array(dtype=wp.float32),
    # outputs
    displacements: wp.array(dtype=Block),
) -> None:
    i = wp.tid()
    total = mean[i]
    for k in range(modes.shape[1]):
        total += coefficients[k] * modes[i, k]
    displacements[i] = total


@wp.func_native(simd_code(BLEND, Path(__file__).with_name("carry.h")))
def carry_some(
    rest: wp.array(dtype=wp.vec3),
    places: wp.array(dtype=wp.int32),
    joint_indices: wp.array2d(dtype=wp.int32),
    joint_weights: wp.array2d(dtype=wp.float32),
    transforms: wp.array(dtype=wp.mat44),
    displacements: wp.array(dtype=wp.vec3),
    confidence: wp.array(dtype=wp.float32),
    bound: float,
    wrinkle_share: float,
    first: int,
    points: wp.array(dtype=wp.vec3),
    turns: wp.array(dtype=wp.vec4),
): ...


@wp.kernel
def move_cloth(
    rest: wp.array(dtype=wp.vec3),
    places: wp.array(dtype=wp.int32),
    joint_indices: wp.array2d(dtype=wp.int32),
    joint_weights: wp.array2d(dtype=wp.float32),
    transforms: wp.array(dtype=wp.mat44),
    displacements: wp.array(dtype=wp.vec3),
    confidence: wp.array(dtype=wp.float32),
    bound: float,
    wrinkle_share: float,
    lanes: int,
    # outputs
    points: wp.array(dtype=wp.vec3),
    turns: wp.array(dtype=wp.vec4),
) -> None:
    # each thread moves `lanes` points; a point's weights descend, and end at the first that is 0
    carry_some(
        rest,
        places,
        joint_indices,
        joint_weights,
        transforms,
        displacements,
        confidence,
        bound,
        wrinkle_share,
        wp.tid() * lanes,
        points,
        turns,
    )
