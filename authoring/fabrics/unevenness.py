"""How cloth varies over centimetres: slubby ends, bars of knitting, shading; it does not repeat with the tile."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ._noise import Floats, generator, smooth_noise
from .fabric import Fabric

_WIDTHS = (0.002, 0.007, 0.025)  # [m] across the warp, of streaks, bars and shades
_YARN_LENGTH = 0.018  # [m] over which a yarn's shade holds
_CROSSING = 0.5  # share of the variation that the second set of yarns shows


def fabric_unevenness(fabric: Fabric, shape: tuple[int, int], pixel_m: float, seed: int = 0) -> NDArray[np.float32]:
    """Return how bright the cloth is from place to place, beyond what its tile shows.

    Args:
        fabric: Which.
        shape: Rows and columns; the warp runs along the columns.
        pixel_m: Side of a pixel [m].
        seed: Another piece of the same cloth.

    Returns:
        float32 [H, W], mean 1.
    """
    random = generator(fabric.name, f"unevenness/{seed}")
    colour = fabric.colour
    out = np.zeros(shape)
    for width in _WIDTHS:
        sigma = 0.4 * width / pixel_m
        stretch = math.sqrt(colour["streak_length"])
        out += colour["streaks"] / math.sqrt(len(_WIDTHS)) * _field(random, shape, (sigma * stretch, sigma / stretch))
    for axis, per_cm in enumerate(_yarns(fabric)):
        yarns = (per_cm or 0) * 100 * pixel_m
        if yarns < 0.5:  # single yarns are the tile's
            continue
        sigmas = [0.35, 0.35]
        sigmas[axis] = _YARN_LENGTH / pixel_m
        share = colour["tone"] / math.sqrt(max(yarns, 1)) * (_CROSSING if axis else 1.0)
        out += share * _field(random, shape, (sigmas[0], sigmas[1]))
    ratio = np.clip(1 + out, 0.2, 3.0)
    return np.asarray(ratio / ratio.mean(), np.float32)


def _yarns(fabric: Fabric) -> tuple[float | None, float | None]:
    """Return how many yarns run up the cloth and across it, per centimetre; a knit's run across."""
    woven, knit = fabric.look.get("woven"), fabric.look.get("knit")
    if woven is not None:
        return woven["warp_per_cm"], woven["weft_per_cm"]
    return None, None if knit is None else knit["courses_per_cm"]


def _field(random: np.random.Generator, shape: tuple[int, int], sigma: tuple[float, float]) -> Floats:
    """Return noise of deviation 1; wide noise is made on a coarser grid."""
    coarse = [max(1, int(s / 3)) for s in sigma]
    small = tuple(-(-n // c) + 2 for n, c in zip(shape, coarse, strict=True))
    field = smooth_noise(random, (small[0], small[1]), (max(sigma[0] / coarse[0], 0.3), max(sigma[1] / coarse[1], 0.3)))
    large = np.repeat(np.repeat(field, coarse[0], axis=0), coarse[1], axis=1)[: shape[0], : shape[1]]
    return np.asarray(gaussian_filter(large, [0.5 * c if c > 1 else 0 for c in coarse], mode="nearest"))
