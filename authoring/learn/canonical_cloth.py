"""Real cloth for sampling: garments simulated on a body by the canonical protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.authoring.simulate.posed import CANONICAL, CanonicalProtocol, Dropped, PosedCloth
from dressform.authoring.simulate.solvers import solver_kind
from dressform.authoring.simulate.wearing import MAIN, Wearing
from dressform.runtime.body.protocol import Pose, RestBody

from .cloth_on_body import ClothOnBody, Lost, Rested
from .specimen import Specimen

Floats = NDArray[np.float32]

SOLVER = "style3d"


class CanonicalCloth:
    """Garments on one body; see `ClothOnBody`.

    Args:
        garments: From the inside.
        size: Of the outermost; what is below comes in the same size where it has it, else in its default.
        rest: The body.
        protocol: How a pose is reached.
        solver: "style3d" or "vbd".
        seed: Of the protocol's noise.
    """

    def __init__(
        self,
        garments: Sequence[Specimen],
        size: str,
        rest: RestBody,
        *,
        protocol: CanonicalProtocol = CANONICAL,
        solver: str = SOLVER,
        seed: int = 0,
    ) -> None:
        wearings = wear(garments, size, rest)
        self.posed = PosedCloth(wearings, rest, solver=solver, protocol=protocol, seed=seed)

    def settle(self) -> list[Floats]:
        """Return each garment at rest, from the inside, float32 [V, 3] [m]."""
        return self.posed.settle()

    def pose(self, pose: Pose) -> Rested | Lost:
        """Return the garments in a pose."""
        try:
            posed = self.posed.pose(pose)
        except Dropped as error:
            return Lost(error.reason)
        return Rested(posed.points, posed.still_mm)


def wear(garments: Sequence[Specimen], size: str, rest: RestBody) -> list[Wearing]:
    """Return garments on a body, from the inside; see `CanonicalCloth`."""
    wearings: list[Wearing] = []
    for garment in garments:
        own = size if garment is garments[-1] else garment.size_like(size)
        fabrics = None if garment.fabric is None else {MAIN: garment.fabric}
        wearings.append(
            Wearing.of(
                garment.meshes[own], garment.rig_of(own), rest, fabrics, below=tuple(wearings), name=garment.label
            )
        )
    return wearings


def canonical_cloth(garments: Sequence[Specimen], size: str, rest: RestBody) -> ClothOnBody:
    """Return garments on a body, simulated with the default solver."""
    return CanonicalCloth(garments, size, rest)


def simulation() -> dict[str, Any]:
    """Return how `canonical_cloth` simulates, as JSON values: samples that were made otherwise are others."""
    attempts = CANONICAL.attempts or solver_kind(SOLVER).attempts
    return {"solver": SOLVER, **asdict(CANONICAL), "attempts": [list(attempt) for attempt in attempts]}
