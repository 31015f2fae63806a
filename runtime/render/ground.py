"""The shadow that people throw onto the ground, drawn over the backdrop."""

from __future__ import annotations

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.geometry.simd.code import lanes_on

from . import _kernels_ground as kernels
from ._kernels_raster import LightFrame
from ._kernels_view import FAR, View
from .boxes import Box
from .harmonics import sh_basis
from .scene import Camera, Lighting

_CELLS = 96
_CELL = 0.025
# The map of what stands close above the ground is this many times coarser.
_COARSE = 2
# Shadows on the ground look right softer than those on the body: the floor also sees the wide lamp's far corners.
_SOFTER = 2.0
_CORNERS = np.array([[k & 4, k & 2, k & 1] for k in range(8)], np.bool_)  # of a box: which sides each is on


class GroundShadow:
    """Owns the ground's maps. Call `place` once per frame, then `shade`, then `darken`.

    Attributes:
        frame: Where the map lies.
        shadow: float [cells, cells], share of light that reaches the ground.
    """

    def __init__(self, device: str) -> None:
        self._heights = wp.zeros((_CELLS // _COARSE, _CELLS // _COARSE), dtype=wp.int32, device=device)
        self._contact = wp.zeros(self._heights.shape, dtype=float, device=device)
        self.shadow = wp.zeros((_CELLS, _CELLS), dtype=float, device=device)
        self.frame = kernels.GroundFrame()
        self.frame.cell = _CELL

    def place(self, low: NDArray[np.floating], high: NDArray[np.floating], lighting: Lighting, camera: Camera) -> Box:
        """Lay the map under the box low..high [m], on whole cells; return the pixels that may see it."""
        toward = np.asarray(lighting.sun_direction, np.float64)
        middle = 0.5 * (np.asarray(low, np.float64) + np.asarray(high, np.float64))[:2]
        middle = middle - 0.5 * toward[:2] / max(float(np.linalg.norm(toward)), 1e-9)
        coarse = _CELL * _COARSE
        corner = np.round(middle / coarse) * coarse - 0.5 * _CELLS * _CELL
        self.frame.corner = wp.vec2(float(corner[0]), float(corner[1]))
        side = _CELLS * _CELL
        return seen_box(camera, np.array([*corner, 0.0]), np.array([corner[0] + side, corner[1] + side, 0.0]))

    def shade(
        self, vertices: wp.array, depths: wp.array, light: LightFrame, lighting: Lighting, strength: float
    ) -> None:
        """Fill the map with the share of light that reaches the ground, from the sun's depths and what stands close."""
        device = self.shadow.device
        lanes = lanes_on(str(device))
        self._heights.fill_(FAR)
        heights = [vertices, self.frame, _COARSE]
        wp.launch(kernels.splat_contacts, len(vertices), heights, outputs=[self._heights], device=device)
        spread = [self._heights]
        wp.launch(kernels.spread_contacts, self._contact.shape, spread, outputs=[self._contact], device=device)
        softness = _SOFTER * lighting.sun_radius_rad
        wp.launch(
            kernels.shade_ground,
            (_CELLS, -(-_CELLS // lanes)),
            [depths, light, self.frame, self._contact, _COARSE, softness, _sun_share(lighting), strength, lanes],
            outputs=[self.shadow],
            device=device,
        )

    def darken(self, view: View, keys: wp.array, color: wp.array, across: wp.array, *, box: Box, strip: int) -> None:
        """Multiply the background samples of the box by the map."""
        wp.launch(
            kernels.darken_ground,
            (box[3] - box[1], -(-(box[2] - box[0]) // strip)),
            [keys, view, self.frame, self.shadow, wp.vec4i(*box), strip],
            outputs=[color, across],
            device=self.shadow.device,
        )


def seen_box(camera: Camera, low: NDArray[np.floating], high: NDArray[np.floating], margin: int = 2) -> Box:
    """Return the pixels (x0, y0, x1, y1) within which the world box low..high [m] is seen."""
    width, height = camera.size
    corners = np.where(_CORNERS, np.asarray(high, np.float64), np.asarray(low, np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = camera.project(corners)
    if not (seen[:, 2] >= 0.05).all():  # some of it is beside or behind the camera
        return 0, 0, width, height
    first = np.floor(seen[:, :2].min(axis=0) - margin).clip(0, (width, height)).astype(int)
    last = np.ceil(seen[:, :2].max(axis=0) + margin).clip(0, (width, height)).astype(int)
    return int(first[0]), int(first[1]), int(last[0]), int(last[1])


def _sun_share(lighting: Lighting) -> float:
    """Share of the light on level ground that the sun brings."""
    direction = np.asarray(lighting.sun_direction, np.float64)
    sun = max(float(direction[2] / np.linalg.norm(direction)), 0.0) * float(np.mean(lighting.sun_color))
    around = float((sh_basis(np.array([0.0, 0.0, 1.0])) @ lighting.sh).mean())
    return sun / max(sun + around, 1e-6)
