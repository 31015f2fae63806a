"""The blouson: a zipped jacket with rib at collar, cuffs and hem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from . import _curves as curves
from ._choices import among, between
from ._drafting import mirror_panel
from ._form import Form, form, stand
from ._sewing import sewn
from .bands import band, cuff_panel
from .blocks import CENTER_BACK, CENTER_FRONT, Bodice, BodiceCut, HalfBodice, bodice, whole_back
from .pattern import Edge, Mark, Panel, Pattern, Placement, Seam
from .sizing import size_step
from .sleeves import ARMS, SleeveCut, sleeve, sleeve_panels


@dataclass(frozen=True)
class _Fit:
    """Ease of a fit beyond the body, over what is worn below [m].

    Attributes:
        chest: Girth at the underarm.
        biceps: Girth under the armpit.
        drop: How far the shoulder point lies outside the body's.
        armhole: How far the underarm lies below the armpit.
    """

    chest: float
    biceps: float
    drop: float
    armhole: float


FITS: Mapping[str, _Fit] = {
    "slim": _Fit(0.140, 0.085, 0.008, 0.034),
    "regular": _Fit(0.190, 0.115, 0.018, 0.044),
    "loose": _Fit(0.280, 0.160, 0.040, 0.060),
}

_ARM_TOP = 1.20  # girth of the arm under the armpit over its girth midway, on the canonical body
_LENGTH_GRADE, _SHOULDER_GRADE = 0.010, 0.003  # what a step of the sizes adds besides the body's own growth [m]
_FACING = 0.028  # turned inside along the front edges [m]
_RIB_FOLD = 0.020  # of the doubled rib that is seen from inside [m]
_HEM_EASE, _HEM_GATHERS = 0.065, 0.04  # of the rib beyond the hips [m], and of the body beyond the rib
_CUFF_EASE, _CUFF_GATHERS = 0.060, 0.10  # the same at the wrist
_BLOUSE, _SLEEVE_BLOUSE = 0.015, 0.020  # spare length over the rib [m]
_NECK_WIDTH, _NECK_DROP, _NECK_BACK = 0.014, 0.018, 0.004  # how far the neckline keeps off the root of the neck [m]
_COLLAR_TURN = 1.5  # [rad] by which the rib collar is curved: it leans to the neck
_COLLAR_STRETCH = 0.02  # by how much the neckline is longer than the rib sewn to it
_TEETH, _TAPE = 0.006, 0.016  # width of the closed zip's teeth and of its visible tape [m]
_WELT, _WELT_WIDTH, _WELT_SLANT = 0.150, 0.024, 0.30  # [m, m, rad]


@dataclass(frozen=True)
class JacketOptions:
    """What the pattern leaves open.

    Attributes:
        fit: "slim", "regular" or "loose".
        ease: Girth of the garment's chest beyond the body's [m]; None takes the fit's.
        length: How far the hem rib ends below the fullest seat; negative above it [m].
        sleeve: How far the cuff reaches beyond the wrist; negative above it [m].
        opening: How far the front edges start apart [m]; 0 zips them up.
        collar: Height of the rib collar [m].
        rib: Height of the rib at hem and cuffs [m].
    """

    fit: str = "regular"
    ease: float | None = None
    length: float = 0.01
    sleeve: float = 0.015
    opening: float = 0.06
    collar: float = 0.05
    rib: float = 0.062

    def __post_init__(self) -> None:
        among("fit", self.fit, tuple(FITS))
        if self.ease is not None:
            between("ease", self.ease, 0.08, 0.50)
        between("length", self.length, -0.12, 0.12)
        between("sleeve", self.sleeve, -0.06, 0.06)
        between("opening", self.opening, 0.0, 0.20)
        between("collar", self.collar, 0.025, 0.075)
        between("rib", self.rib, 0.035, 0.10)


def draft_jacket(measures: Mapping[str, float], options: JacketOptions = JacketOptions(), size: str = "M") -> Pattern:
    """Draft a zipped blouson.

    Args:
        measures: Of the body, by the names of `runtime.body.measures.Measures` [m].
        options: What the pattern leaves open.
        size: A letter size, or "made to measure".
    """
    body, heights = form(measures), stand()
    rib_hem = measures["hip"] + _HEM_EASE
    block = _block(measures, body, options, size, rib_hem)
    panels = [*_fronts(block.front, heights.neck, options, body.waist)]
    panels.append(whole_back("back", block.back, Placement("torso", CENTER_BACK, heights.neck, 0.035)))
    panels += _sleeves(measures, options, size, block)
    hem = 2 * (curves.length(block.front.hem) + curves.length(block.back.hem)) / (1 + _HEM_GATHERS)
    place = Placement("torso", CENTER_BACK, heights.neck + float(block.back.hem[0, 1]) - options.rib, 0.035)
    panels.append(_hem_band(hem, options.rib, place))
    collar = block.neckline / (1 + _COLLAR_STRETCH)
    low = heights.neck + float(block.back.neckline[-1, 1])
    panels.append(_collar(collar, options.collar, Placement("neck", CENTER_BACK, low, 0.012)))
    finished = {
        "chest": 4 * float(block.front.armscye[0, 0]),
        "hem": hem,
        "length": float(-block.back.hem[0, 1]) + options.rib,
        "sleeve": _sleeve_length(measures, options, size) + options.rib,
        "shoulder": 2 * float(block.front.armscye[-1, 0]),
    }
    return Pattern("jacket", "jacket", size, measures, finished, tuple(panels), _seams(options.opening <= 0))


def _block(measures: Mapping[str, float], body: Form, options: JacketOptions, size: str, rib_hem: float) -> Bodice:
    fit, step = FITS[options.fit], size_step(size)
    chest = measures["chest"] + (fit.chest if options.ease is None else options.ease)
    return bodice(
        BodiceCut(
            chest=chest,
            waist=None,
            hem=(1 + _HEM_GATHERS) * rib_hem,
            length=body.hip + options.length - options.rib + _BLOUSE + _LENGTH_GRADE * step,
            waist_level=body.waist,
            armhole=body.armpit + fit.armhole,
            side_neck=body.half_neck,
            half_neck=body.half_neck + _NECK_WIDTH,
            front_neck=body.throat + _NECK_DROP,
            back_neck=body.nape + _NECK_BACK,
            half_shoulder=body.half_shoulder + fit.drop + _SHOULDER_GRADE * step,
            shoulder_drop=body.shoulder_drop + 0.25 * fit.drop,
            front_dip=0.0,
        )
    )


def _fronts(half: HalfBodice, height: float, options: JacketOptions, waist: float) -> tuple[Panel, Panel]:
    """Return the left and the right front; their edges: hem, side, armscye, shoulder, neckline, center."""
    closed = options.opening <= 0
    apart = np.array([options.opening / 2, 0.0])
    center = curves.sampled(np.stack([half.neckline[-1], half.hem[0]]))
    lines = {name: getattr(half, name) for name in ("hem", "side", "armscye", "shoulder", "neckline")}
    edges = [Edge(name, line + apart) for name, line in lines.items()]
    edges.append(Edge("center", center + apart, turn=0.0 if closed else _FACING))
    marks = (_zip(center[::-1] + apart, inward=1.0), _welt(half, apart, waist))
    left = Panel("front_left", tuple(edges), Placement("torso", CENTER_FRONT, height, 0.035), marks=marks)
    return left, mirror_panel(left, "front_right", left.placement)


def _zip(edge: curves.Points, inward: float) -> Mark:
    """Return the row of teeth just inside a front edge, whose inside lies at +x where `inward` is 1."""
    line = edge[[0, -1]] + np.array([inward * _TEETH / 4, 0.0])
    return Mark("zip", line, {"width": _TEETH / 2, "tape": _TAPE})


def _welt(half: HalfBodice, apart: curves.Points, waist: float) -> Mark:
    """Return the slanted welt pocket of the left front."""
    middle = np.array([0.56 * float(half.side[0, 0]), -waist - 0.035]) + apart
    along = np.array([np.sin(_WELT_SLANT), np.cos(_WELT_SLANT)]) * (-1.0, 1.0)
    across = np.array([along[1], -along[0]])
    corners = [
        middle + u * _WELT / 2 * along + v * _WELT_WIDTH / 2 * across for u, v in ((-1, -1), (-1, 1), (1, 1), (1, -1))
    ]
    return Mark("welt", np.array(corners), {"lips": 1.0})


def _sleeves(measures: Mapping[str, float], options: JacketOptions, size: str, block: Bodice) -> list[Panel]:
    """Return both sleeves and their rib cuffs."""
    heights, wrist = stand(), measures["wrist"] + _CUFF_EASE
    biceps = _ARM_TOP * measures["upper_arm"] + FITS[options.fit].biceps
    armholes = curves.length(block.front.armscye), curves.length(block.back.armscye)
    hem = (1 + _CUFF_GATHERS) * wrist
    arm = sleeve(SleeveCut(biceps, hem, _sleeve_length(measures, options, size), *armholes))
    panels = list(sleeve_panels(arm, heights.tip_along_arm, turn=0.0, clearance=0.03))
    end = heights.tip_along_arm + float(arm.hem[:, 1].mean()) * -1.0
    top = curves.length(arm.hem) / (1 + _CUFF_GATHERS)
    for side in ("left", "right"):
        cuff = cuff_panel(f"cuff_{side}", top, wrist, options.rib, Placement(ARMS[side], 0.0, end, 0.025))
        edges = (Edge("end", cuff.edges[0].points, turn=_RIB_FOLD), *cuff.edges[1:])
        panels.append(Panel(cuff.name, edges, cuff.placement, cuff.slot))
    return panels


def _sleeve_length(measures: Mapping[str, float], options: JacketOptions, size: str) -> float:
    """Return the length of the sleeve without its cuff [m]."""
    start = stand().tip_along_arm + FITS[options.fit].drop + _SHOULDER_GRADE * size_step(size)
    return measures["arm"] - start + options.sleeve + _SLEEVE_BLOUSE - options.rib


def _hem_band(length: float, height: float, place: Placement) -> Panel:
    """Return the rib around the hips: edges end (free, below), right (free), top (sewn on), left (free)."""
    half = length / 2
    corners = np.array([[-half, 0.0], [half, 0.0], [half, height], [-half, height], [-half, 0.0]])
    turns = {"end": _RIB_FOLD, "right": 0.0, "top": 0.0, "left": 0.0}
    edges = tuple(
        Edge(name, curves.sampled(corners[k : k + 2]), turn=turn) for k, (name, turn) in enumerate(turns.items())
    )
    slider = _zip(corners[[0, 3]], inward=1.0)
    slider = Mark("zip", slider.points, {**slider.options, "pull": 0.12})
    marks = (slider, _zip(corners[[1, 2]], inward=-1.0))
    return Panel("hem_band", edges, place, "rib", marks)


def _collar(length: float, height: float, place: Placement) -> Panel:
    """Return the rib collar: edges outer (sewn on), end_left, inner (free, above), end_right."""
    strip = band("collar", length, height, _COLLAR_TURN, place)
    edges = tuple(Edge(edge.name, edge.points, turn=_RIB_FOLD if edge.name == "inner" else 0.0) for edge in strip.edges)
    return Panel("collar", edges, place, "rib")


def _seams(closed: bool) -> tuple[Seam, ...]:
    seams = [
        sewn("collar.outer", "front_left.neckline back.neckline front_right.neckline", gathers=_COLLAR_STRETCH),
        sewn("hem_band.top", "front_right.hem back.hem front_left.hem", gathers=_HEM_GATHERS),
    ]
    for side in ("left", "right"):
        seams += [
            sewn(f"front_{side}.side", f"back.side_{side}"),
            sewn(f"back.shoulder_{side}", f"front_{side}.shoulder", "edge"),
            sewn(f"front_{side}.armscye", f"sleeve_{side}.cap_front", "edge"),
            sewn(f"back.armscye_{side}", f"sleeve_{side}.cap_back", "edge"),
            sewn(f"sleeve_{side}.under_back", f"sleeve_{side}.under_front"),
            sewn(f"cuff_{side}.top", f"sleeve_{side}.hem", gathers=_CUFF_GATHERS),
            sewn(f"cuff_{side}.side_right", f"cuff_{side}.side_left"),
        ]
    if closed:
        seams.append(sewn("front_left.center", "front_right.center"))
        seams.append(sewn("hem_band.right", "hem_band.left"))
    return tuple(seams)
