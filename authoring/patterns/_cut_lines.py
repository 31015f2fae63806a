"""What is drawn of a panel for the cutter: cut and sew lines, notches, grain, and what is worked on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import InputError

from ._outline import along, arc_lengths, first_crossing, inside, outline_distances, signed_area, turns
from .check import check_pattern
from .pattern import Edge, EdgeRef, Mark, Panel, Pattern, Seam

Points = NDArray[np.float64]

NOTCH = 0.005  # [m] how far a notch is cut into the allowance
_MITRE = 2.5  # a corner further out than so many allowances is cut off square
_SHORT = 0.12  # [m] shorter seams get one notch
_CURVE = np.radians(25)  # a vertex that turns by less is a point of a curve
_ROOM = 0.02  # [m] between pieces
_WIDTH = 1.5  # [m] of the widest row of pieces


class Notch(NamedTuple):
    """A small cut that meets its partner when the seam is sewn.

    Attributes:
        place: On the cut line [2] [m].
        inward: Unit vector into the piece [2].
    """

    place: Points
    inward: Points


@dataclass(frozen=True)
class Piece:
    """A panel as it is cut, in its own frame [m].

    Attributes:
        panel: What it is.
        size: Of its pattern.
        cut: Closed line with all allowances, counter-clockwise [N, 2].
        corners: bool [N] which of its points are corners.
        sew: Closed sewing line [M, 2].
        notches: Along seams.
        grain: Ends of the grain line, [2, 2].
    """

    panel: Panel
    size: str
    cut: Points
    corners: NDArray[np.bool_]
    sew: Points
    notches: tuple[Notch, ...]
    grain: Points


@dataclass(frozen=True)
class Stack:
    """The same panel in all sizes, one over the other.

    Attributes:
        pieces: One for each size.
        shift: Of their frames on the drawing [2] [m].
    """

    pieces: tuple[Piece, ...]
    shift: Points


def stacks(patterns: Sequence[Pattern]) -> tuple[list[Stack], Points]:
    """Return the pieces of one or several sizes side by side in rows, and width and height of them all [2] [m].

    Args:
        patterns: Of one kind of garment, with the same panels.
    """
    if not patterns:
        raise InputError("needed at least one pattern to draw, found none")
    names = [[panel.name for panel in pattern.panels] for pattern in patterns]
    for pattern, own in zip(patterns, names, strict=True):
        check_pattern(pattern)
        if own != names[0]:
            lone = sorted(set(own) ^ set(names[0])) or ["another order"]
            raise InputError(
                f"pattern {pattern.name}: size {pattern.size} has not the same panels as {patterns[0].size} "
                f"({lone[0]}); draw it on its own"
            )
    groups = [tuple(_piece(pattern, pattern.panel(name)) for pattern in patterns) for name in names[0]]
    return _rows(groups)


def allowance(edge: Edge) -> float:
    """Return by how much the cut line lies outside an edge [m]: its turned hem, or its seam allowance."""
    return edge.turn if edge.turn > 0 else edge.allowance


def drawn(mark: Mark) -> tuple[Points, bool]:
    """Return the line of a mark and whether it is closed; one point for what is worked at a point."""
    points = np.asarray(mark.points, np.float64).reshape(-1, 2)
    if mark.kind == "buttonhole":
        half, angle = float(mark.options.get("width", 0.016)) / 2, float(mark.options.get("angle", 0.0))
        reach = half * np.array([np.cos(angle), np.sin(angle)])
        return np.stack([points[0] - reach, points[0] + reach]), False
    return points, mark.kind in ("patch", "welt", "print")


def _piece(pattern: Pattern, panel: Panel) -> Piece:
    cut, corners = _cut_line(panel)
    return Piece(panel, pattern.size, cut, corners, panel.outline, _notches(pattern, panel), _grain(panel.outline))


def _cut_line(panel: Panel) -> tuple[Points, NDArray[np.bool_]]:
    """Offset each edge by its own allowance, mitred where they meet, without the loops of darts and tight bays."""
    outline = panel.outline
    wide = np.concatenate([np.full(len(e.points) - 1, allowance(e)) for e in panel.edges])
    step = np.roll(outline, -1, axis=0) - outline
    step /= np.linalg.norm(step, axis=1, keepdims=True)
    right = np.stack([step[:, 1], -step[:, 0]], axis=1)
    out: list[Points] = []
    for k, point in enumerate(outline):
        out += _mitred(point, right[k - 1], right[k], float(wide[k - 1]), float(wide[k]))
    line = _unlooped(np.array(out))
    bends = np.abs(turns(np.concatenate([line[-1:], line, line[:1]])))
    return line, np.asarray(bends > _CURVE)


def _mitred(point: Points, before: Points, after: Points, wide_before: float, wide_after: float) -> list[Points]:
    """Return the point where two offset lines meet, or two points that cut a long corner off."""
    cosine = float(before @ after)
    if cosine > 0.999:
        if abs(wide_before - wide_after) < 1e-6:
            mean = before + after
            return [point + mean / (mean @ mean) * (wide_before + wide_after)]
        return [point + before * wide_before, point + after * wide_after]
    if cosine < -0.999:
        return [point + before * wide_before, point + after * wide_after]
    sine = 1 - cosine**2
    corner = (wide_before - wide_after * cosine) / sine * before + (wide_after - wide_before * cosine) / sine * after
    if np.linalg.norm(corner) <= _MITRE * max(wide_before, wide_after) or before[0] * after[1] < before[1] * after[0]:
        return [point + corner]
    square = np.array([-before[1], before[0]]) * wide_before, np.array([after[1], -after[0]]) * wide_after
    return [point + before * wide_before + square[0], point + after * wide_after + square[1]]


def _unlooped(line: Points) -> Points:
    """Cut off loops until a closed line no longer crosses itself; of two parts the one with more inside stays."""
    while (crossing := first_crossing(line, 1e-9)) is not None:
        first, second, place = crossing
        loop = np.concatenate([place[None], line[first + 1 : second + 1]])
        rest = np.concatenate([line[: first + 1], place[None], line[second + 1 :]])
        line = loop if signed_area(loop) > signed_area(rest) else rest
        line = line[np.linalg.norm(line - np.roll(line, 1, axis=0), axis=1) > 1e-7]
    return line


def _notches(pattern: Pattern, panel: Panel) -> tuple[Notch, ...]:
    """Return notches at quarters of each seam, and where the other side goes on with its next edge."""
    return tuple(
        _notch(panel, panel.edge(ref.edge), share)
        for seam in pattern.seams
        for ref, share in _shares(pattern, seam)
        if ref.panel == panel.name
    )


def _shares(pattern: Pattern, seam: Seam) -> list[tuple[EdgeRef, float]]:
    """Return the edges that a seam notches and where, as fractions of each edge in its panel's direction."""
    lengths = [np.array([pattern.edge(ref).length for ref in refs]) for refs in (seam.first, seam.second)]
    ends = [np.concatenate([[0.0], np.cumsum(own)]) / own.sum() for own in lengths]
    marks = [0.5] if lengths[0].sum() < _SHORT else [0.25, 0.5, 0.75]
    wanted = np.unique(np.concatenate([marks, ends[0][1:-1], ends[1][1:-1]]))
    keep: list[float] = []
    corners = np.concatenate([ends[0][1:-1], ends[1][1:-1]])
    for share in wanted:
        near = np.abs(corners - share) * lengths[0].sum()
        if not len(corners) or near.min() < 1e-9 or near.min() > 0.02:
            keep.append(float(share))
    out: list[tuple[EdgeRef, float]] = []
    for side, refs in enumerate((seam.first, seam.second)):
        for ref, low, high in zip(refs, ends[side], ends[side][1:], strict=False):
            for share in keep:
                own = (share - low) / (high - low)
                if 1e-3 < own < 1 - 1e-3:
                    out.append((ref, float(own) if side == 0 else 1 - float(own)))
    return out


def _notch(panel: Panel, edge: Edge, share: float) -> Notch:
    place = along(edge.points, np.array([share]))[0]
    lengths = arc_lengths(edge.points)
    k = min(int(np.searchsorted(lengths, share * lengths[-1], side="right")) - 1, len(edge.points) - 2)
    step = edge.points[k + 1] - edge.points[k]
    inward = np.array([-step[1], step[0]]) / np.linalg.norm(step)
    return Notch(place - inward * allowance(edge), inward)


def _grain(outline: Points) -> Points:
    """Return a line along the grain, upright, through the widest clear place."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    best, ends = -1.0, np.stack([low, high])
    for share in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8):
        x = low[0] + share * (high[0] - low[0])
        y = np.linspace(low[1], high[1], 81)[1:-1]
        line = np.stack([np.full(len(y), x), y], axis=1)
        runs = np.flatnonzero(np.diff(np.concatenate([[0], inside(line, outline).astype(int), [0]])))
        for start, end in zip(runs[::2], runs[1::2], strict=True):
            run = line[start:end]
            room = float(np.ptp(run[:, 1])) + 0.5 * float(outline_distances(run.mean(axis=0)[None], outline)[0])
            if room > best + 1e-9:
                best, ends = room, np.stack([0.85 * run[0] + 0.15 * run[-1], 0.15 * run[0] + 0.85 * run[-1]])
    return ends


def _rows(groups: list[tuple[Piece, ...]]) -> tuple[list[Stack], Points]:
    """Set pieces in rows, the tallest first."""
    lows = [np.min([piece.cut.min(axis=0) for piece in group], axis=0) for group in groups]
    sizes = [np.max([p.cut.max(axis=0) for p in group], axis=0) - low for group, low in zip(groups, lows, strict=True)]
    width = max(_WIDTH, *(float(size[0]) for size in sizes)) + 1e-9
    order = sorted(range(len(groups)), key=lambda k: -round(float(sizes[k][1]), 6))
    shifts = {}
    x = y = tall = wide = 0.0
    for k in order:
        if x and x + sizes[k][0] > width:
            x, y, tall = 0.0, y + tall + _ROOM, 0.0
        shifts[k] = np.array([x, y]) - lows[k]
        x, tall = x + float(sizes[k][0]) + _ROOM, max(tall, float(sizes[k][1]))
        wide = max(wide, x - _ROOM)
    return [Stack(group, shifts[k]) for k, group in enumerate(groups)], np.array([wide, y + tall])
