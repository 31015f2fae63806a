"""One rendered frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


class Frame:
    """What one call of `Renderer.render` gives. Arrays are valid until the next call; `copy` keeps them.

    Depth, mask and velocity are worked out when first asked for.

    Attributes:
        rgb: sRGB uint8 [H, W, 3].
    """

    def __init__(
        self,
        rgb: NDArray[np.uint8],
        depth: Callable[[], NDArray[np.float32]],
        mask: Callable[[], NDArray[np.uint8]],
        velocity: Callable[[], NDArray[np.float32]],
    ) -> None:
        self.rgb = rgb
        self._read_depth, self._read_mask, self._read_velocity = depth, mask, velocity
        self._depth: NDArray[np.float32] | None = None
        self._mask: NDArray[np.uint8] | None = None
        self._velocity: NDArray[np.float32] | None = None

    @property
    def depth(self) -> NDArray[np.float32]:
        """Distance along the camera's axis [m], float32 [H, W]; infinite where nothing is."""
        if self._depth is None:
            self._depth = self._read_depth()
        return self._depth

    @property
    def mask(self) -> NDArray[np.uint8]:
        """uint8 [H, W]: 0 background, 1 + index of the mesh seen."""
        if self._mask is None:
            self._mask = self._read_mask()
        return self._mask

    @property
    def velocity(self) -> NDArray[np.float32]:
        """Motion of what is seen since the frame before, (x, y) [px], float32 [H, W, 2]."""
        if self._velocity is None:
            self._velocity = self._read_velocity()
        return self._velocity

    def copy(self) -> Frame:
        """Return the same frame with arrays of its own."""
        depth, mask, velocity = self.depth.copy(), self.mask.copy(), self.velocity.copy()
        return Frame(self.rgb.copy(), lambda: depth, lambda: mask, lambda: velocity)
