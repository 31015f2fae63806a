"""Charts side by side in the unit square, at one scale, nested into each other's bays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dressform.runtime.geometry.adjacency import boundary_loops

from ._flatten import signed_areas

Points = NDArray[np.float64]
Faces = NDArray[np.int64]

_COARSE, _FINE = 112, 400  # cells along the square while searching, and for the places in the end
_TRIES = 1600  # placements of one chart that the search may take
_FRUITLESS = 12  # orders that find no smaller square before the search ends
_SEED = 7
_HANDFUL, _TINY = 6, 0.05  # so many charts smaller than this part of the square are set in rows
_TURNED_GAIN = 1.06  # how much fuller the square must get for charts to lie on their side
_UPRIGHT, _LYING = (0, 2), (0, 1, 2, 3)
_TURNS = (np.eye(2), np.array([[0.0, 1.0], [-1.0, 0.0]]), -np.eye(2), np.array([[0.0, -1.0], [1.0, 0.0]]))


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


@dataclass(frozen=True)
class _Item:
    """What is placed as one: a chart, or rows of tiny ones.

    Attributes:
        members: Numbers of the charts.
        coordinates: [N, 2] of each member [m].
        outlines: Closed lines [n, 2] around all of it, holes too [m].
    """

    members: tuple[int, ...]
    coordinates: tuple[Points, ...]
    outlines: tuple[Points, ...]

    def turned(self, quarters: int) -> _Item:
        """Return it turned by quarters of a circle, its lower left corner at the origin."""
        turn = _TURNS[quarters]
        low = np.min([(c @ turn).min(axis=0) for c in self.coordinates], axis=0)
        return _Item(
            self.members,
            tuple(c @ turn - low for c in self.coordinates),
            tuple(c @ turn - low for c in self.outlines),
        )


@dataclass(frozen=True)
class _Choice:
    """One way to fill the square: in which order, from which side, and how each item was turned and placed."""

    order: tuple[int, ...]
    across: bool
    turns: tuple[int, ...]
    places: tuple[tuple[int, int], ...]


def pack(charts: Sequence[Flat]) -> tuple[list[Points], float]:
    """Place charts in a small square: upright or on their head, on their side only where much is gained.

    Returns:
        Coordinates of each chart in the unit square, and the length of one UV unit [m].
    """
    items = _items(charts)
    found = [_packed(items, _UPRIGHT)]
    if len(items) > 1:
        lying = _packed(items, _LYING)
        if lying[0] * np.sqrt(_TURNED_GAIN) < found[0][0]:
            found = [lying]
    side, cell, choice = found[0]
    out: list[Points] = [np.zeros((0, 2))] * len(charts)
    for k, quarters, (x, y) in zip(choice.order, choice.turns, choice.places, strict=True):
        turned = items[k].turned(quarters)
        for member, coordinates in zip(turned.members, turned.coordinates, strict=True):
            out[member] = (coordinates + np.array([x + 1.5, y + 1.5]) * cell) / side
    return out, side


def _items(charts: Sequence[Flat]) -> list[_Item]:
    area = sum(float(np.abs(signed_areas(c.flat, c.faces)).sum()) for c in charts)
    single = [_Item((k,), (c.flat,), tuple(_outlines(c))).turned(0) for k, c in enumerate(charts)]
    extents = np.array([np.ptp(c.flat, axis=0).max() for c in charts])
    tiny = np.flatnonzero(extents < _TINY * np.sqrt(area))
    if len(tiny) < _HANDFUL:
        return single
    gap = np.sqrt(area) / 150
    rows = _in_rows([single[k] for k in tiny], gap)
    return [item for k, item in enumerate(single) if k not in set(tiny.tolist())] + [rows]


def _in_rows(items: list[_Item], gap: float) -> _Item:
    """Set tiny charts in rows, the tallest first, as one item about as wide as high."""
    sizes = [np.max([c.max(axis=0) for c in item.coordinates], axis=0) for item in items]
    width = np.sqrt(sum(float((s + gap).prod()) for s in sizes))
    x = y = tall = 0.0
    members: list[int] = []
    coordinates: list[Points] = []
    for k in sorted(range(len(items)), key=lambda k: -float(sizes[k][1])):
        if x > 0 and x + sizes[k][0] > width:
            x, y, tall = 0.0, y + tall + gap, 0.0
        members += items[k].members
        coordinates += [c + np.array([x, y]) for c in items[k].coordinates]
        x, tall = x + float(sizes[k][0]) + gap, max(tall, float(sizes[k][1]))
    low = np.min([c.min(axis=0) for c in coordinates], axis=0)
    high = np.max([c.max(axis=0) for c in coordinates], axis=0)
    box = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
    return _Item(tuple(members), tuple(coordinates), (box,))


def _outlines(chart: Flat) -> list[Points]:
    return [chart.flat[loop] for loop in boundary_loops(chart.faces)]


def _packed(items: list[_Item], turns: tuple[int, ...]) -> tuple[float, float, _Choice]:
    """Return the side of the square [m], the cell that places count in [m], and the places."""
    shapes = {(k, t): items[k].turned(t) for k in range(len(items)) for t in turns}
    extents = np.array([np.concatenate(items[k].coordinates).max(axis=0) for k in range(len(items))])
    area = sum(_area(item.outlines) for item in items)
    side = max(float(np.sqrt(area / 0.5)), float(extents.min(axis=1).max() if 1 in turns else extents.max()) * 1.03)
    choice = None
    while choice is None:  # the search starts from a square that holds everything
        cell = side / _COARSE
        table = _Table(shapes, cell, _COARSE, turns, grow=0)
        order = sorted(range(len(items)), key=lambda k: -float(extents[k].prod()))
        choice = table.fill(order, _COARSE, False)
        side *= 1.1
    choice, cells = _searched(table, extents, choice)
    return _refined(shapes, choice, cells * cell)


def _searched(table: _Table, extents: Points, choice: _Choice) -> tuple[_Choice, int]:
    """Look for orders that fit into a smaller square, on coarse cells."""
    random = np.random.default_rng(_SEED)
    keys = [extents.prod(axis=1), extents[:, 1], extents[:, 0], extents.max(axis=1)]
    cells, best, fruitless, tried = _COARSE, choice, 0, 0
    tries = max(4, _TRIES // max(len(extents) * len(table.turns), 1))
    while fruitless < _FRUITLESS and tried < tries:
        key = keys[tried % len(keys)] if tried < 2 * len(keys) else keys[int(random.integers(len(keys)))]
        noise = 1.0 if tried < 2 * len(keys) else np.exp(random.normal(0, 0.35, len(extents)))
        order = np.argsort(-key * noise, kind="stable").tolist()
        across = bool(tried // len(keys) % 2) if tried < 2 * len(keys) else bool(random.integers(2))
        tried += 1
        fruitless += 1
        while (found := table.fill(order, cells - 1, across)) is not None:
            best, cells, fruitless = found, cells - 1, 0
    return best, cells


def _refined(shapes: dict[tuple[int, int], _Item], choice: _Choice, side: float) -> tuple[float, float, _Choice]:
    """Place the items in the order and turn that was found, on fine cells with a gutter, in the smallest square."""
    fixed = {(k, t): shapes[k, t] for k, t in zip(choice.order, choice.turns, strict=True)}
    turn_of = dict(zip(choice.order, choice.turns, strict=True))
    best = None
    factor, step = 0.97, 1.015
    while best is None:
        cell = side * factor / _FINE
        table = _Table(fixed, cell, _FINE, (), grow=1, turn_of=turn_of)
        for across in (choice.across, not choice.across):
            found = table.fill(list(choice.order), _FINE, across)
            if found is not None:
                best = (side * factor, cell, found)
                break
        factor *= step
    return best


class _Table:
    """A square of cells on which items are laid; whether one fits is asked of all places at once by convolution."""

    def __init__(
        self,
        shapes: dict[tuple[int, int], _Item],
        cell: float,
        cells: int,
        turns: tuple[int, ...],
        grow: int,
        turn_of: dict[int, int] | None = None,
    ) -> None:
        self.turns = turns
        self._cells, self._turn_of = cells, turn_of
        self._masks = {key: _mask(item, cell, grow) for key, item in shapes.items()}
        self._size = fft.next_fast_len(cells, real=True)
        self._spectra = {
            key: np.conj(fft.rfft2(mask, (self._size, self._size)))
            for key, mask in self._masks.items()
            if max(mask.shape) <= cells
        }

    def fill(self, order: list[int], cells: int, across: bool) -> _Choice | None:
        """Return where the items go in a square of so many cells, or None when they do not fit.

        Args:
            order: Numbers of the items, first to last.
            cells: Along the square's side, at most the table's.
            across: Fill columns from the left instead of rows from below.
        """
        taken = np.zeros((self._cells, self._cells), np.float32)
        turns: list[int] = []
        places: list[tuple[int, int]] = []
        for k in order:
            spectrum = fft.rfft2(taken, (self._size, self._size))
            best: tuple[tuple[int, ...], int, int, int] | None = None
            for quarters in self.turns if self._turn_of is None else (self._turn_of[k],):
                found = self._lowest(spectrum, k, quarters, cells, across)
                if found is not None and (best is None or found[0] < best[0]):
                    best = (*found, quarters)
            if best is None:
                return None
            _, x, y, quarters = best
            mask = self._masks[k, quarters]
            taken[y : y + mask.shape[0], x : x + mask.shape[1]] += mask
            turns.append(quarters)
            places.append((x, y))
        return _Choice(tuple(order), across, tuple(turns), tuple(places))

    def _lowest(
        self, spectrum: NDArray[np.complex64], k: int, quarters: int, cells: int, across: bool
    ) -> tuple[tuple[int, ...], int, int] | None:
        """Return how good the best free place of an item is (less is better) and where it lies, or None."""
        height, width = self._masks[k, quarters].shape
        if height > cells or width > cells:
            return None
        hits = fft.irfft2(spectrum * self._spectra[k, quarters], (self._size, self._size))
        free = hits[: cells - height + 1, : cells - width + 1] < 0.5
        if across:
            free = free.T
        rows = free.any(axis=1)
        if not rows.any():
            return None
        row = int(np.argmax(rows))
        column = int(np.argmax(free[row]))
        x, y = (row, column) if across else (column, row)
        reach = (x + width, y + height) if across else (y + height, x + width)
        return reach, x, y


def _mask(item: _Item, cell: float, grow: int) -> NDArray[np.float32]:
    """Draw an item in cells with a margin of one; `grow` widens it by cells on every side."""
    at = [line / cell + 1.5 for line in item.outlines]
    width, height = (int(x) + 3 for x in np.max([line.max(axis=0) for line in at], axis=0))
    picture = np.zeros((height, width), np.uint8)
    shift = 4  # cv2 takes fixed-point corners
    lines = [np.round((line - 0.5) * (1 << shift)).astype(np.int32) for line in at]
    cv2.fillPoly(picture, lines, 1, cv2.LINE_8, shift)
    if grow:
        picture = np.asarray(cv2.dilate(picture, np.ones((2 * grow + 1,) * 2, np.uint8)), np.uint8)
    return np.asarray(picture, np.float32)


def _area(outlines: Sequence[Points]) -> float:
    total = sum(float((o[:, 0] * np.roll(o[:, 1], -1) - np.roll(o[:, 0], -1) * o[:, 1]).sum()) / 2 for o in outlines)
    return abs(total)
