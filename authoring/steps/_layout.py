"""From a garment to flat charts: panels, then finer panels where the cloth would stretch, xatlas as the last resort."""

from __future__ import annotations

import numpy as np
import xatlas
from numpy.typing import NDArray

from dressform.runtime.geometry.adjacency import boundary_loops, components, edges
from dressform.runtime.geometry.normals import face_areas
from dressform.runtime.geometry.uv_measures import overlapping_triangles

from ._flatten import flatten, signed_areas, stretches
from ._pack import Flat
from ._panels import cut_open, facing_along, open_to_disks, seams_between, two_sides

Points = NDArray[np.float64]
Faces = NDArray[np.int64]

GOOD = 1.10  # mean anisotropy up to which a chart is left whole
_FINEST = 0.004  # charts below this part of the garment's area (buttons, badges) are not cut further
_DEPTH = 4
_UP = np.array([0.0, 0.0, 1.0])
_FRONT = np.array([0.0, -1.0, 0.0])


def lay_out(points: Points, faces: Faces) -> tuple[list[Flat], int]:
    """Cut a manifold, oriented garment into flat charts without folds or overlaps.

    Args:
        points: [V, 3] [m], z up, facing -y.
        faces: [F, 3].

    Returns:
        The charts, and how many of them xatlas had to make.
    """
    _, label = components(faces, len(points))
    piece = label[faces[:, 0]]
    smallest = _FINEST * float(face_areas(points, faces).sum())
    charts: list[Flat] = []
    fallbacks = 0
    for k in np.unique(piece):
        own = np.flatnonzero(piece == k)
        whole = _sub(np.arange(len(points)), faces[own], own)
        panels = _parted(points, whole, _FRONT)
        if _has_legs(points[whole.vertices], whole.faces):
            panels = [half for panel in panels for half in _halved(points, panel, _middle(points[whole.vertices]))]
        for part in panels:
            found, by_xatlas = _refined(points, part, smallest, _DEPTH)
            charts += found
            fallbacks += by_xatlas
    return charts, fallbacks


def _sub(vertices: NDArray[np.int64], faces: Faces, origin: NDArray[np.int64]) -> Flat:
    """Return a part without unused vertices, not yet laid flat."""
    used, local = np.unique(faces, return_inverse=True)
    return Flat(vertices[used], local.reshape(-1, 3).astype(np.int64), np.zeros((len(used), 2)), origin)


def _has_legs(points: Points, faces: Faces) -> bool:
    """Say whether a piece forks below: two openings side by side in its lowest quarter."""
    low, height = float(points[:, 2].min()), float(np.ptp(points[:, 2]))
    middle = _middle(points)
    centers = [points[loop].mean(axis=0) for loop in boundary_loops(faces)]
    below = [c for c in centers if c[2] < low + 0.25 * height]
    return height > 0.3 and any(c[0] < middle for c in below) and any(c[0] > middle for c in below) and len(below) == 2


def _middle(points: Points) -> float:
    return float(points[:, 0].min() + points[:, 0].max()) / 2


def _halved(points: Points, part: Flat, middle: float) -> list[Flat]:
    """Part a panel along the middle seam that every pair of trousers has."""
    center = points[part.vertices][part.faces].mean(axis=1)[:, 0] - middle
    lean = np.clip(center / 0.03, -1.0, 1.0)
    return _divided(points, part, lean)


def _parted(points: Points, part: Flat, direction: Points) -> list[Flat]:
    """Part a surface into what faces along the direction and what faces away, all opened to disks."""
    own = points[part.vertices]
    return _divided(points, part, facing_along(own, part.faces, edges(part.faces), direction))


def _divided(points: Points, part: Flat, lean: Points) -> list[Flat]:
    """Part a surface by the sign of `lean` [F], with a short seam, and open what is left to disks."""
    own = points[part.vertices]
    found = edges(part.faces)
    side = two_sides(own, part.faces, found, lean)
    cut = open_to_disks(own, part.faces, found, seams_between(found, side.astype(np.int64)))
    charts = cut_open(part.faces, found, cut)
    return [
        _sub(part.vertices[charts.vertices], charts.faces[charts.chart == k], part.origin[charts.chart == k])
        for k in range(charts.count)
    ]


def _refined(points: Points, part: Flat, smallest: float, depth: int) -> tuple[list[Flat], int]:
    """Flatten a disk; where it stretches too much, cut it in two along what its normals differ most in."""
    own = points[part.vertices]
    flat = flatten(own, part.faces, _UP)
    laid = Flat(part.vertices, part.faces, flat, part.origin)
    sound = signed_areas(flat, part.faces).min() > 0 and not _overlaps(laid)
    area = face_areas(own, part.faces)
    if sound and (anisotropy(own, part.faces, flat) <= GOOD or area.sum() < smallest or len(area) < 12):
        return [laid], 0
    if depth:
        normals = np.cross(own[part.faces[:, 1]] - own[part.faces[:, 0]], own[part.faces[:, 2]] - own[part.faces[:, 0]])
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
        mean = (normals * area[:, None]).sum(axis=0) / area.sum()
        spread = ((normals - mean) * area[:, None]).T @ (normals - mean)
        parts = _parted(points, part, np.linalg.eigh(spread)[1][:, -1])
        if len(parts) > 1:
            found = [_refined(points, child, smallest, depth - 1) for child in parts]
            return [chart for charts, _ in found for chart in charts], sum(n for _, n in found)
    return ([laid], 0) if sound else _by_xatlas(points, part)


def anisotropy(points: Points, faces: Faces, flat: Points) -> float:
    """Return the area-weighted mean of the larger over the smaller stretch."""
    high, low = stretches(points, faces, flat)
    weight = face_areas(points, faces)
    return float(((high / np.maximum(low, 1e-12)) * weight).sum() / max(float(weight.sum()), 1e-30))


def _overlaps(chart: Flat) -> bool:
    low, extent = chart.flat.min(axis=0), float(np.ptp(chart.flat, axis=0).max())
    inside = ((chart.flat - low) / extent * 0.98 + 0.01).astype(np.float32)
    return len(overlapping_triangles(inside, chart.faces.astype(np.int32), 1024)) > 0


def _by_xatlas(points: Points, part: Flat) -> tuple[list[Flat], int]:
    """Let xatlas cut what no panel could lay flat; its charts keep their winding and are not turned."""
    atlas = xatlas.Atlas()
    own = points[part.vertices]
    atlas.add_mesh(own.astype(np.float32), part.faces.astype(np.uint32))
    chart_options, pack_options = xatlas.ChartOptions(), xatlas.PackOptions()
    chart_options.fix_winding = True
    pack_options.rotate_charts = False
    atlas.generate(chart_options, pack_options)
    source, faces, uv = atlas[0]
    faces = faces.astype(np.int64)
    _, label = components(faces, len(source))
    chart = label[faces[:, 0]]
    found = []
    for k in np.unique(chart):
        rows = np.flatnonzero(chart == k)
        used, local = np.unique(faces[rows], return_inverse=True)
        local = local.reshape(-1, 3).astype(np.int64)
        flat = uv[used].astype(np.float64)
        scale = np.sqrt(face_areas(own[source[used]], local).sum() / max(abs(signed_areas(flat, local).sum()), 1e-30))
        found.append(Flat(part.vertices[source[used]], local, flat * scale, part.origin[rows]))
    return found, len(found)
