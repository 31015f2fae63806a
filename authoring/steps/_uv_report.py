"""What an atlas is like, in figures: the whole garment and chart by chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.geometry.normals import face_areas
from dressform.runtime.geometry.uv_measures import UvMeasures, gutter, uv_charts

from ._chart_names import chart_names

_ROWS = 64  # charts listed, the largest
_SIZES = (1024, 2048)  # [px] of textures that densities are told for


@dataclass(frozen=True)
class AtlasFigures:
    """Figures of an atlas.

    Attributes:
        names: Of the charts, in the order of `uv_charts`.
        cloth_charts: Charts of cloth.
        small_charts: Charts of small parts: rigid ones, and pieces below 0.4 % of the garment's area.
        texel_density: Texels along a metre of cloth, by texture size [px/m].
        gutter_px: Smallest distance between charts at 1024 [px]; None with one chart.
        table: For each chart name, triangles, area [m²], stretch, flipped triangles and part of the unit square.
    """

    names: list[str]
    cloth_charts: int
    small_charts: int
    texel_density: dict[str, float]
    gutter_px: float | None
    table: list[dict[str, Any]]


def atlas_figures(mesh: GarmentMesh, measures: UvMeasures, category: str, small: NDArray[np.bool_]) -> AtlasFigures:
    """Measure UV1 chart by chart.

    Args:
        mesh: With UV1.
        measures: Of UV1.
        category: Of the garment, for the charts' names.
        small: bool [F] faces of small parts.
    """
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    charts = uv_charts(mesh.uv1_faces)
    count = int(charts.max(initial=-1)) + 1
    tiny = np.bincount(charts, small, count) > 0.5 * np.bincount(charts, minlength=count)
    names = chart_names(mesh, charts, category, small)
    apart = gutter(mesh.uv1, mesh.uv1_faces) * 1024
    return AtlasFigures(
        names,
        int((~tiny).sum()),
        int(tiny.sum()),
        {str(size): _rounded(size / measures.meters_per_uv, 1) for size in _SIZES},
        _rounded(apart, 2) if np.isfinite(apart) else None,
        _table(mesh, measures, charts, names, tiny),
    )


def _table(
    mesh: GarmentMesh, measures: UvMeasures, charts: NDArray[np.int32], names: list[str], tiny: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    count = len(names)
    area = face_areas(mesh.points.astype(np.float64), mesh.faces.astype(np.int64))
    known = np.isfinite(measures.anisotropy)
    weight = np.where(known, area, 0.0)
    total = np.maximum(np.bincount(charts, weight, count), 1e-30)
    ratio = np.nan_to_num(measures.anisotropy, nan=1.0)
    density = np.nan_to_num(measures.area_ratio, nan=1.0)
    # the squares of both stretches, from their product and their quotient
    squares = (ratio + 1 / ratio) / 2 / np.maximum(density, 1e-12)
    flipped = np.bincount(charts, measures.flipped, count)
    covered = np.bincount(charts, density * weight, count)
    share = covered / max(float(covered.sum()), 1e-30) * measures.utilisation
    order = np.argsort(-total, kind="stable")[:_ROWS]
    return [
        {
            "name": names[k],
            "small": bool(tiny[k]),
            "triangles": int((charts == k).sum()),
            "area_m2": round(float(total[k]), 5),
            "anisotropy_mean": round(float((ratio * weight)[charts == k].sum() / total[k]), 4),
            "stretch_l2": _rounded(np.sqrt((squares * weight)[charts == k].sum() / total[k]), 4),
            "flipped": int(flipped[k]),
            "square": round(float(share[k]), 4),
        }
        for k in order.tolist()
    ]


def _rounded(value: float, digits: int) -> float:
    return round(float(value), digits)
