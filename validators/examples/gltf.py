"""Examples that break what the Khronos validator looks at."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

from dressform.assets.files.glb import glb_bytes

from .broken import breaks
from .builder import Parts, skeleton

_FILE = "sizes/M/garment.glb"
_TOOL = "gltf-validator"


def _edit(parts: Parts, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the JSON of the garment's file (glTF 2.0, 4.4: a header, then chunks of length, type and data)."""
    data = glb_bytes(parts.mesh, parts.skin, skeleton())
    (length,) = struct.unpack_from("<I", data, 12)
    document = json.loads(data[20 : 20 + length])
    change(document)
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + length :]
    header = struct.pack("<4sII", b"glTF", 2, 20 + len(text) + len(rest))
    parts.files[_FILE] = header + struct.pack("<I4s", len(text), b"JSON") + text + rest


@breaks("gltf.error", at=f"{_FILE}#/accessors/", place={"size": "M"}, tool=_TOOL)
def break_error(parts: Parts) -> None:
    """A file whose bounds are not those of its points."""

    def shrink(document: dict[str, Any]) -> None:
        position = document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]
        document["accessors"][position]["max"] = [0.0, 0.0, 0.0]

    _edit(parts, shrink)


@breaks("gltf.warning", at=f"{_FILE}#/asset", place={"size": "M"}, tool=_TOOL)
def break_warning(parts: Parts) -> None:
    """A file with a word that glTF does not know."""
    _edit(parts, lambda document: document["asset"].update(tailor="nobody"))
