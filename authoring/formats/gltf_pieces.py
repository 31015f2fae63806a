"""Every primitive of a glTF scene as arrays in world space: shape, values per vertex, morph targets, influences."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .gltf_document import Document, read_accessor
from .gltf_scene import Placement, Scene
from .gltf_skins import Skeletons
from .raw import MAX_TRIANGLES, MAX_VERTICES, check_count

Array = NDArray[np.float64]
_TRIANGLES, _STRIP, _FAN = 4, 5, 6
_CUSTOM_TYPES = ("SCALAR", "VEC2", "VEC3", "VEC4")


@dataclass
class Target:
    """What a morph target does to one piece: float64 [V, 3] each, or None."""

    offsets: Array
    weight: float
    normals: Array | None = None
    tangents: Array | None = None


@dataclass
class Piece:
    """A primitive where it stands.

    Attributes:
        name: Of its object.
        points: float64 [V, 3] world.
        faces: int64 [F, 3].
        material: Number of its material slot.
        values: By attribute name, float64 [V, K]: TEXCOORD_n as in the file, COLOR_n, NORMAL, TANGENT, others.
        targets: By name.
        joints: int64 [V, K] numbers of nodes, or None.
        weights: float64 [V, K], or None.
    """

    name: str
    points: Array
    faces: NDArray[np.int64]
    material: int
    values: dict[str, Array] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)
    joints: NDArray[np.int64] | None = None
    weights: Array | None = None


def read_pieces(document: Document, scene: Scene, skeletons: Skeletons, slot_of: Any) -> list[Piece]:
    """Return the triangles of all objects; `slot_of` numbers the material of a primitive."""
    pieces: list[Piece] = []
    count = 0
    for placement in scene.placements:
        mesh = document.item("meshes", placement.mesh)
        for primitive in mesh.get("primitives") or []:
            mode = primitive.get("mode", _TRIANGLES)
            if mode not in (_TRIANGLES, _STRIP, _FAN):
                document.say(f"points or lines of {placement.name}", "dropped", "a garment is made of triangles")
                continue
            piece = _piece(document, placement, mesh, primitive, skeletons, slot_of(primitive))
            count += len(piece.points)
            check_count(document.path, "vertices", count, MAX_VERTICES)
            if len(piece.faces):
                pieces.append(piece)
            else:
                document.say(f"an empty piece of {placement.name}", "dropped", "it has no triangles")
    return pieces


def _piece(
    document: Document,
    placement: Placement,
    mesh: dict[str, Any],
    primitive: dict[str, Any],
    skeletons: Skeletons,
    slot: int,
) -> Piece:
    attributes = primitive["attributes"]
    points = read_accessor(document, attributes["POSITION"], "VEC3")
    check_count(document.path, "vertices", len(points), MAX_VERTICES)
    piece = Piece(placement.name, points, _triangles(document, placement.name, primitive, len(points)), slot)
    piece.values = _values(document, placement.name, attributes, len(points))
    piece.targets = _targets(document, placement, mesh, primitive, len(points))
    piece.joints, piece.weights, moves = skeletons.influences(placement, attributes, len(points))
    _move(document, piece, placement, moves)
    return piece


def _triangles(document: Document, name: str, primitive: dict[str, Any], count: int) -> NDArray[np.int64]:
    mode = primitive.get("mode", _TRIANGLES)
    if "indices" in primitive:
        index = read_accessor(document, primitive["indices"], "SCALAR").astype(np.int64).ravel()
    else:
        index = np.arange(count, dtype=np.int64)
    check_count(document.path, "triangles", len(index) // (3 if mode == _TRIANGLES else 1), MAX_TRIANGLES)
    if index.size and not 0 <= index.min() <= index.max() < count:
        raise document.wrong(f"has a face that names vertex {index.max()} of {count}")
    if mode == _TRIANGLES:
        if len(index) % 3:
            raise document.wrong(f"has {len(index)} indices in a list of triangles, no multiple of 3")
        return index.reshape(-1, 3)
    if len(index) < 3:
        return np.zeros((0, 3), np.int64)
    if mode == _FAN:
        faces = np.stack([np.full(len(index) - 2, index[0]), index[1:-1], index[2:]], axis=1)
    else:
        faces = np.stack([index[:-2], index[1:-1], index[2:]], axis=1)
        faces[1::2] = faces[1::2][:, [1, 0, 2]]
    document.say(f"triangle {'fan' if mode == _FAN else 'strip'} of {name}", "converted", "it is a list of triangles")
    turns = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    return np.asarray(faces[turns], np.int64)


def _values(document: Document, name: str, attributes: dict[str, Any], count: int) -> dict[str, Array]:
    """Return what a primitive says per vertex, finite, by attribute."""
    found: dict[str, Array] = {}
    for attribute, accessor in attributes.items():
        if attribute == "POSITION" or re.fullmatch(r"(JOINTS|WEIGHTS)_\d+", attribute):
            continue
        if document.item("accessors", accessor).get("type") not in _CUSTOM_TYPES:
            document.say(f"attribute {attribute}", "dropped", "matrices per vertex are not carried; see the source")
            continue
        kinds = _kinds_of(attribute)
        values = read_accessor(document, accessor, *kinds)
        if len(values) != count:
            raise document.wrong(f"{name}: {attribute} has {len(values)} entries for {count} vertices")
        found[attribute] = _finite(document, f"{attribute} of {name}", values)
    return found


def _kinds_of(attribute: str) -> tuple[str, ...]:
    known = {"NORMAL": ("VEC3",), "TANGENT": ("VEC4",), "TEXCOORD": ("VEC2",), "COLOR": ("VEC3", "VEC4")}
    return known.get(attribute.rstrip("0123456789").rstrip("_"), _CUSTOM_TYPES)


def _finite(document: Document, what: str, values: Array) -> Array:
    bad = ~np.asarray(np.isfinite(values).all(axis=1), np.bool_)
    if not bad.any():
        return values
    document.say(what, "converted", f"{int(bad.sum())} values that are no numbers are set to 0")
    return np.where(bad[:, None], 0.0, values)


def _targets(
    document: Document, placement: Placement, mesh: dict[str, Any], primitive: dict[str, Any], count: int
) -> dict[str, Target]:
    given = primitive.get("targets") or []
    names = list((mesh.get("extras") or {}).get("targetNames") or []) if isinstance(mesh.get("extras"), dict) else []
    weights = document.item("nodes", placement.node).get("weights") or mesh.get("weights") or []
    found: dict[str, Target] = {}
    for number, target in enumerate(given):
        name = str(names[number]) if number < len(names) else f"target {number}"
        while name in found:
            name += "'"
        weight = float(weights[number]) if number < len(weights) else 0.0
        held: dict[str, Array | None] = {"POSITION": None, "NORMAL": None, "TANGENT": None}
        for attribute, accessor in target.items():
            if attribute not in held:
                why = "a garment's morph targets move points, normals and tangents"
                document.say(f"{attribute} of morph target {name}", "dropped", f"{why}; see the source")
                continue
            values = read_accessor(document, accessor, "VEC3")
            if len(values) != count:
                raise document.wrong(f"morph target {name}: {len(values)} {attribute} for {count} vertices")
            held[attribute] = _finite(document, f"{attribute} of morph target {name}", values)
        offsets = np.zeros((count, 3)) if held["POSITION"] is None else held["POSITION"]
        found[name] = Target(offsets, weight if np.isfinite(weight) else 0.0, held["NORMAL"], held["TANGENT"])
    return found


def _move(document: Document, piece: Piece, placement: Placement, moves: Array | None) -> None:
    """Bring a piece into the world, by its joints [V, 4, 4] or by its node."""
    turn = placement.world[:3, :3] if moves is None else moves[:, :3, :3]
    shift = placement.world[:3, 3] if moves is None else moves[:, :3, 3]
    piece.points = _turned(turn, piece.points) + shift
    mirrored = np.linalg.det(turn) < 0
    if np.mean(mirrored) > 0.5:
        piece.faces = piece.faces[:, ::-1]
        document.say(f"mirrored scale of {piece.name}", "converted", "its triangles are turned, outside stays out")
    across = _cofactors(turn)
    normals, tangents = piece.values.get("NORMAL"), piece.values.get("TANGENT")
    stretch = np.cbrt(np.abs(np.linalg.det(turn)))
    length = _length(_turned(across, normals)) if normals is not None else np.atleast_1d(stretch**2)[:, None]
    along = _length(_turned(turn, tangents[:, :3])) if tangents is not None else np.atleast_1d(stretch)[:, None]
    if normals is not None:
        piece.values["NORMAL"] = _turned(across, normals) / length
    if tangents is not None:
        sign = np.where(mirrored, -1.0, 1.0) * tangents[:, 3]
        piece.values["TANGENT"] = np.column_stack([_turned(turn, tangents[:, :3]) / along, sign])
    for target in piece.targets.values():
        target.offsets = _turned(turn, target.offsets)
        target.normals = None if target.normals is None else _turned(across, target.normals) / length
        target.tangents = None if target.tangents is None else _turned(turn, target.tangents) / along


def _turned(turn: Array, vectors: Array) -> Array:
    """Turn vectors [V, 3] by one matrix [3, 3] or by one each [V, 3, 3]."""
    return vectors @ turn.T if turn.ndim == 2 else np.einsum("vij,vj->vi", turn, vectors)


def _length(vectors: Array) -> Array:
    length: Array = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(length > 1e-30, length, 1.0)


def _cofactors(turn: Array) -> Array:
    """Return what turns normals: the inverse transposed, times the volume; it is there for flattening ones too."""
    rows = np.moveaxis(turn, -2, 0)
    cofactors = np.stack([np.cross(rows[1], rows[2]), np.cross(rows[2], rows[0]), np.cross(rows[0], rows[1])], axis=-2)
    sign = np.where(np.linalg.det(turn) < 0, -1.0, 1.0)
    turned: Array = cofactors * (sign if turn.ndim == 2 else sign[:, None, None])
    return turned
