"""Matte shading of fragments as torch functions: filtered textures, light of nine coefficients, a distant source.

The arithmetic is that of the renderer's kernels (`simd/texture.h`, `simd/lighting.h`), without gloss, sheen, shadows
and occlusion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from .colour import SHOULDER, srgb_to_linear
from .harmonics import BASIS_SCALE
from .textures import TEXEL_SHARE

# The sun reaches a little past the terminator of every surface, as the lamp is wide (see `surfaces`).
SUN_WRAP = 0.06


def linear_texture(texture: NDArray[np.uint8]) -> torch.Tensor:
    """Decode an sRGB texture, uint8 [H, W, 3 or 4], to linear float32 [H, W, 3]; first row at the top."""
    return torch.from_numpy(srgb_to_linear(np.ascontiguousarray(texture[..., :3])))


@dataclass(frozen=True)
class Pyramid:
    """A texture and its smaller copies, each the mean of the one before, down to one texel.

    Attributes:
        texels: [M, C], one level after another, each row by row from the top; differentiable.
        table: int64 [L, 3], each level's first texel, height and width.
    """

    texels: torch.Tensor
    table: torch.Tensor

    @classmethod
    def of(cls, texture: torch.Tensor) -> Pyramid:
        """Halve a texture [H, W, C] again and again; differentiable."""
        if texture.ndim != 3 or 0 in texture.shape:
            raise ValueError(f"texture must be [H, W, C], got {list(texture.shape)}")
        levels, sizes, first = [texture.permute(2, 0, 1)], [], 0
        while max(levels[-1].shape[1:]) > 1:
            height, width = levels[-1].shape[1:]
            size = max(height // 2, 1), max(width // 2, 1)
            levels.append(torch.nn.functional.adaptive_avg_pool2d(levels[-1], size))
        for level in levels:
            sizes.append([first, *level.shape[1:]])
            first += level.shape[1] * level.shape[2]
        texels = torch.cat([level.flatten(1) for level in levels], dim=1).T.contiguous()
        return cls(texels, torch.tensor(sizes, dtype=torch.int64, device=texture.device))


def sample_texture(texture: Pyramid, uv: torch.Tensor, footprint: torch.Tensor) -> torch.Tensor:
    """Look up a texture that repeats, bilinear in space and linear between its levels, spread as far as the pixel.

    Args:
        texture: First row at the top (v = 1); differentiable.
        uv: Origin bottom-left, [N, 2]; differentiable.
        footprint: Area in uv that a pixel covers [N]; differentiable.

    Returns:
        [N, C].
    """
    _, height, width = texture.table[0].tolist()
    last = len(texture.table) - 1
    level = _level(TEXEL_SHARE * footprint * (height * width)).clamp(0.0, float(last))
    fine = level.detach().floor().long()
    blend = (level - fine)[:, None]
    nearer = _sample_level(texture, uv, fine)
    return nearer + blend * (_sample_level(texture, uv, (fine + 1).clamp(max=last)) - nearer)


def sh_shade(normals: torch.Tensor, sh: torch.Tensor) -> torch.Tensor:
    """Return what a white matte surface shows of light from all around: max(sh · Y(n), 0).

    Args:
        normals: Unit world normals [N, 3]; differentiable.
        sh: Irradiance / pi in the basis of `harmonics`, [9, 3], or one a normal, [N, 9, 3]; differentiable.

    Returns:
        Linear rgb [N, 3].
    """
    if sh.shape not in ((9, 3), (len(normals), 9, 3)):
        raise ValueError(f"sh must be [9, 3], or one a normal, got {list(sh.shape)}")
    x, y, z = normals.unbind(dim=-1)
    terms = [torch.ones_like(x), y, z, x, x * y, y * z, 3.0 * z * z - 1.0, x * z, x * x - y * y]
    basis = torch.stack([scale * term for scale, term in zip(BASIS_SCALE, terms, strict=True)], dim=-1)
    shown = basis @ sh if sh.ndim == 2 else (basis[:, None] @ sh)[:, 0]
    return shown.clamp(min=0.0)


def sun_shade(normals: torch.Tensor, toward: torch.Tensor, color: torch.Tensor) -> torch.Tensor:
    """Return what a white matte surface shows of a distant source that nothing shadows.

    Args:
        normals: Unit world normals [N, 3]; differentiable.
        toward: Direction to the source [3], of any length; differentiable.
        color: What a surface facing the source shows of it, linear rgb [3]; differentiable.

    Returns:
        Linear rgb [N, 3].
    """
    cosine = normals @ torch.nn.functional.normalize(toward, dim=0)
    reach = (cosine + SUN_WRAP).clamp(min=0.0) / (1.0 + SUN_WRAP)
    return (reach * (1.0 - 0.5 * SUN_WRAP * (1.0 - reach)))[:, None] * color


def face_eye(normals: torch.Tensor, front: torch.Tensor, toward_eye: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn normals [N, 3] to the side that is seen, and those of silhouettes that lean away back just enough.

    Args:
        normals: Unit normals of the front.
        front: 1 where the front is seen, -1 where the back, [N].
        toward_eye: Unit directions [N, 3].

    Returns:
        Unit normals [N, 3], and their cosine with the direction to the eye, at least 0.02, [N].
    """
    turned = normals * front[:, None]
    cosine = (turned * toward_eye).sum(dim=-1)
    bent = turned + toward_eye * (0.02 - cosine).clamp(min=0.0)[:, None]
    return torch.nn.functional.normalize(bent, dim=-1), cosine.clamp(min=0.02)


def soften_highlights(linear: torch.Tensor) -> torch.Tensor:
    """`colour.soften_highlights` with a gradient: the identity up to `SHOULDER`, then a bend towards 1."""
    t = (linear - SHOULDER).clamp(min=0.0) / (1.0 - SHOULDER)
    return torch.where(linear <= SHOULDER, linear, 1.0 - (1.0 - SHOULDER) / (1.0 + t + 0.5 * t * t))


def encode_srgb(linear: torch.Tensor) -> torch.Tensor:
    """Encode linear values to sRGB in [0, 1] (IEC 61966-2-1), with a gradient inside that range."""
    value = linear.clamp(0.0, 1.0)
    curved = 1.055 * value.clamp(min=0.0031308) ** (1.0 / 2.4) - 0.055
    return torch.where(value <= 0.0031308, 12.92 * value, curved)


def _level(covered: torch.Tensor) -> torch.Tensor:
    """Half the logarithm, straight between powers of two as in the kernels; 0 where less than a texel is covered."""
    mantissa, exponent = torch.frexp(covered.clamp(min=1.0))
    return 0.5 * (exponent - 1 + 2.0 * mantissa - 1.0)


def _sample_level(texture: Pyramid, uv: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """Bilinear look-up of uv [N, 2], each in its level [N]."""
    first, height, width = texture.table[level].unbind(dim=-1)
    x = uv[:, 0] * width - 0.5
    y = (1.0 - uv[:, 1]) * height - 0.5
    left, top = x.detach().floor(), y.detach().floor()
    right_share, low_share = x - left, y - top
    total: torch.Tensor | None = None
    for down in (0, 1):
        row = first + torch.remainder(top.long() + down, height) * width
        share_y = low_share if down else 1.0 - low_share
        for across in (0, 1):
            at = row + torch.remainder(left.long() + across, width)
            share = share_y * (right_share if across else 1.0 - right_share)
            part = share[:, None] * texture.texels.index_select(0, at)
            total = part if total is None else total + part
    assert total is not None
    return total
