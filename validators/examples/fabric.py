"""Examples that break the rules on the fabric."""

from __future__ import annotations

from .broken import breaks
from .builder import Parts

DENIM = {
    "name": "denim",
    "weight": 0.4,
    "thickness": 0.00075,
    "stretch_warp": 12000,
    "stretch_weft": 7000,
    "shear": 150,
    "bending_warp": 3e-5,
    "bending_weft": 1.8e-5,
    "friction": 0.5,
}


def of_denim(parts: Parts) -> None:
    """A garment that states its fabric."""
    parts.manifest["fabric"] = dict(DENIM)


@breaks("fabric.units", at="$.fabric.weight", prepare=of_denim)
def break_units(parts: Parts) -> None:
    """A weight in g/m²."""
    parts.manifest["fabric"]["weight"] = 400


@breaks("fabric.range", at="$.fabric.bending_warp", prepare=of_denim)
def break_range(parts: Parts) -> None:
    """Denim as stiff as a board."""
    parts.manifest["fabric"]["bending_warp"] = 0.02


@breaks("fabric.density", at="$.fabric.thickness", prepare=of_denim)
def break_density(parts: Parts) -> None:
    """Denim as thin as chiffon."""
    parts.manifest["fabric"]["thickness"] = 0.0001


@breaks("fabric.incomplete", at="$.fabric", prepare=of_denim)
def break_incomplete(parts: Parts) -> None:
    """A fabric that nobody weighed."""
    del parts.manifest["fabric"]["weight"]
