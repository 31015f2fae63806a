"""What trousers and shorts share: legs as panels, their seams, the fly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ._curves import Points, joined, length, offset
from ._drafting import at_length, bend, between, mirror_panel
from .lower_body import LowerBody, stand_height
from .pattern import Edge, EdgeRef, Mark, Panel, Placement, Seam, SeamFinish

FLY_WIDTH = 0.036  # [m]


def leg_pair(
    name: str,
    lines: Mapping[str, Points],
    back: bool,
    height: float,
    *,
    hem_turn: float = 0.0,
    marks: tuple[Mark, ...] = (),
    left_marks: tuple[Mark, ...] = (),
    right_marks: tuple[Mark, ...] = (),
) -> tuple[Panel, Panel]:
    """Return a piece of both legs, named …_left and …_right; the right one is the left one's mirror image.

    Each starts around its leg: x = 0 on the crease (in front or behind), y = 0 at the crotch line. Above the crotch
    line it leaves the leg and goes on around the hips.

    Args:
        name: Without the side.
        lines: The left piece's edges by name, counter-clockwise [m].
        back: Whether it lies behind the leg.
        height: Of the crotch line above the ground [m].
        hem_turn: Width turned inwards along the edge "hem" [m].
        marks: Of both, drawn for the left one.
        left_marks: Of the left one only.
        right_marks: Of the right one only, drawn for the left one.
    """
    angle = float(np.pi) if back else 0.0
    edges = tuple(
        Edge(edge, points, turn=hem_turn, allowance=hem_turn) if edge == "hem" else Edge(edge, points)
        for edge, points in lines.items()
    )
    left = Panel(f"{name}_left", edges, Placement("left_leg", angle, height), marks=marks + left_marks)
    drawn = replace(left, marks=marks + right_marks)
    return left, mirror_panel(drawn, f"{name}_right", Placement("right_leg", angle, height))


def crotch_height(body: LowerBody, drop: float) -> float:
    """Return the height above the ground of a crotch line that lies below the body's crotch [m]."""
    return stand_height(body, body.rise) - drop


def leg_seams(outseam: SeamFinish, inseam: SeamFinish, rise: SeamFinish) -> tuple[Seam, ...]:
    """Return the seams between fronts and backs, and the front rise, with their finishes.

    Where a yoke continues the back, its garment lists the outseam itself: see `outseams`.
    """
    left = Seam((EdgeRef("front_left", "inseam"),), (EdgeRef("back_left", "inseam"),), finish=inseam)
    right = Seam((EdgeRef("back_right", "inseam"),), (EdgeRef("front_right", "inseam"),), finish=inseam)
    front = Seam((EdgeRef("front_left", "rise"),), (EdgeRef("front_right", "rise"),), finish=rise)
    return (left, right, front)


def fly(front: Mapping[str, Points], fly_length: float, rows: int) -> tuple[Mark, ...]:
    """Return the stitches of a fly on the left front: parallel to the centre front, then curved to the seam.

    Args:
        front: Lines of the left front.
        fly_length: Down the centre front [m].
        rows: Of topstitches.
    """
    rise = front["rise"]
    upright = offset(between(rise, 0.002, 0.66 * fly_length), FLY_WIDTH)
    foot, above = at_length(rise, fly_length), upright[-1] - upright[-2]
    curve = bend(upright[-1], foot, above, (-1.0, -0.25), (0.45, 0.45))
    end = at_length(rise, fly_length - 0.004)
    tack = np.add(end, [(0.001, 0.0), (0.012, 0.004)])
    return (
        Mark("stitch", joined(upright, curve), {"rows": float(rows), "gap": 0.006, "name": "fly"}),
        Mark("stitch", tack, {"rows": 1.0, "name": "bar tack"}),
    )


def leg_line(points: Points, start: float, end: float, inward: float) -> Points:
    """Return a line beside part of an edge that runs counter-clockwise, inside the panel [m]."""
    return offset(between(points, start, min(end, length(points))), inward)
