"""The dress: a fitted bodice with waist darts, a skirt sewn on at the waist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from . import _curves as curves
from ._choices import among, between
from ._curves import Points
from ._form import Form, form, stand
from ._sewing import body_seams, refs, sewn, sleeve_seams
from .blocks import CENTER_BACK, CENTER_FRONT, Bodice, BodiceCut, HalfBodice, bodice, whole_back, whole_front
from .pattern import Edge, Mark, Panel, Pattern, Placement, Seam
from .sizing import size_step
from .sleeves import SleeveCut, sleeve, sleeve_panels

# By fit: ease of chest, waist and biceps, how far the underarm lies below the armpit [m].
FITS: Mapping[str, tuple[float, float, float, float]] = {
    "slim": (0.045, 0.030, 0.035, 0.010),
    "regular": (0.098, 0.064, 0.074, 0.021),
    "loose": (0.120, 0.110, 0.085, 0.024),
}
# By skirt: the angle that its whole ring of cloth spans [rad], and how much wider than the waist it is cut.
SKIRTS: Mapping[str, tuple[float, float]] = {"a-line": (1.25, 0.0), "flared": (2.3, 0.0), "gathered": (0.7, 0.55)}
SLEEVES = ("short", "none")

_FACING, _HEM, _SLEEVE_HEM = 0.012, 0.020, 0.020  # turned in [m]
_DART = 0.024  # taken in by each of the four waist darts [m]
_DART_PLACE = 0.092  # of the darts from the centre, for a chest of 0.98 m [m]
_DART_TOP = (0.062, 0.028)  # how far the darts of front and back end below armpit level [m]
_TRUE = 0.003  # the waist dips at a closed dart so that it runs level when the dart is sewn [m]
_SHOULDER_GRADE = 0.002  # what a step of the sizes adds besides the body's own growth [m]


@dataclass(frozen=True)
class DressOptions:
    """What the pattern leaves open.

    Attributes:
        fit: "slim", "regular" or "loose".
        ease: Girth of the garment's chest beyond the body's [m]; None takes the fit's.
        skirt: "a-line", "flared" or "gathered".
        length: Of the skirt from the waist, as a share of the waist's height above the ground.
        sleeves: "short" or "none".
        neck_drop: How far the front neckline lies below the pit of the throat [m].
        neck_width: How far the neckline lies outside the side of the neck [m].
        back_drop: How far the back neckline lies below the nape [m].
    """

    fit: str = "regular"
    ease: float | None = None
    skirt: str = "flared"
    length: float = 0.53
    sleeves: str = "short"
    neck_drop: float = 0.022
    neck_width: float = 0.045
    back_drop: float = 0.012

    def __post_init__(self) -> None:
        among("fit", self.fit, tuple(FITS))
        among("skirt", self.skirt, tuple(SKIRTS))
        among("sleeves", self.sleeves, SLEEVES)
        if self.ease is not None:
            between("ease", self.ease, 0.01, 0.30)
        between("length", self.length, 0.28, 0.92, "")
        between("neck_drop", self.neck_drop, -0.01, 0.12)
        between("neck_width", self.neck_width, 0.010, 0.08)
        between("back_drop", self.back_drop, -0.01, 0.16)


def draft_dress(measures: Mapping[str, float], options: DressOptions = DressOptions(), size: str = "M") -> Pattern:
    """Draft a dress.

    Args:
        measures: Of the body, by the names of `runtime.body.measures.Measures` [m].
        options: What the pattern leaves open.
        size: A letter size, or "made to measure".
    """
    body, heights = form(measures), stand()
    block = _block(measures, body, options, size)
    panels, seams = _bodice_panels(block, body, measures), [*body_seams("plain")]
    for name, angle in (("front", CENTER_FRONT), ("back", CENTER_BACK)):
        half = block.front if name == "front" else block.back
        waist = 2 * (curves.length(half.hem) - _DART)
        skirt = _skirt(name, waist, options, Placement("torso", angle, heights.waist))
        panels.append(skirt)
        seams += _waist_seams(name, skirt.edge("waist").length / waist - 1)
    seams += [sewn(f"skirt_front.side_{side}", f"skirt_back.side_{side}") for side in ("left", "right")]
    finished = {
        "chest": 4 * float(block.front.armscye[0, 0]),
        "waist": 2 * sum(curves.length(half.hem) - _DART for half in (block.front, block.back)),
        "length": body.waist + options.length * heights.waist,
        "skirt": options.length * heights.waist,
        "hem": sum(panel.edge("hem").length for panel in panels if panel.name.startswith("skirt")),
        "shoulder": 2 * float(block.front.armscye[-1, 0]),
    }
    if options.sleeves == "short":
        biceps = 1.20 * measures["upper_arm"] + FITS[options.fit][2]
        holes = curves.length(block.front.armscye), curves.length(block.back.armscye)
        arm = sleeve(SleeveCut(biceps, 0.95 * biceps, 0.35 * measures["arm"], *holes))
        panels += sleeve_panels(arm, heights.tip_along_arm, turn=_SLEEVE_HEM)
        seams += sleeve_seams()
        finished["sleeve"] = -float(arm.hem[:, 1].mean())
    return Pattern("dress", "dress", size, measures, finished, tuple(panels), tuple(seams))


def _block(measures: Mapping[str, float], body: Form, options: DressOptions, size: str) -> Bodice:
    chest_ease, waist_ease, _, armhole = FITS[options.fit]
    bare = options.sleeves == "none"
    half_shoulder = body.half_shoulder + _SHOULDER_GRADE * size_step(size) - (0.024 if bare else 0.002)
    slope = body.shoulder_drop / (body.half_shoulder - body.half_neck)
    return bodice(
        BodiceCut(
            chest=measures["chest"] + (chest_ease if options.ease is None else options.ease),
            waist=None,
            hem=measures["waist"] + waist_ease + 4 * _DART,
            length=body.waist,
            waist_level=body.waist,
            armhole=body.armpit + armhole - (0.006 if bare else 0.0),
            side_neck=body.half_neck,
            half_neck=body.half_neck + options.neck_width,
            front_neck=body.throat + options.neck_drop,
            back_neck=body.nape + options.back_drop,
            half_shoulder=half_shoulder,
            shoulder_drop=slope * (half_shoulder - body.half_neck),
            front_inset=0.013,
            back_inset=0.004,
            front_dip=0.5 * body.balance,
        )
    )


def _bodice_panels(block: Bodice, body: Form, measures: Mapping[str, float]) -> list[Panel]:
    heights = stand()
    place = _DART_PLACE * measures["chest"] / 0.98
    front = whole_front("front", block.front, Placement("torso", CENTER_FRONT, heights.neck))
    back = whole_back("back", block.back, Placement("torso", CENTER_BACK, heights.neck))
    below = body.armpit
    panels = []
    for panel, half, top in ((front, block.front, _DART_TOP[0]), (back, block.back, _DART_TOP[1])):
        edges = [
            Edge(edge.name, edge.points, turn=_FACING if edge.name == "neckline" else 0.0) for edge in panel.edges[1:]
        ]
        waist = _darted(half, place, -(below + top))
        marks = _center_seam(half) if panel is back else ()
        panels.append(Panel(panel.name, (*waist, *edges), panel.placement, marks=marks))
    return panels


def _darted(half: HalfBodice, place: float, apex: float) -> list[Edge]:
    """Return the waist of a whole panel from its right end to its left in the picture, parted by two open darts."""
    hem = half.hem
    inner, outer = place - _DART / 2, place + _DART / 2
    level = float(np.interp(place, hem[:, 0], hem[:, 1])) - _TRUE
    legs = np.array([[inner, level], [outer, level]])
    point = np.array([place, apex])
    middle, side = _waist_part(hem, None, legs[0]), _waist_part(hem, legs[1], None)
    up = curves.sampled(curves.line(legs[0], point))
    down = curves.sampled(curves.line(point, legs[1]))
    center = curves.joined(curves.mirrored(middle), middle)
    lines = {
        "waist_1": curves.mirrored(side),
        "dart_1_up": curves.mirrored(down),
        "dart_1_down": curves.mirrored(up),
        "waist_2": center,
        "dart_2_up": up,
        "dart_2_down": down,
        "waist_3": side,
    }
    return [Edge(name, points) for name, points in lines.items()]


def _waist_part(hem: Points, start: Points | None, end: Points | None) -> Points:
    """Return the waist from one point to another, led over to them smoothly; None keeps its own end."""
    first = hem[0] if start is None else start
    last = hem[-1] if end is None else end
    level = np.array([(last[0] - first[0]) / 3, 0.0])
    return curves.bezier(first, first + level, last - level, last)


def _center_seam(half: HalfBodice) -> tuple[Mark, ...]:
    """Return the centre back seam, in which the zip is hidden."""
    return (Mark("seam", curves.line((0.0, half.hem[0, 1]), (0.0, half.neckline[-1, 1]))),)


def _skirt(name: str, waist: float, options: DressOptions, placement: Placement) -> Panel:
    """Return half a skirt as a ring sector: edges hem, side, waist, side; its waist is cut for gathers."""
    angle, gathers = SKIRTS[options.skirt]
    seam, spread = waist * (1 + gathers), angle / 4
    radius = seam / (2 * spread)
    length = options.length * stand().waist
    center = (0.0, radius)
    hem = curves.arc(center, radius + length, -np.pi / 2 - spread, -np.pi / 2 + spread)
    top = curves.arc(center, radius, -np.pi / 2 + spread, -np.pi / 2 - spread)
    here, there = ("left", "right") if name == "front" else ("right", "left")
    edges = (
        Edge("hem", hem, turn=_HEM, allowance=_HEM),
        Edge(f"side_{here}", curves.sampled(curves.line(hem[-1], top[0]))),
        Edge("waist", top),
        Edge(f"side_{there}", curves.sampled(curves.line(top[-1], hem[0]))),
    )
    return Panel(f"skirt_{name}", edges, replace(placement, fan=radius))


def _waist_seams(name: str, gathers: float) -> list[Seam]:
    """Return the darts of a bodice panel and its seam to the skirt."""
    bodice_waist = refs(" ".join(f"{name}.waist_{k}" for k in (1, 2, 3)))
    return [
        sewn(f"{name}.dart_1_up", f"{name}.dart_1_down"),
        sewn(f"{name}.dart_2_up", f"{name}.dart_2_down"),
        Seam(bodice_waist, refs(f"skirt_{name}.waist"), gathers=gathers),
    ]
