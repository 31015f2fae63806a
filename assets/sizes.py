"""The order of sizes, and which of them is nearest to a body."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_LETTERS = ("XXXS", "XXS", "XS", "S", "M", "L", "XL", "XXL", "XXXL")
GIRTHS = ("chest", "waist", "hip")  # what a size is chosen by


def ordered_sizes(sizes: Iterable[str]) -> list[str]:
    """Return sizes from small to large: letters as the trade orders them, then the rest as they stand."""

    def place(size: str) -> int:
        rank = size_rank(size)
        return len(_LETTERS) if rank is None else rank

    return sorted(sizes, key=place)


def size_rank(size: str) -> int | None:
    """Return the place of a size among the trade's letters, smallest first; None for any other size."""
    counted = re.fullmatch(r"(\d)X([SL])", size)  # 2XL is XXL
    letters = int(counted[1]) * "X" + counted[2] if counted else size
    return _LETTERS.index(letters) if letters in _LETTERS else None


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
