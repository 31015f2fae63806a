"""The square of a fabric that repeats, as textures: normals, occlusion and roughness, and the colours of its yarns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from dressform.schemas.errors import UsageError

from ._grain import grain_relief
from ._knit import knit_relief
from ._noise import Floats, generator, loose_fibres, smooth_noise
from ._pile import pile_relief
from ._relief import Relief
from ._woven import woven_relief
from .fabric import Fabric

_FINER = 2  # the structure is drawn this many times finer than the tile, so that yarns have smooth borders
_PIXELS = (64, 2048)
_UNDYED = 0.85  # of the light of the cloth, at most, comes from undyed yarn
_ECRU = np.array([0.80, 0.77, 0.69])  # linear colour of cotton that took no dye
_FUZZ_PER_CM2 = 900  # loose fibres at fuzz 1
_FUZZ_LENGTH = 0.0022  # [m]
_FUZZ_HEIGHT = 2.5e-5  # [m]
_SMOOTHER = 0.18  # how much of its roughness the top of a yarn loses against the bottom


@dataclass(frozen=True)
class Tile:
    """Textures of a fabric that repeat; rows run from the top of the cloth, the warp (or the wales) runs upright.

    Attributes:
        normal: uint8 [H, W, 3] tangent-space normals as glTF has them: x to the right, y up the cloth.
        orm: uint8 [H, W, 3] occlusion, roughness as a share of the fabric's, metallic (0).
        color: float32 [H, W, 3] linear colour as a ratio of the cloth's mean colour; its mean is 1.
        height: float32 [H, W] [m], mean 0.
        cover: float32 [H, W] how much of a pixel is yarn and not a gap.
        size_m: Side [m].
    """

    normal: NDArray[np.uint8]
    orm: NDArray[np.uint8]
    color: NDArray[np.float32]
    height: NDArray[np.float32]
    cover: NDArray[np.float32]
    size_m: float


def fabric_tile(fabric: Fabric, pixels: int = 512, base_color: Sequence[float] | None = None) -> Tile:
    """Make a fabric's tile.

    Args:
        fabric: Which.
        pixels: Side of the textures.
        base_color: Linear RGB mean colour of the cloth that `color` is a ratio of, since undyed yarn stays undyed;
            the fabric's own dye by default.
    """
    if not _PIXELS[0] <= pixels <= _PIXELS[1]:
        raise UsageError(f"a tile of {pixels} pixels; needed {_PIXELS[0]} to {_PIXELS[1]}")
    relief = _fuzzy(fabric, _relief(fabric, pixels * _FINER))
    height = _coarser(relief.height - relief.height.mean())
    normal = _normals(relief.height, fabric.tile_m, fabric.shading["relief"])
    cover = _coarser(relief.cover)
    hollow = _hollow(height, fabric.tile_m)
    occlusion = 1 - fabric.shading["cavity"] * hollow
    roughness = 1 - _SMOOTHER * (1 - hollow)
    orm = np.stack([occlusion, roughness, np.zeros_like(hollow)], axis=2)
    dye = fabric.colour["dye"] if base_color is None else base_color
    return Tile(
        normal=normal,
        orm=np.round(255 * np.clip(orm, 0, 1)).astype(np.uint8),
        color=_color(relief, np.array(dye, np.float64)[:3]),
        height=height.astype(np.float32),
        cover=cover.astype(np.float32),
        size_m=fabric.tile_m,
    )


def _relief(fabric: Fabric, size: int) -> Relief:
    look, colour = fabric.look, fabric.colour
    if "woven" in look:
        return woven_relief(fabric.name, look["woven"], colour, fabric.tile_m, size)
    if "knit" in look:
        return knit_relief(fabric.name, look["knit"], colour, fabric.tile_m, size)
    if "pile" in look:
        return pile_relief(fabric.name, look["pile"], colour, fabric.tile_m, size)
    return grain_relief(fabric.name, look["grain"], colour, fabric.tile_m, size)


def _fuzzy(fabric: Fabric, relief: Relief) -> Relief:
    """Lay loose fibres over the structure and mix fibres of other shades into it."""
    size = len(relief.height)
    random = generator(fabric.name, "fibres")
    height, tone = relief.height, relief.tone
    melange = fabric.colour["melange"]
    if melange:
        tone = tone * np.clip(1 + melange * smooth_noise(random, (size, size), (2.5, 1.2)), 0.2, 3.0)
    fuzz = fabric.colour["fuzz"]
    if fuzz:
        count = round(fuzz * _FUZZ_PER_CM2 * (100 * fabric.tile_m) ** 2)
        length = min(0.5, _FUZZ_LENGTH / fabric.tile_m)
        loose = loose_fibres(random, size, count=count, length=length, curl=1.5)
        height = gaussian_filter(height, fuzz, mode="wrap") + _FUZZ_HEIGHT * loose
        tone = tone * (1 + 0.08 * loose)
    return Relief(height, tone, relief.white, relief.cover)


def _coarser(field: Floats) -> Floats:
    """Return the mean of each square of finer pixels."""
    side = len(field) // _FINER
    return np.asarray(field.reshape(side, _FINER, side, _FINER, *field.shape[2:]).mean(axis=(1, 3)))


def _normals(height: Floats, tile_m: float, relief: float) -> NDArray[np.uint8]:
    """Return encoded normals of a repeating height field, averaged over the finer pixels."""
    step = 2 * tile_m / len(height)
    right = (np.roll(height, -1, axis=1) - np.roll(height, 1, axis=1)) * relief / step
    up = (np.roll(height, 1, axis=0) - np.roll(height, -1, axis=0)) * relief / step
    normal = np.stack([-right, -up, np.ones_like(height)], axis=2)
    normal = _coarser(normal / np.linalg.norm(normal, axis=2, keepdims=True))
    normal[..., :2] -= normal[..., :2].mean(axis=(0, 1))  # the cloth as a whole is flat
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    return np.round(127.5 + 127.5 * normal).astype(np.uint8)


def _hollow(height: Floats, tile_m: float) -> Floats:
    """Return how far each place lies below its surroundings, 0 to 1."""
    pixel = tile_m / len(height)
    around = gaussian_filter(height, 2.5e-4 / pixel, mode="wrap")
    depth = around - height
    low, high = np.percentile(depth, [20, 99])
    return np.asarray(np.clip((depth - low) / max(float(high - low), 1e-9), 0, 1))


def _color(relief: Relief, mean: Floats) -> NDArray[np.float32]:
    """Return the ratio of the yarns' colours to the cloth's mean, undyed yarn whitish whatever the dye."""
    white = relief.white[..., None]
    share = float(relief.white.mean())
    # undyed yarn lies deeper and in the shade of dark cloth: as much light comes from it as the mean leaves room for
    ecru = _ECRU * min(1.0, float((_UNDYED * mean / np.maximum(share * _ECRU, 1e-9)).min()))
    dyed = (mean - share * ecru) / max(1 - share, 1e-3)
    color = _coarser(relief.tone[..., None] * ((1 - white) * dyed + white * ecru))
    return np.asarray(color / color.mean(axis=(0, 1)), np.float32)
