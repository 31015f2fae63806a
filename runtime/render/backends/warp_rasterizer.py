"""The default rasteriser: one Warp kernel with a packed atomic minimum, on CPU and CUDA."""

from __future__ import annotations

import warp as wp

from dressform.runtime.geometry.simd.code import lanes_on
from dressform.runtime.render._kernels_raster import draw_triangles

from .protocol import DrawnFaces


class WarpRasterizer:
    """Draws with `_kernels_raster.draw_triangles`.

    Args:
        faces: What is drawn.
        device: Warp device.
    """

    def __init__(self, faces: DrawnFaces, device: str) -> None:
        self._lanes = lanes_on(device)
        self._blocks = -(-len(faces.corners) // self._lanes)
        self._inputs = [faces.corners, faces.flags, faces.mesh, faces.uv, faces.surfaces, faces.texels, self._lanes]
        self._device = device

    def draw(self, screen: wp.array, keys: wp.array, facing: wp.array) -> None:
        """Find what the eye sees; see `Rasterizer.draw`."""
        wp.launch(draw_triangles, self._blocks, [screen, *self._inputs], outputs=[keys, facing], device=self._device)
