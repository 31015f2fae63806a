"""A GLB's two chunks, every access held against the bytes that are there."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.documents import parse_json
from dressform.schemas.errors import InputError

from .checks import MAX_POINTS, MAX_TRIANGLES, check_finite

MAX_BYTES = 512 * 2**20
MAX_JSON = 16 * 2**20

_FLOATS = {5126: "<f4"}
COUNTS = {5121: "<u1", 5123: "<u2", 5125: "<u4"}
_SHARES = {**_FLOATS, 5123: "<u2"}  # the latter as parts of 65535
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@dataclass(frozen=True)
class GlbFile:
    """A GLB's two chunks; every access checks what it finds."""

    where: str
    document: dict[str, Any]
    binary: bytes

    def item(self, kind: str, index: object) -> dict[str, Any]:
        """Return one object of a top-level list."""
        items = items_of(self.document, kind, self.where)
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(items):
            raise InputError(f"{self.where}: {kind}[{index}] does not exist (there are {len(items)})")
        if not isinstance(items[index], dict):
            raise InputError(f"{self.where}: {kind}[{index}] is not an object")
        return dict(items[index])

    def primitive(self, index: int) -> dict[str, Any]:
        """Return one primitive of the first mesh."""
        primitives = items_of(self.item("meshes", 0), "primitives", self.where)
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
        types = {"JOINTS": COUNTS, "WEIGHTS": _SHARES}.get(name.split("_")[0], _FLOATS)
        array = self.accessor(attributes[name], kind, types)
        if types is _SHARES and array.dtype != np.float32:
            array = array.astype(np.float32) / np.float32(65535)
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
        count = natural_of(accessor, "count", where)
        if count > 3 * MAX_TRIANGLES:
            raise InputError(f"{where} has {count} values, needed at most {3 * MAX_TRIANGLES}")
        view = self.view(accessor.get("bufferView"))
        start, width = natural_of(accessor, "byteOffset", where, 0), _WIDTHS[kind]
        row = width * np.dtype(dtype).itemsize
        stride = natural_of(self.item("bufferViews", accessor.get("bufferView")), "byteStride", where, row)
        if stride < row or start + stride * max(count - 1, 0) + row * min(count, 1) > len(view):
            raise InputError(f"{where} reaches past its buffer view ({len(view)} bytes); the file is broken")
        rows: NDArray[Any] = np.ndarray((count, width), dtype, view, start, (stride, np.dtype(dtype).itemsize))
        return rows[:, 0].copy() if width == 1 else rows.copy()

    def view(self, index: object) -> bytes:
        """Return a buffer view's bytes."""
        view = self.item("bufferViews", index)
        where = f"{self.where}: bufferViews[{index}]"
        start, length = natural_of(view, "byteOffset", where, 0), natural_of(view, "byteLength", where)
        if view.get("buffer", 0) != 0 or start + length > len(self.binary):
            raise InputError(f"{where} reaches past the buffer ({len(self.binary)} bytes); the file is broken")
        return self.binary[start : start + length]


def read_bytes(path: Path) -> bytes:
    """Read a file of at most `MAX_BYTES`."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{path}: {size / 2**20:.0f} MiB, needed at most {MAX_BYTES // 2**20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def open_glb(data: bytes, where: str) -> GlbFile:
    """Part a GLB into its JSON and its binary chunk; `where` names it in errors."""
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
    return GlbFile(where, parse_json(chunks[0][1], where), binary)


def floats_of(values: object, count: int, where: str) -> list[float]:
    """Return a list of `count` numbers in [0, 1]."""
    numbers = values if isinstance(values, list) else []
    good = [isinstance(v, int | float) and not isinstance(v, bool) and 0 <= v <= 1 for v in numbers]
    if len(numbers) != count or not all(good):
        raise InputError(f"{where} must be {count} numbers in [0, 1], found {str(values)[:60]}")
    return [float(v) for v in numbers]


def items_of(holder: dict[str, Any], key: str, where: str) -> list[Any]:
    """Return a list that must be there and not empty."""
    value = holder.get(key)
    if not isinstance(value, list) or not value:
        raise InputError(f"{where}: `{key}` is missing, empty or not a list")
    return value


def object_of(holder: dict[str, Any], key: str, where: str) -> dict[str, Any]:
    """Return an object, empty when it is not there."""
    value = holder.get(key, {})
    if not isinstance(value, dict):
        raise InputError(f"{where}.{key} is not an object")
    return value


def natural_of(holder: dict[str, Any], key: str, where: str, default: int | None = None) -> int:
    """Return a whole number from 0."""
    value = holder.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 2**40:
        raise InputError(f"{where}: `{key}` must be a whole number, found {str(value)[:40]}")
    return value
