"""Digests of a garment's parts, so that two versions can be compared without their geometry.

Every digest is sha256 over names, shapes and little-endian bytes, so it does not depend on the machine, on the layout
of a file, or on how an array was made.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np
from numpy.typing import NDArray

from .garment import GarmentMesh, Material
from .rig import Rig, rig_size_arrays


def arrays_digest(**arrays: NDArray[np.generic]) -> str:
    """Return the sha256 of named arrays; floats count as float32, integers as int32, -0.0 as 0.0."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        if array.dtype.kind == "f":
            array = np.ascontiguousarray(array, dtype="<f4") + np.float32(0)
        else:
            array = np.ascontiguousarray(array, dtype="<i4")
        total.update(f"{name}:{array.dtype.str}:{list(array.shape)}\n".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def topology_digest(mesh: GarmentMesh) -> str:
    """Digest of the number of points and the triangles."""
    return arrays_digest(count=np.array([len(mesh.points)]), faces=mesh.faces)


def shape_digest(mesh: GarmentMesh) -> str:
    """Digest of the points' rest positions."""
    return arrays_digest(points=mesh.points)


def uv0_digest(mesh: GarmentMesh) -> str | None:
    """Digest of the artist's UVs, or None without them."""
    return _uv_digest(mesh.uv0, mesh.uv0_faces)


def uv1_digest(mesh: GarmentMesh) -> str | None:
    """Digest of the atlas, or None without it."""
    return _uv_digest(mesh.uv1, mesh.uv1_faces)


def looks_digest(mesh: GarmentMesh) -> str:
    """Digest of the materials, their textures, which triangle has which, and all else the file shows."""
    total = hashlib.sha256()
    for material in mesh.materials:
        total.update(json.dumps(_material_record(material), sort_keys=True).encode())
    total.update(arrays_digest(material_ids=mesh.material_ids).encode())
    for layer in mesh.layers:
        total.update(f"{layer.kind} {layer.name} {arrays_digest(values=layer.values, faces=layer.faces)}".encode())
    for morph in mesh.morphs:
        total.update(f"morph {morph.name} {morph.weight} {arrays_digest(offsets=morph.offsets)}".encode())
    for variant in mesh.variants:
        total.update(f"variant {variant.name} {variant.materials}".encode())
    return total.hexdigest()


def rig_contract_digest(rig: Rig) -> str:
    """Digest of what a rig promises to a runtime: body family, its topology and the joints it names."""
    promise = {"body": rig.body, "body_digest": rig.body_digest, "joints": list(rig.joints)}
    return hashlib.sha256(json.dumps(promise, sort_keys=True).encode()).hexdigest()


def rig_digest(rig: Rig) -> str:
    """Digest of a rig's arrays: weights, binding and hide mask."""
    return arrays_digest(
        joint_indices=rig.joint_indices,
        joint_weights=rig.joint_weights,
        binding_triangles=rig.binding_triangles,
        binding_barycentrics=rig.binding_barycentrics,
        binding_offsets=rig.binding_offsets,
        hide=rig.hide,
        **rig_size_arrays(rig),
    )


def _uv_digest(uv: NDArray[np.float32] | None, uv_faces: NDArray[np.int32] | None) -> str | None:
    if uv is None or uv_faces is None:
        return None
    # as files hold it: turning v over rounds once, and turning it back again must not change the digest
    held = np.stack([uv[:, 0], np.float32(1) - uv[:, 1]], axis=1)
    return arrays_digest(uv=held, uv_faces=uv_faces)


def _material_record(material: Material) -> dict[str, object]:
    record: dict[str, object] = dict(vars(material))
    for name in ("base_color_image", "normal_image"):
        image = getattr(material, name)
        record[name] = hashlib.sha256(image).hexdigest() if image is not None else None
    record["images"] = [hashlib.sha256(image).hexdigest() for image in material.images]
    return record
