"""Jeans: five pockets, a yoke, a fly and a shaped waistband."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ._choices import among
from ._choices import between as check_between
from ._curves import Points, joined, length, line
from ._drafting import at_length, bend, between, polyline, rounded, turned
from ._trouser_parts import crotch_height, fly, leg_line, leg_pair, leg_seams
from .lower_body import LowerBody, lower_body, stand_height
from .pattern import EdgeRef, Mark, Panel, Pattern, Seam
from .trouser_block import Block, BlockCut, draft_block
from .waistband import Band, band_holds, band_seams, waistband


@dataclass(frozen=True)
class _Fit:
    """What a fit adds to the body [m]."""

    hip: float
    front_fork: float
    back_fork: float
    knee: float
    hem: float
    crotch_drop: float


# Judged on the draped garment; no maker's chart was followed.
_FITS = {
    "slim": _Fit(0.020, 0.040, 0.086, 0.045, 0.115, 0.014),
    "straight": _Fit(0.052, 0.046, 0.094, 0.085, 0.180, 0.018),
    "wide": _Fit(0.060, 0.054, 0.108, 0.200, 0.330, 0.024),
}
_BAND = 0.040  # height of the waistband [m]
_WAIST_EASE = 0.030  # the drape keeps 4 mm off the skin, 25 mm around
_YOKE_CENTER, _YOKE_SIDE = 0.066, 0.036  # depth of the yoke [m]
_STANCE = np.radians(4.0)


@dataclass(frozen=True)
class TrousersOptions:
    """What the jeans leave open.

    Attributes:
        fit: "slim", "straight" or "wide".
        waist_drop: Top of the waistband below the natural waist [m].
        hem_height: Hem above the ground [m].
        ease: Added to the fit's own ease at the hips [m].
    """

    fit: str = "straight"
    waist_drop: float = 0.095
    hem_height: float = 0.082
    ease: float = 0.0

    def __post_init__(self) -> None:
        among("trousers: fit", self.fit, tuple(_FITS))
        check_between("trousers: waist_drop", self.waist_drop, 0.0, 0.13)
        check_between("trousers: hem_height", self.hem_height, 0.0, 0.35)
        check_between("trousers: ease", self.ease, -0.02, 0.10)


_STANDARD = TrousersOptions()


def draft_trousers(measures: Mapping[str, float], options: TrousersOptions = _STANDARD, size: str = "M") -> Pattern:
    """Draft jeans.

    Args:
        measures: Of the body, by the names of `runtime.body.measures.Measures` [m].
        options: Cut.
        size: Name of the size.
    """
    body, fit = lower_body(measures), _FITS[options.fit]
    cut = _cut(measures, body, options, fit)
    block = draft_block(body, cut, "trousers")
    yoke, back = _split_yoke(block)
    height = crotch_height(body, fit.crotch_drop)
    scoop = _pocket_mouth(block.front)
    panels = (
        *leg_pair(
            "front", block.front, False, height, hem_turn=0.015, marks=_front_marks(block.front, scoop),
            left_marks=fly(block.front, 0.66 * cut.top, 2), right_marks=_coin_pocket(block.front, scoop),
        ),
        *leg_pair("back", back, True, height, hem_turn=0.015, marks=_back_pocket(back)),
        *leg_pair("yoke", yoke, True, height),
    )  # fmt: skip
    half = length(block.front["top"]) + length(yoke["top"])
    shrink = (body.girth(options.waist_drop + _BAND) - body.girth(options.waist_drop)) / 2
    band = Band(top=half - shrink, bottom=half, height=_BAND)
    top = stand_height(body, options.waist_drop)
    bands = _waistband(band, top - _BAND)
    return Pattern(
        name="trousers",
        category="trousers",
        size=size,
        measures=dict(measures),
        finished={
            "waist": 2 * band.top,
            "hip": cut.hip,
            "thigh": _thigh(block),
            "knee": cut.knee,
            "hem": cut.hem,
            "inseam": length(block.front["inseam"]),
            "outseam": length(block.front["outseam"]) + _BAND,
            "front_rise": length(block.front["rise"]) + _BAND,
            "back_rise": length(block.back["rise"]) + _BAND,
        },
        panels=panels + bands,
        seams=_seams(),
        holds=band_holds(top),
    )


def _cut(measures: Mapping[str, float], body: LowerBody, options: TrousersOptions, fit: _Fit) -> BlockCut:
    return BlockCut(
        waist=body.girth(options.waist_drop + _BAND) + _WAIST_EASE,
        hip=body.hip + fit.hip + options.ease,
        top=body.rise - options.waist_drop - _BAND + fit.crotch_drop,
        front_fork=fit.front_fork * body.hip,
        back_fork=fit.back_fork * body.hip,
        knee=measures["knee"] + fit.knee,
        hem=measures["ankle"] + fit.hem,
        length=body.inseam - fit.crotch_drop - options.hem_height,
        stance=float(_STANCE),
        hem_shape=-0.005,
        dart=0.022,
    )


def _split_yoke(block: Block) -> tuple[dict[str, Points], dict[str, Points]]:
    """Return the yoke and the back below it; the dart that the block's top holds is closed in the yoke."""
    back = block.back
    rise, top, outseam = back["rise"], back["top"], back["outseam"]
    seat = length(rise) - _YOKE_CENTER
    center, side = at_length(rise, seat), at_length(outseam, _YOKE_SIDE)
    middle = length(top) / 2
    along = (side - center) / np.linalg.norm(side - center)
    tip = center + along * float((at_length(top, middle) - center) @ along)
    inner, outer = (between(top, 0.0, middle - block.dart / 2), between(top, middle + block.dart / 2, length(top)))
    legs = inner[-1] - tip, outer[0] - tip
    angle = float(np.arctan2(legs[0][1], legs[0][0]) - np.arctan2(legs[1][1], legs[1][0]))
    moved = turned(joined(outer, between(outseam, 0.0, _YOKE_SIDE)), tip, angle)
    split = len(outer) - 1
    upper = rounded(np.concatenate([inner, moved[1 : split + 1]]), 0.02)
    yoke = {
        "seam": rounded(polyline(moved[-1], tip, center), 0.03),
        "center": between(rise, seat, length(rise)),
        "top": upper,
        "side": moved[split:],
    }
    cut_back = {
        "hem": back["hem"],
        "inseam": back["inseam"],
        "rise": between(rise, 0.0, seat),
        "yoke": line(center, side),
        "outseam": between(outseam, _YOKE_SIDE, length(outseam)),
    }
    return yoke, cut_back


def _pocket_mouth(front: Mapping[str, Points]) -> Points:
    """Return the scooped mouth of the front pocket, from the outseam to the waistband."""
    side = front["outseam"]
    start, end = at_length(front["top"], 0.105), at_length(side, length(side) - 0.068)
    return bend(start, end, (0.10, -1.0), (1.0, 0.18), (0.62, 0.50))[::-1]


def _front_marks(front: Mapping[str, Points], scoop: Points) -> tuple[Mark, ...]:
    side = front["outseam"]
    top = length(side)
    low, high = at_length(scoop, 0.012) - (0.0, 0.006), at_length(scoop, length(scoop) - 0.010) - (0.006, 0.0)
    return (
        Mark("seam", scoop, {"finish": "twin", "name": "pocket"}),
        Mark("stitch", leg_line(side, top - 0.20, top - 0.07, 0.003), {"rows": 1.0, "name": "outseam"}),
        *(Mark("rivet", place[None], {"radius": 0.0045}) for place in (low, high)),
    )


def _coin_pocket(front: Mapping[str, Points], scoop: Points) -> tuple[Mark, ...]:
    """Return the mouth of the small pocket inside the right front pocket."""
    start = at_length(front["outseam"], length(front["outseam"]) - 0.026)
    end = at_length(scoop, 0.64 * length(scoop))
    return (Mark("seam", line(start, end), {"finish": "twin", "name": "coin pocket"}),)


def _back_pocket(back: Mapping[str, Points]) -> tuple[Mark, ...]:
    """Return the patch pocket: five corners, its mouth parallel to the yoke."""
    center, side = back["yoke"][0], back["yoke"][-1]
    along = (center - side) / np.linalg.norm(center - side)
    down = np.array([along[1], -along[0]])
    middle = (center + side) / 2 + 0.030 * down
    corners = [(-0.070, 0.0), (-0.064, 0.125), (0.0, 0.152), (0.064, 0.125), (0.070, 0.0)]
    outline = np.array([middle + x * along + y * down for x, y in corners])
    tacks = [middle + x * along + 0.006 * down for x in (-0.064, 0.064)]
    return (
        Mark("patch", outline, {"rows": 2.0, "gap": 0.006, "hem": 0.018, "name": "pocket"}),
        *(Mark("rivet", tack[None], {"radius": 0.004}) for tack in tacks),
    )


def _waistband(band: Band, height: float) -> tuple[Panel, Panel]:
    loops = tuple(band.loop(share * band.bottom) for share in (0.20, 0.56, 1.0))
    rows = tuple(Mark("stitch", band.row(up), {"rows": 1.0}) for up in (0.003, band.height - 0.003))
    button = Mark("button", np.array([band.at(0.016, band.height / 2)]), {"radius": 0.0085, "name": "jeans"})
    # the shank sits at the buttonhole's end towards the centre front; of its other end a little shows
    hole = Mark("buttonhole", np.array([band.at(0.0195, band.height / 2)]), {"width": 0.020, "angle": 0.0})
    return waistband(band, height, turn=0.02, marks=rows + loops, left_marks=(hole, button))


def _seams() -> tuple[Seam, ...]:
    left_out = Seam(
        (EdgeRef("front_left", "outseam"),), (EdgeRef("back_left", "outseam"), EdgeRef("yoke_left", "side"))
    )
    right_out = Seam(
        (EdgeRef("back_right", "outseam"), EdgeRef("yoke_right", "side")), (EdgeRef("front_right", "outseam"),)
    )
    return (
        *leg_seams("plain", "twin", "twin"),
        left_out,
        right_out,
        Seam((EdgeRef("yoke_left", "seam"),), (EdgeRef("back_left", "yoke"),), finish="twin"),
        Seam((EdgeRef("back_right", "yoke"),), (EdgeRef("yoke_right", "seam"),), finish="twin"),
        Seam(
            (EdgeRef("back_left", "rise"), EdgeRef("yoke_left", "center")),
            (EdgeRef("back_right", "rise"), EdgeRef("yoke_right", "center")),
            finish="twin",
        ),
        *band_seams(
            (EdgeRef("front_left", "top"), EdgeRef("yoke_left", "top")),
            (EdgeRef("yoke_right", "top"), EdgeRef("front_right", "top")),
        ),
    )


def _thigh(block: Block) -> float:
    """Return the girth 2.5 cm below the crotch line [m], as trousers are measured lying flat."""
    total = 0.0
    for lines in (block.front, block.back):
        for name in ("inseam", "outseam"):
            points = lines[name]
            order = np.argsort(points[:, 1])
            total += abs(float(np.interp(-0.025, points[order, 1], points[order, 0])))
    return total
