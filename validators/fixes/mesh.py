"""Fixes of the surface that leave its shape as it is: no point moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import igl
import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Layer
from dressform.runtime.geometry.normals import face_areas, face_normals
from dressform.validators.rules.mesh import NO_AREA, THINNEST

from .fix import Fix, Mended, points, triangles
from .surface import Rows, broken_up, corner_sets, keep_faces, turn_faces, with_corners
from .workpiece import Workpiece

_PAINTED = "overrides/rig_weights.json"  # names points by their numbers
_REDO = ("lod", "preview")  # made from the triangles
_UNIT = 0.001  # that a normal's length may be off one
_NO_LENGTH = 1e-6
_COINCIDENT = 1e-7  # points nearer than this lie on each other [m]


def drop_degenerate(piece: Workpiece) -> Iterator[Mended]:
    """Take out triangles without area: merge points that lie on each other, turn edges over points that lie on them."""
    yield from _take_out(piece, _without_area, "without area")


def drop_slivers(piece: Workpiece) -> Iterator[Mended]:
    """Turn the long edge of triangles that are too thin, so that a neighbour takes up the point in its middle."""
    yield from _take_out(piece, _thin, "too thin")


def _take_out(piece: Workpiece, bad: Callable[[Workpiece], NDArray[np.bool_]], what: str) -> Iterator[Mended]:
    if not piece.share_triangles:
        return
    before, found = len(_first(piece).faces), int(bad(piece).sum())
    _merge_coincident(piece)
    _turn_edges(piece, bad)
    done = found - int(bad(piece).sum())
    if done > 0:
        after = triangles(len(_first(piece).faces))
        yield Mended(f"took out {triangles(done)} {what}", "sizes", f"{triangles(before)}, {found} {what}", after)


def even_normals(piece: Workpiece) -> Iterator[Mended]:
    """Give the artist's normals length one; one of no length becomes its triangles' own."""
    for size, mesh in piece.meshes.items():
        layers = tuple(_of_unit_length(layer, mesh) if layer.kind == "normal" else layer for layer in mesh.layers)
        changed = [old.name for new, old in zip(layers, mesh.layers, strict=True) if new is not old]
        if changed:
            piece.meshes[size] = replace(mesh, layers=layers)
            piece.stale.add("preview")
            yield Mended(f"scaled normals in {', '.join(changed)}", f"sizes/{size}", "other lengths", "length 1")


def _of_unit_length(layer: Layer, mesh: GarmentMesh) -> Layer:
    length = np.linalg.norm(layer.values, axis=1, keepdims=True)
    if (np.abs(length - 1) < _UNIT).all():
        return layer
    own = np.zeros_like(layer.values)
    np.add.at(own, layer.faces.reshape(-1), np.repeat(face_normals(mesh.points, mesh.faces), 3, axis=0))
    values = np.where(length > _NO_LENGTH, layer.values, own)
    values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), _NO_LENGTH)
    return replace(layer, values=values.astype(np.float32))


def drop_duplicates(piece: Workpiece) -> Iterator[Mended]:
    """Keep the first of triangles that stand twice."""
    if not piece.share_triangles:
        return
    faces = _first(piece).faces
    _, first = np.unique(np.sort(faces, axis=1), axis=0, return_index=True)
    keep = np.isin(np.arange(len(faces)), first)
    if not keep.all():
        piece.change_meshes(lambda mesh: keep_faces(mesh, keep), stale=_REDO)
        yield Mended(
            f"dropped {triangles(int((~keep).sum()))} that stood twice",
            "sizes",
            triangles(len(faces)),
            triangles(len(first)),
        )


def drop_loose(piece: Workpiece) -> Iterator[Mended]:
    """Drop points that no triangle uses, and their rows in the rigs."""
    if not piece.share_triangles or (piece.folder / _PAINTED).is_file():
        return
    count = len(_first(piece).points)
    used = _used(_first(piece))
    gone = count - int(used.sum())
    if gone:
        piece.keep_points(used)
        yield Mended(f"dropped {points(gone)} that no triangle used", "sizes", points(count), points(count - gone))


def turn_against(piece: Workpiece) -> Iterator[Mended]:
    """Turn triangles that face against most of their piece; not where the atlas was made for them as they are."""
    if not piece.share_triangles:
        return
    turned = _against(_first(piece).faces)
    for mesh in piece.meshes.values():
        if mesh.uv1 is not None and mesh.uv1_faces is not None:
            turned &= _signed_areas(mesh.uv1, mesh.uv1_faces) <= 0
    count = int(turned.sum())
    if count:
        piece.change_meshes(lambda mesh: turn_faces(mesh, turned), stale=_REDO)
        yield Mended(
            f"turned {triangles(count)}",
            "sizes",
            f"{triangles(count)} against most of their piece",
            "one winding",
        )


def _first(piece: Workpiece) -> GarmentMesh:
    return next(iter(piece.meshes.values()))


def _used(mesh: GarmentMesh) -> NDArray[np.bool_]:
    used = np.zeros(len(mesh.points), np.bool_)
    used[mesh.faces.reshape(-1)] = True
    return used


def _without_area(piece: Workpiece) -> NDArray[np.bool_]:
    """Return [F] which triangles have no area in any size; one that has some in a size would leave a hole there."""
    areas = [face_areas(mesh.points, mesh.faces) for mesh in piece.meshes.values()]
    return np.asarray(np.all([~(2 * area > NO_AREA) for area in areas], axis=0))


def _thin(piece: Workpiece) -> NDArray[np.bool_]:
    """Return [F] which triangles are thinner than they may be, in every size."""
    return np.asarray(np.all([_altitudes(mesh) < THINNEST for mesh in piece.meshes.values()], axis=0))


def _altitudes(mesh: GarmentMesh) -> NDArray[np.float64]:
    corners = mesh.points[mesh.faces].astype(np.float64)
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    return np.asarray(2 * face_areas(mesh.points, mesh.faces) / np.maximum(longest, _COINCIDENT))


def _merge_coincident(piece: Workpiece) -> None:
    """Merge the ends of edges without length, and drop the triangles that are lines then."""
    thin = np.flatnonzero(_without_area(piece))
    faces = _first(piece).faces
    into = np.arange(len(_first(piece).points), dtype=np.int32)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        ends = faces[thin][:, [a, b]]
        lengths = [np.linalg.norm(mesh.points[ends[:, 0]] - mesh.points[ends[:, 1]], axis=1)
                   for mesh in piece.meshes.values()]  # fmt: skip
        near = (ends[:, 0] != ends[:, 1]) & np.all([length < _COINCIDENT for length in lengths], axis=0)
        for one, other in ends[near].tolist():
            low, high = sorted((int(into[one]), int(into[other])))
            into[into == high] = low
    merged = into[faces]
    keep = (merged != np.roll(merged, 1, axis=1)).all(axis=1)
    if keep.all():
        return
    loose_before = _used(_first(piece))
    piece.change_meshes(lambda mesh: keep_faces(replace(mesh, faces=into[mesh.faces]), keep), stale=_REDO)
    gone = loose_before & ~_used(_first(piece))
    if gone.any() and not (piece.folder / _PAINTED).is_file():
        piece.keep_points(~gone)


def _turn_edges(piece: Workpiece, bad: Callable[[Workpiece], NDArray[np.bool_]]) -> None:
    """Give the point in the middle of a flat triangle's long edge to the triangle beyond that edge."""
    for face in np.flatnonzero(bad(piece))[::-1].tolist():
        mesh = _first(piece)
        corners = mesh.points[mesh.faces[face]]
        opposite = [np.linalg.norm(corners[(k + 1) % 3] - corners[(k + 2) % 3]) for k in range(3)]
        k = int(np.argmax(opposite))
        a, b = (int(mesh.faces[face, (k + n) % 3]) for n in (1, 2))
        beyond = np.argwhere((mesh.faces == b) & (np.roll(mesh.faces, -1, axis=1) == a))
        same = np.argwhere((mesh.faces == a) & (np.roll(mesh.faces, -1, axis=1) == b))
        hangs = int((mesh.faces == mesh.faces[face, k]).sum()) == 1  # by its long edge alone
        if hangs or (not len(beyond) and len(same) == 1):
            piece.change_meshes(partial(_without_face, face=face), stale=_REDO)
        elif len(beyond) == 1 and _may_turn(mesh, face, k, int(beyond[0, 0]), (int(beyond[0, 1]) + 2) % 3):
            other, apex = int(beyond[0, 0]), (int(beyond[0, 1]) + 2) % 3
            at = (face, k, other, apex)
            piece.change_meshes(partial(_with_turned_edge, at=at), stale=_REDO)


def _without_face(mesh: GarmentMesh, face: int) -> GarmentMesh:
    return keep_faces(mesh, np.arange(len(mesh.faces)) != face)


def _may_turn(mesh: GarmentMesh, face: int, k: int, other: int, apex: int) -> bool:
    """Say whether an edge is no seam of UVs, materials or parts, and turning it makes no edge of three triangles."""
    part_ids = mesh.part_ids if mesh.part_ids is not None else np.zeros(len(mesh.faces), np.int32)
    if mesh.material_ids[face] != mesh.material_ids[other] or part_ids[face] != part_ids[other]:
        return False
    for rows in corner_sets(mesh):
        if (
            rows[face, (k + 1) % 3] != rows[other, (apex + 2) % 3]
            or rows[face, (k + 2) % 3] != rows[other, (apex + 1) % 3]
        ):
            return False
    c, d = int(mesh.faces[face, k]), int(mesh.faces[other, apex])
    if c == d or ((mesh.faces == c).any(axis=1) & (mesh.faces == d).any(axis=1)).any():
        return False
    turned = _with_turned_edge(mesh, (face, k, other, apex))
    if (_altitudes(turned)[[face, other]] < THINNEST).any():
        return False
    if turned.uv1 is None or turned.uv1_faces is None:
        return True
    return bool((_signed_areas(turned.uv1, turned.uv1_faces[[face, other]]) > 0).all())


def _with_turned_edge(mesh: GarmentMesh, at: tuple[int, int, int, int]) -> GarmentMesh:
    """Replace (c a b) and (d b a) by (c a d) and (c d b), in every array of corners.

    Args:
        mesh: The mesh.
        at: The first triangle, the place of c in it, the second triangle, the place of d in it.
    """
    face, k, other, apex = at

    def change(rows: Rows) -> Rows:
        changed = rows.copy()
        c, a, b = (rows[face, (k + n) % 3] for n in range(3))
        d = rows[other, apex]
        changed[face], changed[other] = (c, a, d), (c, d, b)
        return changed

    done = with_corners(mesh, change)
    if mesh.polygons is None:
        return done
    touched = np.isin(np.arange(len(mesh.faces)), [face, other])
    return replace(done, polygons=broken_up(mesh.polygons, touched))


def _signed_areas(uv: NDArray[np.float32], rows: Rows) -> NDArray[np.float64]:
    a, b, c = (uv[rows[:, k]].astype(np.float64) for k in range(3))
    return 0.5 * ((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]))


def _against(faces: Rows) -> NDArray[np.bool_]:
    """Return [F] which triangles are wound against most of their piece; none of a piece that has no two sides."""
    agreed, patch = igl.bfs_orient(np.ascontiguousarray(faces, np.int64))
    agreed, patch = np.asarray(agreed, np.int64), np.asarray(patch, np.int64).reshape(-1)
    turned = np.asarray((agreed != faces).any(axis=1))
    sizes = np.bincount(patch)
    mostly = np.bincount(patch, weights=turned) > 0.5 * sizes
    turned ^= mostly[patch]
    directed = agreed * (int(agreed.max()) + 1) + np.roll(agreed, -1, axis=1)
    _, inverse, count = np.unique(directed, return_inverse=True, return_counts=True)
    one_sided = np.unique(patch[(count[inverse.reshape(directed.shape)] > 1).any(axis=1)])
    return turned & ~np.isin(patch, one_sided)


FIXES = (
    Fix("mesh.degenerate", ("mesh",), "take out triangles without area", drop_degenerate),
    Fix("mesh.duplicate", ("mesh",), "keep the first of triangles that stand twice", drop_duplicates),
    Fix("mesh.sliver", ("mesh",), "turn the long edge of triangles that are too thin", drop_slivers),
    Fix("mesh.orientation", ("mesh",), "turn triangles that face against their piece", turn_against),
    Fix("mesh.loose", ("mesh",), "drop points that no triangle uses", drop_loose),
)
