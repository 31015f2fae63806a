"""What sampling asks of a simulation: garments on one body, at rest and in a pose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.protocol import Pose, RestBody

from .specimen import Specimen

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Rested:
    """Garments that came to rest in a pose.

    Attributes:
        points: float32 [V, 3] of each garment, from the inside, world [m].
        still_mm: How far the fastest point still moved in the last frame [mm].
    """

    points: Sequence[Floats]
    still_mm: float


@dataclass(frozen=True)
class Lost:
    """A pose that could not be simulated, and why."""

    reason: str


class ClothOnBody(Protocol):
    """Garments on one body. What it gives for a pose depends on that pose alone, not on those before it."""

    def settle(self) -> Sequence[Floats]:
        """Return each garment at rest, from the inside, float32 [V, 3] [m]."""
        ...

    def pose(self, pose: Pose, /) -> Rested | Lost:
        """Return the garments in a pose, reached from the drape at rest."""
        ...


# dress(garments from the inside, size of the outermost, body): what a worker starts with for a body and a size;
# workers are processes of their own, so it must be a module's function (or a partial of one)
Dress = Callable[[Sequence[Specimen], str, RestBody], ClothOnBody]
