"""Which face is seen at each pixel, and differentiable interpolation over it: for fitting, baking and tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.geometry.simd.code import lanes_on

from . import _kernels_interpolate, _kernels_raster
from ._kernels_surface import Surface
from ._kernels_view import DOUBLE_SIDED, EMPTY, FACE_BITS, FACE_MASK, NEARNESS_SCALE, NEARNESS_TOP
from .checks import MOST_TRIANGLES


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
        count = len(faces)
        flags = DOUBLE_SIDED if double_sided else 0
        wp.launch(
            _kernels_raster.draw_triangles,
            -(-count // lanes_on(device)),
            [
                wp.array(np.ascontiguousarray(screen, np.float32), dtype=wp.vec3),
                wp.array(np.ascontiguousarray(faces, np.int32), dtype=wp.int32),
                wp.full(count, flags, dtype=wp.int8),
                wp.zeros(count, dtype=wp.int32),
                wp.zeros((count, 3), dtype=wp.vec2),
                wp.zeros(1, dtype=Surface),
                wp.zeros(1, dtype=wp.uint32),
                lanes_on(device),
            ],
            outputs=[keys, wp.zeros(count, dtype=wp.int8)],
        )
        packed = keys.numpy()
    seen = packed < EMPTY.value
    triangles = np.where(seen, packed & FACE_MASK.value, -1).astype(np.int32)
    nearness = (NEARNESS_TOP.value - (packed >> FACE_BITS.value)) / NEARNESS_SCALE
    return Visibility(triangles, np.where(seen, nearness, 0.0).astype(np.float32))


def interpolate(
    attributes: torch.Tensor, screen: torch.Tensor, faces: torch.Tensor, triangles: torch.Tensor
) -> torch.Tensor:
    """Interpolate vertex attributes over the faces seen, correct in perspective.

    Args:
        attributes: float32 [V, C]; differentiable.
        screen: Vertices as (x px, y px, 1 / depth), float32 [V, 3]; differentiable.
        faces: int32 [F, 3].
        triangles: int32 [H, W] of `rasterize`.

    Returns:
        float32 [H, W, C]; zero where nothing is. Which face is seen is taken as given: silhouettes carry no gradient.
    """
    if attributes.ndim != 2 or screen.shape != (attributes.shape[0], 3):
        raise ValueError(
            f"attributes and screen must be [V, C] and [V, 3], got {list(attributes.shape)}, {list(screen.shape)}"
        )
    check_faces(faces, len(screen))
    if triangles.ndim != 2 or (triangles.numel() and int(triangles.max()) >= len(faces)):
        raise ValueError(f"triangles must be [H, W] of faces below {len(faces)}, got {list(triangles.shape)}")
    apply: Callable[..., torch.Tensor] = _Interpolate.apply
    return apply(attributes, screen, faces, triangles)


def check_faces(faces: NDArray[np.integer] | torch.Tensor, count: int) -> None:
    """Raise unless faces are [F, 3] of vertex numbers: kernels read where they say."""
    if faces.ndim != 2 or faces.shape[1] != 3:
        raise ValueError(f"faces must be [F, 3], got {list(faces.shape)}")
    if len(faces) > MOST_TRIANGLES:
        raise ValueError(f"faces must be at most {MOST_TRIANGLES}, got {len(faces)}")
    low, high = (int(faces.min()), int(faces.max())) if len(faces) else (0, 0)
    if len(faces) and (low < 0 or high >= count):
        raise ValueError(f"faces must be indices from 0 to {count - 1}, got {low} to {high}")


class _Interpolate(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, attributes: torch.Tensor, screen: torch.Tensor, faces: torch.Tensor, triangles: torch.Tensor
    ) -> torch.Tensor:
        ctx.save_for_backward(attributes, screen, faces, triangles)
        image = torch.zeros((*triangles.shape, attributes.shape[1]), device=attributes.device)
        inputs = _arrays(attributes, screen, faces, triangles)
        wp.launch(
            _kernels_interpolate.interpolate,
            image.shape,
            inputs,
            outputs=[wp.from_torch(image)],
            device=wp.device_from_torch(attributes.device),
        )
        return image

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        attributes, screen, faces, triangles = ctx.saved_tensors
        upstream = grads[0].contiguous()
        to_attributes = torch.zeros_like(attributes, memory_format=torch.contiguous_format)
        to_screen = torch.zeros_like(screen, memory_format=torch.contiguous_format)
        wp.launch(
            _kernels_interpolate.interpolate,
            upstream.shape,
            _arrays(attributes, screen, faces, triangles),
            outputs=[wp.from_torch(torch.empty_like(upstream))],
            adj_inputs=[wp.from_torch(to_attributes), wp.from_torch(to_screen, dtype=wp.vec3), None, None],
            adj_outputs=[wp.from_torch(upstream)],
            adjoint=True,
            device=wp.device_from_torch(attributes.device),
        )
        return to_attributes, to_screen, None, None


def _arrays(
    attributes: torch.Tensor, screen: torch.Tensor, faces: torch.Tensor, triangles: torch.Tensor
) -> list[wp.array]:
    return [
        wp.from_torch(attributes.detach().contiguous()),
        wp.from_torch(screen.detach().contiguous(), dtype=wp.vec3),
        wp.from_torch(faces.to(torch.int32).contiguous()),
        wp.from_torch(triangles.to(torch.int32).contiguous()),
    ]
