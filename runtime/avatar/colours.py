"""Linear light and sRGB."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_LINEAR_OF_BYTE = np.arange(256) / 255
_LINEAR_OF_BYTE = np.where(
    _LINEAR_OF_BYTE <= 0.04045, _LINEAR_OF_BYTE / 12.92, ((_LINEAR_OF_BYTE + 0.055) / 1.055) ** 2.4
).astype(np.float32)


def srgb_to_linear(colour: NDArray[np.uint8]) -> Floats:
    """Return linear light in [0, 1] of sRGB bytes, same shape."""
    return np.asarray(_LINEAR_OF_BYTE[colour], np.float32)


# 4096 steps are finer than a byte everywhere but in near black, where the next step is a byte away at most.
_BYTE_OF_LINEAR = np.linspace(0, 1, 4097)
_BYTE_OF_LINEAR = np.round(
    255 * np.where(_BYTE_OF_LINEAR <= 0.0031308, 12.92 * _BYTE_OF_LINEAR, 1.055 * _BYTE_OF_LINEAR ** (1 / 2.4) - 0.055)
).astype(np.uint8)


def linear_to_srgb(light: Floats) -> NDArray[np.uint8]:
    """Return sRGB bytes of linear light, clipped to [0, 1], same shape."""
    return np.asarray(_BYTE_OF_LINEAR[(np.clip(light, 0, 1) * 4096 + 0.5).astype(np.int32)], np.uint8)
