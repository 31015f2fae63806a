"""From a garment to its coarser levels, and how far they lie from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Layer, MorphTarget
from dressform.assets.files.lod import with_lod
from dressform.runtime.geometry.adjacency import boundary_loops, components
from dressform.runtime.geometry.collapse import Collapser, Limits, Wedges
from dressform.runtime.geometry.collapse_checks import segment_distance
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import face_areas
from dressform.runtime.geometry.uv_measures import overlapping_triangles

_SEAMS = ("uv", "color")  # layers whose jumps are seams
_DROPPED = ("normal", "tangent")  # belong to the fine surface; a level's are made from its own triangles
_TRIES = 4
_SAMPLE = 200_000  # points that a coarser mesh is held against
_MOST_PIECES = 24  # whose distances from each other are taken; a garment of more has buttons, not layers


@dataclass(frozen=True)
class Level:
    """One coarser mesh.

    Attributes:
        mesh: With extras["lod"].
        points: int32 [V] its points' numbers in the garment.
        faces: int32 [F] the garment's triangle that each triangle was.
    """

    mesh: GarmentMesh
    points: NDArray[np.int32]
    faces: NDArray[np.int32]


@dataclass(frozen=True)
class LevelFigures:
    """How a level compares with the garment.

    Attributes:
        level: From 1.
        triangles: Number of them.
        points: Number of them.
        fraction: Triangles over the garment's.
        hausdorff_mm: Largest distance between the two surfaces, both ways [mm].
        mean_mm: Mean distance, weighted by surface [mm].
        openings_mm: Largest distance of the garment's borders from the level's [mm].
        flipped_uv: Triangles whose UV0 or UV1 winding turned over.
        overlaps_uv1: Pairs of triangles that overlap in the atlas and did not in the garment's.
    """

    level: int
    triangles: int
    points: int
    fraction: float
    hausdorff_mm: float
    mean_mm: float
    openings_mm: float
    flipped_uv: int
    overlaps_uv1: int


def make_levels(mesh: GarmentMesh, ratios: Sequence[float]) -> list[Level]:
    """Return one level for each ratio of the triangles, each made from the one before it.

    Args:
        mesh: A clean garment.
        ratios: Descending, in (0, 1).
    """
    locked = np.zeros(len(mesh.points), bool)
    known = _overlap_count(mesh)
    levels: list[Level] = []
    for _ in range(_TRIES):
        levels = _collapsed(mesh, ratios, locked)
        worse = [level for level in levels if known is not None and (_overlap_count(level.mesh) or 0) > known]
        if not worse:
            break
        for level in worse:  # a chart's border that was straightened into its neighbour stays as it was
            pairs = _overlaps(level.mesh)
            locked[_near(mesh, level, pairs)] = True
    return levels


def coarser(mesh: GarmentMesh, triangles: int) -> tuple[GarmentMesh, float]:
    """Return a mesh collapsed to so many triangles, and how far it lies from what it was at most [m].

    Polygons, authored normals and tangents belong to the fine surface and are left out.
    """
    (level,) = _collapsed(mesh, [triangles / len(mesh.faces)], np.zeros(len(mesh.points), bool))
    made = replace(level.mesh, extras=mesh.extras)
    step = max(1, len(mesh.points) // _SAMPLE)
    off = Surface(made.points, made.faces, sign="normal").closest(mesh.points[::step]).distances
    return made, float(off.max())


def _collapsed(mesh: GarmentMesh, ratios: Sequence[float], locked: NDArray[np.bool_]) -> list[Level]:
    columns, tables = _columns(mesh)
    keys = np.column_stack([mesh.faces.reshape(-1), *(c.reshape(-1) for c in columns)]).astype(np.int64)
    rows, inverse = np.unique(keys, axis=0, return_inverse=True)
    uvs = [scale * uv.astype(np.float64)[rows[:, 1 + k]] for k, (uv, scale) in enumerate(tables) if scale is not None]
    groups = mesh.material_ids.astype(np.int64)
    if mesh.part_ids is not None:
        groups = groups * max(len(mesh.parts), 1) + mesh.part_ids
    wedges = Wedges(
        mesh.points.astype(np.float64), inverse.reshape(-1, 3).astype(np.int64), rows[:, 0].copy(), uvs, groups
    )
    collapser = Collapser(wedges, Limits(locked=locked, room=_room(mesh)))
    levels = []
    for number, ratio in enumerate(ratios, 1):
        collapser.until(round(ratio * len(mesh.faces)))
        levels.append(_level(mesh, number, wedges, rows))
    return levels


def _room(mesh: GarmentMesh) -> NDArray[np.float64] | None:
    """Return each point's distance to the nearest other piece [V] [m], or None when there is only one."""
    count, piece = components(mesh.faces, len(mesh.points))
    if not 2 <= count <= _MOST_PIECES:
        return None
    room = np.full(len(mesh.points), np.inf)
    owner = piece[mesh.faces[:, 0]]
    for k in np.unique(owner).tolist():
        others = Surface(mesh.points, mesh.faces[owner != k], sign="normal")
        room[piece == k] = others.closest(mesh.points[piece == k]).distances
    return room


def _columns(mesh: GarmentMesh) -> tuple[list[NDArray[np.int64]], list[tuple[NDArray[np.float32], float | None]]]:
    """Return per UV set and layer the corners' rows, equal values under one number, and (values, metres a unit)."""
    columns, tables = [], []
    sets = [(mesh.uv0, mesh.uv0_faces, True), (mesh.uv1, mesh.uv1_faces, True)]
    sets += [(layer.values, layer.faces, layer.kind == "uv") for layer in mesh.layers if layer.kind in _SEAMS]
    for values, faces, is_uv in sets:
        if values is None or faces is None:
            continue
        _, first, same = np.unique(values, axis=0, return_index=True, return_inverse=True)
        columns.append(first[same.reshape(-1)][faces].astype(np.int64))
        tables.append((values, _metres_per_unit(mesh, values, faces) if is_uv else None))
    return columns, tables


def _metres_per_unit(mesh: GarmentMesh, uv: NDArray[np.float32], faces: NDArray[np.int32]) -> float | None:
    corners = uv[faces].astype(np.float64)
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = float(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / 2)
    return float(np.sqrt(face_areas(mesh.points, mesh.faces).sum() / area)) if area > 1e-12 else None


def _level(mesh: GarmentMesh, number: int, wedges: Wedges, rows: NDArray[np.int64]) -> Level:
    """Make a garment of what is left."""
    corner_rows = rows[wedges.corners]
    points, faces = np.unique(corner_rows[:, :, 0], return_inverse=True)
    column = iter(range(1, rows.shape[1]))

    def taken(values: NDArray[np.float32], at: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        used, again = np.unique(at, return_inverse=True)
        return values[used], again.reshape(-1, 3).astype(np.int32)

    sets: list[tuple[NDArray[np.float32] | None, NDArray[np.int32] | None]] = []
    for values in (mesh.uv0, mesh.uv1):
        sets.append((None, None) if values is None else taken(values, corner_rows[:, :, next(column)]))
    layers = []
    for layer in mesh.layers:
        if layer.kind in _SEAMS:
            values, at = taken(layer.values, corner_rows[:, :, next(column)])
            layers.append(Layer(layer.name, layer.kind, values, at))
        elif layer.kind not in _DROPPED:
            by_point = np.zeros(len(mesh.points), np.int64)
            by_point[mesh.faces.reshape(-1)] = layer.faces.reshape(-1)
            values, at = taken(layer.values, by_point[corner_rows[:, :, 0]])
            layers.append(Layer(layer.name, layer.kind, values, at))
    made = replace(
        mesh,
        points=mesh.points[points],
        faces=faces.reshape(-1, 3).astype(np.int32),
        uv0=sets[0][0],
        uv0_faces=sets[0][1],
        uv1=sets[1][0],
        uv1_faces=sets[1][1],
        material_ids=mesh.material_ids[wedges.origin],
        polygons=None,
        part_ids=None if mesh.part_ids is None else mesh.part_ids[wedges.origin],
        layers=tuple(layers),
        morphs=tuple(MorphTarget(m.name, m.offsets[points], m.weight) for m in mesh.morphs),
        skin=None
        if mesh.skin is None
        else replace(mesh.skin, indices=mesh.skin.indices[points], weights=mesh.skin.weights[points]),
    )
    return Level(with_lod(made, number, points), points.astype(np.int32), wedges.origin.astype(np.int32))


def _overlaps(mesh: GarmentMesh) -> NDArray[np.int32]:
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    return overlapping_triangles(mesh.uv1, mesh.uv1_faces)


def _overlap_count(mesh: GarmentMesh) -> int | None:
    return None if mesh.uv1 is None else len(_overlaps(mesh))


def _near(mesh: GarmentMesh, level: Level, pairs: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the garment's points that lie, in the atlas, where triangles of a level overlap."""
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    assert level.mesh.uv1 is not None
    assert level.mesh.uv1_faces is not None
    corners = level.mesh.uv1[level.mesh.uv1_faces[np.unique(pairs)]]
    low, high = corners.min(axis=1) - 2e-3, corners.max(axis=1) + 2e-3
    found = np.zeros(len(mesh.points), bool)
    own = mesh.uv1[mesh.uv1_faces].reshape(-1, 2)
    for a, b in zip(low, high, strict=True):
        inside = ((own >= a) & (own <= b)).all(axis=1)
        found[mesh.faces.reshape(-1)[inside]] = True
    return np.flatnonzero(found)


def compare_level(mesh: GarmentMesh, level: Level) -> LevelFigures:
    """Measure a level against its garment."""
    coarse = level.mesh
    there = _distances(coarse, mesh)
    back = _distances(mesh, coarse)
    known = _overlap_count(mesh) or 0
    return LevelFigures(
        level=int(coarse.extras["lod"]["level"]),
        triangles=len(coarse.faces),
        points=len(coarse.points),
        fraction=round(len(coarse.faces) / len(mesh.faces), 4),
        hausdorff_mm=round(1e3 * max(float(there[0].max()), float(back[0].max())), 3),
        mean_mm=round(1e3 * float(np.average(back[0], weights=back[1])), 3),
        openings_mm=round(1e3 * _border_gap(mesh, coarse), 3),
        flipped_uv=_flipped(mesh, level),
        overlaps_uv1=max((_overlap_count(coarse) or 0) - known, 0),
    )


def _distances(on: GarmentMesh, to: GarmentMesh) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return distances of one mesh's points, edge middles and face middles to the other, and what they weigh [m²]."""
    corners = on.points[on.faces]
    area = face_areas(on.points, on.faces)
    samples = np.concatenate([corners.mean(axis=1), *(corners[:, k] for k in range(3))])
    samples = np.concatenate([samples, *((corners[:, k] + corners[:, k - 1]) / 2 for k in range(3))])
    return Surface(to.points, to.faces, sign="normal").closest(samples).distances, np.tile(area, 7)


def _border_gap(fine: GarmentMesh, coarse: GarmentMesh) -> float:
    """Return how far a point of the garment's borders lies from the level's borders at most [m]."""
    loops = boundary_loops(coarse.faces)
    at = boundary_loops(fine.faces)
    if not loops or not at:
        return 0.0
    a = np.concatenate([coarse.points[loop] for loop in loops]).astype(np.float64)
    b = np.concatenate([coarse.points[np.roll(loop, -1)] for loop in loops]).astype(np.float64)
    worst = 0.0
    for point in fine.points[np.concatenate(at)].astype(np.float64):
        worst = max(worst, float(segment_distance(np.broadcast_to(point, a.shape), a, b).min()))
    return worst


def _flipped(mesh: GarmentMesh, level: Level) -> int:
    """Count triangles that face the other way in UV than the garment's triangle they were."""
    total = np.zeros(len(level.faces), bool)
    sets = [
        (mesh.uv0, mesh.uv0_faces, level.mesh.uv0, level.mesh.uv0_faces),
        (mesh.uv1, mesh.uv1_faces, level.mesh.uv1, level.mesh.uv1_faces),
    ]
    for fine, fine_faces, coarse, coarse_faces in sets:
        if fine is None or fine_faces is None or coarse is None or coarse_faces is None:
            continue
        before, after = _uv_area(fine, fine_faces)[level.faces], _uv_area(coarse, coarse_faces)
        total |= (before * after < 0) & (np.abs(before) > 1e-12)
    return int(total.sum())


def _uv_area(uv: NDArray[np.float32], faces: NDArray[np.int32]) -> NDArray[np.float64]:
    corners = uv[faces].astype(np.float64)
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
