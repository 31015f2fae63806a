"""Units of length that files come in, and the heights and masses of adults; inside, everything is metres."""

from __future__ import annotations

from .errors import UsageError

METRES_PER_UNIT = {
    "m": 1.0,
    "dm": 0.1,
    "cm": 0.01,
    "mm": 0.001,
    "in": 0.0254,
    "ft": 0.3048,
}
HEIGHTS_M, MASSES_KG = (1.2, 2.4), (30.0, 250.0)  # of adults; who is beyond is not fitted


def metres_per(unit: str) -> float:
    """Return the length of one unit [m].

    Raises:
        UsageError: When the unit is not known.
    """
    if unit not in METRES_PER_UNIT:
        raise UsageError(f"unknown unit {unit!r}; needed one of {', '.join(METRES_PER_UNIT)}")
    return METRES_PER_UNIT[unit]
