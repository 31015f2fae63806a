"""A cutter's constructions: curves led by directions, lines cut and turned, a length that must come out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from dressform.schemas.errors import UsageError

from ._curves import Points, bezier, length, sampled
from ._outline import arc_lengths
from .pattern import Edge, Mark, Panel, Placement

Pair = tuple[float, float]


def bend(start: ArrayLike, end: ArrayLike, leave: ArrayLike, arrive: ArrayLike, pull: Pair = (1 / 3, 1 / 3)) -> Points:
    """Return a cubic curve [N, 2] between two points [m].

    Args:
        start: Where it begins [2].
        end: Where it ends [2].
        leave: Direction in which it leaves the start, of any length [2].
        arrive: Direction in which it arrives [2].
        pull: How far the curve follows the two directions, as shares of the distance from start to end.
    """
    first, last = np.asarray(start, np.float64), np.asarray(end, np.float64)
    span = float(np.linalg.norm(last - first))
    return bezier(first, first + span * pull[0] * direction(leave), last - span * pull[1] * direction(arrive), last)


def direction(vector: ArrayLike) -> Points:
    """Return a vector [2] at length 1."""
    way = np.asarray(vector, np.float64)
    return np.asarray(way / np.linalg.norm(way))


def polyline(*corners: ArrayLike) -> Points:
    """Return straight lines from corner to corner, [N, 2] [m]."""
    return np.array(corners, np.float64)


def rounded(points: Points, reach: float) -> Points:
    """Return a line [N, 2] with its kinks spread over `reach` to either side [m]; its ends stay."""
    out = sampled(points)
    step = length(points) / (len(out) - 1)
    for _ in range(round((reach / step) ** 2)):
        out[1:-1] = (out[:-2] + 2 * out[1:-1] + out[2:]) / 4
    return out


def between(points: Points, start: float, end: float) -> Points:
    """Return the part of a line [N, 2] between two lengths along it [m]."""
    lengths = arc_lengths(points)
    inner = points[(lengths > start + 1e-6) & (lengths < end - 1e-6)]
    return np.concatenate([[at_length(points, start)], inner, [at_length(points, end)]])


def at_length(points: Points, where: float) -> Points:
    """Return the point [2] at a length along a line [N, 2] [m]."""
    lengths = arc_lengths(points)
    return np.array([np.interp(where, lengths, points[:, axis]) for axis in range(2)])


def turned(points: ArrayLike, center: ArrayLike, angle: float) -> Points:
    """Return points [..., 2] turned counter-clockwise about a center [2] [rad]."""
    sine, cosine = np.sin(angle), np.cos(angle)
    middle = np.asarray(center, np.float64)
    return np.asarray((np.asarray(points, np.float64) - middle) @ np.array([[cosine, sine], [-sine, cosine]]) + middle)


def solve(gap: Callable[[float], float], low: float, high: float, what: str) -> float:
    """Return where a function changes its sign between two bounds; a UsageError says `what` does not come out."""
    if gap(low) * gap(high) > 0:
        raise UsageError(f"{what} cannot be drafted from these measures and options; take some nearer to the standard")
    return float(brentq(gap, low, high, xtol=1e-7))


def mirror_panel(panel: Panel, name: str, placement: Placement) -> Panel:
    """Return the other side's panel: mirrored at x = 0, edges under the same names.

    Edges and marks run the other way round, so that outlines stay counter-clockwise and stitches on their side.
    """
    flip = np.array([-1.0, 1.0])
    edges = tuple(
        Edge(edge.name, edge.points[::-1] * flip, edge.turn, edge.allowance) for edge in reversed(panel.edges)
    )
    marks = tuple(Mark(mark.kind, mark.points[::-1] * flip, mark.options) for mark in panel.marks)
    return Panel(name, edges, placement, panel.slot, marks, panel.formed, panel.layer)
