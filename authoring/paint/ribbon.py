"""The texels along a line, by how far along it and how far beside it they lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .lines import Line, along, chords
from .sheet import Floats, Index, Sheet

_TIE = 1e-7  # [m] two chords are equally near a texel beyond their common corner


@dataclass(frozen=True)
class Ribbon:
    """Texels beside a line.

    Attributes:
        index: int64 [n] flat indices into the sheet.
        along: float32 [n] length along the line from its start [m].
        beside: float32 [n] distance to the line's left [m], negative on its right.
        length: Of the line [m].
    """

    index: Index
    along: Floats
    beside: Floats
    length: float

    def only(self, keep: NDArray[np.bool_]) -> Ribbon:
        """Return the ribbon with some of its texels."""
        return Ribbon(self.index[keep], self.along[keep], self.beside[keep], self.length)


def ribbon(sheet: Sheet, line: Line, panel: int, reach: float) -> Ribbon:
    """Return the texels of a panel that lie beside a line, not before its start or past its end.

    Args:
        sheet: Under the brush.
        line: float64 [n, 2] on the sheet [m].
        panel: Whose texels.
        reach: Greatest distance from the line [m].
    """
    lengths = along(line)
    total = float(lengths[-1])
    path = chords(line)
    rows, columns = sheet.window(path.min(axis=0) - reach, path.max(axis=0) + reach)
    shape = (max(rows.stop - rows.start, 0), max(columns.stop - columns.start, 0))
    nearest, across = np.full(shape, np.inf, np.float32), np.zeros(shape, np.float32)
    where = np.zeros(shape, np.float32)
    steps = along(path)
    scale = total / max(float(steps[-1]), 1e-9)
    ring = bool(np.allclose(path[0], path[-1]))
    for k in range(len(path) - 1):
        first, last = (not ring and k == 0), (not ring and k == len(path) - 2)
        _measure(
            sheet, (path[k], path[k + 1]), steps[k], reach, (first, last), (rows, columns), (nearest, across, where)
        )
    near = (nearest <= reach) & (sheet.owner[rows, columns] == panel)
    row, column = np.nonzero(near)
    index = (row + rows.start).astype(np.int64) * sheet.pixels + column + columns.start
    beside = np.copysign(nearest[near], across[near])
    return Ribbon(index, np.asarray(where[near] * scale, np.float32), np.asarray(beside, np.float32), total)


def _measure(
    sheet: Sheet,
    chord: tuple[Line, Line],
    start: float,
    reach: float,
    ends: tuple[bool, bool],
    window: tuple[slice, slice],
    found: tuple[Floats, Floats, Floats],
) -> None:
    """Note distance, side and length along for the texels that a chord is nearest to."""
    a, b = chord
    rows, columns = sheet.window(np.minimum(a, b) - reach, np.maximum(a, b) + reach)
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return
    way = b - a
    size = float(np.hypot(*way))
    if size < 1e-9:
        return
    x = ((np.arange(columns.start, columns.stop) + 0.5) * sheet.texel - a[0])[None, :]
    y = (sheet.metres - (np.arange(rows.start, rows.stop) + 0.5) * sheet.texel - a[1])[:, None]
    forth = (x * way[0] + y * way[1]) / size
    side = (way[0] * y - way[1] * x) / size
    on = np.clip(forth, 0, size)
    distance = np.hypot(side, forth - on)
    if ends[0]:
        distance[forth < 0] = np.inf
    if ends[1]:
        distance[forth > size] = np.inf
    local = (
        slice(rows.start - window[0].start, rows.stop - window[0].start),
        slice(columns.start - window[1].start, columns.stop - window[1].start),
    )
    nearest, across, where = (array[local] for array in found)
    closer = (distance < nearest - _TIE) | (
        (distance < nearest + _TIE) & (np.abs(side) > np.abs(across)) & np.isfinite(distance)
    )
    nearest[closer], across[closer], where[closer] = distance[closer], side[closer], (start + on)[closer]
