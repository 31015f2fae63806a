"""Looks: other materials for the same garment.

template.json says what the looks are: by material, either which other material of the garment's file is worn instead,
or which of its colours and textures change. What a GLB shows as KHR_materials_variants is made from that here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from dressform.schemas.errors import AssetError
from dressform.schemas.template import MaterialChange
from dressform.schemas.template import Variant as Look

from .files.garment import GarmentMesh, Material, Variant

ReadImage = Callable[[str], bytes]


def worn_look(mesh: GarmentMesh, look: Look, image: ReadImage) -> GarmentMesh:
    """Return the garment with a look's materials in place of its own.

    Args:
        mesh: The garment.
        look: Of template.json.
        image: Reads a file of the template by its path there.
    """
    changes = look["materials"]
    materials = tuple(_changed(material, changes.get(material.name, {}), mesh, image) for material in mesh.materials)
    return dataclasses.replace(mesh, materials=materials, variants=())


def with_looks(mesh: GarmentMesh, looks: Mapping[str, Look], image: ReadImage) -> GarmentMesh:
    """Return the garment with all looks as variants of its file, and the materials that they need added.

    Args:
        mesh: The garment; its own variants give way where there are looks.
        looks: By name, as template.json has them.
        image: Reads a file of the template by its path there.
    """
    if not looks:
        return mesh
    materials = list(mesh.materials)
    names = [material.name for material in materials]
    variants = []
    for name, look in looks.items():
        title = look.get("title", name)
        chosen = []
        for number, material in enumerate(mesh.materials):
            change = look["materials"].get(material.name, {})
            if set(change) <= {"material"}:
                chosen.append(names.index(change["material"]) if change else number)
                continue
            changed = dataclasses.replace(_changed(material, change, mesh, image), name=f"{material.name}, {title}")
            if changed not in materials:
                materials.append(changed)
            chosen.append(materials.index(changed))
        # what only looks wear needs a stand-in too, which is itself
        variants.append((title, chosen))
    full = tuple(Variant(title, (*chosen, *range(len(mesh.materials), len(materials)))) for title, chosen in variants)
    return dataclasses.replace(mesh, materials=tuple(materials), variants=full)


def check_looks(looks: Mapping[str, Look], materials: Sequence[str], where: str) -> None:
    """Raise unless the looks change only materials that are there, into materials that are there."""
    for name, look in looks.items():
        for material, change in look["materials"].items():
            for needed in (material, change.get("material", material)):
                if needed not in materials:
                    raise AssetError(
                        f"{where}: variant {name} needs the material {needed!r}; the garment has {', '.join(materials)}"
                    )


def _changed(material: Material, change: MaterialChange, mesh: GarmentMesh, image: ReadImage) -> Material:
    """Return a material with a look's changes."""
    worn = next((m for m in mesh.materials if m.name == change.get("material")), material)

    def picture(path: str | None, own: bytes | None) -> bytes | None:
        return own if path is None else image(path)

    color = change.get("base_color", worn.base_color)
    sheen = change.get("sheen", worn.sheen)
    return dataclasses.replace(
        worn,
        base_color=(color[0], color[1], color[2], color[3]),
        base_color_image=picture(change.get("base_color_image"), worn.base_color_image),
        normal_image=picture(change.get("normal_image"), worn.normal_image),
        roughness=change.get("roughness", worn.roughness),
        metallic=change.get("metallic", worn.metallic),
        sheen=(sheen[0], sheen[1], sheen[2]),
    )
