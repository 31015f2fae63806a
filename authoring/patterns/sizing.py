"""The measures that a pattern is drafted for: a body's, graded by a size, changed by the maker, and believable."""

from __future__ import annotations

import difflib
import functools
import math
from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.measures import Measures
from dressform.schemas.errors import UsageError

SIZES: tuple[str, ...] = ("XS", "S", "M", "L", "XL", "XXL")
DEFAULT_SIZE = "M"

MEASURES: tuple[str, ...] = tuple(field.name for field in fields(Measures))

# Steps away from M; one step is 4 cm of chest. The larger sizes lie further apart, as letter sizes usually do.
_STEPS: Mapping[str, float] = MappingProxyType({"XS": -2.0, "S": -1.0, "M": 0.0, "L": 1.0, "XL": 2.25, "XXL": 3.5})

# Growth per step [m, kg]. Letter sizes grow in girth and breadth; stature and leg stay, arm and back lengthen a little.
_GRADE: Mapping[str, float] = MappingProxyType(
    {
        "mass": 4.5,
        "neck": 0.010,
        "chest": 0.040,
        "waist": 0.040,
        "hip": 0.040,
        "thigh": 0.022,
        "knee": 0.012,
        "calf": 0.010,
        "ankle": 0.005,
        "upper_arm": 0.012,
        "wrist": 0.005,
        "shoulder": 0.008,
        "arm": 0.005,
        "back": 0.004,
    }
)

# Smallest and largest that are believed of an adult [m, kg]: set wide by hand, to catch slips of unit or of a digit,
# and not from a survey. Shoulder, arm and back run between joint centres here, so they are shorter than a tape over the
# skin.
BOUNDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "height": (1.30, 2.20),
        "mass": (35.0, 220.0),
        "neck": (0.26, 0.60),
        "chest": (0.62, 1.75),
        "waist": (0.48, 1.80),
        "hip": (0.65, 1.85),
        "thigh": (0.34, 1.05),
        "knee": (0.26, 0.70),
        "calf": (0.24, 0.65),
        "ankle": (0.15, 0.42),
        "upper_arm": (0.17, 0.65),
        "wrist": (0.115, 0.27),
        "inseam": (0.55, 1.15),
        "shoulder": (0.22, 0.56),
        "arm": (0.36, 0.75),
        "back": (0.24, 0.60),
    }
)

# Shares of one measure in another that bodies keep even at the ends of the range above.
_SHARES: tuple[tuple[str, str, float, float], ...] = (
    ("waist", "hip", 0.50, 1.50),
    ("waist", "chest", 0.50, 1.40),
    ("hip", "chest", 0.65, 1.60),
    ("neck", "chest", 0.24, 0.56),
    ("upper_arm", "chest", 0.18, 0.46),
    ("shoulder", "chest", 0.20, 0.56),
    ("thigh", "hip", 0.38, 0.80),
    ("knee", "thigh", 0.45, 0.98),
    ("ankle", "calf", 0.40, 0.98),
    ("wrist", "upper_arm", 0.30, 0.95),
    ("inseam", "height", 0.36, 0.58),
    ("arm", "height", 0.23, 0.42),
    ("back", "height", 0.15, 0.30),
    ("shoulder", "height", 0.13, 0.30),
)


def pattern_measures(
    size: str = DEFAULT_SIZE,
    overrides: Mapping[str, float] = MappingProxyType({}),
    base: Mapping[str, float] | None = None,
) -> Mapping[str, float]:
    """Return the measures to draft for, by the names of `runtime.body.measures.Measures` [m, kg].

    Args:
        size: One of `SIZES`; M is the base itself.
        overrides: Measures that the maker gives; they hold whatever the size says [m, kg].
        base: Measures of the body to draft for; None takes the canonical body's.
    """
    check_size(size)
    for name in overrides:
        _known(name)
    start = canonical_measures() if base is None else base
    missing = [name for name in MEASURES if name not in start]
    if missing:
        raise UsageError(f"the body's measures lack {', '.join(missing)}; measure it with `dressform avatar measure`")
    graded = {name: float(start[name]) + _STEPS[size] * _GRADE.get(name, 0.0) for name in MEASURES}
    graded.update({name: float(value) for name, value in overrides.items()})
    check_measures(graded)
    return MappingProxyType(graded)


def check_size(size: str) -> str:
    """Return a size as given; a UsageError where there is none of that name."""
    if size not in _STEPS:
        near = f"; did you mean {size.upper()!r}?" if size.upper() in _STEPS else f"; use one of {', '.join(SIZES)}"
        raise UsageError(f"there is no size {size!r}{near}")
    return size


@functools.cache
def canonical_measures() -> Mapping[str, float]:
    """Return the measures of the canonical body, which size M fits [m, kg]."""
    return MappingProxyType(canonical_rest().measures().as_dict())


def size_step(size: str) -> float:
    """Return how many steps of the grade a size lies from M; a name that is no letter size is drafted as M."""
    return _STEPS.get(size, 0.0)


def check_measures(measures: Mapping[str, float]) -> None:
    """Raise a UsageError for measures that no adult body has.

    Args:
        measures: All of `MEASURES` [m, kg].
    """
    for name in MEASURES:
        value = measures[name]
        if not math.isfinite(value) or value <= 0:
            raise UsageError(f"the measure {name} needs a positive number, found {value:g}")
        low, high = BOUNDS[name]
        if not low <= value <= high:
            raise UsageError(
                f"no adult body has {name} = {_said(name, value)}; needed {_said(name, low)} to {_said(name, high)}"
                + _unit_hint(name, value)
            )
    for part, whole, low, high in _SHARES:
        share = measures[part] / measures[whole]
        if not low <= share <= high:
            raise UsageError(
                f"no adult body has {part} = {_said(part, measures[part])} with {whole} = "
                f"{_said(whole, measures[whole])}; {part} needs {_said(part, low * measures[whole])} to "
                f"{_said(part, high * measures[whole])} there, or change {whole}"
            )


def _known(name: str) -> None:
    if name in MEASURES:
        return
    near = difflib.get_close_matches(name.lower().replace("-", "_"), MEASURES, n=1, cutoff=0.6)
    cure = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(MEASURES)}"
    raise UsageError(f"there is no measure {name!r}; {cure}")


def _said(name: str, value: float) -> str:
    return f"{value:.1f} kg" if name == "mass" else f"{value:.3f} m"


def _unit_hint(name: str, value: float) -> str:
    low, high = BOUNDS[name]
    if name != "mass":
        for unit, factor in (("cm", 0.01), ("mm", 0.001), ("inches", 0.0254)):
            if low <= value * factor <= high:
                return f"; measures are in metres: is this in {unit}? then give {value * factor:.3f}"
    return ""
