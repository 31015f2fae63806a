"""The shadow that people throw onto the ground, drawn over the backdrop."""

from __future__ import annotations

import math

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

_CELL, _LARGEST_CELL, _CELL_STEP = 0.025, 0.05, 0.005  # [m] of the coarse map
_COARSE_CELLS = 96  # along a side of the map of what stands close above the ground, at most
_STANDS_CLOSE = 0.6  # [m] how far what stands on the ground darkens it
_MARGIN = 0.35  # [m] beside the body and its shadow, of which a part fades
_CORNERS = np.array([[k & 4, k & 2, k & 1] for k in range(8)], np.bool_)  # of a box: which sides each is on


class GroundShadow:
    """Owns the ground's maps. Call `place` once per frame, then `shade`, then `darken`.

    Args:
        device: Warp device.
        cells: Along a side of the map, a multiple of 96.

    Attributes:
        frame: Where the map lies.
        shadow: float [cells, cells], share of light that reaches the ground.
    """

    def __init__(self, device: str, cells: int) -> None:
        self._coarse = cells // _COARSE_CELLS
        coarse = (_COARSE_CELLS, _COARSE_CELLS)
        self._heights = wp.zeros(coarse, dtype=wp.int32, device=device)
        self._spread = wp.zeros(coarse, dtype=float, device=device)
        self._contact = wp.zeros(coarse, dtype=float, device=device)
        self.shadow = wp.zeros((cells, cells), dtype=float, device=device)
        self.frame = kernels.GroundFrame()
        self._close = _CELL

    def reset(self) -> None:
        """Forget how long shadows were."""
        self._close = _CELL

    def place(self, low: NDArray[np.floating], high: NDArray[np.floating], lighting: Lighting, camera: Camera) -> Box:
        """Lay the map under the box low..high [m] and its shadow; return the pixels that may see it."""
        toward = np.asarray(lighting.sun_direction, np.float64)
        lean = -toward[:2] / max(float(toward[2]), 0.05)  # of the shadow, a metre of height
        if max(lighting.sun_color) <= 0.0 or toward[2] <= 0.0:
            lean = np.zeros(2)
        ends = np.stack([low, high]).astype(np.float64)
        thrown = lean * max(float(ends[1, 2]), 0.0)
        cells = self.shadow.shape[0]
        need = float((ends[1, :2] - ends[0, :2] + np.abs(thrown)).max()) + 2.0 * _MARGIN
        # it grows and never shrinks: every change of scale shows as a tiny jump of the shadow
        wanted = math.ceil(need / _COARSE_CELLS / _CELL_STEP) * _CELL_STEP
        self._close = min(max(wanted, self._close), _LARGEST_CELL)
        cell = self._close / self._coarse
        self.frame.cell = cell
        side = cells * cell
        room = np.maximum(side - (ends[1, :2] - ends[0, :2]) - 2.0 * _MARGIN, 0.0)
        middle = 0.5 * (ends[0, :2] + ends[1, :2]) + 0.5 * np.clip(thrown, -room, room)
        corner = np.round(middle / self._close) * self._close - 0.5 * side
        self.frame.corner = wp.vec2(float(corner[0]), float(corner[1]))
        return seen_box(camera, np.array([*corner, 0.0]), np.array([corner[0] + side, corner[1] + side, 0.0]))

    def shade(
        self, vertices: wp.array, depths: wp.array, light: LightFrame, lighting: Lighting, strength: float
    ) -> None:
        """Fill the map with the share of light that reaches the ground, from the sun's depths and what stands close."""
        device = self.shadow.device
        lanes = lanes_on(str(device))
        self._heights.fill_(FAR)
        heights = [vertices, self.frame, self._coarse]
        wp.launch(kernels.splat_contacts, len(vertices), heights, outputs=[self._heights], device=device)
        reach = round(_STANDS_CLOSE / self._close)
        rows, columns = self._contact.shape
        wp.launch(kernels.spread_rows, rows, [self._heights, reach], outputs=[self._spread], device=device)
        spread = [self._heights, self._spread, reach]
        wp.launch(kernels.spread_contacts, columns, spread, outputs=[self._contact], device=device)
        inputs = [depths, light, self.frame, self._contact, self._coarse]
        inputs += [lighting.sun_radius_rad, sun_share(lighting), strength, lanes]
        cells = self.shadow.shape[0]
        wp.launch(kernels.shade_ground, (cells, -(-cells // lanes)), inputs, outputs=[self.shadow], device=device)

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


def sun_share(lighting: Lighting) -> float:
    """Share of the light on level ground that the sun brings."""
    direction = np.asarray(lighting.sun_direction, np.float64)
    sun = max(float(direction[2] / np.linalg.norm(direction)), 0.0) * float(np.mean(lighting.sun_color))
    around = float((sh_basis(np.array([0.0, 0.0, 1.0])) @ lighting.sh).mean())
    return sun / max(sun + around, 1e-6)
