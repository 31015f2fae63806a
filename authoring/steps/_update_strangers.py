"""Objects that a tool adds on its own and exports along with the garment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dressform.assets.files.garment import GarmentMesh

# the shape that Blender draws bones with, made by its glTF import
_NAMES = re.compile(r"icosphere(\.\d+)?", re.IGNORECASE)


def without_strangers(mesh: GarmentMesh) -> tuple[GarmentMesh, list[str]]:
    """Return a mesh without what its tool added, and a note on each such object."""
    if mesh.part_ids is None:
        return mesh, []
    strange = [k for k, part in enumerate(mesh.parts) if _NAMES.fullmatch(part.name)]
    kept = ~np.isin(mesh.part_ids, strange)
    if kept.all() or not kept.any():
        return mesh, []
    changed: dict[str, Any] = {
        name: None if (values := getattr(mesh, name)) is None else values[kept]
        for name in ("faces", "uv0_faces", "uv1_faces", "material_ids", "part_ids", "polygons")
    }
    used = np.unique(mesh.faces[kept])
    place = np.zeros(len(mesh.points), np.int32)
    place[used] = np.arange(len(used))
    changed |= {"points": mesh.points[used], "faces": place[changed["faces"]]}
    changed["layers"] = tuple(replace(layer, faces=layer.faces[kept]) for layer in mesh.layers)
    changed["morphs"] = tuple(replace(morph, offsets=morph.offsets[used], layers=()) for morph in mesh.morphs)
    if mesh.skin is not None:
        skin = mesh.skin
        changed["skin"] = replace(skin, indices=skin.indices[used], weights=skin.weights[used])
    worn, ids = np.unique(changed["material_ids"], return_inverse=True)
    if not mesh.variants:
        changed |= {"materials": tuple(mesh.materials[k] for k in worn), "material_ids": ids.astype(np.int32)}
    notes = [f"the object {mesh.parts[k].name!r}, which Blender adds for its bones, is left out" for k in strange]
    return replace(mesh, **changed), notes


def without_joint_layers(mesh: GarmentMesh, joints: Sequence[str]) -> tuple[GarmentMesh, list[str]]:
    """Return a mesh without weights that a format without skins keeps as attributes, and a note on them."""
    kept = tuple(layer for layer in mesh.layers if layer.kind != "custom" or layer.name not in joints)
    if len(kept) == len(mesh.layers):
        return mesh, []
    count = len(mesh.layers) - len(kept)
    return replace(mesh, layers=kept), [f"weights of {count} joints, written as attributes, are left out; use GLB"]
