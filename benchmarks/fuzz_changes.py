"""What a careless exporter, a bad disk or a hostile hand makes of a file: changes to bytes, text and JSON values."""

from __future__ import annotations

import copy
import json
import re
import struct
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

# beside the folder that a case may use lies `outside/secret.*`, so that reading it is seen; the rest is everywhere
OUTSIDE = (
    "../outside/secret.png",
    "../outside/secret.obj",
    "../outside/secret.mtl",
    "../outside/secret.bin",
    "../outside/secret.json",
    "a/../../outside/secret.png",
    "..\\outside\\secret.png",
    "/etc/hostname",
    "file:///etc/hostname",
    "~/secret.png",
    "C:\\secret.png",
    "//server/secret.png",
    "/dev/zero",
)
_TEXTS = (
    *OUTSIDE,
    "",
    " ",
    ".",
    "..",
    "/",
    "nul",
    "a\nb",
    "a\0b",
    "\ud800",
    "\u202eabc",
    "é" * 300,
    "x" * 70_000,
    "*",
    "[",
    "[[:",
    "%s{0}",
    "<b>&",
    "-1",
    "1e999",
    "anny",
    "1.2.3-beta.1",
    "M",
)
_NUMBERS = (
    0,
    -1,
    1,
    2,
    255,
    256,
    65_535,
    2**24,
    2**31 - 1,
    -(2**31),
    2**32,
    2**53,
    2**63,
    2**64,
    10**30,
    10**309,
    0.5,
    -0.0,
    1e-300,
    5e-324,
    1e30,
    1e308,
    -1e308,
)
_WORDS = (
    b"nan", b"inf", b"-inf", b"1e400", b"-1", b"0", b"1e-320", b"2147483648", b"99999999999999999999", b"1.5", b"1_0",
    b"1/2/3/4", b"1//1", b"0/0/0", b"-1/-1/-1", b"//", b"-", b"+", b"x", b"\xff\xfe", b"\0", b"\x85", b'"', b"#", b"\\",
    b"9" * 5000, "٣".encode(), "²".encode(),
)  # fmt: skip
_PACKED = (
    *(struct.pack("<f", value) for value in (float("nan"), float("inf"), -1.0, 0.0, 1e38, 1e-42, 0.5, 16_777_216.0)),
    *(struct.pack("<I", value) for value in (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000, 12)),
    struct.pack("<Q", 2**63),
    b"\0" * 16,
    b"\xff" * 16,
)
_DEEP = "\u0001deep\u0001"
_DEPTH = 3000
_MOST = 400_000  # bytes that a change makes of a file at most


def change_bytes(data: bytes, random: Random, other: bytes = b"") -> bytes:
    """Return bytes with one change: flipped, overwritten, cut, doubled, moved, or joined with another file's."""
    if not data:
        return random.choice([b"\0", b"{}", other[:100]])
    first, second = sorted((random.randrange(len(data) + 1), random.randrange(len(data) + 1)))
    near = min(second, first + random.choice([1, 2, 4, 16, 64, 1024]))
    way = random.randrange(9)
    if way == 0:
        at = random.randrange(len(data))
        return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]
    if way <= 2:
        patch = random.choice(_PACKED)
        at = random.randrange(0, len(data), 4) if way == 1 else random.randrange(len(data))
        return data[:at] + patch + data[at + len(patch) :]
    if way == 3:
        return data[:first]
    if way == 4:
        return data[:first] + data[near:]
    if way == 5:
        return (data[:near] + data[first:near] * random.choice([1, 2, 100]) + data[near:])[:_MOST]
    if way == 6:
        return data[:first] + random.randbytes(near - first) + data[near:]
    if way == 7:
        at = random.randrange(len(data))
        piece = data[first:near]
        return data[:at] + piece + data[at + len(piece) :]
    return data[:first] + other[random.randrange(len(other) + 1) :] if other else data + data[:near]


def change_text(data: bytes, random: Random) -> bytes:
    """Return text with one change to its lines or words."""
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    way = random.randrange(8)
    if way <= 2:
        words = list(re.finditer(rb"[^\s,()\[\]{}=]+", lines[at]))
        if words:
            word = random.choice(words)
            odd = random.choice(_WORDS) if random.random() < 0.75 else random.choice(OUTSIDE).encode()
            lines[at] = lines[at][: word.start()] + odd + lines[at][word.end() :]
    elif way == 3:
        del lines[at]
    elif way == 4:
        lines[at:at] = [lines[random.randrange(len(lines))]] * random.choice([1, 1, 2, 300])
    elif way == 5:
        to = random.randrange(len(lines))
        lines[at], lines[to] = lines[to], lines[at]
    elif way == 6:
        cut = random.randrange(len(lines[at]) + 1)
        lines[at] = lines[at][:cut] + random.choice([b"", b"\n", b" \\", b"\r", b"  "]) + lines[at][cut:]
    else:
        lines[at] += b" " + random.choice(_WORDS)
    return b"\n".join(lines)[:_MOST]


def change_json(data: bytes, random: Random) -> bytes:
    """Return a JSON document with one change to a value or key; bytes that are none have a byte changed."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return change_bytes(data, random)
    return dump(change_value(document, random))


def dump(document: object) -> bytes:
    """Encode JSON values that `change_value` returned; what stands for depth becomes it."""
    text = json.dumps(document)
    return text.replace(json.dumps(_DEEP), "[" * _DEPTH + "]" * _DEPTH).encode()


def change_value(document: Any, random: Random) -> Any:
    """Return JSON values with one place changed."""
    document = copy.deepcopy(document)
    places = list(_places(document))
    if not places or random.random() < 0.02:
        return odd_value(random)
    holder, key = random.choice(places)
    _WAYS[random.choice(list(_WAYS))](holder, key, random, places)
    return document


def odd_value(random: Random) -> Any:
    """Return a value that hardly anything expects."""
    way = random.randrange(8)
    if way <= 2:
        return random.choice(_NUMBERS)
    if way <= 4:
        return random.choice(_TEXTS)
    if way == 5:
        return random.choice([None, True, False])
    if way == 6:
        return random.choice([_DEEP, [[[]]], [None] * 1000, [0] * 3, {"a": {"b": []}}])
    return random.choice([[], {}, [[]], [{}], {"": ""}])


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield holder and key of every value in JSON values."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from _places(inner)


def _replace(holder: Any, key: Any, random: Random, places: list[Any]) -> None:
    holder[key] = odd_value(random)


def _nudge(holder: Any, key: Any, random: Random, places: list[Any]) -> None:
    value = holder[key]
    if isinstance(value, bool) or value is None:
        holder[key] = random.choice([True, False, None, 0])
    elif isinstance(value, int):
        holder[key] = value + random.choice([-1, 1, 2, -value, value, 0.5, -2 * value])
    elif isinstance(value, float):
        holder[key] = random.choice([-value, value * 1e6, value / 1e6, int(value) if abs(value) < 1e18 else 0])
    elif isinstance(value, str):
        at = random.randrange(len(value) + 1)
        holder[key] = value[:at] + random.choice(["", "/", "..", "é", "\n", "\0", "A", " ", "\ud800"]) + value[at + 1 :]
    elif isinstance(value, list) and value:
        holder[key] = random.choice([value[1:], value[:-1], value[::-1], [*value, value[0]], value * 50])
    elif isinstance(value, dict):
        value[random.choice(_TEXTS)] = odd_value(random)


def _remove(holder: Any, key: Any, random: Random, places: list[Any]) -> None:
    del holder[key]


def _rename(holder: Any, key: Any, random: Random, places: list[Any]) -> None:
    if isinstance(holder, dict):
        holder[random.choice(_TEXTS)] = holder.pop(key)
    else:
        holder.insert(key, odd_value(random))


def _swap(holder: Any, key: Any, random: Random, places: list[Any]) -> None:
    """Let a value stand where another stood; a copy, as JSON holds no cycles."""
    other, other_key = random.choice(places)
    try:
        holder[key] = copy.deepcopy(other[other_key])
    except (KeyError, IndexError):
        holder[key] = None


_WAYS: dict[str, Callable[[Any, Any, Random, list[Any]], None]] = {
    "replace": _replace,
    "nudge": _nudge,
    "remove": _remove,
    "rename": _rename,
    "swap": _swap,
}
