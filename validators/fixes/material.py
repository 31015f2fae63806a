"""Fixes of materials: their names and bookkeeping, not how they look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dressform.assets.files.garment import GarmentMesh, Variant
from dressform.validators.textures import look_images

from .fix import Fix, Mended
from .workpiece import Workpiece

_LOOKS = "looks/"  # where the pictures of looks lie


def drop_unused(piece: Workpiece) -> Iterator[Mended]:
    """Drop materials that no triangle and no look wears, and pictures that no look names."""
    named = _named_by_looks(piece)
    for size, mesh in piece.meshes.items():
        worn = {int(index) for index in np.unique(mesh.material_ids)}
        worn |= {index for look in mesh.variants for index in look.materials}
        kept = [k for k, material in enumerate(mesh.materials) if k in worn or material.name in named]
        gone = [material.name for k, material in enumerate(mesh.materials) if k not in kept]
        if gone:
            piece.meshes[size] = _with_materials(mesh, kept)
            piece.stale.add("lod")  # levels name the garment's materials
            yield Mended(f"dropped {', '.join(map(repr, gone))}", f"sizes/{size}", f"{len(mesh.materials)} materials",
                         f"{len(kept)} materials")  # fmt: skip
    used = {file for _, _, file in look_images(piece.manifest)}
    for file in sorted((piece.folder / _LOOKS).rglob("*")):
        path = file.relative_to(piece.folder).as_posix()
        if file.is_file() and path not in used:
            piece.files[path] = None
            yield Mended("dropped a picture that no look names", path, f"{file.stat().st_size} bytes", "not there")


def name_apart(piece: Workpiece) -> Iterator[Mended]:
    """Name materials that have no name, and number those of one name, unless a look names it."""
    named = _named_by_looks(piece)
    for size, mesh in piece.meshes.items():
        names: list[str] = []
        taken = {material.name for material in mesh.materials}
        for index, material in enumerate(mesh.materials):
            name = material.name
            if (not name.strip() or name in names) and name not in named:
                name = _free(name.strip() or "material", taken)
                taken.add(name)
                yield Mended(f"named material {index}", f"sizes/{size} material {index}", repr(material.name),
                             repr(name))  # fmt: skip
            names.append(name)
        if names != [material.name for material in mesh.materials]:
            renamed = tuple(replace(each, name=name) for each, name in zip(mesh.materials, names, strict=True))
            piece.meshes[size] = replace(mesh, materials=renamed)
            piece.stale.add("lod")


def _named_by_looks(piece: Workpiece) -> set[str]:
    """Return every material's name that a look says, as what it changes or what it wears."""
    variants = piece.manifest.get("variants")
    names: set[str] = set()
    for look in variants.values() if isinstance(variants, dict) else ():
        changes = look.get("materials") if isinstance(look, dict) else None
        for name, change in changes.items() if isinstance(changes, dict) else ():
            names.add(str(name))
            if isinstance(change, dict) and "material" in change:
                names.add(str(change["material"]))
    return names


def _with_materials(mesh: GarmentMesh, kept: list[int]) -> GarmentMesh:
    number = {old: new for new, old in enumerate(kept)}
    table = np.array([number.get(k, 0) for k in range(len(mesh.materials))], np.int32)
    return replace(
        mesh,
        materials=tuple(mesh.materials[k] for k in kept),
        material_ids=table[mesh.material_ids],
        variants=tuple(Variant(look.name, tuple(number[look.materials[k]] for k in kept)) for look in mesh.variants),
    )


def _free(name: str, taken: set[str]) -> str:
    number = 1 if name == "material" else 2
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"


FIXES = (
    Fix("material.unused", ("mesh", "manifest"), "drop materials that nothing wears", drop_unused),
    Fix("material.names", ("mesh", "manifest"), "name materials apart", name_apart),
)
