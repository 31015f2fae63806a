"""From a recipe to garments that can be worn: cut, sewn, draped, finished and painted, in every size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dressform.assets.files.garment import GarmentMesh
from dressform.authoring.fabrics.fabric import template_fabric
from dressform.authoring.fabrics.material import fabric_material
from dressform.authoring.paint.colourways import colourway
from dressform.authoring.paint.painting import paint_sheet
from dressform.authoring.paint.print_materials import print_materials
from dressform.authoring.simulate.drape import drape
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.schemas.progress import Progress, part, silent
from dressform.schemas.template import Variant

from .collar import form_collar
from .finish import finish
from .flat_mesh import FlatMesh
from .meshing import mesh_pattern
from .recipe import ColourwayLooks, Recipe
from .regrade import regrade
from .trims import add_trims


@dataclass(frozen=True)
class Made:
    """A garment in all its sizes and colours.

    Attributes:
        meshes: By size; they share triangles, UVs and the materials of the first colourway.
        variants: For template.json, all colourways by name, the garment's own without changes.
        files: The pictures that the variants name, by their path in the template.
        drapes: What each size's drape reported.
        flat: The default size's sewn pattern.
    """

    meshes: Mapping[str, GarmentMesh]
    variants: Mapping[str, Variant]
    files: Mapping[str, bytes]
    drapes: Mapping[str, Mapping[str, Any]]
    flat: FlatMesh


def make_garment(recipe: Recipe, *, picture: Path | None = None, progress: Progress = silent) -> Made:
    """Make what a recipe says on the canonical body.

    Args:
        recipe: Read and checked.
        picture: Where a picture goes when a size cannot be worn.
        progress: Told how far it is.

    Raises:
        InputError: When panels cannot be sewn or the garment cannot be worn.
    """
    progress(0.0, "cutting the panels")
    rest = canonical_rest()
    flat = mesh_pattern(recipe.patterns[recipe.default_size], recipe.edge_length)
    flats = {
        size: flat if size == recipe.default_size else regrade(flat, pattern)
        for size, pattern in recipe.patterns.items()
    }
    shapes, drapes = {}, {}
    for number, (size, each) in enumerate(flats.items()):
        told = part(
            progress, 0.05 + 0.75 * number / len(flats), 0.05 + 0.75 * (number + 1) / len(flats), f"size {size}: "
        )
        shapes[size], drapes[size] = _worn(each, recipe, rest, picture, told)
    progress(0.8, "painting")
    own, *others = recipe.colourways
    dressed = _in_colour(shapes[recipe.default_size], flat, recipe, own)
    meshes = {size: replace(dressed, points=shape.points) for size, shape in shapes.items()}
    variants: dict[str, Variant] = {own.name: {"title": own.title, "materials": {}}}
    files: dict[str, bytes] = {}
    for number, way in enumerate(others):
        progress(0.85 + 0.15 * number / len(others), f"painting {way.name}")
        look = colourway(way.name, dressed, flat, way.looks, recipe.fabrics, prints=recipe.prints, title=way.title)
        variants[way.name] = look.variant
        files |= look.files
    progress(1.0, "made")
    return Made(meshes, variants if others else {}, files, drapes, flat)


def _worn(
    flat: FlatMesh, recipe: Recipe, rest: RestBody, picture: Path | None, progress: Progress
) -> tuple[GarmentMesh, Mapping[str, Any]]:
    """Drape one size, form its collar, turn its hems and put its trims on."""
    physics = {slot: template_fabric(cloth) for slot, cloth in recipe.fabrics.items()}
    draped = drape(flat, rest, physics, picture=picture, progress=progress)
    points = draped.points
    if any(panel.formed for panel in flat.pattern.panels):
        points = form_collar(flat, points, rest)
    return add_trims(finish(flat, points), flat), draped.report


def _in_colour(shape: GarmentMesh, flat: FlatMesh, recipe: Recipe, way: ColourwayLooks) -> GarmentMesh:
    """Return the garment in one colourway: the painted sheet under each cloth's weave, and the prints."""
    sheet = paint_sheet(flat, way.looks)
    materials = tuple(
        fabric_material(recipe.fabrics[plain.name], plain.name, flat.sheet, sheet.base_color)
        if plain.name in recipe.fabrics
        else plain  # buttons and zips bring their own
        for plain in shape.materials
    )
    return print_materials(replace(shape, materials=materials), flat, recipe.prints, recipe.fabrics)
