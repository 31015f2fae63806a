"""The order of sizes, and which of them is nearest to a body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_LETTERS = ("XXS", "XS", "S", "M", "L", "XL", "XXL", "3XL")
GIRTHS = ("chest", "waist", "hip")  # what a size is chosen by


def ordered_sizes(sizes: Iterable[str]) -> list[str]:
    """Return sizes from small to large: letters as the trade orders them, then the rest as they stand."""
    return sorted(sizes, key=lambda size: _LETTERS.index(size) if size in _LETTERS else len(_LETTERS))


def nearest_size(measures: Mapping[str, Mapping[str, float]], body: Mapping[str, float], default: str) -> str:
    """Return the size whose girths are nearest to a body's, in proportion.

    Args:
        measures: Size → the body measures it is cut for [m]; sizes that state no girth are not considered.
        body: At least chest, waist and hip [m].
        default: What is returned where no size states a girth.
    """

    def misfit(size: str) -> float:
        known = [name for name in GIRTHS if measures[size].get(name, 0) > 0]
        return sum((body[name] / measures[size][name] - 1) ** 2 for name in known) / len(known)

    stating = [size for size, own in measures.items() if any(own.get(name, 0) > 0 for name in GIRTHS)]
    return min(ordered_sizes(stating), key=misfit, default=default)
