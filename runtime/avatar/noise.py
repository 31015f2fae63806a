"""Smooth, repeatable variation for textures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

Floats = NDArray[np.float32]


def spatial_noise(points: Floats, cell: float, seed: int) -> Floats:
    """Return smooth noise over space at points [N, 3], roughly in [-1, 1], with features the size of `cell` [m]."""
    lattice = np.random.default_rng(seed).uniform(-1, 1, (24, 24, 24)).astype(np.float32)
    return np.asarray(map_coordinates(lattice, (points.T / cell), order=1, mode="grid-wrap"), np.float32)


def streaks(rows: int, columns: int, *, strands: int, length: float, seed: int) -> Floats:
    """Return a picture of strands along its rows, [rows, columns] of mean 0 and deviation 1, tiling sideways.

    Args:
        rows: Height; strands run from top to bottom.
        columns: Width.
        strands: Strands across the width.
        length: How far a strand keeps its brightness, as a share of the height.
        seed: Of the random numbers.
    """
    knots = max(round(1 / length) + 2, 3)
    coarse = np.random.default_rng(seed).normal(size=(knots, strands)).astype(np.float32)
    padded = np.concatenate([coarse[:, -2:], coarse, coarse[:, :2]], axis=1)
    width = round(columns * padded.shape[1] / strands)
    fine = cv2.resize(padded, (width, rows), interpolation=cv2.INTER_CUBIC)
    margin = round(columns * 2 / strands)
    tile = fine[:, margin : margin + columns]
    return np.asarray((tile - tile.mean()) / max(float(tile.std()), 1e-6), np.float32)
