"""Waistbands: straight at the natural waist, shaped as a ring of a cone where they sit on the hips."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ._curves import Points, line
from ._drafting import mirror_panel
from .pattern import Edge, EdgeRef, Hold, Mark, Panel, Placement, Seam

_STRAIGHT = 1e-4  # [m] difference of the two edges below which a band is cut straight
LOOP_WIDTH = 0.011  # of a belt loop [m]
STRIP_TURN = 0.020  # facing inside a straight band [m]


@dataclass(frozen=True)
class Band:
    """Half of a waistband, from the centre front to the centre back around the wearer's left.

    Attributes:
        top: Length of the top edge [m].
        bottom: Length of the edge sewn to the garment [m]; longer than the top where the body widens below.
        height: [m].
    """

    top: float
    bottom: float
    height: float

    def at(self, along: float, up: float) -> tuple[float, float]:
        """Return a point of the panel.

        Args:
            along: Length along the bottom edge from the centre front [m].
            up: Height above the bottom edge [m].
        """
        if self._is_straight:
            return along - self.bottom / 2, up
        radius = self._radius
        angle = (along - self.bottom / 2) / radius
        reach = radius - up
        return float(reach * np.sin(angle)), float(radius - reach * np.cos(angle))

    @property
    def _is_straight(self) -> bool:
        return abs(self.bottom - self.top) < _STRAIGHT

    @property
    def _radius(self) -> float:
        """Radius of the bottom edge [m]; negative where the band is wider at its top."""
        return self.bottom * self.height / (self.bottom - self.top)

    def row(self, up: float, start: float = 0.0, end: float = 1.0) -> Points:
        """Return a line at a height above the bottom edge [m], between two shares of the length, front to back."""
        count = max(2, int(np.ceil((end - start) * self.bottom / 0.004)) + 1)
        return np.array([self.at(share * self.bottom, up) for share in np.linspace(start, end, count)])

    def loop(self, along: float, width: float = LOOP_WIDTH) -> Mark:
        """Return a belt loop centred at a length from the centre front [m]; it ends at the band's ends."""
        first, last = max(along - width / 2, 0.0), min(along + width / 2, self.bottom)
        low, high = 0.001, self.height - 0.001
        corners = [self.at(first, low), self.at(last, low), self.at(last, high), self.at(first, high)]
        return Mark("patch", np.array(corners), {"name": "belt loop", "rows": 1.0})


def waistband(
    band: Band,
    height: float,
    *,
    turn: float,
    marks: tuple[Mark, ...] = (),
    left_marks: tuple[Mark, ...] = (),
) -> tuple[Panel, Panel]:
    """Return the left and the right half, named waistband_left and waistband_right.

    Their edges: bottom, back, top, front. x = 0 is the middle of the half, y = 0 the bottom edge there.

    Args:
        band: The half's measures.
        height: Of the bottom edge above the ground where the garment is worn [m].
        turn: Width of the facing inside the top edge [m].
        marks: Of both halves, drawn for the left one.
        left_marks: Of the left half only (its button).
    """
    bottom, top = band.row(0.0), band.row(band.height)[::-1]
    edges = (
        Edge("bottom", bottom),
        Edge("back", line(bottom[-1], top[0])),
        Edge("top", top, turn=turn),
        Edge("front", line(top[-1], bottom[0])),
    )
    left = Panel("waistband_left", edges, Placement("torso", np.pi / 2, height), marks=marks)
    right = mirror_panel(left, "waistband_right", Placement("torso", -np.pi / 2, height))
    return replace(left, marks=marks + left_marks), right


def band_seams(left: tuple[EdgeRef, ...], right: tuple[EdgeRef, ...]) -> tuple[Seam, ...]:
    """Return the seams of both halves.

    Args:
        left: Edges of the garment under the left half, from the centre front to the centre back.
        right: The same under the right half, from the centre back to the centre front.
    """
    halves = (
        Seam((EdgeRef("waistband_left", "bottom"),), left),
        Seam((EdgeRef("waistband_right", "bottom"),), right),
    )
    ends = tuple(
        Seam((EdgeRef("waistband_left", end),), (EdgeRef("waistband_right", end),)) for end in ("back", "front")
    )
    return halves + ends


def band_holds(height: float) -> tuple[Hold, ...]:
    """Return the holds of both top edges at a height above the ground [m]."""
    return tuple(Hold(EdgeRef(f"waistband_{side}", "top"), height) for side in ("left", "right"))


def strip_waistband(around: float, band_height: float, height: float, closing: float) -> Panel:
    """Return a straight band in one piece, the panel waistband with the edges bottom, end, top, start.

    Args:
        around: Its length [m].
        band_height: [m].
        height: Of its lower edge above the ground where the garment is worn [m].
        closing: Angle around the torso at which its ends meet [rad].
    """
    half = around / 2
    corners = [(-half, 0.0), (half, 0.0), (half, band_height), (-half, band_height)]
    edges = (
        Edge("bottom", line(corners[0], corners[1])),
        Edge("end", line(corners[1], corners[2])),
        Edge("top", line(corners[2], corners[3]), turn=STRIP_TURN),
        Edge("start", line(corners[3], corners[0])),
    )
    return Panel("waistband", edges, Placement("torso", closing - np.pi, height))


def strip_seams(garment: tuple[EdgeRef, ...]) -> tuple[Seam, ...]:
    """Return the seams of a band in one piece.

    Args:
        garment: Edges under it, counter-clockwise seen from above from where its ends meet.
    """
    return (
        Seam((EdgeRef("waistband", "bottom"),), garment),
        Seam((EdgeRef("waistband", "end"),), (EdgeRef("waistband", "start"),)),
    )
