"""Chino shorts: slanted front pockets, welt pockets behind, back darts, pressed creases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ._choices import among
from ._choices import between as check_between
from ._curves import Points, length, line, sampled
from ._drafting import at_length, between, direction
from ._trouser_parts import crotch_height, fly, leg_pair, leg_seams
from .lower_body import LowerBody, lower_body, stand_height
from .pattern import EdgeRef, Mark, Panel, Pattern, Seam
from .trouser_block import Block, BlockCut, draft_block
from .waistband import Band, band_holds, band_seams, waistband


@dataclass(frozen=True)
class _Fit:
    """What a fit adds to hips and thigh [m]."""

    hip: float
    hem: float


_FITS = {"slim": _Fit(0.035, -0.020), "straight": _Fit(0.055, 0.030), "wide": _Fit(0.080, 0.100)}
_FORKS = (0.048, 0.100)  # front and back, as shares of the hips
_BAND = 0.038  # height of the waistband [m]
_WAIST_EASE = 0.030  # the drape keeps 4 mm off the skin, 25 mm around
_CROTCH_DROP = 0.020
_DART = 0.095  # length of the back dart [m]
_STANCE = float(np.radians(3.0))


@dataclass(frozen=True)
class ShortsOptions:
    """What the shorts leave open.

    Attributes:
        fit: "slim", "straight" or "wide".
        waist_drop: Top of the waistband below the natural waist [m].
        inseam: Length of the inseam [m].
        ease: Added to the fit's own ease at the hips [m].
    """

    fit: str = "straight"
    waist_drop: float = 0.085
    inseam: float = 0.21
    ease: float = 0.0

    def __post_init__(self) -> None:
        among("shorts: fit", self.fit, tuple(_FITS))
        check_between("shorts: waist_drop", self.waist_drop, 0.0, 0.13)
        check_between("shorts: inseam", self.inseam, 0.06, 0.34)
        check_between("shorts: ease", self.ease, -0.02, 0.10)


_STANDARD = ShortsOptions()


def draft_shorts(measures: Mapping[str, float], options: ShortsOptions = _STANDARD, size: str = "M") -> Pattern:
    """Draft chino shorts.

    Args:
        measures: Of the body, by the names of `runtime.body.measures.Measures` [m].
        options: Cut.
        size: Name of the size.
    """
    body, fit = lower_body(measures), _FITS[options.fit]
    cut = _cut(measures, body, options, fit)
    block = draft_block(body, cut, "shorts")
    back = _with_dart(block)
    crotch = crotch_height(body, _CROTCH_DROP)
    hem = 0.035
    half = length(block.front["top"]) + length(back["top_center"]) + length(back["top_side"])
    narrower = (body.girth(options.waist_drop + _BAND) - body.girth(options.waist_drop)) / 2
    band = Band(top=half - narrower, bottom=half, height=_BAND)
    top = stand_height(body, options.waist_drop)
    return Pattern(
        name="shorts",
        category="shorts",
        size=size,
        measures=dict(measures),
        finished={
            "waist": 2 * band.top,
            "hip": cut.hip,
            "hem": cut.hem,
            "inseam": length(block.front["inseam"]),
            "outseam": length(block.front["outseam"]) + _BAND,
            "front_rise": length(block.front["rise"]) + _BAND,
            "back_rise": length(block.back["rise"]) + _BAND,
        },
        panels=(
            *leg_pair("front", block.front, False, crotch, hem_turn=hem, marks=_front_marks(block.front),
                      left_marks=fly(block.front, 0.68 * cut.top, 1)),
            *leg_pair("back", back, True, crotch, hem_turn=hem, marks=_back_marks(block, back)),
            *_waistband(band, top - _BAND),
        ),
        seams=_seams(),
        holds=band_holds(top),
    )  # fmt: skip


def _cut(measures: Mapping[str, float], body: LowerBody, options: ShortsOptions, fit: _Fit) -> BlockCut:
    hem = measures["thigh"] + fit.hem
    return BlockCut(
        waist=body.girth(options.waist_drop + _BAND) + _WAIST_EASE,
        hip=body.hip + fit.hip + options.ease,
        top=body.rise - options.waist_drop - _BAND + _CROTCH_DROP,
        front_fork=_FORKS[0] * body.hip,
        back_fork=_FORKS[1] * body.hip,
        knee=hem,
        hem=hem,
        length=options.inseam,
        stance=_STANCE,
        hem_shape=0.003,
        dart=0.024,
    )


def _with_dart(block: Block) -> dict[str, Points]:
    """Return the back with its top cut open for the dart: top_center, dart_in, dart_out, top_side."""
    top = block.back["top"]
    middle, half = 0.48 * length(top), max(block.dart, 0.008) / 2
    opening = at_length(top, middle - half), at_length(top, middle + half)
    across = direction(opening[1] - opening[0])  # from the centre back to the side
    tip = at_length(top, middle) + _DART * np.array([-across[1], across[0]])
    lines = {}
    for name, points in block.back.items():
        if name != "top":
            lines[name] = points
            continue
        lines["top_center"] = between(top, 0.0, middle - half)
        lines["dart_in"] = sampled(line(opening[0], tip))
        lines["dart_out"] = sampled(line(tip, opening[1]))
        lines["top_side"] = between(top, middle + half, length(top))
    return lines


def _front_marks(front: Mapping[str, Points]) -> tuple[Mark, ...]:
    side = front["outseam"]
    start, end = at_length(front["top"], 0.034), at_length(side, length(side) - 0.160)
    mouth = sampled(line(end, start))
    return (
        Mark("seam", mouth, {"finish": "edge", "name": "pocket"}),
        Mark("crease", _crease(front, 0.01), {}),
    )


def _back_marks(block: Block, back: Mapping[str, Points]) -> tuple[Mark, ...]:
    tip = back["dart_in"][-1]
    across = direction(back["dart_out"][-1] - back["dart_in"][0])
    corners = [(-0.066, 0.006), (0.066, 0.006), (0.066, -0.006), (-0.066, -0.006)]
    up = np.array([across[1], -across[0]])
    welt = np.array([tip + x * across + (y + 0.002) * up for x, y in corners])
    return (
        Mark("welt", welt, {"name": "pocket"}),
        Mark("button", (tip - 0.020 * up)[None], {"radius": 0.0065}),
        Mark("crease", _crease(block.back, 0.16), {}),
    )


def _crease(lines: Mapping[str, Points], below: float) -> Points:
    """Return the pressed crease from the hem's middle up to a distance below the top edge [m]."""
    foot = at_length(lines["hem"], length(lines["hem"]) / 2)
    top = lines["top"]
    order = np.argsort(top[:, 0])
    head = float(np.interp(0.0, top[order, 0], top[order, 1])) - below
    return sampled(line(np.add(foot, (0.0, 0.001)), (0.0, head)))


def _waistband(band: Band, height: float) -> tuple[Panel, Panel]:
    loops = tuple(band.loop(share * band.bottom) for share in (0.20, 0.60, 1.0))
    rows = tuple(Mark("stitch", band.row(up), {"rows": 1.0}) for up in (0.003, band.height - 0.003))
    place = np.array([band.at(0.016, band.height / 2)])
    closing = (Mark("buttonhole", place, {"width": 0.020}), Mark("button", place, {"radius": 0.0075}))
    return waistband(band, height, turn=0.02, marks=rows + loops, left_marks=closing)


def _seams() -> tuple[Seam, ...]:
    return (
        *leg_seams("plain", "plain", "edge"),
        Seam((EdgeRef("front_left", "outseam"),), (EdgeRef("back_left", "outseam"),), finish="edge"),
        Seam((EdgeRef("back_right", "outseam"),), (EdgeRef("front_right", "outseam"),), finish="edge"),
        Seam((EdgeRef("back_left", "rise"),), (EdgeRef("back_right", "rise"),)),
        Seam((EdgeRef("back_left", "dart_in"),), (EdgeRef("back_left", "dart_out"),)),
        Seam((EdgeRef("back_right", "dart_out"),), (EdgeRef("back_right", "dart_in"),)),
        *band_seams(
            (EdgeRef("front_left", "top"), EdgeRef("back_left", "top_side"), EdgeRef("back_left", "top_center")),
            (EdgeRef("back_right", "top_center"), EdgeRef("back_right", "top_side"), EdgeRef("front_right", "top")),
        ),
    )
