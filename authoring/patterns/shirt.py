"""The long-sleeved shirt: button front, yoke, cuffs, a collar of stand and fall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from . import _curves as curves
from ._choices import among, between
from ._collar_panels import CollarOptions, shirt_collar
from ._form import Form, form, stand
from ._sewing import sewn
from ._woven import button_row, cuff, cuff_seams, patch_pocket, placket, sleeve_placket
from .blocks import CENTER_BACK, CENTER_FRONT, Bodice, BodiceCut, HalfBodice, bodice
from .pattern import Edge, Mark, Panel, Pattern, Placement, Seam
from .sizing import size_step
from .sleeves import Sleeve, SleeveCut, sleeve, sleeve_panels


@dataclass(frozen=True)
class _Fit:
    """Ease of a fit beyond the body [m].

    Attributes:
        chest: Girth at the underarm.
        waist: Girth at the waist; None runs straight down.
        hem: Girth over the hips.
        biceps: Girth under the armpit.
        drop: How far the shoulder point lies outside the body's.
        armhole: How far the underarm lies below the armpit.
    """

    chest: float
    waist: float | None
    hem: float
    biceps: float
    drop: float
    armhole: float


FITS: Mapping[str, _Fit] = {
    "slim": _Fit(0.085, 0.14, 0.050, 0.050, 0.004, 0.020),
    "regular": _Fit(0.130, None, 0.085, 0.075, 0.010, 0.028),
    "loose": _Fit(0.210, None, 0.150, 0.115, 0.030, 0.042),
}

HEM = 0.009  # rolled narrow, as a curved hem must be [m]
_ARM_TOP = 1.20  # girth of the arm under the armpit over its girth midway, on the canonical body
_LENGTH_GRADE, _SHOULDER_GRADE = 0.010, 0.003  # what a step of the sizes adds besides the body's own growth [m]
_TAIL = 0.075  # how much deeper the tails hang than the side seams [m]
_YOKE = 0.085  # height of the yoke at the centre back [m]
_CUFF = 0.065  # height of the cuff [m]
_CUFF_EASE = 0.062  # beyond the wrist: a buttoned cuff stops at the thumb's root [m]
_PLEATS = 0.18  # by how much the sleeve is wider than its cuff
_BLOUSE = 0.012  # spare length over the cuff, so that the arm can bend [m]
_NECK_WIDTH, _NECK_DROP, _NECK_BACK = 0.006, -0.018, -0.020  # how far the neckline keeps off the root of the neck [m]


@dataclass(frozen=True)
class ShirtOptions:
    """What the pattern leaves open.

    Attributes:
        fit: "slim", "regular" or "loose".
        ease: Girth of the garment's chest beyond the body's [m]; None takes the fit's.
        length: How far the tails hang below the fullest seat; negative above it [m].
        sleeve: How far the cuff reaches beyond the wrist; negative above it [m].
        pocket: Whether there is a patch pocket on the left chest.
        collar_stand: Height of the collar's stand [m].
        collar_fall: Depth of its fall at the centre back [m].
        collar_point: Length of its front edge from fold to tip [m].
        collar_slant: How far its tips lie back from straight below the fold's front [m]: more spreads them.
    """

    fit: str = "regular"
    ease: float | None = None
    length: float = 0.03
    sleeve: float = 0.012
    pocket: bool = True
    collar_stand: float = 0.032
    collar_fall: float = 0.048
    collar_point: float = 0.072
    collar_slant: float = 0.02

    def __post_init__(self) -> None:
        among("fit", self.fit, tuple(FITS))
        if self.ease is not None:
            between("ease", self.ease, 0.03, 0.40)
        between("length", self.length, -0.12, 0.25)
        between("sleeve", self.sleeve, -0.06, 0.05)
        _ = self.collar

    @property
    def collar(self) -> CollarOptions:
        """The collar alone."""
        return CollarOptions(self.collar_stand, self.collar_fall, self.collar_point, self.collar_slant)


def draft_shirt(measures: Mapping[str, float], options: ShirtOptions = ShirtOptions(), size: str = "M") -> Pattern:
    """Draft a shirt.

    Its front is cut in one piece and its placket worked on it, buttoned up: worn closed, nobody can tell.

    Args:
        measures: Of the body, by the names of `runtime.body.measures.Measures` [m].
        options: What the pattern leaves open.
        size: A letter size, or "made to measure".
    """
    body, fit, heights = form(measures), FITS[options.fit], stand()
    block = _block(measures, body, options, size)
    biceps = _ARM_TOP * measures["upper_arm"] + fit.biceps
    wrist = measures["wrist"] + _CUFF_EASE
    length = (
        measures["arm"] - heights.tip_along_arm - fit.drop - _SHOULDER_GRADE * size_step(size)
        + options.sleeve + _BLOUSE - _CUFF
    )  # fmt: skip
    armholes = curves.length(block.front.armscye), curves.length(block.back.armscye)
    arm = sleeve(SleeveCut(biceps, (1 + _PLEATS) * wrist, length, *armholes))
    sleeve_end = -float(arm.hem[:, 1].mean())
    back, yoke = _back(block.back, heights.neck)
    collar, collar_seams = shirt_collar(
        block.neckline, options.collar, heights.neck + float(block.front.neckline[:, 1].mean()), "main"
    )
    panels = [_front(block.front, heights.neck, options.pocket), back, yoke, *_sleeves(arm, heights.tip_along_arm)]
    for side in ("left", "right"):
        panels.append(cuff(side, curves.length(arm.hem) / (1 + _PLEATS), _CUFF, heights.tip_along_arm + sleeve_end))
    finished = {
        "chest": 4 * float(block.front.armscye[0, 0]),
        "hem": 4 * float(block.front.side[0, 0]),
        "length": float(-block.back.hem[0, 1]),
        "sleeve": sleeve_end + _CUFF,
        "shoulder": 2 * float(block.front.armscye[-1, 0]),
        "collar": block.neckline,
    }
    seams = (*_seams(), *collar_seams)
    return Pattern("shirt", "shirt", size, measures, finished, (*panels, *collar), seams)


def _block(measures: Mapping[str, float], body: Form, options: ShirtOptions, size: str) -> Bodice:
    fit, step = FITS[options.fit], size_step(size)
    chest = measures["chest"] + (fit.chest if options.ease is None else options.ease)
    tails = body.hip + options.length + _LENGTH_GRADE * step
    return bodice(
        BodiceCut(
            chest=chest,
            waist=None if fit.waist is None else max(0.88 * chest, measures["waist"] + fit.waist),
            hem=max(measures["hip"] + fit.hem, 0.97 * chest),
            length=tails - _TAIL,
            waist_level=body.waist,
            armhole=body.armpit + fit.armhole,
            side_neck=body.half_neck,
            half_neck=body.half_neck + _NECK_WIDTH,
            front_neck=body.throat + _NECK_DROP,
            back_neck=body.nape + _NECK_BACK,
            half_shoulder=body.half_shoulder + fit.drop + _SHOULDER_GRADE * step,
            shoulder_drop=body.shoulder_drop + 0.25 * fit.drop,
            front_dip=_TAIL - 0.010,
            back_dip=_TAIL + 0.010,
        )
    )


def _front(half: HalfBodice, height: float, pocket: bool) -> Panel:
    """Return the front with its placket, buttons and pocket; its neckline is parted at the centre."""
    flip = curves.mirrored
    edges = (
        Edge("hem", curves.joined(flip(half.hem), half.hem), turn=HEM, allowance=HEM),
        Edge("side_left", half.side),
        Edge("armscye_left", half.armscye),
        Edge("shoulder_left", half.shoulder),
        Edge("neckline_left", half.neckline),
        Edge("neckline_right", flip(half.neckline)),
        Edge("shoulder_right", flip(half.shoulder)),
        Edge("armscye_right", flip(half.armscye)),
        Edge("side_right", flip(half.side)),
    )
    top, low = float(half.neckline[-1, 1]), float(half.hem[0, 1])
    marks: list[Mark] = [*placket(half.neckline, half.hem), *button_row(top, low)]
    if pocket:
        level = float(half.armscye[0, 1]) + 0.045
        middle = 0.5 * (0.03 + curves.at_height(half.armscye, level))
        marks += patch_pocket(middle, level)
    return Panel("front", edges, Placement("torso", CENTER_FRONT, height), marks=tuple(marks))


def _back(half: HalfBodice, height: float) -> tuple[Panel, Panel]:
    """Return the back below the yoke and the yoke."""
    level = float(half.neckline[-1, 1]) - _YOKE
    flip = curves.mirrored
    across = np.array([curves.at_height(half.armscye, level), level])
    below = half.armscye[:, 1] < level - 1e-4
    lower = np.concatenate([half.armscye[below], across[None]])
    upper = np.concatenate([across[None], half.armscye[half.armscye[:, 1] > level + 1e-4]])
    line = curves.sampled(np.stack([across, across * (-1.0, 1.0)]))
    place = Placement("torso", CENTER_BACK, height)
    back = (
        Edge("hem", curves.joined(flip(half.hem), half.hem), turn=HEM, allowance=HEM),
        Edge("side_right", half.side),
        Edge("armscye_right", lower),
        Edge("yoke", line),
        Edge("armscye_left", flip(lower)),
        Edge("side_left", flip(half.side)),
    )
    yoke = (
        Edge("back", line[::-1]),
        Edge("armscye_right", upper),
        Edge("shoulder_right", half.shoulder),
        Edge("neckline", curves.joined(half.neckline, flip(half.neckline))),
        Edge("shoulder_left", flip(half.shoulder)),
        Edge("armscye_left", flip(upper)),
    )
    return Panel("back", back, place), Panel("yoke", yoke, place)


def _sleeves(arm: Sleeve, tip_along_arm: float) -> list[Panel]:
    """Return both sleeves with the slits above their cuffs."""
    panels = []
    for panel, sign in zip(sleeve_panels(arm, tip_along_arm, turn=0.0), (1.0, -1.0), strict=True):
        marks = sleeve_placket(arm, sign)
        panels.append(Panel(panel.name, panel.edges, panel.placement, panel.slot, marks))
    return panels


def _seams() -> tuple[Seam, ...]:
    seams = [
        sewn("back.yoke", "yoke.back", "edge"),
        sewn("collar_stand.neck", "front.neckline_left yoke.neckline front.neckline_right", "edge"),
    ]
    for side in ("left", "right"):
        upwards = (f"back.armscye_{side}", f"yoke.armscye_{side}")
        back = " ".join(upwards if side == "right" else upwards[::-1])
        seams += [
            sewn(f"front.side_{side}", f"back.side_{side}"),
            sewn(f"yoke.shoulder_{side}", f"front.shoulder_{side}", "edge"),
            sewn(f"front.armscye_{side}", f"sleeve_{side}.cap_front", "edge"),
            sewn(back, f"sleeve_{side}.cap_back", "edge"),
            sewn(f"sleeve_{side}.under_back", f"sleeve_{side}.under_front"),
            *cuff_seams(side, _PLEATS),
        ]
    return tuple(seams)
