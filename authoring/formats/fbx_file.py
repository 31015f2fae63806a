"""The records of an FBX file, binary or text, from version 7.0 on.

They are parsed here: the bindings that packages offer crash the process on some files, and a crash is no message.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dressform.schemas.errors import InputError

from .raw import MAX_TRIANGLES, check_count

_MAGIC = b"Kaydara FBX Binary  \x00"
_OLDEST = 7000
_DEEPEST = 64
_MOST_RECORDS = 2_000_000
_MOST_VALUES = 16 * MAX_TRIANGLES
_SCALARS = {b"Y": "<h", b"C": "<?", b"B": "<?", b"Z": "<b", b"I": "<i", b"F": "<f", b"D": "<d", b"L": "<q"}
_ARRAYS = {b"f": "<f4", b"d": "<f8", b"l": "<i8", b"i": "<i4", b"b": "u1", b"c": "u1"}
_TOKEN = re.compile(
    rb'\s+|;[^\n]*|(?P<text>"[^"]*")|(?P<count>\*\s*\d+)|(?P<name>[A-Za-z_][\w|.\-+ ]*?:)(?=[\s,]|$)'
    rb"|(?P<number>[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf))(?=[\s,{}]|$)"
    rb"|(?P<word>[A-Za-z_][\w#.\-+]*)|(?P<mark>[{},])|(?P<bad>.)"
)


@dataclass
class Record:
    """A node of the file: numbers, texts, bytes and arrays, and the records inside it."""

    name: str
    values: list[Any] = field(default_factory=list)
    inner: list[Record] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Record]:
        """Yield the records inside of one name."""
        return (record for record in self.inner if record.name == name)

    def first(self, name: str) -> Record | None:
        """Return the first record inside of one name."""
        return next(self.all(name), None)

    def value(self, name: str, otherwise: Any = None) -> Any:
        """Return the first value of a record inside."""
        record = self.first(name)
        return record.values[0] if record is not None and record.values else otherwise

    def array(self, name: str, dtype: type) -> np.ndarray[tuple[int], np.dtype[Any]]:
        """Return the numbers of a record inside; none when it is not there."""
        record = self.first(name)
        if record is None:
            return np.zeros(0, dtype)
        if len(record.values) == 1 and isinstance(record.values[0], np.ndarray):
            return record.values[0].astype(dtype)
        return np.array([v for v in record.values if isinstance(v, (int, float))], dtype)


def read_records(path: Path, data: bytes) -> tuple[Record, int]:
    """Return the file as one record that holds the others, and the file's version."""
    if data.startswith(_MAGIC):
        return _Binary(path, data).read()
    if b"\0" in data[:4096] or not re.search(rb"FBX|Objects\s*:", data[:65536]):
        raise InputError(f"{path} is no FBX file; check the file's type")
    root = _parse_text(path, data)
    header = root.first("FBXHeaderExtension")
    version = header.value("FBXVersion", 0) if header is not None else 0
    return root, _checked_version(path, version)


def _checked_version(path: Path, version: Any) -> int:
    if not isinstance(version, int) or version < _OLDEST:
        raise InputError(f"{path} is FBX version {version}, needed {_OLDEST} (FBX 2011) or newer; export it so")
    return version


class _Binary:
    """A reader that holds every offset and count against the bytes that are there."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path, self._data, self._count = path, data, 0

    def read(self) -> tuple[Record, int]:
        """Return the whole file."""
        if len(self._data) < 40:
            raise self._wrong("is cut off after its header")
        version = _checked_version(self._path, struct.unpack_from("<I", self._data, 23)[0])
        self._head, self._null = ("<QQQB", 25) if version >= 7500 else ("<IIIB", 13)
        root, at = Record(""), 27
        while (end := self._record(root, at, len(self._data), 0)) is not None:
            at = end
        return root, version

    def _wrong(self, what: str) -> InputError:
        return InputError(f"{self._path} {what}; export it again as FBX")

    def _record(self, parent: Record, at: int, limit: int, depth: int) -> int | None:
        """Read one record into its parent and return where the next begins; None at the end of a list."""
        if at + self._null > limit:
            raise self._wrong(f"is cut off at byte {at}")
        end, n_values, _, n_name = struct.unpack_from(self._head, self._data, at)
        if end == 0:
            return None
        at += self._null
        self._count += 1
        if self._count > _MOST_RECORDS or depth > _DEEPEST:
            raise self._wrong("has too many records, or records too deep inside each other")
        if not at + n_name <= end <= limit or n_values > end - at:
            raise self._wrong(f"has a record at byte {at} that ends beyond the file")
        record = Record(self._data[at : at + n_name].decode("latin-1"))
        at += n_name
        for _ in range(n_values):
            value, at = self._value(at, end)
            record.values.append(value)
        while at < end:
            following = self._record(record, at, end, depth + 1)
            if following is None:
                break
            at = following
        parent.inner.append(record)
        return int(end)

    def _value(self, at: int, end: int) -> tuple[Any, int]:
        kind, at = self._data[at : at + 1], at + 1
        if kind in _SCALARS:
            size = struct.calcsize(_SCALARS[kind])
            if at + size > end:
                raise self._wrong(f"is cut off at byte {at}")
            return struct.unpack_from(_SCALARS[kind], self._data, at)[0], at + size
        if kind in (b"S", b"R") and at + 4 <= end:
            (size,) = struct.unpack_from("<I", self._data, at)
            at += 4
            if at + size > end:
                raise self._wrong(f"is cut off at byte {at}")
            data = self._data[at : at + size]
            return (text_of(data) if kind == b"S" else data), at + size
        if kind in _ARRAYS and at + 12 <= end:
            return self._array(kind, at, end)
        raise self._wrong(f"has a value of unknown type {kind!r} at byte {at}")

    def _array(self, kind: bytes, at: int, end: int) -> tuple[Any, int]:
        count, packed, size = struct.unpack_from("<III", self._data, at)
        at += 12
        dtype = np.dtype(_ARRAYS[kind])
        check_count(self._path, "values in one list", count, _MOST_VALUES)
        size = size if packed else count * dtype.itemsize
        if at + size > end:
            raise self._wrong(f"is cut off at byte {at}")
        data = self._data[at : at + size]
        if packed:
            try:
                data = zlib.decompressobj().decompress(data, count * dtype.itemsize + 1)
            except zlib.error as error:
                raise self._wrong(f"has a list at byte {at} that cannot be unpacked ({error})") from None
        if len(data) != count * dtype.itemsize:
            raise self._wrong(f"has a list at byte {at} of {len(data)} bytes, declared are {count} values")
        return np.frombuffer(data, dtype), at + size


def text_of(data: bytes) -> str:
    """Return text as UTF-8 or Latin-1; `Name\\0\\1Class` becomes `Class::Name`, as in text files."""
    name, mark, kind = data.partition(b"\x00\x01")
    plain = kind + b"::" + name if mark else data
    try:
        return plain.decode("utf-8")
    except UnicodeDecodeError:
        return plain.decode("latin-1")


def _parse_text(path: Path, data: bytes) -> Record:
    root = Record("")
    stack, current, at, count = [root], root, 0, 0
    while at < len(data):
        match = _TOKEN.match(data, at)
        assert match is not None  # the last alternative takes anything
        at, kind, word = match.end(), match.lastgroup, match.group()
        if kind == "name":
            current = Record(word[:-1].decode("latin-1"))
            stack[-1].inner.append(current)
            count += 1
            if count > _MOST_RECORDS:
                raise InputError(f"{path} has too many records; decimate the mesh")
        elif kind == "text":
            current.values.append(text_of(word[1:-1]).replace("&quot;", '"'))
        elif kind == "number":
            current.values.append(float(word) if re.search(rb"[.eEn]", word) else int(word))
        elif kind == "word":
            current.values.append(word.decode("latin-1"))
        elif kind == "count":
            at = _text_array(path, data, at, int(word[1:]), current)
        elif word == b"{":
            stack.append(current)
            if len(stack) > _DEEPEST:
                raise InputError(f"{path} has records too deep inside each other; export it again as FBX")
        elif word == b"}":
            if len(stack) == 1:
                raise InputError(f"{path} closes a record at byte {at} that it never opened; export it again as FBX")
            current = stack.pop()
        elif kind == "bad":
            raise InputError(f"{path} has {word!r} at byte {at} where a value was expected; export it again as FBX")
    if len(stack) > 1:
        raise InputError(f"{path} is cut off inside {stack[-1].name!r}; export it again as FBX")
    return root


def _text_array(path: Path, data: bytes, at: int, count: int, record: Record) -> int:
    """Read `*N { a: … }` and return where it ends."""
    check_count(path, "values in one list", count, _MOST_VALUES)
    opened, closed = data.find(b"{", at), data.find(b"}", at)
    if opened < 0 or closed < opened:
        raise InputError(f"{path} is cut off in the list {record.name!r}; export it again as FBX")
    words = data[opened + 1 : closed].replace(b"a:", b" ").replace(b",", b" ").split()
    if len(words) != count:
        raise InputError(
            f"{path}: {record.name!r} holds {len(words)} values, declared are {count}; export it again as FBX"
        )
    try:
        record.values.append(np.array(words, np.float64) if words else np.zeros(0))
    except ValueError:
        raise InputError(f"{path}: {record.name!r} holds what is no number; export it again as FBX") from None
    return closed + 1
