"""Silhouettes that fade over some pixels, so that a figure is pulled towards a mask that it does not touch yet.

Probability that pixel i lies in face j: p_ij = sigmoid(-d_ij / sigma), where d_ij is the squared distance from the
pixel's centre to the face's rim on the screen, negative inside. Coverage: 1 - prod_j (1 - p_ij). Liu et al. 2019, "Soft
Rasterizer"; sign, units and cut-off are those of PyTorch3D's `SoftSilhouetteShader`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import warp as wp

from . import _kernels_soft
from .raster import check_faces

LEAST_PROBABILITY = 1e-4  # where a face's reach ends
# Twice the area of the smallest triangle that counts, in squares of half the picture's shorter side.
LEAST_AREA = 1e-8


def soft_silhouette(
    screen: torch.Tensor, faces: torch.Tensor, size: tuple[int, int], *, sigma: float = 1e-4
) -> torch.Tensor:
    """Return the soft coverage of every pixel.

    Args:
        screen: Vertices as (x px, y px, 1 / depth), float32 [V, 3]; differentiable in x and y.
        faces: int32 [F, 3]; both sides count, and so do faces behind others. Faces that reach behind the camera do not.
        size: (width, height) [px].
        sigma: Softness, in squares of half the picture's shorter side; p falls from one half to 1 in 10,000 within
            sqrt(9.2 sigma) of that side: 7.8 px at 1e-4 and 512 px.

    Returns:
        float32 [H, W] in [0, 1].
    """
    if not 0.0 < sigma < math.inf:
        raise ValueError(f"sigma must be above 0, got {sigma}")
    if screen.ndim != 2 or screen.shape[1] != 3 or screen.dtype != torch.float32:
        raise ValueError(f"screen must be float32 [V, 3], got {screen.dtype} {list(screen.shape)}")
    check_faces(faces, len(screen))
    apply: Callable[..., torch.Tensor] = _LogClear.apply
    return -torch.expm1(apply(screen, faces.to(torch.int32), size, sigma))


def farthest(sigma: float) -> float:
    """Squared distance where a face's probability has fallen to `LEAST_PROBABILITY`."""
    return math.log(1.0 / LEAST_PROBABILITY - 1.0) * sigma


class _LogClear(torch.autograd.Function):
    """The logarithm of the probability that a pixel lies in no face, [H, W]."""

    @staticmethod
    def forward(
        ctx: Any, screen: torch.Tensor, faces: torch.Tensor, size: tuple[int, int], sigma: float
    ) -> torch.Tensor:
        wp.init()
        ctx.save_for_backward(screen, faces)
        ctx.settings = (2.0 / min(size), sigma, farthest(sigma), LEAST_AREA)
        log_clear = torch.zeros((size[1], size[0]), device=screen.device)
        inputs = [*_arrays(screen, faces), *ctx.settings]
        device = wp.device_from_torch(screen.device)
        wp.launch(_kernels_soft.gather_doubt, len(faces), inputs, outputs=[wp.from_torch(log_clear)], device=device)
        return log_clear

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        screen, faces = ctx.saved_tensors
        to_screen = torch.zeros_like(screen, memory_format=torch.contiguous_format)
        inputs = [*_arrays(screen, faces), *ctx.settings, wp.from_torch(grads[0].contiguous())]
        outputs = [wp.from_torch(to_screen, dtype=wp.vec3)]
        device = wp.device_from_torch(screen.device)
        wp.launch(_kernels_soft.push_corners, len(faces), inputs, outputs=outputs, device=device)
        return to_screen, None, None, None


def _arrays(screen: torch.Tensor, faces: torch.Tensor) -> list[Any]:
    return [wp.from_torch(screen.detach().contiguous(), dtype=wp.vec3), wp.from_torch(faces.contiguous())]
