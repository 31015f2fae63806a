"""RGB to the planar YUV that video encoders take."""

from __future__ import annotations

import cv2
import numpy as np
import warp as wp
from numpy.typing import NDArray

from . import _kernels
from .bt709 import CHROMA, LUMA


def load_conversion() -> None:
    """Load the kernel, before threads that convert."""
    wp.config.log_level = wp.LOG_ERROR
    wp.load_module(_kernels, device="cpu")


def rgb_to_i420(rgb: NDArray[np.uint8], out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Convert sRGB uint8 [H, W, 3] (H, W even) to BT.709 limited-range I420, uint8 [H * 3 / 2, W], `out` where given.

    Chroma is that of the mean of four pixels. OpenCV's own I420 conversion is BT.601, which would turn skin greenish in
    players that honour the tags.
    """
    height, width = rgb.shape[:2]
    planes = np.empty((height * 3 // 2, width), np.uint8) if out is None else out
    source, target = (wp.array(each, dtype=wp.uint8, device="cpu", copy=False) for each in (rgb, planes))
    wp.launch(_kernels.convert, height // 2, [source], outputs=[target], device="cpu")
    return planes


def rgb_to_yuv444p10(rgb: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Convert sRGB uint8 [H, W, 3] to BT.709 limited-range planes of 10 bits, uint16 [3, H, W]."""
    affine = 4.0 * np.column_stack([np.vstack([LUMA, CHROMA]), [16.0, 128.0, 128.0]])
    planes = np.rint(cv2.transform(rgb.astype(np.float32), affine)).astype(np.uint16)
    return np.ascontiguousarray(planes.transpose(2, 0, 1))
