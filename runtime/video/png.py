"""Outputs of a frame as PNG files."""

from __future__ import annotations

import colorsys
import io
import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .pictured import Pictured, plain
from .synthetic import SYNTHETIC_PICTURE

NOT_IN_PNG = ("coverage", "vertices")
_FROM_KITTI = 64.0  # steps a pixel, around the middle of 16 bits: as the flow of the KITTI benchmarks is stored
_IHDR_END = 33
_FASTEST = 3  # of 9: a tenth larger than the best in a third of the time


def png_bytes(frame: Pictured, name: str, *, transparent: bool = False) -> bytes:
    """Encode one output as a PNG that says that it is synthetic.

    Args:
        frame: What was rendered.
        name: Of an output, not one of `NOT_IN_PNG`.
        transparent: Whether the picture has straight alpha.
    """
    if name == "segments":
        return _described(_indexed(frame.mask, len(frame.segments)))
    values = plain(frame, name, transparent=transparent)
    if name in ("alpha", "shadow"):
        pixels: NDArray[np.generic] = np.rint(255 * values).astype(np.uint8)
    elif name == "depth":
        pixels = np.rint(1000 * np.where(np.isfinite(values), values, 0)).clip(0, 65535).astype(np.uint16)
    elif name in ("normals", "view-normals"):
        pixels = np.where(values.any(axis=-1, keepdims=True), np.rint(32767.5 + 32767.5 * values), 0).astype(np.uint16)
    elif name == "uv":
        pixels = _with_seen(np.rint(65535 * np.mod(values, 1.0)), frame.mask, 65535)
    elif name == "velocity":
        pixels = _with_seen(np.rint(_FROM_KITTI * values + 32768).clip(0, 65535), frame.mask, 1)
    else:
        pixels = values
    return _described(_encoded(pixels), picture=name == "rgb")


def _with_seen(two: NDArray[np.floating], mask: NDArray[np.uint8], one: int) -> NDArray[np.uint16]:
    """Return two channels and in the third whether anything is there; all 0 where nothing is."""
    seen = (mask > 0)[..., None]
    return np.asarray(np.concatenate([two, np.full((*mask.shape, 1), one)], axis=-1) * seen, np.uint16)


def _encoded(pixels: NDArray[np.generic]) -> bytes:
    """Encode [H, W], rgb or rgba of 8 or 16 bits."""
    if pixels.ndim == 3:
        pixels = pixels[..., [2, 1, 0, *range(3, pixels.shape[2])]]  # as OpenCV orders them
    return bytes(cv2.imencode(".png", np.ascontiguousarray(pixels), [cv2.IMWRITE_PNG_COMPRESSION, _FASTEST])[1])


def _indexed(mask: NDArray[np.uint8], count: int) -> bytes:
    """Encode indices with a palette: programs read the indices, people see colours."""
    image = Image.fromarray(mask, mode="P")
    image.putpalette([0, 0, 0, *(channel for index in range(count - 1) for channel in _colour(index))])
    held = io.BytesIO()
    image.save(held, format="PNG", bits=8)
    return held.getvalue()


def _colour(index: int) -> tuple[int, int, int]:
    """Return colours that differ the most when there are few: around the wheel by the golden ratio."""
    r, g, b = colorsys.hsv_to_rgb(0.08 + 0.618034 * index, 0.55 if index % 2 else 0.75, 0.95)
    return round(255 * r), round(255 * g), round(255 * b)


def _described(png: bytes, *, picture: bool = False) -> bytes:
    """Put in what the picture says of itself, and of a picture that it is sRGB."""
    chunks = [_chunk(b"sRGB", b"\0")] if picture else []
    chunks += [_chunk(b"tEXt", key + b"\0" + SYNTHETIC_PICTURE.encode("latin-1")) for key in (b"Comment", b"Source")]
    return png[:_IHDR_END] + b"".join(chunks) + png[_IHDR_END:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
