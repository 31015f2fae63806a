"""How far a rendered picture is from a real one: the terms that fits of pose, shape, texture and light minimise.

Every function returns one number (a tensor []), 0 where nothing is wrong, differentiable in all that is not a mask, and
a mean over what it looks at, so that it does not grow with the picture. Weigh and add them as the fit needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import torch

from .camera_tensors import CameraTensors
from .shading import sh_shade

# Keeps quotients of empty masks at 0 instead of NaN.
_TINY = 1e-12


class PerceptualNetwork(Protocol):
    """What `perceptual` compares with, as `perceptual.Lpips`: pictures [B, 3, H, W] in [-1, 1] → distances [B]."""

    def __call__(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Return distances [B]."""
        ...


def keypoint_reprojection(
    points: torch.Tensor,
    camera: CameraTensors,
    target_px: torch.Tensor,
    confidence: torch.Tensor | None = None,
    *,
    robust_px: float | None = None,
) -> torch.Tensor:
    """Squared distance of projected points from where they were seen.

    sum_k c_k rho(e_k) / sum_k c_k with e_k = |project(x_k) - u_k| [px]; rho(e) = e² [px²], or, with a scale s,
    Geman and McClure's s² e² / (s² + e²), which outliers hardly pull (as in Bogo et al. 2016, "Keep it SMPL"). A point
    behind the camera counts as one that is `robust_px`, or without it one shorter side of the picture, off.

    Args:
        points: World [m], [K, 3]; differentiable.
        camera: Differentiable.
        target_px: Where they were seen (x, y) [px], [K, 2].
        confidence: Weights c_k, at least 0, [K]; 1 when None.
        robust_px: The scale s [px].

    Returns:
        [px²].
    """
    if points.ndim != 2 or points.shape[1] != 3 or target_px.shape != (len(points), 2):
        raise ValueError(
            f"points and target_px must be [K, 3] and [K, 2], got {list(points.shape)}, {list(target_px.shape)}"
        )
    screen = camera.to_screen(points)
    before = screen[:, 2] > 0.0
    # the product with 0 of a far-off projection would still carry its gradient's infinities
    offset = torch.where(before[:, None], screen[:, :2] - target_px, torch.zeros_like(target_px))
    square = (offset * offset).sum(dim=-1)
    worst = robust_px if robust_px is not None else float(min(camera.size))
    if robust_px is not None:
        square = robust_px**2 * square / (robust_px**2 + square)
    square = torch.where(before, square, torch.full_like(square, worst**2))
    weights = torch.ones_like(square) if confidence is None else confidence
    return (weights * square).sum() / (weights.sum() + _TINY)


def silhouette_iou(alpha: torch.Tensor, target: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    """One minus the soft intersection over union: 1 - sum a m / sum (a + m - a m).

    Kato et al. 2018, "Neural 3D Mesh Renderer", equation 5. For coverages of 0 and 1 it is the usual figure.

    Args:
        alpha: Coverage in [0, 1], [..., H, W]; differentiable.
        target: Coverage in [0, 1] that is wanted, of the same shape.
        mask: Weights of pixels, 0 where the target is unknown; 1 when None.

    Returns:
        In [0, 1], without unit; 0 where both are empty.
    """
    _same("alpha", alpha, "target", target)
    weights = torch.ones_like(alpha) if mask is None else mask
    both = (weights * alpha * target).sum()
    either = (weights * (alpha + target - alpha * target)).sum()
    return (either - both) / (either + _TINY)


def photometric(
    image: torch.Tensor,
    target: torch.Tensor,
    mask: torch.Tensor | None = None,
    *,
    kind: Literal["charbonnier", "l1"] = "charbonnier",
    epsilon: float = 1e-3,
) -> torch.Tensor:
    """Mean difference of colours where the mask says so: sum_p m_p sum_c rho(d_pc) / (C sum_p m_p).

    "l1": rho(d) = |d|. "charbonnier": rho(d) = sqrt(d² + epsilon²) - epsilon, the same with a bottom that is round
    (Charbonnier et al. 1994; less its value at 0).

    Args:
        image: [..., H, W, C]; differentiable. Linear light compares light; sRGB compares nearly as eyes do.
        target: Of the same shape.
        mask: Weights of pixels, [..., H, W]; 1 when None.
        kind: Which rho.
        epsilon: Radius of the round bottom, in the unit of the colours.

    Returns:
        In the unit of the colours.
    """
    _same("image", image, "target", target)
    if kind not in ("charbonnier", "l1"):
        raise ValueError(f"kind must be charbonnier or l1, got {kind!r}")
    difference = image - target
    error = difference.abs()
    if kind == "charbonnier":
        error = (difference * difference + epsilon * epsilon).sqrt() - epsilon
    if mask is None:
        return error.mean()
    _same("mask", mask, "image without channels", image[..., 0])
    return (mask[..., None] * error).sum() / (image.shape[-1] * mask.sum() + _TINY)


def perceptual(
    image: torch.Tensor, target: torch.Tensor, network: PerceptualNetwork, mask: torch.Tensor | None = None
) -> torch.Tensor:
    """Distance as eyes judge it: LPIPS (Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features").

    Args:
        image: sRGB in [0, 1], [H, W, 3]; differentiable. Encode linear light with `shading.encode_srgb`.
        target: Of the same shape.
        network: `perceptual.Lpips.load()`.
        mask: Weights in [0, 1], [H, W]: elsewhere the target is shown in both pictures.

    Returns:
        Without unit; 0 for equal pictures, about 0.1 for a mild blur, 0.7 for unlike ones.
    """
    _same("image", image, "target", target)
    if mask is not None:
        _same("mask", mask, "image without channels", image[..., 0])
        image = target + mask[..., None] * (image - target)
    first, second = (2.0 * each.permute(2, 0, 1)[None] - 1.0 for each in (image, target))
    return network(first, second).mean()


def sh_consistency(
    images: Sequence[torch.Tensor], normals: torch.Tensor, lights: Sequence[torch.Tensor], mask: torch.Tensor
) -> torch.Tensor:
    """Whether pictures of one pose under different lights can be of one surface.

    A matte surface shows albedo times shading, I_l = A S_l, so that I_l S_m = I_m S_l for every two lights, whatever
    the albedo (the quotient image: Shashua and Riklin-Raviv 2001). Returned is
    sum (I_l S_m - I_m S_l)² / sum (I_l S_m + I_m S_l)² over pixels in the mask, channels and pairs l < m: it depends
    neither on the albedo nor on the strength of the lights.

    Args:
        images: Linear rgb [H, W, 3], two or more of them; differentiable.
        normals: Unit world normals [H, W, 3]; differentiable.
        lights: For each picture its irradiance / pi in the basis of `harmonics`, [9, 3]; differentiable.
        mask: Weights of pixels, [H, W].

    Returns:
        In [0, 1], without unit.
    """
    if len(images) < 2 or len(images) != len(lights):
        raise ValueError(f"images must be 2 or more, one a light, got {len(images)} and {len(lights)} lights")
    for image in images:
        _same("each image", image, "normals", normals)
    _same("mask", mask, "normals without channels", normals[..., 0])
    flat = normals.reshape(-1, 3)
    shadings = [sh_shade(flat, sh).reshape(normals.shape) for sh in lights]
    apart, together = images[0].new_zeros(()), images[0].new_zeros(())
    for later in range(1, len(images)):
        for earlier in range(later):
            one, other = images[earlier] * shadings[later], images[later] * shadings[earlier]
            apart = apart + (mask[..., None] * (one - other) ** 2).sum()
            together = together + (mask[..., None] * (one + other) ** 2).sum()
    return apart / (together + _TINY)


def _same(name: str, value: torch.Tensor, like: str, other: torch.Tensor) -> None:
    if value.shape != other.shape:
        raise ValueError(f"{name} must have the shape of {like}, {list(other.shape)}, got {list(value.shape)}")
