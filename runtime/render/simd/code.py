"""Puts together the C++ of this folder, see `begin.h`."""

from __future__ import annotations

from pathlib import Path

from dressform.runtime.render._kernels_view import (
    CROSSING_SCALE,
    CUTOUT,
    DOUBLE_SIDED,
    EMPTY,
    FACE_BITS,
    FACE_MASK,
    INVERSE_NEAR,
    LAYER,
    LAYER_LIFT,
    LIGHT_DEPTH_SCALE,
    NEARNESS_SCALE,
    NEARNESS_TOP,
    TOUCHED,
)
from dressform.runtime.render.colour import SHOULDER
from dressform.runtime.render.harmonics import BASIS_SCALE
from dressform.runtime.render.weave import CAVITY_STEPS, ROUGHNESS_STEPS, SLOPE_STEPS, SLOPE_ZERO, SOFTENING

_FLOATS = {
    "SHOULDER": SHOULDER,
    "INVERSE_NEAR": INVERSE_NEAR,
    "LAYER_LIFT": LAYER_LIFT,
    "NEARNESS_SCALE": NEARNESS_SCALE,
    "CROSSING_SCALE": CROSSING_SCALE,
    "LIGHT_DEPTH_SCALE": LIGHT_DEPTH_SCALE,
    "SH_0": BASIS_SCALE[0],
    "SH_1": BASIS_SCALE[1],
    "SH_2": BASIS_SCALE[4],
    "SH_20": BASIS_SCALE[6],
    "SH_22": BASIS_SCALE[8],
    "SLOPE_ZERO": SLOPE_ZERO,
    "SLOPE_STEPS": SLOPE_STEPS,
    "CAVITY_STEPS": CAVITY_STEPS,
    "ROUGHNESS_STEPS": ROUGHNESS_STEPS,
    "SOFTENING": SOFTENING,
}
_WHOLE = {
    "EMPTY": EMPTY,
    "FACE_BITS": FACE_BITS,
    "FACE_MASK": FACE_MASK,
    "NEARNESS_TOP": NEARNESS_TOP,
    "DOUBLE_SIDED": DOUBLE_SIDED,
    "CUTOUT": CUTOUT,
    "LAYER": LAYER,
    "TOUCHED": TOUCHED,
}
_LANES = 16  # as in `begin.h`


def simd_code(*names: str) -> str:
    """Return the code of files of this folder, in order, after `begin.h` and the constants that Python knows too.

    Args:
        names: Without their ending.
    """
    floats = [f"constexpr float {name} = {float(value)!r}f;" for name, value in _FLOATS.items()]
    whole = [f"constexpr long long {name} = {int(value)}LL;" for name, value in _WHOLE.items()]
    files = [(Path(__file__).parent / f"{name}.h").read_text() for name in ("begin", *names)]
    return "\n".join([*floats, *whole, *files])


def lanes_on(device: str) -> int:
    """Return how many lanes the code has on a Warp device: what one thread of a kernel works on at a time."""
    return _LANES if device == "cpu" else 1
