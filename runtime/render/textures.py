"""Textures of all meshes in one flat buffer of packed texels, with their smaller copies (mipmaps).

A texel is 32 bits: three 10-bit channels that hold the square root of linear light (finer than 8-bit sRGB, and decoded
by one multiplication), and 2 bits of coverage. Row 0 is v = 0. Sides are powers of two, so that repeating is a mask.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .colour import srgb_to_linear

MAX_LEVELS = 13
_LARGEST = 1 << (MAX_LEVELS - 1)


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


def pack_textures(textures: Sequence[NDArray[np.uint8]]) -> TextureAtlas:
    """Pack sRGB uint8 textures, each [H, W, 3] or [H, W, 4], first row at the top; equal ones are held once."""
    chunks: list[NDArray[np.uint32]] = []
    offsets = np.zeros((len(textures), MAX_LEVELS), np.int32)
    sides = np.zeros((len(textures), 2), np.int32)
    cutout = np.zeros(len(textures), np.bool_)
    total = 0
    known: dict[tuple[tuple[int, ...], bytes], int] = {}
    for index, texture in enumerate(textures):
        key = (texture.shape, hashlib.sha256(texture.tobytes()).digest())
        if key in known:
            for table in (offsets, sides, cutout):
                table[index] = table[known[key]]
            continue
        known[key] = index
        level_0 = _linear_power_of_two(texture)
        sides[index] = [side.bit_length() - 1 for side in (level_0.shape[1], level_0.shape[0])]
        cutout[index] = bool((level_0[..., 3] < 0.5).any())
        levels = _levels(level_0)
        for level in range(MAX_LEVELS):
            if level < len(levels):
                chunks.append(_packed(levels[level]).ravel())
                offsets[index, level] = total
                total += chunks[-1].size
            else:
                offsets[index, level] = offsets[index, level - 1]
    return TextureAtlas(np.concatenate(chunks), offsets, sides, cutout)


def _linear_power_of_two(texture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return linear rgb + coverage [2^h, 2^w, 4], first row at the bottom."""
    if texture.dtype != np.uint8 or texture.ndim != 3 or texture.shape[2] not in (3, 4) or 0 in texture.shape:
        raise ValueError(f"texture must be uint8 [H, W, 3 or 4], got {texture.dtype} {list(texture.shape)}")
    linear = np.ones((*texture.shape[:2], 4), np.float32)
    linear[..., :3] = srgb_to_linear(texture[..., :3])
    if texture.shape[2] == 4:
        linear[..., 3] = texture[..., 3].astype(np.float32) / 255.0
    height, width = (min(_LARGEST, 1 << max(0, round(float(np.log2(side))))) for side in texture.shape[:2])
    if (height, width) != texture.shape[:2]:
        shrinks = height <= texture.shape[0] and width <= texture.shape[1]
        linear = cv2.resize(linear, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.ascontiguousarray(linear[::-1])


def _levels(level_0: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Halve down to one texel, averaging linear light."""
    levels = [level_0]
    while levels[-1].shape[:2] != (1, 1):
        above = levels[-1]
        height, width = above.shape[:2]
        rows = above.reshape(max(height // 2, 1), -1, width, 4).mean(axis=1)
        levels.append(rows.reshape(rows.shape[0], max(width // 2, 1), -1, 4).mean(axis=2).astype(np.float32))
    return levels


def _packed(linear: NDArray[np.float32]) -> NDArray[np.uint32]:
    root = np.round(np.sqrt(linear[..., :3].clip(0.0, 1.0)) * 1023.0).astype(np.uint32)
    coverage = np.round(linear[..., 3].clip(0.0, 1.0) * 3.0).astype(np.uint32)
    packed: NDArray[np.uint32] = root[..., 0] | (root[..., 1] << 10) | (root[..., 2] << 20) | (coverage << 30)
    return packed
