"""The search for where a garment belongs: many guesses, the best of them fitted, the best fit taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.protocol import RestBody

from ._place_articulate import Cloth, Fit, fit
from ._place_hang import Hang
from ._place_openings import Opening, asymmetry, find_openings, front_tilt
from ._place_seeds import Seed, arm_poses, judged, misplaced, seeds, varied
from ._place_skeleton import ITS_SKELETON

Floats = NDArray[np.float64]

_COARSE, _FINE = 220, 900  # samples of the garment
_FITTED = 14  # guesses that are fitted
_AGAIN = 3  # of them that are fitted on
# one tube around both legs, and the part of their height that hangs free
_SKIRTED = {"skirt": 0.85, "dress": 0.5, "coat": 0.5}
_YOKE = 0.2  # [m] at the top of a skirt that lies on waist and hips
_TURNED = 0.3  # [cm] against a file that does not face the usual way
_TILT_COST = 0.6  # [cm] against facing away from where a neckline or waist is lower
_TRUST = 8.0  # [cm] against lying where this kind of garment never lies
_SIZES = ((1.0, 0.0), (0.83, 0.4), (1.2, 0.4))  # made for another body: factors, and how unlikely they are
_RESIZED = 3.0  # [cm] against a change of the log of the size by 1
_NO_FIT = 5.0  # [cm] a garment that is further off where its skeleton says is looked for elsewhere
_SIDEWAYS_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # a file that is y up but was taken for z up


@dataclass(frozen=True)
class Doubt:
    """What an import could only guess.

    Attributes:
        scales: Other sizes that another unit of the file would give, as factors, each with how much less likely it is.
        up: Whether the up axis was guessed.
        category: Whether the category was guessed from the shape.
    """

    scales: tuple[tuple[float, float], ...] = ()
    up: bool = False
    category: bool = False

    @classmethod
    def of_import(cls, report: Mapping[str, Any]) -> Doubt:
        """Return the doubt that the report of the step `import` tells of."""
        guessed = report.get("guessed", ())
        scales = tuple((float(factor), float(against)) for factor, against in report.get("other_units", ()))
        return cls(scales, "up" in guessed, "category" in guessed)


NO_DOUBT = Doubt()


@dataclass(frozen=True)
class Found:
    """Where a garment belongs.

    Attributes:
        fit: Garment and body brought together.
        seed: The guess it grew from.
        cost: Misfit and all that speaks against it [cm].
        rival: The cost of the best fit that puts the garment elsewhere or turns it another way [cm].
        misplaced: Fraction of it that lies where its kind does not.
        openings: Of the garment as it faces here.
    """

    fit: Fit
    seed: Seed
    cost: float
    rival: float
    misplaced: float
    openings: tuple[Opening, ...] = ()

    @property
    def told(self) -> bool:
        """Whether the artist's own skeleton said so."""
        return self.seed.arms == ITS_SKELETON

    def pitch_deg(self) -> float:
        """Return how far the garment leans back against how it was made."""
        turn = self.fit.stand.turn @ self.seed.stand.turn.T
        return float(np.degrees(np.arctan2(turn[2, 1], turn[1, 1])))


def facings(
    points: Floats, faces: NDArray[np.int32], category: str, *, up_doubted: bool, yaw_deg: float | None
) -> list[tuple[float, Floats, float]]:
    """Return each way a garment may face: yaw [degrees], turn [3, 3] and what speaks against it [cm]."""
    found = []
    for up, turn_up in ((0.0, np.eye(3)), (0.5, _SIDEWAYS_UP), (0.5, _SIDEWAYS_UP.T)):
        if up and not up_doubted:
            continue
        standing = points @ turn_up.T
        for yaw in (0.0, 90.0, 180.0, 270.0) if yaw_deg is None else (yaw_deg,):
            c, s = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))
            about = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
            around, turn = standing @ about.T, about @ turn_up
            against = up + 100 * min(asymmetry(around), 0.05)
            tilt = front_tilt(find_openings(around, faces, category))
            against += _TILT_COST * float(np.clip(-tilt / 0.1, 0.0, 1.0)) + (0.0 if yaw == 0 else _TURNED)
            found.append((yaw, turn, float(against)))
    best = min(against for _, _, against in found)
    return [(yaw, turn, against - best) for yaw, turn, against in found]


def search(
    points: Floats,
    faces: NDArray[np.int32],
    category: str,
    rest: RestBody,
    *,
    doubt: Doubt = NO_DOUBT,
    scale: float | None = None,
    arm_angle_deg: float | None = None,
    yaw_deg: float | None = None,
    limbs: bool = True,
) -> Found:
    """Return where a garment belongs on the body, and the body in its pose.

    Args:
        points: float64 [V, 3], metres, about upright.
        faces: int32 [F, 3].
        category: What it is.
        rest: The body.
        doubt: What else it might be.
        scale: Uniform scale to use; None finds out.
        arm_angle_deg: Of the sleeves below the horizontal; None finds out.
        yaw_deg: Turn about the vertical; None finds out.
        limbs: Whether arms and legs may turn.
    """
    trust = _TRUST / 3 if doubt.category else _TRUST
    used = np.unique(faces)
    hanging = _hanging(points, category)
    cloth = Cloth.sampled(points, faces, _FINE, hanging=hanging)
    hang = Hang(points, faces, category, rest, sure=not doubt.category)
    rules = _Rules(category, trust, scaled=scale is None, limbs=limbs, legs=category not in _SKIRTED, hang=hang)
    turned = facings(points, faces, category, up_doubted=doubt.up, yaw_deg=yaw_deg)
    bodies = arm_poses(rest, category, arm_angle_deg)
    scales = ((scale, 0.0),) if scale is not None else (*_SIZES, *doubt.scales)
    few = Cloth.sampled(points, faces, _COARSE, hanging=hanging)
    guesses = judged(list(seeds(bodies, turned, points[used], scales)), few, category, trust=trust, hang=hang)
    fits = [_grown(cloth, seed, rules, 6) for seed in varied(guesses, _FITTED)]
    fits.sort(key=lambda found: found.cost)
    fits[:_AGAIN] = [_again(cloth, found, rules, 12) for found in fits[:_AGAIN]]
    best = min(fits, key=lambda found: found.cost)
    return _opened(replace(best, rival=_rival(best, fits, points[used])), points, faces, category)


def settle(
    points: Floats, faces: NDArray[np.int32], category: str, start: Seed, *, scaled: bool = False, limbs: bool = True
) -> Found | None:
    """Return a garment brought to the body from where its skeleton says it belongs; None when it does not fit there.

    Args:
        points: float64 [V, 3] [m].
        faces: int32 [F, 3].
        category: What it is.
        start: From `_place_skeleton.led`.
        scaled: Whether it may change its size.
        limbs: Whether arms and legs may turn.
    """
    cloth = Cloth.sampled(points, faces, _FINE, hanging=_hanging(points, category))
    hang = Hang(points, faces, category, start.body.rest)
    rules = _Rules(category, _TRUST, scaled=scaled, limbs=limbs, legs=category not in _SKIRTED, hang=hang)
    best = _grown(cloth, start, rules, 6)
    return _opened(best, points, faces, category) if best.cost < _NO_FIT else None


def _hanging(points: Floats, category: str) -> float:
    """Return the part of a garment's height that hangs free."""
    tall = float(np.ptp(points[:, 2]))
    free = _SKIRTED.get(category, 0.0)
    return min(free, max(0.0, 1 - _YOKE / max(tall, 1e-9))) if category == "skirt" else free


def _opened(found: Found, points: Floats, faces: NDArray[np.int32], category: str) -> Found:
    """Name the openings of the garment as it faces there."""
    around = points @ found.seed.stand.turn.T
    return replace(found, openings=tuple(find_openings(around, faces, category)))


@dataclass(frozen=True)
class _Rules:
    """What a fit may do and what counts against it."""

    category: str
    trust: float
    scaled: bool
    limbs: bool
    legs: bool
    hang: Hang


def _grown(cloth: Cloth, seed: Seed, rules: _Rules, rounds: int) -> Found:
    grown = fit(cloth, seed.stand, seed.body, rounds=rounds, limbs=rules.limbs, legs=rules.legs, scaled=rules.scaled)
    return _judged(grown, seed, rules)


def _again(cloth: Cloth, found: Found, rules: _Rules, rounds: int) -> Found:
    """Go on with a fit, if that makes it better."""
    stand, body = found.fit.stand, found.fit.body
    grown = fit(cloth, stand, body, rounds=rounds, limbs=rules.limbs, legs=rules.legs, scaled=rules.scaled)
    more = _judged(grown, found.seed, rules)
    return more if more.cost < found.cost else found


def _judged(grown: Fit, seed: Seed, rules: _Rules) -> Found:
    wrong = misplaced(rules.category, grown.contact.follows)
    resized = abs(float(np.log(grown.stand.scale / seed.stand.scale)))
    cost = grown.misfit + seed.prior + rules.trust * wrong + _RESIZED * resized + rules.hang.cost(grown.stand)
    return Found(grown, seed, cost, np.inf, wrong)


def _rival(best: Found, fits: Sequence[Found], points: Floats) -> float:
    """Return the least cost of a fit that would put the garment clearly elsewhere."""
    sample = points[:: max(1, len(points) // 200)]
    here = best.fit.stand.apply(sample)
    elsewhere = [f.cost for f in fits if np.linalg.norm(f.fit.stand.apply(sample) - here, axis=1).mean() > 0.06]
    return min(elsewhere, default=np.inf)
