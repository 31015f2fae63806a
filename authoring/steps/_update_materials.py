"""Materials that came back from another tool, held against the draft's."""

from __future__ import annotations

import copy
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.glb_materials import texture_infos

from ._looks import free_name

_COLOUR = 3e-3  # what a colour loses on its way through a tool
_FACTOR = 5e-3


@dataclass(frozen=True)
class Materials:
    """The materials after an update.

    Attributes:
        materials: The draft's, changed, and new ones after them.
        ids: For each of the file's materials its place among these.
        changes: What changed, by material name.
        notes: What was left as it was although the file says otherwise.
    """

    materials: tuple[Material, ...]
    ids: NDArray[np.int32]
    changes: dict[str, list[str]]
    notes: tuple[str, ...]


def merged_materials(mesh: GarmentMesh, edited: GarmentMesh, *, full: bool) -> Materials:
    """Take over what an edited file says of its materials.

    Args:
        mesh: The draft's.
        edited: The file's.
        full: Whether its format says all that a material has; otherwise the draft's materials stay as they are.
    """
    merged = list(mesh.materials)
    names = [material.name for material in merged]
    ids, changes, notes = [], {}, []
    for material in edited.materials:
        known = _known_name(material.name, names)
        if known is None:
            name = free_name(material.name or "material", names, " ")
            changes[name] = ["new"]
            names.append(name)
            merged.append(replace(material, name=name))
            ids.append(len(merged) - 1)
            continue
        place = names.index(known)
        ids.append(place)
        if full and known not in changes:
            merged[place], changed, lost = _merged(merged[place], material)
            if changed:
                changes[known] = changed
            notes += [f"{known}: the file has no {what}; the draft's is kept" for what in lost]
    return Materials(tuple(merged), np.array(ids, np.int32), changes, tuple(notes))


def without_unused(mesh: GarmentMesh) -> GarmentMesh:
    """Return the mesh without materials that neither a triangle nor a look wears."""
    worn = set(np.unique(mesh.material_ids).tolist())
    own = list(worn)
    for variant in mesh.variants:
        worn |= {variant.materials[k] for k in own}
    kept = sorted(worn)
    if len(kept) == len(mesh.materials):
        return mesh
    place = {old: new for new, old in enumerate(kept)}
    variants = tuple(
        replace(v, materials=tuple(place.get(v.materials[k], place[k]) for k in kept)) for v in mesh.variants
    )
    ids = np.array([place.get(k, 0) for k in range(len(mesh.materials))], np.int32)
    return replace(
        mesh,
        materials=tuple(mesh.materials[k] for k in kept),
        material_ids=ids[mesh.material_ids],
        variants=variants,
    )


def _known_name(name: str, names: Sequence[str]) -> str | None:
    """Return the draft's name for a material; tools number copies as `fabric.001`."""
    if name in names:
        return name
    plain = re.sub(r"\.\d{3}$", "", name)
    return plain if plain in names else None


def _merged(old: Material, new: Material) -> tuple[Material, list[str], list[str]]:
    """Return a material as the file has it, what changed, and what the file lacks."""
    changed = []
    result = old
    for field, label, tolerance in (
        ("base_color", "colour", _COLOUR),
        ("roughness", "roughness", _FACTOR),
        ("metallic", "metallic", _FACTOR),
        ("sheen", "sheen", 0.02),
    ):
        if np.abs(np.subtract(getattr(old, field), getattr(new, field))).max() > tolerance:
            changed.append(label)
            result = replace(result, **{field: getattr(new, field)})
    if old.double_sided != new.double_sided:
        changed.append("back faces")
        result = replace(result, double_sided=new.double_sided)
    for field, label in (("base_color_image", "texture"), ("normal_image", "normal map")):
        if not _same_picture(getattr(old, field), getattr(new, field)):
            changed.append(f"{label} {'removed' if getattr(new, field) is None else 'changed'}")
            result = replace(result, **{field: getattr(new, field)})
    result, more, lost = _with_record(result, new)
    return result, changed + more, lost


def _with_record(old: Material, new: Material) -> tuple[Material, list[str], list[str]]:
    """Lay what else the file says of a material over what the draft knows; what the tool does not know stays."""
    theirs = copy.deepcopy(dict(new.record))
    ours = copy.deepcopy(dict(old.record))
    taken, lost = [], []
    for holder, other in ((ours, theirs), (ours.setdefault("extensions", {}), theirs.get("extensions", {}))):
        for key in sorted(set(holder) | set(other)):
            if key in ("extensions", "extras", "pbrMetallicRoughness") or _alike(holder, other, key, old, new):
                continue
            if key in other:
                holder[key] = _moved_images(key, other[key], len(old.images))
                taken.append(key)
            else:
                lost.append(key)
    if not ours["extensions"]:
        del ours["extensions"]
    if not taken:
        return old, [], lost
    return replace(old, record=ours, images=old.images + new.images), taken, lost


def _alike(ours: Mapping[str, Any], theirs: Mapping[str, Any], key: str, old: Material, new: Material) -> bool:
    """Say whether both say the same of a key, or nothing that tools agree to write down."""
    if key not in ours and theirs.get(key) in ("OPAQUE", [0, 0, 0], [0.0, 0.0, 0.0], {}):
        return True
    if key == "normalTexture" or (key == "alphaMode" and key not in theirs):
        return True  # the picture itself is compared elsewhere
    return key in ours and key in theirs and _plain(ours[key], old) == _plain(theirs[key], new)


def _plain(value: Any, material: Material) -> Any:
    """Return a value in which textures stand for themselves and numbers are rounded, to be compared."""
    if isinstance(value, dict):
        return {
            key: hash(material.images[held])
            if key == "index" and 0 <= held < len(material.images)
            else _plain(held, material)
            for key, held in value.items()
            if key not in ("sampler", "texCoord")
        }
    if isinstance(value, list):
        return [_plain(held, material) for held in value]
    return round(float(value), 2) if isinstance(value, int | float) else value


def _moved_images(key: str, value: Any, by: int) -> Any:
    for info, _ in texture_infos({key: value}):
        info["index"] += by
    return value


def _same_picture(old: bytes | None, new: bytes | None) -> bool:
    if old == new:
        return True
    if old is None or new is None:
        return False
    with Image.open(io.BytesIO(old)) as first, Image.open(io.BytesIO(new)) as second:
        if first.size != second.size:
            return False
        # a tool that did not paint hands back the same texels, however it encodes them
        return bool(np.array_equal(np.asarray(first.convert("RGBA")), np.asarray(second.convert("RGBA"))))
