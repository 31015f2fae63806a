"""The looks that a mesh file brings along, as template.json has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from dressform.assets.files.garment import GarmentMesh
from dressform.schemas.template import MaterialChange
from dressform.schemas.template import Variant as Look


def looks_of(mesh: GarmentMesh, template_name: Callable[[str], str]) -> dict[str, Look]:
    """Return a look for each variant of the mesh's file.

    Args:
        mesh: Its materials have names of their own (see `with_own_names`).
        template_name: Makes a name of any text.
    """
    looks: dict[str, Look] = {}
    for variant in mesh.variants:
        name = free_name(template_name(variant.name), list(looks), "-")
        changes: dict[str, MaterialChange] = {
            material.name: {"material": mesh.materials[worn].name}
            for number, (material, worn) in enumerate(zip(mesh.materials, variant.materials, strict=True))
            if worn != number
        }
        looks[name] = {"title": variant.name or name, "materials": changes}
    return looks


def with_own_names(mesh: GarmentMesh) -> GarmentMesh:
    """Return the mesh with no two materials of the same name, which looks could not tell apart."""
    names: list[str] = []
    for material in mesh.materials:
        names.append(free_name(material.name or "material", names, " "))
    renamed = tuple(
        replace(m, name=name) if m.name != name else m for m, name in zip(mesh.materials, names, strict=True)
    )
    return replace(mesh, materials=renamed)


def free_name(name: str, taken: Sequence[str], joint: str) -> str:
    """Return the name, or the name with the first number that makes it a new one."""
    number, tried = 1, name
    while tried in taken:
        number += 1
        tried = f"{name}{joint}{number}"
    return tried
