"""What a fabric's physics means to the solver."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from dressform.schemas.errors import InputError
from dressform.schemas.template import Fabric
from dressform.validators.rules.fabric import QUANTITIES

# Cotton jersey: weight and friction as sold and as in textile handbooks, stiffness as Style3D drapes a tee plausibly.
DEFAULT: Fabric = {
    "name": "jersey",
    "weight": 0.18,
    "stretch_warp": 400.0,
    "stretch_weft": 300.0,
    "shear": 100.0,
    "bending_warp": 2e-5,
    "bending_weft": 1.5e-5,
    "friction": 0.35,
}

# Outside these the solver's few iterations no longer converge, or the mesh is too coarse for the folds.
STRETCH = (150.0, 1200.0)  # [N/m]; a garment's own weight strains even the softest by less than 2 %
SHEAR = (30.0, 400.0)  # [N/m]
BENDING = (1e-5, 5e-3)  # [N·m]; softer cloth folds finer than triangles of 15 mm can show
WEIGHT = (0.05, 0.8)  # [kg/m²]
FRICTION = (0.0, 2.0)

# A hem is pressed and stitched, so that its two layers bend as one; stiffness grows with the cube of the thickness.
_FOLDED = 8.0


def check_physics(fabric: Fabric | None, where: str) -> None:
    """Raise unless every number of a fabric is one that some cloth has; what the solver cannot take is no fault.

    Args:
        fabric: Of a draft or version, or None.
        where: Names the garment in errors.

    Raises:
        InputError: It names the number, and the unit that was probably meant.
    """
    stated = {key: value for key, value in (fabric or {}).items() if isinstance(value, int | float)}
    for quantity in QUANTITIES:
        fault = quantity.fault(float(stated.get(quantity.key, quantity.bounds[0])))
        if fault:
            raise InputError(f"{where}: the fabric's {fault}; correct `fabric` in its template.json")
    friction = float(stated.get("friction", 0.0))
    if not FRICTION[0] <= friction <= FRICTION[1]:
        raise InputError(f"{where}: the fabric's friction is {friction:g}, needed {FRICTION[0]:g} to {FRICTION[1]:g}")


@dataclass(frozen=True)
class Cloth:
    """Parameters of one cloth in SolverStyle3D, whose energies are those of Baraff and Witkin (1998) and Bergou (2006).

    Attributes:
        density: [kg/m²].
        stretch: Along x (weft) and y (warp) of the panels, and shear [N/m]: energy per area ½ k (|F_u| − 1)².
        bending: Mean of warp and weft [N·m]: energy per area ½ k H², H the mean curvature's Laplacian form.
        friction: Coulomb's coefficient against the body.
    """

    density: float
    stretch: tuple[float, float, float]
    bending: float
    friction: float

    @classmethod
    def of(cls, fabric: Fabric | None) -> Cloth:
        """Return the parameters of a fabric, kept within the solver's range; what it does not say is jersey's.

        N/m and N·m carry over unchanged, since the solver integrates over the flat panels' true areas.
        """
        known: dict[str, Any] = {**DEFAULT, **(fabric or {})}

        def within(name: str, limits: tuple[float, float]) -> float:
            return min(max(float(known[name]), limits[0]), limits[1])

        bending = 0.5 * (within("bending_warp", BENDING) + within("bending_weft", BENDING))
        stretch = (within("stretch_weft", STRETCH), within("stretch_warp", STRETCH), within("shear", SHEAR))
        return cls(within("weight", WEIGHT), stretch, bending, within("friction", FRICTION))

    def turned(self) -> Cloth:
        """Return this cloth where a hem is turned under it: twice as heavy, and stiffer to bend."""
        return replace(self, density=2 * self.density, bending=min(_FOLDED * self.bending, BENDING[1]))
