"""Reading a garment's GLB, trusting nothing in it.

The JSON is read as plain data, not through pygltflib: a hostile file must end in one clear line, whatever it holds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import InputError

from .checks import check_finite, check_indices, check_mesh
from .garment import GarmentMesh
from .glb_buffer import flipped, turned_back
from .glb_details import (
    SOURCE,
    read_layers,
    read_morphs,
    read_structure,
    read_variants,
    unpack_array,
    weld,
)
from .glb_file import COUNTS, GlbFile, items_of, natural_of, object_of, open_glb, read_bytes
from .glb_materials import read_material


def read_glb(path: Path) -> GarmentMesh:
    """Read a garment that `write_glb` wrote.

    Raises:
        InputError: When the file is missing, too big, truncated, not a GLB, not one of a garment, or its numbers are
            not sound (not finite, indices out of range).
    """
    return parse_glb(read_bytes(path), str(path))


def read_skin(path: Path) -> tuple[tuple[str, ...], NDArray[np.int32], NDArray[np.float32]] | None:
    """Read the skin of a garment's GLB.

    Returns:
        Joint names, joint indices int32 [V, 8] into them, weights float32 [V, 8] per welded point; None without
        a skin of ours.
    """
    file = open_glb(read_bytes(path), str(path))
    attributes = file.primitive(0)["attributes"]
    if not file.document.get("skins") or file.item("skins", 0).get("name") == SOURCE:
        return None
    names = [file.item("nodes", joint).get("name") for joint in items_of(file.item("skins", 0), "joints", file.where)]
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"{file.where}: a joint of the skin has no name")
    point = file.numbers(attributes, "_POINT")
    count = int(point.max()) + 1
    indices, weights = np.zeros((count, 8), np.int32), np.zeros((count, 8), np.float32)
    for part in range(2):
        columns = slice(4 * part, 4 * part + 4)
        indices[point, columns] = file.array(attributes, f"JOINTS_{part}", "VEC4", len(point))
        weights[point, columns] = file.array(attributes, f"WEIGHTS_{part}", "VEC4", len(point))
    check_indices(indices, len(names), f"{file.where}: JOINTS")
    check_finite(weights, f"{file.where}: WEIGHTS")
    return tuple(str(name) for name in names), indices, weights


def parse_glb(data: bytes, where: str) -> GarmentMesh:
    """Decode a garment's GLB; `where` names it in errors."""
    file = open_glb(data, where)
    mesh = file.item("meshes", 0)
    extras = dict(object_of(mesh, "extras", where))
    record = object_of(extras, "dressform", where)
    primitives = [file.primitive(i) for i in range(len(items_of(mesh, "primitives", where)))]
    attributes = primitives[0]["attributes"]
    if any(primitive["attributes"] != attributes for primitive in primitives):
        raise InputError(f"{where}: primitives do not share their vertices; import it with `dressform garment import`")
    point = file.numbers(attributes, "_POINT")
    points = weld(file.array(attributes, "POSITION", "VEC3", len(point)), point, where, "POSITION")
    corners, material_ids = _triangles(file, record, primitives, len(point))
    uvs: dict[str, Any] = {"uv0": None, "uv0_faces": None, "uv1": None, "uv1_faces": None}
    slot = 0
    for name in ("uv0", "uv1"):
        if f"_{name.upper()}" in attributes:
            number = file.numbers(attributes, f"_{name.upper()}")
            uv = file.array(attributes, f"TEXCOORD_{slot}", "VEC2", len(point))
            uvs[name] = flipped(weld(uv, number[: len(uv)], where, f"TEXCOORD_{slot}"))
            uvs[f"{name}_faces"] = number[corners].astype(np.int32)
            slot += 1
    layers = read_layers(file, record.get("layers"), attributes, corners)
    count = len(items_of(file.document, "materials", where))
    slots = [0, *(slot + k for k in range(sum(layer.kind == "uv" for layer in layers)))]
    garment = GarmentMesh(
        points=turned_back(points),
        faces=point[corners].astype(np.int32),
        materials=tuple(read_material(file, i, slots) for i in range(count)),
        material_ids=material_ids,
        layers=tuple(layers),
        morphs=read_morphs(file, mesh, record.get("morphs"), point, corners),
        variants=read_variants(file, primitives, count),
        extras={name: value for name, value in extras.items() if name not in ("dressform", "targetNames")},
        **read_structure(file, record, len(corners), len(points)),
        **uvs,
    )
    check_mesh(garment, where)
    return garment


def _triangles(
    file: GlbFile, record: dict[str, Any], primitives: list[dict[str, Any]], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return triangles [F, 3] over the vertices and their materials [F], in the order that was written."""
    parts, ids = [], []
    for i, primitive in enumerate(primitives):
        indices = file.accessor(primitive.get("indices"), "SCALAR", COUNTS).astype(np.int64)
        where = f"{file.where}: primitive {i}"
        if len(indices) % 3:
            raise InputError(f"{where}: {len(indices)} indices are not whole triangles")
        check_indices(indices, count, where)
        parts.append(indices.reshape(-1, 3))
        ids.append(np.full(len(indices) // 3, natural_of(primitive, "material", where), np.int32))
    corners, material_ids = np.concatenate(parts), np.concatenate(ids)
    if "face_order" in record:
        order = unpack_array(file, record["face_order"], (len(corners),), "face order")
        if not np.array_equal(np.sort(order), np.arange(len(corners))):
            raise InputError(f"{file.where}: the face order does not name every triangle once; the file is broken")
        corners[order], material_ids[order] = corners.copy(), material_ids.copy()
    return corners, material_ids
