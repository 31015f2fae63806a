"""Pictures as JPEG files within a budget."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_QUALITIES = tuple(range(90, 71, -2))
_CHROMA_LESS = 22  # cloth changes little in hue; what does, thin threads, needs resolution and not precision


def encoded(picture: NDArray[np.uint8], budget: int) -> tuple[bytes, int]:
    """Return an sRGB picture [H, W, 3] as JPEG and its quality: the best that keeps within a budget [bytes].

    Colour has the full resolution, as a coloured thread is no wider than a texel. Below quality 72 blocks are seen on
    plain cloth, so the budget gives way there.
    """
    jpeg, quality = b"", 0
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    for quality in _QUALITIES:
        flags = [cv2.IMWRITE_JPEG_LUMA_QUALITY, quality, cv2.IMWRITE_JPEG_CHROMA_QUALITY, quality - _CHROMA_LESS]
        flags += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        done, file = cv2.imencode(".jpg", bgr, flags)
        assert done
        jpeg = bytes(file.tobytes())
        if len(jpeg) <= budget:
            break
    return jpeg, quality
