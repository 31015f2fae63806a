"""Textures of all meshes in one flat buffer of packed texels, with their smaller copies (mipmaps).

A texel is 32 bits: three 10-bit channels that hold the square root of linear light (finer than 8-bit sRGB, and decoded
by one multiplication), and 2 bits of coverage. Row 0 is v = 0. Sides are powers of two, so that repeating is a mask.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import warp as wp
from numpy.typing import NDArray

from . import _kernels_texels as kernels
from .colour import linear_to_srgb, srgb_to_linear

MAX_LEVELS = 13
# A texel of the level that is looked up is as large as a third of the pixel. What a trilinear look-up shows of a level
# with texels of side s is spread by the texels' own averages, s²/12, and by blending between two, s²/6: s²/4 in all. A
# pixel's own box spreads by a twelfth of its area: s² = area / 3 is as wide as the box, neither softer nor rougher.
TEXEL_SHARE = 1.0 / 3.0
_LARGEST = 1 << (MAX_LEVELS - 1)

Size = tuple[int, int]  # height and width


@dataclass(frozen=True)
class TextureAtlas:
    """Packed textures.

    Attributes:
        texels: uint32 [N], all levels of all textures.
        offsets: int32 [T, MAX_LEVELS], first texel of each level; levels past the last repeat the last.
        sides_log2: int32 [T, 2], width and height of level 0 as powers of two.
        cutout: bool [T], whether a texture has holes.
    """

    texels: NDArray[np.uint32]
    offsets: NDArray[np.int32]
    sides_log2: NDArray[np.int32]
    cutout: NDArray[np.bool_]


@dataclass(frozen=True)
class PackedTexture:
    """One packed texture.

    Attributes:
        key: Equal for equal textures.
        texels: uint32 [N], its levels one after another.
        sizes: Height and width of each level, down to one texel.
        cutout: Whether it has holes.
    """

    key: tuple[tuple[int, ...], bytes]
    texels: NDArray[np.uint32]
    sizes: tuple[Size, ...]
    cutout: bool


def pack_textures(textures: Sequence[NDArray[np.uint8]]) -> TextureAtlas:
    """Pack sRGB uint8 textures, each [H, W, 3] or [H, W, 4], first row at the top; equal ones are held once."""
    return join_textures([pack_texture(texture) for texture in textures])


def pack_texture(texture: NDArray[np.uint8]) -> PackedTexture:
    """Pack an sRGB texture, uint8 [H, W, 3] or [H, W, 4], first row at the top."""
    if texture.dtype != np.uint8 or texture.ndim != 3 or texture.shape[2] not in (3, 4) or 0 in texture.shape:
        raise ValueError(f"texture must be uint8 [H, W, 3 or 4], got {texture.dtype} {list(texture.shape)}")
    key = texture.shape, hashlib.sha256(np.ascontiguousarray(texture).data).digest()
    sizes = _level_sizes(texture)
    texels = np.empty(sum(height * width for height, width in sizes), np.uint32)
    return PackedTexture(key, texels, tuple(sizes), _pack(texture, sizes, texels))


def spread_colours(texture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return sRGB with alpha, uint8 [H, W, 4], in which holes have the colour of what is around them.

    Files have any colour there, often black; a look-up mixes it in. Means of ever larger blocks, weighted by alpha,
    fill the holes of the smaller ones (Gortler et al. 1996, "The lumigraph", pull and push).
    """
    alpha = texture[..., 3].astype(np.float32) / np.float32(255)
    levels = [np.dstack([srgb_to_linear(texture[..., :3]) * alpha[..., None], alpha])]
    while max(levels[-1].shape[:2]) > 1:
        height, width = levels[-1].shape[:2]
        half = (max(width // 2, 1), max(height // 2, 1))
        levels.append(cv2.resize(levels[-1], half, interpolation=cv2.INTER_AREA))
    light = np.zeros((1, 1, 3), np.float32)
    for level in reversed(levels):
        share = level[..., 3:]
        coarse = cv2.resize(light, level.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        light = np.where(share > 0.0, level[..., :3] / np.maximum(share, 1e-6), coarse)
    spread = np.rint(255.0 * linear_to_srgb(light)).astype(np.uint8)
    return np.dstack([np.where(alpha[..., None] > 0.0, texture[..., :3], spread), texture[..., 3]])


def join_textures(packed: Sequence[PackedTexture], further: Sequence[NDArray[np.uint32]] = ()) -> TextureAtlas:
    """Join packed textures, equal ones once, and append further texels [M] behind them."""
    offsets = np.zeros((len(packed), MAX_LEVELS), np.int32)
    first: dict[tuple[tuple[int, ...], bytes], int] = {}
    chunks: list[NDArray[np.uint32]] = []
    total = 0
    for index, texture in enumerate(packed):
        if first.setdefault(texture.key, index) < index:
            offsets[index] = offsets[first[texture.key]]
            continue
        starts = total + np.cumsum([0, *(height * width for height, width in texture.sizes)])
        offsets[index] = starts[np.minimum(np.arange(MAX_LEVELS), len(texture.sizes) - 1)]
        total = int(starts[-1])
        chunks.append(texture.texels)
    sides = [[side.bit_length() - 1 for side in reversed(texture.sizes[0])] for texture in packed]
    cutout = np.array([texture.cutout for texture in packed], np.bool_)
    return TextureAtlas(np.concatenate([*chunks, *further]), offsets, np.array(sides, np.int32), cutout)


def _level_sizes(texture: NDArray[np.uint8]) -> list[Size]:
    """Return the height and width of the levels of a texture, down to one texel; all are powers of two."""
    height, width = (min(_LARGEST, 1 << max(0, round(float(np.log2(side))))) for side in texture.shape[:2])
    sizes = [(height, width)]
    while sizes[-1] != (1, 1):
        sizes.append((max(sizes[-1][0] // 2, 1), max(sizes[-1][1] // 2, 1)))
    return sizes


def _pack(texture: NDArray[np.uint8], sizes: Sequence[Size], texels: NDArray[np.uint32]) -> bool:
    """Write the levels of a texture, one after another and first row at the bottom; return whether it has holes."""

    def launch(kernel: Any, size: Size, inputs: list[Any], outputs: list[Any]) -> None:
        wp.launch(kernel, size[0], inputs, outputs=outputs, device="cpu")

    ends = np.cumsum([height * width for height, width in sizes])
    rows = [part.reshape(size) for part, size in zip(np.split(texels, ends[:-1]), sizes, strict=True)]
    out = [wp.array(level, dtype=wp.uint32, device="cpu", copy=False) for level in rows]
    linear = [wp.empty(size, dtype=wp.vec4, device="cpu") for size in sizes[1:]]
    if sizes[0] == texture.shape[:2]:
        picture = wp.array(np.ascontiguousarray(texture), dtype=wp.uint8, device="cpu", copy=False)
        decoded = wp.array(srgb_to_linear(np.arange(256, dtype=np.uint8)), dtype=float, device="cpu")
        channels = wp.empty(256, dtype=wp.uint32, device="cpu")
        launch(kernels.pack_channels, (256, 1), [decoded], [channels])
        launch(kernels.pack_picture, sizes[0], [picture, channels], [out[0]])
        if linear:
            launch(kernels.halve_picture, sizes[1], [picture, decoded], [linear[0], out[1]])
        has_holes = texture.shape[2] == 4 and bool((texture[..., 3] < 128).any())
    else:
        resized = _resized(texture, sizes[0])
        whole = wp.array(resized, dtype=wp.vec4, device="cpu", copy=False)
        launch(kernels.pack, sizes[0], [whole], [out[0]])
        if linear:
            launch(kernels.halve, sizes[1], [whole], [linear[0], out[1]])
        has_holes = bool((resized[..., 3] < 0.5).any())
    for level in range(2, len(sizes)):
        launch(kernels.halve, sizes[level], [linear[level - 2]], [linear[level - 1], out[level]])
    return has_holes


def _resized(texture: NDArray[np.uint8], size: Size) -> NDArray[np.float32]:
    """Return linear rgb + coverage [H, W, 4] at another size, first row at the bottom."""
    linear = np.ones((*texture.shape[:2], 4), np.float32)
    linear[..., :3] = srgb_to_linear(texture[..., :3])
    if texture.shape[2] == 4:
        linear[..., 3] = texture[..., 3].astype(np.float32) / 255.0
    shrinks = size[0] <= texture.shape[0] and size[1] <= texture.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.ascontiguousarray(cv2.resize(linear, size[::-1], interpolation=way)[::-1])
