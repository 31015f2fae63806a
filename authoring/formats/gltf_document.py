"""The JSON and the buffers of a glTF file, every count and reference held against the bytes that are there."""

from __future__ import annotations

import base64
import binascii
import json
import struct
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import InputError

from .raw import MAX_TRIANGLES, Conversion, Outcome, beside, check_count, check_size

_DTYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_JSON_CHUNK, _BIN_CHUNK = 0x4E4F534A, 0x004E4942
# what every glTF file has to hold as a list of objects, as a list, as an object
_LISTS_OF_OBJECTS = {"accessors", "animations", "buffers", "bufferViews", "cameras", "images", "materials", "meshes"}
_LISTS_OF_OBJECTS |= {"nodes", "primitives", "samplers", "scenes", "skins", "textures", "targets"}
_LISTS = _LISTS_OF_OBJECTS | {"children", "joints", "weights", "extensionsUsed", "extensionsRequired"}
_OBJECTS = {"extensions", "pbrMetallicRoughness", "sparse"}


@dataclass
class Document:
    """A file's JSON and what was read with it.

    Attributes:
        path: The file.
        data: Its JSON.
        binary: The GLB's binary chunk, or None.
        record: What was kept, converted and dropped, for the report; each thing once.
        companions: Other files that were read.
        buffers: Buffers read so far.
        values: Accessors read so far.
    """

    path: Path
    data: dict[str, Any]
    binary: bytes | None
    record: dict[tuple[str, str], Conversion] = field(default_factory=dict)
    companions: list[Path] = field(default_factory=list)
    buffers: dict[int, bytes] = field(default_factory=dict)
    values: dict[int, NDArray[np.float64]] = field(default_factory=dict)

    def say(self, what: str, outcome: Outcome, why: str) -> None:
        """Note what became of a thing."""
        self.record.setdefault((what, why), Conversion(what, outcome, why))

    def wrong(self, what: str) -> InputError:
        """Return the error that says what is wrong with the file."""
        return InputError(f"{self.path}: {what}; export the mesh again")

    def item(self, kind: str, index: object) -> dict[str, Any]:
        """Return an entry of a top-level list, checked."""
        entries = self.data.get(kind)
        if not isinstance(entries, list) or not isinstance(index, int) or not 0 <= index < len(entries):
            raise self.wrong(f"refers to {kind}[{index}], which is not there")
        entry = entries[index]
        if not isinstance(entry, dict):
            raise self.wrong(f"{kind}[{index}] is no object")
        return entry

    def beside(self, uri: str) -> Path:
        """Return the file that a URI names, refusing anything outside the folder."""
        return beside(self.path, urllib.parse.unquote(uri))

    def items(self, kind: str) -> list[dict[str, Any]]:
        """Return a whole top-level list."""
        entries = self.data.get(kind) or []
        return [self.item(kind, index) for index in range(len(entries))]


def open_document(path: Path) -> Document:
    """Read a .glb or .gltf file's JSON and binary chunk."""
    data = path.read_bytes()
    binary: bytes | None = None
    if data[:4] == b"glTF":
        if len(data) < 20:
            raise InputError(f"{path} is cut off after {len(data)} bytes; export the mesh again")
        version, length = struct.unpack_from("<II", data, 4)
        if version != 2:
            raise InputError(f"{path} is glTF version {version}, needed 2; export it as glTF 2.0")
        if length > len(data):
            raise InputError(
                f"{path} declares {length} bytes and has {len(data)}: it is cut off; export the mesh again"
            )
        chunks: dict[int, bytes] = {}
        at = 12
        while at + 8 <= length:
            size, kind = struct.unpack_from("<II", data, at)
            if at + 8 + size > length:
                raise InputError(f"{path} has a chunk of {size} bytes beyond its end; export the mesh again")
            chunks.setdefault(kind, data[at + 8 : at + 8 + size])
            at += 8 + size
        text, binary = chunks.get(_JSON_CHUNK, b""), chunks.get(_BIN_CHUNK)
    elif path.suffix.lower() == ".glb":
        raise InputError(f"{path} is no GLB (it does not start with `glTF`); check the file's type")
    else:
        text = data
    try:
        parsed = json.loads(text)
        json.dumps(parsed, ensure_ascii=False).encode()  # names with half a character could never be written again
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: the glTF JSON cannot be read ({error}); export the mesh again") from error
    asset = parsed.get("asset") if isinstance(parsed, dict) else None
    version = str(asset.get("version")) if isinstance(asset, dict) and "version" in asset else None
    if not isinstance(parsed, dict) or version is None or not version.startswith("2"):
        found = f"its asset.version is {version[:20]!r}" if version else "it has no asset.version"
        raise InputError(f"{path} is not glTF 2.0 ({found}); export it as glTF 2.0")
    _check_kinds(path, parsed)
    return Document(path, parsed, binary)


def _check_kinds(path: Path, parsed: dict[str, Any]) -> None:
    """Raise, naming the place, when something that must be an object or a list is something else."""
    stack: list[tuple[str, dict[str, Any]]] = [("", parsed)]
    while stack:
        at, holder = stack.pop()
        for key, value in holder.items():
            where = f"{at}{key}"
            is_object = key in _OBJECTS or key.endswith("Texture") or at.endswith("extensions.")
            is_object |= key == "attributes" and "].primitives[" in at
            needed = list if key in _LISTS else dict if is_object else None
            if needed is not None and not isinstance(value, needed):
                kind = "a list" if needed is list else "an object"
                raise InputError(f"{path}: {where} is {str(value)[:40]!r}, needed {kind}; export the mesh again")
            inside = list(enumerate(value)) if isinstance(value, list) else []
            objects = [(f"{where}[{k}].", each) for k, each in inside if isinstance(each, dict)]
            of_objects = key in _LISTS_OF_OBJECTS and (not at or key in ("primitives", "targets"))
            if of_objects and len(objects) < len(inside):
                raise InputError(f"{path}: {where} holds what is no object; export the mesh again")
            if isinstance(value, dict) and key != "extras":
                stack.append((f"{where}.", value))
            elif key != "extras":
                stack += objects


def read_accessor(document: Document, index: object, *kinds: str) -> NDArray[np.float64]:
    """Return an accessor's values as float64 [count, width], normalised when it says so; not to be written to.

    Args:
        document: The file.
        index: Number of the accessor.
        kinds: Types that it may have, such as "VEC3".
    """
    accessor = document.item("accessors", index)
    where = f"accessors[{index}]"
    count, component = int(accessor["count"]), accessor["componentType"]
    if accessor.get("type") not in kinds or component not in _DTYPES or count < 0:
        raise document.wrong(f"{where} is {accessor.get('type')} of {component}, needed {' or '.join(kinds)}")
    check_count(document.path, f"entries in {where}", count, 3 * MAX_TRIANGLES)
    if isinstance(index, int) and index not in document.values:
        document.values[index] = _read(document, where, accessor)
        document.values[index].flags.writeable = False
    return document.values[int(str(index))]


def _read(document: Document, where: str, accessor: dict[str, Any]) -> NDArray[np.float64]:
    count, width = int(accessor["count"]), _WIDTHS[accessor["type"]]
    dtype = np.dtype(_DTYPES[accessor["componentType"]])
    if "bufferView" in accessor:
        values = _strided(document, where, accessor, count, width, dtype)
    elif "sparse" in accessor:
        values = np.zeros((count, width), dtype)
    else:
        raise document.wrong(f"{where} declares {count} entries and has no data")
    if "sparse" in accessor:
        sparse = accessor["sparse"]
        places_of, values_of = sparse["indices"], sparse["values"]
        places_type = np.dtype(_DTYPES[places_of["componentType"]])
        places = _strided(document, where, places_of, int(sparse["count"]), 1, places_type).astype(np.int64).ravel()
        if len(places) and places.max() >= count:
            raise document.wrong(f"{where} has a sparse index {places.max()} beyond its {count} entries")
        values = values.copy()
        values[places] = _strided(document, where, values_of, int(sparse["count"]), width, dtype)
    out = values.astype(np.float64)
    if accessor.get("normalized") and dtype.kind in "iu":
        out = np.maximum(out / np.iinfo(dtype).max, -1.0)
    return out


def _strided(
    document: Document, where: str, part: dict[str, Any], count: int, width: int, dtype: np.dtype[Any]
) -> NDArray[Any]:
    view = document.item("bufferViews", part["bufferView"])
    data = view_bytes(document, view)
    size = width * dtype.itemsize
    stride = int(view.get("byteStride") or size)
    start = int(part.get("byteOffset") or 0)
    needed = start + (count - 1) * stride + size if count > 0 else 0
    if count < 0 or start < 0 or stride < size or needed > len(data):
        raise document.wrong(f"{where} declares {count} entries ({needed} bytes) and has {len(data)} bytes")
    if count == 0:
        return np.zeros((0, width), dtype)
    table: NDArray[Any] = np.ndarray((count, width), dtype, data, start, (stride, dtype.itemsize))
    return table


def view_bytes(document: Document, view: dict[str, Any]) -> bytes:
    """Return the bytes of a buffer view."""
    data = _buffer(document, view["buffer"])
    start, length = int(view.get("byteOffset") or 0), int(view["byteLength"])
    if start < 0 or length < 0 or start + length > len(data):
        raise document.wrong(f"has a view of {length} bytes at {start} in a buffer of {len(data)} bytes")
    return data[start : start + length]


def _buffer(document: Document, index: int) -> bytes:
    if index not in document.buffers:
        buffer = document.item("buffers", index)
        uri = buffer.get("uri")
        if uri is None:
            if document.binary is None or index != 0:
                raise document.wrong(f"buffers[{index}] has no data")
            data = document.binary
        else:
            data = uri_bytes(document, str(uri))
        if len(data) < int(buffer["byteLength"]):
            raise document.wrong(f"buffers[{index}] declares {buffer['byteLength']} bytes and has {len(data)}")
        document.buffers[index] = data
    return document.buffers[index]


def uri_bytes(document: Document, uri: str) -> bytes:
    """Return the bytes of a data URI or of a file beside the glTF."""
    if uri.startswith("data:"):
        head, _, body = uri.partition(",")
        try:
            return (
                base64.b64decode(body, validate=True)
                if head.endswith(";base64")
                else urllib.parse.unquote_to_bytes(body)
            )
        except binascii.Error as error:
            raise document.wrong(f"has a data URI that is no base64 ({error})") from error
    path = document.beside(uri)
    if not path.is_file():
        raise InputError(
            f"{document.path} needs {uri[:80]} beside it, which is not there; copy it there or export a .glb"
        )
    check_size(path)
    if path not in document.companions:
        document.companions.append(path)
    return path.read_bytes()
