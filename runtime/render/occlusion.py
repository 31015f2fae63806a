"""Where shading looks for what stands close on the screen and keeps light from around away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

OCCLUSION_REACH = 0.07  # [m] about a hand's breadth


def occlusion_directions() -> NDArray[np.float32]:
    """Four patterns of six pairs in two rings, each pattern turned a little further, [24, 2] in units of the reach."""
    pattern, ring, k = np.meshgrid(np.arange(4), np.arange(2), np.arange(3), indexing="ij")
    angle = (pattern / 12.0 + k / 3.0 + ring / 6.0) * np.pi
    radius = 0.4 + 0.6 * ring
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1).reshape(-1, 2).astype(np.float32)
