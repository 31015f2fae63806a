"""Puts together the C++ of this folder."""

from __future__ import annotations

from pathlib import Path

from dressform.runtime.geometry.simd import code
from dressform.runtime.render import _kernels_view as view
from dressform.runtime.render.colour import SHOULDER, SRGB_ENTRIES
from dressform.runtime.render.harmonics import BASIS_SCALE
from dressform.runtime.render.textures import TEXEL_SHARE
from dressform.runtime.render.weave import CAVITY_STEPS, ROUGHNESS_STEPS, SLOPE_STEPS, SLOPE_ZERO, SOFTENING
from dressform.schemas.units import LUMINANCE

STRIP = 256  # pixels of a row that a thread of a CPU works on
BLOCK_ROWS = 4  # rows of such a strip that are shaded together: more of a mesh's pixels in one vector
_FLOATS = {
    "SHOULDER": SHOULDER,
    "INVERSE_NEAR": view.INVERSE_NEAR,
    "LAYER_LIFT": view.LAYER_LIFT,
    "NEARNESS_SCALE": view.NEARNESS_SCALE,
    "CROSSING_SCALE": view.CROSSING_SCALE,
    "LIGHT_DEPTH_SCALE": view.LIGHT_DEPTH_SCALE,
    "LUMINANCE_R": LUMINANCE[0],
    "LUMINANCE_G": LUMINANCE[1],
    "LUMINANCE_B": LUMINANCE[2],
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
    "SCATTERED": view.SCATTERED,
    "TEXEL_SHARE": TEXEL_SHARE,
}
_WHOLE = {
    "EMPTY": view.EMPTY,
    "FACE_BITS": view.FACE_BITS,
    "FACE_MASK": view.FACE_MASK,
    "NEARNESS_TOP": view.NEARNESS_TOP,
    "DOUBLE_SIDED": view.DOUBLE_SIDED,
    "CUTOUT": view.CUTOUT,
    "LAYER": view.LAYER,
    "TOUCHED": view.TOUCHED,
    "SHARE_BITS": view.SHARE_BITS,
    "SHARE_MASK": view.SHARE_MASK,
    "SRGB_ENTRIES": SRGB_ENTRIES,
    "STRIP": STRIP,
    "BLOCK_ROWS": BLOCK_ROWS,
}
_KNOWN = {name: float(value) for name, value in _FLOATS.items()} | {name: int(value) for name, value in _WHOLE.items()}


def simd_code(*names: str) -> str:
    """Return the code of files of this folder, in order, after what all such code begins with.

    Args:
        names: Without their ending.
    """
    return code.simd_code(*(Path(__file__).with_name(f"{name}.h") for name in names), constants=_KNOWN)
