"""Painting cloth in metric lengths: weave, wear, seams and stitches, as colour and as height."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
_AROUND = 0.015  # [m] room around a drawing for its glow
Line = NDArray[np.float64]
Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Cover:
    """How far a drawing covers the pixels of a window of the canvas.

    Attributes:
        window: Rows and columns of the canvas.
        share: float32 [h, w] in [0, 1].
    """

    window: tuple[slice, slice]
    share: NDArray[np.float32]

    def times(self, other: NDArray[np.float32] | float) -> Cover:
        """Return the cover with its share multiplied."""
        return Cover(self.window, np.asarray(self.share * other, np.float32))


class ClothCanvas:
    """A square of cloth.

    Args:
        metres: Length of its side [m].
        pixels: Its side in the picture [px].
        color: sRGB in [0, 1].
        seed: Of the weave's irregularities.
    """

    def __init__(self, metres: float, pixels: int, color: Rgb, seed: int = 11) -> None:
        self.metres = metres
        self.pixels = pixels
        self.color = np.empty((pixels, pixels, 3), np.float32)
        self.color[:] = color
        self.height = np.zeros((pixels, pixels), np.float32)
        self._random = np.random.default_rng(seed)

    def noise(self, across: float, along: float, cover: Cover | None = None) -> NDArray[np.float32]:
        """Return smooth noise of unit variance whose blobs are this wide and this tall [m], as large as the cover."""
        shape = cover.share.shape if cover else (self.pixels, self.pixels)
        sigma = [max(length / self.metres * self.pixels, 0.3) for length in (across, along)]
        shrink = [max(1, int(s / 2)) for s in sigma]
        coarse = (shape[0] // shrink[1] + 2, shape[1] // shrink[0] + 2)
        grain = self._random.standard_normal(coarse, np.float32)
        soft = cv2.GaussianBlur(grain, (0, 0), sigma[0] / shrink[0], sigmaY=sigma[1] / shrink[1])
        full = cv2.resize(soft, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
        return np.asarray((full - full.mean()) / max(float(full.std()), 1e-6), np.float32)

    def whole(self, share: NDArray[np.float32] | float = 1.0) -> Cover:
        """Return a cover of the whole canvas."""
        everything = (slice(0, self.pixels), slice(0, self.pixels))
        return Cover(everything, np.broadcast_to(np.asarray(share, np.float32), (self.pixels, self.pixels)))

    def shade(self, cover: Cover, amount: float) -> None:
        """Multiply the colour by 1 + amount where covered."""
        self.color[cover.window] *= (1 + amount * cover.share)[..., None]

    def tint(self, cover: Cover, color: Rgb, share: float = 1.0) -> None:
        """Blend a colour in where covered."""
        under = self.color[cover.window]
        under += (np.asarray(color, np.float32) - under) * (share * cover.share)[..., None]

    def raise_by(self, cover: Cover, amount: float) -> None:
        """Add to the height [m] where covered."""
        self.height[cover.window] += amount * cover.share

    def lines(self, lines: Sequence[Line], width: float) -> Cover:
        """Cover polylines [n, 2] [m] of a width [m]."""
        thick = width / self.metres * self.pixels
        window, origin = self._window(np.concatenate(lines))
        drawn = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), np.uint8)
        for line in lines:
            cv2.polylines(drawn, [self._fixed(line, origin)], False, 255, max(1, round(thick)), cv2.LINE_AA, _SHIFT)
        return Cover(window, np.asarray(drawn.astype(np.float32) * (min(thick, 1.0) / 255), np.float32))

    def area(self, outline: Line, *, room: float = _AROUND) -> Cover:
        """Cover the inside of a closed polyline [n, 2] [m], with room around it for a glow [m]."""
        window, origin = self._window(outline, room)
        drawn = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), np.uint8)
        cv2.fillPoly(drawn, [self._fixed(outline, origin)], 255, cv2.LINE_AA, _SHIFT)
        return Cover(window, np.asarray(drawn.astype(np.float32) / 255, np.float32))

    def glow(self, cover: Cover, radius: float) -> Cover:
        """Return a cover blurred by a radius [m] and scaled back to a peak of 1."""
        soft = cv2.GaussianBlur(cover.share, (0, 0), max(radius / self.metres * self.pixels, 0.3))
        return Cover(cover.window, np.asarray(soft / max(float(soft.max()), 1e-6), np.float32))

    def seam(self, lines: Sequence[Line], *, depth: float = 0.5) -> None:
        """Draw seams: a dark groove between two slightly worn ridges."""
        for line in lines:
            groove = self.lines([line], 0.0016)
            ridge = self.glow(groove, 0.0035)
            worn = np.clip(self.noise(0.004, 0.004, ridge), -1, 1)
            self.shade(ridge.times(np.float32(0.6) + np.float32(0.4) * worn), 0.10 * depth)
            self.shade(groove, -0.75 * depth)
            self.raise_by(ridge, 0.0008)
            self.raise_by(groove, -0.0016 * depth)

    def stitch(self, lines: Sequence[Line], color: Rgb, *, width: float = 0.0012) -> None:
        """Draw topstitches: 4 mm of thread, 2 mm of gap, in a shallow furrow."""
        for line in lines:
            furrow = self.glow(self.lines([line], width), 0.0012)
            self.shade(furrow, -0.20)
            self.raise_by(furrow, -0.0005)
            thread = self.lines(dashes(line, 0.0042, 0.0022), width)
            self.tint(thread, color, 0.92)
            self.raise_by(thread, 0.0007)

    def image(self) -> NDArray[np.uint8]:
        """Return the colour, sRGB uint8 [H, W, 3], first row at the top."""
        return np.asarray(np.clip(self.color * 255 + 0.5, 0, 255), np.uint8)

    def normal_map(self, pixels: int) -> NDArray[np.uint8]:
        """Return a tangent-space normal map (x right, y up), uint8 [pixels, pixels, 3]."""
        height = cv2.resize(self.height, (pixels, pixels), interpolation=cv2.INTER_AREA)
        step = 2 * self.metres / pixels
        dx = (np.roll(height, -1, axis=1) - np.roll(height, 1, axis=1)) / step
        dy = (np.roll(height, 1, axis=0) - np.roll(height, -1, axis=0)) / step
        normal = np.stack([-dx, -dy, np.ones_like(dx)], axis=-1)
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
        return np.asarray(np.clip((normal * 0.5 + 0.5) * 255 + 0.5, 0, 255), np.uint8)

    def _window(self, line: Line, room: float = _AROUND) -> tuple[tuple[slice, slice], NDArray[np.float64]]:
        """Return the part of the canvas around a drawing and its first pixel (x, y)."""
        scale = self.pixels / self.metres
        low = np.floor((line.min(axis=0) - room) * scale).astype(int)
        high = np.ceil((line.max(axis=0) + room) * scale).astype(int)
        left, right = (int(np.clip(value, 0, self.pixels)) for value in (low[0], high[0]))
        top, bottom = (int(np.clip(self.pixels - value, 0, self.pixels)) for value in (high[1], low[1]))
        return (slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1))), np.array([left, top], np.float64)

    def _fixed(self, line: Line, origin: NDArray[np.float64]) -> NDArray[np.int32]:
        scale = self.pixels / self.metres
        corners = np.stack([line[:, 0] * scale, self.pixels - line[:, 1] * scale], axis=1) - 0.5 - origin
        return np.asarray(np.round(corners * (1 << _SHIFT)), np.int32)


def _along(line: Line) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])


def part(line: Line, start: float, end: float) -> Line:
    """Return the stretch of a polyline between two lengths from its start [m]; negative lengths count from its end."""
    along = _along(line)
    first, last = (value + along[-1] if value < 0 else value for value in (start, end))
    inner = along[(along > first) & (along < last)]
    where = np.concatenate([[first], inner, [last]])
    return np.stack([np.interp(where, along, line[:, k]) for k in range(2)], axis=1)


def point_on(line: Line, length: float) -> NDArray[np.float64]:
    """Return the point [2] of a polyline at a length from its start [m]; a negative length counts from its end."""
    along = _along(line)
    where = length + along[-1] if length < 0 else length
    return np.array([np.interp(where, along, line[:, k]) for k in range(2)])


def shifted(line: Line, distance: float) -> Line:
    """Return a polyline moved to its left by a distance [m] (negative: to its right)."""
    way = np.gradient(line, axis=0)
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-12)
    return np.asarray(line + distance * np.stack([-way[:, 1], way[:, 0]], axis=1), np.float64)


def dashes(line: Line, length: float, gap: float) -> list[Line]:
    """Return a polyline cut into dashes of a length with gaps between [m]."""
    along = _along(line)
    starts = np.arange(gap / 2, along[-1] - length, length + gap)
    ends = np.stack([starts, starts + length / 2, starts + length], axis=1)
    places = np.stack([np.interp(ends, along, line[:, k]) for k in range(2)], axis=2)
    return list(places)


def arc(start: NDArray[np.float64], control: NDArray[np.float64], end: NDArray[np.float64], count: int = 24) -> Line:
    """Return the quadratic Bézier curve of three points [2], [count, 2]."""
    t = np.linspace(0, 1, count)[:, None]
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end, np.float64)
