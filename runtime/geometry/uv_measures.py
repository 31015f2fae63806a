"""How good an unwrap is: flips, overlaps, stretch, density, gutter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import warp as wp
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ._kernels import gutter_kernel, overlap_kernel
from .adjacency import edges

TOUCH = 1e-7  # [UV units] how far rounding to float32, in files and in 1 - v, moves a line that triangles share
_PARTNERS = 8  # overlaps named for one triangle: UVs of no size at all would name every pair


@dataclass(frozen=True)
class UvMeasures:
    """Measures of one UV set over a mesh.

    Stretch is that of Sander et al. 2001 (Texture Mapping Progressive Meshes), of the map UV → surface at equal total
    area: 1 is an isometry.

    Attributes:
        flipped: bool [F] triangles whose UV winding is reversed.
        collapsed: bool [F] triangles without UV area although they have surface.
        anisotropy: float64 [F] larger over smaller singular value of surface → UV; NaN where there is no surface.
        anisotropy_mean: Surface-weighted mean of it over the triangles that are not collapsed.
        anisotropy_p95: Value that 95 % of the surface does not exceed.
        stretch_l2: Root mean square stretch.
        stretch_linf: The largest stretch anywhere.
        area_ratio: float64 [F] UV area over surface, relative to the mean; NaN where there is no surface.
        area_spread: Ratio of the 95th to the 5th percentile (by surface) of `area_ratio`; 1 is one texel density.
        overlapping: int32 [P, 2] pairs of triangles whose insides meet, smaller number first (see `overlaps`).
        utilisation: UV area over the unit square.
        meters_per_uv: Length on the surface of one UV unit, from the areas [m].
        charts: Number of connected charts.
    """

    flipped: NDArray[np.bool_]
    collapsed: NDArray[np.bool_]
    anisotropy: NDArray[np.float64]
    anisotropy_mean: float
    anisotropy_p95: float
    stretch_l2: float
    stretch_linf: float
    area_ratio: NDArray[np.float64]
    area_spread: float
    overlapping: NDArray[np.int32]
    utilisation: float
    meters_per_uv: float
    charts: int


@dataclass(frozen=True)
class ChartGaps:
    """How far the borders of charts lie from other charts.

    Attributes:
        triangles: int32 [E] the triangle at each border edge.
        distances: float64 [E] to the nearest border edge of another chart [UV units]; the smallest is exact, one that
            is far larger may be given as 1e30.
    """

    triangles: NDArray[np.int32]
    distances: NDArray[np.float64]


def overlapping_triangles(
    uv: NDArray[np.float32], uv_faces: NDArray[np.int32], touch: float = TOUCH
) -> NDArray[np.int32]:
    """Return pairs of triangles whose insides meet, int32 [P, 2], smaller number first, ascending.

    Every pair is tested, without a raster: two triangles are apart when the line along some edge of one has the other
    on its outer side. A triangle names at most eight partners of a higher number.

    Args:
        uv: float32 [N, 2], anywhere in the plane.
        uv_faces: int32 [F, 3]; triangles without area meet nothing.
        touch: Depth up to which triangles only touch [UV units]; 0 for the arithmetic's own sharpness.
    """
    if not len(uv_faces):
        return np.zeros((0, 2), np.int32)
    bvh, lows, highs = _boxes(uv, uv_faces)
    partners = wp.full((len(uv_faces), _PARTNERS), -1, dtype=wp.int32, device="cpu")
    wp.launch(
        overlap_kernel,
        dim=len(uv_faces),
        inputs=[bvh.id, lows, highs, _vec2(uv), _table(uv_faces), touch, _PARTNERS],
        outputs=[partners],
        device="cpu",
    )
    found = partners.numpy()
    first = np.repeat(np.arange(len(uv_faces)), (found >= 0).sum(axis=1))
    pairs = np.stack([first, found[found >= 0]], axis=1)
    return np.asarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))], np.int32)


def gutter(uv: NDArray[np.float32], uv_faces: NDArray[np.int32]) -> float:
    """Return the smallest distance between two charts [UV units]; infinite when there is one chart."""
    return float(chart_gaps(uv, uv_faces).distances.min(initial=np.inf))


def chart_gaps(uv: NDArray[np.float32], uv_faces: NDArray[np.int32]) -> ChartGaps:
    """Return how far the border edges of charts lie from other charts; none when there is one chart.

    Args:
        uv: float32 [N, 2].
        uv_faces: int32 [F, 3].
    """
    charts = uv_charts(uv_faces)
    if not len(charts) or not charts.any():
        return ChartGaps(np.zeros(0, np.int32), np.zeros(0))
    found = edges(uv_faces)
    border = found.face_counts == 1
    of_edge = np.zeros(len(found.vertices), np.int32)
    of_edge[found.face_edges.reshape(-1)] = np.repeat(np.arange(len(uv_faces)), 3)
    ends, triangles = found.vertices[border], of_edge[border]
    label = charts[triangles]
    bvh, lows, highs = _boxes(uv, ends)
    extent = float(np.ptp(uv, axis=0).max())
    reach = extent / 128
    while True:
        nearest = wp.full(len(ends), 1e30, dtype=wp.float64, device="cpu")
        wp.launch(
            gutter_kernel,
            dim=len(ends),
            inputs=[bvh.id, lows, highs, _vec2(uv), _table(ends), wp.array(label, dtype=wp.int32, device="cpu"), reach],
            outputs=[nearest],
            device="cpu",
        )
        distances = nearest.numpy()
        if distances.min(initial=np.inf) <= reach or reach > 2 * extent:
            return ChartGaps(triangles, distances)
        reach *= 4


def uv_charts(uv_faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the chart of every triangle, int32 [F], numbered from 0 (triangles that share a UV vertex)."""
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
    *,
    overlaps: bool = True,
) -> UvMeasures:
    """Measure one UV set.

    Args:
        points: float32 [V, 3] surface [m].
        faces: int32 [F, 3] into `points`.
        uv: float32 [N, 2].
        uv_faces: int32 [F, 3] into `uv`.
        overlaps: Whether to look for overlaps; without, none are named.
    """
    large, small, double_area, double_uv_area = _singular(points[faces], uv[uv_faces])
    has_surface = double_area > 1e-14
    uv_area = float(np.abs(double_uv_area).sum() / 2)
    collapsed = has_surface & (np.abs(double_uv_area) < 1e-14 * max(uv_area, 1e-12))
    usable = has_surface & ~collapsed
    anisotropy = np.where(usable, large / np.maximum(small, 1e-12), np.nan)
    meters = float(np.sqrt(double_area.sum() / 2 / uv_area)) if uv_area > 0 else float("nan")
    nothing = float("nan")
    weights, known = double_area[usable], bool(usable.any())
    ratio = np.where(usable, np.abs(double_uv_area) / np.maximum(double_area, 1e-30) * meters**2, np.nan)
    longest, shortest = 1 / np.maximum(small[usable] * meters, 1e-12), 1 / np.maximum(large[usable] * meters, 1e-12)
    squares = (longest**2 + shortest**2) / 2
    return UvMeasures(
        flipped=usable & (double_uv_area < 0),
        collapsed=collapsed,
        anisotropy=anisotropy,
        anisotropy_mean=float((anisotropy[usable] * weights).sum() / weights.sum()) if known else nothing,
        anisotropy_p95=_quantile(anisotropy[usable], weights, 0.95) if known else nothing,
        stretch_l2=float(np.sqrt((squares * weights).sum() / weights.sum())) if known else nothing,
        stretch_linf=float(longest.max()) if known else nothing,
        area_ratio=ratio,
        area_spread=_quantile(ratio[usable], weights, 0.95) / _quantile(ratio[usable], weights, 0.05)
        if known
        else nothing,
        overlapping=overlapping_triangles(uv, uv_faces) if overlaps else np.zeros((0, 2), np.int32),
        utilisation=uv_area,
        meters_per_uv=meters,
        charts=int(uv_charts(uv_faces).max()) + 1 if len(uv_faces) else 0,
    )


def _singular(
    corners: NDArray[np.floating], texture: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the singular values of surface → UV, larger first, and twice the areas on the surface and (signed) in UV.

    Triangles without surface get the singular values of an isometry.
    """
    corners, texture = corners.astype(np.float64), texture.astype(np.float64)
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    double_area = np.linalg.norm(np.cross(first, second), axis=1)
    length = np.linalg.norm(first, axis=1)
    sound = (double_area > 1e-14) & (length > 0)
    unit = np.where(sound, length, 1.0)
    along = np.einsum("ij,ij->i", first, second) / unit
    du, dv = texture[:, 1] - texture[:, 0], texture[:, 2] - texture[:, 0]
    x = du / unit[:, None]
    y = (dv - x * along[:, None]) / np.where(sound, double_area / unit, 1.0)[:, None]
    total = (x**2 + y**2).sum(axis=1)
    area = x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0]
    plus, minus = np.sqrt(np.maximum(total + 2 * area, 0)), np.sqrt(np.maximum(total - 2 * area, 0))
    double_uv_area = du[:, 0] * dv[:, 1] - du[:, 1] * dv[:, 0]
    large, small = (plus + minus) / 2, np.abs(plus - minus) / 2
    return np.where(sound, large, 1.0), np.where(sound, small, 1.0), double_area, double_uv_area


def _quantile(values: NDArray[np.float64], weights: NDArray[np.float64], share: float) -> float:
    """Return the value that a share of the weight does not exceed."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order[min(int(np.searchsorted(reached, share * reached[-1])), len(order) - 1)]])


def _boxes(uv: NDArray[np.float32], items: NDArray[np.int32]) -> tuple[wp.Bvh, wp.array[wp.vec3], wp.array[wp.vec3]]:
    """Return a search tree over the boxes around triangles or edges [K, n], and the boxes."""
    corners = uv[items].astype(np.float32)
    flat = np.zeros((2, len(items), 3), np.float32)
    flat[0, :, :2], flat[1, :, :2] = corners.min(axis=1), corners.max(axis=1)
    lows, highs = (wp.array(side, dtype=wp.vec3, device="cpu") for side in flat)
    return wp.Bvh(lows, highs), lows, highs


def _vec2(uv: NDArray[np.float32]) -> wp.array[wp.vec2]:
    return wp.array(np.ascontiguousarray(uv, np.float32), dtype=wp.vec2, device="cpu")


def _table(items: NDArray[np.int32]) -> wp.array[wp.int32]:
    return wp.array(np.ascontiguousarray(items, np.int32), dtype=wp.int32, device="cpu")
