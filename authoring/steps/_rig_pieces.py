"""A garment's points joined where they coincide, its loose pieces, its layers, and the parts that move as one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.geometry.adjacency import components
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import face_areas, vertex_normals

Floats = NDArray[np.float64]

_COINCIDE = 1e-5  # [m] points closer than this are one point of the cloth
_LAYER = (0.008, 0.022)  # [m] a layer this close to a larger one follows it wholly; beyond, not at all
_SHELL = (0.02, 0.04)  # [m] the same for an inner shell and its outer one
_TOUCH = 0.04  # [m] a piece without sure matches hangs on cloth this near
_TOUCH_SPREAD = 0.006  # [m] points this much further than the closest one still count as touching
_ALONGSIDE = 0.5  # least |cosine| between the normals of two layers
_TURNS = 48  # pieces that follow one another in turn; smaller ones follow those at once


class Cloth(NamedTuple):
    """A garment with coinciding points joined.

    Attributes:
        points: float64 [U, 3] [m].
        faces: int32 [F, 3] of the garment's triangles, renumbered.
        soft: bool [F] triangles that bend, neither rigid nor collapsed by joining.
        vertex: int32 [V] the joined point of each garment point.
        piece: int32 [U] number of its connected piece.
        areas: float64 [pieces] [m^2].
        rigid: int32 [U] the rigid part it belongs to, else -1.
        inner: bool [U] on the inner shell of thick cloth.
    """

    points: Floats
    faces: NDArray[np.int32]
    soft: NDArray[np.bool_]
    vertex: NDArray[np.int32]
    piece: NDArray[np.int32]
    areas: Floats
    rigid: NDArray[np.int32]
    inner: NDArray[np.bool_]

    @property
    def soft_faces(self) -> NDArray[np.int32]:
        """int32 [S, 3] the triangles that bend."""
        return self.faces[self.soft]


def cloth_of(mesh: GarmentMesh) -> Cloth:
    """Join the coinciding points of a garment; points of a rigid part only join each other."""
    rigid, inner = _part_flags(mesh)
    vertex = _joined(mesh.points, rigid)
    count = int(vertex.max()) + 1
    first = np.zeros(count, np.int64)
    first[vertex[::-1]] = np.arange(len(vertex))[::-1]
    faces = vertex[mesh.faces].astype(np.int32)
    whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    points = mesh.points[first].astype(np.float64)
    pieces, piece = components(faces, count)
    areas = np.bincount(piece[faces[:, 0]], face_areas(points, faces), minlength=pieces).astype(np.float64)
    soft = whole & (rigid[mesh.faces[:, 0]] < 0)
    return Cloth(points, faces, soft, vertex, piece, areas, rigid[first], inner[first])


def _part_flags(mesh: GarmentMesh) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return for each garment point its rigid part (or -1) and whether it only belongs to inner shells."""
    rigid = np.full(len(mesh.points), -1, np.int32)
    outer = np.zeros(len(mesh.points), bool)
    inner = np.zeros(len(mesh.points), bool)
    if mesh.part_ids is None:
        return rigid, inner
    for number, part in enumerate(mesh.parts):
        touched = mesh.faces[mesh.part_ids == number].ravel()
        (inner if part.inner else outer)[touched] = True
        if part.rigid:
            rigid[touched] = number
    return rigid, inner & ~outer


def _joined(points: NDArray[np.float32], rigid: NDArray[np.int32]) -> NDArray[np.int32]:
    pairs = cKDTree(points).query_pairs(_COINCIDE, output_type="ndarray")
    pairs = pairs[rigid[pairs[:, 0]] == rigid[pairs[:, 1]]]
    graph = sparse.coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(points), len(points)))
    _, vertex = sparse.csgraph.connected_components(graph, directed=False)
    return np.asarray(vertex, np.int32)


class Following(NamedTuple):
    """Which points take their weights from other cloth.

    Attributes:
        share: float64 [U] in [0, 1], how far they do.
        corners: int32 [U, 3] the points of the triangle they follow; their own where `share` is 0.
        barycentrics: float64 [U, 3] on it.
        hung: bool [U] on pieces that had no sure match and hang on the cloth they touch.
    """

    share: Floats
    corners: NDArray[np.int32]
    barycentrics: Floats
    hung: NDArray[np.bool_]


def following(cloth: Cloth, unsure: NDArray[np.bool_]) -> Following:
    """Find which layers follow which: smaller ones the larger beside them, inner shells the outer.

    Args:
        cloth: The garment.
        unsure: bool [pieces] those without enough sure matches on the skin.
    """
    count = len(cloth.points)
    found = Following(
        np.zeros(count),
        np.repeat(np.arange(count, dtype=np.int32)[:, None], 3, axis=1),
        np.tile((1.0, 0.0, 0.0), (count, 1)),
        np.zeros(count, bool),
    )
    normals = vertex_normals(cloth.points, cloth.faces).astype(np.float64)
    face_piece = cloth.piece[cloth.faces[:, 0]]
    soft_pieces = np.unique(face_piece[cloth.soft])
    inner_share = np.bincount(cloth.piece, cloth.inner, minlength=len(cloth.areas)) / np.maximum(
        np.bincount(cloth.piece, minlength=len(cloth.areas)), 1
    )
    order = sorted(soft_pieces, key=lambda p: (bool(unsure[p]), inner_share[p] > 0.5, -cloth.areas[p]))
    batches = [[p] for p in order[:_TURNS]] + ([order[_TURNS:]] if len(order) > _TURNS else [])
    leading = np.zeros(len(cloth.areas), bool)
    for batch in batches:
        if leading.any():
            members = np.flatnonzero(np.isin(cloth.piece, batch) & (cloth.rigid < 0))
            leaders = cloth.soft & leading[face_piece]
            reach = _SHELL if (inner_share[batch] > 0.5).all() else _LAYER
            _follow(found, cloth, members, leaders, normals, reach, hang=bool(unsure[batch].all()))
        leading[batch] = True
    shells = np.flatnonzero(cloth.inner & (inner_share[cloth.piece] <= 0.5) & (cloth.rigid < 0))
    outside = cloth.soft & ~cloth.inner[cloth.faces].all(axis=1)
    if len(shells) and outside.any():
        _follow(found, cloth, shells, outside, normals, _SHELL, hang=False)
    return found


def _follow(
    found: Following,
    cloth: Cloth,
    members: NDArray[np.intp],
    leaders: NDArray[np.bool_],
    normals: Floats,
    reach: tuple[float, float],
    *,
    hang: bool,
) -> None:
    """Let points follow the closest of some triangles, written into `found`."""
    faces = cloth.faces[leaders]
    closest = Surface(cloth.points, faces, sign="normal").closest(cloth.points[members])
    corners, distances = faces[closest.triangles], closest.distances
    there = np.einsum("vc,vcx->vx", closest.barycentrics, normals[corners])
    there /= np.maximum(np.linalg.norm(there, axis=1, keepdims=True), 1e-9)
    alongside = np.abs(np.einsum("vx,vx->v", there, normals[members])) > _ALONGSIDE
    share = np.clip((reach[1] - distances) / (reach[1] - reach[0]), 0, 1) * alongside
    if hang:
        piece = cloth.piece[members]
        nearest = np.full(len(cloth.areas), np.inf)
        np.minimum.at(nearest, piece, distances)
        touching = (nearest[piece] < _TOUCH) & (distances < nearest[piece] + _TOUCH_SPREAD)
        share = np.where(nearest[piece] < _TOUCH, touching.astype(np.float64), share)
        found.hung[members] = nearest[piece] < _TOUCH
    share = share * share * (3 - 2 * share)
    found.share[members] = share
    followed = members[share > 0]
    found.corners[followed] = corners[share > 0]
    found.barycentrics[followed] = closest.barycentrics[share > 0]


def follow(weights: Floats, found: Following) -> Floats:
    """Return weights [U, J] in which each point that follows others has theirs; leaders of leaders are reached."""
    result = weights
    for _ in range(3):  # a pocket on a flap on a coat
        led = np.einsum("vk,vkj->vj", found.barycentrics, result[found.corners])
        result = (1 - found.share[:, None]) * weights + found.share[:, None] * led
    return np.asarray(result, np.float64)


def rigid_rows(weights: Floats, cloth: Cloth) -> Floats:
    """Return weights [U, J] in which every rigid part has one row: that of the cloth it is attached to.

    A part with no cloth near keeps the mean of its own rows.
    """
    result = weights.copy()
    faces = cloth.soft_faces
    surface = Surface(cloth.points, faces, sign="normal") if len(faces) else None
    for number in np.unique(cloth.rigid[cloth.rigid >= 0]):
        members = np.flatnonzero(cloth.rigid == number)
        row = weights[members].mean(axis=0)
        if surface is not None:
            closest = surface.closest(cloth.points[members])
            nearest = float(closest.distances.min())
            if nearest < _TOUCH:
                held = closest.distances < nearest + _TOUCH_SPREAD
                corners = faces[closest.triangles[held]]
                row = np.einsum("vk,vkj->vj", closest.barycentrics[held], weights[corners]).mean(axis=0)
        result[members] = row
    return result
