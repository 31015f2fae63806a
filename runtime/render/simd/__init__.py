"""C++ that shading kernels are made of, for vector units and GPUs alike, see `begin.h`."""

from __future__ import annotations

from pathlib import Path

from dressform.runtime.render._kernels_raster import LIGHT_DEPTH_SCALE
from dressform.runtime.render._kernels_view import EMPTY, FACE_MASK
from dressform.runtime.render.colour import SHOULDER
from dressform.runtime.render.harmonics import BASIS_SCALE
from dressform.runtime.render.weave import CAVITY_STEPS, ROUGHNESS_STEPS, SLOPE_STEPS, SLOPE_ZERO, SOFTENING

_FLOATS = {
    "SHOULDER": SHOULDER,
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
_WHOLE = {"EMPTY": EMPTY, "FACE_MASK": FACE_MASK}


def simd_code(*names: str) -> str:
    """Return the code of files of this folder, in order, after `begin.h` and the constants that Python knows too.

    Args:
        names: Without their ending.
    """
    floats = [f"constexpr float {name} = {float(value)!r}f;" for name, value in _FLOATS.items()]
    whole = [f"constexpr long long {name} = {int(value)}LL;" for name, value in _WHOLE.items()]
    files = [(Path(__file__).parent / f"{name}.h").read_text() for name in ("begin", *names)]
    return "\n".join([*floats, *whole, *files])
