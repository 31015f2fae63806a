"""Garments as OBJ with MTL and textures beside."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dressform.assets.atomic import write_bytes
from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.images import PNG

from .rings import polygon_rings


def write_obj(path: Path, mesh: GarmentMesh) -> None:
    """Write a garment as OBJ: y up, metres, the artist's polygons, UV0, normals, parts as groups.

    OBJ holds no skin, no further UV sets and no blend shapes.

    Args:
        path: The .obj; an .mtl of the same name and a folder of textures come beside it.
        mesh: The garment [m], z up.
    """
    names = _material_names(mesh.materials)
    textures: dict[str, bytes] = {}
    library = "\n".join(_mtl(m, n, path.stem, textures) for m, n in zip(mesh.materials, names, strict=True))
    for name, image in textures.items():
        write_bytes(path.parent / name, image)
    write_bytes(path.with_suffix(".mtl"), library.encode())
    write_bytes(path, _text(path, mesh, names).encode())


def _text(path: Path, mesh: GarmentMesh, names: list[str]) -> str:
    counts, corners, faces = polygon_rings(mesh)
    point = mesh.faces.reshape(-1)[corners]
    normals, normal = _normals(mesh, corners)
    columns: list[NDArray[np.integer]] = [point + 1]
    lines = ["# Units: m", "# Up: y", f"mtllib {path.with_suffix('.mtl').name}", f"o {path.stem}"]
    lines += _rows("v", _y_up(mesh.points), _point_colors(mesh))
    if mesh.uv0 is not None and mesh.uv0_faces is not None:
        lines += _rows("vt", mesh.uv0)
        columns.append(mesh.uv0_faces.reshape(-1)[corners] + 1)
    lines += _rows("vn", normals)
    columns.append(normal + 1)
    joint = "/" if len(columns) == 3 else "//"
    words = [joint.join(map(str, row)) for row in np.stack(columns, axis=1).tolist()]
    ends = np.cumsum(counts)
    material = part = -1
    part_ids = mesh.part_ids if mesh.part_ids is not None else np.zeros(len(mesh.faces), np.int32)
    for end, count, face in zip(ends.tolist(), counts.tolist(), faces.tolist(), strict=True):
        if mesh.parts and part_ids[face] != part:
            part = int(part_ids[face])
            lines.append(f"g {_plain(mesh.parts[part].name)}")
        if mesh.material_ids[face] != material:
            material = int(mesh.material_ids[face])
            lines.append(f"usemtl {names[material]}")
        lines.append("f " + " ".join(words[end - count : end]))
    return "\n".join(lines) + "\n"


def _y_up(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack([vectors[:, 0], vectors[:, 2], -vectors[:, 1]], axis=1)


def _rows(key: str, values: NDArray[np.float32], more: NDArray[np.float32] | None = None) -> list[str]:
    table = values if more is None else np.concatenate([values, more], axis=1)
    # nine digits bring a float32 back exactly
    return [key + "".join(f" {v:.9g}" for v in row) for row in (table + np.float32(0)).tolist()]


def _point_colors(mesh: GarmentMesh) -> NDArray[np.float32] | None:
    """Return sRGB colours of the points where the first colour layer gives each point one."""
    layer = next((layer for layer in mesh.layers if layer.kind == "color"), None)
    if layer is None:
        return None
    colors = np.ones((len(mesh.points), 3), np.float32)
    corners, values = mesh.faces.reshape(-1), np.clip(layer.values[:, :3], 0, 1)[layer.faces.reshape(-1)]
    colors[corners] = values
    if not np.allclose(colors[corners], values, atol=1 / 255):
        return None
    return np.where(colors <= 0.0031308, colors * 12.92, 1.055 * colors ** (1 / 2.4) - 0.055).astype(np.float32)


def smooth_normals(mesh: GarmentMesh) -> NDArray[np.float32]:
    """Return unit normals of the points [V, 3], weighted by the area of the faces around."""
    a, b, c = (mesh.points[mesh.faces[:, k]].astype(np.float64) for k in range(3))
    normals = np.zeros((len(mesh.points), 3))
    face = np.cross(b - a, c - a)
    for k in range(3):
        np.add.at(normals, mesh.faces[:, k], face)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    out: NDArray[np.float32] = np.where(lengths > 1e-30, normals / np.maximum(lengths, 1e-30), [0, 0, 1]).astype(
        np.float32
    )
    return out


def _normals(mesh: GarmentMesh, corners: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    layer = next((layer for layer in mesh.layers if layer.kind == "normal"), None)
    if layer is not None:
        return _y_up(layer.values), layer.faces.reshape(-1)[corners].astype(np.int64)
    return _y_up(smooth_normals(mesh)), mesh.faces.reshape(-1)[corners].astype(np.int64)


def _plain(name: str) -> str:
    return re.sub(r"\s+", " ", name).strip() or "unnamed"


def _material_names(materials: tuple[Material, ...]) -> list[str]:
    names: list[str] = []
    for material in materials:
        base = name = re.sub(r"\s+", "_", material.name.strip()) or "fabric"
        number = 2
        while name in names:
            name, number = f"{base}_{number}", number + 1
        names.append(name)
    return names


def texture_name(stem: str, material: str, role: str, image: bytes) -> str:
    """Return where a texture lies, seen from the file that names it."""
    plain = re.sub(r"[^\w.-]+", "_", material)
    return (
        f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', stem)}_textures/{plain}_{role}{'.png' if image.startswith(PNG) else '.jpg'}"
    )


def _mtl(material: Material, name: str, stem: str, textures: dict[str, bytes]) -> str:
    red, green, blue, alpha = material.base_color
    lines = [f"newmtl {name}", f"Kd {red:.9g} {green:.9g} {blue:.9g}", f"d {alpha:.9g}", "illum 2"]
    lines += [f"Pr {material.roughness:.9g}", f"Pm {material.metallic:.9g}"]
    glow = material.record.get("emissiveFactor")
    if glow:
        lines.append("Ke " + " ".join(f"{float(v):.9g}" for v in glow))
    pbr = material.record.get("pbrMetallicRoughness", {})
    packed = pbr.get("metallicRoughnessTexture")
    images: list[tuple[str, str, bytes | None]] = [
        ("map_Kd", "color", material.base_color_image),
        ("norm", "normal", material.normal_image),
        ("map_Pr -imfchan g", "surface", None if packed is None else material.images[packed["index"]]),
        ("map_Pm -imfchan b", "surface", None if packed is None else material.images[packed["index"]]),
    ]
    glowing = material.record.get("emissiveTexture")
    if glowing is not None:
        images.append(("map_Ke", "emissive", material.images[glowing["index"]]))
    for key, role, image in images:
        if image is not None:
            file = texture_name(stem, name, role, image)
            textures[file] = image
            lines.append(f"{key} {file}")
    return "\n".join(lines) + "\n"
