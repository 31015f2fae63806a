"""Wavefront OBJ with its MTL and textures."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import InputError
from dressform.schemas.units import METRES_PER_UNIT

from .joining import finished, join
from .mtl import decoded, read_mtl
from .pieces import Findings, Joints, Piece, Values
from .raw import MAX_TRIANGLES, MAX_VERTICES, RawMesh, beside, check_count, check_finite, check_size
from .shading import Look

_LONG_NAMES = {"millimeters": "mm", "centimeters": "cm", "meters": "m"}
_UNIT_COMMENT = re.compile(rb"^#.*\bunits?\s*[:=]\s*(mm|cm|dm|m|millimeters|centimeters|meters)\b", re.M | re.I)
_FREE_FORM = {b"curv", b"curv2", b"surf", b"cstype", b"deg", b"parm", b"trim", b"hole", b"scrv", b"sp", b"vp", b"con"}
_NO_GROUP = ("default", "(null)", "off", "none")


@dataclass
class _Lines:
    """The lines of a file by what they say; of each face also what was said above it."""

    vertices: list[bytes] = field(default_factory=list)
    coordinates: list[bytes] = field(default_factory=list)
    normals: list[bytes] = field(default_factory=list)
    faces: list[bytes] = field(default_factory=list)
    counts_before: list[tuple[int, int, int]] = field(default_factory=list)
    face_material: list[int] = field(default_factory=list)
    face_part: list[int] = field(default_factory=list)
    face_smooth: list[int] = field(default_factory=list)
    materials: list[str] = field(default_factory=lambda: [""])
    parts: list[str] = field(default_factory=list)
    smooth: list[str] = field(default_factory=lambda: ["off"])
    libraries: list[str] = field(default_factory=list)
    free_form: int = 0
    loose: int = 0


def read_obj(path: Path) -> RawMesh:
    """Read polygons, UVs, normals, vertex colours, smoothing groups, materials with textures, objects and groups."""
    check_size(path)
    data = _utf8(path.read_bytes())
    if b"\0" in data[:65536]:
        raise InputError(f"{path} is a binary file, an OBJ is text; check the file's type")
    found = Findings()
    lines = _sort_lines(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\\\n", b" "))
    check_count(path, "vertices", len(lines.vertices), MAX_VERTICES)
    check_count(path, "faces", len(lines.faces), MAX_TRIANGLES)
    if not lines.vertices:
        raise InputError(f"{path} has no vertex lines (`v x y z`); is it an OBJ file?")
    points, colors = _vertices(path, lines)
    check_finite(path, "vertex", points)
    uv, normals = _numbers(path, "vt", lines.coordinates, 1), _numbers(path, "vn", lines.normals, 3)
    corners, counts = _corners(path, lines, (len(points), len(uv), len(normals)), found)
    layers = _layers(lines, corners, counts, uv, normals, colors, found)
    looks, ids = _used_looks(path, lines, found)
    _say_what_is_left(lines, found)
    raw = join(path, [Piece(path.stem, points, corners[:, 0], counts, ids, layers)], looks, Joints(), found)
    parts, part_ids = np.unique(np.array(lines.face_part, np.int64), return_inverse=True)
    owner = raw.polygons if raw.polygons is not None else np.arange(len(raw.faces))
    raw = replace(
        raw,
        part_names=tuple(lines.parts[k] for k in parts) or ("",),
        part_ids=part_ids.astype(np.int64)[owner],
    )
    metres, unit_reason = _stated_unit(data)
    up, up_reason = _up(data)
    return finished(
        raw,
        found,
        metres_per_unit=metres,
        unit_reason=unit_reason,
        up=up,
        up_reason=up_reason,
    )


def _utf8(data: bytes) -> bytes:
    """Return a text file's bytes as UTF-8 without its mark; some editors save in two bytes a letter."""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return data.decode("utf-16", "replace").encode()
    return data.removeprefix(codecs.BOM_UTF8)


def _sort_lines(data: bytes) -> _Lines:
    out = _Lines()
    parts, materials, smooths = {"": 0}, {"": 0}, {"off": 0}
    material = part = smooth = 0
    name = group = ""
    for line in data.split(b"\n"):
        key, _, rest = line.strip().replace(b"\t", b" ").partition(b" ")
        if key == b"v":
            out.vertices.append(rest.partition(b"#")[0])
        elif key == b"f":
            out.faces.append(rest.partition(b"#")[0])
            out.counts_before.append((len(out.vertices), len(out.coordinates), len(out.normals)))
            out.face_material.append(material)
            out.face_part.append(part)
            out.face_smooth.append(smooth)
        elif key == b"vt":
            out.coordinates.append(rest.partition(b"#")[0])
        elif key == b"vn":
            out.normals.append(rest.partition(b"#")[0])
        elif key == b"usemtl":
            material = materials.setdefault(decoded(rest.strip()), len(materials))
        elif key in (b"o", b"g"):
            said = decoded(rest.strip())
            name, group = (said, "") if key == b"o" else (name, "" if said.lower() in _NO_GROUP else said)
            part = parts.setdefault(_part_name(name, group), len(parts))
        elif key == b"s":
            said = decoded(rest.strip())
            smooth = smooths.setdefault("off" if said in ("0", "off", "") else said, len(smooths))
        elif key == b"mtllib":
            out.libraries.append(decoded(rest.strip()))
        elif key in _FREE_FORM:
            out.free_form += 1
        elif key in (b"l", b"p"):
            out.loose += 1
    out.parts, out.materials, out.smooth = list(parts), list(materials), list(smooths)
    return out


def _part_name(name: str, group: str) -> str:
    """Name a part by its object and its group; exporters often repeat the object's name in the group's."""
    if not name or not group or group.startswith(name):
        return group or name
    return f"{name} / {group}"


def _numbers(path: Path, key: str, lines: list[bytes], width: int) -> NDArray[np.float64]:
    """Parse lines of at least `width` numbers each; the shorter ones of a mixed file are filled up with NaN."""
    if not lines:
        return np.zeros((0, width))
    widths = np.array([len(line.split()) for line in lines])
    try:
        if (widths == widths[0]).all() and widths[0] >= width:
            return np.array(b" ".join(lines).split(), dtype=np.float64).reshape(len(lines), -1)
    except ValueError:
        pass  # the loop below names the line
    rows = np.full((len(lines), min(max(int(widths.max()), width), 7)), np.nan)
    for k, line in enumerate(lines):
        try:
            values = [float(word) for word in line.split()[: rows.shape[1]]]
            if len(values) < width:
                raise ValueError
        except ValueError:
            text = line.decode("utf-8", "replace").strip()[:40]
            raise InputError(
                f"{path}: line `{key} {text}` ({key} number {k + 1}) needs {width} numbers; the file is broken"
            ) from None
        rows[k, : len(values)] = values
    return rows


def _vertices(path: Path, lines: _Lines) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return points and, where the file has them, linear colours (NaN where a point has none)."""
    table = _numbers(path, "v", lines.vertices, 3)
    points = np.ascontiguousarray(table[:, :3])
    if table.shape[1] < 6:
        return points, None
    colors = table[:, 3:6]
    given: NDArray[np.bool_] = np.asarray(np.isfinite(colors).all(axis=1))
    if not given.any():
        return points, None
    if colors[given].max() > 1.0:
        colors = colors / 255.0
    colors = np.clip(colors, 0.0, 1.0)
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    return points, np.where(given[:, None], linear, np.nan)


def _corners(
    path: Path, lines: _Lines, have: tuple[int, int, int], found: Findings
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return point, UV and normal (-1: none) of each polygon corner [C, 3] from 0, and the corners a polygon has."""
    counts = np.array([len(line.split()) for line in lines.faces], np.int64)
    small = np.flatnonzero(counts < 3)
    if len(small):
        text = lines.faces[small[0]].decode("utf-8", "replace").strip()[:40]
        raise InputError(
            f"{path}: face {small[0] + 1} (`f {text}`) has fewer than 3 corners; the file is cut off or broken"
        )
    words = b" ".join(lines.faces).split()
    numbers = _corner_numbers(words)
    if numbers is None:
        raise _bad_corner(path, words, counts)
    before = np.repeat(np.array(lines.counts_before, np.int64).reshape(-1, 3), counts, axis=0)
    at = np.where(numbers > 0, numbers - 1, np.where(numbers < 0, before + numbers, -1))
    limits = np.array(have)
    wrong: NDArray[np.bool_] = (at >= limits) | ((numbers < 0) & (at < 0))
    wrong[:, 0] |= numbers[:, 0] == 0
    if wrong[:, 2].any():
        found.dropped("normals", f"{int(wrong[:, 2].sum())} face corners name normals that are not there")
        at[wrong[:, 2], 2], wrong[:, 2] = -1, False
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        face = int(np.searchsorted(np.cumsum(counts), row, side="right")) + 1
        raise InputError(
            f"{path}: face {face} names {('vertex', 'UV', 'normal')[column]} {numbers[row, column]} but there are "
            f"{have[column]}; the file is cut off or broken"
        )
    return at, counts


def _corner_numbers(words: list[bytes]) -> NDArray[np.int64] | None:
    """Parse `v`, `v/vt`, `v//vn` and `v/vt/vn` (0: not given); None when some word is none of these."""
    numbers = np.zeros((len(words), 3), np.int64)
    slashes = {word.count(b"/") for word in words}
    try:
        if len(slashes) == 1 and max(slashes) <= 2 and not any(word.endswith(b"/") for word in words):
            flat = b" ".join(words).replace(b"//", b"/0/").replace(b"/", b" ").split()
            numbers[:, : max(slashes) + 1] = np.array([int(word) for word in flat], np.int64).reshape(len(words), -1)
            return numbers
        for k, word in enumerate(words):
            values = [int(part) if part else 0 for part in word.split(b"/")]
            numbers[k, : len(values)] = values
    except (ValueError, OverflowError):
        return None
    return numbers


def _bad_corner(path: Path, words: list[bytes], counts: NDArray[np.int64]) -> InputError:
    pattern = re.compile(rb"-?\d{1,18}(/(-?\d{1,18})?){0,2}")
    row = next((k for k, word in enumerate(words) if not pattern.fullmatch(word)), 0)
    face = int(np.searchsorted(np.cumsum(counts), row, side="right")) + 1
    text = words[row].decode("utf-8", "replace")[:40]
    return InputError(f"{path}: face {face} has the corner `{text}`; needed v, v/vt or v/vt/vn")


def _layers(
    lines: _Lines,
    corners: NDArray[np.int64],
    counts: NDArray[np.int64],
    uv: NDArray[np.float64],
    normals: NDArray[np.float64],
    colors: NDArray[np.float64] | None,
    found: Findings,
) -> tuple[Values, ...]:
    out: list[Values] = []
    if (corners[:, 1] >= 0).any():
        flat = np.zeros((len(uv), 2))
        flat[:, : min(uv.shape[1], 2)] = np.nan_to_num(uv[:, :2], nan=0.0) if uv.shape[1] > 2 else uv
        out.append(Values("vt", "uv", flat, corners[:, 1]))
    if (corners[:, 2] >= 0).any():
        lengths = np.linalg.norm(normals[:, :3], axis=1, keepdims=True)
        sound = np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 1e-12)
        unit_normals = np.where(sound[:, None], normals[:, :3] / np.where(sound[:, None], lengths, 1.0), 0.0)
        index = np.where((corners[:, 2] >= 0) & sound[corners[:, 2]], corners[:, 2], -1)
        out.append(Values("normal", "normal", unit_normals, index))
    if colors is not None:
        values, index = np.unique(np.nan_to_num(colors), axis=0, return_inverse=True)
        index = np.where(np.isfinite(colors[:, 0]), index.reshape(-1), -1)
        out.append(Values("Color", "color", values, index[corners[:, 0]]))
        found.converted("colours of the vertices", "from sRGB, as OBJ files have them, to linear")
    if len(set(lines.face_smooth)) > 1:
        numbers = np.array([int(s) if s.isdigit() and len(s) < 8 else 0 for s in lines.smooth], np.float64)
        index = np.repeat(np.array(lines.face_smooth, np.int64), counts)
        out.append(Values("smoothing group", "custom", numbers[:, None], index))
    return tuple(out)


def _say_what_is_left(lines: _Lines, found: Findings) -> None:
    if lines.free_form:
        found.dropped("curves and surfaces", f"{lines.free_form} free-form lines; only polygons are read")
    if lines.loose:
        found.dropped("points and lines", f"{lines.loose} elements that are no surface")
    empty = [lines.parts[k] for k in sorted(set(range(1, len(lines.parts))) - set(lines.face_part))]
    if empty:
        shown = ", ".join(empty[:5]) + (f" and {len(empty) - 5} more" if len(empty) > 5 else "")
        found.dropped("groups without faces", shown)


def _up(data: bytes) -> tuple[str | None, str]:
    """Return the up axis a comment in the header names, and where."""
    if b"MakeHuman" in data[:2000]:
        return "y", "the header names MakeHuman, which writes y up"
    stated = re.search(rb"#\s*up\s*[:=]\s*([yz])\b", data[:2000], re.IGNORECASE)
    return (stated[1].decode().lower(), "the header says so") if stated else (None, "")


def _stated_unit(data: bytes) -> tuple[float | None, str]:
    if b"MakeHuman" in data[:2000]:
        return 0.1, "the header names MakeHuman, which writes decimetres"
    said = _UNIT_COMMENT.search(data[:4000])
    if said:
        unit = said.group(1).decode().lower()
        return METRES_PER_UNIT[_LONG_NAMES.get(unit, unit)], f"a comment in the file says {unit}"
    return None, ""


def _used_looks(path: Path, lines: _Lines, found: Findings) -> tuple[list[Look], NDArray[np.int64]]:
    """Return a look for every name the file uses, and the look of each polygon."""
    known: dict[str, Look] = {}
    for said in lines.libraries:
        for name in _library_names(path, said):
            library = beside(path, name)
            if library.is_file():
                found.companions.append(library)
                known = read_mtl(library, found) | known
            else:
                found.dropped(f"material library {name}", "it is not there; materials stay plain")
    for name in sorted({lines.materials[k] for k in lines.face_material} - set(known) - {""}):
        found.notes.append(f"material {name} is not described; it gets a plain grey")
    looks = [known.get(name, Look(name=name or "fabric")) for name in lines.materials]
    for name in sorted(set(known) - set(lines.materials)):
        found.left_out(f"material {name}", "no face uses it")
    return looks, np.array(lines.face_material, np.int64)


def _library_names(path: Path, said: str) -> list[str]:
    """Part several libraries on one line; a name with spaces is one when its file is there."""
    if " " not in said or beside(path, said).is_file():
        return [said]
    words = re.findall(r".+?\.mtl(?=\s|$)", said, re.I)
    return [word.strip() for word in words] or [said]
