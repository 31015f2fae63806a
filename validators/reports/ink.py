"""Lines, dots and rings on a picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

RED = (214, 40, 45)  # sRGB of whatever a finding names
_WHITE = (255, 255, 255)
_SHIFT = 4  # cv2 takes fixed-point coordinates, in sixteenths of a pixel here
_FAR = 1 << 20

Pixels = NDArray[np.uint8]
Color = tuple[int, int, int]


def _fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    """Return pixel coordinates as cv2 takes them: there whole numbers are the middles of pixels."""
    return np.asarray(np.round(np.clip((points - 0.5) * (1 << _SHIFT), -_FAR, _FAR)), np.int32)


def draw_lines(pixels: Pixels, lines: NDArray[np.floating], color: Color, opacity: float, thickness: int = 1) -> None:
    """Draw lines [N, K, 2] of K points each [px] onto a picture, smoothed."""
    layer = pixels.copy()
    cv2.polylines(layer, list(_fixed(lines)), False, color, thickness, cv2.LINE_AA, _SHIFT)
    pixels[:] = cv2.addWeighted(layer, opacity, pixels, 1.0 - opacity, 0.0)


def draw_dots(pixels: Pixels, points: NDArray[np.floating], visible: NDArray[np.bool_], radius: float = 4.0) -> None:
    """Draw dots at points [K, 2] [px]; those that something covers are hollow."""
    for center, seen in zip(_fixed(points).tolist(), visible.tolist(), strict=True):
        size = int(radius * (1 << _SHIFT))
        cv2.circle(pixels, center, size + 24, _WHITE, -1, cv2.LINE_AA, _SHIFT)
        cv2.circle(pixels, center, size, RED, -1 if seen else 1, cv2.LINE_AA, _SHIFT)


def draw_rings(
    pixels: Pixels, centers: NDArray[np.floating], radii: NDArray[np.floating], visible: NDArray[np.bool_]
) -> None:
    """Draw rings of radii [K] around centres [K, 2] [px]; those around what something covers are broken."""
    for center, radius, seen in zip(centers, radii.tolist(), visible.tolist(), strict=True):
        arcs = [(0, 360)] if seen else [(start, start + 18) for start in range(0, 360, 30)]
        at = tuple(_fixed(center).tolist())
        axes = (round(radius * (1 << _SHIFT)),) * 2
        for color, thickness in ((_WHITE, 5), (RED, 2)):
            for start, end in arcs:
                cv2.ellipse(pixels, at, axes, 0.0, start, end, color, thickness, cv2.LINE_AA, _SHIFT)


def tiles(size: int, square: int = 12) -> Pixels:
    """Return the chequered ground behind what is transparent, [size, size, 3]."""
    rows, columns = np.indices((size, size)) // square
    return np.where(((rows + columns) % 2)[..., None], np.uint8(232), np.uint8(250)).repeat(3, axis=2)
