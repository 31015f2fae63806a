"""Fields over the whole garment that run on across its seams."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator
from scipy.sparse import coo_array, diags_array

from dressform.authoring.patterns.flat_mesh import FlatMesh

from .sheet import MARGIN, Floats, Index, Sheet

_SEED = 5
_ROUNDS = 14  # of averaging with the neighbours: spots of about 6 cm at an edge length of 16 mm
_GRID = 0.005  # [m] a field that changes over centimetres is measured at this distance


def slow_noise(mesh: FlatMesh) -> NDArray[np.float64]:
    """Return a smooth random value of unit variance for each point of the sewn garment, [points]."""
    count = mesh.point_count
    faces = mesh.faces
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ends = np.concatenate([ends, ends[:, ::-1]])
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count)).tocsr()
    degree = np.maximum(np.asarray(links.sum(axis=1)).reshape(-1), 1)
    spread = diags_array(1 / degree) @ links
    values = np.random.default_rng(_SEED).standard_normal(count)
    for _ in range(_ROUNDS):
        values = 0.5 * values + 0.5 * (spread @ values)
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-9))


def over_panel(sheet: Sheet, panel: int, index: Index, values: NDArray[np.float64]) -> Floats:
    """Return a field over the garment's points at a panel's texels.

    Args:
        sheet: Under the brush.
        panel: Number.
        index: int64 [n] texels of the panel.
        values: float64 [points] of the sewn garment.
    """
    mesh = sheet.mesh
    own = np.flatnonzero(mesh.panel_ids == panel)
    places = mesh.flat[own] + sheet.offsets[panel]
    held = values[mesh.points[own]]
    low, high = places.min(axis=0) - MARGIN - _GRID, places.max(axis=0) + MARGIN + _GRID
    rows, columns = sheet.window(low, high)
    counts = [max(2, int(np.ceil((part.stop - part.start) * sheet.texel / _GRID))) for part in (rows, columns)]
    # the centres of the coarse cells, as cv2.resize spreads them over the window
    y = sheet.metres - (rows.start + (np.arange(counts[0]) + 0.5) * (rows.stop - rows.start) / counts[0]) * sheet.texel
    x = (columns.start + (np.arange(counts[1]) + 0.5) * (columns.stop - columns.start) / counts[1]) * sheet.texel
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    coarse = LinearNDInterpolator(places, held)(grid)
    outside = np.isnan(coarse)
    if outside.any():
        coarse[outside] = NearestNDInterpolator(places, held)(grid[outside])
    size = (columns.stop - columns.start, rows.stop - rows.start)
    fine = cv2.resize(coarse.reshape(counts).astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    row, column = np.divmod(index, sheet.pixels)
    return np.asarray(fine[row - rows.start, column - columns.start], np.float32)
