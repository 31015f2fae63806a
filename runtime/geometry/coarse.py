"""Meshes of fewer triangles that lie within a tolerance of what they were made from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .collapse import Collapser, Limits, Wedges
from .distance import Surface
from .normals import face_areas

_STEP = 0.8  # of the triangles are left from one try to the next
_MOST = 0.99  # share of the points that must lie within the tolerance
_FARTHEST = 3.0  # times the tolerance that the others may lie away
_FEWEST = 64  # triangles worth trying to do without


class CoarseFaces(NamedTuple):
    """Fewer triangles over the same points and UVs.

    Attributes:
        faces: int32 [F, 3] into the points.
        uv_faces: int32 [F, 3] into the UVs.
    """

    faces: NDArray[np.int32]
    uv_faces: NDArray[np.int32]


def coarse_faces(
    points: NDArray[np.floating],
    faces: NDArray[np.integer],
    uv: NDArray[np.floating],
    uv_faces: NDArray[np.integer],
    tolerance: float,
) -> CoarseFaces:
    """Return as few triangles as lie near enough to the mesh: of a hundred of its points, 99 within the tolerance.

    Args:
        points: [V, 3] [m].
        faces: [F, 3].
        uv: [N, 2].
        uv_faces: [F, 3] into `uv`; seams stay seams.
        tolerance: Distance [m]; no point is further off than three times that.
    """
    corners = np.column_stack([faces.reshape(-1), uv_faces.reshape(-1)]).astype(np.int64)
    rows, inverse = np.unique(corners, axis=0, return_inverse=True)
    flat = np.column_stack([uv, np.zeros(len(uv))])
    covered = max(float(face_areas(flat, uv_faces).sum()), 1e-12)
    scale = float(np.sqrt(face_areas(points, faces).sum() / covered))  # metres per UV unit
    wedges = Wedges(
        np.asarray(points, np.float64),
        inverse.reshape(-1, 3).astype(np.int64),
        rows[:, 0].copy(),
        [scale * uv.astype(np.float64)[rows[:, 1]]],
        np.zeros(len(faces), np.int64),
    )
    collapser = Collapser(wedges, Limits(line=tolerance))
    used = np.asarray(points[np.unique(faces)], np.float32)
    best = CoarseFaces(np.asarray(faces, np.int32), np.asarray(uv_faces, np.int32))
    while len(best.faces) > _FEWEST:
        collapser.until(int(_STEP * len(best.faces)))
        found = rows[wedges.corners]
        tried = CoarseFaces(found[..., 0].astype(np.int32), found[..., 1].astype(np.int32))
        if len(tried.faces) >= len(best.faces):
            break
        off = Surface(np.asarray(points, np.float32), tried.faces, sign="normal").closest(used).distances
        if float(np.quantile(off, _MOST)) > tolerance or float(off.max()) > _FARTHEST * tolerance:
            break
        best = tried
    return best
