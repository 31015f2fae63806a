"""What is found when sizes of a garment are tried on a body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["tight", "close", "good", "loose"]


@dataclass(frozen=True)
class RegionFit:
    """How a size sits at one place.

    Attributes:
        ease_cm: Girth of the garment, as cut, over that of the body; below zero where it has to stretch [cm].
        design_cm: The ease that the garment is designed with there [cm].
        body_cm: Girth of the body [cm].
        garment_cm: Girth of the garment as cut [cm].
        strain_percent: How far the cloth around is stretched; 0 where it is slack [%].
        pressure_kpa: Mean pressure on the skin around [kPa].
        verdict: Against the design; what is closer than designed is "tight" once it has to stretch, else "close".
        is_open: Whether the garment is open in front there; its girth is then that of the cloth there is.
    """

    ease_cm: float
    design_cm: float
    body_cm: float
    garment_cm: float
    strain_percent: float
    pressure_kpa: float
    verdict: Verdict
    is_open: bool


@dataclass(frozen=True, eq=False)
class SizeFit:
    """How one size sits on a body.

    Attributes:
        size: Its name.
        regions: By name, from the neck down; only those that the garment has.
        stretch_mean_percent: Mean stretch of the cloth over its own size, slack cloth counting 0 [%].
        stretch_p95_percent: 95th percentile over the cloth's area [%].
        misfit: How far it is from the design over all regions; 0 is as designed, 1 as far off as still counts as good.
        points: float32 [V, 3] the garment at its real size on the body in its rest pose [m].
        faces: int32 [F, 3] of the whole garment.
        strain: float32 [F] larger principal stretch less 1 of each triangle; 0 for what is not cloth.
        pressure: float32 [V] [Pa].
    """

    size: str
    regions: Mapping[str, RegionFit]
    stretch_mean_percent: float
    stretch_p95_percent: float
    misfit: float
    points: NDArray[np.float32]
    faces: NDArray[np.int32]
    strain: NDArray[np.float32]
    pressure: NDArray[np.float32]

    @property
    def pressure_kpa(self) -> float:
        """The greatest mean pressure around a region [kPa]; a hem that stands on a foot does not count."""
        return max((region.pressure_kpa for name, region in self.regions.items() if name != "hem"), default=0.0)

    def at(self, verdict: Verdict) -> list[str]:
        """Return the regions of a verdict."""
        return [name for name, region in self.regions.items() if region.verdict == verdict]

    def as_dict(self) -> dict[str, object]:
        """Return the figures as JSON values."""
        return {
            "regions": {
                name: {
                    "ease_cm": round(region.ease_cm, 1),
                    "design_cm": round(region.design_cm, 1),
                    "body_cm": round(region.body_cm, 1),
                    "garment_cm": round(region.garment_cm, 1),
                    "strain_percent": round(region.strain_percent, 1),
                    "pressure_kpa": round(region.pressure_kpa, 2),
                    "verdict": region.verdict,
                    "open": region.is_open,
                }
                for name, region in self.regions.items()
            },
            "stretch_mean_percent": round(self.stretch_mean_percent, 2),
            "stretch_p95_percent": round(self.stretch_p95_percent, 2),
            "pressure_kpa": round(self.pressure_kpa, 2),
            "misfit": round(self.misfit, 2),
        }


@dataclass(frozen=True, eq=False)
class GarmentFit:
    """How the sizes of a garment sit on a body.

    Attributes:
        garment: Name and version.
        sizes: What was tried, from small to large.
        recommended: The size that sits nearest to its design.
        reason: Why, in words.
        lacks: Regions that the garment does not have.
        notes: What to mind, such as a body outside the range of the sizes.
    """

    garment: str
    sizes: Mapping[str, SizeFit]
    recommended: str
    reason: str
    lacks: tuple[str, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the figures as JSON values."""
        return {
            "garment": self.garment,
            "recommended": self.recommended,
            "reason": self.reason,
            "sizes": {size: fit.as_dict() for size, fit in self.sizes.items()},
            "lacks": list(self.lacks),
            "notes": list(self.notes),
        }
