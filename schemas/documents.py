"""Reading JSON documents and checking them against their schema; a wrong one ends in one clear line."""

from __future__ import annotations

import functools
import json
import math
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import InputError

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

KINDS = (
    "template",
    "draft",
    "avatar",
    "motion",
    "library",
    "lock",
    "bundle",
    "report",
    "fabric",
    "field",
    "recipe",
    "pattern",
    "profile",
    "baseline",
    "frames",
)
MAX_BYTES = 64 * 2**20
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")  # half a character (a surrogate), which no file can hold on its own


def parse_json(data: bytes, where: str) -> dict[str, Any]:
    """Parse a JSON object strictly: UTF-8, no key twice, no NaN or infinity, no number beyond a float's, no half pair.

    Args:
        data: The document's bytes.
        where: Names the document in errors.
    """
    try:
        document = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse,
            parse_float=_finite,
            parse_int=_within_floats,
        )
        if _HALF.search(data):
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not a readable JSON document ({_short(str(error))})") from None
    if not isinstance(document, dict):
        raise InputError(f"{where}: needed a JSON object, found {type(document).__name__}")
    return document


def load_json(path: Path, *, limit: int = MAX_BYTES) -> dict[str, Any]:
    """Read and parse a JSON file of at most `limit` bytes."""
    try:
        size = path.stat().st_size
        if size > limit:
            raise InputError(f"{path}: {size / 2**20:.1f} MiB, needed at most {limit / 2**20:.0f} MiB")
        return parse_json(path.read_bytes(), str(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def load_document(kind: str, path: Path) -> dict[str, Any]:
    """Read a JSON file and check it against the schema of its kind."""
    document = load_json(path)
    check_document(kind, document, str(path))
    return document


def dump_json(data: object) -> bytes:
    """Encode a document: sorted keys, two spaces, a final newline, so that equal documents are equal bytes."""
    return (json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def is_number(value: object) -> bool:
    """Say whether a JSON value is a number that a float holds, and not true or false."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of a kind of document, one of `KINDS`."""
    return dict(_schemas()[kind])


def check_document(kind: str, data: object, where: str) -> None:
    """Raise an InputError that names the place and the rule when a document does not fit its schema.

    Args:
        kind: One of `KINDS`.
        data: The parsed document.
        where: Names the document in the error, usually its path.
    """
    found = first_violation(kind, data)
    if found is not None:
        path, _, message = found
        raise InputError(f"{where}: at {path}: {message}")


def document_errors(kind: str, data: object) -> list[tuple[str, str]]:
    """Return JSON path and message of every violation, in the document's order; empty for a valid document."""
    errors = sorted(_validator(kind).iter_errors(data), key=lambda error: [str(step) for step in error.absolute_path])
    return [(error.json_path, _message(error)) for error in errors]


def first_violation(kind: str, data: object) -> tuple[str, str, str] | None:
    """Return JSON path, schema keyword and message of the most telling violation, or None for a valid document."""
    from jsonschema.exceptions import best_match

    error = best_match(_validator(kind).iter_errors(data))
    if error is None:
        return None
    return error.json_path, str(error.validator), _message(error)


def _message(error: ValidationError) -> str:
    """Return the message; where a pattern has a title, that instead of the pattern."""
    if error.validator == "pattern" and isinstance(error.schema, dict) and "title" in error.schema:
        return f"{_short(repr(error.instance))} is not {error.schema['title']}"
    return _short(error.message)


@functools.cache
def _schemas() -> dict[str, dict[str, Any]]:
    folder = Path(__file__).parent
    return {kind: json.loads((folder / f"{kind}.schema.json").read_text("utf-8")) for kind in (*KINDS, "common")}


@functools.cache
def _validator(kind: str) -> Any:
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    resources = [(s["$id"], DRAFT202012.create_resource(s)) for s in _schemas().values()]
    return Draft202012Validator(_schemas()[kind], registry=Registry().with_resources(resources))


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise ValueError(f"the key {_short(key)!r} stands twice in one object")
        document[key] = value
    return document


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{_short(text)} is too large")
    return value


def _within_floats(text: str) -> int:
    """Return a whole number, unless it is one that no computation can take."""
    value = int(text)
    if abs(value) > sys.float_info.max:
        raise ValueError(f"{_short(text)} is too large")
    return value


def _short(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= 240 else f"{line[:150]} … {line[-80:]}"
