"""The set-in sleeve: a cap drafted to the armhole that it is sewn into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from dressform.schemas.errors import UsageError

from . import _curves as curves
from ._curves import Points
from .pattern import Edge, Limb, Panel, Placement

# Handles of the cap's two S-curves, as shares of their breadth: the front is scooped out more than the back.
_FRONT_SCOOP, _FRONT_CROWN = 0.48, 0.52
_BACK_SCOOP, _BACK_CROWN = 0.40, 0.60
_LOWEST_CAP = 0.03  # [m]
ARMS: Mapping[str, Limb] = {"left": "left_arm", "right": "right_arm"}


@dataclass(frozen=True)
class SleeveCut:
    """What a sleeve measures [m].

    Attributes:
        biceps: Girth at the underarm.
        hem: Girth at the lower end.
        length: From the shoulder point to the lower end.
        front: Length of the front armhole.
        back: Length of the back armhole.
        elbow: Girth at the elbow and its distance from the shoulder point; None tapers straight.
        ease: By how much the cap is longer than the armhole, as a fraction; eased in without gathers.
    """

    biceps: float
    hem: float
    length: float
    front: float
    back: float
    elbow: tuple[float, float] | None = None
    ease: float = 0.0


@dataclass(frozen=True)
class Sleeve:
    """A left sleeve as curves that run counter-clockwise, the front at x < 0, the shoulder point at (0, 0) [m].

    Attributes:
        hem: Lower end, from the front to the back.
        under_back: Underarm seam, up.
        cap_back: From the underarm to the shoulder point.
        cap_front: From the shoulder point to the underarm.
        under_front: Underarm seam, down.
        cap_height: Height of the cap.
    """

    hem: Points
    under_back: Points
    cap_back: Points
    cap_front: Points
    under_front: Points
    cap_height: float


def sleeve(cut: SleeveCut) -> Sleeve:
    """Draft a set-in sleeve; the height of its cap follows from the armhole and the girth of the sleeve."""
    front, back = cut.front * (1 + cut.ease), cut.back * (1 + cut.ease)
    highest = 0.96 * min(front, back)
    widest, narrowest = _breadths(front, back, _LOWEST_CAP), _breadths(front, back, highest)
    if not sum(narrowest) < cut.biceps < sum(widest):
        raise UsageError(
            f"the sleeve does not meet its armhole of {cut.front + cut.back:.3f} m: it needs a girth of "
            f"{sum(narrowest):.3f} to {sum(widest):.3f} m, found {cut.biceps:.3f} m; change the sleeve's ease"
        )
    height = float(brentq(lambda h: sum(_breadths(front, back, h)) - cut.biceps, _LOWEST_CAP, highest, xtol=1e-7))
    if cut.length < height + 0.015:
        raise UsageError(
            f"the sleeve needs more than {height + 0.015:.3f} m of length for its cap, found {cut.length:.3f} m"
        )
    front_breadth, back_breadth = _breadths(front, back, height)
    center = (back_breadth - front_breadth) / 2
    hem = _hem(cut, center, height)
    return Sleeve(
        hem=hem,
        under_back=_under(cut, center, hem[-1], np.array([back_breadth, -height])),
        cap_back=_cap(back_breadth, height, _BACK_SCOOP, _BACK_CROWN),
        cap_front=curves.mirrored(_cap(front_breadth, height, _FRONT_SCOOP, _FRONT_CROWN)),
        under_front=_under(cut, center, hem[0], np.array([-front_breadth, -height]))[::-1].copy(),
        cap_height=height,
    )


def _cap(breadth: float, height: float, scoop: float, crown: float) -> Points:
    """Return half a cap from the underarm (breadth, -height) up to (0, 0)."""
    return curves.bezier((breadth, -height), ((1 - scoop) * breadth, -height), (crown * breadth, 0.0), (0.0, 0.0))


def _breadths(front: float, back: float, height: float) -> tuple[float, float]:
    """Return the breadths at which half caps of a height are as long as their armholes [m]."""

    def breadth(target: float, scoop: float, crown: float) -> float:
        def excess(width: float) -> float:
            return curves.length(_cap(width, height, scoop, crown)) - target

        return float(brentq(excess, 1e-4, target, xtol=1e-8))

    return breadth(front, _FRONT_SCOOP, _FRONT_CROWN), breadth(back, _BACK_SCOOP, _BACK_CROWN)


def _hem(cut: SleeveCut, center: float, cap: float) -> Points:
    """Return the lower end: square to both underarm seams, so that it is level when they are sewn."""
    girth, level = cut.elbow or (cut.biceps, cap)
    slant = np.arctan2((girth - cut.hem) / 2, cut.length - level)
    handle = cut.hem / 3
    toward = handle * np.array([np.cos(slant), np.sin(slant)])
    low = -cut.length - 0.75 * toward[1]
    left, right = np.array([center - cut.hem / 2, low]), np.array([center + cut.hem / 2, low])
    return curves.bezier(left, left + toward, right + toward * (-1.0, 1.0), right)


def _under(cut: SleeveCut, center: float, hem: Points, underarm: Points) -> Points:
    """Return an underarm seam from the hem up: straight, or out over the elbow."""
    if cut.elbow is None:
        return curves.sampled(curves.line(hem, underarm))
    side = np.sign(hem[0] - center)
    elbow = np.array([center + side * cut.elbow[0] / 2, -cut.elbow[1]])
    along = (underarm - hem) / np.linalg.norm(underarm - hem)
    lower, upper = np.linalg.norm(elbow - hem), np.linalg.norm(underarm - elbow)
    return curves.joined(
        curves.bezier(hem, hem + (elbow - hem) / 3, elbow - 0.33 * lower * along, elbow),
        curves.bezier(elbow, elbow + 0.33 * upper * along, underarm + (elbow - underarm) / 3, underarm),
    )


def sleeve_panels(drawn: Sleeve, tip_along_arm: float, *, turn: float, clearance: float = 0.02) -> tuple[Panel, Panel]:
    """Return the left and the right sleeve as panels "sleeve_left" and "sleeve_right".

    Their edges: hem, under_back, cap_back, cap_front, under_front (the right one's the other way round).

    Args:
        drawn: The left sleeve.
        tip_along_arm: Where the shoulder point lies along the arm from the shoulder joint [m].
        turn: Width of the turned hem; 0 where a cuff is sewn on [m].
        clearance: Distance from the skin to start from [m].
    """
    names = ("hem", "under_back", "cap_back", "cap_front", "under_front")
    left = [Edge(name, getattr(drawn, name)) for name in names]
    right = [Edge(edge.name, curves.mirrored(edge.points)) for edge in (left[0], *left[:0:-1])]
    panels = []
    for side, edges in (("left", left), ("right", right)):
        edges[0] = Edge("hem", edges[0].points, turn=turn, allowance=turn or 0.01)
        panels.append(Panel(f"sleeve_{side}", tuple(edges), Placement(ARMS[side], 0.0, tip_along_arm, clearance)))
    return panels[0], panels[1]
