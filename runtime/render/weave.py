"""The weave of cloth as a texture: slopes, hollows and roughness in one packed tile with its smaller copies.

Seen from afar a thread's slopes average out to none and what they scattered becomes roughness (LEAN mapping: Olano and
Baker 2010), so every smaller copy is flatter and rougher, and the last one kept is flat: past it there is no need to
look, and getting there nothing jumps.

A texel is 32 bits: 9 + 9 of slope along u and v in [-2, 2), 8 of cavity in [0, 2), 6 of roughness. Row 0 is v = 0.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dressform.assets.derived import Arrays, derived_arrays, derived_key

SLOPE_STEPS, SLOPE_ZERO = 128.0, 256.0
CAVITY_STEPS = 128.0
ROUGHNESS_STEPS = 63.0
SOFTENING = 2.0  # how much larger than it is a pixel's area counts
_LARGEST = 2048
# Below these (standard deviations over the tile) what is left of the weave cannot be seen.
_FAINT_SLOPE, _FAINT_CAVITY, _FAINT_ROUGHNESS = 0.02, 0.015, 0.02


@dataclass(frozen=True)
class Weave:
    """What a surface's relief and finish do from spot to spot; repeats outside [0, 1].

    Attributes:
        normal: Tangent-space normal map as glTF has it, uint8 [H, W, 3], first row at the top (v = 1), or None.
        cavity: How open to light each spot is, uint8 [H, W], or None.
        roughness: Share of the material's roughness, uint8 [H, W], or None.
        normal_scale: Multiplies the slopes.
        cavity_strength: 0 leaves the cavities out, 1 shows them whole.
        tiled: Whether it repeats many times over a garment. A tile's cavities then darken about the mean, so that cloth
            keeps its colour at every distance; a map of a whole garment darkens as it says.
    """

    normal: NDArray[np.uint8] | None = None
    cavity: NDArray[np.uint8] | None = None
    roughness: NDArray[np.uint8] | None = None
    normal_scale: float = 1.0
    cavity_strength: float = 1.0
    tiled: bool = True


@dataclass(frozen=True)
class PackedWeave:
    """A weave as kernels read it.

    Attributes:
        levels: uint32 [2^h, 2^w] each, finest first; the last is uniform, and stands for all that would follow.
        sides_log2: Width and height of the finest as powers of two.
        roughness: Of the surface where the weave is too small to be seen.
    """

    levels: tuple[NDArray[np.uint32], ...]
    sides_log2: tuple[int, int]
    roughness: float


def pack_weave(weave: Weave, roughness: float) -> PackedWeave:
    """Pack a weave for a material of a roughness in [0, 1]."""
    level = _moments(weave, roughness)
    sides = (level.shape[1].bit_length() - 1, level.shape[0].bit_length() - 1)
    packed: list[NDArray[np.uint32]] = []
    while level.shape[:2] != (1, 1) and not _is_faint(level):
        packed.append(_packed(level))
        level = _halved(level)
    last = level.mean(axis=(0, 1), keepdims=True)
    last[..., :2] = 0.0
    if weave.tiled:
        last[..., 2] = 1.0
    far = np.broadcast_to(last, level.shape)
    packed.append(_packed(far))
    return PackedWeave(tuple(packed), sides, float(_roughness(far[:1, :1])[0, 0]))


def weave_key(weave: Weave, roughness: float) -> str:
    """Return the key of a weave for a material of a roughness; equal ones have the same."""
    return derived_key((sys.modules[__name__], np, cv2), weave, roughness)


def kept_weave(weave: Weave, roughness: float) -> PackedWeave:
    """Return what `pack_weave` does; packed once and kept in the cache."""

    def pack() -> Arrays:
        packed = pack_weave(weave, roughness)
        levels = {f"{number}": level for number, level in enumerate(packed.levels)}
        return {**levels, "roughness": np.array([packed.roughness], np.float64)}

    kept = dict(derived_arrays("weave", weave_key(weave, roughness), pack))
    (own,) = kept.pop("roughness").tolist()
    levels = tuple(kept[f"{number}"] for number in range(len(kept)))
    height, width = levels[0].shape
    return PackedWeave(levels, (width.bit_length() - 1, height.bit_length() - 1), own)


def _moments(weave: Weave, roughness: float) -> NDArray[np.float32]:
    """Return [2^h, 2^w, 5]: slopes, cavity, squared slope, squared GGX alpha; first row at the bottom."""
    given = [image for image in (weave.normal, weave.cavity, weave.roughness) if image is not None]
    if not given or any(image.dtype != np.uint8 or image.ndim < 2 or 0 in image.shape for image in given):
        raise ValueError("a weave must have at least one map, and its maps must be uint8 [H, W] or [H, W, 3]")
    height, width = (
        min(_LARGEST, 1 << round(float(np.log2(max(image.shape[axis] for image in given))))) for axis in (0, 1)
    )
    moments = np.zeros((height, width, 5), np.float32)
    moments[..., 2] = 1.0
    if weave.normal is not None:
        slopes = _slopes(weave.normal) * weave.normal_scale
        if weave.tiled:
            slopes -= slopes.mean(axis=(0, 1))  # a tile that leans as a whole would tilt the cloth
        moments[..., :2] = _sized(slopes, width, height)
        moments[..., 3] = _sized((slopes**2).sum(axis=-1), width, height)
    if weave.cavity is not None:
        cavity = 1.0 + weave.cavity_strength * (weave.cavity.astype(np.float32) / 255.0 - 1.0)
        moments[..., 2] = _sized(cavity / max(float(cavity.mean()), 0.25) if weave.tiled else cavity, width, height)
    rough = np.float32(roughness)
    if weave.roughness is None:
        moments[..., 4] = rough**4
    else:
        moments[..., 4] = _sized((weave.roughness.astype(np.float32) / 255.0 * rough) ** 4, width, height)
    return np.ascontiguousarray(moments[::-1])


def _slopes(normal: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return slopes along u and v [H, W, 2] of a normal map; 128 is no slope, as painting programs write it."""
    xyz = (normal.astype(np.float32) - 128.0) / 127.0
    slopes: NDArray[np.float32] = xyz[..., :2] / np.maximum(xyz[..., 2:], 0.25)
    return slopes.clip(-2.0, 2.0)


def _sized(image: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    if image.shape[:2] == (height, width):
        return image
    shrinks = height <= image.shape[0] and width <= image.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=way), np.float32)


def _halved(level: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = level.shape[:2]
    rows = level.reshape(max(height // 2, 1), -1, width, 5).mean(axis=1)
    halved: NDArray[np.float32] = rows.reshape(rows.shape[0], max(width // 2, 1), -1, 5).mean(axis=2)
    return halved


def _is_faint(level: NDArray[np.float32]) -> bool:
    slope = level[..., :2].std(axis=(0, 1)).max()
    cavity, rough = level[..., 2].std(), _roughness(level).std()
    return bool(slope < _FAINT_SLOPE and cavity < _FAINT_CAVITY and rough < _FAINT_ROUGHNESS)


def _roughness(level: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the roughness [H, W] whose lobe is as wide as that of the slopes that were averaged away."""
    lost = (level[..., 3] - (level[..., :2] ** 2).sum(axis=-1)).clip(0.0, None)
    return np.asarray((level[..., 4] + lost).clip(0.0, 1.0) ** 0.25, np.float32)


def _packed(level: NDArray[np.float32]) -> NDArray[np.uint32]:
    slopes = np.round(level[..., :2] * SLOPE_STEPS + SLOPE_ZERO).clip(0, 511).astype(np.uint32)
    cavity = np.round(level[..., 2] * CAVITY_STEPS).clip(0, 255).astype(np.uint32)
    rough = np.round(_roughness(level) * ROUGHNESS_STEPS).clip(0, 63).astype(np.uint32)
    words = slopes[..., 0] | slopes[..., 1] << np.uint32(9) | cavity << np.uint32(18) | rough << np.uint32(26)
    return np.asarray(words, np.uint32)
