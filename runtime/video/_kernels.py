# mypy: ignore-errors
"""Warp kernel of the colour conversion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import warp as wp

from .bt709 import CHROMA, LUMA

wp.set_module_options({"enable_backward": False})

BITS = 16
_ONE = 1 << BITS


def _constants() -> dict[str, int]:
    """The matrix in fixed point, and zero levels with what rounds to the nearest."""
    names = [f"{plane}_{colour}" for plane in ("LUMA", "BLUE", "RED") for colour in "RGB"]
    values = np.rint(np.vstack([LUMA, CHROMA]) * _ONE).astype(int).ravel().tolist()
    zeros = {"LUMA_ZERO": 16 * _ONE + _ONE // 2, "CHROMA_ZERO": 4 * (128 * _ONE + _ONE // 2)}
    return {"BITS": BITS, **dict(zip(names, values, strict=True)), **zeros}


_CODE = "".join(f"constexpr int {name} = {value};\n" for name, value in _constants().items())


@wp.func_native(_CODE + Path(__file__).with_name("i420.h").read_text("utf-8"))
def convert_pair(rgb: wp.array3d(dtype=wp.uint8), pair: int, planes: wp.array2d(dtype=wp.uint8)): ...


@wp.kernel
def convert(
    rgb: wp.array3d(dtype=wp.uint8),
    # outputs
    planes: wp.array2d(dtype=wp.uint8),
) -> None:
    """Convert a pair of rows."""
    convert_pair(rgb, wp.tid(), planes)
