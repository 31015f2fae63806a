"""What a garment's GLB holds beyond shape, UVs and looks: further values per corner, morph targets, parts, source skin.

Values other tools understand are glTF attributes. How they hang together (which corners share a value, polygons, parts)
lies in buffer views that `extras.dressform` of the mesh names; a tool that rewrites the file drops those and still
shows the garment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pygltflib as gltf
from numpy.typing import NDArray

from dressform.schemas.documents import is_number
from dressform.schemas.errors import InputError

from .checks import check_finite, check_indices
from .garment import GarmentMesh, Layer, LayerKind, MorphTarget, Part, SourceSkin, Variant
from .glb_buffer import GlbBuffer, flipped, turned, turned_back
from .glb_file import GlbFile, items_of, natural_of, object_of

SOURCE = "source"  # name of a glTF skin that is the artist's own
TORN = 1e-5  # [m] how far the copies of one point may lie apart
_KINDS: tuple[LayerKind, ...] = ("uv", "color", "normal", "tangent", "custom")
_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}
_DTYPES = ("<u2", "<u4", "<i4", "<f4")


@dataclass(frozen=True)
class Vertices:
    """Corners with the same point, UVs and layer values become one vertex.

    Attributes:
        columns: int64 [W] each: what every vertex is made of, by "point", "uv0", "uv1", the number of a layer, or the
            numbers of a morph target and its layer.
        corners: uint32 [F, 3] the triangles over these vertices.
    """

    columns: Mapping[object, NDArray[np.int64]]
    corners: NDArray[np.uint32]


def split_corners(mesh: GarmentMesh) -> Vertices:
    """Part a garment's corners into vertices; what no triangle uses is kept as a loose vertex."""
    faces: dict[object, tuple[NDArray[np.int32], int]] = {"point": (mesh.faces, len(mesh.points))}
    if mesh.uv0 is not None and mesh.uv0_faces is not None:
        faces["uv0"] = (mesh.uv0_faces, len(mesh.uv0))
    if mesh.uv1 is not None and mesh.uv1_faces is not None:
        faces["uv1"] = (mesh.uv1_faces, len(mesh.uv1))
    for k, layer in enumerate(mesh.layers):
        faces[k] = (layer.faces, len(layer.values))
    for m, morph in enumerate(mesh.morphs):
        for k, layer in enumerate(morph.layers):
            faces[m, k] = (layer.faces, len(layer.values))
    keys = [corners.reshape(-1).astype(np.int64) for corners, _ in faces.values()]
    for column, (_, count) in enumerate(faces.values()):
        loose = np.setdiff1d(np.arange(count), keys[column])
        keys = [np.concatenate([key, loose if k == column else np.zeros_like(loose)]) for k, key in enumerate(keys)]
    rank = keys[0]
    for key in keys[1:]:  # ranks of rows, column by column, so that no product of counts can overflow
        _, rank = np.unique(rank * (int(key.max()) + 1) + key, return_inverse=True)
    _, first, inverse = np.unique(rank, return_index=True, return_inverse=True)
    columns = {name: key[first] for name, key in zip(faces, keys, strict=True)}
    return Vertices(columns, inverse[: mesh.faces.size].reshape(-1, 3).astype(np.uint32))


def pack_array(buffer: GlbBuffer, array: NDArray[Any]) -> dict[str, object]:
    """Store an array of whole numbers or floats as bytes and return how to find it again."""
    if array.dtype.kind == "f":
        dtype = "<f4"
    else:
        dtype = "<i4" if array.size and array.min() < 0 else "<u2" if not array.size or array.max() < 2**16 else "<u4"
    view = buffer.add_view(np.ascontiguousarray(array, dtype).tobytes())
    return {"view": view, "type": dtype, "shape": list(array.shape)}


def unpack_array(file: GlbFile, record: object, shape: tuple[int | None, ...], where: str) -> NDArray[Any]:
    """Return an array that `pack_array` stored, as int64 or float32, held against the shape it must have."""
    held = record if isinstance(record, dict) else {}
    dims = [d for d in held.get("shape", []) if isinstance(d, int) and d >= 0] if isinstance(held, dict) else []
    fits = len(dims) == len(shape) and all(want in (None, d) for want, d in zip(shape, dims, strict=True))
    if held.get("type") not in _DTYPES or not fits:
        raise InputError(f"{file.where}: {where} is {held.get('type')} of {dims}, needed {list(shape)}")
    data = file.view(held.get("view"))
    dtype = np.dtype(str(held["type"]))
    if len(data) != int(np.prod(dims, dtype=np.int64)) * dtype.itemsize:
        raise InputError(f"{file.where}: {where} has {len(data)} bytes, which is no {dims}; the file is broken")
    array = np.frombuffer(data, dtype).reshape(dims)
    if dtype.kind == "f":
        check_finite(array, f"{file.where}: {where}")
        return array.astype(np.float32)
    return array.astype(np.int64)


def uv_slots(mesh: GarmentMesh) -> list[int]:
    """Return the TEXCOORD of UV0 and of each layer of kind "uv"; UV1 lies between them."""
    first = int(mesh.uv0 is not None) + int(mesh.uv1 is not None)
    return [0, *(first + k for k in range(sum(layer.kind == "uv" for layer in mesh.layers)))]


def add_layers(
    buffer: GlbBuffer, mesh: GarmentMesh, vertices: Vertices, attributes: gltf.Attributes
) -> list[dict[str, object]]:
    """Add every layer as an attribute and return what the file has to say about them."""
    slots = iter(uv_slots(mesh)[1:])
    colors = normals = tangents = 0
    taken: set[str] = set()
    records: list[dict[str, object]] = []
    for k, layer in enumerate(mesh.layers):
        if layer.kind == "uv":
            name = f"TEXCOORD_{next(slots)}"
        elif layer.kind == "color":
            name, colors = f"COLOR_{colors}", colors + 1
        elif layer.kind == "normal":
            name, normals = "NORMAL" if not normals else f"_NORMAL_{normals}", normals + 1
        elif layer.kind == "tangent":
            name, tangents = "TANGENT" if not tangents else f"_TANGENT_{tangents}", tangents + 1
        else:
            name = _custom_name(layer.name, taken)
        taken.add(name)
        number = vertices.columns[k]
        values = _to_file(layer)[number]
        setattr(attributes, name, buffer.add_accessor(values, target=gltf.ARRAY_BUFFER))
        records.append({**_described(layer), "attribute": name, "numbers": pack_array(buffer, number)})
    return records


def add_morphs(buffer: GlbBuffer, mesh: GarmentMesh, vertices: Vertices) -> tuple[list[Any], list[dict[str, object]]]:
    """Return the morph targets as glTF's, and what else the file has to say about them."""
    targets: list[Any] = []
    records: list[dict[str, object]] = []
    for m, morph in enumerate(mesh.morphs):
        offsets = turned(morph.offsets)[vertices.columns["point"]]
        target = gltf.Attributes(POSITION=buffer.add_accessor(offsets, target=gltf.ARRAY_BUFFER, bounds=True))
        layers = []
        for k, layer in enumerate(morph.layers):
            attribute = {"normal": "NORMAL", "tangent": "TANGENT"}.get(layer.kind)
            if attribute is None or layer.values.shape[1] != 3:
                raise InputError(
                    f"morph target {morph.name!r}: a layer of kind {layer.kind!r} cannot be written as GLB"
                )
            number = vertices.columns[m, k]
            values = turned(layer.values)[number]
            setattr(target, attribute, buffer.add_accessor(values, target=gltf.ARRAY_BUFFER))
            layers.append({**_described(layer), "attribute": attribute, "numbers": pack_array(buffer, number)})
        targets.append(target)
        records.append({"name": morph.name, "layers": layers} if layers else {"name": morph.name})
    return targets, records


def structure_record(buffer: GlbBuffer, mesh: GarmentMesh) -> dict[str, object]:
    """Return polygons, parts and the source skin as they lie in the file."""
    record: dict[str, object] = {}
    if mesh.polygons is not None:
        record["polygons"] = pack_array(buffer, mesh.polygons)
    if mesh.parts and mesh.part_ids is not None:
        record["parts"] = [_without_false(vars(part)) for part in mesh.parts]
        record["part_ids"] = pack_array(buffer, mesh.part_ids)
    if mesh.skin is not None:
        skin = mesh.skin
        record["source_skin"] = {
            "joints": list(skin.joints),
            "parents": [int(p) for p in skin.parents],
            "rest": pack_array(buffer, skin.rest.astype(np.float32)),
            "indices": pack_array(buffer, skin.indices),
            "weights": pack_array(buffer, skin.weights),
        }
    return record


def read_layers(file: GlbFile, records: object, attributes: dict[str, Any], corners: NDArray[np.int64]) -> list[Layer]:
    """Return the layers that a mesh's or a morph target's record names."""
    layers = []
    for record in _records(records):
        name, kind, attribute = record.get("name"), record.get("kind"), record.get("attribute")
        width = natural_of(record, "width", f"{file.where}: layer {name!r}")
        if kind not in _KINDS or width not in _TYPES or not isinstance(name, str) or not isinstance(attribute, str):
            raise InputError(f"{file.where}: layer {name!r} of kind {kind!r} and width {width} is not known")
        values = file.array(attributes, attribute, _TYPES[width]).reshape(-1, width)
        number = unpack_array(file, record.get("numbers"), (len(values),), f"layer {name!r}")
        welded = weld(values, number, file.where, attribute)
        if kind == "uv":
            welded = flipped(welded)
        elif kind in ("normal", "tangent"):
            welded = turned_back(welded)
        layers.append(Layer(name, kind, welded, number[corners].astype(np.int32)))
    return layers


def read_morphs(
    file: GlbFile,
    mesh: dict[str, Any],
    records: object,
    point: NDArray[np.int64],
    corners: NDArray[np.int64],
) -> tuple[MorphTarget, ...]:
    """Return the morph targets of a mesh; every primitive has the same."""
    targets = _listed(file.primitive(0), "targets", file.where)
    weights = _listed(mesh, "weights", file.where) or [0.0] * len(targets)
    named = _records(records)
    if not len(targets) == len(weights) == len(named):
        raise InputError(f"{file.where}: {len(targets)} morph targets, {len(weights)} weights and {len(named)} names")
    morphs = []
    for target, weight, record in zip(targets, weights, named, strict=True):
        if not isinstance(target, dict) or not is_number(weight):
            raise InputError(f"{file.where}: morph target {record.get('name')!r} is no target")
        offsets = weld(file.array(target, "POSITION", "VEC3", len(point)), point, file.where, "morph POSITION")
        layers = tuple(read_layers(file, record.get("layers"), target, corners))
        morphs.append(MorphTarget(str(record.get("name")), turned_back(offsets), float(weight), layers))
    return tuple(morphs)


def read_structure(file: GlbFile, record: dict[str, Any], face_count: int, point_count: int) -> dict[str, Any]:
    """Return polygons, parts and source skin, as `GarmentMesh` names them."""
    found: dict[str, Any] = {}
    if "polygons" in record:
        found["polygons"] = unpack_array(file, record["polygons"], (face_count,), "polygons").astype(np.int32)
    if "parts" in record:
        parts = [
            Part(str(part.get("name", "")), part.get("rigid") is True, part.get("inner") is True)
            for part in _records(record["parts"])
        ]
        ids = unpack_array(file, record.get("part_ids"), (face_count,), "part_ids").astype(np.int32)
        check_indices(ids, len(parts), f"{file.where}: part_ids")
        found |= {"parts": tuple(parts), "part_ids": ids}
    if "source_skin" in record:
        found["skin"] = _source_skin(file, object_of(record, "source_skin", file.where), point_count)
    return found


def read_variants(file: GlbFile, primitives: Sequence[dict[str, Any]], count: int) -> tuple[Variant, ...]:
    """Return the looks of KHR_materials_variants over `count` materials."""
    root = object_of(object_of(file.document, "extensions", file.where), "KHR_materials_variants", file.where)
    if not root:
        return ()
    names = [str(v.get("name", "")) for v in items_of(root, "variants", file.where) if isinstance(v, dict)]
    chosen = [list(range(count)) for _ in names]
    for primitive in primitives:
        own = natural_of(primitive, "material", file.where)
        extension = object_of(object_of(primitive, "extensions", file.where), "KHR_materials_variants", file.where)
        for mapping in _records(extension.get("mappings")):
            material = natural_of(mapping, "material", f"{file.where}: a variant")
            for variant in _listed(mapping, "variants", file.where):
                if not isinstance(variant, int) or not 0 <= variant < len(names) or material >= count or own >= count:
                    raise InputError(f"{file.where}: a variant names {variant} or material {material}, not there")
                chosen[variant][own] = material
    return tuple(Variant(name, tuple(materials)) for name, materials in zip(names, chosen, strict=True))


def weld(values: NDArray[np.float32], number: NDArray[np.int64], where: str, name: str) -> NDArray[np.float32]:
    """Put the vertices' values back where they came from; copies of one point must agree."""
    check_finite(values, f"{where}: {name}")
    count = int(number.max()) + 1
    if count > len(number):
        raise InputError(f"{where}: {name} has {len(number)} vertices for {count} points; some points are missing")
    welded = np.full((count, values.shape[1]), np.nan, np.float32)
    welded[number] = values
    if np.isnan(welded).any():
        raise InputError(f"{where}: {name} lacks point {int(np.argmax(np.isnan(welded[:, 0])))}")
    if np.abs(welded[number] - values).max() > TORN:
        raise InputError(f"{where}: {name}: copies of one point lie apart; the mesh was edited without its welds")
    return welded


def _source_skin(file: GlbFile, record: dict[str, Any], point_count: int) -> SourceSkin:
    joints, where = items_of(record, "joints", file.where), "the source skin's"
    parents = _listed(record, "parents", file.where)
    if len(parents) != len(joints) or not all(type(p) is int and -1 <= p < k for k, p in enumerate(parents)):
        raise InputError(f"{file.where}: {where} parents must be {len(joints)} earlier joints or -1")
    rest = unpack_array(file, record.get("rest"), (len(joints), 4, 4), f"{where} rest")
    # smaller than any unit makes a joint (1e-4 along each axis), or not a number: it has no inverse to bind with
    flat = ~(np.abs(np.linalg.det(rest.astype(np.float64))) > 1e-12)
    if flat.any():
        raise InputError(f"{file.where}: {where} joint {joints[int(np.argmax(flat))]!r} is scaled to nothing")
    indices = unpack_array(file, record.get("indices"), (point_count, None), f"{where} indices").astype(np.int32)
    weights = unpack_array(file, record.get("weights"), indices.shape, f"{where} weights")
    check_indices(indices, len(joints), f"{file.where}: {where} indices")
    return SourceSkin(tuple(map(str, joints)), np.array(parents, np.int32), rest, indices, weights)


def _to_file(layer: Layer) -> NDArray[np.float32]:
    if layer.kind == "uv":
        return flipped(layer.values)
    values = turned(layer.values) if layer.kind in ("normal", "tangent") else layer.values
    return values[:, 0] if values.shape[1] == 1 else values


def _described(layer: Layer) -> dict[str, object]:
    return {"name": layer.name, "kind": layer.kind, "width": layer.values.shape[1]}


def _custom_name(name: str, taken: set[str]) -> str:
    plain = "_" + re.sub(r"[^A-Z0-9_]+", "_", name.upper().lstrip("_"))
    if plain in {"_POINT", "_UV0", "_UV1"}:
        plain += "_"
    while plain in taken:
        plain += "_"
    return plain


def _without_false(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not False}


def _listed(holder: dict[str, Any], key: str, where: str) -> list[Any]:
    """Return a list, empty when it is not there."""
    value = holder.get(key) or []
    if not isinstance(value, list):
        raise InputError(f"{where}: `{key}` must be a list, found {str(value)[:40]!r}")
    return value


def _records(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
