"""Linear light to the bytes of a texture, fast enough for millions of texels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.render.colour import encode_table

_STEPS = 4096
_BYTES = np.round(encode_table(_STEPS)).astype(np.uint8)


def linear_to_bytes(light: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return sRGB bytes of linear light, clipped to [0, 1], same shape."""
    index = np.sqrt(np.clip(light, 0, 1)) * (_STEPS - 1) + 0.5
    return np.asarray(_BYTES[index.astype(np.int32)], np.uint8)
