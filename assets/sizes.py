"""The order of sizes."""

from __future__ import annotations

from collections.abc import Iterable

_LETTERS = ("XXS", "XS", "S", "M", "L", "XL", "XXL", "3XL")


def ordered_sizes(sizes: Iterable[str]) -> list[str]:
    """Return sizes from small to large: letters as the trade orders them, then the rest as they stand."""
    return sorted(sizes, key=lambda size: _LETTERS.index(size) if size in _LETTERS else len(_LETTERS))
