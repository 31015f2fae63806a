"""The trouser block: front and back of the left leg, drafted flat from waist line to hem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ._curves import Points, joined, length, line
from ._drafting import bend, solve
from .lower_body import LowerBody

_HIP_DROP = 0.235  # hip line above the crotch line, as a share of the body's rise
_FRONT_LESS = 0.010  # the front is cut narrower at the hips than a quarter, the back wider [m]
_HEM_LESS = 0.010  # the same at knee and hem [m]
_SHORTS_SHARE = 2.2  # how much more the same is at the hem of shorts, around the thigh
_SLANT = np.radians(13.0)  # of the back rise against the grain: room to sit
_RAISE = 0.028  # the back waist above the side [m]
_DIP = -0.006  # the front waist below the side [m]; a waist held level needs it above
_KNEE_SHARE = 0.41  # knee below the crotch, as a share of the inseam
_BACK_CREASE = 0.46  # where the crease lies in the width of the back at the crotch line, from the side


@dataclass(frozen=True)
class BlockCut:
    """What a trouser block is drafted to.

    Attributes:
        waist: Girth along the top edge, sewn to the waistband [m].
        hip: Girth at the hip line [m].
        top: Height of the top edge above the crotch line at the side [m].
        front_fork: How far the front reaches between the legs [m].
        back_fork: The same of the back [m].
        knee: Girth at the knee [m].
        hem: Girth at the hem [m].
        length: Crotch line to hem [m].
        stance: How far the legs lean outwards from the grain [rad].
        hem_shape: How much the hem rises in the middle of the back and falls in that of the front [m].
        dart: The largest back dart or yoke intake of one side [m]; what is more goes into the side seam.
    """

    waist: float
    hip: float
    top: float
    front_fork: float
    back_fork: float
    knee: float
    hem: float
    length: float
    stance: float
    hem_shape: float
    dart: float


@dataclass(frozen=True)
class Block:
    """Front and back of the left leg as lines; x = 0 is each crease, y = 0 the crotch line.

    Attributes:
        front: Lines by name, counter-clockwise seen from outside: hem, outseam, top, rise, inseam [m].
        back: The same: hem, inseam, rise, top, outseam; `top` still holds the dart's intake.
        dart: Intake left in the back's top [m].
        knee: Height of the knee line [m].
    """

    front: Mapping[str, Points]
    back: Mapping[str, Points]
    dart: float
    knee: float


@dataclass(frozen=True)
class _Leg:
    """The four corners of a leg below the thigh: towards the outseam and towards the inseam [m]."""

    outer_knee: tuple[float, float]
    outer_hem: tuple[float, float]
    inner_knee: tuple[float, float]
    inner_hem: tuple[float, float]


def draft_block(body: LowerBody, cut: BlockCut, where: str) -> Block:
    """Draft the left leg.

    Args:
        body: Who it is for.
        cut: Girths and heights of the cloth.
        where: The garment's name, for errors.
    """
    knee = -_KNEE_SHARE * body.inseam
    front = _front(body, cut, knee)
    back, dart = _back(body, cut, knee, front, where)
    return Block(front, back, dart, knee)


def _front(body: LowerBody, cut: BlockCut, knee: float) -> dict[str, Points]:
    width, top = cut.hip / 4 - _FRONT_LESS, cut.waist / 4 - _FRONT_LESS / 2
    crease = (width - cut.front_fork) / 2  # from the centre front
    hip_line = _HIP_DROP * body.rise
    centre = float(np.clip(0.22 * (width - top), 0.004, 0.018))  # taken in at the centre front
    fork, centre_hip = (-cut.front_fork - crease, 0.0), (-crease, hip_line)
    centre_top, side_top = (centre - crease, cut.top - _DIP), (centre + top - crease, cut.top)
    leg = _leg(cut, knee, -2 * _HEM_LESS, 1.0)
    down = (centre_hip[0] - centre_top[0], centre_hip[1] - centre_top[1])
    return {
        "hem": _hem(leg.inner_hem, leg.outer_hem, -cut.hem_shape),
        "outseam": _outseam(leg, (width - crease, hip_line), side_top),
        "top": bend(side_top, centre_top, (-1.0, -0.06), (-1.0, -0.02)),
        "rise": joined(line(centre_top, centre_hip), bend(centre_hip, fork, down, (-1.0, 0.03), (0.60, 0.60))),
        "inseam": _inseam(fork, leg, (0.12, -1.0)),
    }


def _back(
    body: LowerBody, cut: BlockCut, knee: float, front: Mapping[str, Points], where: str
) -> tuple[dict[str, Points], float]:
    width, top = cut.hip / 4 + _FRONT_LESS, cut.waist / 4 + _FRONT_LESS / 2
    hip_line, slant = _HIP_DROP * body.rise, float(np.tan(_SLANT))
    shift = slant * (cut.top + _RAISE - hip_line)  # how far the slanted centre back runs in up to the waist
    spare = width - shift - top
    dart = float(np.clip(0.6 * spare, 0.0, cut.dart))
    side = spare - dart  # taken in at the side seam
    crease = (width + cut.back_fork) * _BACK_CREASE  # from the side
    reach = width + cut.back_fork - crease
    centre_hip, centre_top = (width - crease, hip_line), (width - shift - crease, cut.top + _RAISE)
    leg = _leg(cut, knee, 2 * _HEM_LESS, -1.0)

    def inseam(fall: float) -> Points:
        return _inseam((reach, -fall), leg, (-0.25, -1.0))

    def outseam(height: float) -> Points:
        return _outseam(leg, (-crease, hip_line), (side - crease, height))

    # The back is longer between the legs; its fork falls until both inseams agree, and the side's top rises or falls.
    fall = solve(lambda f: length(inseam(f)) - length(front["inseam"]), -0.03, 0.08, f"{where}: the back inseam")
    height = solve(
        lambda h: length(outseam(h)) - length(front["outseam"]),
        cut.top - 0.06,
        cut.top + 0.06,
        f"{where}: the back outseam",
    )
    up = (centre_top[0] - centre_hip[0], centre_top[1] - centre_hip[1])
    lines = {
        "hem": _hem(leg.outer_hem, leg.inner_hem, cut.hem_shape),
        "inseam": inseam(fall)[::-1],
        "rise": joined(bend((reach, -fall), centre_hip, (-1.0, -0.06), up, (0.62, 0.50)), line(centre_hip, centre_top)),
        "top": bend(centre_top, (side - crease, height), (-1.0, -slant), (-1.0, -0.03)),
        "outseam": outseam(height)[::-1],
    }
    return lines, dart


def _leg(cut: BlockCut, knee: float, more: float, outward: float) -> _Leg:
    """Return the leg's corners.

    Args:
        cut: Girths and heights.
        knee: Height of the knee line [m].
        more: How much wider than half the girth this panel is [m].
        outward: 1 where the outseam lies at positive x, else −1.
    """
    lean = float(np.tan(cut.stance)) * outward
    hem_centre = lean * cut.length
    if cut.length < -1.1 * knee:  # shorts end near or above the knee: straight from the thigh
        knee = -cut.length
        more *= _SHORTS_SHARE
        half_knee = half_hem = (cut.hem + more) / 4
        knee_centre = hem_centre
    else:
        half_knee, half_hem = (cut.knee + more) / 4, (cut.hem + more) / 4
        knee_centre = -lean * knee
    return _Leg(
        (knee_centre + outward * half_knee, knee),
        (hem_centre + outward * half_hem, -cut.length),
        (knee_centre - outward * half_knee, knee),
        (hem_centre - outward * half_hem, -cut.length),
    )


def _hem(start: tuple[float, float], end: tuple[float, float], rise: float) -> Points:
    """Return the hem, its middle raised by so much [m]."""
    slope = 4 * rise / (end[0] - start[0])
    return bend(start, end, (1.0, slope), (1.0, -slope))


def _outseam(leg: _Leg, hip: tuple[float, float], top: tuple[float, float]) -> Points:
    """Return the side from hem to top."""
    thigh, above = _way(leg.outer_knee, hip), _way(hip, top)
    at_hip = _mean(thigh, above)
    upper = bend(hip, top, at_hip, above)
    if leg.outer_knee == leg.outer_hem:
        return joined(bend(leg.outer_hem, hip, thigh, at_hip), upper)
    at_knee = _mean(_way(leg.outer_hem, leg.outer_knee), thigh)
    return joined(line(leg.outer_hem, leg.outer_knee), bend(leg.outer_knee, hip, at_knee, at_hip), upper)


def _inseam(fork: tuple[float, float], leg: _Leg, leave: tuple[float, float]) -> Points:
    """Return the inside of the leg from fork to hem, hollowed at the thigh."""
    thigh = _way(fork, leg.inner_knee)
    if leg.inner_knee == leg.inner_hem:
        upright = (0.35 * thigh[0], thigh[1])
        return bend(fork, leg.inner_hem, leave, upright, (0.2, 0.4))
    below = _way(leg.inner_knee, leg.inner_hem)
    return joined(
        bend(fork, leg.inner_knee, leave, _mean(below, thigh), (0.16, 0.4)), line(leg.inner_knee, leg.inner_hem)
    )


def _way(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    x, y = end[0] - start[0], end[1] - start[1]
    length = float(np.hypot(x, y))
    return x / length, y / length


def _mean(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
