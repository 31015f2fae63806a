"""Checks that arrays from a file make a mesh or a rig; everything behind them may trust the arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import InputError

from .garment import GarmentMesh
from .rig import Rig, rig_size_arrays

MAX_POINTS = 2_000_000
MAX_TRIANGLES = 4_000_000
WEIGHT_TOLERANCE = 1e-4


def check_mesh(mesh: GarmentMesh, where: str) -> None:
    """Raise an InputError unless shapes, indices and numbers of a mesh are sound."""
    points, faces = mesh.points, mesh.faces
    _need(points.ndim == 2 and points.shape[1] == 3, where, "points", "[V, 3]", points)
    _need(faces.ndim == 2 and faces.shape[1] == 3, where, "faces", "[F, 3]", faces)
    if not 0 < len(points) <= MAX_POINTS or not 0 < len(faces) <= MAX_TRIANGLES:
        raise InputError(
            f"{where}: {len(points)} points and {len(faces)} triangles; needed 1 to {MAX_POINTS} points and "
            f"1 to {MAX_TRIANGLES} triangles"
        )
    check_finite(points, f"{where}: points")
    check_indices(faces, len(points), f"{where}: faces")
    for name, uv, uv_faces in (("uv0", mesh.uv0, mesh.uv0_faces), ("uv1", mesh.uv1, mesh.uv1_faces)):
        if uv is None or uv_faces is None:
            if (uv is None) != (uv_faces is None):
                raise InputError(f"{where}: {name} and {name}_faces must be given together")
            continue
        _need(uv.ndim == 2 and uv.shape[1] == 2, where, name, "[N, 2]", uv)
        _need(uv_faces.shape == faces.shape, where, f"{name}_faces", str(list(faces.shape)), uv_faces)
        check_finite(uv, f"{where}: {name}")
        check_indices(uv_faces, len(uv), f"{where}: {name}_faces")
    if not mesh.materials:
        raise InputError(f"{where}: no material; needed at least one")
    _need(mesh.material_ids.shape == (len(faces),), where, "material_ids", f"[{len(faces)}]", mesh.material_ids)
    check_indices(mesh.material_ids, len(mesh.materials), f"{where}: material_ids")
    _check_details(mesh, where)


def _check_details(mesh: GarmentMesh, where: str) -> None:
    """Hold what a mesh has beside shape, UVs and materials against its points and faces."""
    faces, count = mesh.faces, len(mesh.points)
    for name, ids in (("polygons", mesh.polygons), ("part_ids", mesh.part_ids)):
        if ids is not None:
            _need(ids.shape == (len(faces),), where, name, f"[{len(faces)}]", ids)
    if mesh.part_ids is not None:
        check_indices(mesh.part_ids, len(mesh.parts), f"{where}: part_ids")
    for layer in (*mesh.layers, *(layer for morph in mesh.morphs for layer in morph.layers)):
        named = f"layer {layer.name!r}"
        _need(layer.values.ndim == 2 and 1 <= layer.values.shape[1] <= 4, where, named, "[N, 1 to 4]", layer.values)
        _need(layer.faces.shape == faces.shape, where, f"{named} faces", str(list(faces.shape)), layer.faces)
        check_finite(layer.values, f"{where}: {named}")
        check_indices(layer.faces, len(layer.values), f"{where}: {named} faces")
    for morph in mesh.morphs:
        _need(morph.offsets.shape == (count, 3), where, f"morph {morph.name!r}", f"[{count}, 3]", morph.offsets)
        check_finite(morph.offsets, f"{where}: morph {morph.name!r}")
    for variant in mesh.variants:
        if len(variant.materials) != len(mesh.materials) or not all(
            0 <= k < len(mesh.materials) for k in variant.materials
        ):
            raise InputError(f"{where}: variant {variant.name!r} must name one of the materials for each of them")
    if mesh.skin is not None:
        skin, joints = mesh.skin, len(mesh.skin.joints)
        _need(skin.weights.shape == skin.indices.shape, where, "skin weights", str(skin.indices.shape), skin.weights)
        _need(len(skin.indices) == count, where, "skin indices", f"[{count}, K]", skin.indices)
        _need(skin.rest.shape == (joints, 4, 4), where, "skin rest", f"[{joints}, 4, 4]", skin.rest)
        check_finite(skin.weights, f"{where}: skin weights")
        check_indices(skin.indices, joints, f"{where}: skin indices")


def check_rig(rig: Rig, where: str) -> None:
    """Raise an InputError unless shapes, indices and weights of a rig are sound."""
    check_rig_shapes(rig, where)
    check_rig_values(rig, where)


def check_rig_shapes(rig: Rig, where: str) -> None:
    """Raise an InputError unless the arrays of a rig have the shapes they need."""
    count = len(rig.joint_indices)
    expected = {
        "joint_indices": (count, 8),
        "joint_weights": (count, 8),
        "binding_triangles": (count,),
        "binding_barycentrics": (count, 3),
        "binding_offsets": (count, 3),
    }
    for name, shape in expected.items():
        array = getattr(rig, name)
        _need(array.shape == shape, where, name, str(list(shape)), array)
    _need(rig.hide.ndim == 1, where, "hide", "[F_body]", rig.hide)
    widths = {"triangles": (count,), "barycentrics": (count, 3), "offsets": (count, 3)}
    for name, array in rig_size_arrays(rig).items():
        shape = widths[name.removeprefix("binding_").split(".")[0]]
        _need(array.shape == shape, where, name, str(list(shape)), array)


def check_rig_values(rig: Rig, where: str) -> None:
    """Raise an InputError unless the indices of a rig are in range and its weights sound."""
    count = len(rig.joint_indices)
    for name in ("joint_weights", "binding_barycentrics", "binding_offsets"):
        check_finite(getattr(rig, name), f"{where}: {name}")
    check_indices(rig.joint_indices, len(rig.joints), f"{where}: joint_indices")
    check_indices(rig.binding_triangles, len(rig.hide), f"{where}: binding_triangles")
    for size, own in rig.sizes.items():
        check_indices(own.triangles, len(rig.hide), f"{where}: binding_triangles.{size}")
        check_finite(own.barycentrics, f"{where}: binding_barycentrics.{size}")
        check_finite(own.offsets, f"{where}: binding_offsets.{size}")
    if rig.joint_weights.size and rig.joint_weights.min() < 0:
        vertex = int(np.argmin(rig.joint_weights.min(axis=1)))
        raise InputError(f"{where}: joint_weights are negative at point {vertex}; run `dressform garment rig` again")
    sums = rig.joint_weights.sum(axis=1, dtype=np.float64)
    if count and np.abs(sums - 1).max() > WEIGHT_TOLERANCE:
        vertex = int(np.argmax(np.abs(sums - 1)))
        raise InputError(
            f"{where}: joint_weights sum to {sums[vertex]:.4f} at point {vertex}, needed 1; "
            f"run `dressform garment rig` again"
        )


def check_finite(array: NDArray[np.floating], where: str) -> None:
    """Raise an InputError naming the first row that is not finite."""
    bad = ~np.isfinite(array).reshape(len(array), -1).all(axis=1)
    if bad.any():
        raise InputError(f"{where}: row {int(np.argmax(bad))} is not finite ({int(bad.sum())} such rows)")


def check_indices(indices: NDArray[np.integer], count: int, where: str) -> None:
    """Raise an InputError when an index is outside [0, count)."""
    if indices.size and (int(indices.min()) < 0 or int(indices.max()) >= count):
        worst = int(indices.min()) if indices.min() < 0 else int(indices.max())
        raise InputError(f"{where}: index {worst} is out of range, needed 0 to {count - 1}")


def _need(good: bool, where: str, name: str, shape: str, found: NDArray[np.generic]) -> None:
    if not good:
        raise InputError(f"{where}: {name} must be {shape}, found {list(found.shape)}")
