"""Prints as materials of their own: crisper than the sheet that the rest of the garment reads."""

from __future__ import annotations

import copy
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Material, Variant
from dressform.authoring.fabrics.fabric import Fabric
from dressform.authoring.fabrics.tile import fabric_tile
from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.schemas.errors import InputError

from .jpeg import encoded
from .lines import Line
from .prints import PlacedPrint, Print, lay_picture, over, place_print
from .sheet import Floats, sheet_offsets

PRINT_TEXEL = 0.00022  # [m]: letters of 3 mm stay sharp at arm's length
PRINT_BUDGET = 300_000  # bytes of a print's picture
_LARGEST = 2048  # [px]
_ROOM = 0.003  # [m] around the triangles of a print, for the texture's filter
_WEAVE = 0.6  # how much of the cloth's own light and shade is seen through the ink


@dataclass(frozen=True)
class PrintRegion:
    """A rectangle of the sheet that is painted anew with one or more prints.

    Attributes:
        material: Name of its material.
        slot: Name of the material that it stands out of.
        prints: What is printed, in order.
        corners: Of each print on the sheet, float64 [4, 2] [m].
        low: Left and lower side on the sheet [m].
        high: Right and upper side [m].
        pixels: Columns and rows of its picture.
    """

    material: str
    slot: str
    prints: tuple[PlacedPrint, ...]
    corners: tuple[Line, ...]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    pixels: tuple[int, int]

    def uv_transform(self, sheet: float) -> dict[str, list[float]]:
        """Return the KHR_texture_transform that maps UV0 on a sheet [m] to the region's picture."""
        left, right = self.low[0] / sheet, self.high[0] / sheet
        top, bottom = 1 - self.high[1] / sheet, 1 - self.low[1] / sheet
        scale = [float(1 / (right - left)), float(1 / (bottom - top))]
        return {"offset": [float(-left * scale[0]), float(-top * scale[1])], "scale": scale}


def print_regions(flat: FlatMesh, prints: Sequence[Print]) -> tuple[PrintRegion, ...]:
    """Find the rectangles of the sheet that prints take; prints that share triangles share a region.

    Args:
        flat: In the size whose sheet is painted.
        prints: In the order in which they are printed.
    """
    offsets = sheet_offsets(flat)
    triangles = (np.asarray(flat.layout, np.float64) * flat.sheet)[flat.flat_faces]
    found: list[tuple[int, list[PlacedPrint], list[Line], NDArray[np.float64], NDArray[np.float64]]] = []
    for order in prints:
        placed = place_print(flat.pattern, order)
        corners = placed.corners + offsets[placed.panel]
        own = triangles[(flat.face_panels == placed.panel) & _touching(triangles, corners)].reshape(-1, 2)
        low, high = own.min(axis=0) - _ROOM, own.max(axis=0) + _ROOM
        group: tuple[list[PlacedPrint], list[Line]] = ([placed], [corners])
        for other in [o for o in found if o[0] == placed.panel]:
            if (low < other[4]).all() and (high > other[3]).all():
                group = (other[1] + group[0], other[2] + group[1])
                low, high = np.minimum(low, other[3]), np.maximum(high, other[4])
                found.remove(other)
        found.append((placed.panel, *group, low, high))
    regions: list[PrintRegion] = []
    for panel, held, corners_of, low, high in found:
        slot = flat.pattern.panels[panel].slot
        number = sum(region.slot == slot for region in regions) + 1
        name = f"{slot}-print" if number == 1 else f"{slot}-print-{number}"
        texel = max(PRINT_TEXEL, float((high - low).max()) / _LARGEST)
        size = 4 * np.ceil((high - low) / texel / 4).astype(int)
        high = low + size * texel
        regions.append(PrintRegion(name, slot, tuple(held), tuple(corners_of), low, high, (int(size[0]), int(size[1]))))
    return tuple(regions)


def print_picture(region: PrintRegion, sheet: float, base_color: bytes, fabric: Fabric | None = None) -> bytes:
    """Return a region's picture: the cloth of a painted sheet with the prints on it, sRGB JPEG.

    Args:
        region: Which.
        sheet: Side of the sheet [m].
        base_color: The painted sheet of the colourway.
        fabric: Whose yarns are seen through the ink; None for a smooth print.
    """
    with Image.open(io.BytesIO(base_color)) as opened:
        whole = np.asarray(opened.convert("RGB"), np.float32) / 255
    texel = sheet / whole.shape[0]
    columns, rows = region.pixels
    step = (region.high - region.low) / (columns, rows)
    # column and row on the sheet of the region's pixel centres
    x = (region.low[0] + (np.arange(columns) + 0.5) * step[0]) / texel - 0.5
    y = (sheet - region.high[1] + (np.arange(rows) + 0.5) * step[1]) / texel - 0.5
    grid_x, grid_y = (np.ascontiguousarray(g, np.float32) for g in np.meshgrid(x, y))
    wide = cv2.remap(whole, grid_x, grid_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    cloth = np.asarray(np.clip(wide, 0, 1), np.float32)
    weave = _weave(region, sheet, fabric)
    for placed, corners in zip(region.prints, region.corners, strict=True):
        pixels = np.stack([corners[:, 0] - region.low[0], region.high[1] - corners[:, 1]], axis=1) / step - 0.5
        laid = lay_picture(placed.picture, pixels, (rows, columns))
        laid[..., :3] *= weave
        cloth = over(cloth, laid)
    picture = np.asarray(np.clip(cloth * 255 + 0.5, 0, 255), np.uint8)
    return encoded(picture, PRINT_BUDGET)[0]


def print_materials(
    garment: GarmentMesh, flat: FlatMesh, prints: Sequence[Print], fabrics: Mapping[str, Fabric] | None = None
) -> GarmentMesh:
    """Give the triangles under each print a material of their own.

    Args:
        garment: Its materials are named after the pattern's slots and hold the painted sheet.
        flat: In the size whose sheet is painted.
        prints: On its panels.
        fabrics: By slot, for the weave seen through the ink.
    """
    if garment.uv0 is None or garment.uv0_faces is None:
        raise InputError("print: the garment has no UV0; lay its pattern out on a sheet first")
    materials, ids = list(garment.materials), garment.material_ids.copy()
    triangles = (np.asarray(garment.uv0, np.float64) * flat.sheet)[garment.uv0_faces]
    worn = [list(variant.materials) for variant in garment.variants]
    for region in print_regions(flat, prints):
        slot = _slot(garment, region.slot)
        under = np.zeros(len(ids), np.bool_)
        for corners in region.corners:
            under |= _touching(triangles, corners)
        under &= garment.material_ids == slot
        inside = triangles[under].reshape(-1, 2)
        if not len(inside) or (inside < region.low).any() or (inside > region.high).any():
            raise InputError(f"print: the garment's UVs are not those of the pattern {flat.pattern.name!r}")
        fabric = (fabrics or {}).get(region.slot)
        ids[under] = len(materials)
        materials.append(_printed(garment.materials[slot], region, flat.sheet, fabric))
        own = len(materials) - 1
        for chosen in worn:
            chosen.append(own)
        for variant, chosen in zip(garment.variants, worn, strict=True):
            other = variant.materials[slot]
            if other == slot:
                continue
            look = _printed(garment.materials[other], region, flat.sheet, fabric)
            chosen[own] = len(materials)
            materials.append(replace(look, name=f"{region.material}-{variant.name}"))
            for each in worn:  # no triangle names this one; a look that is asked for it leaves it as it is
                each.append(len(materials) - 1)
    variants = tuple(Variant(v.name, tuple(w)) for v, w in zip(garment.variants, worn, strict=True))
    return replace(garment, materials=tuple(materials), material_ids=ids, variants=variants)


def _slot(garment: GarmentMesh, name: str) -> int:
    for number, material in enumerate(garment.materials):
        if material.name == name:
            return number
    raise InputError(
        f"print: the garment has no material {name!r}; it has {', '.join(m.name for m in garment.materials)}"
    )


def _printed(material: Material, region: PrintRegion, sheet: float, fabric: Fabric | None) -> Material:
    if material.base_color_image is None:
        raise InputError(f"print: the material {material.name!r} has no painted sheet; paint it first")
    record: dict[str, Any] = copy.deepcopy(dict(material.record))
    info = record.setdefault("pbrMetallicRoughness", {}).setdefault("baseColorTexture", {})
    extensions = info.setdefault("extensions", {})
    if "KHR_texture_transform" in extensions:
        raise InputError(f"print: the colour of material {material.name!r} is no sheet over UV0; paint one first")
    extensions["KHR_texture_transform"] = region.uv_transform(sheet)
    picture = print_picture(region, sheet, material.base_color_image, fabric)
    return replace(material, name=region.material, base_color_image=picture, record=record)


def _weave(region: PrintRegion, sheet: float, fabric: Fabric | None) -> Floats | float:
    """Return how much light the yarns throw back where a print lies, around 1, [H, W, 1]."""
    if fabric is None:
        return 1.0
    columns, rows = region.pixels
    step = (region.high - region.low) / (columns, rows)
    side = max(8, round(fabric.tile_m / float(step[0])))
    tile = fabric_tile(fabric, min(512, 64 * int(np.ceil(side / 64))))
    light = cv2.resize(tile.color.mean(axis=2), (side, side), interpolation=cv2.INTER_AREA)
    # the tile repeats from the sheet's upper left corner, as its normal map does
    x = (region.low[0] + (np.arange(columns) + 0.5) * step[0]) / tile.size_m
    y = (sheet - region.high[1] + (np.arange(rows) + 0.5) * step[1]) / tile.size_m
    at = [np.floor((places % 1.0) * side).astype(int) % side for places in (x, y)]
    ratio = np.clip(light[np.ix_(at[1], at[0])], 0.3, 1.8)
    return np.asarray(ratio[..., None] ** (_WEAVE / 2.2), np.float32)  # linear light to sRGB


def _touching(triangles: NDArray[np.float64], corners: Line) -> NDArray[np.bool_]:
    """Return [F] which triangles [F, 3, 2] touch a rectangle [4, 2], by separating axes."""
    sides = np.stack([corners[1] - corners[0], corners[3] - corners[0]])
    axes = sides / np.linalg.norm(sides, axis=1, keepdims=True)
    touching = np.ones(len(triangles), np.bool_)
    for axis in axes:
        own, other = triangles @ axis, corners @ axis
        touching &= (own.max(axis=1) >= other.min()) & (own.min(axis=1) <= other.max())
    for k in range(3):
        way = triangles[:, (k + 1) % 3] - triangles[:, k]
        normal = np.stack([-way[:, 1], way[:, 0]], axis=1)
        own = np.einsum("fpc,fc->fp", triangles, normal)
        other = np.einsum("pc,fc->fp", corners, normal)
        touching &= (own.max(axis=1) >= other.min(axis=1)) & (own.min(axis=1) <= other.max(axis=1))
    return touching
