"""Which face is seen at each pixel: for checks, drafts and fitting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.geometry.simd.code import lanes_on

from . import _kernels_raster
from ._kernels_surface import Surface
from ._kernels_view import DOUBLE_SIDED, EMPTY, FACE_BITS, FACE_MASK, NEARNESS_SCALE, NEARNESS_TOP
from .checks import MOST_TRIANGLES

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Visibility:
    """What is seen at each pixel.

    Attributes:
        triangles: int32 [H, W], face index or -1.
        inverse_depth: float32 [H, W], 1 / distance along the axis [1/m]; 0 where nothing is.
    """

    triangles: NDArray[np.int32]
    inverse_depth: NDArray[np.float32]


def rasterize(
    screen: NDArray[np.floating],
    faces: NDArray[np.integer],
    size: tuple[int, int],
    *,
    double_sided: bool = True,
    device: str = "cpu",
) -> Visibility:
    """Find the nearest face at each pixel centre.

    Args:
        screen: Vertices as (x px, y px, 1 / depth), [V, 3]; a negative third component is behind the camera.
        faces: [F, 3], counter-clockwise seen from outside.
        size: (width, height) [px].
        double_sided: Whether back faces are seen.
        device: Warp device.
    """
    width, height = size
    if width < 1 or height < 1:
        raise ValueError(f"size must be (width, height) of at least 1 px, got {width} and {height}")
    if screen.ndim != 2 or screen.shape[1] != 3:
        raise ValueError(f"screen must be [V, 3], got {list(screen.shape)}")
    check_faces(faces, len(screen))
    if len(faces) == 0:
        return Visibility(np.full((height, width), -1, np.int32), np.zeros((height, width), np.float32))
    with wp.ScopedDevice(device):
        keys = wp.full((height, width), EMPTY, dtype=wp.int64)
        corners = wp.array(np.ascontiguousarray(faces, np.int32), dtype=wp.int32)
        flags = wp.full(len(faces), DOUBLE_SIDED if double_sided else 0, dtype=wp.int8)
        points = wp.array(np.ascontiguousarray(screen, np.float32), dtype=wp.vec3)
        draw_keys(points, corners, flags, keys, wp.zeros(len(faces), dtype=wp.int8))
        packed = keys.numpy()
    seen = packed < EMPTY.value
    triangles = np.where(seen, packed & FACE_MASK.value, -1).astype(np.int32)
    nearness = (NEARNESS_TOP.value - (packed >> FACE_BITS.value)) / NEARNESS_SCALE
    return Visibility(triangles, np.where(seen, nearness, 0.0).astype(np.float32))


def draw_keys(screen: wp.array, corners: wp.array, flags: wp.array, keys: wp.array, facing: wp.array) -> None:
    """Draw faces without holes, as `Rasterizer.draw` does, on the device of the arrays.

    Args:
        screen: vec3 [V].
        corners: int32 [F, 3].
        flags: int8 [F].
        keys: int64 [H, W], all `EMPTY`; written.
        facing: int8 [F], written.
    """
    count, device = len(corners), screen.device
    lanes = lanes_on("cpu" if device.is_cpu else "cuda")
    with wp.ScopedDevice(device):
        untextured = [wp.zeros(count, dtype=wp.int32), wp.zeros((count, 3), dtype=wp.vec2), wp.zeros(1, dtype=Surface)]
        inputs = [screen, corners, flags, *untextured, wp.zeros(1, dtype=wp.uint32), lanes]
        wp.launch(_kernels_raster.draw_triangles, -(-count // lanes), inputs, outputs=[keys, facing])


def check_faces(faces: NDArray[np.integer] | torch.Tensor, count: int) -> None:
    """Raise unless faces are [F, 3] of vertex numbers: kernels read where they say."""
    if faces.ndim != 2 or faces.shape[1] != 3:
        raise ValueError(f"faces must be [F, 3], got {list(faces.shape)}")
    if len(faces) > MOST_TRIANGLES:
        raise ValueError(f"faces must be at most {MOST_TRIANGLES}, got {len(faces)}")
    low, high = (int(faces.min()), int(faces.max())) if len(faces) else (0, 0)
    if len(faces) and (low < 0 or high >= count):
        raise ValueError(f"faces must be indices from 0 to {count - 1}, got {low} to {high}")
