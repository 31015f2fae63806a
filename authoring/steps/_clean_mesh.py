"""Between a garment and the surface under repair: what faces, corners and points carry goes along."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Layer, MorphTarget, Part
from dressform.authoring.formats.polygons import polygon_faces
from dressform.runtime.geometry.adjacency import components
from dressform.runtime.geometry.normals import face_normals

from ._parts import describe_piece, name_pieces
from ._shells import Shells, find_shells
from ._surface import CornerLayer, Surface, pieces_of

LARGE, AMPLE = 200_000, 100_000  # triangles; a mesh of more than the first is collapsed to the second
_MOST_PIECES = 400  # described one by one; a mesh of more is not made of parts


def surface_of(mesh: GarmentMesh) -> Surface:
    """Return a mesh's surface with every layer, UV0 and UV1 first, morphs' layers last."""
    sets = [(mesh.uv0, mesh.uv0_faces, "uv"), (mesh.uv1, mesh.uv1_faces, "uv")]
    sets += [(layer.values, layer.faces, layer.kind) for layer in _all_layers(mesh)]
    layers = [
        CornerLayer(values.astype(np.float64), faces.astype(np.int64), kind)
        for values, faces, kind in sets
        if values is not None and faces is not None
    ]
    return Surface(mesh.points.astype(np.float64), mesh.faces.astype(np.int64), layers)


def packed(surface: Surface, mesh: GarmentMesh) -> tuple[GarmentMesh, int]:
    """Number points and corner values without gaps, in their old order.

    Returns:
        The garment, and how many of its polygons were cut into triangles.
    """
    used, faces = np.unique(surface.faces, return_inverse=True)
    _turn_normals(surface, mesh)
    values = [_packed_layer(layer) for layer in surface.layers]
    has_uv0, has_uv1 = mesh.uv0 is not None, mesh.uv1 is not None
    uv0 = values[0] if has_uv0 else (None, None)
    uv1 = values[int(has_uv0)] if has_uv1 else (None, None)
    further = iter(values[int(has_uv0) + int(has_uv1) :])
    layers = tuple(Layer(layer.name, layer.kind, *next(further)) for layer in mesh.layers)
    source = surface.source[used]
    morphs = tuple(
        MorphTarget(
            morph.name,
            morph.offsets[source],
            morph.weight,
            tuple(Layer(layer.name, layer.kind, *next(further)) for layer in morph.layers),
        )
        for morph in mesh.morphs
    )
    skin = mesh.skin
    made = replace(
        mesh,
        points=surface.points[used].astype(np.float32),
        faces=faces.reshape(-1, 3).astype(np.int32),
        uv0=uv0[0],
        uv0_faces=uv0[1],
        uv1=uv1[0],
        uv1_faces=uv1[1],
        material_ids=mesh.material_ids[surface.origin].astype(np.int32),
        polygons=None,
        part_ids=None if mesh.part_ids is None else mesh.part_ids[surface.origin],
        layers=layers,
        morphs=morphs,
        skin=None if skin is None else replace(skin, indices=skin.indices[source], weights=skin.weights[source]),
    )
    if mesh.polygons is None:
        return made, 0
    polygons, broken = _kept_polygons(replace(made, polygons=mesh.polygons[surface.origin]), surface.remade)
    return replace(made, polygons=polygons), broken


def _all_layers(mesh: GarmentMesh) -> list[Layer]:
    return [*mesh.layers, *(layer for morph in mesh.morphs for layer in morph.layers)]


def _packed_layer(layer: CornerLayer) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    used, faces = np.unique(layer.faces, return_inverse=True)
    values = layer.values[used]
    if layer.kind == "normal":  # one between two others is shorter than they are
        values = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    if layer.kind == "tangent":
        values[:, :3] /= np.maximum(np.linalg.norm(values[:, :3], axis=1, keepdims=True), 1e-12)
        values[:, 3] = np.where(values[:, 3] < 0, -1.0, 1.0)
    return values.astype(np.float32), faces.reshape(-1, 3).astype(np.int32)


def _turn_normals(surface: Surface, mesh: GarmentMesh) -> None:
    """Turn the artist's normals, and the handedness of tangents, where a face was turned over and they were not."""
    before = face_normals(mesh.points, mesh.faces)[surface.origin]
    now = face_normals(surface.points, surface.faces)
    turned = np.flatnonzero(np.einsum("ij,ij->i", before, now) < 0)
    normals = [layer for layer in surface.layers[: _own_count(mesh)] if layer.kind == "normal"]
    if not len(turned):
        return
    for layer in normals:
        own = layer.values[layer.faces[turned]].sum(axis=1)
        turned = turned[np.einsum("ij,ij->i", own, now[turned]) < 0]
        _change(layer, turned, np.array([-1.0, -1.0, -1.0]))
    for layer in surface.layers[: _own_count(mesh)]:
        if layer.kind == "tangent":
            _change(layer, turned, np.array([1.0, 1.0, 1.0, -1.0]))


def _own_count(mesh: GarmentMesh) -> int:
    return (mesh.uv0 is not None) + (mesh.uv1 is not None) + len(mesh.layers)


def _change(layer: CornerLayer, faces: NDArray[np.int64], by: NDArray[np.float64]) -> None:
    """Give some faces values of their own, multiplied by a row."""
    used, again = np.unique(layer.faces[faces], return_inverse=True)
    layer.faces[faces] = len(layer.values) + again.reshape(-1, 3)
    layer.values = np.vstack([layer.values, layer.values[used] * by])


def _kept_polygons(mesh: GarmentMesh, remade: NDArray[np.bool_]) -> tuple[NDArray[np.int32] | None, int]:
    """Number polygons by their triangles; one that a repair reached into comes as triangles."""
    assert mesh.polygons is not None
    given = mesh.polygons.astype(np.int64)
    lost = np.isin(given, given[remade])
    single = np.where(lost, given.max() + 1 + np.arange(len(given)), given)
    loops = polygon_faces(replace(mesh, polygons=single.astype(np.int32)))
    ids = loops.triangle_polygon
    _, first = np.unique(ids, return_index=True)
    ascending = np.argsort(np.argsort(first))[ids].astype(np.int32)
    broken = len(np.unique(given[lost])) + loops.broken
    return (ascending if len(first) < len(ids) else None), broken


def with_parts(mesh: GarmentMesh, category: str | None) -> tuple[GarmentMesh, list[dict[str, Any]], Shells]:
    """Make each connected piece, and each inner shell, a part with a name.

    Returns:
        The garment, a table of its pieces, largest first, and where its cloth is thick.
    """
    points, faces = mesh.points.astype(np.float64), mesh.faces.astype(np.int64)
    count, label = components(faces, len(points))
    piece = label[faces[:, 0]].astype(np.int64)
    shells = find_shells(points, faces, piece) if count <= _MOST_PIECES else Shells(np.zeros(len(faces), bool), 0.0, 0)
    shell = 2 * piece + shells.inner
    groups = [rows for _, rows in pieces_of(shell)]
    pieces = [
        describe_piece(points, faces, rows, _given(mesh, rows), inner=bool(shells.inner[rows[0]])) for rows in groups
    ]
    pieces.sort(key=lambda found: -found.area)
    names = name_pieces(pieces, points, faces, category)
    part_ids = np.empty(len(faces), np.int32)
    for number, found in enumerate(pieces):
        part_ids[found.faces] = number
    parts = tuple(Part(named.name, named.rigid, found.inner) for named, found in zip(names, pieces, strict=True))
    table = [
        {
            "name": named.name,
            "named_by": named.reason,
            "rigid": named.rigid,
            "inner": found.inner,
            "material": mesh.materials[int(np.bincount(mesh.material_ids[found.faces]).argmax())].name,
            "triangles": len(found.faces),
            "area_m2": round(found.area, 6),
            "center": [round(float(x), 4) for x in found.center],
            "openings": len(found.girths),
        }
        for named, found in zip(names, pieces, strict=True)
    ]
    return replace(mesh, parts=parts, part_ids=part_ids), table, shells


def _given(mesh: GarmentMesh, rows: NDArray[np.int64]) -> str:
    """Return the name of the part that most of a piece's triangles belong to, else of their material."""
    if mesh.part_ids is not None and len(mesh.parts) > 1:
        return mesh.parts[int(np.bincount(mesh.part_ids[rows]).argmax())].name
    if len(mesh.materials) > 1:
        return mesh.materials[int(np.bincount(mesh.material_ids[rows]).argmax())].name
    return ""
