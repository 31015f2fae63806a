"""MakeHuman clothes: an OBJ whose vertices hang on the base mesh hm08, fitted onto the canonical body."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import Material
from dressform.schemas.errors import InputError
from dressform.schemas.progress import Progress, silent

from .hm08 import VERTEX_COUNT, canonical_hm08
from .obj import read_obj
from .raw import RawMesh, beside, check_size, read_image

_AXES = {"x_scale": 0, "y_scale": 1, "z_scale": 2}


@dataclass
class _Clothes:
    """What a .mhclo says.

    Attributes:
        header: Key → the rest of its line.
        rows: float64 [V, 9]: three base vertices, their weights, an offset in scaled MakeHuman axes.
        deleted: Base vertices the garment hides.
    """

    header: dict[str, str] = field(default_factory=dict)
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
    material = _material(path, clothes, notes, companions)
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
        notes=tuple(notes),
        hints={"hidden_base_vertices": _ranges(clothes.deleted)} if clothes.deleted else {},
        companions=tuple(companions),
    )


def _parse(path: Path) -> _Clothes:
    out = _Clothes()
    rows: list[list[float]] = []
    mode = ""
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
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
                out.header.setdefault(words[0], line.strip()[len(words[0]) :].strip())
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


def _ranges(vertices: list[int]) -> list[list[int]]:
    """Write sorted vertices as [first, last] pairs."""
    values = np.unique(vertices)
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


def _material(path: Path, clothes: _Clothes, notes: list[str], companions: list[Path]) -> Material:
    """Read the .mhmat beside the clothes; without it the material is plain."""
    material = Material(name=clothes.header.get("name", path.stem) or "fabric")
    name = clothes.header.get("material")
    if name is None:
        return material
    file = beside(path, name)
    if not file.is_file():
        notes.append(f"material {name} is not there; the garment gets a plain look")
        return material
    check_size(file)
    companions.append(file)
    keys: dict[str, str] = {}
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split(maxsplit=1)
        if len(words) == 2:
            keys.setdefault(words[0], words[1].strip())
    if "diffuseTexture" in keys:
        image = read_image(file, keys["diffuseTexture"], notes, companions)
        material = replace(material, base_color_image=image, base_color=(1, 1, 1, 1) if image else material.base_color)
    if "normalmapTexture" in keys:
        material = replace(material, normal_image=read_image(file, keys["normalmapTexture"], notes, companions))
    return material
