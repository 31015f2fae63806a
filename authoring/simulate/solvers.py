"""The solvers by name."""

from __future__ import annotations

from dressform.schemas.errors import UsageError

from .solver import ClothSimulation
from .style3d import Simulation

SOLVERS: dict[str, type[ClothSimulation]] = {"style3d": Simulation}


def solver_kind(name: str) -> type[ClothSimulation]:
    """Return the class of a solver, or raise a UsageError that names those there are."""
    if name not in SOLVERS:
        raise UsageError(f"solver must be one of {', '.join(SOLVERS)}, got {name!r}")
    return SOLVERS[name]
