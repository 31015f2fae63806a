"""Checks of a pattern's options, one clear line each."""

from __future__ import annotations

import math

from dressform.schemas.errors import UsageError


def among(option: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise a UsageError unless a value is one of those allowed."""
    if value not in allowed:
        raise UsageError(f"{option} {value!r} is unknown; needed one of {', '.join(allowed)}")


def between(option: str, value: float, low: float, high: float, unit: str = " m") -> None:
    """Raise a UsageError unless a value lies within its bounds."""
    if not (math.isfinite(value) and low <= value <= high):
        raise UsageError(f"{option} needs {low:g} to {high:g}{unit}, found {value:g}{unit}")
