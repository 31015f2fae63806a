"""A picture of a texture with the texels that a finding names ringed: the whole, and close up."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from .ink import draw_rings, tiles

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 440  # [px] of a picture
_ZOOMED = 24  # [texels] from side to side of a close-up at least
_MOST_FRAMES = 200
_LARGEST_ZOOM = 0.3  # share of the texture that a close-up shows at most

Pixels = NDArray[np.uint8]


def texture_pictures(image: Image, texels: NDArray[np.float64]) -> tuple[Pixels, Pixels | None]:
    """Return a texture over a chequered ground, sRGB uint8 [SIDE, SIDE, 3], and a close-up of its first marked texel.

    Args:
        image: The decoded texture.
        texels: float64 [K, 2] marked ones, x and y from the upper left [px]; may be empty.
    """
    width, height = image.size
    scale = SIDE / max(width, height)
    rings = min(len(texels), 12)
    whole = _on_tiles(image, (0.0, 0.0, float(width), float(height)), scale)
    offset = (np.array([SIDE, SIDE]) - np.array([width, height]) * scale) / 2
    draw_rings(whole, (texels[:rings] + 0.5) * scale + offset, np.full(rings, 13.0), np.ones(rings, bool))
    if not rings:
        return whole, None
    x, y = texels[0] + 0.5
    half = max(_ZOOMED / 2, 0.02 * max(width, height))
    if 2 * half > _LARGEST_ZOOM * max(width, height):
        return whole, None
    box = (x - half, y - half, x + half, y + half)
    close = _on_tiles(image, box, SIDE / (2 * half))
    near = np.all(np.abs(texels + 0.5 - (x, y)) < half, axis=1)
    at = (texels[near][:12] + 0.5 - (x - half, y - half)) * SIDE / (2 * half)
    draw_rings(close, at, np.full(len(at), 0.9 * SIDE / (2 * half)), np.ones(len(at), bool))
    return whole, close


def _on_tiles(image: Image, box: tuple[float, float, float, float], scale: float) -> Pixels:
    """Return a box (left, upper, right, lower) of an image in the middle of a square; enlarged texels stay square."""
    from PIL import Image as Images

    size = max(1, round((box[2] - box[0]) * scale)), max(1, round((box[3] - box[1]) * scale))
    left, upper, right, lower = (int(np.floor(each)) for each in box)
    shown = _eight_bit(image.crop((left, upper, right, lower))).resize(
        size, Images.Resampling.NEAREST if scale > 1 else Images.Resampling.BOX
    )
    rgba = np.asarray(shown, np.float64)
    ground = tiles(SIDE).astype(np.float64)
    column, row = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
    alpha = rgba[..., 3:] / 255.0
    part = ground[row : row + size[1], column : column + size[0]]
    part[:] = rgba[..., :3] * alpha + part * (1.0 - alpha)
    return np.asarray(np.round(ground), np.uint8)


def _eight_bit(image: Image) -> Image:
    """Return an image as RGBA; grey levels of sixteen bits are cut to eight, where Pillow would clip them."""
    if image.mode.startswith(("I", "F")):
        from PIL import Image as Images

        values = np.asarray(image, np.float64)
        top = 65535.0 if image.mode.startswith("I") else max(float(np.nanmax(np.abs(values))), 1.0)
        image = Images.fromarray(np.asarray(np.clip(np.nan_to_num(values) / top * 255.0, 0, 255), np.uint8))
    return image.convert("RGBA")


def fitted(image: Image, width: int, height: int) -> Pixels:
    """Return an image scaled into a box, sRGB uint8 [H, W, 3], as it is where it is smaller."""
    share = min(1.0, width / image.width, height / image.height)
    size = max(1, round(image.width * share)), max(1, round(image.height * share))
    rgb = np.asarray(_eight_bit(image).convert("RGB"))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def frames_of(video: Path, count: int = 4) -> Pixels | None:
    """Return frames of a video from its first to its last, side by side, sRGB uint8 [H, W, 3]; None without."""
    import av

    try:
        with av.open(str(video)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in islice(container.decode(video=0), _MOST_FRAMES)]
    except (av.FFmpegError, OSError, ValueError, IndexError):
        return None
    if not frames:
        return None
    from PIL import Image as Images

    chosen = [frames[round(k * (len(frames) - 1) / max(count - 1, 1))] for k in range(count)]
    return np.concatenate([fitted(Images.fromarray(frame), 880 // count, SIDE) for frame in chosen], axis=1)
