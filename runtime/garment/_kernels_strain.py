# mypy: ignore-errors
"""Warp kernels of the strain limit."""

from __future__ import annotations

from pathlib import Path

import warp as wp

from dressform.runtime.geometry.simd.code import SIMD_OPTIONS, simd_code

wp.set_module_options(SIMD_OPTIONS)


@wp.kernel
def take_points(
    points: wp.array(dtype=wp.vec3),
    places: wp.array(dtype=wp.int32),
    # outputs
    taken: wp.array(dtype=wp.vec3),
    before: wp.array(dtype=wp.vec3),
) -> None:
    i = wp.tid()
    taken[i] = points[places[i]]
    before[i] = points[places[i]]


@wp.func_native(simd_code(Path(__file__).with_name("shorten.h")))
def shorten_some(
    points: wp.array(dtype=wp.vec3),
    neighbours: wp.array2d(dtype=wp.int32),
    longest: wp.array2d(dtype=wp.float32),
    parts: wp.array(dtype=wp.float32),
    acting: wp.array(dtype=wp.float32),
    share: float,
    onward: float,
    first: int,
    moved: wp.array(dtype=wp.vec3),
): ...


@wp.kernel
def shorten(
    points: wp.array(dtype=wp.vec3),
    neighbours: wp.array2d(dtype=wp.int32),
    longest: wp.array2d(dtype=wp.float32),
    parts: wp.array(dtype=wp.float32),
    acting: wp.array(dtype=wp.float32),
    share: float,
    onward: float,
    lanes: int,
    # outputs
    moved: wp.array(dtype=wp.vec3),
) -> None:
    # every edge that is too long pulls both of its ends, all at once; each thread moves `lanes` points
    shorten_some(points, neighbours, longest, parts, acting, share, onward, wp.tid() * lanes, moved)


@wp.kernel
def put_points(
    moved: wp.array(dtype=wp.vec3),
    places: wp.array(dtype=wp.int32),
    # outputs
    points: wp.array(dtype=wp.vec3),
) -> None:
    i = wp.tid()
    points[places[i]] = moved[i]
