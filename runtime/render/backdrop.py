"""The picture behind the people, in linear light."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .colour import linear_to_srgb, srgb_to_linear
from .scene import Background, Camera

_MOST_CUT = 8  # how many times longer than the frame a picture may be scaled


def paint_backdrop(background: Background, camera: Camera, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Paint a background, linear float32 [H, W, 3], for samples of this shape (a multiple of the camera's size)."""
    if background.kind == "image":
        if background.image is None:
            raise ValueError("a background of kind image needs an image, got None")
        return srgb_to_linear(_covering(background.image, shape))
    color = np.asarray(background.color, np.float32)
    if background.kind == "gradient":
        down = (np.arange(shape[0], dtype=np.float32)[:, None, None] + 0.5) / shape[0]
        below = np.asarray(background.color_below, np.float32)
        return _dithered(np.broadcast_to(color + down * (below - color), (*shape, 3)), shape[0] // camera.size[1])
    if background.kind in ("plain", "transparent"):
        return np.broadcast_to(srgb_to_linear(color), (*shape, 3)).copy()
    return _sweep(color, camera, shape)


def backdrop_key(background: Background, camera: Camera) -> tuple[object, ...]:
    """Tell backdrops apart: equal keys look the same (the sweep may lag by four pixels of its faint gradient)."""
    if background.kind != "studio":
        return (background.kind, background.color, background.color_below, id(background.image))
    return (background.kind, background.color, round(_horizon(camera) / 4.0), round(camera.focal_px))


def _horizon(camera: Camera) -> float:
    """Row [px] where directions are level; far outside the frame when looking steeply up or down."""
    rotation = np.asarray(camera.T_world_cam, np.float64)[:3, :3]
    down, forward = float(rotation[2, 1]), float(rotation[2, 2])
    slope = -forward / down if abs(down) > 1e-3 else -math.copysign(1e3, forward)
    return float(np.clip(camera.center_px[1] + camera.focal_px * slope, -4e3, 4e3))


def _sweep(color: NDArray[np.float32], camera: Camera, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Seamless paper: bright where floor turns into wall, darker upwards, towards the lens and in the corners."""
    height, width = shape
    scale = height / camera.size[1]
    rows = (np.arange(height, dtype=np.float32) + 0.5) / scale
    slope = (rows - np.float32(_horizon(camera))) / np.float32(camera.focal_px)
    wall = np.exp(-np.square(np.minimum(slope + 0.06, 0.0) / 0.55))
    floor = np.exp(-np.square(np.maximum(slope - 0.10, 0.0) / 0.75))
    fall = 0.80 + 0.20 * np.where(slope < 0.0, wall, floor)
    x = ((np.arange(width, dtype=np.float32) + 0.5) / width - 0.5) * (width / height)
    y = (np.arange(height, dtype=np.float32) + 0.5) / height - 0.52
    radius = np.square(x)[None, :] + 0.7 * np.square(y)[:, None]
    pool = 0.86 + 0.14 * np.exp(-radius / 0.22)
    light = fall[:, None] * pool
    return _dithered(linear_to_srgb(srgb_to_linear(color)[None, None, :] * light[..., None]), height // camera.size[1])


def _dithered(srgb: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """Return the linear light of sRGB [H, W, 3] in 8 bits, without the bands that a slow gradient would show.

    Interleaved gradient noise (Jimenez 2014) of one 8-bit step hides them; it is the same for all samples of a pixel,
    whose mean would be without it.
    """
    column, row = np.meshgrid(*(np.arange(srgb.shape[axis]) // samples for axis in (1, 0)))
    noise = np.modf(52.9829189 * np.modf(0.06711056 * column + 0.00583715 * row)[0])[0]
    levels = np.floor(255.0 * srgb + noise[..., None].astype(np.float32))
    return srgb_to_linear((levels / 255.0).clip(0.0, 1.0).astype(np.float32))


def _covering(image: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Scale an image to cover the shape and cut what stands over."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"background image must be uint8 [H, W, 3], got {image.dtype} {list(image.shape)}")
    height, width = shape
    scale = max(height / image.shape[0], width / image.shape[1])
    # of a picture that is far wider or higher, only the middle is scaled at all
    keep = [min(side, math.ceil(_MOST_CUT * of / scale)) for side, of in zip(image.shape, shape, strict=False)]
    top, left = ((side - kept) // 2 for side, kept in zip(image.shape, keep, strict=False))
    image = image[top : top + keep[0], left : left + keep[1]]
    size = (max(width, round(image.shape[1] * scale)), max(height, round(image.shape[0] * scale)))
    scaled = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.asarray(scaled, np.uint8)[top : top + height, left : left + width]
