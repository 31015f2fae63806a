"""Rules on how UVs lie in their square: charts, distances, tiling, and texels on the cloth."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.normals import face_areas
from dressform.schemas.documents import is_number
from dressform.schemas.report import Severity
from dressform.validators.rule import LISTED, Defect, Measured, NotTestableError, Rule, counted
from dressform.validators.subject import Subject

TEXTURE_PX = 1024  # that distances in the atlas are stated for
SWATCH_PX = 16  # a picture no larger than this is a colour, whatever it covers
CLAMP_TO_EDGE = 33071  # glTF 2.0, sampler.wrapS and wrapT; REPEAT holds where nothing is stated
SLACK = 1e-3  # [UV units] beyond the square that filtering hides
NO_UV_AREA = 1e-12  # twice the area of a triangle that shows no texel

UvSet = tuple[NDArray[np.float32], NDArray[np.int32]]


def has_uv0(subject: Subject) -> Iterator[Defect]:
    """Sizes without UV0, on which no picture can lie."""
    for size, mesh in subject.layouts.items():
        if mesh.uv0 is None:
            yield Defect("UV0 is missing", f"sizes/{size}", place={"size": size})


def tiles_only_where_pictures_repeat(subject: Subject) -> Iterator[Defect]:
    """Triangles whose UV0 leaves the square of a picture that does not repeat."""
    for size, mesh, (uv, uv_faces) in _uv0(subject):
        for number, material in enumerate(mesh.materials):
            info = _picture_info(material)
            sampler = info.get("sampler")
            clamped = [isinstance(sampler, dict) and sampler.get(key) == CLAMP_TO_EDGE for key in ("wrapS", "wrapT")]
            if material.base_color_image is None or info.get("texCoord", 0) != 0 or not any(clamped):
                continue
            own = np.flatnonzero(mesh.material_ids == number)
            shown = _transformed(uv[uv_faces[own]].astype(np.float64), info)
            outside = ((shown < -SLACK) | (shown > 1 + SLACK)) & np.array(clamped)
            bad = own[outside.any(axis=(1, 2))]
            message = f"triangles leave the picture of {material.name!r} in UV0, which does not repeat"
            one = f"triangle leaves the picture of {material.name!r} in UV0, which does not repeat"
            yield from counted(bad, message, f"sizes/{size}", one=one, size=size)


def stays_near_the_square(subject: Subject) -> Iterator[Defect]:
    """UV0 coordinates so far from the unit square that they lose their precision."""
    for size, _, (uv, _) in _uv0(subject):
        most = subject.budgets.uv_tiles
        bad = np.flatnonzero(~((uv >= -most) & (uv <= 1 + most)).all(axis=1))
        message = f"UV0 coordinates lie more than {most:g} tiles from the unit square"
        one = f"UV0 coordinate lies more than {most:g} tiles from the unit square"
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size, kind="uv")


def is_not_smeared(subject: Subject) -> Iterator[Defect]:
    """Triangles without area in UV0 that have a picture: it is smeared over them."""
    for size, mesh, (uv, uv_faces) in _uv0(subject):
        pictured = np.array([m.base_color_image is not None or m.normal_image is not None for m in mesh.materials])
        collapsed = _double_uv_area(uv, uv_faces) <= NO_UV_AREA
        surface = face_areas(mesh.points, mesh.faces) > 1e-10
        bad = np.flatnonzero(collapsed & surface & pictured[mesh.material_ids])
        message, one = "triangles with a picture have no area in UV0", "triangle with a picture has no area in UV0"
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size)


def has_enough_texels(subject: Subject) -> Iterator[Defect | Measured]:
    """Pictures with few texels for the cloth that they cover."""
    for size, mesh, (uv, uv_faces) in _uv0(subject):
        area, uv_area = face_areas(mesh.points, mesh.faces), _double_uv_area(uv, uv_faces) / 2
        for number, material in enumerate(mesh.materials):
            pixels, own = _pixels(material), mesh.material_ids == number
            cloth = float(area[own].sum())
            if pixels is None or max(pixels) <= SWATCH_PX or cloth <= 0:
                continue
            scale = _scale_of(_picture_info(material))
            density = float(np.sqrt(uv_area[own].sum() * pixels[0] * pixels[1] * scale / cloth))
            path, least = f"sizes/{size} material {number}", subject.budgets.texel_density
            if density < least:
                message = f"{material.name!r} has {density:.0f} texels along a metre of cloth, needed {least:g}"
                place = {"size": size, "faces": np.flatnonzero(own)[:LISTED].tolist()}
                yield Defect(message, path, density, place)
            yield Measured(density, "px/m", path)


def keeps_a_gutter(subject: Subject) -> Iterator[Defect | Measured]:
    """Charts of the atlas so close that one's texels bleed into the other."""
    from dressform.runtime.geometry.uv_measures import chart_gaps

    for size, _, (uv, uv_faces) in _uv1(subject):
        gaps, least = chart_gaps(uv, uv_faces), subject.budgets.uv_gutter_px
        nearest = TEXTURE_PX * float(gaps.distances.min(initial=np.inf))
        if not np.isfinite(nearest):  # one chart has no neighbour
            continue
        bad = np.unique(gaps.triangles[gaps.distances * TEXTURE_PX < least])
        if len(bad):
            message = f"charts of UV1 lie {nearest:.2f} px apart at {TEXTURE_PX}, needed {least:g}"
            yield Defect(message, f"sizes/{size}", nearest, {"size": size, "faces": bad[:LISTED].tolist()})
        yield Measured(nearest, "px", f"sizes/{size}")


def keeps_a_margin(subject: Subject) -> Iterator[Defect]:
    """Charts of the atlas at the edge of the square, where a texture that repeats bleeds in from the other side."""
    for size, _, (uv, uv_faces) in _uv1(subject):
        inside = np.minimum(uv, 1 - uv).min(axis=1) * TEXTURE_PX
        near = (inside < subject.budgets.uv_margin_px) & (inside >= 0)
        bad = np.flatnonzero(near[uv_faces].any(axis=1))
        message = f"triangles lie nearer than {subject.budgets.uv_margin_px:g} px at {TEXTURE_PX} to the edge of UV1"
        one = f"triangle lies nearer than {subject.budgets.uv_margin_px:g} px at {TEXTURE_PX} to the edge of UV1"
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size)


def has_few_charts(subject: Subject) -> Iterator[Defect | Measured]:
    """Atlases that cut the cloth into more charts than it has panels."""
    from dressform.runtime.geometry.uv_measures import uv_charts

    for size, mesh, (_, uv_faces) in _uv1(subject):
        charts, most = uv_charts(uv_faces), subject.budgets.uv_charts
        cloth = np.unique(charts[~_rigid(mesh)])
        if len(cloth) > most:
            smallest = cloth[np.argsort(np.bincount(charts)[cloth], kind="stable")[:LISTED]]
            place = {"size": size, "faces": np.flatnonzero(np.isin(charts, smallest))[:LISTED].tolist()}
            yield Defect(f"{len(cloth)} charts of cloth in UV1, at most {most}", f"sizes/{size}", len(cloth), place)
        yield Measured(len(cloth), "charts", f"sizes/{size}")


def joins_only_neighbours(subject: Subject) -> Iterator[Defect]:
    """Triangles that are joined in the atlas and not on the cloth: no panel can be cut so."""
    for size, _, (_, uv_faces) in _uv1(subject):
        flat = edges(uv_faces)
        own, edge = subject.topologies[size].edges.face_edges.reshape(-1), flat.face_edges.reshape(-1)
        first = np.full(len(flat.vertices), np.iinfo(np.int32).max, np.int32)
        last = np.full(len(flat.vertices), -1, np.int32)
        np.minimum.at(first, edge, own)
        np.maximum.at(last, edge, own)
        bad = np.unique(np.flatnonzero((first != last)[edge]) // 3)
        message = "triangles are joined in UV1 with others that are not beside them on the cloth"
        one = "triangle is joined in UV1 with itself"
        yield from counted(bad, message, f"sizes/{size}", one=one, size=size)


def uses_its_square(subject: Subject) -> Iterator[Defect | Measured]:
    """Atlases that leave most of their square empty."""
    for size in (size for size in subject.layouts if size in subject.atlas):
        atlas, least = subject.atlas[size], subject.budgets.uv_utilisation
        if atlas.utilisation < least:
            message = f"UV1 covers {100 * atlas.utilisation:.1f} % of its square, needed {100 * least:g} %"
            yield Defect(message, f"sizes/{size}", 100 * atlas.utilisation, {"size": size})
        yield Measured(100 * atlas.utilisation, "%", f"sizes/{size}")


def _uv0(subject: Subject) -> Iterator[tuple[str, GarmentMesh, UvSet]]:
    found = [
        (size, mesh, (mesh.uv0, mesh.uv0_faces))
        for size, mesh in subject.layouts.items()
        if mesh.uv0 is not None and mesh.uv0_faces is not None
    ]
    if not found:
        raise NotTestableError("there is no UV0")
    yield from found


def _uv1(subject: Subject) -> Iterator[tuple[str, GarmentMesh, UvSet]]:
    found = [
        (size, mesh, (mesh.uv1, mesh.uv1_faces))
        for size, mesh in subject.layouts.items()
        if mesh.uv1 is not None and mesh.uv1_faces is not None
    ]
    if not found:
        raise NotTestableError("there is no UV1")
    yield from found


def _picture_info(material: Material) -> dict[str, Any]:
    """Return what the material's source said about its base colour picture, as glTF's textureInfo."""
    pbr = material.record.get("pbrMetallicRoughness")
    info = pbr.get("baseColorTexture") if isinstance(pbr, dict) else None
    return info if isinstance(info, dict) else {}


def _pixels(material: Material) -> tuple[int, int] | None:
    """Return width and height of the base colour picture on UV0; None where there is none or it is no picture."""
    from PIL import Image

    if material.base_color_image is None or _picture_info(material).get("texCoord", 0) != 0:
        return None
    try:
        with Image.open(io.BytesIO(material.base_color_image)) as picture:
            return picture.size
    except (OSError, ValueError, Image.DecompressionBombError):
        return None  # a picture that cannot be decoded is a finding of its own


def _transform_of(info: dict[str, Any]) -> dict[str, Any]:
    extensions = info.get("extensions")
    transform = extensions.get("KHR_texture_transform") if isinstance(extensions, dict) else None
    return transform if isinstance(transform, dict) else {}


def _pair(transform: dict[str, Any], key: str, default: float) -> NDArray[np.float64]:
    value = transform.get(key)
    sound = isinstance(value, list) and len(value) == 2 and all(is_number(each) for each in value)
    return np.array(value if sound else (default, default), np.float64)


def _scale_of(info: dict[str, Any]) -> float:
    """Return how many times the picture's area a texture transform lays on the same UV area."""
    return float(np.abs(_pair(_transform_of(info), "scale", 1.0).prod()))


def _transformed(uv: NDArray[np.float64], info: dict[str, Any]) -> NDArray[np.float64]:
    """Return where UVs [..., 2] (origin bottom-left) lie in the picture, by KHR_texture_transform (origin top-left)."""
    transform = _transform_of(info)
    turn = float(transform["rotation"]) if is_number(transform.get("rotation")) else 0.0
    scaled = np.stack([uv[..., 0], 1 - uv[..., 1]], axis=-1) * _pair(transform, "scale", 1.0)
    cosine, sine = np.cos(turn), np.sin(turn)
    turned = np.stack(
        [cosine * scaled[..., 0] + sine * scaled[..., 1], cosine * scaled[..., 1] - sine * scaled[..., 0]], axis=-1
    )
    return np.asarray(turned + _pair(transform, "offset", 0.0))


def _double_uv_area(uv: NDArray[np.float32], uv_faces: NDArray[np.int32]) -> NDArray[np.float64]:
    corners = uv[uv_faces].astype(np.float64)
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]))


def _rigid(mesh: GarmentMesh) -> NDArray[np.bool_]:
    if mesh.part_ids is None:
        return np.zeros(len(mesh.faces), np.bool_)
    return np.asarray(np.array([part.rigid for part in mesh.parts], np.bool_)[mesh.part_ids])


_ANEW = "lay the atlas out anew: dressform garment unwrap DRAFT --fresh-atlas"
_NEEDS = ("unwrapped",)
RULES = (
    Rule("DF-UV-009", "uv.uv0-missing", Severity.ERROR, _NEEDS,
         "run dressform garment unwrap, or give the mesh UVs in a 3D tool", has_uv0),
    Rule("DF-UV-010", "uv.tiling", Severity.WARNING, _NEEDS,
         "let the texture repeat in the 3D tool, or move the UVs into the square, and import again",
         tiles_only_where_pictures_repeat),
    Rule("DF-UV-011", "uv.far", Severity.WARNING, _NEEDS,
         "move the UVs back by whole tiles in the 3D tool and import again", stays_near_the_square),
    Rule("DF-UV-012", "uv.smeared", Severity.WARNING, _NEEDS,
         "unwrap these triangles in the 3D tool and import again", is_not_smeared),
    Rule("DF-UV-013", "uv.texel-density", Severity.WARNING, _NEEDS,
         "use a larger picture, or let a small one repeat", has_enough_texels),
    Rule("DF-UV-014", "uv.gutter", Severity.WARNING, _NEEDS, _ANEW, keeps_a_gutter),
    Rule("DF-UV-015", "uv.margin", Severity.WARNING, _NEEDS, _ANEW, keeps_a_margin),
    Rule("DF-UV-016", "uv.charts", Severity.WARNING, _NEEDS, _ANEW, has_few_charts),
    Rule("DF-UV-017", "uv.panels", Severity.ERROR, _NEEDS, _ANEW, joins_only_neighbours),
    Rule("DF-UV-018", "uv.utilisation", Severity.WARNING, _NEEDS, _ANEW, uses_its_square),
)  # fmt: skip
