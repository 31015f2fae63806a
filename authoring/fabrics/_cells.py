"""Cells around scattered points, on a tile that repeats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ._noise import Floats, Random


@dataclass(frozen=True)
class Cells:
    """For every pixel the cell it lies in.

    Attributes:
        number: [S, S] of the cell.
        near: [S, S] distance from the cell's point, in mean spacings.
        edge: [S, S] how much farther the next cell's point is: 0 on the border.
        count: How many cells there are.
    """

    number: NDArray[np.int64]
    near: Floats
    edge: Floats
    count: int


def cells(random: Random, size: int, side: int, *, scatter: float, bend: tuple[Floats, Floats] | None = None) -> Cells:
    """Divide a tile of `size` pixels into side × side cells.

    Args:
        random: Where the points come from.
        size: Side of the tile [px].
        side: Cells along a side.
        scatter: How far points stray from a regular net, 0 to 1 of their spacing.
        bend: [S, S] by which pixels are shifted to the right and down before they are looked up, in spacings.
    """
    net = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=2).reshape(-1, 2)
    offset = 0.5 * (net[:, 1:] % 2) * np.array([1.0, 0.0]) if side % 2 == 0 else 0.0  # bricks, not squares
    points = (net + 0.5 + offset + scatter * random.uniform(-0.5, 0.5, net.shape)) % side
    at = (np.arange(size) + 0.5) * side / size
    place = np.stack(np.meshgrid(at, at), axis=2)
    if bend is not None:
        place = place + np.stack(bend, axis=2)
    distance, number = cKDTree(points, boxsize=np.array([side, side], np.float64)).query(
        place.reshape(-1, 2) % side, k=2
    )
    nearest = np.asarray(number)[:, 0].reshape(size, size)
    first, second = np.asarray(distance).reshape(size, size, 2).transpose(2, 0, 1)
    return Cells(nearest, first, second - first, len(points))
