"""A frame's outputs as one OpenEXR file of many channels."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import UsageError

from .cryptomatte import crypto_channels, crypto_header
from .pictured import Pictured
from .synthetic import SYNTHETIC_PICTURE

NOT_IN_EXR = ("vertices",)
# Depth where nothing is [m]: compositing programs make NaN of infinity times an alpha of 0.
NOWHERE = 1e10
_BT709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
_TO_GL = np.diag([1.0, -1.0, -1.0, 1.0])  # OpenEXR's camera looks along -z, y up

Channels = dict[str, NDArray[Any]]


def need_openexr() -> Any:
    """Return the library.

    Raises:
        UsageError: When it is not installed.
    """
    try:
        import OpenEXR
    except ImportError as error:
        raise UsageError(f"EXR files need OpenEXR: pip install OpenEXR, or choose png ({error})") from error
    return OpenEXR


def write_exr(path: Path, frame: Pictured, outputs: Sequence[str], fps: float, *, transparent: bool = False) -> None:
    """Write outputs of a frame, ZIP-compressed scan lines.

    Args:
        path: The file.
        frame: What was rendered.
        outputs: Names, none of `NOT_IN_EXR`.
        fps: Frames per second, noted in the header.
        transparent: Whether the picture has alpha, premultiplied; it then is without what is behind.
    """
    exr = need_openexr()
    channels: Channels = {}
    for name in outputs:
        channels |= _CHANNELS[name](frame) if name != "rgb" else _picture(frame, transparent=transparent)
        if name == "alpha" and "rgb" in outputs and transparent:
            del channels["alpha.A"]  # A holds it, with the shadow's
    header = {"type": exr.scanlineimage, "compression": exr.ZIP_COMPRESSION, **_header(frame, outputs, fps)}
    exr.File(header, {name: np.ascontiguousarray(values) for name, values in channels.items()}).write(str(path))


def _header(frame: Pictured, outputs: Sequence[str], fps: float) -> dict[str, Any]:
    world_to_camera = _TO_GL @ np.linalg.inv(np.asarray(frame.camera.T_world_cam, np.float64))
    about = {
        "comments": SYNTHETIC_PICTURE,
        "chromaticities": _BT709,
        "framesPerSecond": Fraction(fps).limit_denominator(1001),
        # for row vectors, as OpenEXR has it, which takes no notice of strides
        "worldToCamera": np.ascontiguousarray(world_to_camera.T, np.float32),
        "dressform/segments": json.dumps({name: index for index, name in enumerate(frame.segments)}),
    }
    return about | (crypto_header(frame.segments) if "coverage" in outputs else {})


def _picture(frame: Pictured, *, transparent: bool) -> Channels:
    values = frame.premultiplied if transparent else frame.linear
    return {name: values[..., index].astype(np.float16) for index, name in enumerate("RGBA"[: values.shape[2]])}


def _layer(name: str, letters: str, values: NDArray[Any], dtype: type) -> Channels:
    parts = values[..., None] if values.ndim == 2 else values
    return {f"{name}.{letter}": parts[..., index].astype(dtype) for index, letter in enumerate(letters)}


_CHANNELS: dict[str, Callable[[Pictured], Channels]] = {
    "alpha": lambda frame: _layer("alpha", "A", frame.alpha, np.float16),
    "shadow": lambda frame: _layer("shadow", "A", frame.shadow, np.float16),
    "depth": lambda frame: {"Z": np.where(np.isfinite(frame.depth), frame.depth, NOWHERE).astype(np.float32)},
    "normals": lambda frame: _layer("N", "XYZ", frame.normals, np.float16),
    "view-normals": lambda frame: _layer("Nv", "XYZ", frame.view_normals, np.float16),
    "segments": lambda frame: _layer("segment", "I", frame.mask, np.uint32),
    "coverage": lambda frame: dict(crypto_channels(frame.coverage, frame.segments)),
    "uv": lambda frame: _layer("uv", "UV", frame.uv, np.float32),
    "velocity": lambda frame: _layer("velocity", "XY", frame.velocity, np.float32),
}
