"""How good an unwrap is: flips, overlaps, stretch, density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import warp as wp
from numpy.typing import NDArray

from ._kernels import cover_texels_kernel

_NOTHING = 2**31 - 1


@dataclass(frozen=True)
class UvMeasures:
    """Measures of one UV set over a mesh.

    Attributes:
        flipped: bool [F] triangles whose UV winding is reversed.
        collapsed: bool [F] triangles without UV area although they have surface.
        anisotropy: float64 [F] larger over smaller singular value of surface → UV; NaN where there is no surface.
        anisotropy_mean: Surface-weighted mean of it over the triangles that are not collapsed.
        overlapping: int32 [P, 2] pairs of triangles that cover the same texel, each once.
        utilisation: UV area over the unit square.
        meters_per_uv: Length on the surface of one UV unit, from the areas [m].
        charts: Number of connected charts.
    """

    flipped: NDArray[np.bool_]
    collapsed: NDArray[np.bool_]
    anisotropy: NDArray[np.float64]
    anisotropy_mean: float
    overlapping: NDArray[np.int32]
    utilisation: float
    meters_per_uv: float
    charts: int


def overlapping_triangles(
    uv: NDArray[np.float32], uv_faces: NDArray[np.int32], resolution: int = 2048
) -> NDArray[np.int32]:
    """Return pairs of triangles that share a texel's centre, int32 [P, 2]; coordinates are taken as in [0, 1].

    Args:
        uv: float32 [N, 2].
        uv_faces: int32 [F, 3].
        resolution: Texels along a side of the unit square; overlaps smaller than a texel can go unseen.
    """
    lowest = wp.full((resolution, resolution), _NOTHING, dtype=wp.int32, device="cpu")
    highest = wp.full((resolution, resolution), -1, dtype=wp.int32, device="cpu")
    wp.launch(
        cover_texels_kernel,
        dim=len(uv_faces),
        inputs=[
            wp.array(np.ascontiguousarray(uv, np.float32), dtype=wp.vec2, device="cpu"),
            wp.array(np.ascontiguousarray(uv_faces, np.int32), dtype=wp.int32, device="cpu"),
            resolution,
        ],
        outputs=[lowest, highest],
        device="cpu",
    )
    low, high = lowest.numpy(), highest.numpy()
    several = (high >= 0) & (low != high)
    # one number a pair: sorting rows takes twenty times as long, and mirrored halves overlap in every texel
    codes = np.unique(low[several].astype(np.int64) * len(uv_faces) + high[several])
    return np.stack(np.divmod(codes, max(len(uv_faces), 1)), axis=1).astype(np.int32).reshape(-1, 2)


def uv_charts(uv_faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the chart of every triangle, int32 [F], numbered from 0 (triangles that share a UV vertex)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = int(uv_faces.max()) + 1 if len(uv_faces) else 0
    ends = np.concatenate([uv_faces[:, [0, 1]], uv_faces[:, [1, 2]]])
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    _, charts = np.unique(labels[uv_faces[:, 0]], return_inverse=True)
    return charts.astype(np.int32)


def uv_measures(
    points: NDArray[np.float32],
    faces: NDArray[np.int32],
    uv: NDArray[np.float32],
    uv_faces: NDArray[np.int32],
    resolution: int = 2048,
) -> UvMeasures:
    """Measure one UV set.

    Args:
        points: float32 [V, 3] surface [m].
        faces: int32 [F, 3] into `points`.
        uv: float32 [N, 2].
        uv_faces: int32 [F, 3] into `uv`.
        resolution: Texels along a side for the overlap test.
    """
    corners = points[faces].astype(np.float64)
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal = np.cross(first, second)
    double_area = np.linalg.norm(normal, axis=1)
    length = np.linalg.norm(first, axis=1)
    has_surface = (double_area > 1e-14) & (length > 0)
    along = first / np.where(length > 0, length, 1)[:, None]
    across = np.cross(normal / np.where(double_area > 0, double_area, 1)[:, None], along)
    surface = np.zeros((len(faces), 2, 2))  # columns: the two edges in the triangle's own plane
    surface[:, 0, 0] = length
    surface[:, 0, 1] = np.einsum("ij,ij->i", second, along)
    surface[:, 1, 1] = np.einsum("ij,ij->i", second, across)
    surface[~has_surface] = np.eye(2)
    texture_corners = uv[uv_faces].astype(np.float64)
    texture = np.stack(
        [texture_corners[:, 1] - texture_corners[:, 0], texture_corners[:, 2] - texture_corners[:, 0]], axis=2
    )
    double_uv_area = np.linalg.det(texture)
    singular = np.linalg.svd(texture @ np.linalg.inv(surface), compute_uv=False)
    collapsed = has_surface & (np.abs(double_uv_area) < 1e-14)
    usable = has_surface & ~collapsed
    anisotropy = np.where(usable, singular[:, 0] / np.maximum(singular[:, 1], 1e-12), np.nan)
    weights = double_area[usable]
    uv_area = float(np.abs(double_uv_area).sum() / 2)
    return UvMeasures(
        flipped=usable & (double_uv_area < 0),
        collapsed=collapsed,
        anisotropy=anisotropy,
        anisotropy_mean=float((anisotropy[usable] * weights).sum() / weights.sum()) if usable.any() else float("nan"),
        overlapping=overlapping_triangles(uv, uv_faces, resolution),
        utilisation=uv_area,
        meters_per_uv=float(np.sqrt(double_area.sum() / 2 / uv_area)) if uv_area > 0 else float("nan"),
        charts=int(uv_charts(uv_faces).max()) + 1 if len(uv_faces) else 0,
    )
