"""The pieces of a glTF scene become one mesh: attributes that only some have are filled in, and that is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import Layer, LayerKind, MorphTarget

from .gltf_credits import credits_of
from .gltf_document import Document
from .gltf_materials import MaterialSlots
from .gltf_pieces import Piece, Target
from .gltf_scene import Scene
from .gltf_skins import Skeletons
from .raw import RawMesh

Array = NDArray[np.float64]
_UV = re.compile(r"TEXCOORD_(\d+)")
_WORDS: dict[LayerKind, str] = {
    "uv": "UV set",
    "color": "vertex colours",
    "normal": "normals",
    "tangent": "tangents",
    "custom": "attribute",
}


def join_pieces(
    document: Document, scene: Scene, pieces: Sequence[Piece], skeletons: Skeletons, slots: MaterialSlots
) -> RawMesh:
    """Return all pieces as one mesh."""
    sizes = [len(piece.points) for piece in pieces]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    faces = np.concatenate([piece.faces + start for piece, start in zip(pieces, starts, strict=True)])
    per_piece = [len(piece.faces) for piece in pieces]
    uv0, sets = _first_uv(document, pieces, slots)
    materials, variants, place = slots.materials(sets)
    names = list(dict.fromkeys(piece.name for piece in pieces))
    skin = skeletons.skin([(len(piece.points), piece.joints, piece.weights) for piece in pieces])
    if skin is not None:
        why = f"with its {len(skin.joints)} joints, up to {skin.indices.shape[1]} a vertex; evidence for the rig"
        document.say("skin", "kept", why)
    document.say(f"{len(names)} objects", "kept", f"as parts of the garment, where they stand: {', '.join(names[:12])}")
    layers = _layers(document, pieces, faces, [number for number in sets[1:] if number is not None])
    morphs = _morphs(document, pieces, faces)
    extras, credits = credits_of(document, scene)
    return RawMesh(
        points=np.concatenate([piece.points for piece in pieces]),
        faces=faces,
        materials=materials,
        material_ids=np.repeat([place[piece.material] for piece in pieces], per_piece).astype(np.int64),
        part_names=tuple(names),
        part_ids=np.repeat([names.index(piece.name) for piece in pieces], per_piece).astype(np.int64),
        uv0=uv0,
        uv0_faces=None if uv0 is None else faces,
        metres_per_unit=1.0,
        unit_reason="glTF is in metres",
        up="y",
        up_reason="glTF is y up",
        layers=layers,
        morphs=morphs,
        skin=skin,
        variants=variants,
        extras=extras,
        record=tuple(document.record.values()),
        companions=tuple(document.companions),
        licence=credits.licence,
        authors=credits.authors,
        permissions=credits.permissions,
    )


def _first_uv(
    document: Document, pieces: Sequence[Piece], slots: MaterialSlots
) -> tuple[Array | None, list[int | None]]:
    """Return UV0, origin bottom-left, and which TEXCOORD it and each further set is; see `MaterialSlots.materials`."""
    sets = sorted({int(found[1]) for piece in pieces for name in piece.values if (found := _UV.fullmatch(name))})
    if not sets:
        return None, []
    by_slot = slots.base_sets()
    read = {by_slot[piece.material] for piece in pieces} - {None}
    if len(read) > 1 and read <= set(sets):
        document.say("UV0", "converted", "materials read different UV sets: it is for each what its base colour reads")
        chosen = [by_slot[piece.material] for piece in pieces]
        own = [sets[0] if number is None else number for number in chosen]
        return _joined_uv(document, pieces, own), [None, *sets]
    first = next(iter(read)) if len(read) == 1 and read <= set(sets) else sets[0]
    assert first is not None
    why = "as it is" if first == sets[0] else "it is UV0, since the base colours read it"
    document.say(f"UV set TEXCOORD_{first}", "kept" if first == sets[0] else "converted", why)
    return _joined_uv(document, pieces, [first] * len(pieces)), [first, *(n for n in sets if n != first)]


def _joined_uv(document: Document, pieces: Sequence[Piece], numbers: Sequence[int]) -> Array:
    joined = np.concatenate(
        [
            _filled(document, piece, f"TEXCOORD_{number}", np.zeros((len(piece.points), 2)))
            for piece, number in zip(pieces, numbers, strict=True)
        ]
    )
    return np.stack([joined[:, 0], 1.0 - joined[:, 1]], axis=1)


def _filled(document: Document, piece: Piece, attribute: str, standing_in: Array) -> Array:
    values = piece.values.get(attribute)
    if values is not None:
        return values
    document.say(f"{attribute} of {piece.name}", "converted", "this object has none while others do; it is filled in")
    return standing_in


def _layers(
    document: Document, pieces: Sequence[Piece], faces: NDArray[np.int64], uv_sets: Sequence[int]
) -> tuple[Layer, ...]:
    """Return every attribute but the first UV set as a layer."""
    names = list(dict.fromkeys(name for piece in pieces for name in piece.values if not _UV.fullmatch(name)))
    layers = []
    for name in [*(f"TEXCOORD_{number}" for number in uv_sets), *sorted(names)]:
        kind = _kind(name)
        width = max(piece.values[name].shape[1] for piece in pieces if name in piece.values)
        held = [_filled(document, piece, name, _standing_in(piece, kind, width)) for piece in pieces]
        values = np.concatenate([_widened(part, width) for part in held])
        if kind == "uv":
            values = np.stack([values[:, 0], 1.0 - values[:, 1]], axis=1)
        elif kind in ("normal", "tangent"):
            values = _unit(document, name, values, pieces)
        elif kind == "custom" and np.abs(values).max(initial=0) > 2**24:
            document.say(f"attribute {name}", "converted", "its large whole numbers are rounded to 24 bits")
        layers.append(Layer(name, kind, values.astype(np.float32), faces.astype(np.int32)))
        document.say(f"{_WORDS[kind]} {name}", "kept", "per corner")
    return tuple(layers)


def _kind(attribute: str) -> LayerKind:
    if _UV.fullmatch(attribute):
        return "uv"
    if re.fullmatch(r"COLOR_\d+", attribute):
        return "color"
    known: dict[str, LayerKind] = {"NORMAL": "normal", "TANGENT": "tangent"}
    return known.get(attribute, "custom")


def _standing_in(piece: Piece, kind: LayerKind, width: int) -> Array:
    count = len(piece.points)
    if kind == "normal":
        return _normals(piece)
    if kind == "tangent":
        return np.column_stack([_across(piece.values.get("NORMAL", _normals(piece))), np.ones(count)])
    return np.full((count, width), 1.0 if kind == "color" else 0.0)


def _widened(values: Array, width: int) -> Array:
    return values if values.shape[1] == width else np.column_stack([values, np.ones(len(values))])[:, :width]


def _unit(document: Document, name: str, values: Array, pieces: Sequence[Piece]) -> Array:
    """Return normals or tangents of length one; those of no length are made."""
    length = np.linalg.norm(values[:, :3], axis=1, keepdims=True)
    flat = length[:, 0] < 1e-12
    unit = values.copy()
    unit[:, :3] /= np.where(flat[:, None], 1.0, length)
    if flat.any():
        made = np.concatenate([_normals(piece) for piece in pieces])
        if name == "TANGENT":
            made = _across(made)
            unit[flat & (unit[:, 3] == 0), 3] = 1.0
        unit[flat, :3] = made[flat]
        document.say(f"{name} of no length", "converted", f"{int(flat.sum())} are made from the shape")
    return unit


def _normals(piece: Piece) -> Array:
    """Return area-weighted unit normals [V, 3]; up where there is no area."""
    corners = piece.points[piece.faces]
    areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    sums = np.stack(
        [np.bincount(piece.faces.ravel(), np.repeat(areas[:, k], 3), len(piece.points)) for k in range(3)], axis=1
    )
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.where(length > 1e-30, sums / np.where(length > 1e-30, length, 1.0), (0.0, 1.0, 0.0))


def _across(normals: Array) -> Array:
    """Return a unit direction across each normal."""
    axis = np.where(np.abs(normals[:, :1]) < 0.9, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    across = np.cross(normals, axis)
    return np.asarray(across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-30))


def _morphs(document: Document, pieces: Sequence[Piece], faces: NDArray[np.int64]) -> tuple[MorphTarget, ...]:
    """Return the morph targets of all pieces; targets of one name and weight are one."""
    keys: dict[tuple[str, float], str] = {}
    for piece in pieces:
        for name, target in piece.targets.items():
            taken = name in keys.values() and (name, target.weight) not in keys
            keys.setdefault((name, target.weight), f"{name} of {piece.name}" if taken else name)
    corners = faces.astype(np.int32)
    morphs = []
    for (name, weight), unique in keys.items():
        targets = [
            held if (held := piece.targets.get(name)) is not None and held.weight == weight else None
            for piece in pieces
        ]
        layers = []
        kinds: tuple[LayerKind, ...] = ("normal", "tangent")
        for kind in kinds:
            if any(getattr(target, f"{kind}s") is not None for target in targets if target is not None):
                moved = [_moved(piece, target, f"{kind}s") for piece, target in zip(pieces, targets, strict=True)]
                layers.append(Layer(kind.upper(), kind, np.concatenate(moved), corners))
        offsets = np.concatenate([_moved(piece, t, "offsets") for piece, t in zip(pieces, targets, strict=True)])
        morphs.append(MorphTarget(unique, offsets, weight, tuple(layers)))
        document.say(f"morph target {unique}", "kept", " and ".join(["points", *(f"{v.kind}s" for v in layers)]))
    return tuple(morphs)


def _moved(piece: Piece, target: Target | None, what: str) -> Any:
    values = None if target is None else getattr(target, what)
    return (np.zeros((len(piece.points), 3)) if values is None else values).astype(np.float32)
