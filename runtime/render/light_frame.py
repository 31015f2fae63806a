"""Where the sun's depth map lies: fitted to the scene, yet anchored in the world so that shadows do not shimmer."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.geometry.rotations import cross

from ._kernels_raster import LightFrame

# The map grows in these steps and never shrinks: every change of scale shows as a tiny jump of all shadow edges.
_STEP = 0.1
_MARGIN = 0.06
_WIDE_LAMP = 0.06  # [rad] apparent radius from which on shadows are as soft as they get


@dataclass(frozen=True)
class FittedLight:
    """An orthographic frame around the scene.

    Attributes:
        right, up, toward: World axes, float64 [3].
        texels_per_metre: Along right and up.
        origin: Map position of the world's origin: texels, texels, metres.
        texel: The larger side of a texel [m].
    """

    right: NDArray[np.float64]
    up: NDArray[np.float64]
    toward: NDArray[np.float64]
    texels_per_metre: tuple[float, float]
    origin: tuple[float, float, float]
    texel: float


@dataclass
class LightFitter:
    """Fits the frame from one picture to the next."""

    size: int
    _half: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))

    def reset(self) -> None:
        """Forget how large the scene was."""
        self._half = np.zeros(2)

    def fit(
        self, low: NDArray[np.floating], high: NDArray[np.floating], direction: tuple[float, float, float]
    ) -> FittedLight:
        """Fit around the box low..high [m], seen from `direction` (towards the sun)."""
        toward = np.asarray(direction, np.float64)
        toward = toward / np.linalg.norm(toward)
        aside = np.array([0.0, 0.0, 1.0]) if abs(toward[2]) < 0.99 else np.array([0.0, 1.0, 0.0])
        right = np.asarray(cross(aside, toward), np.float64)
        right /= np.linalg.norm(right)
        up = np.asarray(cross(toward, right), np.float64)
        centre = 0.5 * (np.asarray(low, np.float64) + np.asarray(high, np.float64))
        reach = 0.5 * (np.asarray(high, np.float64) - np.asarray(low, np.float64))
        need = np.array([np.abs(right) @ reach, np.abs(up) @ reach]) + _MARGIN
        self._half = np.maximum(self._half, np.ceil(need / _STEP) * _STEP)
        scale = self.size / (2.0 * self._half)
        middle = np.round(np.array([right @ centre, up @ centre]) * scale)
        offset = 0.5 * self.size - middle
        away = float(toward @ centre)
        return FittedLight(
            right,
            up,
            toward,
            (float(scale[0]), float(scale[1])),
            (float(offset[0]), float(offset[1]), math.ceil(away) + 4.0),
            float(1.0 / scale.min()),
        )


def light_frame(fitted: FittedLight, size: int) -> LightFrame:
    """Return the frame as kernels take it; `size` is the map's side [texels]."""
    frame = LightFrame()
    frame.right, frame.up = wp.vec3(*fitted.right.tolist()), wp.vec3(*fitted.up.tolist())
    frame.toward = wp.vec3(*fitted.toward.tolist())
    frame.origin = wp.vec3(*fitted.origin)
    frame.texels_per_metre = wp.vec2(*fitted.texels_per_metre)
    frame.size = size
    return frame


def shadow_blur(most: int, radius_rad: float) -> int:
    """Return the blur of the sun's map [texels]: `most` for a lamp as wide as the studio's, less for a narrower one."""
    return max(2, min(most, round(most * radius_rad / _WIDE_LAMP)))
