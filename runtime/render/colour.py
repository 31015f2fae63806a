"""Colour between light and screen: the sRGB curve and the soft shoulder for highlights.

Linear values up to `SHOULDER` are shown exactly (sRGB 0 to 206 of 255); above it the curve bends smoothly towards 1,
so that a white shirt in the key light keeps its folds instead of clipping.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHOULDER = 0.62
SRGB_ENTRIES = 4096  # steps of the square root of light that 8-bit sRGB is taken from


def srgb_to_linear(srgb: NDArray[np.floating] | NDArray[np.uint8]) -> NDArray[np.float32]:
    """Decode sRGB (uint8, or float in [0, 1]) to linear float32 of the same shape (IEC 61966-2-1)."""
    if srgb.dtype == np.uint8:
        return _DECODED[srgb]
    value = np.asarray(srgb, np.float32)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def linear_to_srgb(linear: NDArray[np.floating]) -> NDArray[np.float32]:
    """Encode linear values, clipped to [0, 1], to sRGB float32 in [0, 1]."""
    value = np.clip(np.asarray(linear, np.float32), 0.0, 1.0)
    return np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1.0 / 2.4) - 0.055).astype(np.float32)


def soften_highlights(linear: NDArray[np.floating]) -> NDArray[np.float32]:
    """Map linear light [0, inf) to [0, 1): the identity up to `SHOULDER`, then a bend with no kink."""
    value = np.asarray(linear, np.float32)
    t = np.maximum(value - SHOULDER, 0.0) / (1.0 - SHOULDER)
    bent = 1.0 - (1.0 - SHOULDER) / (1.0 + t + 0.5 * t * t)
    return np.where(value <= SHOULDER, value, bent).astype(np.float32)


def encode_table(entries: int = SRGB_ENTRIES) -> NDArray[np.uint8]:
    """Tabulate 8-bit sRGB at linear = (i / (entries - 1))²: steps of the square root are nearly even to the eye."""
    return np.round(255.0 * linear_to_srgb(np.linspace(0.0, 1.0, entries, dtype=np.float32) ** 2)).astype(np.uint8)


_DECODED = srgb_to_linear(np.arange(256, dtype=np.float32) / 255.0)
