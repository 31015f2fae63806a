"""The tank top: wide straps, a scooped neck, neckline and armholes bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import _curves as curves
from ._choices import among, between
from ._form import form, stand
from ._sewing import body_seams
from .bands import LYING, armhole_binding, armhole_seams, neck_bands, neck_seams
from .blocks import CENTER_BACK, CENTER_FRONT, Bodice, BodiceCut, bodice, whole_back, whole_front
from .pattern import Pattern, Placement
from .sizing import size_step
from .sleeves import ARMS

# By fit: ease of the chest, ease of the hem over the hip, how far the underarm lies below the armpit [m].
FITS: Mapping[str, tuple[float, float, float]] = {
    "slim": (0.020, 0.010, 0.012),
    "regular": (0.075, 0.055, 0.026),
    "loose": (0.140, 0.110, 0.045),
}
_HEM = 0.020  # turned for the twin needle [m]
_LENGTH_GRADE = 0.010  # what a step of the sizes adds besides the body's own growth [m]


@dataclass(frozen=True)
class TankOptions:
    """What the pattern leaves open.

    Attributes:
        fit: "slim", "regular" or "loose".
        ease: Girth of the garment's chest beyond the body's [m]; None takes the fit's.
        length: How far the hem hangs below the fullest seat; negative above it [m].
        neck_drop: How far the front neckline lies below the pit of the throat [m].
        neck_width: How far the neckline lies outside the side of the neck [m].
        back_drop: How far the back neckline lies below the nape [m].
        strap: Width of the straps on the shoulders, bindings included [m].
        binding: Width of the bindings [m].
    """

    fit: str = "regular"
    ease: float | None = None
    length: float = 0.0
    neck_drop: float = 0.040
    neck_width: float = 0.034
    back_drop: float = 0.020
    strap: float = 0.062
    binding: float = 0.010

    def __post_init__(self) -> None:
        among("fit", self.fit, tuple(FITS))
        if self.ease is not None:
            between("ease", self.ease, 0.0, 0.40)
        between("length", self.length, -0.25, 0.25)
        between("neck_drop", self.neck_drop, 0.0, 0.14)
        between("neck_width", self.neck_width, 0.015, 0.07)
        between("back_drop", self.back_drop, 0.0, 0.14)
        between("strap", self.strap, 0.03, 0.10)
        between("binding", self.binding, 0.006, 0.02)


def draft_tank(measures: Mapping[str, float], options: TankOptions = TankOptions(), size: str = "M") -> Pattern:
    """Draft a tank top.

    Args:
        measures: Of the body, by the names of `runtime.body.measures.Measures` [m].
        options: What the pattern leaves open.
        size: A letter size, or "made to measure".
    """
    block, heights = _block(measures, options, size), stand()
    front, back = curves.length(block.front.armscye), curves.length(block.back.armscye)
    inside = float(heights.tip_along_arm + block.front.armscye[-1, 0] - form(measures).half_shoulder)
    panels = [
        whole_front("front", block.front, Placement("torso", CENTER_FRONT, heights.neck), turn=_HEM),
        whole_back("back", block.back, Placement("torso", CENTER_BACK, heights.neck), turn=_HEM),
        *neck_bands(block, options.binding, heights.neck, LYING),
    ]
    seams = [*body_seams("plain"), *neck_seams("edge")]
    for side, limb in ARMS.items():
        panels.append(armhole_binding(side, front, back, options.binding, Placement(limb, 0.0, inside)))
        seams += armhole_seams(side)
    finished = {
        "chest": 4 * float(block.front.armscye[0, 0]),
        "hem": 4 * float(block.front.side[0, 0]),
        "length": float(-block.back.hem[0, 1]),
        "strap": curves.length(block.front.shoulder) + 2 * options.binding,
    }
    return Pattern("tank", "top", size, measures, finished, tuple(panels), tuple(seams))


def _block(measures: Mapping[str, float], options: TankOptions, size: str) -> Bodice:
    body = form(measures)
    ease, hem, armhole = FITS[options.fit]
    chest = measures["chest"] + (ease if options.ease is None else options.ease)
    half_neck = body.half_neck + options.neck_width
    half_shoulder = half_neck + options.strap - 2 * options.binding
    slope = body.shoulder_drop / (body.half_shoulder - body.half_neck)
    return bodice(
        BodiceCut(
            chest=chest,
            waist=max(0.95 * chest, measures["waist"] + ease) if options.fit == "slim" else None,
            hem=max(measures["hip"] + hem, 0.97 * chest),
            length=body.hip + options.length + _LENGTH_GRADE * size_step(size),
            waist_level=body.waist,
            armhole=body.armpit + armhole,
            side_neck=body.half_neck,
            half_neck=half_neck,
            front_neck=body.throat + options.neck_drop,
            back_neck=body.nape + options.back_drop,
            half_shoulder=half_shoulder,
            shoulder_drop=slope * (half_shoulder - body.half_neck),
            front_inset=0.006,
            back_inset=-0.002,
            front_round=0.70,
            back_round=0.62,
        )
    )
