"""A mesh whose triangles each have one colour, for pictures that show figures on a surface."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .scene import SceneMesh, SurfaceMaterial

_BLOCK = 4  # [px] of texture for one colour, so that no filter mixes two


def face_colored(name: str, faces: NDArray[np.int32], colors: NDArray[np.uint8]) -> SceneMesh:
    """Return a scene mesh that shows each triangle in its colour.

    Args:
        name: For messages.
        faces: int32 [F, 3].
        colors: sRGB uint8 [F, 3].
    """
    count = len(faces)
    side = max(math.ceil(math.sqrt(count)), 1)
    texels = np.zeros((side * side, 3), np.uint8)
    texels[:count] = colors
    texture = texels.reshape(side, side, 3).repeat(_BLOCK, axis=0).repeat(_BLOCK, axis=1)
    at = np.arange(count)
    uv = np.stack([(at % side + 0.5) / side, 1 - (at // side + 0.5) / side], axis=1).astype(np.float32)
    corners = np.repeat(at[:, None], 3, axis=1).astype(np.int32)
    return SceneMesh(name, faces, uv, corners, SurfaceMaterial(np.ascontiguousarray(texture)))
