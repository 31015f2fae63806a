"""Levels of detail: coarser meshes of a garment whose points and UVs are some of its own.

A level is a garment file like any other; `extras["lod"]` says which level it is and, for each of its points, the
number of that point in the garment itself. So everything that is kept per point (rig rows, morphs) is picked, not made
anew, and a field read at a UV corner gives the same value on every level. The file has plain materials: the textures
are the garment's, and stay there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import AssetError

from .digests import arrays_digest, topology_digest, uv0_digest, uv1_digest
from .garment import GarmentMesh
from .rig import Rig, SizeBinding


def with_lod(mesh: GarmentMesh, level: int, points: NDArray[np.integer]) -> GarmentMesh:
    """Return a level's mesh that says what it is.

    Args:
        mesh: The coarser mesh.
        level: From 1.
        points: [V] its points' numbers in the garment itself, ascending.
    """
    return dataclasses.replace(mesh, extras={**mesh.extras, "lod": {"level": level, "points": points.tolist()}})


def plain_materials(mesh: GarmentMesh) -> GarmentMesh:
    """Return a mesh whose materials have neither pictures nor what their source said besides."""
    bare = [
        dataclasses.replace(material, base_color_image=None, normal_image=None, record={}, images=())
        for material in mesh.materials
    ]
    return dataclasses.replace(mesh, materials=tuple(bare))


def dressed_level(level: GarmentMesh, garment: GarmentMesh, where: str) -> GarmentMesh:
    """Return a level with the materials of its garment."""
    if [m.name for m in level.materials] != [m.name for m in garment.materials]:
        raise AssetError(f"{where} has other materials than its garment; make it again with `dressform garment lod`")
    return dataclasses.replace(level, materials=garment.materials, variants=garment.variants)


def lod_points(mesh: GarmentMesh, count: int, where: str) -> NDArray[np.int32]:
    """Return for each point of a level its number in the garment itself, int32 [V].

    Args:
        mesh: A level's mesh.
        count: Points of the garment itself.
        where: The file, for messages.

    Raises:
        AssetError: When the file does not say so, or says what cannot be.
    """
    cure = "make it again with `dressform garment lod`"
    record = mesh.extras.get("lod")
    listed = record.get("points") if isinstance(record, dict) else None
    if not isinstance(listed, list) or not all(type(number) is int for number in listed):
        raise AssetError(f"{where} does not say which points of the garment it has (extras.lod.points); {cure}")
    if len(listed) != len(mesh.points):
        raise AssetError(
            f"{where}: extras.lod.points names {len(listed)} points, the mesh has {len(mesh.points)}; {cure}"
        )
    if listed and (listed[0] < 0 or listed[-1] >= count or any(a >= b for a, b in itertools.pairwise(listed))):
        raise AssetError(
            f"{where}: extras.lod.points must ascend from 0 to below {count}, the garment's points; {cure}"
        )
    return np.array(listed, np.int32)


def lods_digest(levels: Sequence[GarmentMesh]) -> str:
    """Digest of a size's levels: which points they keep and how they join them; where the points lie is the shape's."""
    total = hashlib.sha256()
    for mesh in levels:
        points = np.array(mesh.extras["lod"]["points"], np.int32)
        parts = (arrays_digest(points=points), topology_digest(mesh), uv0_digest(mesh), uv1_digest(mesh))
        total.update(" ".join(str(part) for part in parts).encode() + b"\n")
    return total.hexdigest()


def lod_rig(rig: Rig, points: NDArray[np.integer]) -> Rig:
    """Return the rows of a rig that belong to a level's points [V]; the hide mask stays the garment's."""
    return dataclasses.replace(
        rig,
        joint_indices=rig.joint_indices[points],
        joint_weights=rig.joint_weights[points],
        binding_triangles=rig.binding_triangles[points],
        binding_barycentrics=rig.binding_barycentrics[points],
        binding_offsets=rig.binding_offsets[points],
        sizes={
            name: SizeBinding(own.triangles[points], own.barycentrics[points], own.offsets[points])
            for name, own in rig.sizes.items()
        },
    )
