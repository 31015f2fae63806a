"""Noise that repeats with its tile."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

Floats = NDArray[np.float64]
Random = np.random.Generator


def generator(name: str, what: str) -> Random:
    """Return the random numbers of one aspect of a fabric: the same ones every time."""
    return np.random.default_rng(zlib.crc32(f"{name}/{what}".encode()))


def smooth_noise(random: Random, shape: tuple[int, int], sigma: tuple[float, float]) -> Floats:
    """Return noise of mean 0 and deviation 1 that repeats in both directions; sigma in pixels by axis."""
    field = gaussian_filter(random.standard_normal(shape), sigma, mode="wrap")
    field -= field.mean()
    return np.asarray(field / max(float(field.std()), 1e-12))


def yarn_noise(random: Random, yarns: int, samples: int, sigma: float) -> Floats:
    """Return noise along each of some yarns [yarns, samples], deviation 1, that repeats along them."""
    field = gaussian_filter1d(random.standard_normal((yarns, samples)), sigma, axis=1, mode="wrap")
    return np.asarray(field / max(float(field.std()), 1e-12))


def loose_fibres(random: Random, size: int, *, count: int, length: float, curl: float) -> Floats:
    """Draw fibres that lie across the surface in all directions.

    Args:
        random: Where they come from.
        size: Side of the tile [px].
        count: How many.
        length: Of a fibre, as a share of the tile.
        curl: How far a fibre turns over its length [rad].

    Returns:
        How much of each pixel is fibre, [size, size].
    """
    steps = max(8, int(length * size * 1.5))
    along = np.linspace(0, 1, steps)
    heading = random.uniform(0, 2 * np.pi, (count, 1)) + curl * random.standard_normal((count, 1)) * along
    heading += 0.5 * curl * np.sin(2 * np.pi * (along + random.uniform(0, 1, (count, 1))))
    reach = length * size * random.uniform(0.5, 1.5, (count, 1)) / steps
    x = random.uniform(0, size, (count, 1)) + np.cumsum(np.cos(heading) * reach, axis=1)
    y = random.uniform(0, size, (count, 1)) + np.cumsum(np.sin(heading) * reach, axis=1)
    cells = (np.floor(y).astype(np.int64) % size) * size + np.floor(x).astype(np.int64) % size
    ends = np.broadcast_to(np.sin(np.pi * along) ** 0.5, cells.shape)
    drawn = np.bincount(cells.reshape(-1), ends.reshape(-1), size * size).reshape(size, size)
    return np.asarray(np.minimum(gaussian_filter(drawn, 0.7, mode="wrap"), 1.5))
