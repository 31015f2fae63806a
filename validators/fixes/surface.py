"""Edits of a mesh's triangles in which everything that faces and corners carry goes along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Layer
from dressform.runtime.geometry.normals import face_normals

Rows = NDArray[np.int32]


def with_corners(mesh: GarmentMesh, change: Callable[[Rows], Rows]) -> GarmentMesh:
    """Return a mesh with its rows of corners changed, in the same way for points, UVs and layers.

    Args:
        mesh: The mesh.
        change: Takes and returns rows of corners, int32 [F, 3].
    """

    def layers(held: tuple[Layer, ...]) -> tuple[Layer, ...]:
        return tuple(replace(layer, faces=change(layer.faces)) for layer in held)

    return replace(
        mesh,
        faces=change(mesh.faces),
        uv0_faces=None if mesh.uv0_faces is None else change(mesh.uv0_faces),
        uv1_faces=None if mesh.uv1_faces is None else change(mesh.uv1_faces),
        layers=layers(mesh.layers),
        morphs=tuple(replace(morph, layers=layers(morph.layers)) for morph in mesh.morphs),
    )


def corner_sets(mesh: GarmentMesh) -> list[Rows]:
    """Return every array of corners that a mesh has, its points' first, int32 [F, 3] each."""
    sets = [mesh.faces, mesh.uv0_faces, mesh.uv1_faces, *(layer.faces for layer in mesh.layers)]
    sets += [layer.faces for morph in mesh.morphs for layer in morph.layers]
    return [each for each in sets if each is not None]


def keep_faces(mesh: GarmentMesh, keep: NDArray[np.bool_]) -> GarmentMesh:
    """Return a mesh with some of its triangles, bool [F]; UV and layer values that nothing uses any more go too."""
    kept = with_corners(mesh, lambda rows: rows[keep])
    part_ids = None if mesh.part_ids is None else mesh.part_ids[keep]
    kept = replace(kept, material_ids=mesh.material_ids[keep], part_ids=part_ids)
    kept = _packed(kept)
    return kept if mesh.polygons is None else replace(kept, polygons=broken_up(mesh.polygons, ~keep)[keep])


def turn_faces(mesh: GarmentMesh, turned: NDArray[np.bool_]) -> GarmentMesh:
    """Return a mesh with some triangles wound the other way, bool [F]; the artist's normals follow the new winding."""

    def change(rows: Rows) -> Rows:
        changed = rows.copy()
        changed[turned] = rows[turned][:, [0, 2, 1]]
        return changed

    done = with_corners(mesh, change)
    normals = face_normals(done.points, done.faces)
    done = replace(done, layers=tuple(_following(layer, normals, turned) for layer in done.layers))
    return done if mesh.polygons is None else replace(done, polygons=broken_up(mesh.polygons, turned))


def _following(layer: Layer, normals: NDArray[np.floating], turned: NDArray[np.bool_]) -> Layer:
    """Turn the normals of turned faces that still point to the old side, and the side of their tangents."""
    if layer.kind == "normal":
        sums = layer.values[layer.faces].sum(axis=1)
        rows = np.flatnonzero(turned & (np.einsum("ij,ij->i", sums, normals) < 0))
        by = np.array([-1, -1, -1], np.float32)
    elif layer.kind == "tangent":
        rows, by = np.flatnonzero(turned), np.array([1, 1, 1, -1], np.float32)
    else:
        return layer
    if not len(rows):
        return layer
    used, again = np.unique(layer.faces[rows], return_inverse=True)
    faces = layer.faces.copy()
    faces[rows] = len(layer.values) + again.reshape(-1, 3)
    return replace(layer, values=np.concatenate([layer.values, layer.values[used] * by]), faces=faces)


def broken_up(polygons: NDArray[np.int32], touched: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Number the artist's polygons [F] so that those with a touched triangle come as single triangles."""
    lost = np.isin(polygons, polygons[touched])
    free = int(polygons.max(initial=-1)) + 1
    return np.where(lost, free + np.arange(len(polygons)), polygons).astype(np.int32)


def _packed(mesh: GarmentMesh) -> GarmentMesh:
    """Leave out UV and layer values that no corner names."""

    def pack(values: NDArray[np.float32], rows: Rows) -> tuple[NDArray[np.float32], Rows]:
        used, numbers = np.unique(rows, return_inverse=True)
        return values[used], numbers.reshape(-1, 3).astype(np.int32)

    def layers(held: tuple[Layer, ...]) -> tuple[Layer, ...]:
        packed = [pack(layer.values, layer.faces) for layer in held]
        return tuple(replace(layer, values=v, faces=f) for layer, (v, f) in zip(held, packed, strict=True))

    uv0 = pack(mesh.uv0, mesh.uv0_faces) if mesh.uv0 is not None and mesh.uv0_faces is not None else (None, None)
    uv1 = pack(mesh.uv1, mesh.uv1_faces) if mesh.uv1 is not None and mesh.uv1_faces is not None else (None, None)
    return replace(
        mesh,
        uv0=uv0[0],
        uv0_faces=uv0[1],
        uv1=uv1[0],
        uv1_faces=uv1[1],
        layers=layers(mesh.layers),
        morphs=tuple(replace(morph, layers=layers(morph.layers)) for morph in mesh.morphs),
    )
