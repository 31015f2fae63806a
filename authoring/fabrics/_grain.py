"""Leather: pebbles of grain between furrows, finer wrinkles, and pores."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from dressform.schemas.fabric import FabricColour, GrainLook

from ._cells import cells
from ._noise import Floats, Random, generator, smooth_noise
from ._relief import Relief

_FURROW = 0.20  # width of a furrow, as a share of a pebble
_FINE = 3.1  # finer wrinkles to a pebble
_FINE_DEPTH = 0.22  # of these, as a share of the furrows'
_PORE = 3.5e-5  # radius of a pore [m]
_ROLL = 0.5  # how far whole areas rise and fall, as a share of the furrows' depth


def grain_relief(name: str, look: GrainLook, colour: FabricColour, tile_m: float, size: int) -> Relief:
    """Draw a grain over a tile of `size` pixels."""
    random = generator(name, "grain")
    side = max(4, 2 * round(look["cells_per_cm"] * 50 * tile_m))
    depth = 1e-3 * look["crease"]
    step = size / side
    height = depth * (_pebbles(random, size, side, look["unevenness"]) - 1)
    height += _FINE_DEPTH * depth * _pebbles(random, size, 2 * round(0.5 * _FINE * side), 1.0)
    height += _ROLL * depth * smooth_noise(random, (size, size), (2.5 * step, 2.5 * step)) * 0.5
    height += 0.04 * depth * smooth_noise(random, (size, size), (1.0, 1.0))
    pits = _pores(random, look, tile_m, size)
    height -= 0.8 * depth * pits
    shade = smooth_noise(random, (size, size), (3 * step, 3 * step))
    low = np.clip(-height / depth, 0, 1)
    tone = np.clip((1 + colour["tone"] * shade) * (1 - 0.25 * low) * (1 - 0.3 * pits), 0.2, 2.0)
    return Relief(height, tone, np.zeros((size, size)), np.ones((size, size)))


def _pebbles(random: Random, size: int, side: int, scatter: float) -> Floats:
    """Return rounded cells, 0 in the furrows and 1 on their backs; furrows are of uneven depth."""
    step = size / side
    bend = (
        0.22 * smooth_noise(random, (size, size), (0.5 * step, 0.5 * step)),
        0.22 * smooth_noise(random, (size, size), (0.5 * step, 0.5 * step)),
    )
    found = cells(random, size, side, scatter=0.5 + 0.5 * scatter, bend=bend)
    back = 1 - np.exp(-((found.edge / _FURROW) ** 1.3))
    back = back * (1 - 0.25 * np.clip(found.near, 0, 1) ** 2)
    strength = np.clip(0.8 + 0.22 * smooth_noise(random, (size, size), (1.2 * step, 1.2 * step)), 0.3, 1.2)
    return gaussian_filter(1 - strength * (1 - back), 0.06 * step, mode="wrap")


def _pores(random: Random, look: GrainLook, tile_m: float, size: int) -> Floats:
    """Return how much of each pixel is a pore."""
    count = round((look["pores_per_cm"] * 100 * tile_m) ** 2)
    spots = np.bincount(random.integers(0, size * size, count), minlength=size * size).astype(np.float64)
    sigma = max(_PORE / tile_m * size, 0.6)
    pits = gaussian_filter(spots.reshape(size, size), sigma, mode="wrap") * 2 * np.pi * sigma * sigma
    return np.asarray(np.clip(pits, 0, 1))
