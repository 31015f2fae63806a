"""The solvers by name."""

from __future__ import annotations

from dressform.schemas.errors import UsageError

from . import style3d, vbd
from .solver import ClothSimulation

SOLVERS: dict[str, type[ClothSimulation]] = {"style3d": style3d.Simulation, "vbd": vbd.Simulation}


def solver_kind(name: str) -> type[ClothSimulation]:
    """Return the class of a solver, or raise a UsageError that names those there are."""
    if name not in SOLVERS:
        raise UsageError(f"solver must be one of {', '.join(SOLVERS)}, got {name!r}")
    return SOLVERS[name]
