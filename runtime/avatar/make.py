"""Avatars made by hand: from a few figures, or from a licensed SMPL-X file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from dressform.assets.hashing import file_sha256
from dressform.runtime.body.anny_body import ADULT_AGE, load_anny
from dressform.runtime.body.measures import Measures
from dressform.runtime.body.protocol import Pose
from dressform.runtime.body.smplx_body import load_smplx
from dressform.schemas.errors import UsageError
from dressform.schemas.progress import Progress, silent
from dressform.schemas.units import HEIGHTS_M, MASSES_KG

from .avatar_file import Avatar, BodyFile
from .fit_prior import SHAPE_MEAN

GENDERS: Mapping[str, float] = {"female": 1.0, "male": 0.0, "neutral": 0.5}
HEIGHT_TOLERANCE, MASS_TOLERANCE = 0.002, 0.3  # [m], [kg]


def check_stature(height_m: float | None, mass_kg: float | None) -> None:
    """Raise a UsageError for a height [m] or mass [kg] that no adult has."""
    rows = (("height", height_m, HEIGHTS_M, "m"), ("mass", mass_kg, MASSES_KG, "kg"))
    for name, value, (low, high), unit in rows:
        if value is not None and not (math.isfinite(value) and low <= value <= high):
            hint = f"; {value:g} looks like centimetres" if name == "height" and 100 < value < 250 else ""
            raise UsageError(f"{name} must be {low:g} to {high:g} {unit} (adults only), found {value:g}{hint}")


def gender_value(gender: str | float | None) -> float | None:
    """Return 0 (male) … 1 (female) for a name or a number; None stays None."""
    if isinstance(gender, str):
        if gender not in GENDERS:
            raise UsageError(f"gender must be one of {', '.join(GENDERS)}, found {gender!r}")
        return GENDERS[gender]
    if gender is not None and not 0.0 <= gender <= 1.0:
        raise UsageError(f"gender must be 0 (male) to 1 (female), found {gender:g}")
    return gender


def make_avatar(
    *,
    gender: str | float | None = None,
    height_m: float | None = None,
    mass_kg: float | None = None,
    shape: Mapping[str, float] | None = None,
    progress: Progress = silent,
) -> Avatar:
    """Make an Anny avatar from figures.

    Args:
        gender: "female", "male", "neutral", or 0 (male) … 1 (female).
        height_m: Standing height; an average one when None.
        mass_kg: Body mass; what the shape gives when None.
        shape: Further parameters of Anny, such as age, muscle, weight or a local change.
        progress: Told the finished fraction.

    Raises:
        UsageError: A value out of range, or a mass that no such body has.
    """
    check_stature(height_m, mass_kg)
    values = {key: SHAPE_MEAN[key] for key in ("gender", "muscle", "weight", "height", "proportions")}
    values = {**values, "age": ADULT_AGE, **(shape or {})}
    told = gender_value(gender)
    if told is not None:
        values["gender"] = told
    for key in ("weight", "muscle"):
        if mass_kg is not None and shape and key in shape:
            raise UsageError(f"give either the mass or {key}, not both: the mass is reached by weight and muscle")
    if height_m is not None and shape and "height" in shape:
        raise UsageError("give either the height in metres or the shape parameter height, not both")
    anny = load_anny(progress)

    def measures(changed: Mapping[str, float]) -> Measures:
        return anny.rest({**values, **changed}).measures()

    for _ in range(2 if mass_kg is not None else 1):  # height and mass depend on each other a little
        if height_m is not None:
            values["height"] = _solve(
                lambda v: measures({"height": v}).height, height_m, "height", "m", HEIGHT_TOLERANCE
            )
        if mass_kg is not None:
            along = _solve(lambda v: measures(_build(v)).mass, mass_kg, "mass", "kg", MASS_TOLERANCE)
            values.update(_build(along))
    rest = anny.rest(values)
    return Avatar("anny", dict(rest.shape), rest.measures().as_dict(), pose=Pose.t_pose())


def make_smplx_avatar(path: Path, betas: Mapping[str, float] | None = None) -> Avatar:
    """Make an avatar of the user's SMPL-X file.

    Args:
        path: A SMPL-X model file (.npz or .pkl); it is named in the avatar, not copied.
        betas: Shape parameters by name (beta0, beta1, …).
    """
    rest = load_smplx(path).rest(betas or {})
    avatar = Avatar("smplx", dict(rest.shape), rest.measures().as_dict(), pose=Pose.t_pose())
    return replace(avatar, body_file=BodyFile(str(path.resolve()), file_sha256(path)))


def _build(along: float) -> dict[str, float]:
    """Return weight and muscle on the way from the leanest body (0) over the average (0.5) to the heaviest (1).

    Anny's weight alone spans a dozen kilograms at average muscle; both ends lie where there is no muscle.
    """
    weight = min(max((along - 0.25) / 0.5, 0.0), 1.0)
    return {"weight": weight, "muscle": 0.5 * min(1.0, min(along, 1.0 - along) / 0.25)}


def _solve(figure: Callable[[float], float], wanted: float, name: str, unit: str, tolerance: float) -> float:
    """Return the parameter in [0, 1] at which a rising figure has the wanted value, by bisection."""
    low, high = 0.0, 1.0
    least, most = figure(low), figure(high)
    if not least - tolerance <= wanted <= most + tolerance:
        raise UsageError(
            f"{name} {wanted:g} {unit} is out of reach for this body; needed {least:.2f} to {most:.2f} {unit}"
        )
    for _ in range(24):
        middle = (low + high) / 2
        value = figure(middle)
        if abs(value - wanted) < tolerance / 4:
            return middle
        low, high = (middle, high) if value < wanted else (low, middle)
    return (low + high) / 2
