"""glTF 2.0 and GLB: geometry of the default scene in world space, UV sets, materials with textures.

The JSON is read in `gltf_document` and not through a glTF class library, because every count, offset and reference of
an untrusted file has to be held against the bytes that are really there before an array is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import Material
from dressform.schemas.errors import InputError

from .gltf_document import Document, open_document, read_accessor, uri_bytes, view_bytes
from .raw import MAX_TRIANGLES, MAX_VERTICES, RawMesh, check_count, check_image, check_size

_READABLE = {"KHR_materials_sheen", "KHR_texture_transform", "KHR_mesh_quantization", "KHR_materials_unlit"}
_CURES = {
    "KHR_draco_mesh_compression": "export without Draco compression",
    "EXT_meshopt_compression": "export without meshopt compression",
}
Matrix = NDArray[np.float64]
T = TypeVar("T")


@dataclass
class _Pieces:
    """What the primitives add up to."""

    points: list[Matrix] = field(default_factory=list)
    faces: list[NDArray[np.int64]] = field(default_factory=list)
    uvs: tuple[list[Matrix | None], list[Matrix | None]] = field(default_factory=lambda: ([], []))
    materials: list[int] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    vertex_count: int = 0


def read_gltf(path: Path) -> RawMesh:
    """Read a .glb or .gltf file."""
    check_size(path)
    try:
        return _read(path)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise InputError(
            f"{path} is not valid glTF ({type(error).__name__}: {error}); export the mesh again"
        ) from error


def _read(path: Path) -> RawMesh:
    document = open_document(path)
    required = set(document.data.get("extensionsRequired") or []) - _READABLE
    if required:
        cure = "; ".join(_CURES.get(name, f"export without {name}") for name in sorted(required))
        raise InputError(f"{path} needs the glTF extension {', '.join(sorted(required))}, which is not read; {cure}")
    pieces = _Pieces()
    for node, world in _scene_nodes(document):
        _add_node(document, pieces, node, world)
    if not pieces.faces:
        raise InputError(f"{path} holds no triangles in its scene; export the garment's mesh")
    if document.data.get("animations"):
        document.notes.append(f"{len(document.data['animations'])} animations are left out")
    return _join(document, pieces)


def _scene_nodes(document: Document) -> list[tuple[dict[str, Any], Matrix]]:
    """Return every node of the default scene with its world matrix."""
    nodes = document.data.get("nodes") or []
    if document.data.get("scenes"):
        roots = document.item("scenes", document.data.get("scene", 0)).get("nodes") or []
    else:
        children = {child for node in nodes for child in node.get("children") or []}
        roots = [k for k in range(len(nodes)) if k not in children]
    found: list[tuple[dict[str, Any], Matrix]] = []
    seen: set[int] = set()
    stack = [(root, np.eye(4)) for root in reversed(roots)]
    while stack:
        index, parent = stack.pop()
        node = document.item("nodes", index)
        if index in seen:
            raise document.wrong(f"node {index} is reached twice, nodes must form a tree")
        seen.add(index)
        with np.errstate(invalid="ignore", over="ignore"):
            world = parent @ _local_matrix(node)
        if not np.isfinite(world).all():
            raise document.wrong(f"node {index} has a transform that is not finite")
        node["_world"] = world
        found.append((node, world))
        stack += [(child, world) for child in reversed(node.get("children") or [])]
    return found


def _local_matrix(node: dict[str, Any]) -> Matrix:
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    x, y, z, w = np.array(node.get("rotation", (0, 0, 0, 1)), np.float64)
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * np.array(node.get("scale", (1, 1, 1)), np.float64)
    matrix[:3, 3] = node.get("translation", (0, 0, 0))
    return matrix


def _add_node(document: Document, pieces: _Pieces, node: dict[str, Any], world: Matrix) -> None:
    if "mesh" not in node:
        return
    mesh = document.item("meshes", node["mesh"])
    name = str(node.get("name") or mesh.get("name") or f"mesh {node['mesh']}")
    for primitive in mesh.get("primitives") or []:
        mode = primitive.get("mode", 4)
        if mode not in (4, 5, 6):
            document.notes.append(f"{name}: points or lines are left out")
            continue
        if primitive.get("targets"):
            document.notes.append(f"{name}: {len(primitive['targets'])} morph targets are left out")
        attributes = primitive["attributes"]
        points = read_accessor(document, attributes["POSITION"], "VEC3")
        pieces.vertex_count += len(points)
        check_count(document.path, "vertices", pieces.vertex_count, MAX_VERTICES)
        faces = _triangles(document, primitive, mode, len(points))
        if "skin" in node:
            points = _skinned(document, node, attributes, points)
        else:
            points = points @ world[:3, :3].T + world[:3, 3]
            if np.linalg.det(world[:3, :3]) < 0:
                faces = faces[:, ::-1]
        pieces.points.append(points)
        pieces.faces.append(faces)
        material = primitive.get("material", -1)
        for k in (0, 1):
            accessor = attributes.get(f"TEXCOORD_{k}")
            uv = None if accessor is None else read_accessor(document, accessor, "VEC2")
            if uv is not None and len(uv) != len(points):
                raise document.wrong(f"{name}: TEXCOORD_{k} has {len(uv)} entries for {len(points)} vertices")
            pieces.uvs[k].append(uv)
        pieces.materials.append(material)
        pieces.parts.append(name)


def _triangles(document: Document, primitive: dict[str, Any], mode: int, n_points: int) -> NDArray[np.int64]:
    if "indices" in primitive:
        index = read_accessor(document, primitive["indices"], "SCALAR").astype(np.int64).ravel()
    else:
        index = np.arange(n_points, dtype=np.int64)
    check_count(document.path, "triangles", len(index) // (3 if mode == 4 else 1), MAX_TRIANGLES)
    if mode == 4:
        if len(index) % 3:
            raise document.wrong(f"has {len(index)} indices in a list of triangles, no multiple of 3")
        return index.reshape(-1, 3)
    if len(index) < 3:
        return np.zeros((0, 3), np.int64)
    if mode == 6:
        return np.stack([np.full(len(index) - 2, index[0]), index[1:-1], index[2:]], axis=1)
    strip = np.stack([index[:-2], index[1:-1], index[2:]], axis=1)
    strip[1::2] = strip[1::2][:, [1, 0, 2]]
    return strip


def _skinned(document: Document, node: dict[str, Any], attributes: dict[str, Any], points: Matrix) -> Matrix:
    """Put points where their joints hold them, as glTF asks: the node's own transform does not count then."""
    skin = document.item("skins", node["skin"])
    joints = skin["joints"]
    document.notes.append(f"a skin with {len(joints)} joints is replaced by dressform's own rig")
    if "JOINTS_0" not in attributes or "WEIGHTS_0" not in attributes:
        return points
    matrices = np.stack([document.item("nodes", j).get("_world", np.eye(4)) for j in joints])
    if "inverseBindMatrices" in skin:
        inverse = read_accessor(document, skin["inverseBindMatrices"], "MAT4").reshape(-1, 4, 4).transpose(0, 2, 1)
        matrices = matrices @ inverse[: len(joints)]
    index = read_accessor(document, attributes["JOINTS_0"], "VEC4").astype(np.int64)
    weights = read_accessor(document, attributes["WEIGHTS_0"], "VEC4")
    if index.shape != weights.shape or len(index) != len(points) or index.max(initial=0) >= len(matrices):
        raise document.wrong("has skin weights that do not match its vertices or joints")
    weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    blended = np.einsum("vk,vkij->vij", weights, matrices[index])
    placed: Matrix = np.einsum("vij,vj->vi", blended[:, :3, :3], points) + blended[:, :3, 3]
    return placed


def _join(document: Document, pieces: _Pieces) -> RawMesh:
    sizes = [len(p) for p in pieces.points]
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    for faces, size in zip(pieces.faces, sizes, strict=True):
        if faces.size and not 0 <= faces.min() <= faces.max() < size:
            raise document.wrong(f"has a face that names vertex {faces.max()} of {size}")
    faces = np.concatenate([f + o for f, o in zip(pieces.faces, offsets, strict=True)])
    per_piece = [len(f) for f in pieces.faces]
    used = sorted(set(pieces.materials))
    materials, sets = zip(*(_material(document, k) for k in used), strict=True)
    uv0, uv1 = pieces.uvs
    if set(sets) == {1} and all(uv is not None for uv in uv1):
        document.notes.append("textures use the second UV set: it is taken as UV0")
        uv0, uv1 = uv1, [None] * len(uv1)
    elif len(set(sets)) > 1:
        document.notes.append("materials use different UV sets: all are taken to use the first")
    first, second = _joined_uv(document, uv0, sizes, "UV0"), _joined_uv(document, uv1, sizes, "UV1")
    names = sorted(set(pieces.parts), key=pieces.parts.index)
    return RawMesh(
        points=np.concatenate(pieces.points),
        faces=faces,
        materials=materials,
        material_ids=np.repeat([used.index(k) for k in pieces.materials], per_piece).astype(np.int64),
        part_names=tuple(names),
        part_ids=np.repeat([names.index(n) for n in pieces.parts], per_piece).astype(np.int64),
        uv0=first,
        uv0_faces=None if first is None else faces,
        uv1=second,
        uv1_faces=None if second is None else faces,
        metres_per_unit=1.0,
        unit_reason="glTF is in metres",
        up="y",
        up_reason="glTF is y up",
        notes=tuple(dict.fromkeys(document.notes)),
        companions=tuple(dict.fromkeys(document.companions)),
    )


def _joined_uv(document: Document, uvs: list[Matrix | None], sizes: list[int], name: str) -> Matrix | None:
    """Join UVs of all primitives, origin bottom-left; a set that some primitive lacks is filled with (0, 0)."""
    if all(uv is None for uv in uvs):
        return None
    if any(uv is None for uv in uvs):
        document.notes.append(f"{name} is missing on some primitives; they share the coordinate (0, 0)")
    joined = np.concatenate([np.zeros((n, 2)) if uv is None else uv for uv, n in zip(uvs, sizes, strict=True)])
    return np.stack([joined[:, 0], 1.0 - joined[:, 1]], axis=1)


def _material(document: Document, index: int) -> tuple[Material, int]:
    """Return a material and the UV set its base colour reads."""
    if index < 0:
        return Material(), 0
    data = document.item("materials", index)
    pbr = data.get("pbrMetallicRoughness") or {}
    color = pbr.get("baseColorTexture") or {}
    sheen = ((data.get("extensions") or {}).get("KHR_materials_sheen") or {}).get("sheenColorFactor", (0, 0, 0))
    for texture in (color, data.get("normalTexture") or {}):
        if "KHR_texture_transform" in (texture.get("extensions") or {}):
            document.notes.append(f"material {index}: a texture transform is left out; bake it into the UVs")
    factor = tuple(float(x) for x in pbr.get("baseColorFactor", (1, 1, 1, 1)))
    red, green, blue, alpha = factor
    material = Material(
        name=str(data.get("name") or f"material {index}"),
        base_color=(red, green, blue, alpha),
        roughness=float(pbr.get("roughnessFactor", 1.0)),
        metallic=float(pbr.get("metallicFactor", 1.0)),
        sheen=(float(sheen[0]), float(sheen[1]), float(sheen[2])),
        double_sided=bool(data.get("doubleSided", False)),
    )
    material = replace(material, base_color_image=_optional(color, lambda t: _texture(document, t)))
    material = replace(
        material, normal_image=_optional(data.get("normalTexture") or {}, lambda t: _texture(document, t))
    )
    return material, int(color.get("texCoord", 0))


def _optional(info: dict[str, Any], read: Callable[[dict[str, Any]], T]) -> T | None:
    return read(info) if "index" in info else None


def _texture(document: Document, info: dict[str, Any]) -> bytes:
    texture = document.item("textures", info["index"])
    if "source" not in texture:
        raise InputError(f"{document.path}: textures[{info['index']}] holds no PNG or JPEG; export it so")
    image = document.item("images", texture["source"])
    if "bufferView" in image:
        data = view_bytes(document, document.item("bufferViews", image["bufferView"]))
    else:
        data = uri_bytes(document, str(image["uri"]))
    return check_image(data, f"{document.path} images[{texture['source']}]")
