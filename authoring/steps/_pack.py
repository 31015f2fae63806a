"""Charts side by side in the unit square, upright and at one scale."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from ._flatten import signed_areas

Points = NDArray[np.float64]
Faces = NDArray[np.int64]

_GRID = 256  # cells along a side; a chart's mask is a cell wider than the chart on every side
_GROWTH = 1.04
_BEST_FILL = 0.95  # no charts with a gutter fill a square better


@dataclass(frozen=True)
class Flat:
    """One chart on the table.

    Attributes:
        vertices: int64 [N] the point of the garment behind each chart vertex.
        faces: int64 [F, 3] into `vertices`.
        flat: float64 [N, 2] [m].
        origin: int64 [F] the garment's face behind each face.
    """

    vertices: NDArray[np.int64]
    faces: Faces
    flat: Points
    origin: NDArray[np.int64]


def pack(charts: list[Flat]) -> tuple[list[Points], float]:
    """Place charts without turning them, in the first of several orders that fits the smallest square.

    Returns:
        Coordinates of each chart in the unit square, and the length of one UV unit [m].
    """
    sizes = np.array([np.ptp(c.flat, axis=0) for c in charts])
    area = sum(float(np.abs(signed_areas(c.flat, c.faces)).sum()) for c in charts)
    orders = [np.argsort(-key, kind="stable").tolist() for key in (sizes.prod(axis=1), sizes[:, 1], sizes[:, 0])]
    side = max(float(np.sqrt(area / _BEST_FILL)), float(sizes.max()) * 1.03)
    tries = [(order, across) for order in orders for across in (False, True)]
    while True:
        cell = side / _GRID
        masks = [_mask(chart, cell) for chart in charts]
        fitting = ((order, _placed([masks[k] for k in order], across)) for order, across in tries)
        order, places = next(((o, p) for o, p in fitting if p is not None), (orders[0], None))
        if places is not None:
            break
        side *= _GROWTH
    out: list[Points] = [np.zeros((0, 2))] * len(charts)
    for k, place in zip(order, places, strict=True):
        low = charts[k].flat.min(axis=0)
        out[k] = (charts[k].flat - low + (place + 1.5) * cell) / side
    return out, side


def _placed(masks: list[NDArray[np.float32]], across: bool) -> list[Points] | None:
    """Return the lower left cell of each chart, or None when they do not fit the grid.

    Args:
        masks: Cells of each chart, in the order of placing.
        across: Fill columns from the left instead of rows from below.
    """
    taken = np.zeros((_GRID, _GRID), np.float32)
    places = []
    for mask in masks:
        height, width = mask.shape
        if height > _GRID or width > _GRID:
            return None
        hits = fftconvolve(taken, mask[::-1, ::-1], mode="valid")
        free = np.argwhere(hits < 0.5)
        if not len(free):
            return None
        y, x = free[np.lexsort((free[:, 0], free[:, 1]) if across else (free[:, 1], free[:, 0]))[0]]
        taken[y : y + height, x : x + width] = np.maximum(taken[y : y + height, x : x + width], mask)
        places.append(np.array([x, y], np.float64))
    return places


def _mask(chart: Flat, cell: float) -> NDArray[np.float32]:
    """Draw a chart in cells, a cell larger on every side, so that charts keep a gutter of at least two cells."""
    at = (chart.flat - chart.flat.min(axis=0)) / cell + 1.5
    width, height = (int(x) + 3 for x in at.max(axis=0))
    picture = np.zeros((height, width), np.uint8)
    shift = 4  # cv2 takes fixed-point corners
    corners = np.round((at[chart.faces] - 0.5) * (1 << shift)).astype(np.int32)
    for triangle in corners:
        cv2.fillConvexPoly(picture, triangle, 1, cv2.LINE_8, shift)
    return np.asarray(cv2.dilate(picture, np.ones((3, 3), np.uint8)), np.float32)
