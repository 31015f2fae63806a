"""Reading a garment's GLB, trusting nothing in it.

The JSON is read as plain data, not through pygltflib: a hostile file must end in one clear line, whatever it holds.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.documents import parse_json
from dressform.schemas.errors import InputError

from .checks import MAX_POINTS, MAX_TRIANGLES, check_finite, check_indices, check_mesh
from .garment import GarmentMesh, Material

MAX_BYTES = 512 * 2**20
MAX_JSON = 16 * 2**20
TORN = 1e-5  # [m] how far the copies of one point may lie apart

_FLOATS = {5126: "<f4"}
_COUNTS = {5121: "<u1", 5123: "<u2", 5125: "<u4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


def read_glb(path: Path) -> GarmentMesh:
    """Read a garment that `write_glb` wrote.

    Raises:
        InputError: When the file is missing, too big, truncated, not a GLB, not one of a garment, or its numbers are
            not sound (not finite, indices out of range).
    """
    return parse_glb(_read(path), str(path))


def read_skin(path: Path) -> tuple[tuple[str, ...], NDArray[np.int32], NDArray[np.float32]] | None:
    """Read the skin of a garment's GLB.

    Returns:
        Joint names, joint indices int32 [V, 8] into them, weights float32 [V, 8] per welded point; None without a skin.
    """
    file = _open(_read(path), str(path))
    attributes = file.primitive(0)["attributes"]
    if not file.document.get("skins"):
        return None
    names = [file.item("nodes", joint).get("name") for joint in _list(file.item("skins", 0), "joints", file.where)]
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"{file.where}: a joint of the skin has no name")
    point = file.numbers(attributes, "_POINT")
    count = int(point.max()) + 1
    indices, weights = np.zeros((count, 8), np.int32), np.zeros((count, 8), np.float32)
    for part in range(2):
        columns = slice(4 * part, 4 * part + 4)
        indices[point, columns] = file.array(attributes, f"JOINTS_{part}", "VEC4", len(point))
        weights[point, columns] = file.array(attributes, f"WEIGHTS_{part}", "VEC4", len(point))
    check_indices(indices, len(names), f"{file.where}: JOINTS")
    check_finite(weights, f"{file.where}: WEIGHTS")
    return tuple(str(name) for name in names), indices, weights


def parse_glb(data: bytes, where: str) -> GarmentMesh:
    """Decode a garment's GLB; `where` names it in errors."""
    file = _open(data, where)
    mesh = file.item("meshes", 0)
    primitives = [file.primitive(i) for i in range(len(_list(mesh, "primitives", where)))]
    attributes = primitives[0]["attributes"]
    if any(primitive["attributes"] != attributes for primitive in primitives):
        raise InputError(f"{where}: primitives do not share their vertices; import it with `dressform garment import`")
    point = file.numbers(attributes, "_POINT")
    position = file.array(attributes, "POSITION", "VEC3", len(point))
    points = _weld(position, point, where, "POSITION")
    corners, material_ids = _triangles(file, mesh, primitives, len(point))
    uvs: dict[str, Any] = {}
    slot = 0
    for name in ("uv0", "uv1"):
        if f"_{name.upper()}" in attributes:
            number = file.numbers(attributes, f"_{name.upper()}")
            uv = file.array(attributes, f"TEXCOORD_{slot}", "VEC2", len(point))
            welded = _weld(uv, number[: len(uv)], where, f"TEXCOORD_{slot}")
            uvs[name] = np.stack([welded[:, 0], np.float32(1) - welded[:, 1]], axis=1)
            uvs[f"{name}_faces"] = number[corners].astype(np.int32)
            slot += 1
        else:
            uvs[name] = uvs[f"{name}_faces"] = None
    garment = GarmentMesh(
        points=np.stack([points[:, 0], -points[:, 2], points[:, 1]], axis=1),
        faces=point[corners].astype(np.int32),
        materials=tuple(_material(file, i) for i in range(len(_list(file.document, "materials", where)))),
        material_ids=material_ids,
        **uvs,
    )
    check_mesh(garment, where)
    return garment


@dataclass(frozen=True)
class _File:
    """A GLB's two chunks; every access checks what it finds."""

    where: str
    document: dict[str, Any]
    binary: bytes

    def item(self, kind: str, index: object) -> dict[str, Any]:
        """Return one object of a top-level list."""
        items = _list(self.document, kind, self.where)
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(items):
            raise InputError(f"{self.where}: {kind}[{index}] does not exist (there are {len(items)})")
        if not isinstance(items[index], dict):
            raise InputError(f"{self.where}: {kind}[{index}] is not an object")
        return dict(items[index])

    def primitive(self, index: int) -> dict[str, Any]:
        """Return one primitive of the first mesh."""
        primitives = _list(self.item("meshes", 0), "primitives", self.where)
        primitive = primitives[index] if index < len(primitives) else None
        if not isinstance(primitive, dict) or not isinstance(primitive.get("attributes"), dict):
            raise InputError(f"{self.where}: meshes[0].primitives[{index}] is missing or has no attributes")
        if primitive.get("mode", 4) != 4:
            raise InputError(f"{self.where}: meshes[0].primitives[{index}] is not made of triangles")
        return primitive

    def array(self, attributes: dict[str, Any], name: str, kind: str, count: int | None = None) -> NDArray[Any]:
        """Return an attribute's values, [N] or [N, K]."""
        if name not in attributes:
            cure = "; it was not written by dressform: import it with `dressform garment import`"
            raise InputError(f"{self.where}: attribute {name} is missing{cure}")
        array = self.accessor(attributes[name], kind, _COUNTS if name.startswith("JOINTS_") else _FLOATS)
        if count is not None and len(array) != count:
            raise InputError(f"{self.where}: {name} has {len(array)} values, needed {count}")
        return array

    def numbers(self, attributes: dict[str, Any], name: str) -> NDArray[np.int64]:
        """Return an attribute of whole numbers kept as floats."""
        values = self.array(attributes, name, "SCALAR")
        check_finite(values, f"{self.where}: {name}")
        whole = values.astype(np.int64)
        if not len(whole) or (whole != values).any() or whole.min() < 0 or whole.max() >= MAX_POINTS:
            raise InputError(f"{self.where}: {name} must hold whole numbers from 0 to {MAX_POINTS - 1}")
        return whole

    def accessor(self, index: object, kind: str, types: dict[int, str]) -> NDArray[Any]:
        """Return an accessor's values as its own type, which must be one of `types` (by glTF's component type)."""
        accessor = self.item("accessors", index)
        where = f"{self.where}: accessors[{index}]"
        component = accessor.get("componentType")
        dtype = types.get(component) if isinstance(component, int) and accessor.get("type") == kind else None
        if dtype is None or "sparse" in accessor:
            found = f"{accessor.get('type')} of {component}"
            raise InputError(f"{where} is {found}, needed a plain {kind} of {' or '.join(map(str, types))}")
        count = _natural(accessor, "count", where)
        if count > 3 * MAX_TRIANGLES:
            raise InputError(f"{where} has {count} values, needed at most {3 * MAX_TRIANGLES}")
        view = self.view(accessor.get("bufferView"))
        start, width = _natural(accessor, "byteOffset", where, 0), _WIDTHS[kind]
        row = width * np.dtype(dtype).itemsize
        stride = _natural(self.item("bufferViews", accessor.get("bufferView")), "byteStride", where, row)
        if stride < row or start + stride * max(count - 1, 0) + row * min(count, 1) > len(view):
            raise InputError(f"{where} reaches past its buffer view ({len(view)} bytes); the file is broken")
        rows: NDArray[Any] = np.ndarray((count, width), dtype, view, start, (stride, np.dtype(dtype).itemsize))
        return rows[:, 0].copy() if width == 1 else rows.copy()

    def view(self, index: object) -> bytes:
        """Return a buffer view's bytes."""
        view = self.item("bufferViews", index)
        where = f"{self.where}: bufferViews[{index}]"
        start, length = _natural(view, "byteOffset", where, 0), _natural(view, "byteLength", where)
        if view.get("buffer", 0) != 0 or start + length > len(self.binary):
            raise InputError(f"{where} reaches past the buffer ({len(self.binary)} bytes); the file is broken")
        return self.binary[start : start + length]


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{path}: {size / 2**20:.0f} MiB, needed at most {MAX_BYTES // 2**20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _open(data: bytes, where: str) -> _File:
    if len(data) < 20 or data[:4] != b"glTF":
        raise InputError(f"{where}: not a GLB file (it starts with {data[:4]!r}, needed b'glTF')")
    _, version, length = struct.unpack_from("<III", data)
    if version != 2 or length != len(data):
        raise InputError(f"{where}: truncated or not glTF 2 (version {version}, {len(data)} of {length} bytes)")
    chunks: list[tuple[int, bytes]] = []
    at = 12
    while at + 8 <= len(data):
        size, kind = struct.unpack_from("<II", data, at)
        if at + 8 + size > len(data):
            raise InputError(f"{where}: a chunk of {size} bytes reaches past the end of the file; it is truncated")
        chunks.append((kind, data[at + 8 : at + 8 + size]))
        at += 8 + size
    if not chunks or chunks[0][0] != 0x4E4F534A or len(chunks[0][1]) > MAX_JSON:
        raise InputError(f"{where}: the first chunk must be JSON of at most {MAX_JSON // 2**20} MiB")
    binary = chunks[1][1] if len(chunks) > 1 and chunks[1][0] == 0x004E4942 else b""
    return _File(where, parse_json(chunks[0][1], where), binary)


def _triangles(
    file: _File, mesh: dict[str, Any], primitives: list[dict[str, Any]], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return triangles [F, 3] over the vertices and their materials [F], in the order that was written."""
    parts, ids = [], []
    for i, primitive in enumerate(primitives):
        indices = file.accessor(primitive.get("indices"), "SCALAR", _COUNTS).astype(np.int64)
        where = f"{file.where}: primitive {i}"
        if len(indices) % 3:
            raise InputError(f"{where}: {len(indices)} indices are not whole triangles")
        check_indices(indices, count, where)
        parts.append(indices.reshape(-1, 3))
        ids.append(np.full(len(indices) // 3, _natural(primitive, "material", where), np.int32))
    corners, material_ids = np.concatenate(parts), np.concatenate(ids)
    extras = mesh.get("extras")
    if isinstance(extras, dict) and "dressform_face_order" in extras:
        order = np.frombuffer(file.view(extras["dressform_face_order"]), "<u4").astype(np.int64)
        if not np.array_equal(np.sort(order), np.arange(len(corners))):
            raise InputError(f"{file.where}: the face order does not name every triangle once; the file is broken")
        corners[order], material_ids[order] = corners.copy(), material_ids.copy()
    return corners, material_ids


def _weld(values: NDArray[np.float32], number: NDArray[np.int64], where: str, name: str) -> NDArray[np.float32]:
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


def _material(file: _File, index: int) -> Material:
    record = file.item("materials", index)
    where = f"{file.where}: materials[{index}]"
    pbr = _object(record, "pbrMetallicRoughness", where)
    sheen = _object(_object(record, "extensions", where), "KHR_materials_sheen", where)
    color = _floats(pbr.get("baseColorFactor", [1, 1, 1, 1]), 4, f"{where}.baseColorFactor")
    fuzz = _floats(sheen.get("sheenColorFactor", [0, 0, 0]), 3, f"{where}.sheenColorFactor")
    (roughness,) = _floats([pbr.get("roughnessFactor", 1.0)], 1, f"{where}.roughnessFactor")
    (metallic,) = _floats([pbr.get("metallicFactor", 1.0)], 1, f"{where}.metallicFactor")
    return Material(
        name=str(record.get("name", "")),
        base_color=(color[0], color[1], color[2], color[3]),
        base_color_image=_image(file, pbr.get("baseColorTexture")),
        normal_image=_image(file, record.get("normalTexture")),
        roughness=roughness,
        metallic=metallic,
        sheen=(fuzz[0], fuzz[1], fuzz[2]),
        double_sided=record.get("doubleSided") is True,
    )


def _image(file: _File, info: object) -> bytes | None:
    if info is None:
        return None
    texture = file.item("textures", info.get("index") if isinstance(info, dict) else None)
    image = file.item("images", texture.get("source"))
    if "bufferView" not in image:
        raise InputError(f"{file.where}: an image lies outside the file; only embedded images are read")
    return file.view(image["bufferView"])


def _floats(values: object, count: int, where: str) -> list[float]:
    numbers = values if isinstance(values, list) else []
    good = [isinstance(v, int | float) and not isinstance(v, bool) and 0 <= v <= 1 for v in numbers]
    if len(numbers) != count or not all(good):
        raise InputError(f"{where} must be {count} numbers in [0, 1], found {str(values)[:60]}")
    return [float(v) for v in numbers]


def _list(holder: dict[str, Any], key: str, where: str) -> list[Any]:
    value = holder.get(key)
    if not isinstance(value, list) or not value:
        raise InputError(f"{where}: `{key}` is missing, empty or not a list")
    return value


def _object(holder: dict[str, Any], key: str, where: str) -> dict[str, Any]:
    value = holder.get(key, {})
    if not isinstance(value, dict):
        raise InputError(f"{where}.{key} is not an object")
    return value


def _natural(holder: dict[str, Any], key: str, where: str, default: int | None = None) -> int:
    value = holder.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 2**40:
        raise InputError(f"{where}: `{key}` must be a whole number, found {str(value)[:40]}")
    return value
