"""Bands of rib and binding: curved as they lie, so that nothing has to stretch."""

from __future__ import annotations

import numpy as np

from dressform.schemas.errors import UsageError

from . import _curves as curves
from ._sewing import sewn
from .blocks import CENTER_BACK, CENTER_FRONT, Bodice
from .pattern import Edge, Panel, Placement, Seam, SeamFinish

# How much shorter the inner edge of a band is than its seam, per metre of width, in front and at the back. Around a
# flat hole it were 2 pi in all; a band that rises towards the neck needs less than one that lies on the chest.
RISING, LYING = (1.7, 0.9), (2.0, 1.2)
ARMHOLE_CURVE = 3.0  # the same around an armhole, which bends over the shoulder


def band(
    name: str,
    seam: float,
    width: float,
    turn: float,
    placement: Placement,
    *,
    slot: str = "rib",
) -> Panel:
    """Return a curved strip with its edges: outer (sewn on, below), end_left, inner (free, above), end_right.

    Args:
        name: Of the panel.
        seam: Length of its outer edge [m].
        width: Across the strip [m].
        turn: Angle by which the strip turns from end to end [rad]; 0 is straight.
        placement: Where it starts; y = 0 is its lowest point.
        slot: Its cloth.
    """
    if turn * width > 0.6 * seam:
        raise UsageError(f"a band {width:.3f} m wide closes up on {seam:.3f} m of seam; take a narrower band")
    if turn < 1e-3:
        half = seam / 2
        outer, inner = curves.line((-half, 0.0), (half, 0.0)), curves.line((half, width), (-half, width))
    else:
        radius, spread = seam / turn, turn / 2
        outer = curves.arc((0.0, radius), radius, -np.pi / 2 - spread, -np.pi / 2 + spread)
        inner = curves.arc((0.0, radius), radius - width, -np.pi / 2 + spread, -np.pi / 2 - spread)
    edges = (
        Edge("outer", curves.sampled(outer)),
        Edge("end_left", curves.sampled(curves.line(outer[-1], inner[0]))),
        Edge("inner", curves.sampled(inner)),
        Edge("end_right", curves.sampled(curves.line(inner[-1], outer[0]))),
    )
    return Panel(name, edges, placement, slot=slot)


def neck_bands(
    block: Bodice, width: float, side_neck: float, curve: tuple[float, float] = RISING
) -> tuple[Panel, Panel]:
    """Return the rib around a neckline as "neckband_front" and "neckband_back", which meet at the shoulder seams.

    Args:
        block: Whose neckline it is sewn to.
        width: Across the band [m].
        side_neck: Height of the side of the neck above the ground [m].
        curve: By how much front and back turn from end to end [rad].
    """
    pieces = []
    sides = (("front", block.front, CENTER_FRONT), ("back", block.back, CENTER_BACK))
    for (name, half, angle), turn in zip(sides, curve, strict=True):
        seam = 2 * curves.length(half.neckline)
        lowest = side_neck + float(half.neckline[-1, 1])
        pieces.append(band(f"neckband_{name}", seam, width, turn, Placement("neck", angle, lowest)))
    return pieces[0], pieces[1]


def neck_seams(finish: SeamFinish = "twin") -> tuple[Seam, ...]:
    """Return the seams of `neck_bands`; "twin" rows beside the neckline are what a cover stitch leaves."""
    return (
        sewn("front.neckline", "neckband_front.outer", finish),
        sewn("back.neckline", "neckband_back.outer", finish),
        sewn("neckband_front.end_left", "neckband_back.end_right"),
        sewn("neckband_front.end_right", "neckband_back.end_left"),
    )


def armhole_binding(
    side: str, front: float, back: float, width: float, placement: Placement, *, slot: str = "rib"
) -> Panel:
    """Return the binding "armband_left" or "armband_right" of a sleeveless armhole, open under the arm.

    Its edges: inner (free, below), end_back, outer_back, outer_front (sewn on), end_front; the right one's the other
    way round.

    Args:
        side: "left" or "right".
        front: Length of the front armhole [m].
        back: Length of the back armhole [m].
        width: Across the binding [m].
        placement: Where the shoulder point starts.
        slot: Its cloth.
    """
    radius = (front + back) / ARMHOLE_CURVE
    ahead, behind = np.pi / 2 + front / radius, np.pi / 2 - back / radius
    center = (0.0, -radius)
    over = [curves.arc(center, radius, behind, np.pi / 2), curves.arc(center, radius, np.pi / 2, ahead)]
    over[0][-1] = over[1][0] = 0.0
    inner = curves.arc(center, radius - width, ahead, behind)
    lines = {
        "inner": inner,
        "end_back": curves.sampled(curves.line(inner[-1], over[0][0])),
        "outer_back": over[0],
        "outer_front": over[1],
        "end_front": curves.sampled(curves.line(over[1][-1], inner[0])),
    }
    if side == "right":
        lines = {name: curves.mirrored(lines[name]) for name in ("inner", *list(lines)[:0:-1])}
    return Panel(f"armband_{side}", tuple(Edge(*item) for item in lines.items()), placement, slot=slot)


def armhole_seams(side: str) -> tuple[Seam, ...]:
    """Return the seams of an `armhole_binding` to the panels "front" and "back", and under the arm."""
    return (
        sewn(f"front.armscye_{side}", f"armband_{side}.outer_front", "edge"),
        sewn(f"back.armscye_{side}", f"armband_{side}.outer_back", "edge"),
        sewn(f"armband_{side}.end_back", f"armband_{side}.end_front"),
    )


def cuff_panel(name: str, seam: float, end: float, height: float, placement: Placement) -> Panel:
    """Return a rib cuff as it hangs below a sleeve: edges end (free, below), side_right, top (sewn on), side_left.

    Args:
        name: Of the panel.
        seam: Length of the sleeve's lower end [m].
        end: Girth at the wrist [m].
        height: Along the arm [m].
        placement: Where y = 0, its top, starts.
    """
    top, low = curves.line((seam / 2, 0.0), (-seam / 2, 0.0)), curves.line((-end / 2, -height), (end / 2, -height))
    edges = (
        Edge("end", curves.sampled(low)),
        Edge("side_right", curves.sampled(curves.line(low[-1], top[0]))),
        Edge("top", curves.sampled(top)),
        Edge("side_left", curves.sampled(curves.line(top[-1], low[0]))),
    )
    return Panel(name, edges, placement, slot="rib")


def cuff_seams(side: str) -> tuple[Seam, Seam]:
    """Return the seams of the cuff "cuff_left" or "cuff_right": to its sleeve, and closed under the arm."""
    return (
        sewn(f"sleeve_{side}.hem", f"cuff_{side}.top"),
        sewn(f"cuff_{side}.side_right", f"cuff_{side}.side_left"),
    )
