"""The numbers that rules hold an asset to; a profile may set each of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budgets:
    """Limits; the defaults are those of the toolkit's own runtime.

    Attributes:
        triangles: Most triangles of a size.
        texture_px: Longest side of a texture [px].
    """

    triangles: int = 60_000
    texture_px: int = 4096
