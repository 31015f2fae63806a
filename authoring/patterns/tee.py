"""The T-shirt with short sleeves, and its long-sleeved sister."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import _curves as curves
from ._choices import among, between
from ._form import Form, form, stand
from ._sewing import body_seams, sleeve_seams
from .bands import cuff_panel, cuff_seams, neck_bands, neck_seams
from .blocks import CENTER_BACK, CENTER_FRONT, Bodice, BodiceCut, bodice, whole_back, whole_front
from .pattern import Pattern, Placement
from .sizing import size_step
from .sleeves import ARMS, Sleeve, SleeveCut, sleeve, sleeve_panels


@dataclass(frozen=True)
class _Fit:
    """Ease of a fit [m].

    Attributes:
        chest: Beyond the body's chest.
        hem: Beyond the body's hip.
        biceps: Beyond the arm under the armpit.
        drop: How far the shoulder point lies outside the body's.
        armhole: How far the underarm lies below the armpit.
        cuff: Beyond the wrist.
    """

    chest: float
    hem: float
    biceps: float
    drop: float
    armhole: float
    cuff: float


FITS: Mapping[str, _Fit] = {
    "slim": _Fit(0.050, 0.030, 0.026, 0.000, 0.014, 0.030),
    "regular": _Fit(0.090, 0.055, 0.050, 0.006, 0.020, 0.035),
    "loose": _Fit(0.180, 0.130, 0.090, 0.030, 0.040, 0.045),
}

HEM, SLEEVE_HEM = 0.022, 0.018  # turned for the twin needle [m]
_ARM_TOP = 1.20  # girth of the arm under the armpit over its girth midway, on the canonical body
_LENGTH_GRADE, _SHOULDER_GRADE = 0.010, 0.003  # what a step of the sizes adds besides the body's own growth [m]
_ELBOW = 0.55  # of the way from the shoulder point to the wrist
_CUFF = 0.060  # height of a rib cuff [m]


@dataclass(frozen=True)
class TeeOptions:
    """What the pattern leaves open.

    Attributes:
        fit: "slim", "regular" or "loose".
        ease: Girth of the garment's chest beyond the body's [m]; None takes the fit's.
        length: How far the hem hangs below the fullest seat; negative above it [m].
        sleeve: Where the sleeve ends, as a share of the way from the shoulder point to the wrist.
        neck_drop: How far the neckline's seam lies below the pit of the throat [m].
        neck_width: How far the neckline's seam lies outside the side of the neck [m].
        band: Width of the rib around the neck [m].
    """

    fit: str = "regular"
    ease: float | None = None
    length: float = 0.0
    sleeve: float = 0.36
    neck_drop: float = 0.008
    neck_width: float = 0.022
    band: float = 0.020

    def __post_init__(self) -> None:
        _check(self)
        between("sleeve", self.sleeve, 0.30, 0.62, "")


@dataclass(frozen=True)
class LongSleeveOptions:
    """What the pattern leaves open; as `TeeOptions`, but the sleeves reach the wrists and end in rib cuffs.

    Attributes:
        fit: "slim", "regular" or "loose".
        ease: Girth of the garment's chest beyond the body's [m]; None takes the fit's.
        length: How far the hem hangs below the fullest seat; negative above it [m].
        sleeve: How far the cuff reaches beyond the wrist; negative above it [m].
        neck_drop: How far the neckline's seam lies below the pit of the throat [m].
        neck_width: How far the neckline's seam lies outside the side of the neck [m].
        band: Width of the rib around the neck [m].
    """

    fit: str = "regular"
    ease: float | None = None
    length: float = 0.0
    sleeve: float = 0.010
    neck_drop: float = 0.006
    neck_width: float = 0.020
    band: float = 0.020

    def __post_init__(self) -> None:
        _check(self)
        between("sleeve", self.sleeve, -0.12, 0.06)


def _check(options: TeeOptions | LongSleeveOptions) -> None:
    among("fit", options.fit, tuple(FITS))
    if options.ease is not None:
        between("ease", options.ease, 0.0, 0.40)
    between("length", options.length, -0.22, 0.25)
    between("neck_drop", options.neck_drop, -0.01, 0.14)
    between("neck_width", options.neck_width, 0.004, 0.06)
    between("band", options.band, 0.008, 0.05)


def draft_tee(measures: Mapping[str, float], options: TeeOptions = TeeOptions(), size: str = "M") -> Pattern:
    """Draft a T-shirt with short sleeves.

    Args:
        measures: Of the body, by the names of `runtime.body.measures.Measures` [m].
        options: What the pattern leaves open.
        size: A letter size, or "made to measure".
    """
    body, fit = form(measures), FITS[options.fit]
    block = _block(measures, body, options, size)
    biceps = _ARM_TOP * measures["upper_arm"] + fit.biceps
    length = options.sleeve * _reach(measures, body, options.fit, size)
    arm = sleeve(SleeveCut(biceps, 0.93 * biceps, length, *armholes(block)))
    return _assembled("tee", measures, options, size, block, arm, cuff=None)


def draft_long_sleeve(
    measures: Mapping[str, float], options: LongSleeveOptions = LongSleeveOptions(), size: str = "M"
) -> Pattern:
    """Draft a long-sleeved T-shirt with rib cuffs; arguments as for `draft_tee`."""
    body, fit = form(measures), FITS[options.fit]
    block = _block(measures, body, options, size)
    biceps = _ARM_TOP * measures["upper_arm"] + 0.75 * fit.biceps
    cuff = measures["wrist"] + fit.cuff
    reach = _reach(measures, body, options.fit, size)
    elbow = (measures["upper_arm"] + 0.6 * fit.biceps, _ELBOW * reach)
    arm = sleeve(SleeveCut(biceps, cuff + 0.012, reach + options.sleeve - _CUFF, *armholes(block), elbow=elbow))
    return _assembled("long-sleeve", measures, options, size, block, arm, cuff=cuff)


def armholes(block: Bodice) -> tuple[float, float]:
    """Return the lengths of the front and the back armhole [m]."""
    return curves.length(block.front.armscye), curves.length(block.back.armscye)


def _reach(measures: Mapping[str, float], body: Form, fit: str, size: str) -> float:
    """Return the way from the garment's shoulder point to the wrist [m]."""
    return measures["arm"] - stand().tip_along_arm - FITS[fit].drop - _SHOULDER_GRADE * size_step(size)


def _block(measures: Mapping[str, float], body: Form, options: TeeOptions | LongSleeveOptions, size: str) -> Bodice:
    fit, step = FITS[options.fit], size_step(size)
    chest = measures["chest"] + (fit.chest if options.ease is None else options.ease)
    return bodice(
        BodiceCut(
            chest=chest,
            waist=max(0.94 * chest, measures["waist"] + fit.chest) if options.fit == "slim" else None,
            hem=max(measures["hip"] + fit.hem, 0.97 * chest),
            length=body.hip + options.length + _LENGTH_GRADE * step,
            waist_level=body.waist,
            armhole=body.armpit + fit.armhole,
            side_neck=body.half_neck,
            half_neck=body.half_neck + options.neck_width,
            front_neck=body.throat + options.neck_drop,
            back_neck=body.nape + 0.2 * options.neck_width,
            half_shoulder=body.half_shoulder + fit.drop + _SHOULDER_GRADE * step,
            shoulder_drop=body.shoulder_drop + 0.25 * fit.drop,
        )
    )


def _assembled(
    name: str,
    measures: Mapping[str, float],
    options: TeeOptions | LongSleeveOptions,
    size: str,
    block: Bodice,
    arm: Sleeve,
    cuff: float | None,
) -> Pattern:
    heights = stand()
    panels = [
        whole_front("front", block.front, Placement("torso", CENTER_FRONT, heights.neck), turn=HEM),
        whole_back("back", block.back, Placement("torso", CENTER_BACK, heights.neck), turn=HEM),
        *sleeve_panels(arm, heights.tip_along_arm, turn=0.0 if cuff else SLEEVE_HEM),
        *neck_bands(block, options.band, heights.neck),
    ]
    seams = [*body_seams(), *sleeve_seams(), *neck_seams()]
    sleeve_end = -float(arm.hem[:, 1].mean())
    if cuff:
        for side in ("left", "right"):
            place = Placement(ARMS[side], 0.0, heights.tip_along_arm + sleeve_end)
            panels.append(cuff_panel(f"cuff_{side}", curves.length(arm.hem), cuff, _CUFF, place))
            seams += cuff_seams(side)
    length = float(-block.back.hem[0, 1])
    finished = {
        "chest": 4 * float(block.front.armscye[0, 0]),
        "hem": 4 * float(block.front.side[0, 0]),
        "length": length,
        "sleeve": sleeve_end + (_CUFF if cuff else 0.0),
        "shoulder": 2 * float(block.front.armscye[-1, 0]),
    }
    return Pattern(name, "tee", size, measures, finished, tuple(panels), tuple(seams))
