"""Some triangles of a `RawMesh` alone, with nothing that only the others need."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import Layer, MorphTarget, SourceSkin, Variant

from .raw import Conversion, RawMesh

_COUNTED = re.compile(r"\d+ objects")  # the reader's own count of what it kept
Values = TypeVar("Values", bound=NDArray[Any])


def restricted(raw: RawMesh, keep: NDArray[np.bool_]) -> RawMesh:
    """Return the triangles that `keep` [F] marks; morph targets and weights that leave them alone go too."""
    points, faces, used = _compact(raw.points, raw.faces[keep])
    record = list(raw.record)
    morphs = []
    for morph in raw.morphs:
        reduced = _morph(morph, used, keep)
        if np.abs(reduced.offsets).max(initial=0) > 0 or any(np.abs(v.values).max() > 0 for v in reduced.layers):
            morphs.append(reduced)
        else:
            record = [entry for entry in record if entry.what != f"morph target {morph.name}"]
            record.append(Conversion(f"morph target {morph.name}", "dropped", "it moves nothing that is picked"))
    looks = _materials(raw, keep)
    worn = {f"material {material.name}" for material in looks["materials"]}
    unworn = {f"material {material.name}" for material in raw.materials} - worn
    record = [entry for entry in record if entry.what not in unworn]
    record += [Conversion(what, "dropped", "nothing that is picked wears it") for what in sorted(unworn)]
    uvs: dict[str, Any] = {}
    for name in ("uv0", "uv1"):
        values, corners = getattr(raw, name), getattr(raw, f"{name}_faces")
        if values is not None and corners is not None:
            uvs[name], uvs[f"{name}_faces"], _ = _compact(values, corners[keep])
    parts, part_ids = np.unique(raw.part_ids[keep], return_inverse=True)
    names = tuple(raw.part_names[k] for k in parts)
    gone = set(raw.part_names) - set(names)
    if gone:
        record = [entry for entry in record if not _COUNTED.fullmatch(entry.what)]
        record.append(Conversion(f"{len(names)} of {len(raw.part_names)} objects", "kept", ", ".join(names[:12])))
    extras = dict(raw.extras)
    if isinstance(extras.get("nodes"), dict):
        extras["nodes"] = {name: held for name, held in extras["nodes"].items() if name not in gone}
        if not extras["nodes"]:
            del extras["nodes"]
    return replace(
        raw,
        points=points,
        faces=faces,
        part_names=names,
        part_ids=part_ids.reshape(-1).astype(np.int64),
        parts=tuple(raw.parts[k] for k in parts) if raw.parts else (),
        polygons=None if raw.polygons is None else raw.polygons[keep],
        layers=tuple(_layer(layer, keep) for layer in raw.layers),
        morphs=tuple(morphs),
        skin=None if raw.skin is None else _skin(raw.skin, used),
        extras=extras,
        record=tuple(record),
        **looks,
        **uvs,
    )


def _compact(values: Values, faces: NDArray[Any]) -> tuple[Values, NDArray[np.int64], NDArray[np.int64]]:
    used, local = np.unique(faces, return_inverse=True)
    return values[used], local.reshape(-1, 3).astype(np.int64), used


def _layer(layer: Layer, keep: NDArray[np.bool_]) -> Layer:
    values, faces, _ = _compact(layer.values, layer.faces[keep])
    return replace(layer, values=values, faces=faces.astype(np.int32))


def _morph(morph: MorphTarget, used: NDArray[np.int64], keep: NDArray[np.bool_]) -> MorphTarget:
    layers = tuple(_layer(layer, keep) for layer in morph.layers)
    return replace(morph, offsets=morph.offsets[used], layers=layers)


def _skin(skin: SourceSkin, used: NDArray[np.int64]) -> SourceSkin | None:
    weights = skin.weights[used]
    width = int(np.flatnonzero((weights > 0).any(axis=0)).max(initial=-1)) + 1
    if not width:
        return None
    return replace(skin, indices=skin.indices[used][:, :width], weights=weights[:, :width])


def _materials(raw: RawMesh, keep: NDArray[np.bool_]) -> dict[str, Any]:
    own = np.unique(raw.material_ids[keep])
    stand_ins = {variant.materials[k] for variant in raw.variants for k in own}
    order = [int(k) for k in own] + sorted(stand_ins - set(own.tolist()))
    place = {old: new for new, old in enumerate(order)}
    variants = [
        Variant(v.name, (*(place[v.materials[k]] for k in own), *range(len(own), len(order)))) for v in raw.variants
    ]
    return {
        "materials": tuple(raw.materials[k] for k in order),
        "material_ids": np.searchsorted(own, raw.material_ids[keep]).astype(np.int64),
        "variants": tuple(variants),
    }
