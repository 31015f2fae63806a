"""Where the points along a panel's edges lie, so that both sides of every seam have the same number of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._outline import arc_lengths, sharp_fractions, turns
from .pattern import Edge, Pattern, Seam

Fractions = NDArray[np.float64]
Key = tuple[str, str]

_ARC = np.radians(30)  # a curve gets a point at least every so many degrees
_SAME = 0.5  # corners of both sides nearer to each other than this part of the edge length are sewn together


class Station(NamedTuple):
    """A point along an edge, counted in the panel's direction."""

    key: Key
    number: int


Weld = tuple[Station, ...]  # points that become one


class _Chain(NamedTuple):
    """Edges end to end as a seam runs.

    Attributes:
        keys: Of each edge.
        lines: Its points, as the seam runs.
        forward: Whether that is the panel's direction.
    """

    keys: tuple[Key, ...]
    lines: tuple[NDArray[np.float64], ...]
    forward: bool

    @property
    def corners(self) -> Fractions:
        """Where each edge starts, and the end, as fractions of the whole length."""
        lengths = np.concatenate([[0.0], np.cumsum([arc_lengths(line)[-1] for line in self.lines])])
        return np.asarray(lengths / lengths[-1])

    @property
    def knots(self) -> Fractions:
        """Where a point must lie: corners, and sharp places within edges."""
        corners = self.corners
        inner = [
            corners[k] + sharp_fractions(line) * (corners[k + 1] - corners[k]) for k, line in enumerate(self.lines)
        ]
        return np.unique(np.concatenate([corners, *inner]))

    @property
    def whole(self) -> NDArray[np.float64]:
        """All edges laid end to end, [N, 2]; where a panel ends the next is moved and turned to go on straight."""
        out = self.lines[0]
        for line in self.lines[1:]:
            before, ahead = out[-1] - out[-2], line[1] - line[0]
            angle = np.arctan2(before[1], before[0]) - np.arctan2(ahead[1], ahead[0])
            turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
            out = np.concatenate([out, out[-1] + (line[1:] - line[0]) @ turn])
        return out


def stations(pattern: Pattern, edge_length: float) -> tuple[dict[Key, Fractions], list[list[Weld]]]:
    """Return where points lie along each edge, and which of them are sewn together.

    Args:
        pattern: A checked pattern.
        edge_length: Wanted distance between points [m].

    Returns:
        Fractions of each edge's length from 0 to 1 in its panel's direction, by (panel, edge); and groups of points
        that each seam brings together.
    """
    found: dict[Key, Fractions] = {}
    welds: list[list[Weld]] = []
    for seam in pattern.seams:
        chains = _chains(pattern, seam)
        for chain, at in zip(chains, _matched(chains, edge_length), strict=True):
            for k, key in enumerate(chain.keys):
                found[key] = _own(chain, k, at)
        welds.append(_welds(chains, found))
    for panel in pattern.panels:
        for edge in panel.edges:
            if (panel.name, edge.name) not in found:
                found[panel.name, edge.name] = _free(edge, edge_length)
    return found, welds


def _chains(pattern: Pattern, seam: Seam) -> tuple[_Chain, _Chain]:
    first = _Chain(
        tuple((ref.panel, ref.edge) for ref in seam.first), tuple(pattern.edge(ref).points for ref in seam.first), True
    )
    second = _Chain(
        tuple((ref.panel, ref.edge) for ref in seam.second),
        tuple(pattern.edge(ref).points[::-1] for ref in seam.second),
        False,
    )
    return first, second


def _matched(chains: tuple[_Chain, _Chain], edge_length: float) -> tuple[Fractions, Fractions]:
    """Return the fractions of both chains at which points lie, as many on each."""
    wholes = [chain.whole for chain in chains]
    lengths = [float(arc_lengths(whole)[-1]) for whole in wholes]
    mean = sum(lengths) / 2
    pairs = _paired(chains[0].knots, chains[1].knots, _SAME * edge_length / mean)
    first: list[float] = [0.0]
    second: list[float] = [0.0]
    for start, end in itertools.pairwise(pairs):
        count = max(
            1,
            round((end[0] - start[0] + end[1] - start[1]) / 2 * mean / edge_length),
            *(_bends(whole, start[side], end[side]) for side, whole in enumerate(wholes)),
        )
        steps = np.arange(1, count + 1) / count
        first += (start[0] + steps * (end[0] - start[0])).tolist()
        second += (start[1] + steps * (end[1] - start[1])).tolist()
    return np.array(first), np.array(second)


def _paired(first: Fractions, second: Fractions, near: float) -> list[tuple[float, float]]:
    """Pair the knots of two chains; a knot without a partner gets a place at the corresponding fraction."""
    partners: list[tuple[float, float]] = [(0.0, 0.0)]
    free = list(second[1:-1])
    for knot in first[1:-1]:
        after = [other for other in free if other > partners[-1][1] + 1e-9]
        best = min(after, key=lambda other: abs(other - knot), default=None)
        if best is not None and abs(best - knot) < near:
            partners.append((float(knot), float(best)))
            free.remove(best)
    partners.append((1.0, 1.0))
    a, b = np.array(partners).T
    alone = [float(knot) for knot in first[1:-1] if knot not in a]
    pairs = partners + [(knot, float(np.interp(knot, a, b))) for knot in alone]
    pairs += [(float(np.interp(knot, b, a)), float(knot)) for knot in free]
    return sorted(pairs)


def _bends(line: NDArray[np.float64], start: float, end: float) -> int:
    """Return how many steps a curve needs between two fractions of its length to keep its shape."""
    lengths = arc_lengths(line)
    at = lengths[1:-1] / lengths[-1]
    own = np.abs(turns(line))[(at > start + 1e-9) & (at < end - 1e-9)]
    return int(np.ceil(own.sum() / _ARC))


def _own(chain: _Chain, k: int, at: Fractions) -> Fractions:
    """Return the part of a chain's fractions on its k-th edge, as fractions of that in its panel's direction."""
    low, high = chain.corners[k : k + 2]
    own = (at[(at > low - 1e-9) & (at < high + 1e-9)] - low) / (high - low)
    own[0], own[-1] = 0.0, 1.0
    return np.asarray(own if chain.forward else 1 - own[::-1])


def _welds(chains: tuple[_Chain, _Chain], found: dict[Key, Fractions]) -> list[Weld]:
    sides = [_rows(chain, found) for chain in chains]
    return [tuple(first) + tuple(second) for first, second in zip(*sides, strict=True)]


def _rows(chain: _Chain, found: dict[Key, Fractions]) -> list[list[Station]]:
    """Return the points at each step of a chain: two where one edge ends and the next starts."""
    rows: list[list[Station]] = []
    for k, key in enumerate(chain.keys):
        count = len(found[key])
        numbers: Sequence[int] = range(count) if chain.forward else range(count - 1, -1, -1)
        for step, number in enumerate(numbers):
            if step == 0 and k:
                rows[-1].append(Station(key, number))
            else:
                rows.append([Station(key, number)])
    return rows


def _free(edge: Edge, edge_length: float) -> Fractions:
    knots = np.concatenate([[0.0], sharp_fractions(edge.points), [1.0]])
    out = [0.0]
    for start, end in itertools.pairwise(knots):
        count = max(1, round((end - start) * edge.length / edge_length), _bends(edge.points, start, end))
        out += (start + np.arange(1, count + 1) / count * (end - start)).tolist()
    return np.array(out)
