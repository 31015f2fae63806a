"""One panel cut into even triangles whose border points are given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from ._delaunay import Faces, Points, areas, corner_angles, triangles_inside
from ._outline import inside, outline_distances

_MARGIN = 0.55  # inner points keep this part of the edge length away from the border
_LEAST_MARGIN = 0.4  # the same while they are moved
_SMOOTHINGS = 10
_APART = 0.6  # points added across narrow places keep this part of the edge length apart
_LEAST_ANGLE = np.radians(12)  # an edge is turned only where both new triangles keep this angle


def triangulate(border: Points, edge_length: float) -> tuple[Points, Faces]:
    """Cut a panel into triangles.

    No inner edge joins two border points, so a narrow band gets two rows, and panels that share two points along
    seams never share an edge between them by chance.

    Args:
        border: float64 [B, 2] points around the panel, counter-clockwise, about `edge_length` apart [m].
        edge_length: Wanted length of edges [m].

    Returns:
        Points float64 [N, 2], the border first, and triangles int64 [F, 3] counter-clockwise.
    """
    count = len(border)
    points = np.concatenate([border, _lattice(border, edge_length)])
    points, faces = _relaxed(points, count, edge_length)
    for _ in range(4):
        added = _across(points, faces, count, _APART * edge_length)
        if not len(added):
            break
        points, faces = _relaxed(np.concatenate([points, added]), count, edge_length)
    points, faces = _parted(points, faces, count)
    return _smoothed(points, faces, count), faces


def _lattice(border: Points, edge_length: float) -> Points:
    """Return points of a hexagonal lattice inside, centred on the panel so that its mirror image gets the mirrored."""
    low, high = border.min(axis=0), border.max(axis=0)
    centre = (low + high) / 2
    step = np.array([edge_length, edge_length * np.sqrt(3) / 2])
    reach = np.ceil((high - low) / 2 / step).astype(int) + 1
    columns, rows = np.meshgrid(np.arange(-reach[0], reach[0] + 1), np.arange(-reach[1], reach[1] + 1))
    shifted = np.stack([columns + 0.5 * (rows % 2), rows], axis=-1).reshape(-1, 2)
    points = centre + shifted * step
    points = points[inside(points, border)]
    return np.asarray(points[outline_distances(points, border) >= _MARGIN * edge_length])


def _relaxed(points: Points, count: int, edge_length: float) -> tuple[Points, Faces]:
    """Move each inner point to the middle of its triangles, and cut anew, some times."""
    faces = triangles_inside(points, count)
    for _ in range(_SMOOTHINGS):
        moved = _centred(points, faces, count)
        keep = _clear(moved[count:], points[:count], edge_length)
        points = np.concatenate([points[:count], np.where(keep[:, None], moved[count:], points[count:])])
        faces = triangles_inside(points, count)
    return points, faces


def _clear(points: Points, border: Points, edge_length: float) -> NDArray[np.bool_]:
    """Say which points [N, 2] keep off the border."""
    clear = np.asarray(cKDTree(border).query(points)[0] > 1.5 * edge_length)
    clear[~clear] = outline_distances(points[~clear], border) >= _LEAST_MARGIN * edge_length
    return clear


def _centred(points: Points, faces: Faces, count: int) -> Points:
    """Return all points with the inner ones at the mean of the centres of their triangles, weighted by area."""
    area = areas(points, faces)
    rows, columns = faces.reshape(-1), np.repeat(np.arange(len(faces)), 3)
    gather = sparse.csr_matrix((np.repeat(area, 3), (rows, columns)), shape=(len(points), len(faces)))
    weight = np.asarray(gather.sum(axis=1)).reshape(-1, 1)
    moved = np.asarray(gather @ points[faces].mean(axis=1)) / np.maximum(weight, 1e-30)
    moved[:count] = points[:count]
    return np.asarray(np.where(weight > 0, moved, points))


def _bridges(faces: Faces, count: int) -> NDArray[np.int64]:
    """Return the inner edges that join two border points, [E, 2], smaller number first, sorted."""
    pairs = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1).reshape(-1, 2), axis=1)
    pairs, uses = np.unique(pairs, axis=0, return_counts=True)
    return np.asarray(pairs[(uses == 2) & (pairs < count).all(axis=1)])


def _across(points: Points, faces: Faces, count: int, apart: float) -> Points:
    """Return the middles of edges that bridge a narrow place, the shortest first, none too near to another point."""
    pairs = _bridges(faces, count)
    order = np.argsort(np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1), kind="stable")
    taken = list(points[count:])
    added: list[Points] = []
    for middle in points[pairs[order]].mean(axis=1):
        if not taken or np.linalg.norm(np.asarray(taken) - middle, axis=1).min() >= apart:
            taken.append(middle)
            added.append(middle)
    return np.array(added).reshape(-1, 2)


def _parted(points: Points, faces: Faces, count: int) -> tuple[Points, Faces]:
    """Turn every edge that still joins two border points the other way, or split it in the middle."""
    while len(pairs := _bridges(faces, count)):
        start, end = pairs[0]
        own = np.flatnonzero((faces == start).any(axis=1) & (faces == end).any(axis=1))
        opposite = [int(next(k for k in faces[f] if k not in (start, end))) for f in own]
        first, second = faces[own[0]].tolist(), opposite[1]
        at = first.index(opposite[0])
        apex, a, b = first[at], first[(at + 1) % 3], first[(at + 2) % 3]  # a → b is the edge, second lies beyond
        turned = np.array([[apex, a, second], [second, b, apex]])
        useful = max(apex, second) >= count and corner_angles(points, turned).min() > _LEAST_ANGLE
        if useful:
            faces[own] = turned
            continue
        middle = len(points)
        points = np.concatenate([points, points[[a, b]].mean(axis=0)[None]])
        faces[own] = [[apex, a, middle], [second, b, middle]]
        faces = np.concatenate([faces, [[apex, middle, b], [second, middle, a]]])
    return points, faces


def _smoothed(points: Points, faces: Faces, count: int) -> Points:
    """Move inner points to the middle of their triangles as far as no triangle gets worse than the worst around."""
    for _ in range(4):
        moved = _centred(points, faces, count)
        before, after = (corner_angles(p, faces).min(axis=1) for p in (points, moved))
        worse = np.unique(faces[(after < before) & (after < np.radians(30))])
        moved[worse] = points[worse]
        if corner_angles(moved, faces).min() <= 0:
            break
        points = moved
    return points
