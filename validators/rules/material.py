"""Rules on the materials and on what the looks change in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.schemas.documents import is_number
from dressform.schemas.report import Severity
from dressform.schemas.units import LUMINANCE
from dressform.validators.rule import LISTED, Defect, Measured, Rule
from dressform.validators.subject import Subject
from dressform.validators.textures import look_images, worn_colours

# What a glTF material's further numbers may be (glTF 2.0, appendix B and the KHR_materials extensions).
_UNIT = (0.0, 1.0)
_RANGES = {
    "alphaCutoff": _UNIT, "emissiveFactor": _UNIT, "strength": _UNIT, "clearcoatFactor": _UNIT,
    "clearcoatRoughnessFactor": _UNIT, "sheenRoughnessFactor": _UNIT, "sheenColorFactor": _UNIT,
    "anisotropyStrength": _UNIT, "transmissionFactor": _UNIT, "specularFactor": _UNIT, "iridescenceFactor": _UNIT,
    "emissiveStrength": (0.0, np.inf), "thicknessFactor": (0.0, np.inf),
}  # fmt: skip
# Guides to painting physically based textures keep what is no metal between 30 and 240 of 255 in sRGB: coal to snow.
_DARKEST, _BRIGHTEST = 0.013, 0.871
_LUMINANCE = np.array(LUMINANCE)
_HALF_METAL = (0.1, 0.9)
_SEEN = 0.02  # opacity below which nothing is seen


def keeps_to_the_ranges(subject: Subject) -> Iterator[Defect]:
    """Materials with a number that glTF does not allow."""
    for size, index, material in _materials(subject):
        for key, value, (low, high) in _outside_of(material.record):
            needed = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} or more"
            yield _defect(size, index, f"{material.name}: {key} is {value:g}, needed {needed}", value)


def looks_like_a_surface(subject: Subject) -> Iterator[Defect | Measured]:
    """Materials that reflect more light than white cloth does, or less than black."""
    for size, index, material in _worn(subject):
        if material.metallic > _HALF_METAL[0] or material.base_color[3] < 1:
            continue
        brightness = float((_colours(subject, size, index) @ _LUMINANCE).mean())
        path = f"sizes/{size} material {index}"
        if not _DARKEST <= brightness <= _BRIGHTEST:
            found = f"{material.name} reflects {brightness:.3f} of the light, needed {_DARKEST} to {_BRIGHTEST}"
            yield _defect(size, index, found, round(brightness, 4), subject.meshes[size])
        else:
            yield Measured(round(brightness, 4), "albedo", path)


def is_metal_or_not(subject: Subject) -> Iterator[Defect]:
    """Materials that are half a metal, which no surface is."""
    for size, index, material in _worn(subject):
        mapped = "metallicRoughnessTexture" in material.record.get("pbrMetallicRoughness", {})
        if not mapped and _HALF_METAL[0] < material.metallic < _HALF_METAL[1]:
            found = f"{material.name} is {material.metallic:g} metallic, needed about 0 (cloth) or 1 (metal)"
            yield _defect(size, index, found, material.metallic, subject.meshes[size])


def has_its_maps(subject: Subject) -> Iterator[Defect]:
    """Looks that name a picture that is not there."""
    for path, role, file in look_images(subject.manifest):
        if file not in subject.files:
            yield Defect(f"the {role} picture {file} is not there", f"template.json {path}", None, {"image": file})


def blends_as_it_says(subject: Subject) -> Iterator[Defect]:
    """Materials whose alpha mode and opacity disagree."""
    for size, index, material in _worn(subject):
        found = _disagreement(material, _opacity(subject, material))
        if found is not None:
            yield _defect(size, index, f"{material.name}: {found}", None, subject.meshes[size])


def is_worn(subject: Subject) -> Iterator[Defect]:
    """Materials that no triangle and no look wears, and pictures of looks that no look names."""
    named = _named_by_looks(subject.manifest)
    for size, index, material in _materials(subject):
        mesh = subject.meshes[size]
        worn = bool((mesh.material_ids == index).any())
        if not worn and material.name not in named and all(index not in look.materials for look in mesh.variants):
            yield _defect(size, index, f"{material.name} is worn by no triangle and no look")
    used = {file for _, _, file in look_images(subject.manifest)}
    for path in sorted(subject.files):
        if path.startswith("looks/") and path not in used:
            yield Defect("no look of template.json names this file", path)


def has_a_name_of_its_own(subject: Subject) -> Iterator[Defect]:
    """Materials without a name or with another's, so that a look cannot say which it changes."""
    for size, mesh in subject.meshes.items():
        names = [material.name for material in mesh.materials]
        for index, name in enumerate(names):
            if not name.strip():
                yield _defect(size, index, f"material {index} has no name")
            elif name in names[:index]:
                yield _defect(size, index, f"materials {names.index(name)} and {index} are both named {name!r}")


def _materials(subject: Subject) -> Iterator[tuple[str, int, Material]]:
    """Yield size, number and material; those that an earlier size has alike at the same place only once."""
    seen: set[tuple[int, str]] = set()
    for size, mesh in subject.meshes.items():
        for index, material in enumerate(mesh.materials):
            key = (index, repr((material.name, material.base_color, material.roughness, material.metallic,
                                material.sheen, dict(material.record), hash(material.base_color_image))))  # fmt: skip
            if key not in seen:
                seen.add(key)
                yield size, index, material


def _worn(subject: Subject) -> Iterator[tuple[str, int, Material]]:
    """Yield the materials that triangles wear."""
    for size, index, material in _materials(subject):
        if (subject.meshes[size].material_ids == index).any():
            yield size, index, material


def _outside_of(record: Mapping[str, Any]) -> list[tuple[str, float, tuple[float, float]]]:
    """Return key, value and range of every number in a glTF material record, at any depth, that is out of its range."""
    bad: list[tuple[str, float, tuple[float, float]]] = []
    for key, value in sorted(record.items()):
        if key in _RANGES:
            bad += _outside(key, value, _RANGES[key])
        elif key == "ior" and is_number(value) and value != 0 and value < 1:  # KHR_materials_ior
            bad.append((key, float(value), (1.0, np.inf)))
        elif isinstance(value, dict) and key != "extras":
            bad += _outside_of(value)
    return bad


def _outside(key: str, value: Any, bounds: tuple[float, float]) -> list[tuple[str, float, tuple[float, float]]]:
    numbers = [float(number) for number in (value if isinstance(value, list) else [value]) if is_number(number)]
    return [(key, number, bounds) for number in numbers if not bounds[0] <= number <= bounds[1]]


def _colours(subject: Subject, size: str, index: int) -> NDArray[np.float64]:
    mesh = subject.meshes[size]
    return worn_colours(mesh, index, subject.picture_of(mesh.materials[index].base_color_image))


def _opacity(subject: Subject, material: Material) -> tuple[float, float]:
    """Return the least and greatest opacity of a material."""
    factor, picture = material.base_color[3], subject.picture_of(material.base_color_image)
    if picture is None or isinstance(picture, str) or not picture.has_transparency_data:
        return factor, factor
    low, high = picture.convert("RGBA").getchannel("A").getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    return factor * low / 255, factor * high / 255


def _disagreement(material: Material, opacity: tuple[float, float]) -> str | None:
    """Say what is wrong with a material's alpha mode, or None."""
    low, high = opacity
    mode = material.alpha_mode
    cutoff = material.record.get("alphaCutoff", 0.5)
    if (high < _SEEN and mode != "OPAQUE") or (mode == "MASK" and is_number(cutoff) and high < cutoff):
        return f"nothing of it is seen, its opacity is at most {high:.2f}"
    if mode == "OPAQUE" and low < 1 - _SEEN:
        return f"it is OPAQUE, so its opacity, down to {low:.2f}, is not shown"
    if mode == "BLEND" and low >= 1 - _SEEN:
        return "it is BLEND and nothing of it is transparent, so it is drawn in the wrong order"
    return None


def _named_by_looks(manifest: Mapping[str, Any]) -> set[str]:
    """Return the materials that a look wears instead of another."""
    variants = manifest.get("variants")
    held = variants.values() if isinstance(variants, dict) else ()
    looks = [look.get("materials") for look in held if isinstance(look, dict)]
    changes = [change for look in looks if isinstance(look, dict) for change in look.values()]
    return {str(change["material"]) for change in changes if isinstance(change, dict) and "material" in change}


def _defect(size: str, index: int, message: str, value: float | None = None, mesh: GarmentMesh | None = None) -> Defect:
    place: dict[str, object] = {"size": size}
    if mesh is not None:
        place["faces"] = np.flatnonzero(mesh.material_ids == index)[:LISTED].tolist()
    return Defect(message, f"sizes/{size} material {index}", value, place)


RULES = (
    Rule("DF-MATERIAL-001", "material.range", Severity.ERROR, ("mesh", "manifest"),
         "set the number in the 3D tool and import the garment again", keeps_to_the_ranges),
    Rule("DF-MATERIAL-002", "material.albedo", Severity.WARNING, ("mesh", "manifest"),
         "paint the base colour lighter or darker; light and shadow do not belong in it", looks_like_a_surface),
    Rule("DF-MATERIAL-003", "material.half-metal", Severity.WARNING, ("mesh", "manifest"),
         "set metallic to 0 for cloth or 1 for metal", is_metal_or_not),
    Rule("DF-MATERIAL-004", "material.missing-map", Severity.ERROR, ("manifest",),
         "put the picture back, or take it out of the look in template.json", has_its_maps),
    Rule("DF-MATERIAL-005", "material.alpha", Severity.WARNING, ("mesh", "manifest"),
         "set alphaMode to OPAQUE, MASK or BLEND as the cloth is", blends_as_it_says),
    Rule("DF-MATERIAL-006", "material.unused", Severity.WARNING, ("mesh", "manifest"),
         "take it out of the file", is_worn),
    Rule("DF-MATERIAL-007", "material.names", Severity.WARNING, ("mesh", "manifest"),
         "name the materials apart in the 3D tool and import the garment again", has_a_name_of_its_own),
)  # fmt: skip
