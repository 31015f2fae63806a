"""Options of a mark, checked as they are read."""

from __future__ import annotations

from dataclasses import dataclass

from dressform.authoring.patterns.pattern import Mark
from dressform.schemas.errors import InputError

from .look import ClothLook, Rgb
from .sheet import Sheet


@dataclass(frozen=True)
class Brush:
    """Where and in which look a mark is painted.

    Attributes:
        sheet: Under the brush.
        panel: Number of the panel.
        name: Of the panel, for messages.
        look: Of its cloth.
    """

    sheet: Sheet
    panel: int
    name: str
    look: ClothLook


def number(brush: Brush, mark: Mark, key: str, default: float) -> float:
    """Return a number from a mark's options."""
    value = mark.options.get(key, default)
    if isinstance(value, str) or value != value or (value < 0 and key != "angle"):
        raise InputError(f"panel {brush.name!r}: {mark.kind} mark: {key} is {value!r}, needed a number of at least 0")
    return float(value)


def word(brush: Brush, mark: Mark, key: str, choices: tuple[str, ...]) -> str:
    """Return a word from a mark's options; the first choice where it says nothing."""
    value = mark.options.get(key, choices[0])
    if value not in choices:
        raise InputError(f"panel {brush.name!r}: {mark.kind} mark: {key} is {value!r}, needed {' or '.join(choices)}")
    return str(value)


def color(brush: Brush, mark: Mark, default: Rgb) -> Rgb:
    """Return the colour "#rrggbb" from a mark's options, sRGB in [0, 1]."""
    value = mark.options.get("color")
    if value is None:
        return default
    try:
        if not isinstance(value, str) or len(value) != 7 or value[0] != "#":
            raise ValueError
        red, green, blue = (int(value[k : k + 2], 16) / 255 for k in (1, 3, 5))
    except ValueError:
        raise InputError(f"panel {brush.name!r}: {mark.kind} mark: color is {value!r}, needed '#rrggbb'") from None
    return (red, green, blue)
