"""Rays from the ground, and the renderer's short cut beside them."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.benchmarks.ground_light import CELL, CELLS, compare


def test_rays_see_a_plate_and_the_kernels_what_stands() -> None:
    """A wide plate 0.5 m above the ground: below its middle it covers the cosine-weighted disc's known share."""
    side = np.linspace(-0.5, 0.5, 41, dtype=np.float32)
    x, y = np.meshgrid(side, side)
    points = np.stack([x, y, np.full_like(x, 0.5)], axis=-1)
    low = np.stack([points[:-1, :-1], points[:-1, 1:], points[1:, 1:]], axis=2).reshape(-1, 3, 3)
    high = np.stack([points[:-1, :-1], points[1:, 1:], points[1:, :-1]], axis=2).reshape(-1, 3, 3)
    contact, kept = compare(np.concatenate([low, high]), rays=2000, seed=3)
    assert contact.shape == kept.shape == (CELLS, CELLS)
    middle = CELLS // 2
    # the form factor of a unit square 0.5 m over its middle, four times that of a corner (Howell's catalogue, C-11)
    a = 1.0 / np.sqrt(2.0)
    corner = (a * np.arctan(a) + a * np.arctan(a)) / (2.0 * np.pi)
    assert kept[middle, middle] == pytest.approx(4.0 * corner, abs=0.03)
    assert kept[0, 0] < 0.05
    assert CELL * CELLS > 2.0
    assert contact[middle, middle] > 5.0 * contact[middle, 2]
