"""RGB to the planar YUV that video encoders take."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# BT.709, limited range: Y in 16..235, Cb and Cr in 16..240 around 128 (ITU-R BT.709-6, items 3.2 to 3.5).
_KR, _KB = 0.2126, 0.0722
_KG = 1.0 - _KR - _KB
_LUMA = np.array([[_KR, _KG, _KB]]) * (219.0 / 255.0)
_CHROMA = np.array(
    [
        [-_KR / (2.0 * (1.0 - _KB)), -_KG / (2.0 * (1.0 - _KB)), 0.5],
        [0.5, -_KG / (2.0 * (1.0 - _KR)), -_KB / (2.0 * (1.0 - _KR))],
    ]
) * (224.0 / 255.0)
_LUMA_AFFINE = np.hstack([_LUMA, [[16.0]]])
_CHROMA_AFFINE = np.hstack([_CHROMA, [[128.0], [128.0]]])


def rgb_to_i420(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert sRGB uint8 [H, W, 3] (H, W even) to BT.709 limited-range I420, uint8 [H * 3 / 2, W].

    OpenCV's own I420 conversion is BT.601, which would turn skin greenish in players that honour the tags.
    """
    height, width = rgb.shape[:2]
    planes = np.empty((height * 3 // 2, width), np.uint8)
    planes[:height] = cv2.transform(rgb, _LUMA_AFFINE)
    half = cv2.resize(rgb, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    chroma = cv2.transform(half, _CHROMA_AFFINE)
    planes[height:].reshape(2, height // 2, width // 2)[:] = chroma.transpose(2, 0, 1)
    return planes


def rgb_to_yuv444p10(rgb: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Convert sRGB uint8 [H, W, 3] to BT.709 limited-range planes of 10 bits, uint16 [3, H, W]."""
    affine = 4.0 * np.vstack([_LUMA_AFFINE, _CHROMA_AFFINE])
    planes = np.rint(cv2.transform(rgb.astype(np.float32), affine)).astype(np.uint16)
    return np.ascontiguousarray(planes.transpose(2, 0, 1))
