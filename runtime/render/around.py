"""Light from all around that limbs and clothes keep away, also at distances that the screen does not show."""

from __future__ import annotations

import numpy as np
import warp as wp
from numpy.typing import NDArray

from . import _kernels_around as kernels
from ._kernels_raster import LightFrame, draw_light_depth
from ._kernels_view import FAR
from .environment import LUMINANCE
from .harmonics import BASIS_SCALE, irradiance, sh_basis, sphere_directions
from .lanes import Lanes
from .light_frame import FittedLight, LightFitter
from .scene import Lighting

_BOUNCE = 0.45  # share of the sun that falls on what stands in the way of the fill
_SIZE = 192  # of a side's map [texels]


class Around:
    """Measures, for each vertex, the share of the light from all around that reaches it.

    It is the mean over depth maps seen from evenly spread sides, each counted by the light that comes from there and by
    how much a vertex faces it.

    Args:
        vertices: How many.
        sides: How many maps; 0 measures nothing.
        device: Warp device.

    Attributes:
        open: wp.array of float [V], or of one entry where nothing is measured.
    """

    def __init__(self, vertices: int, sides: int, device: str) -> None:
        self.open = wp.full(vertices if sides else 1, 1.0, dtype=float, device=device)
        self._directions = sphere_directions(sides) if sides else np.zeros((0, 3))
        self._fitters = [LightFitter(_SIZE) for _ in range(sides)]
        self._halves = [_Half(vertices, device) for _ in range(2 if sides else 0)]
        self._weights: NDArray[np.float64] = np.zeros(0)
        self._lighting: Lighting | None = None

    def measure(
        self,
        points: tuple[wp.array, wp.array],
        faces: tuple[wp.array, wp.array, int],
        bounds: tuple[NDArray[np.float32], NDArray[np.float32]],
        lighting: Lighting,
        lanes: Lanes,
    ) -> None:
        """Measure.

        Args:
            points: Vertices and normals, vec3 [V].
            faces: Those drawn [F, 3], their flags, and how many a thread draws.
            bounds: Box around the vertices [m].
            lighting: The light.
            lanes: Runs half of the sides on a second core.
        """
        if not self._halves:
            return
        if self._lighting is not lighting:
            self._lighting, self._weights = lighting, _weights(lighting, self._directions)
        sides = range(len(self._directions))

        def look(half: _Half, first: int) -> None:
            half.sums.zero_()
            for side in sides[first::2]:
                fitted = self._fitters[side].fit(*bounds, tuple(self._directions[side]))
                half.add(points, faces, fitted, float(self._weights[side]))

        lanes.both("around", lambda: look(self._halves[0], 0), lambda: look(self._halves[1], 1))
        inputs = [self._halves[0].sums, self._halves[1].sums]
        wp.launch(kernels.share_of_sides, len(self.open), inputs, outputs=[self.open], device=self.open.device)


class _Half:
    """Buffers of one core."""

    def __init__(self, vertices: int, device: str) -> None:
        self.sums = wp.zeros(vertices, dtype=wp.vec2, device=device)
        self._lit = wp.zeros(vertices, dtype=wp.vec3, device=device)
        self._depths = wp.zeros((_SIZE, _SIZE), dtype=wp.int32, device=device)

    def add(
        self, points: tuple[wp.array, wp.array], faces: tuple[wp.array, wp.array, int], side: FittedLight, weight: float
    ) -> None:
        """Add what a side sees."""
        vertices, normals = points
        drawn, flags, lanes = faces
        device, frame = self._lit.device, light_frame(side, _SIZE)
        wp.launch(kernels.transform_lit, len(vertices), [vertices, frame], outputs=[self._lit], device=device)
        self._depths.fill_(FAR)
        inputs = [self._lit, drawn, flags, lanes]
        wp.launch(draw_light_depth, -(-len(drawn) // lanes), inputs, outputs=[self._depths], device=device)
        seen = [vertices, normals, self._depths, frame, weight, side.texel]
        wp.launch(kernels.gather_side, len(vertices), seen, outputs=[self.sums], device=device)


def bounced_share(lighting: Lighting) -> float:
    """Return what white limbs in the way of the fill throw back of the sun, as a share of the fill."""
    sun, fill = float(np.asarray(lighting.sun_color) @ LUMINANCE), float(lighting.sh[0] @ LUMINANCE) * BASIS_SCALE[0]
    return min(_BOUNCE * sun / max(fill, 1e-6), 0.8)


def light_frame(fitted: FittedLight, size: int) -> LightFrame:
    """Return a fitted frame as kernels read it."""
    frame = LightFrame()
    frame.right, frame.up = wp.vec3(*fitted.right.tolist()), wp.vec3(*fitted.up.tolist())
    frame.toward = wp.vec3(*fitted.toward.tolist())
    frame.origin = wp.vec3(*fitted.origin)
    frame.texels_per_metre = wp.vec2(*fitted.texels_per_metre)
    frame.size = size
    return frame


def _weights(lighting: Lighting, directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how bright each direction is, as far as the coefficients tell."""
    per_degree = irradiance(np.ones((9, 3)))
    radiance = sh_basis(directions) @ (np.asarray(lighting.sh, np.float64) / per_degree) @ LUMINANCE
    return np.asarray(np.maximum(radiance, 0.05 * max(float(radiance.mean()), 1e-6)), np.float64)
