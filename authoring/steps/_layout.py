"""From a garment to flat charts: panels, then finer panels where the cloth would stretch, xatlas as the last resort."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xatlas
from numpy.typing import NDArray

from dressform.runtime.geometry.adjacency import components, edges
from dressform.runtime.geometry.normals import face_areas
from dressform.runtime.geometry.uv_measures import overlapping_triangles

from ._flatten import chart_up, flatten, signed_areas, stretches
from ._pack import Flat
from ._panels import cut_open, face_pairs, facing_along, is_disk, open_to_disks, parted, seams_between
from ._seam_paths import edge_costs, straightened
from ._seams import FRONT, divided_cut, tailored_cut

Points = NDArray[np.float64]
Faces = NDArray[np.int64]

GOOD = 1.10  # mean anisotropy that a layout must reach
MOST_CHARTS = 12  # of cloth; beyond, only charts that fold or overlap are cut, or while the whole is not yet good
_MOST_EVER = 24
SMALL = 0.004  # pieces below this part of the garment's area (buttons, badges) are small parts
_AIM = 1.06  # cutting goes on, as long as charts are left, until the whole garment stretches so little
_POOR = 1.15  # or while one chart alone stretches more
_GAIN = 0.03  # mean anisotropy that a cut must save in the chart
_FLAT_ENOUGH = 1.04  # a piece that is a disk and stretches no more is left whole


@dataclass(frozen=True)
class Cloth:
    """What is to be laid out.

    Attributes:
        points: float64 [V, 3] [m], z up, facing -y.
        faces: int64 [F, 3], manifold and oriented.
        piece: int64 [F] the piece each face belongs to; pieces never share a chart.
        small: bool [F] faces of small parts.
        polygons: int64 [F] the artist's polygon of each triangle, or None.
    """

    points: Points
    faces: Faces
    piece: NDArray[np.int64]
    small: NDArray[np.bool_]
    polygons: NDArray[np.int64] | None


@dataclass
class Laid:
    """A chart, and whether it may stay as it is.

    Attributes:
        flat: The chart.
        anisotropy: Its mean.
        area: On the surface [m²].
        sound: It neither folds nor overlaps.
        small: It belongs to a small part.
        whole: Cutting it saves nothing.
    """

    flat: Flat
    anisotropy: float
    area: float
    sound: bool
    small: bool
    whole: bool = False


def cloth_of(
    points: NDArray[np.floating],
    faces: NDArray[np.integer],
    parts: NDArray[np.integer] | None = None,
    polygons: NDArray[np.integer] | None = None,
) -> Cloth:
    """Part a garment into its pieces: what hangs together, and within it the named parts (an inner shell)."""
    places, corners = np.asarray(points, np.float64), np.asarray(faces, np.int64)
    _, label = components(corners, len(places))
    piece = label[corners[:, 0]].astype(np.int64)
    if parts is not None:
        piece = piece * (int(parts.max(initial=0)) + 1) + parts
    piece = np.unique(piece, return_inverse=True)[1].astype(np.int64)
    area = face_areas(places, corners)
    small = np.bincount(piece, area)[piece] < SMALL * area.sum()
    return Cloth(places, corners, piece, small, None if polygons is None else polygons.astype(np.int64))


def lay_out(cloth: Cloth) -> tuple[list[Flat], int]:
    """Cut a garment into flat charts without folds or overlaps.

    Returns:
        The charts, and how many of them xatlas had to make.
    """
    parts = [part for k in range(int(cloth.piece.max(initial=-1)) + 1) for part in _panels(cloth, k)]
    return finished(cloth, [laid_flat(cloth, part) if isinstance(part, Flat) else part for part in parts])


def parts_along(
    vertices: NDArray[np.int64], faces: Faces, origin: NDArray[np.int64], cut: NDArray[np.bool_]
) -> list[Flat]:
    """Return the parts of a surface that a cut [E] leaves, not yet laid flat."""
    charts = cut_open(faces, edges(faces), cut)
    return [
        sub(vertices[charts.vertices], charts.faces[charts.chart == k], origin[charts.chart == k])
        for k in range(charts.count)
    ]


def sub(vertices: NDArray[np.int64], faces: Faces, origin: NDArray[np.int64]) -> Flat:
    """Return a part without unused vertices, not yet laid flat."""
    used, local = np.unique(faces, return_inverse=True)
    return Flat(vertices[used], local.reshape(-1, 3).astype(np.int64), np.zeros((len(used), 2)), origin)


def finished(cloth: Cloth, laid: list[Laid]) -> tuple[list[Flat], int]:
    """Cut charts in two that fold, overlap or stretch too much; what no cut mends goes to xatlas."""
    while True:
        count = sum(not chart.small for chart in laid)
        worst = _worst(laid, count)
        if worst is None:
            break
        parts = _halves(cloth, worst.flat)
        found = [laid_flat(cloth, part) for part in parts] if len(parts) > 1 else []
        saved = worst.anisotropy - _mean(found) if found else 0.0
        if (worst.sound and (saved < _GAIN or count + len(found) - 1 > _most(laid))) or not found:
            worst.whole = True
            continue
        laid = [chart for chart in laid if chart is not worst] + found
    charts, fallbacks = [], 0
    for chart in laid:
        if chart.sound:
            charts.append(chart.flat)
        else:
            made, number = _by_xatlas(cloth.points, chart.flat)
            charts += made
            fallbacks += number
    return charts, fallbacks


def _worst(laid: list[Laid], count: int) -> Laid | None:
    """Return the chart to cut next, or None when all may stay."""
    folded = [chart for chart in laid if not chart.sound and not chart.whole]
    if folded:
        return folded[0]
    if count >= _most(laid):
        return None
    mean = _mean(laid)
    left = [c for c in laid if not c.whole and not c.small and (mean > _AIM or c.anisotropy > _POOR)]
    left = [c for c in left if c.anisotropy > _AIM and len(c.flat.faces) >= 12]
    return max(left, key=lambda c: (c.anisotropy - 1) * c.area, default=None)


def _most(laid: list[Laid]) -> int:
    return MOST_CHARTS if _mean(laid) <= GOOD else _MOST_EVER


def _mean(laid: list[Laid]) -> float:
    return sum(c.anisotropy * c.area for c in laid) / max(sum(c.area for c in laid), 1e-30)


def _panels(cloth: Cloth, number: int) -> list[Flat | Laid]:
    """Cut one piece as a tailor would; what is nearly flat already stays whole."""
    own = np.flatnonzero(cloth.piece == number)
    whole = sub(np.arange(len(cloth.points)), cloth.faces[own], own)
    points = cloth.points[whole.vertices]
    if is_disk(whole.faces):
        laid = laid_flat(cloth, whole)
        if laid.sound and (laid.anisotropy <= _FLAT_ENOUGH or laid.small):
            return [laid]
    if cloth.small[own[0]]:
        found = edges(whole.faces)
        side = parted(points, whole.faces, found, facing_along(points, whole.faces, found, FRONT))
        cut = open_to_disks(points, whole.faces, found, seams_between(found, side.astype(np.int64)))
    else:
        cut = tailored_cut(points, whole.faces, diagonals(cloth, whole))
    return list(parts_along(whole.vertices, whole.faces, whole.origin, cut))


def opened(cloth: Cloth, part: Flat) -> list[Flat]:
    """Cut a part until it is a disk."""
    if is_disk(part.faces):
        return [part]
    found, points = edges(part.faces), cloth.points[part.vertices]
    cut = open_to_disks(points, part.faces, found, np.zeros(len(found.vertices), bool))
    costs = edge_costs(points, part.faces, found, diagonals(cloth, part))
    cut = straightened(points, part.faces, found, cut, costs, np.zeros(0, np.int64))
    return parts_along(part.vertices, part.faces, part.origin, cut)


def diagonals(cloth: Cloth, part: Flat) -> NDArray[np.bool_] | None:
    """Return which edges [E] of a part run inside an artist's polygon, or None when its polygons are unknown."""
    if cloth.polygons is None:
        return None
    found = edges(part.faces)
    inner, f, g = face_pairs(found)
    inside = np.zeros(len(found.vertices), bool)
    inside[inner] = cloth.polygons[part.origin[f]] == cloth.polygons[part.origin[g]]
    return inside


def _halves(cloth: Cloth, part: Flat) -> list[Flat]:
    """Cut a disk in two along what its normals differ most in."""
    own, area = cloth.points[part.vertices], face_areas(cloth.points[part.vertices], part.faces)
    normals = np.cross(own[part.faces[:, 1]] - own[part.faces[:, 0]], own[part.faces[:, 2]] - own[part.faces[:, 0]])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    mean = (normals * area[:, None]).sum(axis=0) / area.sum()
    spread = ((normals - mean) * area[:, None]).T @ (normals - mean)
    direction = np.linalg.eigh(spread)[1][:, -1]
    lean = facing_along(own, part.faces, edges(part.faces), direction)
    cut = divided_cut(own, part.faces, lean, diagonals(cloth, part))
    return parts_along(part.vertices, part.faces, part.origin, cut)


def laid_flat(cloth: Cloth, part: Flat) -> Laid:
    """Lay a disk flat."""
    own = cloth.points[part.vertices]
    return judged(
        cloth, Flat(part.vertices, part.faces, flatten(own, part.faces, chart_up(own, part.faces)), part.origin)
    )


def judged(cloth: Cloth, chart: Flat) -> Laid:
    """Measure a chart that lies flat."""
    own = cloth.points[chart.vertices]
    area = face_areas(own, chart.faces)
    sound = bool(signed_areas(chart.flat, chart.faces).min() > 0) and not _overlaps(chart)
    ratio = anisotropy(own, chart.faces, chart.flat)
    return Laid(chart, ratio, float(area.sum()), sound, bool(cloth.small[chart.origin].all()))


def anisotropy(points: Points, faces: Faces, flat: Points) -> float:
    """Return the area-weighted mean of the larger over the smaller stretch."""
    high, low = stretches(points, faces, flat)
    weight = face_areas(points, faces)
    return float(((high / np.maximum(low, 1e-12)) * weight).sum() / max(float(weight.sum()), 1e-30))


def _overlaps(chart: Flat) -> bool:
    low, extent = chart.flat.min(axis=0), float(np.ptp(chart.flat, axis=0).max())
    inside = ((chart.flat - low) / max(extent, 1e-30)).astype(np.float32)
    return len(overlapping_triangles(inside, chart.faces.astype(np.int32))) > 0


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
