"""What hangs on moved points moves with them: authored normals, tangents, morph offsets and the source's joints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from dressform.assets.files.garment import GarmentMesh, Layer, MorphTarget, SourceSkin
from dressform.runtime.geometry.rotations import nearest_rotations

Floats = NDArray[np.float64]

_GROWTH = (0.25, 4.0)  # least and most stretch that a morph offset follows; beyond it a triangle has collapsed
_HELD = 1e-3  # a joint that holds fewer points than this, in sum of weights, follows its parent


def carried(mesh_before: GarmentMesh, points_after: NDArray[np.floating]) -> GarmentMesh:
    """Return the mesh with its points moved and everything that has a direction turned with the cloth.

    Normals and tangents turn with the faces that use them, so that hard edges stay hard; morph offsets follow the
    linear map of the cloth around their point, growing and shrinking with it; the joints of the source's own skin go
    where the points they hold went.

    Args:
        mesh_before: With its points as they were.
        points_after: Where they are now [V, 3] [m].
    """
    after = np.asarray(points_after, np.float32)
    if after.shape != mesh_before.points.shape:
        raise ValueError(f"points_after must be {list(mesh_before.points.shape)}, got {list(after.shape)}")
    moved = replace(mesh_before, points=after)
    if np.array_equal(after, mesh_before.points):
        return moved
    directed = any(layer.kind in ("normal", "tangent") for layer in mesh_before.layers)
    if directed or mesh_before.morphs:
        maps = _face_maps(mesh_before.points, after, mesh_before.faces)
        weights = _areas(mesh_before.points, mesh_before.faces)
        moved = replace(
            moved,
            layers=tuple(_turned(layer, maps, weights) for layer in mesh_before.layers),
            morphs=tuple(_morphed(morph, mesh_before.faces, maps, weights) for morph in mesh_before.morphs),
        )
    if mesh_before.skin is not None:
        moved = replace(moved, skin=_followed(mesh_before.skin, mesh_before.points, after))
    return moved


def restored(mesh: GarmentMesh, before: GarmentMesh) -> GarmentMesh:
    """Return the mesh with its points, and all that `carried` moved with them, as they were before.

    Args:
        mesh: With points that were moved, and perhaps more layers.
        before: The same points and faces, not moved.
    """
    known: dict[tuple[str, str], Layer] = {
        (layer.kind, layer.name): layer for layer in before.layers if layer.kind in ("normal", "tangent")
    }
    layers = []
    for layer in mesh.layers:
        was = known.get((layer.kind, layer.name))
        layers.append(layer if was is None or not np.array_equal(was.faces, layer.faces) else was)
    return replace(mesh, points=before.points, layers=tuple(layers), morphs=before.morphs, skin=before.skin)


def _areas(points: NDArray[np.floating], faces: NDArray[np.int32]) -> Floats:
    corners = points[faces].astype(np.float64)
    across = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    return np.asarray(np.maximum(across, 1e-3 * max(float(across.mean()), 1e-12)), np.float64)


def _face_maps(before: NDArray[np.floating], after: NDArray[np.floating], faces: NDArray[np.int32]) -> Floats:
    """Return the linear map of each face [F, 3, 3]; across the face it is as long as the face grew in mean."""

    def frames(points: NDArray[np.floating]) -> tuple[Floats, Floats]:
        corners = points[faces].astype(np.float64)
        one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        up = np.cross(one, two)
        area = np.linalg.norm(up, axis=1)
        length = np.sqrt(area)
        up = up / np.maximum(area, 1e-20)[:, None] * length[:, None]
        return np.stack([one, two, up], axis=2), area

    start, area = frames(before)
    end, area_after = frames(after)
    sound = (area > 1e-14) & (area_after > 1e-14)
    start[~sound], end[~sound] = np.eye(3), np.eye(3)
    return np.asarray(end @ np.linalg.inv(start), np.float64)


def _averaged(maps: Floats, weights: Floats, faces: NDArray[np.int32], count: int) -> Floats:
    """Return the mean map of the faces that use each of `count` values through `faces` [F, 3]."""
    corners = faces.reshape(-1)
    face = np.repeat(np.arange(len(faces)), 3)
    matrix = csr_matrix((np.repeat(weights, 3), (corners, face)), shape=(count, len(faces)))
    total = np.asarray(matrix.sum(axis=1)).ravel()
    mean = (matrix @ maps.reshape(-1, 9)) / np.maximum(total, 1e-20)[:, None]
    mean[total <= 0] = np.eye(3).ravel()
    return np.asarray(mean.reshape(-1, 3, 3), np.float64)


def _turned(layer: Layer, maps: Floats, weights: Floats) -> Layer:
    """Turn the values of a layer of normals or tangents (the handedness of a tangent stays); others stay."""
    if layer.kind not in ("normal", "tangent"):
        return layer
    rotations = nearest_rotations(_averaged(nearest_rotations(maps), weights, layer.faces, len(layer.values)))
    values = layer.values.copy()
    values[:, :3] = np.einsum("nab,nb->na", rotations, layer.values[:, :3])
    return replace(layer, values=values)


def _morphed(morph: MorphTarget, faces: NDArray[np.int32], maps: Floats, weights: Floats) -> MorphTarget:
    around = _averaged(maps, weights, faces, len(morph.offsets))
    u, stretch, vt = np.linalg.svd(around)
    bounded = (u * np.clip(stretch, *_GROWTH)[:, None, :]) @ vt
    offsets = np.einsum("nab,nb->na", bounded, morph.offsets).astype(np.float32)
    return replace(morph, offsets=offsets, layers=tuple(_turned(layer, maps, weights) for layer in morph.layers))


def _followed(skin: SourceSkin, before: NDArray[np.floating], after: NDArray[np.floating]) -> SourceSkin:
    """Move each joint as rigidly as the points it holds moved; one that holds none moves with its parent."""
    count = len(skin.joints)
    rest = skin.rest.astype(np.float64)
    held = np.zeros(count)
    np.add.at(held, skin.indices, skin.weights)
    moves = np.tile(np.eye(4), (count, 1, 1))
    everywhere = _rigid(before, after, np.ones(len(before)))
    for joint in range(count):
        parent = int(skin.parents[joint])
        if held[joint] < _HELD:
            moves[joint] = moves[parent] if parent >= 0 else everywhere
            continue
        rows, slots = np.nonzero(skin.indices == joint)
        moves[joint] = _rigid(before[rows], after[rows], skin.weights[rows, slots].astype(np.float64))
    return replace(skin, rest=(moves @ rest).astype(np.float32))


def _rigid(before: NDArray[np.floating], after: NDArray[np.floating], weights: Floats) -> Floats:
    """Return the rigid motion [4, 4] that takes weighted points [n, 3] nearest to where they went."""
    share = weights / max(float(weights.sum()), 1e-20)
    a, b = share @ before.astype(np.float64), share @ after.astype(np.float64)
    spread = np.einsum("n,na,nb->ab", share, after - b, before - a)
    motion = np.eye(4)
    motion[:3, :3] = nearest_rotations(spread[None])[0]
    motion[:3, 3] = b - motion[:3, :3] @ a
    return motion
