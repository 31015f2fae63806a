"""The elements of a PLY file, text or binary."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import InputError

from .raw import MAX_TRIANGLES, MAX_VERTICES, check_count

_TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}


@dataclass
class Columns:
    """The properties of one element: plain ones [N], and lists as lengths [N] with all values in a row."""

    plain: dict[str, NDArray[Any]] = field(default_factory=dict)
    lists: dict[str, tuple[NDArray[Any], NDArray[Any]]] = field(default_factory=dict)

    def table(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        """Return plain properties as columns."""
        return np.stack([self.plain[name].astype(np.float64) for name in names], axis=1)


@dataclass
class _Element:
    name: str
    count: int
    properties: list[tuple[str, str, str]] = field(default_factory=list)  # name, type, type of a list's length or ""

    def add(self, name: str, kind: str, length: str) -> None:
        """Add a property, or raise a ValueError when there is one of its name."""
        if any(name == known for known, _, _ in self.properties):
            raise ValueError(name)
        self.properties.append((name, kind, length))


def read_ply_elements(path: Path) -> tuple[dict[str, Columns], list[str]]:
    """Return every element of a file and its comments."""
    data = path.read_bytes()
    kind, elements, comments, start = _header(path, data)
    if not any(element.name == "face" and element.count for element in elements):
        count = sum(element.count for element in elements if element.name == "vertex")
        raise InputError(f"{path} has {count} vertices and no faces, a cloud of points; export a triangle or quad mesh")
    out: dict[str, Columns] = {}
    if kind == "ascii":
        words = data[start:].split()
        at = 0
        for element in elements:
            out[element.name], at = _text(path, element, words, at)
        return out, comments
    order = "<" if kind == "binary_little_endian" else ">"
    at = start
    for element in elements:
        out[element.name], at = _binary(path, element, data, at, order)
    return out, comments


def _header(path: Path, data: bytes) -> tuple[str, list[_Element], list[str], int]:
    if not data.startswith(b"ply"):
        raise InputError(f"{path} is no PLY (it does not start with `ply`); check the file's type")
    end = data.find(b"end_header", 0, 1 << 20)
    after = data.find(b"\n", end)
    if end < 0:
        raise InputError(f"{path} has no end_header; it is cut off or no PLY")
    kind, elements, comments = "", [], []
    for line in data[:end].decode("latin-1").splitlines():
        words = line.split()
        try:
            if words[:1] == ["format"]:
                kind = words[1]
            elif words[:1] == ["comment"]:
                comments.append(line.partition("comment")[2].strip())
            elif words[:1] == ["element"]:
                elements.append(_Element(words[1], _count(path, words[1], int(words[2]), len(data))))
            elif words[:2] == ["property", "list"]:
                elements[-1].add(words[4], _TYPES[words[3]], _TYPES[words[2]])
            elif words[:1] == ["property"]:
                elements[-1].add(words[2], _TYPES[words[1]], "")
        except (IndexError, KeyError, ValueError):
            raise InputError(f"{path}: header line {line[:60]!r} is no PLY; export it again") from None
    if kind not in ("ascii", "binary_little_endian", "binary_big_endian"):
        raise InputError(f"{path} has the format {kind!r}; needed ascii, binary_little_endian or binary_big_endian")
    return kind, elements, comments, after + 1 if after >= 0 else len(data)


def _count(path: Path, name: str, count: int, size: int) -> int:
    check_count(path, f"{name} entries", count, MAX_VERTICES + MAX_TRIANGLES)
    if count < 0 or count > size:
        raise InputError(f"{path} declares {count} {name} entries and has {size} bytes; export it again")
    return count


def _cut_off(path: Path, element: _Element) -> InputError:
    return InputError(f"{path} is cut off or broken among its {element.count} {element.name} entries; export it again")


def _text(path: Path, element: _Element, words: list[bytes], at: int) -> tuple[Columns, int]:
    columns = Columns()
    try:
        if not any(length for _, _, length in element.properties):
            width = len(element.properties)
            table = np.array(words[at : at + width * element.count], np.float64).reshape(element.count, width)
            for k, (name, dtype, _) in enumerate(element.properties):
                columns.plain[name] = table[:, k].astype(dtype)
            return columns, at + width * element.count
        rows: dict[str, list[list[bytes]]] = {name: [] for name, _, _ in element.properties}
        for _ in range(element.count):
            for name, _, length in element.properties:
                size = int(words[at]) if length else 1
                at += bool(length)
                if size < 0 or at + size > len(words):
                    raise ValueError
                rows[name].append(words[at : at + size])
                at += size
        for name, dtype, length in element.properties:
            flat = np.array([word for row in rows[name] for word in row], np.float64).astype(dtype)
            if length:
                columns.lists[name] = (np.array([len(row) for row in rows[name]], np.int64), flat)
            else:
                columns.plain[name] = flat
    except (ValueError, IndexError, OverflowError):
        raise _cut_off(path, element) from None
    return columns, at


def _binary(path: Path, element: _Element, data: bytes, at: int, order: str) -> tuple[Columns, int]:
    lists = [(name, length) for name, _, length in element.properties if length]
    if not lists:
        dtype = np.dtype([(name, order + kind) for name, kind, _ in element.properties])
        if at + dtype.itemsize * element.count > len(data):
            raise _cut_off(path, element)
        rows = np.frombuffer(data, dtype, element.count, at)
        return Columns({name: rows[name] for name, _, _ in element.properties}), at + dtype.itemsize * element.count
    uniform = _uniform(element, data, at, order)
    return uniform if uniform is not None else _row_by_row(path, element, data, at, order)


def _uniform(element: _Element, data: bytes, at: int, order: str) -> tuple[Columns, int] | None:
    """Read lists that are all as long as the first, at once."""
    fields: list[tuple[str, str, tuple[int, ...]]] = []
    end = at
    for k, (_, kind, length) in enumerate(element.properties):
        if length:
            dtype = np.dtype(order + length)
            if end + dtype.itemsize > len(data):
                return None
            size = int(np.frombuffer(data, dtype, 1, end)[0])
            if not 0 < size < 1024:
                return None
            fields += [(f"{k} length", order + length, ()), (f"{k}", order + kind, (size,))]
            end += dtype.itemsize + size * np.dtype(kind).itemsize
        else:
            fields.append((f"{k}", order + kind, ()))
            end += np.dtype(kind).itemsize
    dtype = np.dtype(fields)
    if at + dtype.itemsize * element.count > len(data):
        return None
    rows = np.frombuffer(data, dtype, element.count, at)
    columns = Columns()
    for k, (name, _, length) in enumerate(element.properties):
        if not length:
            columns.plain[name] = rows[f"{k}"]
            continue
        sizes = rows[f"{k} length"]
        if element.count and (sizes != sizes[0]).any():
            return None
        columns.lists[name] = (sizes.astype(np.int64), rows[f"{k}"].reshape(-1))
    return columns, at + dtype.itemsize * element.count


def _row_by_row(path: Path, element: _Element, data: bytes, at: int, order: str) -> tuple[Columns, int]:
    rows: dict[str, list[NDArray[Any]]] = {name: [] for name, _, _ in element.properties}
    types = [
        (name, np.dtype(order + kind), np.dtype(order + length) if length else None)
        for name, kind, length in element.properties
    ]
    for _ in range(element.count):
        for name, dtype, length in types:
            size = 1
            if length is not None:
                if at + length.itemsize > len(data):
                    raise _cut_off(path, element)
                size = int(np.frombuffer(data, length, 1, at)[0])
                at += length.itemsize
            if size < 0 or at + size * dtype.itemsize > len(data):
                raise _cut_off(path, element)
            rows[name].append(np.frombuffer(data, dtype, size, at))
            at += size * dtype.itemsize
    columns = Columns()
    for name, _, length in types:
        flat = np.concatenate(rows[name]) if rows[name] else np.zeros(0)
        if length is None:
            columns.plain[name] = flat
        else:
            columns.lists[name] = (np.array([len(row) for row in rows[name]], np.int64), flat)
    return columns, at
