"""From a file's units and axes to metres, z up: everything a mesh holds turns and grows along."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Layer, MorphTarget, Part, SourceSkin
from dressform.assets.files.glb_buffer import Y_UP, turned_back
from dressform.authoring.formats.raw import RawMesh


def garment_of(raw: RawMesh, points: NDArray[np.float64], scale: float, up: str) -> GarmentMesh:
    """Return what a reader found as a garment.

    Args:
        raw: In file units and file axes.
        points: Its points in metres, z up [V, 3].
        scale: Metres per unit.
        up: The file's up axis, "y" or "z".
    """
    return GarmentMesh(
        points=points.astype(np.float32),
        faces=raw.faces.astype(np.int32),
        uv0=None if raw.uv0 is None else raw.uv0.astype(np.float32),
        uv0_faces=None if raw.uv0_faces is None else raw.uv0_faces.astype(np.int32),
        uv1=None if raw.uv1 is None else raw.uv1.astype(np.float32),
        uv1_faces=None if raw.uv1_faces is None else raw.uv1_faces.astype(np.int32),
        materials=raw.materials,
        material_ids=raw.material_ids.astype(np.int32),
        polygons=None if raw.polygons is None else raw.polygons.astype(np.int32),
        parts=raw.parts or tuple(Part(name or "unnamed") for name in raw.part_names),
        part_ids=raw.part_ids.astype(np.int32),
        layers=tuple(_turned_layer(layer, up) for layer in raw.layers),
        morphs=tuple(_scaled_morph(morph, scale, up) for morph in raw.morphs),
        skin=None if raw.skin is None else _scaled_skin(raw.skin, scale, up),
        variants=raw.variants,
        extras=raw.extras,
    )


def _z_up(vectors: NDArray[np.float32], up: str) -> NDArray[np.float32]:
    """Turn vectors [N, 3 or more] into z up; what follows the first three columns stays."""
    return turned_back(vectors) if up == "y" else vectors


def _turned_layer(layer: Layer, up: str) -> Layer:
    return replace(layer, values=_z_up(layer.values, up)) if layer.kind in ("normal", "tangent") else layer


def _scaled_morph(morph: MorphTarget, scale: float, up: str) -> MorphTarget:
    offsets = np.asarray(_z_up(morph.offsets, up) * np.float32(scale), np.float32)
    return replace(morph, offsets=offsets, layers=tuple(_turned_layer(layer, up) for layer in morph.layers))


def _scaled_skin(skin: SourceSkin, scale: float, up: str) -> SourceSkin:
    """Bring the joints' rest frames into metres and z up; their own axes turn along."""
    rest = skin.rest.astype(np.float64)
    if up == "y":
        rest = np.linalg.inv(Y_UP) @ rest
    rest[:, :3, 3] *= scale
    return replace(skin, rest=rest.astype(np.float32))
