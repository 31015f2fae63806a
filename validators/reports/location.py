"""Where a finding lies: the thing validated, the path in it, the file on disk and the line in that file."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dressform.schemas.errors import DressformError
from dressform.schemas.report import Finding, NotTested

if TYPE_CHECKING:
    from dressform.validators.subject import Subject

MANIFEST = "template.json"
_KEYS = re.compile(r"\.([\w$-]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]")
_TOKEN = re.compile(r'[\s]+|"|[{}\[\]:,]|[^\s"{}\[\]:,]+')

Key = str | int


@dataclass(frozen=True)
class Location:
    """Where a finding lies.

    Attributes:
        name: Of the thing validated, as the finding's path names it.
        path: In that thing, without a JSON path; "" for the whole.
        keys: The JSON path in the file: keys of objects and numbers in arrays.
        subject: The thing, where it is at hand.
        file: On disk, where there is one.
        line: In that file, counted from 1, where it is text.
    """

    name: str
    path: str
    keys: tuple[Key, ...] = ()
    subject: Subject | None = None
    file: Path | None = None
    line: int | None = None


def locate(finding: Finding, subjects: Sequence[Subject], names: Iterable[str] = ()) -> Location:
    """Return where a finding lies.

    Args:
        finding: Its path begins with the name of what was validated.
        subjects: What was validated, as far as it is at hand.
        names: Of what was validated, where more is known by name than is at hand.
    """
    name = owner_of(finding.path, [*names, *(subject.name for subject in subjects)])
    path, keys = _split(finding.path[len(name) + 1 :])
    subject = next((each for each in subjects if each.name == name), None)
    if subject is None:
        return Location(name, path, keys)
    file = _file(subject, path)
    line = None
    if file == subject.manifest_file and path.endswith(MANIFEST):
        line = json_line(_read(file), keys)
    return Location(subject.name, path, keys, subject, file, line)


def owner_of(path: str, names: Iterable[str]) -> str:
    """Return which of the names a finding's path begins with; the path's first part when none is."""
    own = [name for name in names if path == name or path.startswith(f"{name}/")]
    return max(own, key=len, default=path.partition("/")[0])


def owner_of_skipped(skipped: NotTested, names: Iterable[str]) -> str:
    """Return the name of what a rule was not tested on: its reason begins with that, up to a colon; "" for all."""
    own = [name for name in names if skipped.reason.startswith(f"{name}: ")]
    return max(own, key=len, default="")


def _split(path: str) -> tuple[str, tuple[Key, ...]]:
    """Split "template.json $.sizes.M" into the file and the keys."""
    file, mark, rest = path.partition(" $")
    return (file, keys_of(rest)) if mark else (path, ())


def keys_of(path: str) -> tuple[Key, ...]:
    """Return the keys of a JSON path such as "$.sizes['M'].files[2]"."""
    return tuple(
        int(number) if number else (plain or quoted.replace("\\'", "'").replace("\\\\", "\\"))
        for plain, number, quoted in _KEYS.findall(path)
    )


def _file(subject: Subject, path: str) -> Path | None:
    """Return the file that a path in a subject means; its manifest where it means none."""
    candidates = (path, f"{path}/garment.glb", f"{path}.safetensors", f"{path.split(' ')[0]}/garment.glb")
    found = next((subject.files[each] for each in candidates if each in subject.files), None)
    # the blobs of a library have digests for names, which tell a reader nothing
    named = found is not None and found.name in {Path(each).name for each in candidates}
    return found if named else subject.manifest_file


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def json_line(text: str, keys: Sequence[Key]) -> int:
    """Return the line where the value at the keys stands, counted from 1; the nearest parent's when there is none."""
    lines: dict[tuple[Key, ...], int] = {(): 1}
    with contextlib.suppress(ValueError, IndexError):  # what stands before a mistake still tells most places
        for path, line in _lines(text):
            lines[path] = line
    return next(lines[tuple(keys[:count])] for count in range(len(keys), -1, -1) if tuple(keys[:count]) in lines)


def _lines(text: str) -> Iterator[tuple[tuple[Key, ...], int]]:
    """Yield the path of every value in a JSON text, with the line it starts on (or its key does)."""
    path: list[Key] = []
    open_: list[str] = []
    at, line, key_next, decoder = 0, 1, False, json.JSONDecoder()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return
        found, start = token.group(), at
        at = token.end()
        if found.isspace():
            line += found.count("\n")
            continue
        if found == '"':
            value, at = decoder.raw_decode(text, start)
            if key_next:
                path[-1] = value
                yield tuple(path), line
                key_next = False
            elif open_ and open_[-1] == "[":
                yield tuple(path), line
            line += text.count("\n", start, at)
        elif found in "{[":
            if open_ and open_[-1] == "[":
                yield tuple(path), line
            open_.append(found)
            path.append("" if found == "{" else 0)
            key_next = found == "{"
        elif found in "}]":
            open_.pop()
            path.pop()
            key_next = False
        elif found == ",":
            key_next = open_[-1] == "{"
            if not key_next:
                path[-1] = int(path[-1]) + 1
        elif found != ":" and open_ and open_[-1] == "[":
            yield tuple(path), line


def excerpt(location: Location, most: int = 12) -> str | None:
    """Return the JSON that a finding is about, in at most so many lines; None where there is nothing to show."""
    if location.subject is None or not location.keys:
        return None
    found = value_at(_document(location), location.keys)
    if found is None:
        return None
    lines = [line for key, value in found.items() for line in _entry(key, value)]
    return "\n".join([*lines[:most], *(["…"] if len(lines) > most else [])])


def value_at(document: object, keys: Sequence[Key]) -> dict[Key, object] | None:
    """Return the last key that a document has on the way and what stands there; None where it has not the first."""
    found: dict[Key, object] | None = None
    value: Any = document
    for key in keys:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            break
        found = {key: value}
    return found


def _entry(key: Key, value: object) -> list[str]:
    return f"{json.dumps(key)}: {json.dumps(value, indent=2, ensure_ascii=False)}".splitlines()


def _document(location: Location) -> object:
    """Return the JSON document that a location is in; None where it cannot be read."""
    assert location.subject is not None
    file = location.subject.files.get(location.path)
    if file is None or location.path.endswith(MANIFEST):
        try:
            return location.subject.manifest
        except DressformError:  # a manifest that cannot be read has a finding of its own
            return None
    try:
        return json.loads(_read(file))
    except ValueError:
        return None
