"""Fabrics by name or from a file of the user's own."""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from dressform.schemas import template
from dressform.schemas.documents import check_document, load_json
from dressform.schemas.errors import InputError, UsageError
from dressform.schemas.fabric import FabricColour, FabricDocument, FabricLook, FabricPhysics, FabricShading

LIBRARY = Path(__file__).with_name("library")
_MAX_BYTES = 2**20
_MILLI, _MICRO = 1e-3, 1e-6
_WHOLE = 0.02  # how far a tile may stretch its yarns so that it holds whole repeats


@dataclass(frozen=True)
class Fabric:
    """A cloth, as its file says.

    Attributes:
        document: The whole file.
    """

    document: FabricDocument

    @property
    def name(self) -> str:
        """Its name."""
        return self.document["name"]

    @property
    def look(self) -> FabricLook:
        """Its structure."""
        return self.document["look"]

    @property
    def colour(self) -> FabricColour:
        """Its dye and how that varies."""
        return self.document["colour"]

    @property
    def shading(self) -> FabricShading:
        """How it takes light."""
        return self.document["shading"]

    @property
    def physics(self) -> FabricPhysics:
        """How it hangs, in the units of the trade; `template_fabric` has those of a template."""
        return self.document["physics"]

    @property
    def tile_m(self) -> float:
        """Side of the square that repeats [m]."""
        return self.document["tile"]


def fabric_names() -> tuple[str, ...]:
    """Return the names of the fabrics that come with dressform."""
    return tuple(sorted(path.stem for path in LIBRARY.glob("*.json")))


def fabric(name: str | Path) -> Fabric:
    """Return a fabric.

    Args:
        name: Of a fabric that comes with dressform, or the path of a fabric file (it ends in .json).
    """
    if str(name).endswith(".json"):
        return read_fabric(Path(name))
    names = fabric_names()
    if name not in names:
        near = difflib.get_close_matches(str(name).lower().replace("_", "-"), names, 1, 0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UsageError(
            f"fabric {str(name)!r} is unknown; {hint}there are {', '.join(names)}, or a file that ends in .json"
        )
    return _own(str(name))


@functools.cache
def _own(name: str) -> Fabric:
    return read_fabric(LIBRARY / f"{name}.json")


def read_fabric(path: Path) -> Fabric:
    """Read and check a fabric file."""
    content = load_json(path, limit=_MAX_BYTES)
    check_document("fabric", content, str(path))
    found = Fabric(cast(FabricDocument, content))
    _check_repeats(found, str(path))
    return found


def template_fabric(fabric: Fabric) -> template.Fabric:
    """Return the physics as a template's manifest says it: kg/m², m, N/m and N·m."""
    physics = fabric.physics
    return {
        "name": fabric.name,
        "weight": physics["weight"] * _MILLI,
        "thickness": physics["thickness"] * _MILLI,
        "stretch_warp": physics["stretch_warp"],
        "stretch_weft": physics["stretch_weft"],
        "shear": physics["shear"],
        "bending_warp": physics["bending_warp"] * _MICRO,
        "bending_weft": physics["bending_weft"] * _MICRO,
        "friction": physics["friction"],
    }


def repeats(per_cm: float, tile_m: float, repeat: int) -> int:
    """Return how many yarns (or wales) a tile holds: the whole number of repeats nearest to what the file says."""
    return max(1, round(per_cm * 100 * tile_m / repeat)) * repeat


def counts(fabric: Fabric) -> dict[str, tuple[float, int]]:
    """Return what is counted per centimetre, by its key in the file: the figure, and how many make a repeat."""
    look = fabric.look
    if "woven" in look:
        woven = look["woven"]
        repeat = woven["over"] + woven["under"]
        return {
            "warp_per_cm": (woven["warp_per_cm"], repeat * woven["together"]),
            "weft_per_cm": (woven["weft_per_cm"], repeat),
        }
    if "knit" in look:
        knit = look["knit"]
        rib = knit["rib_front"] + knit["rib_back"]
        return {"wales_per_cm": (knit["wales_per_cm"], max(rib, 1)), "courses_per_cm": (knit["courses_per_cm"], 1)}
    if "pile" in look and look["pile"]["wales_per_cm"]:
        return {"wales_per_cm": (look["pile"]["wales_per_cm"], 1)}
    return {}


def _check_repeats(fabric: Fabric, where: str) -> None:
    for key, (per_cm, repeat) in counts(fabric).items():
        held = repeats(per_cm, fabric.tile_m, repeat)
        wanted = per_cm * 100 * fabric.tile_m
        if abs(held - wanted) > _WHOLE * wanted:
            better = max(1, round(wanted / repeat)) * repeat / (per_cm * 100)
            raise InputError(
                f"{where}: at $.tile: {fabric.tile_m:g} m holds {wanted:.4g} of {key}, needed a multiple of {repeat}; "
                f"a tile of {better:.4g} m does"
            )
    look = fabric.look
    if "woven" in look:
        step, repeat = look["woven"]["step"], look["woven"]["over"] + look["woven"]["under"]
        if step >= repeat:
            raise InputError(f"{where}: at $.look.woven.step: {step}, needed less than over + under, {repeat}")
    if "knit" in look and bool(look["knit"]["rib_front"]) != bool(look["knit"]["rib_back"]):
        raise InputError(f"{where}: at $.look.knit: a rib needs both rib_front and rib_back, a jersey neither")
