"""Garments as GLB: opens in any 3D tool, and comes back as the same `GarmentMesh`.

glTF splits a point wherever a UV seam passes. The float attributes `_POINT`, `_UV0` and `_UV1` keep the number of the
welded point and UV behind every such vertex (glTF allows only floats there; they count exactly up to 2^24). Z up turns
into glTF's y up, and the UV origin goes to the top left, only here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib as gltf
from numpy.typing import NDArray

from dressform.assets.atomic import write_bytes
from dressform.schemas.errors import InputError

from .checks import check_mesh, check_rig
from .garment import GarmentMesh
from .glb_buffer import Y_UP, GlbBuffer, flipped, narrow, parts_of_one, turned
from .glb_credits import EXTENSION as XMP
from .glb_credits import credits_packet
from .glb_details import (
    SOURCE,
    Vertices,
    add_layers,
    add_morphs,
    pack_array,
    split_corners,
    structure_record,
    uv_slots,
)
from .glb_materials import add_materials
from .glb_read import read_glb, read_skin
from .rig import Rig
from .skeleton import Skeleton

__all__ = ["Skeleton", "glb_bytes", "read_glb", "read_skin", "write_glb"]

GENERATOR = "dressform"
VARIANTS = "KHR_materials_variants"


def write_glb(
    path: Path,
    mesh: GarmentMesh,
    rig: Rig | None = None,
    skeleton: Skeleton | None = None,
    *,
    manifest: Mapping[str, Any] | None = None,
) -> None:
    """Write a garment atomically; with rig and skeleton it is skinned."""
    write_bytes(path, glb_bytes(mesh, rig, skeleton, manifest=manifest))


def glb_bytes(
    mesh: GarmentMesh,
    rig: Rig | None = None,
    skeleton: Skeleton | None = None,
    *,
    manifest: Mapping[str, Any] | None = None,
) -> bytes:
    """Encode a garment; equal input gives equal bytes.

    Args:
        mesh: The garment.
        rig: Its rig; only the skin weights go into the file.
        skeleton: The joints that the rig names. Without it the file has no skin.
        manifest: The template.json whose title, authors, licence and permissions go into the file.
    """
    check_mesh(mesh, "garment")
    buffer = GlbBuffer()
    vertices = split_corners(mesh)
    attributes, layers = _attributes(buffer, mesh, vertices)
    document = gltf.GLTF2(
        asset=gltf.Asset(version="2.0", generator=GENERATOR),
        scene=0,
        scenes=[gltf.Scene(nodes=[0])],
        nodes=[gltf.Node(name="garment", mesh=0)],
        extensionsUsed=[VARIANTS] if mesh.variants else [],
    )
    point = vertices.columns["point"]
    if rig is not None and skeleton is not None:
        _add_rig(document, buffer, attributes, mesh, rig, skeleton, point)
    elif mesh.skin is not None:
        skin = mesh.skin
        own = Skeleton(skin.joints, skin.parents, skin.rest)
        _add_skin(document, buffer, attributes, own, (SOURCE, skin.joints), (skin.indices, skin.weights), point)
    targets, morphs = add_morphs(buffer, mesh, vertices)
    primitives, record = _primitives(buffer, mesh, attributes, vertices, targets)
    record |= structure_record(buffer, mesh)
    if layers:
        record["layers"] = layers
    if morphs:
        record["morphs"] = morphs
    extras = {**mesh.extras, **({"dressform": record} if record else {})}
    if morphs:
        extras["targetNames"] = [morph.name for morph in mesh.morphs]
    document.meshes = [gltf.Mesh(name="garment", primitives=primitives, extras=extras)]
    if morphs:
        document.meshes[0].weights = [float(morph.weight) for morph in mesh.morphs]
    if mesh.variants:
        document.extensions = {VARIANTS: {"variants": [{"name": variant.name} for variant in mesh.variants]}}
    packet = credits_packet(manifest) if manifest is not None else None
    if packet is not None:
        document.extensions = {**(document.extensions or {}), XMP: {"packets": [packet]}}
        document.asset.extensions = {XMP: {"packet": 0}}
        document.extensionsUsed = [*(document.extensionsUsed or []), XMP]
    add_materials(document, buffer, mesh, uv_slots(mesh))
    document.accessors = buffer.accessors
    document.bufferViews = buffer.views
    document.buffers = [gltf.Buffer(byteLength=len(buffer.data))]
    document.set_binary_blob(bytes(buffer.data))
    return b"".join(document.save_to_bytes())


def _attributes(
    buffer: GlbBuffer, mesh: GarmentMesh, vertices: Vertices
) -> tuple[gltf.Attributes, list[dict[str, object]]]:
    """Return the attributes that all primitives share, and what the file has to say about the layers."""
    points = turned(mesh.points)
    point = vertices.columns["point"]

    def add(array: NDArray[np.generic], *, bounds: bool = False) -> int:
        return buffer.add_accessor(array, target=gltf.ARRAY_BUFFER, bounds=bounds)

    attributes = gltf.Attributes(POSITION=add(points[point], bounds=True))
    if not any(layer.kind == "normal" for layer in mesh.layers):
        attributes.NORMAL = add(_normals(points, mesh.faces)[point])
    names = [("_POINT", point)]
    slot = 0
    for name, uv in (("uv0", mesh.uv0), ("uv1", mesh.uv1)):
        if uv is not None:
            number = vertices.columns[name]
            setattr(attributes, f"TEXCOORD_{slot}", add(flipped(uv)[number]))
            names.append((f"_{name.upper()}", number))
            slot += 1
    for name, numbers in names:
        setattr(attributes, name, add(numbers.astype(np.float32)))
    return attributes, add_layers(buffer, mesh, vertices, attributes)


def _primitives(
    buffer: GlbBuffer, mesh: GarmentMesh, attributes: gltf.Attributes, vertices: Vertices, targets: list[Any]
) -> tuple[list[gltf.Primitive], dict[str, object]]:
    """One primitive a material; the triangles' own order goes beside them when the materials are mixed."""
    order = np.argsort(mesh.material_ids, kind="stable")
    record: dict[str, object] = {}
    if (np.diff(order) < 0).any():
        record["face_order"] = pack_array(buffer, order)
    primitives = []
    for material in np.unique(mesh.material_ids):
        corners = vertices.corners[mesh.material_ids == material].reshape(-1)
        indices = buffer.add_accessor(narrow(corners, np.uint16, np.uint32), target=gltf.ELEMENT_ARRAY_BUFFER)
        primitive = gltf.Primitive(attributes=attributes, indices=indices, material=int(material))
        if targets:
            primitive.targets = targets
        if mesh.variants:
            chosen: dict[int, list[int]] = {}
            for number, variant in enumerate(mesh.variants):
                chosen.setdefault(variant.materials[material], []).append(number)
            mappings = [{"material": worn, "variants": numbers} for worn, numbers in chosen.items()]
            primitive.extensions = {VARIANTS: {"mappings": mappings}}
        primitives.append(primitive)
    return primitives, record


def _add_rig(
    document: gltf.GLTF2,
    buffer: GlbBuffer,
    attributes: gltf.Attributes,
    mesh: GarmentMesh,
    rig: Rig,
    skeleton: Skeleton,
    point: NDArray[np.int64],
) -> None:
    check_rig(rig, f"rig for {rig.body}")
    if len(rig.joint_indices) != len(mesh.points):
        raise InputError(
            f"rig for {rig.body} has {len(rig.joint_indices)} points, the garment {len(mesh.points)}; "
            f"run `dressform garment rig` again"
        )
    if missing := [joint for joint in rig.joints if joint not in skeleton.names]:
        raise InputError(f"the skeleton lacks the rig's joints {', '.join(missing[:5])}; needed the rig's own body")
    held = (rig.joint_indices, rig.joint_weights)
    _add_skin(document, buffer, attributes, skeleton, (rig.body, rig.joints), held, point)


def _add_skin(
    document: gltf.GLTF2,
    buffer: GlbBuffer,
    attributes: gltf.Attributes,
    skeleton: Skeleton,
    named: tuple[str, tuple[str, ...]],
    held: tuple[NDArray[np.int32], NDArray[np.float32]],
    point: NDArray[np.int64],
) -> None:
    """Add the joints as nodes, the skin with its name and its order of joints, and each vertex's weights."""
    poses = Y_UP @ skeleton.poses.astype(np.float64)
    base = len(document.nodes)
    for joint, parent in enumerate(skeleton.parents):
        local = poses[joint] if parent < 0 else np.linalg.inv(poses[parent]) @ poses[joint]
        children = [base + int(child) for child in np.flatnonzero(skeleton.parents == joint)]
        node = gltf.Node(name=skeleton.names[joint], children=children or None, **_placed(local))
        document.nodes.append(node)
        if parent < 0:
            document.scenes[0].nodes.append(base + joint)
    order = [skeleton.names.index(joint) for joint in named[1]]
    inverse = np.linalg.inv(poses[order])
    inverse[:, 3] = (0, 0, 0, 1)
    matrices = buffer.add_accessor(inverse.transpose(0, 2, 1).reshape(-1, 16).astype(np.float32))
    document.skins = [gltf.Skin(name=named[0], joints=[base + joint for joint in order], inverseBindMatrices=matrices)]
    document.nodes[0].skin = 0
    indices, weights = _influences(*held)
    # an artist's own weights go back as they came
    values = weights[point] if named[0] == SOURCE else parts_of_one(weights[point])
    for part in range(indices.shape[1] // 4):
        columns = slice(4 * part, 4 * part + 4)
        target = gltf.ARRAY_BUFFER
        # a joint whose weight rounds to nothing must not be named, glTF says
        named_joints = np.where(values[:, columns] > 0, indices[point][:, columns], 0)
        joints = narrow(named_joints, np.uint8, np.uint16)
        setattr(attributes, f"JOINTS_{part}", buffer.add_accessor(joints, target=target))
        shares = buffer.add_accessor(values[:, columns], target=target, normalized=values.dtype == np.uint16)
        setattr(attributes, f"WEIGHTS_{part}", shares)


def _placed(local: NDArray[np.float64]) -> dict[str, Any]:
    """Return a joint's place as glTF's translation and rotation, or as a matrix where it also scales or shears."""
    turn = local[:3, :3]
    if np.allclose(turn.T @ turn, np.eye(3), atol=1e-4) and np.linalg.det(turn) > 0:
        return {"translation": local[:3, 3].tolist(), "rotation": _quaternion(turn)}
    return {"matrix": local.T.reshape(-1).tolist()}


def _influences(
    joint_indices: NDArray[np.int32], joint_weights: NDArray[np.float32]
) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
    """Largest weight first, rows that sum to one in float32, unused joints 0, columns a multiple of four."""
    missing = -joint_indices.shape[1] % 4
    joint_indices = np.pad(joint_indices, ((0, 0), (0, missing)))
    joint_weights = np.pad(joint_weights, ((0, 0), (0, missing)))
    order = np.argsort(-joint_weights, axis=1, kind="stable")
    weights = np.take_along_axis(joint_weights, order, axis=1).astype(np.float64)
    total = weights.sum(axis=1, keepdims=True)
    weights[:, 0] = np.where(total[:, 0] > 0, weights[:, 0], 1.0)  # what nothing holds hangs on the first joint
    summed = (weights / np.where(total > 0, total, 1.0)).astype(np.float32)
    indices = np.where(summed > 0, np.take_along_axis(joint_indices, order, axis=1), 0)
    return indices.astype(np.uint16), summed


def _normals(points: NDArray[np.float32], faces: NDArray[np.int32]) -> NDArray[np.float32]:
    """Area-weighted unit normals [V, 3]; up where a point has no area around it, since glTF wants unit length."""
    corners = points[faces].astype(np.float64)
    areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    sums = np.stack([np.bincount(faces.reshape(-1), np.repeat(areas[:, k], 3), len(points)) for k in range(3)], axis=1)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    flat = lengths[:, 0] < 1e-30
    sums[flat], lengths[flat] = (0.0, 1.0, 0.0), 1.0
    normals: NDArray[np.float32] = (sums / lengths).astype(np.float32)
    return normals


def _quaternion(rotation: NDArray[np.float64]) -> list[float]:
    """Unit quaternion xyzw of a rotation matrix (the eigenvector form, sound at every angle)."""
    m = rotation
    k = np.array(
        [
            [m[0, 0] - m[1, 1] - m[2, 2], 0, 0, 0],
            [m[0, 1] + m[1, 0], m[1, 1] - m[0, 0] - m[2, 2], 0, 0],
            [m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], m[2, 2] - m[0, 0] - m[1, 1], 0],
            [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], m[0, 0] + m[1, 1] + m[2, 2]],
        ]
    )
    _, vectors = np.linalg.eigh(k)  # reads the lower triangle
    quaternion = vectors[:, -1]
    return [float(value) for value in (quaternion if quaternion[3] >= 0 else -quaternion)]
