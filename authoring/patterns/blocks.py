"""Blocks that garments for the upper body are cut from: a bodice, a set-in sleeve, bands of rib."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dressform.schemas.errors import UsageError

from . import _curves as curves
from ._curves import Points
from .pattern import Edge, Panel, Placement

CENTER_FRONT, CENTER_BACK = 0.0, float(np.pi)  # angles of placements around the torso


@dataclass(frozen=True)
class BodiceCut:
    """What a bodice measures; all lengths lie in the flat cloth [m].

    Heights are counted downwards from the side of the neck, breadths from the centre line.

    Attributes:
        chest: Girth at the underarm.
        waist: Girth at `waist_level`; None runs straight from the underarm to the hem.
        hem: Girth at the hem.
        length: Down to the hem at the side.
        waist_level: Down to the waist.
        armhole: Down to the underarm.
        side_neck: Breadth of the neck itself, where the shoulder line begins at height 0.
        half_neck: Breadth of the neckline at the shoulder.
        front_neck: Down to the neckline at the centre front.
        back_neck: Down to the neckline at the centre back.
        half_shoulder: Breadth to the shoulder point.
        shoulder_drop: Down to the shoulder point.
        front_inset: How far the armhole runs inside the shoulder point across the chest.
        back_inset: The same across the back.
        shoulder_shift: How far the shoulder seam lies in front of the top of the shoulder.
        front_dip: How much lower the hem is at the centre front than at the side.
        back_dip: The same at the centre back.
        front_round: How round the front neckline is: the length of its level handle as a share of its breadth.
        back_round: The same at the back.
    """

    chest: float
    waist: float | None
    hem: float
    length: float
    waist_level: float
    armhole: float
    side_neck: float
    half_neck: float
    front_neck: float
    back_neck: float
    half_shoulder: float
    shoulder_drop: float
    front_inset: float = 0.013
    back_inset: float = 0.005
    shoulder_shift: float = 0.006
    front_dip: float = 0.006
    back_dip: float = 0.0
    front_round: float = 0.58
    back_round: float = 0.62


@dataclass(frozen=True)
class HalfBodice:
    """The half of a front or back at x >= 0, as curves that run counter-clockwise [N, 2] [m].

    Attributes:
        hem: From the centre line to the side.
        side: From the hem up to the underarm.
        armscye: From the underarm up to the shoulder point.
        shoulder: From the shoulder point to the neck.
        neckline: From the shoulder to the centre line.
    """

    hem: Points
    side: Points
    armscye: Points
    shoulder: Points
    neckline: Points


@dataclass(frozen=True)
class Bodice:
    """Front and back of a bodice, as halves."""

    front: HalfBodice
    back: HalfBodice

    @property
    def neckline(self) -> float:
        """Length of the whole neckline [m]."""
        return 2 * (curves.length(self.front.neckline) + curves.length(self.back.neckline))


def bodice(cut: BodiceCut) -> Bodice:
    """Draft the bodice block."""
    _check_cut(cut)
    return Bodice(front=_half(cut, front=True), back=_half(cut, front=False))


def _check_cut(cut: BodiceCut) -> None:
    """Raise a UsageError where lines of the bodice would cross."""
    across = cut.half_shoulder - max(cut.front_inset, cut.back_inset)
    breadth, depth, long = 4 * (across + 0.01), cut.shoulder_drop + 0.10, cut.armhole + 0.05
    limits = (
        ("chest", cut.chest, breadth, True, "take more ease or narrower shoulders"),
        ("breadth of the neckline", 2 * cut.half_neck, 2 * cut.half_shoulder - 0.04, False, "take a narrower neck"),
        ("depth of the armhole", cut.armhole, depth, True, "take a deeper armhole"),
        ("length", cut.length, long, True, "take a longer body"),
        ("depth of the neckline", cut.front_neck, cut.length - 0.05, False, "take a shallower neckline"),
    )
    for what, found, limit, above, cure in limits:
        if (found <= limit) if above else (found >= limit):
            bound = "more" if above else "less"
            raise UsageError(
                f"the panels of the bodice would cross: its {what} needs {bound} than {limit:.3f} m, "
                f"found {found:.3f} m; {cure}"
            )


def _half(cut: BodiceCut, *, front: bool) -> HalfBodice:
    shift = -cut.shoulder_shift if front else cut.shoulder_shift
    tip = np.array([cut.half_shoulder, shift - cut.shoulder_drop])
    slope = cut.shoulder_drop / (cut.half_shoulder - cut.side_neck)
    neck = np.array([cut.half_neck, shift - slope * (cut.half_neck - cut.side_neck)])
    depth = cut.front_neck if front else cut.back_neck
    underarm = np.array([cut.chest / 4, -cut.armhole])
    side = _side(cut)
    dip = cut.front_dip if front else cut.back_dip
    corner = side[0]
    hem = curves.bezier(
        (0.0, corner[1] - dip), (0.45 * corner[0], corner[1] - dip), (0.7 * corner[0], corner[1]), corner
    )
    return HalfBodice(
        hem=hem,
        side=side,
        armscye=_armscye(underarm, tip, neck, cut.front_inset if front else cut.back_inset, front=front),
        shoulder=curves.sampled(curves.line(tip, neck)),
        neckline=_neckline(neck, tip, depth, cut.front_round if front else cut.back_round),
    )


def _side(cut: BodiceCut) -> Points:
    """Return the side seam from the hem up to the underarm: straight, or drawn in at the waist."""
    underarm = np.array([cut.chest / 4, -cut.armhole])
    hem = np.array([cut.hem / 4, -cut.length])
    if cut.waist is None:
        return curves.sampled(curves.line(hem, underarm))
    waist = np.array([cut.waist / 4, -cut.waist_level])
    up = np.array([0.0, 1.0])
    above = curves.bezier(
        waist,
        waist + 0.4 * (underarm[1] - waist[1]) * up,
        underarm + 0.3 * (waist - underarm),
        underarm,
    )
    if cut.length <= cut.waist_level + 0.01:
        return curves.joined(curves.sampled(curves.line(hem, waist)), above) if cut.length > cut.waist_level else above
    fall = waist[1] - hem[1]
    below = curves.bezier(hem, hem + 0.35 * fall * up, waist - 0.4 * fall * up, waist)
    return curves.joined(below, above)


def _square(along: Points) -> Points:
    """Return the downward unit vector square to a direction [2]."""
    square = np.array([along[1], -along[0]]) / np.linalg.norm(along)
    return np.asarray(square if square[1] < 0 else -square, np.float64)


def _armscye(underarm: Points, tip: Points, neck: Points, inset: float, *, front: bool) -> Points:
    """Return the armhole: level at the underarm, upright across chest or back, square to the shoulder."""
    rise = tip[1] - underarm[1]
    across = np.array([tip[0] - inset, underarm[1] + (0.42 if front else 0.48) * rise])
    up = np.array([0.0, 1.0])
    level = np.array([(0.62 if front else 0.55) * (underarm[0] - across[0]), 0.0])
    lower = curves.bezier(underarm, underarm - level, across - 0.55 * (across[1] - underarm[1]) * up, across)
    left = tip[1] - across[1]
    upper = curves.bezier(across, across + 0.42 * left * up, tip + 0.36 * left * _square(neck - tip), tip)
    return curves.joined(lower, upper)


def _neckline(neck: Points, tip: Points, depth: float, level: float) -> Points:
    """Return the neckline: square to the shoulder seam, level at the centre line."""
    fall = neck[1] + depth
    return curves.bezier(neck, neck + 0.55 * fall * _square(tip - neck), (level * neck[0], -depth), (0.0, -depth))


def whole_front(name: str, half: HalfBodice, placement: Placement, *, turn: float = 0.0, slot: str = "main") -> Panel:
    """Return a panel from a half and its mirror image.

    Its edges: hem, side_left, armscye_left, shoulder_left, neckline, shoulder_right, armscye_right, side_right.

    Args:
        name: Of the panel.
        half: The half at the wearer's left.
        placement: Where it starts.
        turn: Width of the turned hem [m].
        slot: Its cloth.
    """
    return _whole(name, half, placement, ("left", "right"), turn, slot)


def whole_back(name: str, half: HalfBodice, placement: Placement, *, turn: float = 0.0, slot: str = "main") -> Panel:
    """Return the back as `whole_front` does the front; its x >= 0 is the wearer's right."""
    return _whole(name, half, placement, ("right", "left"), turn, slot)


def _whole(name: str, half: HalfBodice, placement: Placement, sides: tuple[str, str], turn: float, slot: str) -> Panel:
    here, there = sides
    mirrored = curves.mirrored
    edges = (
        Edge("hem", curves.joined(mirrored(half.hem), half.hem), turn=turn, allowance=turn or 0.01),
        Edge(f"side_{here}", half.side),
        Edge(f"armscye_{here}", half.armscye),
        Edge(f"shoulder_{here}", half.shoulder),
        Edge("neckline", curves.joined(half.neckline, mirrored(half.neckline))),
        Edge(f"shoulder_{there}", mirrored(half.shoulder)),
        Edge(f"armscye_{there}", mirrored(half.armscye)),
        Edge(f"side_{there}", mirrored(half.side)),
    )
    return Panel(name, edges, placement, slot=slot)
