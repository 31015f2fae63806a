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

from ._fabric import category_color, fabric_image, parse_color
from ._layout import lay_out
from ._pack import Flat, pack
from ._uv_picture import uv_picture

_KEPT_ANISOTROPY = 1.35  # an artist's layout that stretches more makes a poor atlas

Uv = tuple[NDArray[np.float32], NDArray[np.int32]]


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
        uv1: "artist" (its second set), "uv0" (the artist's UVs serve) or "panels".
        uv1_reason: Why.
        charts: Number of charts of UV1.
        charts_by_xatlas: Of these, how many no panel could lay flat.
        anisotropy_mean: Area-weighted mean stretch ratio.
        utilisation: Part of the unit square that is covered.
        flipped: Mirrored triangles.
        overlaps: Pairs of triangles on the same texel.
        metres_per_uv: Length of one UV unit on the cloth, of UV0 and UV1 [m].
        fabrics: Colour painted for each material that had no texture, by name.
    """

    uv0: str
    uv1: str
    uv1_reason: str
    charts: int
    charts_by_xatlas: int
    anisotropy_mean: float
    utilisation: float
    flipped: int
    overlaps: int
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
        category: Decides the fabric.
        options: See there.
    """
    uv1, origin, reason, by_xatlas = _atlas(mesh, options)
    uv0 = (mesh.uv0, mesh.uv0_faces) if mesh.uv0 is not None else uv1
    done = replace(mesh, uv0=uv0[0], uv0_faces=uv0[1], uv1=uv1[0], uv1_faces=uv1[1])
    measures = _measured(done, uv1)
    if not _is_sound(uv1, measures):
        raise InputError(
            f"the garment cannot be unwrapped: {int(measures.flipped.sum())} triangles mirrored, "
            f"{len(measures.overlapping)} overlapping; clean it, or give it UVs in a 3D tool"
        )
    fabrics: dict[str, str] = {}
    if options.fabric:
        done, fabrics = _with_fabric(done, category, options)
    metres_uv0 = (
        measures.meters_per_uv if mesh.uv0 is None else _measured(done, (done.uv0, done.uv0_faces)).meters_per_uv
    )
    report = UnwrapReport(
        uv0="atlas" if mesh.uv0 is None else "artist",
        uv1=origin,
        uv1_reason=reason,
        charts=measures.charts,
        charts_by_xatlas=by_xatlas,
        anisotropy_mean=round(measures.anisotropy_mean, 4),
        utilisation=round(measures.utilisation, 4),
        flipped=int(measures.flipped.sum()),
        overlaps=len(measures.overlapping),
        metres_per_uv={"uv0": float(metres_uv0), "uv1": float(measures.meters_per_uv)},
        fabrics=fabrics,
    )
    return done, report


def unwrap(draft: Draft, options: UnwrapOptions = UnwrapOptions(), progress: Progress = silent) -> Draft:
    """Unwrap a draft's garment; run again, it starts from what the artist gave."""
    start = time.perf_counter()
    progress(0.0, "unwrapping")
    mesh = _as_artist_gave(draft)
    try:
        unwrapped, report = unwrap_mesh(mesh, str(draft.manifest["category"]), options)
    except InputError as error:
        raise InputError(f"{draft.folder}: {error}") from None
    figures = {**draft.manifest.get("mesh", {}), "charts": report.charts}
    metres = {key: value if np.isfinite(value) else None for key, value in report.metres_per_uv.items()}
    progress(0.9, "drawing the layout")
    done = draft.commit_step(
        "unwrap",
        {key: value for key, value in asdict(options).items() if value is not None},
        {**report.to_json(), "metres_per_uv": metres},
        mesh=unwrapped,
        manifest={"mesh": figures, "metres_per_uv": metres},
        files={"uv.png": uv_picture(unwrapped)},
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


def _atlas(mesh: GarmentMesh, options: UnwrapOptions) -> tuple[Uv, str, str, int]:
    """Return UV1, where it comes from, why, and the number of charts xatlas made."""
    reason = "asked for a fresh atlas"
    if not options.fresh:
        why = []
        for name, origin, uv, uv_faces in (
            ("second UV set", "artist", mesh.uv1, mesh.uv1_faces),
            ("UVs", "uv0", mesh.uv0, mesh.uv0_faces),
        ):
            if uv is not None and uv_faces is not None:
                flaw = _flaw((uv, uv_faces), _measured(mesh, (uv, uv_faces)))
                if flaw is None:
                    return (uv, uv_faces), origin, f"the artist's {name} cover no texel twice", 0
                why.append(f"the artist's {name} {flaw}")
        reason = "; ".join(why) or "the source has no UVs"
    charts, by_xatlas = lay_out(mesh.points.astype(np.float64), mesh.faces.astype(np.int64))
    return _joined(charts, len(mesh.faces)), "panels", reason, by_xatlas


def _joined(charts: list[Flat], face_count: int) -> Uv:
    placed, _ = pack(charts)
    uv_faces = np.zeros((face_count, 3), np.int32)
    offset = 0
    for chart, coordinates in zip(charts, placed, strict=True):
        uv_faces[chart.origin] = chart.faces + offset
        offset += len(coordinates)
    return np.concatenate(placed).astype(np.float32), uv_faces


def _measured(mesh: GarmentMesh, uv: tuple[NDArray[np.float32] | None, NDArray[np.int32] | None]) -> UvMeasures:
    assert uv[0] is not None
    assert uv[1] is not None
    return uv_measures(mesh.points, mesh.faces, uv[0], uv[1])


def _is_sound(uv: Uv, measures: UvMeasures) -> bool:
    return _flaw(uv, measures) in (None, "stretch too much")


def _flaw(uv: Uv, measures: UvMeasures) -> str | None:
    """Say why a UV set cannot be the atlas, or None."""
    if uv[0].min() < 0 or uv[0].max() > 1:
        return "leave the unit square"
    if measures.collapsed.any():
        return "have triangles without area"
    if measures.flipped.any():
        return "mirror triangles"
    if len(measures.overlapping):
        return "overlap"
    if not measures.anisotropy_mean <= _KEPT_ANISOTROPY:
        return "stretch too much"
    return None


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
