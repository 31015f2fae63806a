"""Changes inside the files that hold others: GLB, safetensors and bundles, put together again so that they parse."""

from __future__ import annotations

import hashlib
import json
import struct
import tarfile
from collections.abc import Callable
from pathlib import PurePosixPath
from random import Random
from typing import Any

from dressform.assets.files.cloth_clip import MAGIC

from .fuzz_changes import OUTSIDE, change_bytes, change_json, change_text, change_value, dump

_ALIGNED = 64  # where the frames of a clip of simulated cloth begin
_ODD = (float("nan"), float("inf"), 1e38, -1e30, 1e5, 1e3, -7.0, 0.0, 1e-42)
_BLOCK = tarfile.BLOCKSIZE
_MANY = 6  # changes to one file at most
_JSON, _BINARY = 0x4E4F534A, 0x004E4942
_KINDS = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.GNUTYPE_SPARSE)


def change_file(name: str, data: bytes, random: Random, other: bytes = b"") -> bytes:
    """Return a file's bytes after one or a few changes that fit its type.

    Args:
        name: Its path; the ending tells the type.
        data: The bytes.
        random: Decides everything.
        other: Another file of the type, to join with.
    """
    ending = PurePosixPath(name).suffix.lower()
    change = _CHANGES.get(ending, change_bytes)
    for _ in range(random.choice([1, 1, 1, 1, 2, 2, 3, _MANY])):
        plain = ending not in _CHANGES or random.random() < 0.15
        data = change_bytes(data, random, other) if plain else change(data, random)
    return data


def change_glb(data: bytes, random: Random) -> bytes:
    """Change a GLB's JSON or its binary chunk; the lengths are made to fit."""
    try:
        (size,) = struct.unpack_from("<I", data, 12)
        document, binary = data[20 : 20 + size], data[28 + size :]
    except struct.error:
        return change_bytes(data, random)
    if random.random() < 0.75:
        document = change_json(document, random)
    else:
        binary = change_bytes(binary, random)
    document += b" " * (-len(document) % 4)
    binary += b"\0" * (-len(binary) % 4)
    chunks = struct.pack("<II", len(document), _JSON) + document + struct.pack("<II", len(binary), _BINARY) + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def change_safetensors(data: bytes, random: Random) -> bytes:
    """Change a header, the JSON that our entry in it holds, or the arrays; the header's length is made to fit."""
    try:
        (size,) = struct.unpack_from("<Q", data)
        header = json.loads(data[8 : 8 + size])
    except (struct.error, ValueError, RecursionError):
        return change_bytes(data, random)
    arrays = data[8 + size :]
    entry = header.get("__metadata__", {}) if isinstance(header, dict) else {}
    way = random.randrange(3)
    if way == 0 and isinstance(entry, dict) and isinstance(entry.get("dressform"), str):
        entry["dressform"] = change_json(entry["dressform"].encode(errors="replace"), random).decode(errors="replace")
    elif way == 1:
        header = change_value(header, random)
    else:
        arrays = change_bytes(arrays, random)
    text = dump(header)
    return struct.pack("<Q", len(text)) + text + arrays


def change_cloth(data: bytes, random: Random) -> bytes:
    """Change the header of a clip of simulated cloth, or a number of its frames; the header's length is made to fit."""
    try:
        (size,) = struct.unpack_from("<I", data, len(MAGIC))
    except struct.error:
        return change_bytes(data, random)
    text = data[len(MAGIC) + 4 : len(MAGIC) + 4 + size]
    frames = data[len(MAGIC) + 4 + size + -(len(MAGIC) + 4 + size) % _ALIGNED :]
    if random.random() < 0.6:
        text = change_json(text, random)
    elif len(frames) >= 4:
        at = random.randrange(0, len(frames) - 3, 4)
        frames = frames[:at] + struct.pack("<f", random.choice(_ODD)) + frames[at + 4 :]
    head = MAGIC + struct.pack("<I", len(text)) + text
    return head + bytes(-len(head) % _ALIGNED) + frames


def change_bundle(data: bytes, random: Random) -> bytes:
    """Change what a bundle lists, a blob, or a member's header; what is derived from it often follows."""
    members = _members(data)
    if not members or _listed(members) is None or random.random() < 0.1:
        return change_bytes(data, random)
    way = random.randrange(5)
    at = random.randrange(len(members))
    header, content = members[at]
    if way == 0:
        members[0] = _resized(members[0][0], _as_ours(change_json(members[0][1], random)))
    elif way == 1:
        change = change_json if content.startswith(b"{") else change_bytes
        return _with_blob(members, at, change(content, random))
    elif way == 2:
        info = tarfile.TarInfo.frombuf(header, "ascii", "replace")
        info.type = random.choice(_KINDS)
        info.linkname = random.choice(OUTSIDE)
        info.name = random.choice([info.name, *OUTSIDE])
        members[at] = (info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "replace")[:_BLOCK], content)
    elif way == 3:
        members.insert(random.randrange(len(members)), members[at])
    else:
        members[at] = (change_bytes(header, random)[:_BLOCK].ljust(_BLOCK, b"\0"), content)
    return _joined(members)


def _members(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return header and content of a plain tar's members, as far as they can be told apart."""
    members, at = [], 0
    while at + _BLOCK <= len(data) and data[at]:
        try:
            size = tarfile.TarInfo.frombuf(data[at : at + _BLOCK], "ascii", "replace").size
        except (tarfile.HeaderError, ValueError):
            break
        members.append((data[at : at + _BLOCK], data[at + _BLOCK : at + _BLOCK + size]))
        at += _BLOCK + size + -size % _BLOCK
    return members


def _listed(members: list[tuple[bytes, bytes]]) -> dict[str, Any] | None:
    """Return what the first member holds, or None where it is no JSON object."""
    try:
        contents = json.loads(members[0][1])
    except (ValueError, RecursionError):
        return None
    return contents if isinstance(contents, dict) else None


def _joined(members: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(head + content + bytes(-len(content) % _BLOCK) for head, content in members) + bytes(2 * _BLOCK)


def _resized(header: bytes, content: bytes) -> tuple[bytes, bytes]:
    """Return a member with other content, its header told."""
    info = tarfile.TarInfo.frombuf(header, "ascii", "replace")
    info.size = len(content)
    return info.tobuf(tarfile.USTAR_FORMAT, "ascii", "replace")[:_BLOCK], content


def _as_ours(data: bytes) -> bytes:
    """Return JSON as the toolkit writes it, where it can be."""
    try:
        return (json.dumps(json.loads(data), indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
    except (ValueError, TypeError, RecursionError):
        return data


def _with_blob(members: list[tuple[bytes, bytes]], at: int, content: bytes) -> bytes:
    """Return the bundle with another blob, its digest written wherever the old one stood, and so on for those."""
    contents = [data for _, data in members]
    stale = [(contents[at], content)]
    while stale:
        before, after = stale.pop()
        old, new = (hashlib.sha256(each).hexdigest().encode() for each in (before, after))
        for k, data in enumerate(contents):
            held = after if data == before else data.replace(old, new) if data.startswith(b"{") else data
            if held != data and held != after and k:
                stale.append((data, held))
            contents[k] = held
    text = _as_ours(contents[0])
    blobs = sorted((hashlib.sha256(data).hexdigest(), data) for data in contents[1:])
    heads = [_resized(members[0][0], text)[0]]
    for sha256, data in blobs:
        info = tarfile.TarInfo(f"blobs/sha256/{sha256[:2]}/{sha256}")
        info.size = len(data)
        heads.append(info.tobuf(tarfile.USTAR_FORMAT, "ascii"))
    return _joined(list(zip(heads, [text, *(data for _, data in blobs)], strict=True)))


_CHANGES: dict[str, Callable[[bytes, Random], bytes]] = {
    **dict.fromkeys((".json", ".gltf"), change_json),
    **dict.fromkeys(
        (".obj", ".mtl", ".mhclo", ".mhmat", ".ply", ".usda", ".yaml", ".fbx", ".txt", ".lock"), change_text
    ),
    ".lock": change_json,
    ".glb": change_glb,
    ".safetensors": change_safetensors,
    ".bundle": change_bundle,
    ".cloth": change_cloth,
}
