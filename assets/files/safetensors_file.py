"""What the safetensors files of a template share: a limited size, and names as one JSON entry of the header."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from dressform.schemas.errors import InputError

MAX_HEADER = 2**20  # [bytes]
_ENTRY = "dressform"


def encode(arrays: Mapping[str, NDArray[Any]], names: Mapping[str, object]) -> bytes:
    """Encode contiguous arrays and names; equal ones give equal bytes."""
    # one entry only: the order of several would change from run to run
    return save(dict(arrays), metadata={_ENTRY: json.dumps(dict(names), sort_keys=True)})


def read_limited(path: Path, most: int) -> bytes:
    """Read a file of at most this many bytes.

    Raises:
        InputError: When the file is missing, cannot be read, or is larger.
    """
    try:
        size = path.stat().st_size
        if size > most:
            raise InputError(f"{path}: {size / 2**20:.0f} MiB, needed at most {most // 2**20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def read_names(data: bytes, where: str, schema: str, cure: str) -> dict[str, Any]:
    """Read the names from the header; what they hold besides `schema` is left to the caller to check.

    Args:
        data: The file.
        where: Names the file in errors.
        schema: The schema that its names have to say, such as "dressform/rig/1".
        cure: What to do about a file of another kind.

    Raises:
        InputError: When the file is truncated, of another kind or of another schema.
    """
    try:
        (length,) = struct.unpack_from("<Q", data)
        if length > min(MAX_HEADER, len(data) - 8):
            raise InputError(f"{where}: truncated or not a safetensors file (header of {length} bytes)")
        names = dict(json.loads(json.loads(data[8 : 8 + length])["__metadata__"][_ENTRY]))
        found = names["schema"]
    except (struct.error, ValueError, KeyError, TypeError, RecursionError):
        kind = schema.split("/")[1]
        raise InputError(f"{where}: not a {kind} file (no {schema} entry); {cure}") from None
    if found != schema:
        raise InputError(f"{where}: schema is {found!r}, needed {schema!r}")
    return names


def read_arrays(data: bytes, where: str) -> dict[str, NDArray[Any]]:
    """Read the arrays.

    Raises:
        InputError: When they cannot be read.
    """
    try:
        return load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{where}: not a readable safetensors file ({error})") from None


def is_texts(value: object) -> bool:
    """Say whether a value of the names is a list of texts with at least one."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)
