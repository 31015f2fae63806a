"""MakeHuman clothes: an OBJ whose vertices hang on the base mesh hm08, fitted onto the canonical body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import Material
from dressform.schemas.errors import InputError
from dressform.schemas.progress import Progress, silent

from .hm08 import VERTEX_COUNT, canonical_hm08
from .licences import spdx_of
from .mhmat import material_of
from .obj import read_obj
from .raw import Conversion, RawMesh, beside, check_size

_AXES = {"x_scale": 0, "y_scale": 1, "z_scale": 2}
_ABOUT = ("name", "uuid", "description", "homepage", "version")


@dataclass
class _Clothes:
    """What a .mhclo says.

    Attributes:
        header: Key → the rest of its line.
        tags: What the lines `tag` say.
        comments: Comment lines without their #.
        rows: float64 [V, 9]: three base vertices, their weights, an offset in scaled MakeHuman axes.
        deleted: Base vertices the garment hides.
    """

    header: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    rows: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 9)))
    deleted: list[int] = field(default_factory=list)


def read_mhclo(path: Path, progress: Progress = silent) -> RawMesh:
    """Read the clothes file, its OBJ and its material; the result lies on the canonical rest body."""
    check_size(path)
    clothes = _parse(path)
    base = clothes.header.get("basemesh", "hm08")
    if base not in ("hm08", "alpha_7"):
        raise InputError(f"{path} is made for the base mesh {base}, needed hm08; fit it to hm08 in MakeClothes")
    if "obj_file" not in clothes.header:
        raise InputError(f"{path} names no obj_file; is it a .mhclo file?")
    mesh_path = beside(path, clothes.header["obj_file"])
    if not mesh_path.is_file():
        raise InputError(f"{path} needs {mesh_path.name} beside it; copy it there")
    mesh = read_obj(mesh_path)
    if len(clothes.rows) != len(mesh.points):
        raise InputError(
            f"{path} binds {len(clothes.rows)} vertices and {mesh_path.name} has {len(mesh.points)}; "
            "they do not belong together"
        )
    notes, companions = list(mesh.notes), [mesh_path, *mesh.companions]
    name = clothes.header.get("name", path.stem) or "fabric"
    material, record = Material(name=name), list(mesh.record)
    if "material" in clothes.header:
        material, look = material_of(path, clothes.header["material"], name)
        record += look.record
        notes += look.notes
        companions += look.companions
    licence, authors = _licence(clothes)
    about = _about(clothes)
    return replace(
        mesh,
        points=_fit(path, clothes, canonical_hm08(progress)),
        materials=(material,),
        material_ids=np.zeros(len(mesh.faces), np.int64),
        metres_per_unit=1.0,
        unit_reason="fitted onto the canonical body through its .mhclo",
        up="z",
        up_reason="fitted onto the canonical body through its .mhclo",
        placed=True,
        extras={"makehuman": about} if about else {},
        record=(*record, *_said(clothes, about, licence)),
        notes=tuple(notes),
        hints=_hints(clothes, about),
        companions=tuple(dict.fromkeys(companions)),
        licence=licence,
        authors=authors,
    )


def _parse(path: Path) -> _Clothes:
    out = _Clothes()
    rows: list[list[float]] = []
    mode = ""
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            out.comments += [" ".join(words).lstrip("# ")] if words else []
            continue
        numeric = words[0].lstrip("-").isdigit()
        try:
            if words[0] in ("verts", "delete_verts"):
                mode = words[0]
            elif numeric and mode == "delete_verts":
                out.deleted += _vertex_ranges(words)
            elif numeric:  # some files leave the line `verts 0` out
                rows.append(_row(words))
            else:
                mode = ""
                rest = line.strip()[len(words[0]) :].strip()
                out.header.setdefault(words[0], rest)
                out.tags += [rest] if words[0] == "tag" else []
        except (ValueError, IndexError):
            raise InputError(
                f"{path}: line {number} (`{line.strip()[:40]}`) cannot be read; the file is broken"
            ) from None
    out.rows = np.array(rows, np.float64).reshape(-1, 9)
    indices = np.concatenate([out.rows[:, :3].ravel(), np.array(out.deleted, np.float64)])
    if len(indices) and not 0 <= indices.min() <= indices.max() < VERTEX_COUNT:
        worst = indices.min() if indices.min() < 0 else indices.max()
        raise InputError(f"{path} names vertex {worst:.0f} of a base mesh with {VERTEX_COUNT}; is it made for hm08?")
    return out


def _row(words: list[str]) -> list[float]:
    values = [float(word) for word in words]
    if len(values) == 1:
        return [values[0]] * 3 + [1.0, 0.0, 0.0] + [0.0] * 3
    if len(values) == 6:
        return values + [0.0] * 3
    if len(values) != 9:
        raise ValueError
    return values


def _vertex_ranges(words: list[str]) -> list[int]:
    """Read `1 2 - 5 9` as 1, 2, 3, 4, 5, 9."""
    found: list[int] = []
    k = 0
    while k < len(words):
        first = last = int(words[k])
        if k + 1 < len(words) and words[k + 1] == "-":
            last = int(words[k + 2])
            k += 2
        if not 0 <= first <= last < VERTEX_COUNT:
            raise ValueError
        found += range(first, last + 1)
        k += 1
    return found


def spans_of(vertices: Sequence[int] | NDArray[np.int64]) -> list[list[int]]:
    """Write vertices as [first, last] pairs, sorted."""
    values = np.unique(vertices)
    if not len(values):
        return []
    breaks = np.flatnonzero(np.diff(values) > 1)
    firsts, lasts = values[np.concatenate([[0], breaks + 1])], values[np.concatenate([breaks, [len(values) - 1]])]
    return [[int(first), int(last)] for first, last in zip(firsts, lasts, strict=True)]


def _fit(path: Path, clothes: _Clothes, base: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where the bound vertices lie on the base mesh [m], z up.

    MakeHuman's axes are y up and its unit the decimetre; `x_scale I J D` says that an offset of D along x equals the
    distance of base vertices I and J along x.
    """
    y_up = np.stack([base[:, 0], base[:, 2], -base[:, 1]], axis=1)
    scale = np.full(3, 0.1)
    for key, axis in _AXES.items():
        if key in clothes.header:
            try:
                first, second, distance = clothes.header[key].split()
                if not 0 < float(distance) < np.inf:
                    raise ValueError
                scale[axis] = abs(y_up[int(first), axis] - y_up[int(second), axis]) / float(distance)
            except (ValueError, IndexError):
                raise InputError(
                    f"{path}: {key} `{clothes.header[key]}` needs two base vertices and a distance"
                ) from None
    corners = y_up[clothes.rows[:, :3].astype(np.int64)]
    fitted = np.einsum("vk,vkj->vj", clothes.rows[:, 3:6], corners) + clothes.rows[:, 6:9] * scale
    return np.stack([fitted[:, 0], -fitted[:, 2], fitted[:, 1]], axis=1)


def _licence(clothes: _Clothes) -> tuple[str | None, tuple[str, ...]]:
    """Return the licence and the authors that keys or comments name."""
    said = [clothes.header.get("license", ""), clothes.header.get("licence", "")]
    licence = spdx_of(" ".join(said)) or spdx_of(" ".join(clothes.comments))
    stated = clothes.header.get("author") or next(
        (found[1] for line in clothes.comments if (found := re.match(r"authors?\s*[:=]?\s+(\S.*)", line, re.I))), ""
    )
    if stated:
        return licence, (stated.strip(),)
    holders = (re.match(r"Copyright \(C\)\s*[\d\s,-]*(.+)", line, re.I) for line in clothes.comments)
    return licence, tuple(re.sub(r",?\s*https?://\S+", "", found[1]).strip() for found in holders if found)


def _about(clothes: _Clothes) -> dict[str, Any]:
    """Return what else the file says of the garment, for its extras."""
    about: dict[str, Any] = {key: clothes.header[key] for key in _ABOUT if key in clothes.header}
    for key in ("z_depth", "max_pole"):
        if key in clothes.header:
            try:
                about[key] = int(clothes.header[key].split()[0])
            except (ValueError, IndexError):
                about[key] = clothes.header[key]
    return about | ({"tags": clothes.tags} if clothes.tags else {})


def _hints(clothes: _Clothes, about: dict[str, Any]) -> dict[str, Any]:
    """Return what later steps may use: the artist's delete mask, and how far out the garment lies among others."""
    hints = {key: about[key] for key in ("z_depth", "max_pole") if isinstance(about.get(key), int)}
    return hints | ({"hidden_base_vertices": spans_of(clothes.deleted)} if clothes.deleted else {})


def _said(clothes: _Clothes, about: dict[str, Any], licence: str | None) -> Iterator[Conversion]:
    yield Conversion("binding to hm08", "converted", "every vertex lies where it binds it on the canonical body")
    if clothes.deleted:
        count = len(set(clothes.deleted))
        yield Conversion("delete mask", "converted", f"{count} vertices of hm08: the rig hides the skin between them")
    if about:
        yield Conversion(", ".join(about), "kept", "in the garment's extras, under makehuman")
    if licence:
        yield Conversion("licence", "kept", licence)
    scales = [key for key in _AXES if key in clothes.header]
    if scales:
        yield Conversion(", ".join(scales), "converted", "offsets grow with the canonical body")
