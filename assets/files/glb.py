"""Garments as GLB: opens in any 3D tool, and comes back as the same `GarmentMesh`.

glTF splits a point wherever a UV seam passes. The float attributes `_POINT`, `_UV0` and `_UV1` keep the number of the
welded point and UV behind every such vertex (glTF allows only floats there; they count exactly up to 2^24). Z up turns
into glTF's y up, and the UV origin goes to the top left, only here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pygltflib as gltf
from numpy.typing import NDArray

from dressform.assets.atomic import write_bytes
from dressform.schemas.errors import InputError

from .checks import check_mesh, check_rig
from .garment import GarmentMesh, Material
from .glb_read import read_glb, read_skin
from .images import image_has_alpha, image_mime
from .rig import Rig
from .skeleton import Skeleton

__all__ = ["Skeleton", "glb_bytes", "read_glb", "read_skin", "write_glb"]

# glTF's y up from our z up: (x, y, z) → (x, z, -y)
Y_UP = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]], dtype=np.float64)
SHEEN_ROUGHNESS = 0.5  # how wide the fuzz shines; materials hold only its colour


def write_glb(path: Path, mesh: GarmentMesh, rig: Rig | None = None, skeleton: Skeleton | None = None) -> None:
    """Write a garment atomically; with rig and skeleton it is skinned."""
    write_bytes(path, glb_bytes(mesh, rig, skeleton))


def glb_bytes(mesh: GarmentMesh, rig: Rig | None = None, skeleton: Skeleton | None = None) -> bytes:
    """Encode a garment; equal input gives equal bytes.

    Args:
        mesh: The garment.
        rig: Its rig; only the skin weights go into the file.
        skeleton: The joints that the rig names. Without it the file has no skin.
    """
    check_mesh(mesh, "garment")
    buffer = _Buffer()
    vertices = _split(mesh)
    attributes = _attributes(buffer, mesh, vertices)
    document = gltf.GLTF2(
        asset=gltf.Asset(version="2.0", generator="dressform"),
        scene=0,
        scenes=[gltf.Scene(nodes=[0])],
        nodes=[gltf.Node(name="garment", mesh=0)],
    )
    if rig is not None and skeleton is not None:
        check_rig(rig, f"rig for {rig.body}")
        if len(rig.joint_indices) != len(mesh.points):
            raise InputError(
                f"rig for {rig.body} has {len(rig.joint_indices)} points, the garment {len(mesh.points)}; "
                f"run `dressform garment rig` again"
            )
        _add_skin(document, buffer, attributes, rig, skeleton, vertices.point)
    primitives, order = _primitives(buffer, mesh, attributes, vertices)
    document.meshes = [gltf.Mesh(name="garment", primitives=primitives, extras=order)]
    _add_materials(document, buffer, mesh)
    document.accessors = buffer.accessors
    document.bufferViews = buffer.views
    document.buffers = [gltf.Buffer(byteLength=len(buffer.data))]
    document.set_binary_blob(bytes(buffer.data))
    return b"".join(document.save_to_bytes())


@dataclass
class _Buffer:
    """The binary chunk in the making."""

    data: bytearray = field(default_factory=bytearray)
    views: list[gltf.BufferView] = field(default_factory=list)
    accessors: list[gltf.Accessor] = field(default_factory=list)

    def add_view(self, data: bytes, *, target: int | None = None) -> int:
        """Append bytes at a multiple of four and return the view's index."""
        self.data.extend(b"\0" * (-len(self.data) % 4))
        self.views.append(gltf.BufferView(buffer=0, byteOffset=len(self.data), byteLength=len(data), target=target))
        self.data.extend(data)
        return len(self.views) - 1

    def add_accessor(self, array: NDArray[np.generic], *, target: int | None = None, bounds: bool = False) -> int:
        """Append an array [N] or [N, K] (or [N, 16] for matrices) and return the accessor's index."""
        component = {"float32": gltf.FLOAT, "uint32": gltf.UNSIGNED_INT, "uint16": gltf.UNSIGNED_SHORT}[
            array.dtype.name
        ]
        kind = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}[1 if array.ndim == 1 else array.shape[1]]
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        columns = array.reshape(len(array), -1)
        accessor = gltf.Accessor(
            bufferView=self.add_view(little.tobytes(), target=target),
            byteOffset=0,
            componentType=component,
            count=len(array),
            type=kind,
            min=columns.min(axis=0).tolist() if bounds else None,
            max=columns.max(axis=0).tolist() if bounds else None,
        )
        self.accessors.append(accessor)
        return len(self.accessors) - 1


@dataclass(frozen=True)
class _Vertices:
    """Corners with the same point and UVs become one vertex.

    Attributes:
        point, uv0, uv1: int64 [W] what each vertex is made of.
        corners: uint32 [F, 3] the triangles over these vertices.
    """

    point: NDArray[np.int64]
    uv0: NDArray[np.int64]
    uv1: NDArray[np.int64]
    corners: NDArray[np.uint32]


def _split(mesh: GarmentMesh) -> _Vertices:
    columns = [mesh.faces, mesh.uv0_faces, mesh.uv1_faces]
    counts = [len(mesh.points), 1 if mesh.uv0 is None else len(mesh.uv0), 1 if mesh.uv1 is None else len(mesh.uv1)]
    n = mesh.faces.size
    keys = [np.zeros(n, np.int64) if c is None else c.reshape(-1).astype(np.int64) for c in columns]
    # what no triangle uses is kept as a loose vertex, so that the arrays come back whole
    for column, count in enumerate(counts):
        loose = np.setdiff1d(np.arange(count), keys[column])
        for other in range(3):
            keys[other] = np.concatenate([keys[other], loose if other == column else np.zeros_like(loose)])
    packed = (keys[0] * counts[1] + keys[1]) * counts[2] + keys[2]
    unique, inverse = np.unique(packed, return_inverse=True)
    return _Vertices(
        point=unique // (counts[1] * counts[2]),
        uv0=unique // counts[2] % counts[1],
        uv1=unique % counts[2],
        corners=inverse[:n].reshape(-1, 3).astype(np.uint32),
    )


def _attributes(buffer: _Buffer, mesh: GarmentMesh, vertices: _Vertices) -> gltf.Attributes:
    points = _turn(mesh.points)
    vertex_target = gltf.ARRAY_BUFFER

    def add(array: NDArray[np.generic], *, bounds: bool = False) -> int:
        return buffer.add_accessor(array, target=vertex_target, bounds=bounds)

    attributes = gltf.Attributes(
        POSITION=add(points[vertices.point], bounds=True),
        NORMAL=add(_normals(points, mesh.faces)[vertices.point]),
    )
    names = [("_POINT", vertices.point)]
    layers = []
    if mesh.uv0 is not None:
        layers.append(_flip(mesh.uv0)[vertices.uv0])
        names.append(("_UV0", vertices.uv0))
    if mesh.uv1 is not None:
        layers.append(_flip(mesh.uv1)[vertices.uv1])
        names.append(("_UV1", vertices.uv1))
    for slot, uv in enumerate(layers):
        setattr(attributes, f"TEXCOORD_{slot}", add(uv))
    for name, numbers in names:
        setattr(attributes, name, add(numbers.astype(np.float32)))
    return attributes


def _primitives(
    buffer: _Buffer, mesh: GarmentMesh, attributes: gltf.Attributes, vertices: _Vertices
) -> tuple[list[gltf.Primitive], dict[str, object]]:
    """One primitive a material; the triangles' own order goes beside them when the materials are mixed."""
    order = np.argsort(mesh.material_ids, kind="stable")
    extras: dict[str, object] = {}
    if (np.diff(order) < 0).any():
        extras["dressform_face_order"] = buffer.add_view(order.astype("<u4").tobytes())
    primitives = []
    for material in np.unique(mesh.material_ids):
        corners = vertices.corners[mesh.material_ids == material].reshape(-1)
        indices = buffer.add_accessor(corners, target=gltf.ELEMENT_ARRAY_BUFFER)
        primitives.append(gltf.Primitive(attributes=attributes, indices=indices, material=int(material)))
    return primitives, extras


def _add_skin(
    document: gltf.GLTF2,
    buffer: _Buffer,
    attributes: gltf.Attributes,
    rig: Rig,
    skeleton: Skeleton,
    point: NDArray[np.int64],
) -> None:
    if missing := [joint for joint in rig.joints if joint not in skeleton.names]:
        raise InputError(f"the skeleton lacks the rig's joints {', '.join(missing[:5])}; needed the rig's own body")
    poses = Y_UP @ skeleton.poses.astype(np.float64)
    base = len(document.nodes)
    for joint, parent in enumerate(skeleton.parents):
        local = poses[joint] if parent < 0 else np.linalg.inv(poses[parent]) @ poses[joint]
        children = [base + int(child) for child in np.flatnonzero(skeleton.parents == joint)]
        node = gltf.Node(
            name=skeleton.names[joint],
            translation=local[:3, 3].tolist(),
            rotation=_quaternion(local[:3, :3]),
            children=children or None,
        )
        document.nodes.append(node)
        if parent < 0:
            document.scenes[0].nodes.append(base + joint)
    order = [skeleton.names.index(joint) for joint in rig.joints]
    inverse = np.linalg.inv(poses[order])
    inverse[:, 3] = (0, 0, 0, 1)
    matrices = buffer.add_accessor(inverse.transpose(0, 2, 1).reshape(-1, 16).astype(np.float32))
    joints = [base + joint for joint in order]
    document.skins = [gltf.Skin(name=rig.body, joints=joints, inverseBindMatrices=matrices)]
    document.nodes[0].skin = 0
    indices, weights = _influences(rig)
    for part in range(2):
        columns = slice(4 * part, 4 * part + 4)
        target = gltf.ARRAY_BUFFER
        setattr(attributes, f"JOINTS_{part}", buffer.add_accessor(indices[point][:, columns], target=target))
        setattr(attributes, f"WEIGHTS_{part}", buffer.add_accessor(weights[point][:, columns], target=target))


def _influences(rig: Rig) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
    """Largest weight first, rows that sum to one in float32, unused joints 0, as glTF wants them."""
    order = np.argsort(-rig.joint_weights, axis=1, kind="stable")
    weights = np.take_along_axis(rig.joint_weights, order, axis=1).astype(np.float64)
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    indices = np.where(weights > 0, np.take_along_axis(rig.joint_indices, order, axis=1), 0)
    return indices.astype(np.uint16), weights


def _add_materials(document: gltf.GLTF2, buffer: _Buffer, mesh: GarmentMesh) -> None:
    textures: dict[bytes, int] = {}

    def texture(image: bytes | None) -> gltf.TextureInfo | None:
        if image is None:
            return None
        if mesh.uv0 is None:
            raise InputError("garment: a material has a texture but no UV0; run `dressform garment unwrap`")
        if image not in textures:
            document.images.append(gltf.Image(bufferView=buffer.add_view(image), mimeType=image_mime(image)))
            document.textures.append(gltf.Texture(source=len(document.images) - 1, sampler=0))
            textures[image] = len(document.textures) - 1
        return gltf.TextureInfo(index=textures[image], texCoord=0)

    document.materials = [_material(material, texture(material.base_color_image)) for material in mesh.materials]
    for record, material in zip(document.materials, mesh.materials, strict=True):
        if normal := texture(material.normal_image):
            record.normalTexture = gltf.NormalMaterialTexture(index=normal.index, texCoord=0)
    if textures:
        repeat, linear, trilinear = gltf.REPEAT, gltf.LINEAR, gltf.LINEAR_MIPMAP_LINEAR
        document.samplers = [gltf.Sampler(magFilter=linear, minFilter=trilinear, wrapS=repeat, wrapT=repeat)]
    if any(any(material.sheen) for material in mesh.materials):
        document.extensionsUsed = ["KHR_materials_sheen"]


def _material(material: Material, color: gltf.TextureInfo | None) -> gltf.Material:
    alpha = None
    if material.base_color[3] < 1:
        alpha = "BLEND"
    elif material.base_color_image is not None and image_has_alpha(material.base_color_image):
        alpha = "MASK"
    record = gltf.Material(
        name=material.name,
        pbrMetallicRoughness=gltf.PbrMetallicRoughness(
            baseColorFactor=[float(value) for value in material.base_color],
            baseColorTexture=color,
            metallicFactor=float(material.metallic),
            roughnessFactor=float(material.roughness),
        ),
        alphaMode=alpha,
        alphaCutoff=None,
        doubleSided=material.double_sided,
        emissiveFactor=None,
    )
    if any(material.sheen):
        sheen = {"sheenColorFactor": [float(v) for v in material.sheen], "sheenRoughnessFactor": SHEEN_ROUGHNESS}
        record.extensions = {"KHR_materials_sheen": sheen}
    return record


def _turn(points: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack([points[:, 0], points[:, 2], -points[:, 1]], axis=1).astype(np.float32)


def _flip(uv: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack([uv[:, 0], np.float32(1) - uv[:, 1]], axis=1).astype(np.float32)


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
