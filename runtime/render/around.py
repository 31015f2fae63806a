"""Light from all around that limbs and clothes keep away, also at distances that the screen does not show."""

from __future__ import annotations

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.geometry.simd.code import lanes_on

from . import _kernels_around as kernels
from ._kernels_raster import draw_light_depth
from ._kernels_view import FAR
from .drawing import Drawing
from .environment import LUMINANCE
from .harmonics import BASIS_SCALE, irradiance, sh_basis, sphere_directions
from .light_frame import FittedLight, LightFitter, light_frame
from .scene import Lighting

_BOUNCE = 0.45  # share of the sun that falls on what stands in the way of the fill
_SIZE = 192  # of a side's map [texels]


class Around:
    """Measures, for each vertex, the share of the light from all around that reaches it.

    It is the mean over depth maps seen from evenly spread sides, each counted by the light that comes from there and by
    how much a vertex faces it.

    Args:
        points: How many, those of hems too.
        sides: How many maps; 0 measures nothing.
        device: Warp device.

    Attributes:
        open: wp.array of float [V], or of one entry as long as nothing is measured.
    """

    def __init__(self, points: int, sides: int, device: str) -> None:
        self.open = wp.full(1, 1.0, dtype=float, device=device)
        self._measured = wp.zeros(points if sides else 0, dtype=float, device=device)
        self._directions = sphere_directions(sides) if sides else np.zeros((0, 3))
        self._fitters = [LightFitter(_SIZE) for _ in range(sides)]
        self._weights: NDArray[np.float64] = np.zeros(0)
        self._lighting: Lighting | None = None
        count, side = (points, _SIZE) if sides else (0, 0)
        self._sums = wp.zeros(count, dtype=wp.vec2, device=device)
        self._lit = wp.zeros(count, dtype=wp.vec3, device=device)
        self._depths = wp.zeros((side, side), dtype=wp.int32, device=device)

    def reset(self) -> None:
        """Forget how large the scene was."""
        for fitter in self._fitters:
            fitter.reset()

    def measure(self, drawing: Drawing, faces: tuple[wp.array, wp.array], lighting: Lighting) -> None:
        """Measure.

        Args:
            drawing: Whose vertices and normals.
            faces: Those drawn [F, 3], and their flags.
            lighting: The light.
        """
        if not self._fitters:
            return
        if self._lighting is not lighting:
            self._lighting, self._weights = lighting, _weights(lighting, self._directions)
        self._sums.zero_()
        for fitter, direction, weight in zip(self._fitters, self._directions, self._weights.tolist(), strict=True):
            self._add(drawing, faces, fitter.fit(*drawing.bounds, tuple(direction)), weight)
        self.open = self._measured
        count, device = len(self.open), self.open.device
        wp.launch(kernels.share_of_sides, count, [self._sums], outputs=[self.open], device=device)

    def _add(self, drawing: Drawing, faces: tuple[wp.array, wp.array], side: FittedLight, weight: float) -> None:
        """Add what a side sees."""
        device, frame, lanes = self._lit.device, light_frame(side, _SIZE), lanes_on(str(self._lit.device))
        count = len(drawing.points)
        wp.launch(kernels.transform_lit, count, [drawing.points, frame], outputs=[self._lit], device=device)
        self._depths.fill_(FAR)
        inputs = [self._lit, *faces, lanes]
        wp.launch(draw_light_depth, -(-len(faces[0]) // lanes), inputs, outputs=[self._depths], device=device)
        seen = [drawing.points, drawing.normals, self._depths, frame, weight, side.texel]
        wp.launch(kernels.gather_side, count, seen, outputs=[self._sums], device=device)


def bounced_share(lighting: Lighting) -> float:
    """Return what white limbs in the way of the fill throw back of the sun, as a share of the fill."""
    sun, fill = float(np.asarray(lighting.sun_color) @ LUMINANCE), float(lighting.sh[0] @ LUMINANCE) * BASIS_SCALE[0]
    return min(_BOUNCE * sun / max(fill, 1e-6), 0.8)


def _weights(lighting: Lighting, directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how bright each direction is, as far as the coefficients tell."""
    per_degree = irradiance(np.ones((9, 3)))
    radiance = sh_basis(directions) @ (np.asarray(lighting.sh, np.float64) / per_degree) @ LUMINANCE
    return np.asarray(np.maximum(radiance, 0.05 * max(float(radiance.mean()), 1e-6)), np.float64)
