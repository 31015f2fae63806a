"""Further looks of a garment: another painted sheet, and the same prints on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dressform.assets.files.garment import GarmentMesh
from dressform.authoring.fabrics.fabric import Fabric
from dressform.authoring.fabrics.material import fabric_material
from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.schemas import template

from .look import ClothLook
from .painting import paint_sheet
from .print_materials import print_picture, print_regions
from .prints import Print

_TILE = 64  # [px]


@dataclass(frozen=True)
class Colourway:
    """What a look adds to a template.

    Attributes:
        variant: Its entry in template.json.
        files: Its pictures by their paths in the draft.
        figures: Of the painted sheet.
    """

    variant: template.Variant
    files: Mapping[str, bytes]
    figures: Mapping[str, float]


def colourway(
    name: str,
    garment: GarmentMesh,
    flat: FlatMesh,
    looks: Mapping[str, ClothLook],
    fabrics: Mapping[str, Fabric],
    *,
    prints: Sequence[Print] = (),
    title: str | None = None,
) -> Colourway:
    """Paint a further look of a garment.

    Args:
        name: Of the look, a part of its files' paths.
        garment: With the materials of its first look; those named after no slot (buttons) stay as they are.
        flat: In the size whose sheet is painted.
        looks: By slot.
        fabrics: By slot; another fabric's weave needs another garment, so these are the first look's.
        prints: As in `print_materials`.
        title: For people.
    """
    sheet = paint_sheet(flat, looks)
    path = f"looks/{name}/sheet.jpg"
    files = {path: sheet.base_color}
    names = {material.name for material in garment.materials}
    changes: dict[str, template.MaterialChange] = {}
    for slot in sorted({panel.slot for panel in flat.pattern.panels} & names):
        changes[slot] = _change(path, sheet.base_color, slot, flat.sheet, fabrics.get(slot))
    for region in print_regions(flat, prints):
        own = f"looks/{name}/{region.material}.jpg"
        files[own] = print_picture(region, flat.sheet, sheet.base_color, fabrics.get(region.slot))
        changes[region.material] = _change(own, sheet.base_color, region.slot, flat.sheet, fabrics.get(region.slot))
    variant: template.Variant = {"materials": changes}
    if title is not None:
        variant["title"] = title
    return Colourway(variant, files, sheet.figures)


def _change(path: str, picture: bytes, slot: str, sheet_m: float, fabric: Fabric | None) -> template.MaterialChange:
    change: template.MaterialChange = {"base_color_image": path}
    if fabric is not None:
        # fuzz takes the dye's tint; the tile that comes with it is not needed, so it is small
        change["sheen"] = list(fabric_material(fabric, slot, sheet_m, picture, pixels=_TILE).sheen)
    return change
