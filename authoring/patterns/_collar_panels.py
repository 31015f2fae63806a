"""The pieces of a shirt collar: stand and fall, each of an outer and an inner cloth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dressform.schemas.errors import UsageError

from ._choices import between
from ._sewing import sewn
from ._woven import BUTTON
from .pattern import Edge, Mark, Panel, Placement, Points, Seam

STAND, STAND_FACING, FALL, FALL_FACING = "collar_stand", "collar_stand_facing", "collar", "collar_facing"
COLLAR_PANELS = (STAND, STAND_FACING, FALL, FALL_FACING)

_CHORD = 0.004  # [m]
_STAND_LEAN = 0.33  # [rad] turn of the stand's arc: its top is shorter than the neckline by this times its height
_FLARE = 0.0115  # [m] how much further out than its fold the fall's lower edge lies
_SHARE_STRAIGHT = 0.25  # of the fall's half length from the centre back has the same depth


@dataclass(frozen=True)
class CollarOptions:
    """What a shirt collar looks like.

    Attributes:
        stand: Height of the stand [m].
        fall: Depth of the fall at the centre back [m].
        point: Length of the fall's front edge from fold to tip [m].
        slant: How far the tip lies back from straight below the front of the fold [m]: more spreads the points.
        tab: How far the stand laps over at the centre front [m].
    """

    stand: float = 0.032
    fall: float = 0.048
    point: float = 0.07
    slant: float = 0.02
    tab: float = 0.014

    def __post_init__(self) -> None:
        between("collar stand", self.stand, 0.02, 0.05)
        between("collar fall", self.fall, 0.03, 0.08)
        between("collar point", self.point, 0.04, 0.11)
        between("collar slant", self.slant, 0.0, 0.05)
        between("collar tab", self.tab, 0.008, 0.025)
        if self.fall < self.stand + 0.008:
            raise UsageError(
                f"the collar's fall ({100 * self.fall:g} cm) must be 0.8 cm deeper than its stand "
                f"({100 * self.stand:g} cm) to hide the neck seam; raise fall or lower stand"
            )
        if self.point < self.fall:
            raise UsageError(
                f"the collar's point ({100 * self.point:g} cm) must be at least its fall ({100 * self.fall:g} cm)"
            )


@dataclass(frozen=True)
class Strip:
    """A curved strip whose lower side is longer: depths below an arc around a centre above it.

    Attributes:
        radius: Of the arc along its top [m].
        origin: Centre of the arc in the panel's frame [m].
    """

    radius: float
    origin: tuple[float, float]

    def flat(self, turn: Points, depth: Points) -> Points:
        """Return flat points [N, 2] [m] at angles [N] [rad] and depths below the top [N] [m]."""
        reach = self.radius + depth
        return np.stack([self.origin[0] + reach * np.sin(turn), self.origin[1] - reach * np.cos(turn)], axis=-1)

    def polar(self, flat: Points) -> tuple[Points, Points]:
        """Return the angles [N] [rad] and depths [N] [m] of flat points [N, 2]."""
        x, y = flat[:, 0] - self.origin[0], self.origin[1] - flat[:, 1]
        return np.arctan2(x, y), np.hypot(x, y) - self.radius


def shirt_collar(neck: float, options: CollarOptions, height: float, slot: str) -> tuple[list[Panel], list[Seam]]:
    """Draft the four pieces of a collar and the seams among them.

    The stand's edge "neck" runs from the left to the right centre front and is left to be sewn to the neckline.

    Args:
        neck: Length of the neckline from centre front to centre front [m].
        options: Of the collar.
        height: Of the neckline above the ground [m].
        slot: Which cloth.
    """
    stand = _stand(neck, options)
    fold = stand[2].length
    fall = _fall(fold, options)
    place = Placement("neck", np.pi, height)
    tab = stand[3].points
    button = Mark("button", np.array([[-neck / 2, float(tab[:, 1].mean())]]), BUTTON)
    panels = [
        Panel(STAND, stand, place, slot, (button,), formed=True),
        Panel(STAND_FACING, _mirrored(stand), place, slot, formed=True),
        Panel(FALL, fall, place, slot, formed=True, layer=1),
        Panel(FALL_FACING, _mirrored(fall), place, slot, formed=True, layer=1),
    ]
    seams = [
        sewn(f"{STAND}.top", f"{FALL_FACING}.top"),
        sewn(f"{STAND}.tab", f"{STAND_FACING}.tab", "edge"),
        sewn(f"{STAND}.end", f"{STAND_FACING}.end"),
        sewn(f"{FALL}.top", f"{STAND_FACING}.top"),
        *(sewn(f"{FALL}.{side}", f"{FALL_FACING}.{side}", "edge") for side in ("left", "right", "leaf")),
    ]
    return panels, seams


def strip_of(panel: Panel) -> Strip:
    """Return the strip that a collar piece was drawn on, from the arc of its edge "top"."""
    arc = panel.edge("top").points
    system = np.concatenate([2 * arc, np.ones((len(arc), 1))], axis=1)
    x, y, rest = np.linalg.lstsq(system, (arc**2).sum(axis=1), rcond=None)[0]
    return Strip(float(np.sqrt(rest + x * x + y * y)), (float(x), float(y)))


def _stand(neck: float, options: CollarOptions) -> tuple[Edge, ...]:
    """Return the sides of the outer stand: neck, end (right), top, tab (left)."""
    reach = neck / _STAND_LEAN
    strip = Strip(reach - options.stand, (0.0, reach))
    half, gap = _STAND_LEAN / 2, 0.003 / reach
    tab = options.tab / reach

    def line(*corners: tuple[float, float]) -> Points:
        return _sampled(lambda t: strip.flat(t[:, 0], t[:, 1]), np.array(corners))

    round_ = np.linspace(0, np.pi / 2, 6)
    curve = np.stack([-half - tab * np.sin(round_), options.stand * 0.45 * (1 - np.cos(round_))], axis=1)
    tab_corners = [(-half + gap, 0.0), *map(tuple, curve), (-half - tab, options.stand), (-half, options.stand)]
    return (
        Edge("neck", line((-half, options.stand), (half, options.stand))),
        Edge("end", line((half, options.stand), (half - gap, 0.0))),
        Edge("top", line((half - gap, 0.0), (-half + gap, 0.0))),
        Edge("tab", line(*tab_corners)),
    )


def _fall(fold: float, options: CollarOptions) -> tuple[Edge, ...]:
    """Return the sides of the outer fall: top (the fold), left, leaf, right."""
    turn = 2 * np.pi * _FLARE / options.fall
    strip = Strip(fold / turn, (0.0, fold / turn))
    half = turn / 2
    depth = float(np.sqrt(options.point**2 - options.slant**2))
    tip = half - options.slant / (strip.radius + depth)

    def line(*corners: tuple[float, float]) -> Points:
        return _sampled(lambda t: strip.flat(t[:, 0], t[:, 1]), np.array(corners))

    share = np.linspace(-1, 1, 81)
    dip = np.clip((np.abs(share) - _SHARE_STRAIGHT) / (1 - _SHARE_STRAIGHT), 0, 1) ** 1.7
    leaf = np.stack([tip * share, options.fall + (depth - options.fall) * dip], axis=1)
    return (
        Edge("top", line((half, 0.0), (-half, 0.0))),
        Edge("left", line((-half, 0.0), (-tip, depth))),
        Edge("leaf", line(*map(tuple, leaf))),
        Edge("right", line((tip, depth), (half, 0.0))),
    )


def _sampled(place: Callable[[Points], Points], corners: Points) -> Points:
    """Return flat points along a path of polar corners, in chords of at most 4 mm."""
    pieces = []
    for here, there in pairwise(corners):
        ends = place(np.stack([here, there]))
        count = max(1, int(np.ceil(np.linalg.norm(ends[1] - ends[0]) / _CHORD)))
        share = np.arange(count)[:, None] / count
        pieces.append(here + share * (there - here))
    return place(np.concatenate([*pieces, corners[-1:]]))


def _mirrored(edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
    """Return the sides of the cloth's other face: as seen from behind, counter-clockwise again."""
    return tuple(
        Edge(edge.name, edge.points[::-1] * [-1.0, 1.0], edge.turn, edge.allowance)
        for edge in (edges[0], *edges[:0:-1])
    )
