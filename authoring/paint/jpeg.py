"""Pictures as JPEG files within a budget."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_SHARP = tuple(range(90, 75, -2))
_SOFT = tuple(range(86, 65, -2))
_CHROMA_LESS = 22  # cloth changes little in hue; what does, thin threads, needs resolution and not precision


def encoded(picture: NDArray[np.uint8], budget: int) -> tuple[bytes, int]:
    """Return an sRGB picture [H, W, 3] as JPEG and its quality: the best that keeps within a budget [bytes].

    Colour has the full resolution, as a coloured thread is no wider than a texel; where that costs too much (fine
    stripes) it has half of it. Below quality 66 blocks are seen on plain cloth, so the budget gives way there.
    """
    jpeg, quality = b"", 0
    bgr = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)
    for quality in _SHARP:
        jpeg = _jpeg(bgr, quality, quality - _CHROMA_LESS, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
        if len(jpeg) <= budget:
            return jpeg, quality
    for quality in _SOFT:
        jpeg = _jpeg(bgr, quality, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420)
        if len(jpeg) <= budget:
            break
    return jpeg, quality


def _jpeg(bgr: NDArray[np.uint8], luma: int, chroma: int, sampling: int) -> bytes:
    flags = [cv2.IMWRITE_JPEG_LUMA_QUALITY, luma, cv2.IMWRITE_JPEG_CHROMA_QUALITY, chroma]
    flags += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    done, file = cv2.imencode(".jpg", bgr, flags)
    assert done
    return bytes(file.tobytes())
