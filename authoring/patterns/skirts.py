"""Skirts from the natural waist: a pencil skirt with darts and a back slit, a circle skirt that falls in folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ._choices import among
from ._choices import between as check_between
from ._curves import Points, arc, joined, length, line, mirrored, offset, sampled
from ._drafting import at_length, bend, between, direction, mirror_panel, solve
from .lower_body import LowerBody, lower_body, stand_height
from .pattern import Edge, EdgeRef, Hold, Mark, Panel, Pattern, Placement, Seam
from .waistband import strip_seams, strip_waistband

FRONT, BACK = 0.0, float(np.pi)  # angles of placements around the torso
_ABOVE = 0.008  # top of the waistband above the natural waist [m]
_WAIST_EASE = 0.030  # the drape keeps 4 mm off the skin, 25 mm around


@dataclass(frozen=True)
class PencilSkirtOptions:
    """What the pencil skirt leaves open.

    Attributes:
        length: Top of the waistband to hem [m].
        ease: Of the hips [m].
        taper: How much each side seam runs in from hips to hem [m].
        slit: Height of the slit at the centre back [m].
    """

    length: float = 0.66
    ease: float = 0.092
    taper: float = 0.004
    slit: float = 0.16

    def __post_init__(self) -> None:
        check_between("pencil-skirt: length", self.length, 0.38, 0.95)
        check_between("pencil-skirt: ease", self.ease, 0.0, 0.10)
        check_between("pencil-skirt: taper", self.taper, 0.0, 0.03)
        check_between("pencil-skirt: slit", self.slit, 0.05, 0.30)
        if self.slit > self.length - 0.32:
            check_between("pencil-skirt: slit of so short a skirt", self.slit, 0.05, round(self.length - 0.32, 3))


@dataclass(frozen=True)
class CircleSkirtOptions:
    """What the circle skirt leaves open.

    Attributes:
        fullness: "half" or "full" circle.
        length: Top of the waistband to hem [m].
    """

    fullness: str = "half"
    length: float = 0.62

    def __post_init__(self) -> None:
        among("circle-skirt: fullness", self.fullness, tuple(_CIRCLES))
        check_between("circle-skirt: length", self.length, 0.30, 1.00)


_CIRCLES = {"half": 0.5, "full": 1.0}
_PENCIL, _CIRCLE = PencilSkirtOptions(), CircleSkirtOptions()
_BAND = 0.030  # height of the waistbands [m]
_HIP_DEPTH = 0.98  # hip line below the natural waist, as a share of the rise
_FRONT_DART, _BACK_DART, _BACK_SEAM = 0.27, 0.42, 0.05  # shares of what hips and waist differ by; the rest: sides
_FRONT_LENGTH, _BACK_LENGTH = 0.120, 0.150  # of the darts [m]
_LIFT = 0.006  # the waist at the side above the centre front [m]
_SEAT = 0.006  # the back is cut wider at the hips than a quarter, the front narrower [m]
_BACK_LIFT = 0.008  # the centre back above the centre front: the way over the seat is longer [m]
_FOLD = 0.19  # width of cloth at the hem, beyond the hips, that hangs in one fold of a circle skirt [m]
_ZIP = 0.18  # length of the placket [m]
_SPREAD = 0.006  # each edge of the slit runs back from the centre to the hem, so that the two do not meet [m]
_HEM, _SLIT_TURN, _CIRCLE_HEM = 0.030, 0.020, 0.012  # widths turned inwards [m]


def draft_pencil_skirt(
    measures: Mapping[str, float], options: PencilSkirtOptions = _PENCIL, size: str = "M"
) -> Pattern:
    """Draft a pencil skirt: darts front and back, a lapped zip and a slit at the centre back.

    Args:
        measures: Of the body, by the names of `runtime.body.measures.Measures` [m].
        options: Cut.
        size: Name of the size.
    """
    body = lower_body(measures)
    cut = _PencilCut.of(body, options)
    front = cut.half(cut.hip - _SEAT, cut.front_dart, _FRONT_LENGTH, 0.0, _LIFT)
    lift = solve(
        lambda lift: length(cut.back(lift)["side"]) - length(front["side"]),
        _LIFT - 0.03,
        _LIFT + 0.03,
        "pencil-skirt: the back side seam",
    )
    back = cut.back(lift)
    height = stand_height(body, 0.0) + _ABOVE - _BAND
    left, right = _pencil_back(back, options.slit, height)
    seam_length = sum(2 * length(half[name]) for half in (front, back) for name in ("top_side", "top_center"))
    band = strip_waistband(seam_length, _BAND, height, BACK)
    return Pattern(
        name="pencil-skirt",
        category="skirt",
        size=size,
        measures=dict(measures),
        finished={
            "waist": seam_length,
            "hip": 4 * cut.hip,
            "hem": 4 * cut.hem,
            "length": options.length,
            "slit": options.slit,
        },
        panels=(_pencil_front(front, height), left, right, band),
        seams=_pencil_seams(),
        holds=(Hold(EdgeRef("waistband", "top"), height + _BAND),),
    )


@dataclass(frozen=True)
class _PencilCut:
    """A quarter of the skirt; y = 0 is the waist seam at the centre front, x = 0 the centre [m].

    Attributes:
        waist: Breadth at the waist without darts.
        hip: Breadth at the hip line.
        hem: Breadth at the hem.
        hip_line: Height of the hip line.
        hem_line: Height of the hem.
        front_dart: Intake.
        back_dart: Intake.
        center_back: Taken in at the centre back.
    """

    waist: float
    hip: float
    hem: float
    hip_line: float
    hem_line: float
    front_dart: float
    back_dart: float
    center_back: float

    @classmethod
    def of(cls, body: LowerBody, options: PencilSkirtOptions) -> _PencilCut:
        waist = (body.girth(_BAND - _ABOVE) + _WAIST_EASE) / 4
        hip = (max(body.hip, body.waist) + options.ease) / 4
        spare = max(hip - waist, 0.02)
        return cls(
            waist=waist,
            hip=hip,
            hem=hip - options.taper,
            hip_line=_BAND - _ABOVE - _HIP_DEPTH * body.rise,
            hem_line=_BAND - options.length,
            front_dart=_FRONT_DART * spare,
            back_dart=_BACK_DART * spare,
            center_back=_BACK_SEAM * spare,
        )

    def back(self, lift: float) -> dict[str, Points]:
        """Return the half of the back, its waist at the side so far above the centre front [m]."""
        return self.half(self.hip + _SEAT, self.back_dart, _BACK_LENGTH, self.center_back, lift)

    def half(self, breadth: float, dart: float, dart_length: float, center: float, lift: float) -> dict[str, Points]:
        """Return the half at x >= 0: hem, side, top_side, dart_in, dart_out, top_center, counter-clockwise.

        Args:
            breadth: At the hip line [m].
            dart: Intake [m].
            dart_length: [m].
            center: Taken in at the centre line [m]; more than 0 behind.
            lift: The waist at the side above the centre front [m].
        """
        hip, corner = (breadth, self.hip_line), (center + self.waist + dart, lift)
        middle = (center, _BACK_LIFT if center else 0.0)
        top = bend(corner, middle, (-1.0, -0.10), (-1.0, 0.0))
        place, half = 0.5 * length(top), dart / 2
        opening = at_length(top, place - half), at_length(top, place + half)
        along = direction(opening[1] - opening[0])  # from the side to the centre
        tip = at_length(top, place) + dart_length * np.array([-along[1], along[0]])
        lower = bend(
            (self.hem, self.hem_line), hip, (breadth - self.hem, hip[1] - self.hem_line), (0.0, 1.0), (0.3, 0.6)
        )
        # upright at both ends, as flanks are: they stay narrow below the waist and fill out late
        upper = bend(hip, corner, (0.0, 1.0), (-0.10, 1.0), (0.33, 0.30))
        return {
            "hem": sampled(line((0.0, self.hem_line), (self.hem, self.hem_line))),
            "side": joined(lower, upper),
            "top_side": between(top, 0.0, place - half),
            "dart_in": sampled(line(opening[0], tip)),
            "dart_out": sampled(line(tip, opening[1])),
            "top_center": between(top, place + half, length(top)),
        }


def _pencil_front(half: Mapping[str, Points], height: float) -> Panel:
    """Return the front on the fold; x >= 0 is the wearer's left."""
    edges = [Edge("hem", joined(mirrored(half["hem"]), half["hem"]), turn=_HEM, allowance=_HEM)]
    shaped = ("side", "top_side", "dart_in", "dart_out")
    edges += [Edge(f"{name}_left", half[name]) for name in shaped]
    edges.append(Edge("top_center", joined(half["top_center"], mirrored(half["top_center"]))))
    edges += [Edge(f"{name}_right", mirrored(half[name])) for name in reversed(shaped)]
    return Panel("front", tuple(edges), Placement("torso", FRONT, height))


def _pencil_back(half: Mapping[str, Points], slit: float, height: float) -> tuple[Panel, Panel]:
    """Return left and right back; the left one carries the stitches of the placket."""
    edge, top = half["hem"][0], half["top_center"][-1]
    start, hip = edge + np.array([0.0, slit]), np.array([0.0, -_ZIP])
    foot = edge + np.array([_SPREAD, 0.0])
    center = joined(bend(top, hip, hip - top, (0.0, -1.0)), sampled(line(hip, start)))
    edges = (
        Edge("hem", sampled(line(foot, half["hem"][-1])), turn=_HEM, allowance=_HEM),
        *(Edge(name, half[name]) for name in ("side", "top_side", "dart_in", "dart_out", "top_center")),
        Edge("center", center),
        Edge("slit", sampled(line(start, foot)), turn=_SLIT_TURN, allowance=_SLIT_TURN),
    )
    right = Panel("back_right", edges, Placement("torso", BACK, height))
    left = mirror_panel(right, "back_left", right.placement)
    beside = offset(between(left.edge("center").points[::-1], 0.002, _ZIP), -0.010)
    row = joined(beside, np.array([beside[-1], beside[-1] + (0.009, 0.0)]))
    return replace(left, marks=(Mark("stitch", row, {"rows": 1.0, "name": "zip"}),)), right


def _pencil_seams() -> tuple[Seam, ...]:
    darts = (
        ("front", "dart_in_left", "dart_out_left"),
        ("front", "dart_out_right", "dart_in_right"),
        ("back_right", "dart_in", "dart_out"),
        ("back_left", "dart_out", "dart_in"),
    )
    top = (
        *(EdgeRef("back_right", name) for name in ("top_center", "top_side")),
        *(EdgeRef("front", name) for name in ("top_side_right", "top_center", "top_side_left")),
        *(EdgeRef("back_left", name) for name in ("top_side", "top_center")),
    )
    return (
        *(Seam((EdgeRef(panel, first),), (EdgeRef(panel, second),)) for panel, first, second in darts),
        Seam((EdgeRef("front", "side_left"),), (EdgeRef("back_left", "side"),)),
        Seam((EdgeRef("back_right", "side"),), (EdgeRef("front", "side_right"),)),
        Seam((EdgeRef("back_left", "center"),), (EdgeRef("back_right", "center"),)),
        *strip_seams(top),
    )


def draft_circle_skirt(
    measures: Mapping[str, float], options: CircleSkirtOptions = _CIRCLE, size: str = "M"
) -> Pattern:
    """Draft a circle skirt: front and back are parts of a ring, sewn at the sides.

    Args:
        measures: Of the body, by the names of `runtime.body.measures.Measures` [m].
        options: Cut.
        size: Name of the size.
    """
    body, circle = lower_body(measures), _CIRCLES[options.fullness]
    waist, hang = body.girth(_BAND - _ABOVE) + _WAIST_EASE, options.length - _BAND
    radius, half = waist / (2 * np.pi * circle), np.pi * circle / 2
    height = stand_height(body, 0.0) + _ABOVE - _BAND
    center, down = (0.0, radius), -np.pi / 2
    hem, top = arc(center, radius + hang, down - half, down + half), arc(center, radius, down + half, down - half)
    edges = (
        Edge("hem", hem, turn=_CIRCLE_HEM, allowance=_CIRCLE_HEM),
        Edge("side_left", sampled(line(hem[-1], top[0]))),
        Edge("top", top),
        Edge("side_right", sampled(line(top[-1], hem[0]))),
    )
    folds = 2 * round((2 * length(hem) - body.hip) / (2 * _FOLD))
    front = Panel("front", edges, Placement("torso", FRONT, height, fan=radius, folds=folds))
    swapped = {"side_left": "side_right", "side_right": "side_left"}
    behind = tuple(replace(edge, name=swapped.get(edge.name, edge.name)) for edge in edges)
    back = Panel("back", behind, Placement("torso", BACK, height, fan=radius, folds=folds))
    around = 2 * length(top)
    return Pattern(
        name="circle-skirt",
        category="skirt",
        size=size,
        measures=dict(measures),
        finished={"waist": around, "hem": 2 * length(hem), "length": options.length},
        panels=(front, back, strip_waistband(around, _BAND, height, float(np.pi / 2))),
        seams=(
            Seam((EdgeRef("front", "side_left"),), (EdgeRef("back", "side_left"),)),
            Seam((EdgeRef("back", "side_right"),), (EdgeRef("front", "side_right"),)),
            *strip_seams((EdgeRef("back", "top"), EdgeRef("front", "top"))),
        ),
        holds=(Hold(EdgeRef("waistband", "top"), height + _BAND),),
    )
