"""Panels side by side on the square sheet that their pictures are painted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from .pattern import Panel, Pattern

GAP = 0.032  # [m] between panels: their turned hems and trims lie there
HEM_GAP = 0.008  # [m] between turned hems
TRIM_STRIP = 0.08  # [m] height of the strip along the lower side of the sheet that is left free for trims
CELL = 0.008  # [m] of the grid that places are searched on

Mask = NDArray[np.bool_]
_TRIES = 64
_LONG = 2.5  # times as wide as high: a waistband
_SEED = 5
_SIDES = (("left", "right"), ("Left", "Right"))


@dataclass(frozen=True)
class _Item:
    """Panels that are placed as one: a panel, or the left and right of a kind.

    Attributes:
        panels: Numbers.
        shifts: Of each panel's frame from the item's lower left corner [m].
        mask: Cells that it needs, with its gap.
    """

    panels: tuple[int, ...]
    shifts: tuple[NDArray[np.float64], ...]
    mask: Mask


def lay_out(pattern: Pattern) -> tuple[NDArray[np.float64], float]:
    """Place all panels upright on a square sheet.

    The left and right of a kind lie beside each other; long ones one above the other where that fills the sheet better.

    Panels lie at least `GAP` apart and half of it from the sheet's sides; the lowest `TRIM_STRIP` of it stays free.

    Returns:
        By how much each panel's frame is shifted [P, 2] [m], and the side of the sheet [m].
    """
    groups = _groups(pattern.panels)
    cells, places, items = min(
        ((*_packed(own), own) for own in ([_paired(pattern, g, above) for g in groups] for above in (False, True))),
        key=lambda found: found[0],
    )
    shifts = np.zeros((len(pattern.panels), 2))
    for item, (column, row) in zip(items, places, strict=True):
        for panel, shift in zip(item.panels, item.shifts, strict=True):
            shifts[panel] = shift + np.array([column, row]) * CELL
    return shifts, cells * CELL


def trim_strip(sheet: float) -> tuple[float, float, float, float]:
    """Return the free strip of a sheet as UV left, bottom, right, top.

    Args:
        sheet: Side of the sheet [m].
    """
    margin = CELL / sheet
    return margin, margin, 1 - margin, (TRIM_STRIP - CELL) / sheet


def _groups(panels: Sequence[Panel]) -> list[list[int]]:
    """Return the numbers of panels that lie beside each other; of a front the wearer's right comes first, as seen."""
    numbers = {panel.name: k for k, panel in enumerate(panels)}
    groups: list[list[int]] = []
    done: set[int] = set()
    for k, panel in enumerate(panels):
        if k in done:
            continue
        partner = next(
            (
                numbers[name]
                for a, b in _SIDES
                for name in (panel.name.replace(a, b), panel.name.replace(b, a))
                if name != panel.name and name in numbers and numbers[name] not in done
            ),
            None,
        )
        group = [k] if partner is None else sorted([k, partner], key=lambda n: "left" in panels[n].name.lower())
        if len(group) == 2 and np.cos(panel.placement.angle) < 0 and panel.placement.limb in ("torso", "neck"):
            group.reverse()
        groups.append(group)
        done.update(group)
    return groups


def _paired(pattern: Pattern, group: list[int], above: bool) -> _Item:
    """Put panels beside each other as near as they fit, or, when `above`, long ones one above the other."""
    masks, shifts = zip(*(_mask(pattern.panels[k]) for k in group), strict=True)
    if len(group) == 1:
        return _Item(tuple(group), (shifts[0],), masks[0])
    if above and min(mask.shape[1] / mask.shape[0] for mask in masks) > _LONG:
        turned = _joined(masks[0].T, masks[1].T)
        return _Item(tuple(group), (shifts[0], shifts[1] + np.array([0.0, turned[1] * CELL])), turned[0].T)
    both, column = _joined(*masks)
    return _Item(tuple(group), (shifts[0], shifts[1] + np.array([column * CELL, 0.0])), both)


def _joined(left: Mask, right: Mask) -> tuple[Mask, int]:
    """Return two masks beside each other as near as they fit, and the column of the second."""
    height = max(len(left), len(right))
    left, right = (np.pad(m, ((0, height - len(m)), (0, 0))) for m in (left, right))
    column = next(c for c in range(left.shape[1] + 1) if not _meet(left, right, c))
    width = max(left.shape[1], column + right.shape[1])
    both = np.zeros((height, width), np.bool_)
    both[:, : left.shape[1]] |= left
    both[:, column : column + right.shape[1]] |= right
    return both, column


def _meet(left: Mask, right: Mask, column: int) -> bool:
    width = min(left.shape[1] - column, right.shape[1])
    return width > 0 and bool((left[:, column : column + width] & right[:, :width]).any())


def _mask(panel: Panel) -> tuple[Mask, NDArray[np.float64]]:
    """Return the cells within half the gap of a panel and its turned hems, and the shift of its frame [m]."""
    outline = panel.outline
    reach = max(GAP / 2, max(edge.turn for edge in panel.edges) + HEM_GAP / 2) + CELL
    shift = reach - outline.min(axis=0)
    width, height = np.ceil((np.ptp(outline, axis=0) + 2 * reach) / CELL).astype(int)
    picture = np.zeros((height, width), np.uint8)
    bits = 4  # cv2 takes fixed-point corners
    cv2.fillPoly(picture, [_fixed(outline + shift, bits)], 1, cv2.LINE_8, bits)
    for edge in panel.edges:
        wide = max(GAP / 2, edge.turn + HEM_GAP / 2)
        cells = int(np.ceil(2 * wide / CELL))
        cv2.polylines(picture, [_fixed(edge.points + shift, bits)], False, 1, cells, cv2.LINE_8, bits)
    return picture > 0, shift


def _fixed(points: NDArray[np.float64], bits: int) -> NDArray[np.int32]:
    return np.round((points / CELL - 0.5) * (1 << bits)).astype(np.int32)


def _packed(items: Sequence[_Item]) -> tuple[int, list[tuple[int, int]]]:
    """Return the side of the smallest square found, in cells, and the column and row of each item."""
    area = sum(int(item.mask.sum()) for item in items)
    strip = int(np.ceil(TRIM_STRIP / CELL))
    widest = max(item.mask.shape[1] for item in items)
    tallest = max(item.mask.shape[0] for item in items) + strip
    cells = max(widest, tallest, int(np.sqrt(area) * 1.5))
    sizes = np.array([item.mask.shape for item in items], np.float64)
    order = np.argsort(-sizes.prod(axis=1), kind="stable").tolist()
    table = _Table(items, strip)
    while (places := table.fill(order, cells, False)) is None:
        cells = int(cells * 1.1) + 1
    random = np.random.default_rng(_SEED)
    keys = [sizes.prod(axis=1), sizes[:, 0], sizes[:, 1], sizes.max(axis=1)]
    least = max(widest, tallest, int(np.sqrt(area)))
    for trial in range(_TRIES if len(items) > 1 else 8):
        key = keys[trial % len(keys)]
        noise = 1.0 if trial < 2 * len(keys) else np.exp(random.normal(0, 0.3, len(items)))
        order = np.argsort(-key * noise, kind="stable").tolist()
        across = bool(trial // len(keys) % 2)
        step = max(1, cells // 40)
        while step:
            found = table.fill(order, cells - step, across) if cells - step >= least else None
            if found is None:
                step = step // 2
            else:
                cells, places = cells - step, found
    return cells, places


class _Table:
    """A square of cells on which items are laid; whether one fits is asked of all places at once by convolution."""

    def __init__(self, items: Sequence[_Item], strip: int) -> None:
        self._items, self._strip = items, strip
        self._spectra: dict[tuple[int, int], NDArray[np.complex64]] = {}

    def fill(self, order: list[int], cells: int, across: bool) -> list[tuple[int, int]] | None:
        """Return the column and row of each item in a square of so many cells, or None when they do not fit.

        Args:
            order: Numbers of the items, first to last.
            cells: Along the square's side.
            across: Fill columns from the left instead of rows from below.
        """
        size = fft.next_fast_len(cells, real=True)
        taken = np.zeros((cells, cells), np.float32)
        taken[: self._strip] = 1
        places: list[tuple[int, int]] = [(0, 0)] * len(order)
        for k in order:
            mask = self._items[k].mask
            height, width = mask.shape
            if height > cells or width > cells:
                return None
            hits = fft.irfft2(fft.rfft2(taken, (size, size)) * self._spectrum(k, size), (size, size))
            free = hits[: cells - height + 1, : cells - width + 1] < 0.5
            if not free.any():
                return None
            column, row = divmod(int(np.argmax(free.T)), free.shape[0]) if across else _row_first(free)
            taken[row : row + height, column : column + width] += mask
            places[k] = (column, row)
        return places

    def _spectrum(self, k: int, size: int) -> NDArray[np.complex64]:
        if (k, size) not in self._spectra:
            self._spectra[k, size] = np.conj(fft.rfft2(self._items[k].mask.astype(np.float32), (size, size)))
        return self._spectra[k, size]


def _row_first(free: Mask) -> tuple[int, int]:
    row, column = divmod(int(np.argmax(free)), free.shape[1])
    return column, row
