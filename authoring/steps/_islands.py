"""What an artist's UV set tells: how it is laid out, and where its islands end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from dressform.runtime.geometry.adjacency import Edges
from dressform.runtime.geometry.uv_measures import overlapping_triangles

from ._panels import face_pairs

Points = NDArray[np.float64]
Faces = NDArray[np.int64]

_SAME = 1e-6  # of the layout's extent: corners nearer than this are one UV point, whatever their numbers
_UNITS = (1.0, 0.1, 0.01, 0.001, 0.0254)  # [m] that tools which cut patterns lay panels out in
_UNIT_ERROR = 0.15
_SCALE_SPREAD = 1.35  # between panels laid out at one scale
_FILLS = 0.85  # of the unit square's side: an island this long has a square to itself


@dataclass(frozen=True)
class Islands:
    """The islands of a UV set.

    Attributes:
        seams: bool [E] edges across which the UVs do not run on.
        label: int64 [F] the island of each face, numbered from 0.
        count: Number of islands.
    """

    seams: NDArray[np.bool_]
    label: NDArray[np.int64]
    count: int


def find_islands(faces: Faces, found: Edges, uv: Points, uv_faces: Faces) -> Islands:
    """Find where a UV set is cut: by coordinates, since files often give every corner a UV point of its own."""
    inner, f, g = face_pairs(found)
    extent = float(np.ptp(uv, axis=0).max()) if len(uv) else 1.0
    seams = np.ones(len(found.vertices), bool)
    same = np.ones(len(inner), bool)
    for k in range(2):
        point = found.vertices[inner, k]
        same &= np.abs(_at(faces, uv, uv_faces, f, point) - _at(faces, uv, uv_faces, g, point)).max(axis=1) <= (
            _SAME * extent
        )
    seams[inner] = ~same
    links = sparse.coo_matrix((np.ones(int(same.sum()), np.int8), (f[same], g[same])), shape=(len(faces),) * 2)
    count, label = connected_components(links, directed=False)
    return Islands(seams, label.astype(np.int64), int(count))


def _at(faces: Faces, uv: Points, uv_faces: Faces, face: Faces, point: NDArray[np.integer]) -> Points:
    """Return the UV [K, 2] that each face [K] has at one of its points [K]."""
    corner = np.argmax(faces[face] == point[:, None], axis=1)
    return np.asarray(uv[uv_faces[face, corner]], np.float64)


def layout_kind(points: Points, faces: Faces, uv: NDArray[np.float32], uv_faces: Faces, islands: Islands) -> str:
    """Say how a UV set is laid out.

    Returns:
        "atlas": in the unit square, no two islands on the same place;
        "panels_metric": at one scale in mm, cm, inch, dm or m, beyond the unit square;
        "udim": each island within a tile, several tiles used;
        "per_panel": each island fills the unit square by itself, one over the other;
        "stacked": in the unit square, islands share texels (mirrored or repeated parts);
        "tiled": beyond the unit square, for a texture that repeats.
    """
    corners = uv[uv_faces].astype(np.float64)
    low, high = (np.full((islands.count, 2), s) for s in (np.inf, -np.inf))
    np.minimum.at(low, islands.label, corners.min(axis=1))
    np.maximum.at(high, islands.label, corners.max(axis=1))
    within = bool((low >= -1e-4).all() and (high <= 1 + 1e-4).all())
    pairs = overlapping_triangles(uv, uv_faces.astype(np.int32))
    crossing = islands.label[pairs[:, 0]] != islands.label[pairs[:, 1]]
    shared = len(np.unique(pairs[crossing])) > 0.02 * len(faces)
    if within and shared:
        full = ((high - low).max(axis=1) > _FILLS).mean()
        return "per_panel" if islands.count > 1 and full > 0.5 else "stacked"
    if within:
        return "atlas"
    tile = np.floor((low + high) / 2)
    in_tile = ((low >= tile - 1e-4) & (high <= tile + 1 + 1e-4)).all()
    if in_tile and (tile >= 0).all() and (tile[:, 0] < 10).all() and len(np.unique(tile, axis=0)) > 1:
        return "udim"
    return "panels_metric" if not shared and _is_metric(points, faces, corners, islands) else "tiled"


def _is_metric(points: Points, faces: Faces, corners: Points, islands: Islands) -> bool:
    """Say whether all islands have one scale, and that a unit of length."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    surface = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    p, q, r = (corners[:, k] for k in range(3))
    flat = np.abs((q - p)[:, 0] * (r - p)[:, 1] - (q - p)[:, 1] * (r - p)[:, 0])
    areas = np.bincount(islands.label, surface, islands.count), np.bincount(islands.label, flat, islands.count)
    large = areas[0] > 0.01 * areas[0].sum()
    if not large.any() or (areas[1][large] <= 0).any():
        return False
    scale = np.sqrt(areas[0][large] / areas[1][large])
    mean = float(np.sqrt(areas[0].sum() / areas[1].sum()))
    one_scale = bool(scale.max() / scale.min() < _SCALE_SPREAD)
    return one_scale and any(abs(mean / unit - 1) < _UNIT_ERROR for unit in _UNITS)


def without_slits(found: Edges, cut: NDArray[np.bool_], border: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Close cuts that end inside the cloth: they part nothing.

    Args:
        found: Edges of the faces.
        cut: bool [E].
        border: bool [V] points on the surface's border.
    """
    kept: NDArray[np.bool_] = cut & (found.face_counts == 2)
    while True:
        ends = found.vertices[kept]
        degree = np.bincount(ends.reshape(-1), minlength=len(border)) + np.where(border, 2, 0)
        loose = (degree[ends] == 1).any(axis=1)
        if not loose.any():
            return kept
        kept[np.flatnonzero(kept)[loose]] = False
