"""Which atlas a garment gets: a UV set of the artist's, its islands laid out anew, or panels cut afresh."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.geometry.adjacency import boundary_vertices, edges
from dressform.runtime.geometry.normals import face_areas
from dressform.runtime.geometry.uv_measures import UvMeasures, uv_charts, uv_measures
from dressform.schemas.errors import InputError

from ._flatten import signed_areas
from ._islands import Islands, find_islands, layout_kind, without_slits
from ._layout import (
    GOOD,
    MOST_CHARTS,
    Cloth,
    Laid,
    anisotropy,
    cloth_of,
    finished,
    judged,
    laid_flat,
    lay_out,
    opened,
    parts_along,
)
from ._pack import Flat, pack
from ._panels import cut_open, is_disk, seams_between

Uv = tuple[NDArray[np.float32], NDArray[np.int32]]
Floats = NDArray[np.float64]

MOST_TRIANGLES = 300_000  # one to two minutes of cutting and flattening
_MOST_PANELS = 64  # of cloth that an artist's sewing panels may number
_SEWN = frozenset({"panels_metric", "per_panel", "udim"})  # layouts that pattern tools write: their islands are panels
_A_PANEL = 0.05  # part of the garment's area: an island as large must have been cut so that it opens flat
_ONE_DENSITY = 2.0  # spread of texel density up to which an artist's layout is taken as it is
_FINE_GRID = 2.0**-24  # float32 holds its multiples up to 1 exactly, 1 - v too
_HUGE = 1e6  # coordinates beyond are no layout


@dataclass(frozen=True)
class Atlas:
    """UV1 and how it came about.

    Attributes:
        uv: float32 [N, 2] and int32 [F, 3].
        origin: "artist" (a further UV set of the artist's), "uv0" (the artist's UVs serve), "islands" (the artist's
            islands, laid out anew) or "panels".
        reason: Why.
        uv0_layout: How the artist's UV0 is laid out (see `layout_kind`), or "none".
        by_xatlas: Charts that xatlas had to make.
        cloth: What was laid out.
    """

    uv: Uv
    origin: str
    reason: str
    uv0_layout: str
    by_xatlas: int
    cloth: Cloth


@dataclass(frozen=True)
class _Candidate:
    name: str
    origin: str
    uv: Uv
    islands: Islands
    layout: str


def choose_atlas(mesh: GarmentMesh, fresh: bool = False) -> Atlas:
    """Return the atlas of a cleaned garment.

    Args:
        mesh: Manifold and oriented, metres, z up, facing -y.
        fresh: Cut panels even when the artist's UVs could serve.
    """
    cloth = cloth_of(mesh.points, mesh.faces, mesh.part_ids, mesh.polygons)
    candidates, why = _candidates(mesh, cloth)
    layout = next((c.layout for c in candidates if c.origin == "uv0"), "none" if mesh.uv0 is None else "tiled")
    if fresh:
        _check_size(cloth)
        return _paneled(cloth, layout, "asked for a fresh atlas")
    for candidate in candidates:
        flaw = _flaw(candidate.uv, uv_measures(mesh.points, mesh.faces, *candidate.uv))
        if flaw is None:
            reason = f"the artist's {candidate.name} cover no texel twice"
            return Atlas(candidate.uv, candidate.origin, reason, layout, 0, cloth)
        why.append(f"the artist's {candidate.name} {flaw}")
    _check_size(cloth)
    panels: Atlas | None = None
    for candidate in sorted(candidates, key=lambda c: c.origin != "uv0"):
        laid = _from_islands(cloth, candidate)
        if laid is None:
            why.append(f"the islands of the artist's {candidate.name} make no panels")
            continue
        if not laid.was_cut:  # the artist never meant these to open flat: a tailor's cuts are better if they are few
            panels = panels or _paneled(cloth, layout, "")
            if _cloth_charts(cloth, panels.uv) <= MOST_CHARTS:
                why.append(f"the islands of the artist's {candidate.name} are not cut to lie flat")
                continue
        reason = "; ".join([*why, f"the islands of the artist's {candidate.name} are laid out anew at one scale"])
        return Atlas(_joined(laid.charts, len(cloth.faces)), "islands", reason, layout, laid.by_xatlas, cloth)
    return replace(panels or _paneled(cloth, layout, ""), reason="; ".join(why) or "the source has no UVs")


def _check_size(cloth: Cloth) -> None:
    if len(cloth.faces) > MOST_TRIANGLES:
        raise InputError(
            f"the garment has {len(cloth.faces)} triangles and no UVs that could be its atlas; charts are cut "
            f"for up to {MOST_TRIANGLES}: reduce it, or give it UVs without overlaps in a 3D tool"
        )


def _cloth_charts(cloth: Cloth, uv: Uv) -> int:
    return len(np.unique(uv_charts(uv[1])[~cloth.small]))


def _paneled(cloth: Cloth, layout: str, reason: str) -> Atlas:
    charts, by_xatlas = lay_out(cloth)
    return Atlas(_joined(charts, len(cloth.faces)), "panels", reason, layout, by_xatlas, cloth)


def _candidates(mesh: GarmentMesh, cloth: Cloth) -> tuple[list[_Candidate], list[str]]:
    """Return the artist's UV sets that are layouts at all, and what is wrong with the others."""
    sets = [("second UV set", "artist", mesh.uv1, mesh.uv1_faces), ("UVs", "uv0", mesh.uv0, mesh.uv0_faces)]
    sets += [
        (f"UV set {layer.name!r}", "artist", layer.values[:, :2], layer.faces)
        for layer in mesh.layers
        if layer.kind == "uv" and layer.values.shape[1] >= 2
    ]
    found, why = [], []
    surface = edges(cloth.faces)
    for name, origin, uv, uv_faces in sets:
        if uv is None or uv_faces is None:
            continue
        used = uv[uv_faces]
        if not np.isfinite(used).all() or np.abs(used).max(initial=0.0) > _HUGE:
            why.append(f"the artist's {name} are not finite")
        elif not np.ptp(used.reshape(-1, 2), axis=0).all():
            why.append(f"the artist's {name} lie in one line")
        else:
            corners = uv.astype(np.float64), uv_faces.astype(np.int64)
            islands = find_islands(cloth.faces, surface, *corners)
            layout = layout_kind(cloth.points, cloth.faces, uv, corners[1], islands)
            found.append(_Candidate(name, origin, (uv, uv_faces), islands, layout))
    return found, why


def is_sound(uv: Uv, measures: UvMeasures) -> bool:
    """Say whether UVs are an injective atlas within the unit square."""
    return _flaw(uv, measures) in (None, "stretch too much", "are of several scales")


def _flaw(uv: Uv, measures: UvMeasures) -> str | None:
    """Say why a UV set cannot be the atlas as it is, or None."""
    if uv[0].min() < 0 or uv[0].max() > 1:
        return "leave the unit square"
    if measures.collapsed.any():
        return "have triangles without area"
    if measures.flipped.any():
        return "mirror triangles"
    if len(measures.overlapping):
        return "overlap"
    if not measures.anisotropy_mean <= GOOD:
        return "stretch too much"
    if not measures.area_spread <= _ONE_DENSITY:
        return "are of several scales"
    return None


@dataclass(frozen=True)
class _Laid:
    """Islands laid out anew.

    Attributes:
        charts: Flat.
        by_xatlas: How many of them xatlas had to make.
        was_cut: Every large island was cut so that it opens flat.
    """

    charts: list[Flat]
    by_xatlas: int
    was_cut: bool


def _from_islands(cloth: Cloth, candidate: _Candidate) -> _Laid | None:
    """Lay the artist's islands out anew; None where they are too many, or stretch too much, to be panels."""
    surface = edges(cloth.faces)
    seams = candidate.islands.seams | _between_pieces(cloth)
    charts = cut_open(cloth.faces, surface, seams)
    most = _MOST_PANELS if candidate.layout in _SEWN else MOST_CHARTS
    if len(np.unique(charts.chart[~cloth.small])) > most:
        return None
    border = boundary_vertices(cloth.faces, len(cloth.points))
    closed = parts_along(np.arange(len(cloth.points)), cloth.faces, np.arange(len(cloth.faces)),
                         without_slits(surface, seams, border))  # fmt: skip
    as_cut = {int(p.origin.min()): p for p in parts_along(np.arange(len(cloth.points)), cloth.faces,
                                                          np.arange(len(cloth.faces)), seams)}  # fmt: skip
    laid: list[Laid] = []
    total, was_cut = float(face_areas(cloth.points, cloth.faces).sum()), True
    for part in closed:
        slit = as_cut[int(part.origin.min())]
        kept = judged(cloth, _as_drawn(cloth, slit, candidate.uv))
        if _is_kept(cloth, kept):
            laid.append(kept)
        else:
            was_cut &= is_disk(part.faces) or kept.area <= _A_PANEL * total
            laid += _laid_anew(cloth, part, slit)
    done, by_xatlas = finished(cloth, laid)
    count = len([c for c in done if not cloth.small[c.origin].all()])
    stretched = _mean_anisotropy(cloth, done) > GOOD
    return None if count > most or stretched else _Laid(done, by_xatlas, was_cut)


def _between_pieces(cloth: Cloth) -> NDArray[np.bool_]:
    return seams_between(edges(cloth.faces), cloth.piece)


def _is_kept(cloth: Cloth, chart: Laid) -> bool:
    """Say whether an island may stay as the artist drew it."""
    if not chart.sound or chart.anisotropy > GOOD:
        return False
    flat = chart.flat
    ratio = signed_areas(flat.flat, flat.faces) / face_areas(cloth.points[flat.vertices], flat.faces)
    low, high = np.quantile(ratio, [0.05, 0.95])
    return bool(high <= _ONE_DENSITY * low)


def _laid_anew(cloth: Cloth, part: Flat, slit: Flat) -> list[Laid]:
    """Lay an island flat by its own cuts; short cuts into the cloth are closed unless it stretches without them."""
    laid = [laid_flat(cloth, p) for p in opened(cloth, part)]
    if len(slit.vertices) == len(part.vertices) or all(c.sound and c.anisotropy <= GOOD for c in laid):
        return laid
    if not is_disk(slit.faces):
        return laid
    with_slits = laid_flat(cloth, slit)
    better = with_slits.sound and with_slits.anisotropy < max(c.anisotropy for c in laid) - 0.02
    return [with_slits] if better or not all(c.sound for c in laid) else laid


def _as_drawn(cloth: Cloth, part: Flat, uv: Uv) -> Flat:
    """Return an island as the artist drew it, at true size; one drawn mirrored is turned over."""
    flat = np.zeros((len(part.vertices), 2))
    flat[part.faces] = uv[0][uv[1][part.origin]].astype(np.float64)
    area = float(signed_areas(flat, part.faces).sum())
    if area < 0:
        flat = flat * (-1.0, 1.0)
    true = float(face_areas(cloth.points[part.vertices], part.faces).sum())
    return Flat(part.vertices, part.faces, flat * np.sqrt(true / max(abs(area), 1e-30)), part.origin)


def _mean_anisotropy(cloth: Cloth, charts: list[Flat]) -> float:
    ratios = [anisotropy(cloth.points[c.vertices], c.faces, c.flat) for c in charts]
    areas = [float(face_areas(cloth.points[c.vertices], c.faces).sum()) for c in charts]
    return float(np.dot(ratios, areas) / max(sum(areas), 1e-30))


def _joined(charts: list[Flat], face_count: int) -> Uv:
    """Pack charts into one UV set."""
    placed, _ = pack(charts)
    uv_faces = np.zeros((face_count, 3), np.int32)
    offset = 0
    for chart, coordinates in zip(charts, placed, strict=True):
        uv_faces[chart.origin] = chart.faces + offset
        offset += len(coordinates)
    snapped: Floats = np.round(np.concatenate(placed) / _FINE_GRID) * _FINE_GRID
    return snapped.astype(np.float32), uv_faces
