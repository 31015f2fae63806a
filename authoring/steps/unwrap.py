"""Unwrap: the artist's UVs stay as UV0; UV1 becomes an atlas without overlaps; bare garments get a fabric."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.authoring.draft import Draft
from dressform.runtime.geometry.uv_measures import UvMeasures, uv_measures
from dressform.schemas.errors import InputError
from dressform.schemas.progress import Progress, silent

from ._atlas import choose_atlas, is_sound
from ._fabric import category_color, fabric_image, parse_color
from ._uv_picture import uv_picture
from ._uv_report import atlas_figures

_SEAMS_OF = {"artist": "the artist's", "uv0": "the artist's", "islands": "the artist's, laid out anew", "panels": "new"}


@dataclass(frozen=True)
class UnwrapOptions:
    """How bare garments look, and whether an artist's layout may serve as atlas.

    Attributes:
        color: CSS name or #hex for materials without a texture; None takes the material's own or the category's.
        stripe: Second colour, in level stripes; None for a plain fabric.
        fabric: Whether materials without a texture get one.
        fresh: Make a new atlas even when the artist's UVs could serve.
    """

    color: str | None = None
    stripe: str | None = None
    fabric: bool = True
    fresh: bool = False

    def __post_init__(self) -> None:
        for text in (self.color, self.stripe):
            if text is not None:
                parse_color(text)


@dataclass(frozen=True)
class UnwrapReport:
    """What the atlas is like.

    Attributes:
        uv0: "artist" or "atlas" (the source had none, so UV0 equals UV1).
        uv0_layout: How the artist laid UV0 out: "atlas", "panels_metric", "per_panel", "udim", "stacked" (islands share
            texels), "tiled", or "none".
        uv1: "artist" (a further set), "uv0" (the artist's UVs serve), "islands" (the artist's islands laid out anew) or
            "panels".
        uv1_reason: Why.
        charts: Number of charts of UV1.
        cloth_charts: Of these, charts of cloth.
        small_charts: Of these, charts of small parts such as buttons.
        charts_by_xatlas: Of these, how many no panel could lay flat.
        anisotropy_mean: Area-weighted mean stretch ratio.
        anisotropy_p95: Value that 95 % of the cloth does not exceed.
        stretch_l2: Root mean square stretch (Sander et al. 2001), 1 is an isometry.
        stretch_linf: Largest stretch.
        area_spread: Texel density: 95th over 5th percentile of UV area per area.
        utilisation: Part of the unit square that is covered.
        flipped: Mirrored triangles.
        overlaps: Pairs of triangles whose insides meet.
        texel_density: Texels along a metre of cloth, by texture size [px/m].
        gutter_px_1024: Smallest distance between two charts at 1024 [px]; None with one chart.
        chart_table: Figures of each chart, the largest 64.
        metres_per_uv: Length of one UV unit on the cloth, of UV0 and UV1 [m].
        fabrics: Colour painted for each material that had no texture, by name.
    """

    uv0: str
    uv0_layout: str
    uv1: str
    uv1_reason: str
    charts: int
    cloth_charts: int
    small_charts: int
    charts_by_xatlas: int
    anisotropy_mean: float
    anisotropy_p95: float
    stretch_l2: float
    stretch_linf: float
    area_spread: float
    utilisation: float
    flipped: int
    overlaps: int
    texel_density: dict[str, float]
    gutter_px_1024: float | None
    chart_table: list[dict[str, Any]]
    metres_per_uv: dict[str, float]
    fabrics: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def unwrap_mesh(
    mesh: GarmentMesh, category: str, options: UnwrapOptions = UnwrapOptions()
) -> tuple[GarmentMesh, UnwrapReport]:
    """Give a cleaned garment its atlas and, where it has no texture, a fabric.

    Args:
        mesh: Manifold and oriented, metres, z up, facing -y.
        category: Decides the fabric and the charts' names.
        options: See there.
    """
    done, report, _ = _unwrapped(mesh, category, options)
    return done, report


def _unwrapped(
    mesh: GarmentMesh, category: str, options: UnwrapOptions
) -> tuple[GarmentMesh, UnwrapReport, tuple[UvMeasures, list[str]]]:
    """Return the garment with its atlas, the report, and what the picture of the layout is drawn from."""
    atlas = choose_atlas(mesh, options.fresh)
    uv0 = (mesh.uv0, mesh.uv0_faces) if mesh.uv0 is not None else atlas.uv
    done = replace(mesh, uv0=uv0[0], uv0_faces=uv0[1], uv1=atlas.uv[0], uv1_faces=atlas.uv[1])
    measures = uv_measures(done.points, done.faces, *atlas.uv)
    if not is_sound(atlas.uv, measures):
        raise InputError(
            f"the garment cannot be unwrapped: {int(measures.flipped.sum())} triangles mirrored, "
            f"{int(measures.collapsed.sum())} without area, {len(measures.overlapping)} overlapping; "
            "clean it, or give it UVs in a 3D tool"
        )
    fabrics: dict[str, str] = {}
    if options.fabric:
        done, fabrics = _with_fabric(done, category, options)
    small = atlas.cloth.small | _rigid(mesh)
    figures = atlas_figures(done, measures, category, small)
    metres_uv0 = measures.meters_per_uv if mesh.uv0 is None else _metres(done)
    report = UnwrapReport(
        uv0="atlas" if mesh.uv0 is None else "artist",
        uv0_layout=atlas.uv0_layout,
        uv1=atlas.origin,
        uv1_reason=atlas.reason,
        charts=measures.charts,
        cloth_charts=figures.cloth_charts,
        small_charts=figures.small_charts,
        charts_by_xatlas=atlas.by_xatlas,
        anisotropy_mean=round(measures.anisotropy_mean, 4),
        anisotropy_p95=round(measures.anisotropy_p95, 4),
        stretch_l2=round(measures.stretch_l2, 4),
        stretch_linf=round(measures.stretch_linf, 4),
        area_spread=round(measures.area_spread, 4),
        utilisation=round(measures.utilisation, 4),
        flipped=int(measures.flipped.sum()),
        overlaps=len(measures.overlapping),
        texel_density=figures.texel_density,
        gutter_px_1024=figures.gutter_px,
        chart_table=figures.table,
        metres_per_uv={"uv0": float(metres_uv0), "uv1": float(measures.meters_per_uv)},
        fabrics=fabrics,
    )
    return done, report, (measures, figures.names)


def _caption(report: UnwrapReport) -> str:
    return (
        f"{report.cloth_charts} charts and {report.small_charts} of small parts · anisotropy "
        f"{report.anisotropy_mean:.3f} (95 %: {report.anisotropy_p95:.2f}) · {100 * report.utilisation:.0f} % of the "
        f"square · {report.texel_density['1024']:.0f} px/m at 1024 · seams: {_SEAMS_OF[report.uv1]}"
    )


def _rigid(mesh: GarmentMesh) -> NDArray[np.bool_]:
    if mesh.part_ids is None:
        return np.zeros(len(mesh.faces), bool)
    return np.array([part.rigid for part in mesh.parts], bool)[mesh.part_ids]


def _metres(mesh: GarmentMesh) -> float:
    """Return the length of one unit of UV0 on the cloth [m]."""
    assert mesh.uv0 is not None
    assert mesh.uv0_faces is not None
    return uv_measures(mesh.points, mesh.faces, mesh.uv0, mesh.uv0_faces, overlaps=False).meters_per_uv


def unwrap(draft: Draft, options: UnwrapOptions = UnwrapOptions(), progress: Progress = silent) -> Draft:
    """Unwrap a draft's garment; run again, it starts from what the artist gave."""
    start = time.perf_counter()
    progress(0.0, "unwrapping")
    mesh = _as_artist_gave(draft)
    try:
        unwrapped, report, drawn = _unwrapped(mesh, str(draft.manifest["category"]), options)
    except InputError as error:
        raise InputError(f"{draft.folder}: {error}") from None
    figures = {**draft.manifest.get("mesh", {}), "charts": report.charts}
    metres = {key: value if np.isfinite(value) else None for key, value in report.metres_per_uv.items()}
    progress(0.7, "drawing the layout")
    picture = uv_picture(unwrapped, *drawn, _caption(report))
    done = draft.commit_step(
        "unwrap",
        {key: value for key, value in asdict(options).items() if value is not None},
        {**report.to_json(), "metres_per_uv": metres},
        mesh=unwrapped,
        manifest={"mesh": figures, "metres_per_uv": metres},
        files={"uv.png": picture},
        seconds=time.perf_counter() - start,
    )
    progress(1.0, "unwrapped")
    return done


def _as_artist_gave(draft: Draft) -> GarmentMesh:
    """Return the mesh without what an earlier run of this step made."""
    mesh = draft.mesh
    if not draft.has("unwrap"):
        return mesh
    before = draft.report("unwrap")
    if before["uv1"] != "artist":
        mesh = replace(mesh, uv1=None, uv1_faces=None)
    if before["uv0"] == "atlas":
        mesh = replace(mesh, uv0=None, uv0_faces=None)
    materials = tuple(
        replace(m, base_color_image=None, base_color=(*_linear(before["fabrics"][m.name]), m.base_color[3]))
        if m.name in before["fabrics"]
        else m
        for m in mesh.materials
    )
    return replace(mesh, materials=materials)


def _with_fabric(mesh: GarmentMesh, category: str, options: UnwrapOptions) -> tuple[GarmentMesh, dict[str, str]]:
    """Paint a fabric for each material without a texture; equal colours share the image."""
    stripe = None if options.stripe is None else parse_color(options.stripe)
    painted: dict[str, bytes] = {}
    colors: dict[str, str] = {}
    materials: list[Material] = []
    for material in mesh.materials:
        if material.base_color_image is not None:
            materials.append(material)
            continue
        color = options.color or _own_color(material) or category_color(category)
        rgb = parse_color(color)
        code = "#{:02x}{:02x}{:02x}".format(*rgb)
        if code not in painted:
            painted[code] = fabric_image(mesh, category, rgb, stripe)
        colors[material.name] = code
        white = (1.0, 1.0, 1.0, material.base_color[3])
        materials.append(replace(material, base_color_image=painted[code], base_color=white))
    return replace(mesh, materials=tuple(materials)), colors


def _own_color(material: Material) -> str | None:
    """Return the colour an artist gave a material as #hex, or None for the grey that tools write by default."""
    red, green, blue, _ = material.base_color
    if max(red, green, blue) - min(red, green, blue) < 0.02 and red > 0.45:
        return None
    return "#{:02x}{:02x}{:02x}".format(*(round(255 * _encoded(x)) for x in (red, green, blue)))


def _encoded(linear: float) -> float:
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055


def _linear(code: str) -> tuple[float, float, float]:
    red, green, blue = (
        v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
        for v in (x / 255 for x in ImageColor.getrgb(code)[:3])
    )
    return red, green, blue
