"""Thick cloth: an outer and an inner shell, joined by a rim or apart, told from cloth of one layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dressform.assets.files.garment import GarmentMesh, inner_points, outer_faces
from dressform.runtime.garment.shape_transfer import bind, unbind
from dressform.runtime.geometry.adjacency import boundary_loops, edges, ring_length
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import face_areas, face_normals

from ._surface import pieces_of

Points = NDArray[np.float64]

_THICKEST, _THINNEST = 0.008, 5e-5  # [m] of cloth
_PARTNERED = 0.6  # of a piece's surface must have the other shell behind it
_SPREAD = 0.7  # interquartile range of the distances over their median
_STRAIGHT = 0.8  # cosine between a face's normal and the way to the other shell
_SMOOTH = 0.3  # cosine between neighbours of one shell; the rim turns sharper
_MOSTLY = 0.65  # of a thick piece's surface: no shell has more
_SMALLEST = 0.01  # [m²] a thick piece of cloth; buttons and straps are solid, not thick
_NARROWEST = 0.06  # [m] a strap is solid too
_OPENING = 0.15  # [m] girth of a hole in cloth; a joined shell has none


@dataclass(frozen=True)
class Shells:
    """Where cloth is thick.

    Attributes:
        inner: bool [F] faces of the inner shell.
        thickness: Mean distance between the shells [m]; 0 when the cloth has one layer.
        pairs: Number of pieces with a rim plus pairs of pieces that are each other's shell.
    """

    inner: NDArray[np.bool_]
    thickness: float
    pairs: int


@dataclass(frozen=True)
class _Cloth:
    points: Points
    faces: NDArray[np.int64]
    centers: Points
    normals: Points
    areas: Points


def lining_depth(mesh: GarmentMesh) -> float:
    """Return how far the inner shell of thick cloth lies under the outer one [m]; 0 without one."""
    inner = inner_points(mesh)
    if not inner.any():
        return 0.0
    return float(np.median(Surface(mesh.points, outer_faces(mesh)).closest(mesh.points[inner]).distances))


def inner_followed(mesh: GarmentMesh, points: Points) -> Points:
    """Return moved points [V, 3] whose inner shell lies under the outer one as it does in the mesh.

    Args:
        mesh: The garment before it moved.
        points: Its points now [V, 3] [m]; those of the inner shell alone are placed anew.
    """
    inner = inner_points(mesh)
    if not inner.any():
        return points
    outer = outer_faces(mesh)
    hung = bind(mesh.points[inner], mesh.points, outer)
    followed = points.copy()
    followed[inner] = unbind(hung, points.astype(np.float32), outer)
    return followed


def find_shells(points: Points, faces: NDArray[np.int64], piece: NDArray[np.integer]) -> Shells:
    """Find inner shells.

    Args:
        points: [V, 3] [m].
        faces: [F, 3], wound outward.
        piece: [F] the connected piece of each face.
    """
    cloth = _Cloth(
        points,
        faces,
        points[faces].mean(axis=1),
        face_normals(points, faces).astype(np.float64),
        face_areas(points, faces),
    )
    inner = np.zeros(len(faces), bool)
    found: list[tuple[float, float]] = []  # thickness and surface of each
    large = [rows for _, rows in pieces_of(piece) if cloth.areas[rows].sum() >= _SMALLEST and _is_wide(cloth, rows)]
    joined = []
    for rows in large:
        gap = _behind(cloth, rows)
        if gap is not None:
            inner[rows] = _inner_side(cloth, rows, gap)
            found.append((_mean(cloth, rows, gap), float(cloth.areas[rows].sum())))
            joined.append(rows[0])
    single = [rows for rows in large if rows[0] not in joined]
    for outer, lining, gap_mm in _separate_pairs(cloth, single):
        inner[lining] = True
        found.append((gap_mm, float(cloth.areas[outer].sum())))
    weights = sum(area for _, area in found)
    thickness = sum(gap * area for gap, area in found) / weights if weights else 0.0
    return Shells(inner, thickness, len(found))


def _is_wide(cloth: _Cloth, rows: NDArray[np.int64]) -> bool:
    """Say whether a piece is a sheet rather than a band or a cord."""
    points = cloth.points[cloth.faces[rows]].reshape(-1, 3)
    points = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(points.T @ points)
    return bool(np.sort(np.ptp(points @ axes, axis=0))[1] >= _NARROWEST)


def _behind(cloth: _Cloth, rows: NDArray[np.int64]) -> Points | None:
    """Return how far behind each face of a piece its other shell lies (NaN: none), or None when it has only one."""
    used, local = np.unique(cloth.faces[rows], return_inverse=True)
    own_faces = local.reshape(-1, 3)
    if _openings(own_faces, cloth.points[used]):
        return None
    surface = Surface(cloth.points[used], own_faces, sign="normal")
    return _gaps(cloth, rows, surface, -1.0)


def _gaps(cloth: _Cloth, rows: NDArray[np.int64], surface: Surface, facing: float) -> Points | None:
    """Return distances to faces that look the same way (1) or the opposite way (-1); None when they are no shell."""
    centers, normals = cloth.centers[rows], cloth.normals[rows]
    hit = surface.closest_facing(centers, facing * normals, cosine=_STRAIGHT, reach=_THICKEST)
    way = hit.points - centers
    along = np.einsum("ij,ij->i", way, normals)
    distance = np.linalg.norm(way, axis=1)
    straight = np.abs(along) if facing > 0 else -along  # the other side of one piece lies behind
    good = (hit.triangles >= 0) & (distance > _THINNEST) & (straight >= _STRAIGHT * distance)
    areas = cloth.areas[rows]
    if areas[good].sum() < _PARTNERED * areas.sum():
        return None
    low, middle, high = np.quantile(distance[good], (0.25, 0.5, 0.75))
    if high - low > _SPREAD * middle:
        return None
    # a crumple that comes close to itself is no shell: keep what is near the usual distance
    return np.where(good & (distance < 2.5 * middle), np.copysign(distance, along), np.nan)


def _mean(cloth: _Cloth, rows: NDArray[np.int64], gap: Points) -> float:
    known = np.isfinite(gap)
    return float(np.average(np.abs(gap[known]), weights=cloth.areas[rows][known]))


def _inner_side(cloth: _Cloth, rows: NDArray[np.int64], gap: Points) -> NDArray[np.bool_]:
    """Say which faces of a closed piece look at the body, bool [len(rows)].

    The rim parts the shells. Around whatever they enclose, the outer one looks away from the middle on the whole and
    the inner one towards it.
    """
    faces = cloth.faces[rows]
    shell = np.flatnonzero(np.isfinite(gap))
    found = edges(faces)
    order = np.argsort(found.face_edges.reshape(-1), kind="stable")
    starts = np.concatenate([[0], np.cumsum(found.face_counts)])[:-1]
    plain = np.flatnonzero(found.face_counts == 2)
    f, g = order[starts[plain]] // 3, order[starts[plain] + 1] // 3
    normals, areas = cloth.normals[rows], cloth.areas[rows]
    smooth = np.einsum("ij,ij->i", normals[f], normals[g]) > _SMOOTH
    side = _sides(f[smooth], g[smooth], len(rows))
    if np.bincount(side, weights=areas).max() > _MOSTLY * areas.sum():  # a rounded rim joins the shells
        known = smooth & np.isfinite(gap[f]) & np.isfinite(gap[g])
        side = _sides(f[known], g[known], len(rows))
    centers = cloth.centers[rows]
    middle = np.average(centers, axis=0, weights=areas)
    arms = centers - middle
    if _openings(faces[side == np.bincount(side, weights=areas).argmax()], cloth.points) > 1:
        arms[:, 2] = 0.0  # a tube says nothing along its own way; a hat does
    away = areas * np.einsum("ij,ij->i", arms, normals)
    # every face also speaks for the side behind it, so that both shells decide together
    behind = np.full(len(rows), -1)
    surface = Surface(cloth.points, faces, sign="normal")
    behind[shell] = surface.closest(centers[shell] + normals[shell] * gap[shell, None]).triangles
    votes = np.bincount(side[shell], weights=away[shell], minlength=side.max() + 1)
    votes -= np.bincount(side[behind[shell]], weights=away[shell], minlength=side.max() + 1)
    return np.asarray(votes[side] < 0)


def _sides(f: NDArray[np.int64], g: NDArray[np.int64], count: int) -> NDArray[np.int32]:
    """Return a number for each of `count` faces, the same for those that the pairs f, g connect."""
    graph = sparse.coo_matrix((np.ones(len(f)), (f, g)), shape=(count, count))
    return np.asarray(sparse.csgraph.connected_components(graph, directed=False)[1], np.int32)


def _separate_pairs(
    cloth: _Cloth, pieces: list[NDArray[np.int64]]
) -> list[tuple[NDArray[np.int64], NDArray[np.int64], float]]:
    """Return (outer piece, inner piece, distance [m]) of pieces that follow each other all over."""
    found = []
    free = list(range(len(pieces)))
    for i in range(len(pieces)):
        for j in range(i):
            if i not in free or j not in free or not _same_place(cloth, pieces[i], pieces[j]):
                continue
            one, other = (Surface(cloth.points, cloth.faces[pieces[k]], sign="normal") for k in (i, j))
            there, back = _gaps(cloth, pieces[i], other, 1.0), _gaps(cloth, pieces[j], one, 1.0)
            if there is None or back is None:
                continue
            free.remove(i)
            free.remove(j)
            inward = float(np.nansum(np.sign(there) * cloth.areas[pieces[i]])) > 0  # the other lies outside
            outer, lining = (pieces[j], pieces[i]) if inward else (pieces[i], pieces[j])
            found.append((outer, lining, _mean(cloth, pieces[i], there)))
    return found


def _same_place(cloth: _Cloth, a: NDArray[np.int64], b: NDArray[np.int64]) -> bool:
    """Say whether two pieces' boxes agree but for the thickness of cloth."""
    corners = [cloth.points[cloth.faces[rows]].reshape(-1, 3) for rows in (a, b)]
    boxes = [(each.min(axis=0), each.max(axis=0)) for each in corners]
    return bool(np.abs(np.array(boxes[0]) - np.array(boxes[1])).max() < 2.5 * _THICKEST)


def _openings(faces: NDArray[np.int64], points: Points) -> int:
    return sum(ring_length(points[loop]) > _OPENING for loop in boundary_loops(faces))
