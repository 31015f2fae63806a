"""FBX from version 7.0 (2011) on, binary and text: meshes, UV sets, materials, skins, blend shapes."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import LayerKind
from dressform.schemas.errors import InputError

from .fbx_file import Record, read_records
from .fbx_look import FbxLooks
from .fbx_rig import FbxRig
from .fbx_scene import FbxScene, Thing, geometric
from .joining import finished, join
from .pieces import Findings, Piece, Values, checked_polygons
from .raw import MAX_TRIANGLES, MAX_VERTICES, RawMesh, check_count, check_size
from .shading import Look

Matrix = NDArray[np.float64]
_LAYERS: tuple[tuple[str, LayerKind, str, str, int], ...] = (
    ("LayerElementUV", "uv", "UV", "UVIndex", 2),
    ("LayerElementColor", "color", "Colors", "ColorIndex", 4),
    ("LayerElementNormal", "normal", "Normals", "NormalsIndex", 3),
    ("LayerElementTangent", "tangent", "Tangents", "TangentsIndex", 3),
)
_OTHER_SHAPES = {"NurbsCurve": "a curve", "NurbsSurface": "a NURBS surface", "Line": "a line", "Patch": "a patch"}


def read_fbx(path: Path) -> RawMesh:
    """Read every visible mesh in the file's world; skinned ones as they were bound."""
    check_size(path)
    try:
        root, version = read_records(path, path.read_bytes())
        return _read(path, FbxScene(path, root), version)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise InputError(f"{path} is not valid FBX ({type(error).__name__}: {error}); export it again") from error


def _read(path: Path, scene: FbxScene, version: int) -> RawMesh:
    found = Findings()
    looks, rig = FbxLooks(path, scene, found), FbxRig(scene, found)
    pieces: list[Piece] = []
    extras: dict[str, Any] = {}
    for model in scene.of_kind("Model"):
        for geometry in scene.below(model, "Geometry"):
            if geometry.subtype in _OTHER_SHAPES:
                found.dropped(f"{model.name}", f"{_OTHER_SHAPES[geometry.subtype]}; only meshes are read")
            elif geometry.subtype == "Mesh" and _is_shown(model, found):
                piece = _piece(path, scene, model, geometry, looks, rig, found)
                if piece is not None:
                    pieces.append(piece)
                    extras |= _user_properties(model, found)
                check_count(path, "vertices", sum(len(p.points) for p in pieces), MAX_VERTICES)
    for stack in scene.of_kind("AnimationStack"):
        found.dropped(f"animation {stack.name}", "a garment moves with its body")
    if not pieces:
        raise InputError(f"{path} holds no visible mesh; export the garment as a mesh")
    up, up_reason, turn = _axes(scene.settings, found)
    if turn is not None:
        pieces = [_turned_piece(piece, turn) for piece in pieces]
        rig.joints.rest = [turn @ rest for rest in rig.joints.rest]
    raw = join(path, pieces, looks.looks or [Look()], rig.joints, found)
    factor = scene.settings.number_of("UnitScaleFactor", 1.0)
    metres = factor / 100 if 0 < factor < 1e8 else None
    return finished(
        replace(raw, extras=extras),
        found,
        metres_per_unit=metres,
        unit_reason=f"FBX {version} with a UnitScaleFactor of {factor:g} cm" if metres is not None else "",
        up=up,
        up_reason=up_reason,
    )


def _is_shown(model: Thing, found: Findings) -> bool:
    if model.number_of("Visibility", 1.0) == 0 or model.number_of("Show", 1.0) == 0:
        found.dropped(model.name, "it is hidden in the file")
        return False
    return True


def _user_properties(model: Thing, found: Findings) -> dict[str, Any]:
    """Return the properties that an artist added to a node, where JSON can hold them."""
    out: dict[str, Any] = {}
    for name in model.user:
        values = [v for v in model.properties[name] if isinstance(v, (str, int)) or math.isfinite(v)]
        if values:
            out[name] = values[0] if len(values) == 1 else values
    if not out:
        return {}
    found.kept(f"user properties of {model.name}", "extras")
    return {model.name: out}


def _axes(settings: Thing, found: Findings) -> tuple[str, str, Matrix | None]:
    """Return the up axis, where it is said, and a turn [4, 4] when up is neither +y nor +z."""
    axis, sign = int(settings.number_of("UpAxis", 1.0)), settings.number_of("UpAxisSign", 1.0)
    if axis in (1, 2) and sign > 0:
        return "yz"[axis - 1], f"the file's UpAxis is {'xyz'[axis]}", None
    up = np.zeros(3)
    up[axis if 0 <= axis <= 2 else 1] = 1.0 if sign > 0 else -1.0
    front = np.zeros(3)
    front_axis = int(settings.number_of("FrontAxis", 2.0))
    front[front_axis if 0 <= front_axis <= 2 else 2] = 1.0 if settings.number_of("FrontAxisSign", 1.0) > 0 else -1.0
    if abs(front @ up) > 0.5:
        front = np.roll(up, 1)
    turn = np.eye(4)
    turn[:3, :3] = np.stack([np.cross(up, front), up, front])
    found.converted("axes", f"{'-' if sign < 0 else ''}{'xyz'[int(np.argmax(np.abs(up)))]} up turned to y up")
    return "y", "turned from the file's axes", turn


def _turned_piece(piece: Piece, turn: Matrix) -> Piece:
    linear = turn[:3, :3].T
    return replace(
        piece,
        points=piece.points @ linear,
        layers=tuple(_in_world(layer, turn[:3, :3]) for layer in piece.layers),
        shapes=tuple(
            replace(
                shape,
                offsets=shape.offsets @ linear,
                normals=None if shape.normals is None else replace(shape.normals, values=shape.normals.values @ linear),
            )
            for shape in piece.shapes
        ),
    )


def _in_world(layer: Values, linear: Matrix) -> Values:
    """Turn normals and tangents by a matrix [3, 3] for column vectors."""
    if layer.kind not in ("normal", "tangent") or abs(np.linalg.det(linear)) < 1e-30:
        return layer
    matrix = np.linalg.inv(linear) if layer.kind == "normal" else linear.T
    turned = layer.values[:, :3] @ matrix
    lengths = np.linalg.norm(turned, axis=1, keepdims=True)
    turned = np.where(lengths > 1e-12, turned / np.maximum(lengths, 1e-12), [[0.0, 0.0, 1.0]])
    return replace(layer, values=np.concatenate([turned, layer.values[:, 3:]], axis=1))


def _piece(
    path: Path, scene: FbxScene, model: Thing, geometry: Thing, looks: FbxLooks, rig: FbxRig, found: Findings
) -> Piece | None:
    record = geometry.record
    numbers = record.array("Vertices", np.float64)
    ends = record.array("PolygonVertexIndex", np.int64)
    name = model.name or geometry.name
    check_count(path, "face corners", len(ends), 3 * MAX_TRIANGLES)
    if len(numbers) % 3:
        raise InputError(f"{path}: {name} has {len(numbers)} coordinates, no multiple of 3; export it again")
    points = numbers.reshape(-1, 3)
    last = np.flatnonzero(ends < 0)
    corners = np.where(ends < 0, -ends - 1, ends)[: last[-1] + 1 if len(last) else 0]
    counts = np.diff(np.concatenate([[-1], last]))
    keep = counts >= 3
    if not keep.any():
        found.dropped(name, "it has no faces")
        return None
    if not keep.all():
        found.dropped(f"{int((~keep).sum())} faces of {name}", "they have fewer than 3 corners")
    of_corner = np.repeat(keep, counts)
    checked_polygons(path, name, points, corners[of_corner], counts[keep])
    layers, materials = _layers(record, name, len(points), corners, counts, found)
    bound = rig.binding_of(geometry, len(points))
    world = (scene.world(model) if bound is None else bound.world) @ geometric(model)
    if not np.isfinite(world).all():
        raise InputError(f"{path}: {name} has a transform that is not finite; export it again")
    shapes = rig.shapes_of(geometry, points, corners[of_corner], world)
    return Piece(
        name,
        points @ world[:3, :3].T + world[:3, 3],
        corners[of_corner],
        counts[keep],
        looks.of_faces(model, materials)[keep],
        tuple(_in_world(replace(layer, index=layer.index[of_corner]), world[:3, :3]) for layer in layers),
        shapes,
        None if bound is None else bound.joints,
        None if bound is None else bound.weights,
        mirrored=bool(np.linalg.det(world[:3, :3]) < 0),
    )


def _layers(
    record: Record,
    name: str,
    n_points: int,
    corners: NDArray[np.int64],
    counts: NDArray[np.int64],
    found: Findings,
) -> tuple[list[Values], NDArray[np.int64]]:
    """Return the layers of a mesh and the slot of each polygon's material."""
    out: list[Values] = []
    for element, kind, values_name, index_name, width in _LAYERS:
        for number, layer in enumerate(record.all(element)):
            numbers = layer.array(values_name, np.float64)
            label = str(layer.value("Name", "") or f"{values_name} {number}")
            if len(numbers) % width or not len(numbers):
                found.dropped(f"{kind} {label} of {name}", f"{len(numbers)} numbers are no rows of {width}")
                continue
            values = numbers.reshape(-1, width)
            index = _corner_index(layer, index_name, len(values), n_points, corners, counts)
            if index is None:
                found.dropped(f"{kind} {label} of {name}", f"its {len(values)} values do not fit the mesh")
                continue
            out.append(_sound(label, kind, values, index))
    creases = record.first("LayerElementSmoothing")
    if creases is not None and creases.value("MappingInformationType") == "ByPolygon":
        groups = creases.array("Smoothing", np.float64)
        if len(groups) == len(counts) and len(set(groups.tolist())) > 1:
            index = np.repeat(np.arange(len(counts)), counts)
            out.append(Values("smoothing group", "custom", groups[:, None], index))
    for left in ("LayerElementEdgeCrease", "LayerElementVertexCrease", "LayerElementHole"):
        if record.first(left) is not None:
            found.left_out(f"{left.removeprefix('LayerElement')} of {name}", "the mesh is read as it is modelled")
    slots = record.first("LayerElementMaterial")
    materials = np.zeros(len(counts), np.int64)
    if slots is not None:
        said = slots.array("Materials", np.int64)
        if slots.value("MappingInformationType") == "ByPolygon" and len(said) == len(counts):
            materials = said
        elif len(said):
            materials[:] = said[0]
    return out, materials


def _sound(label: str, kind: LayerKind, values: Matrix, index: NDArray[np.int64]) -> Values:
    """Take directions without length for missing, and give tangents their sign."""
    if kind in ("normal", "tangent"):
        bad = ~np.isfinite(values).all(axis=1) | (np.linalg.norm(np.nan_to_num(values), axis=1) < 1e-12)
        values = np.where(bad[:, None], 0.0, values)
        index = np.where((index >= 0) & bad[index], -1, index)
    if kind == "tangent":
        values = np.concatenate([values, np.ones((len(values), 1))], axis=1)
    return Values(label, kind, values, index)


def _corner_index(
    layer: Record,
    index_name: str,
    n_values: int,
    n_points: int,
    corners: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> NDArray[np.int64] | None:
    """Return the value of each polygon corner, -1 for none; None when the numbers do not fit."""
    mapping, reference = layer.value("MappingInformationType"), layer.value("ReferenceInformationType")
    per, needed = {
        "ByPolygonVertex": (np.arange(len(corners)), len(corners)),
        "ByVertex": (corners, n_points),
        "ByVertice": (corners, n_points),
        "ByPolygon": (np.repeat(np.arange(len(counts)), counts), len(counts)),
        "AllSame": (np.zeros(len(corners), np.int64), 1),
    }.get(str(mapping), (None, 0))
    indexed = reference in ("IndexToDirect", "Index")
    index = layer.array(index_name, np.int64) if indexed else np.arange(n_values)
    if indexed and not len(index):
        index = np.arange(n_values)
    if per is None or len(index) < needed or not needed:
        return None
    chosen: NDArray[np.int64] = index[per].astype(np.int64)
    if len(chosen) and not -1 <= chosen.min() <= chosen.max() < n_values:
        return None
    return chosen
