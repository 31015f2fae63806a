"""One chart flat on the table: conformal at first, then as near to true size as the cloth allows, never folded."""

from __future__ import annotations

import igl
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from dressform.runtime.geometry.adjacency import boundary_loops

Points = NDArray[np.float64]
Faces = NDArray[np.int64]

_ITERATIONS = 15
_WRAPS = 0.45  # a mean normal shorter than this belongs to cloth that goes around something
_LEVEL = 0.9  # and one nearer to the vertical than this to cloth that lies level


def flatten(points: Points, faces: Faces, up: Points) -> Points:
    """Lay a disk out in its plane, true to size and with `up` pointing to +v.

    Args:
        points: [V, 3] [m], every one used.
        faces: [F, 3], a disk.
        up: Direction [3] in space that becomes +v on average.

    Returns:
        Coordinates [V, 2] [m]; no triangle is mirrored.
    """
    start = _conformal(points, faces)
    if start is None or signed_areas(start, faces).min() <= 0:
        start = _tutte(points, faces)
    flat = _isometric(points, faces, start)
    return _upright(points, faces, flat, up)


def signed_areas(flat: Points, faces: Faces) -> Points:
    """Return signed triangle areas [F]."""
    a, b, c = (flat[faces[:, k]] for k in range(3))
    return np.asarray(0.5 * ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]))


def stretches(points: Points, faces: Faces, flat: Points) -> tuple[Points, Points]:
    """Return the larger and smaller singular value of the map surface → plane, each [F]."""
    first, second = points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]]
    length = np.maximum(np.linalg.norm(first, axis=1), 1e-30)
    double_area = np.maximum(np.linalg.norm(np.cross(first, second), axis=1), 1e-30)
    along = np.einsum("ij,ij->i", first, second) / length
    du, dv = flat[faces[:, 1]] - flat[faces[:, 0]], flat[faces[:, 2]] - flat[faces[:, 0]]
    x = du / length[:, None]
    y = (dv - x * along[:, None]) / (double_area / length)[:, None]
    total = (x**2 + y**2).sum(axis=1)
    area = x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0]
    plus, minus = np.sqrt(np.maximum(total + 2 * area, 0)), np.sqrt(np.maximum(total - 2 * area, 0))
    return (plus + minus) / 2, np.abs(plus - minus) / 2


def _conformal(points: Points, faces: Faces) -> Points | None:
    """Flatten by least-squares conformal maps, at true total area; None when the solve breaks down."""
    border = boundary_loops(faces)[0]
    far = border[np.argmax(np.linalg.norm(points[border] - points[border[0]], axis=1))]
    pins = np.array([border[0], far], np.int64)
    length = float(np.linalg.norm(points[far] - points[border[0]]))
    flat, _ = igl.lscm(
        np.ascontiguousarray(points), np.ascontiguousarray(faces), pins, np.array([[0.0, 0.0], [length, 0.0]])
    )
    flat = np.asarray(flat, np.float64)
    area = float(signed_areas(flat, faces).sum())
    if not np.isfinite(flat).all() or abs(area) < 1e-12:
        return None
    if area < 0:
        flat = flat * (-1.0, 1.0)
    return np.asarray(flat * np.sqrt(_area(points, faces) / abs(area)), np.float64)


def _area(points: Points, faces: Faces) -> float:
    a, b, c = (points[faces[:, k]] for k in range(3))
    return 0.5 * float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum())


def _tutte(points: Points, faces: Faces) -> Points:
    """Embed a disk in a circle: never folded, whatever the triangles are."""
    loop = boundary_loops(faces)[0]
    ring = points[loop]
    steps = np.linalg.norm(np.roll(ring, -1, axis=0) - ring, axis=1)
    angle = 2 * np.pi * np.concatenate([[0], np.cumsum(steps)[:-1]]) / steps.sum()
    radius = np.sqrt(_area(points, faces) / np.pi)
    flat = np.zeros((len(points), 2))
    flat[loop] = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    weights = sparse.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(len(points),) * 2)
    laplacian = sparse.csr_matrix(sparse.diags(np.asarray(weights.sum(axis=1)).ravel()) - weights)
    inner = np.setdiff1d(np.arange(len(points)), loop)
    if len(inner):
        right = np.asarray(-(laplacian[inner][:, loop] @ flat[loop]), np.float64)
        flat[inner] = splu(laplacian[inner][:, inner].tocsc()).solve(right)
    return flat if signed_areas(flat, faces).sum() > 0 else flat * (-1.0, 1.0)


def _isometric(points: Points, faces: Faces, start: Points) -> Points:
    """Bring a fold-free layout nearer to true lengths; libigl's SLIM keeps it free of folds."""
    flat = start
    data = igl.slim_precompute(
        np.asfortranarray(points),
        np.asfortranarray(faces, dtype=np.int32),
        np.asfortranarray(flat),
        igl.SYMMETRIC_DIRICHLET,
        np.zeros(0, np.int32),
        np.asfortranarray(np.zeros((0, 2))),
        0.0,
    )
    flat = np.asarray(igl.slim_solve(data, _ITERATIONS), np.float64)[:, :2]
    return flat if np.isfinite(flat).all() and signed_areas(flat, faces).min() > 0 else start


def chart_up(points: Points, faces: Faces) -> Points:
    """Return the direction [3] that points up along a chart's cloth.

    That is up; along a sleeve or another tube its axis, towards the body; on cloth that lies level, the back.
    """
    normal = np.cross(points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]])
    mean = normal.sum(axis=0) / max(float(np.linalg.norm(normal, axis=1).sum()), 1e-30)
    if np.linalg.norm(mean) < _WRAPS:
        center = points.mean(axis=0)
        axis = np.linalg.svd(points - center, full_matrices=False)[2][0]
        inward = np.array([-np.sign(center[0]) * 0.7, 0.0, 1.0])
        return np.asarray(axis if axis @ inward >= 0 else -axis)
    return np.array([0.0, 1.0, 0.0] if abs(mean[2]) > _LEVEL * np.linalg.norm(mean) else [0.0, 0.0, 1.0])


def rise(points: Points, faces: Faces, flat: Points, up: Points) -> Points:
    """Return the mean direction [2], not of unit length, in which a layout leads along `up`."""
    first, second = points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]]
    normal = np.cross(first, second)
    double_area = np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
    tangent = up - (normal / double_area) * ((normal / double_area) @ up)[:, None]
    # solve tangent = s * first + t * second in the triangle's plane
    a, b, c = ((first * first).sum(1), (first * second).sum(1), (second * second).sum(1))
    p, q = (first * tangent).sum(1), (second * tangent).sum(1)
    det = np.maximum(a * c - b * b, 1e-30)
    s, t = (c * p - b * q) / det, (a * q - b * p) / det
    du, dv = flat[faces[:, 1]] - flat[faces[:, 0]], flat[faces[:, 2]] - flat[faces[:, 0]]
    return np.asarray(((du * s[:, None] + dv * t[:, None]) * double_area).sum(axis=0))


def _upright(points: Points, faces: Faces, flat: Points, up: Points) -> Points:
    """Turn the layout so that what points up in space points to +v."""
    mean = rise(points, faces, flat, up)
    if np.linalg.norm(mean) < 1e-12:
        return flat
    vx, vy = mean / np.linalg.norm(mean)
    return np.asarray(flat @ np.array([[vy, vx], [-vx, vy]]), np.float64)
