"""Wavefront OBJ with its MTL and textures."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import Material
from dressform.schemas.errors import InputError
from dressform.schemas.units import METRES_PER_UNIT

from .polygons import triangulate
from .raw import MAX_TRIANGLES, MAX_VERTICES, RawMesh, beside, check_count, check_finite, check_size, read_image

_LONG_NAMES = {"millimeters": "mm", "centimeters": "cm", "meters": "m"}
_UNIT_COMMENT = re.compile(rb"^#.*\bunits?\s*[:=]\s*(mm|cm|dm|m|millimeters|centimeters|meters)\b", re.M | re.I)
# how many values follow the options that MTL allows before a texture's file name
_MAP_OPTIONS = {"-blendu": 1, "-blendv": 1, "-bm": 1, "-boost": 1, "-cc": 1, "-clamp": 1, "-imfchan": 1, "-mm": 2}
_MAP_OPTIONS |= {"-o": 3, "-s": 3, "-t": 3, "-texres": 1, "-type": 1}


@dataclass
class _Lines:
    """The lines of a file by what they say."""

    vertices: list[bytes] = field(default_factory=list)
    coordinates: list[bytes] = field(default_factory=list)
    faces: list[bytes] = field(default_factory=list)
    counts_before: list[tuple[int, int]] = field(default_factory=list)  # vertices and coordinates above each face
    face_material: list[int] = field(default_factory=list)
    face_part: list[int] = field(default_factory=list)
    materials: list[str] = field(default_factory=lambda: [""])
    parts: list[str] = field(default_factory=lambda: [""])
    libraries: list[str] = field(default_factory=list)


def read_obj(path: Path) -> RawMesh:
    """Read polygons, UVs, materials with textures, and object names."""
    check_size(path)
    data = path.read_bytes()
    if b"\0" in data[:65536]:
        raise InputError(f"{path} is a binary file, an OBJ is text; check the file's type")
    lines = _sort_lines(data.replace(b"\\\r\n", b" ").replace(b"\\\n", b" "))
    check_count(path, "vertices", len(lines.vertices), MAX_VERTICES)
    check_count(path, "faces", len(lines.faces), MAX_TRIANGLES)
    if not lines.vertices:
        raise InputError(f"{path} has no vertex lines (`v x y z`); is it an OBJ file?")
    points = _numbers(path, "v", lines.vertices, 3)
    uv = _numbers(path, "vt", lines.coordinates, 2)
    corner_points, corner_uvs, counts = _corners(path, lines, len(points), len(uv))
    check_finite(path, "vertex", points)
    if len(counts):
        triangles, owner = triangulate(points, corner_points, counts)
    else:
        triangles, owner = np.zeros((0, 3), np.int64), np.zeros(0, np.int64)
    notes: list[str] = []
    companions: list[Path] = []
    uv, uv_faces = _uv_set(uv, corner_uvs[triangles], notes)
    materials, material_ids = _used_materials(
        path, lines, np.array(lines.face_material, np.int64)[owner], notes, companions
    )
    metres, unit_reason = _stated_unit(data)
    makehuman = b"MakeHuman" in data[:2000]
    return RawMesh(
        points=points,
        faces=corner_points[triangles],
        materials=materials,
        material_ids=material_ids,
        part_names=tuple(lines.parts),
        part_ids=np.array(lines.face_part, np.int64)[owner],
        uv0=uv if uv_faces is not None else None,
        uv0_faces=uv_faces,
        metres_per_unit=metres,
        unit_reason=unit_reason,
        up="y" if makehuman else None,
        up_reason="the header names MakeHuman, which writes y up" if makehuman else "",
        notes=tuple(notes),
        companions=tuple(companions),
    )


def _sort_lines(data: bytes) -> _Lines:
    out = _Lines()
    material = part = 0
    for line in data.split(b"\n"):
        key, _, rest = line.strip().replace(b"\t", b" ").partition(b" ")
        if key == b"v":
            out.vertices.append(rest)
        elif key == b"f":
            out.faces.append(rest.partition(b"#")[0])
            out.counts_before.append((len(out.vertices), len(out.coordinates)))
            out.face_material.append(material)
            out.face_part.append(part)
        elif key == b"vt":
            out.coordinates.append(rest)
        elif key == b"usemtl":
            material = _place_of(out.materials, rest)
        elif key in (b"o", b"g"):
            part = _place_of(out.parts, rest)
        elif key == b"mtllib":
            out.libraries.append(rest.strip().decode("utf-8", "replace"))
    return out


def _place_of(names: list[str], raw: bytes) -> int:
    name = raw.strip().decode("utf-8", "replace")
    if name not in names:
        names.append(name)
    return names.index(name)


def _numbers(path: Path, key: str, lines: list[bytes], width: int) -> NDArray[np.float64]:
    """Parse the first `width` numbers of every line; all at once when the lines are alike."""
    if not lines:
        return np.zeros((0, width))
    try:
        flat = np.array(b" ".join(lines).split(), dtype=np.float64)
        if len(flat) % len(lines) == 0 and {len(line.split()) for line in lines} == {len(flat) // len(lines)}:
            table = flat.reshape(len(lines), -1)
            if table.shape[1] >= width:
                return np.ascontiguousarray(table[:, :width])
    except ValueError:
        pass
    rows = np.empty((len(lines), width))
    for k, line in enumerate(lines):
        try:
            values = [float(word) for word in line.split()[:width]]
            if len(values) < width:
                raise ValueError
            rows[k] = values
        except ValueError:
            text = line.decode("utf-8", "replace").strip()[:40]
            raise InputError(
                f"{path}: line `{key} {text}` ({key} number {k + 1}) needs {width} numbers; the file is broken"
            ) from None
    return rows


def _corners(
    path: Path, lines: _Lines, n_points: int, n_uv: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the point and UV (-1: none) of each polygon corner from 0, and the corners a polygon has."""
    words = [line.split() for line in lines.faces]
    counts = np.array([len(w) for w in words], np.int64)
    small = np.flatnonzero(counts < 3)
    if len(small):
        text = lines.faces[small[0]].decode("utf-8", "replace").strip()[:40]
        raise InputError(
            f"{path}: face {small[0] + 1} (`f {text}`) has fewer than 3 corners; the file is cut off or broken"
        )
    points: list[int] = []
    uvs: list[int] = []
    for number, (face, (v_before, t_before)) in enumerate(zip(words, lines.counts_before, strict=True), 1):
        for word in face:
            fields = word.split(b"/")
            try:
                point, uv = int(fields[0]), int(fields[1]) if len(fields) > 1 and fields[1] else 0
            except ValueError:
                text = word.decode("utf-8", "replace")[:40]
                raise InputError(f"{path}: face {number} has the corner `{text}`; needed v, v/vt or v/vt/vn") from None
            at = point - 1 if point > 0 else v_before + point if point else -1
            uv_at = uv - 1 if uv >= 0 else t_before + uv if t_before + uv >= 0 else n_uv
            if not 0 <= at < n_points or uv_at >= n_uv:
                what, found, have = ("UV", uv, n_uv) if 0 <= at < n_points else ("vertex", point, n_points)
                raise InputError(
                    f"{path}: face {number} names {what} {found} but there are {have}; the file is cut off or broken"
                )
            points.append(at)
            uvs.append(uv_at)
    return np.array(points, np.int64), np.array(uvs, np.int64), counts


def _uv_set(
    uv: NDArray[np.float64], faces: NDArray[np.int64], notes: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.int64] | None]:
    bare: NDArray[np.bool_] = np.asarray((faces < 0).any(axis=1))
    if not len(faces) or bare.all():
        return uv, None
    if bare.any():
        notes.append(f"{int(bare.sum())} of {len(faces)} triangles have no UVs; they share the coordinate (0, 0)")
        faces = np.where(bare[:, None], len(uv), faces)
        uv = np.vstack([uv, np.zeros((1, 2))])
    return uv, faces


def _stated_unit(data: bytes) -> tuple[float | None, str]:
    if b"MakeHuman" in data[:2000]:
        return 0.1, "the header names MakeHuman, which writes decimetres"
    found = _UNIT_COMMENT.search(data[:4000])
    if found:
        unit = found.group(1).decode().lower()
        return METRES_PER_UNIT[_LONG_NAMES.get(unit, unit)], f"a comment in the file says {unit}"
    return None, ""


def _used_materials(
    path: Path, lines: _Lines, ids: NDArray[np.int64], notes: list[str], companions: list[Path]
) -> tuple[tuple[Material, ...], NDArray[np.int64]]:
    """Return the materials faces use, and the faces' places among them."""
    known: dict[str, Material] = {}
    for name in lines.libraries:
        library = beside(path, name)
        if library.is_file():
            companions.append(library)
            known |= _read_mtl(library, notes, companions)
        else:
            notes.append(f"material library {name} is not there")
    used, inverse = np.unique(ids, return_inverse=True)
    names = [lines.materials[k] for k in used] or [""]
    for name in names:
        if name and name not in known:
            notes.append(f"material {name} is not described; it gets a plain grey")
    return tuple(known.get(name, Material(name=name or "fabric")) for name in names), inverse.astype(np.int64)


def _read_mtl(path: Path, notes: list[str], companions: list[Path]) -> dict[str, Material]:
    check_size(path)
    found: dict[str, Material] = {}
    current: Material | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "newmtl":
            current = Material(name=" ".join(words[1:]) or "fabric")
        elif current is not None:
            try:
                current = _with_property(current, path, words, notes, companions)
            except (ValueError, IndexError):
                raise InputError(
                    f"{path}: line {number} (`{line.strip()[:40]}`) is no valid material property"
                ) from None
        if current is not None:
            found[current.name] = current
    return found


def _with_property(
    material: Material, path: Path, words: list[str], notes: list[str], companions: list[Path]
) -> Material:
    key, rest = words[0], words[1:]
    if key == "Kd":
        red, green, blue = (min(max(float(w), 0.0), 1.0) for w in rest[:3])
        return replace(material, base_color=(red, green, blue, material.base_color[3]))
    if key == "d":
        return replace(material, base_color=(*material.base_color[:3], min(max(float(rest[0]), 0.0), 1.0)))
    if key == "Pr":
        return replace(material, roughness=min(max(float(rest[0]), 0.0), 1.0))
    if key == "Pm":
        return replace(material, metallic=min(max(float(rest[0]), 0.0), 1.0))
    if key == "map_Kd":
        image = read_image(path, _map_name(rest), notes, companions)
        # with a texture, exporters write Kd 0.8 or 0 without meaning it as a factor
        color = (1.0, 1.0, 1.0, material.base_color[3]) if image else material.base_color
        return replace(material, base_color_image=image, base_color=color)
    if key in ("norm", "map_Kn"):
        return replace(material, normal_image=read_image(path, _map_name(rest), notes, companions))
    return material


def _map_name(words: list[str]) -> str:
    """Return the file name after a texture's options; it may hold spaces."""
    while words and words[0] in _MAP_OPTIONS:
        words = words[1 + _MAP_OPTIONS[words[0]] :]
    if not words:
        raise ValueError
    return " ".join(words)
