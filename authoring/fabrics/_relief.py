"""What a structure leaves on the tile, before it is turned into textures."""

from __future__ import annotations

from dataclasses import dataclass

from ._noise import Floats


@dataclass(frozen=True)
class Relief:
    """A structure drawn over the tile, rows from the top of the cloth.

    Attributes:
        height: [S, S] [m].
        tone: [S, S] brightness, about 1.
        white: [S, S] share of fibre that took no dye.
        cover: [S, S] share that is not a gap.
    """

    height: Floats
    tone: Floats
    white: Floats
    cover: Floats
