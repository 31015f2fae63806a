"""Materials of a garment's GLB, with everything their source said about them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pygltflib as gltf

from dressform.schemas.errors import InputError

from .garment import GarmentMesh, Material
from .glb_buffer import GlbBuffer
from .glb_file import GlbFile, floats_of, object_of
from .images import image_has_alpha, image_mime

SHEEN = "KHR_materials_sheen"
SHEEN_ROUGHNESS = 0.5  # how wide the fuzz shines where the source does not say
_SAMPLER = {
    "magFilter": gltf.LINEAR,
    "minFilter": gltf.LINEAR_MIPMAP_LINEAR,
    "wrapS": gltf.REPEAT,
    "wrapT": gltf.REPEAT,
}


def texture_infos(record: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each texture reference of a glTF material record, at any depth, with its key, in the keys' order."""
    for key, value in sorted(record.items()):
        if isinstance(value, dict) and key != "extras":
            if key.endswith("Texture") and "index" in value:
                yield value, key
            yield from texture_infos(value)


def add_materials(document: gltf.GLTF2, buffer: GlbBuffer, mesh: GarmentMesh, uv_slots: Sequence[int]) -> None:
    """Write every material with its textures, and name the extensions that they use."""
    textures = _Textures(document, buffer)
    used: set[str] = set(document.extensionsUsed or [])
    for material in mesh.materials:
        if mesh.uv0 is None and (material.base_color_image or material.normal_image or material.images):
            raise InputError("garment: a material has a texture but no UV0; run `dressform garment unwrap`")
        record = _written(material, textures.index_of, uv_slots)
        used.update(record.get("extensions") or {})
        for info, _ in texture_infos(record):
            used.update(info.get("extensions") or {})
        document.materials.append(_as_gltf(record))
    document.extensionsUsed = sorted(used)


class _Textures:
    """Textures of a document in the making; equal images are stored once."""

    def __init__(self, document: gltf.GLTF2, buffer: GlbBuffer) -> None:
        self._document, self._buffer = document, buffer
        self._images: dict[bytes, int] = {}
        self._samplers: list[dict[str, Any]] = []
        self._textures: dict[tuple[int, int], int] = {}

    def index_of(self, image: bytes, sampler: Mapping[str, Any]) -> int:
        """Return the number of a texture, which is added when it is new."""
        document = self._document
        if image not in self._images:
            document.images.append(gltf.Image(bufferView=self._buffer.add_view(image), mimeType=image_mime(image)))
            self._images[image] = len(document.images) - 1
        if sampler not in self._samplers:
            self._samplers.append(dict(sampler))
            plain = {k: v for k, v in sampler.items() if k in _SAMPLER}
            document.samplers.append(gltf.Sampler(**{"wrapS": None, "wrapT": None, **plain}))
        key = (self._images[image], self._samplers.index(dict(sampler)))
        if key not in self._textures:
            document.textures.append(gltf.Texture(source=key[0], sampler=key[1]))
            self._textures[key] = len(document.textures) - 1
        return self._textures[key]


def _written(
    material: Material, texture: Callable[[bytes, Mapping[str, Any]], int], uv_slots: Sequence[int]
) -> dict[str, Any]:
    """Return a material as glTF JSON."""
    record: dict[str, Any] = copy.deepcopy(dict(material.record))
    pbr = record.setdefault("pbrMetallicRoughness", {})
    for holder, key, image in (
        (pbr, "baseColorTexture", material.base_color_image),
        (record, "normalTexture", material.normal_image),
    ):
        if image is None:
            holder.pop(key, None)
        else:
            info = holder.setdefault(key, {})
            info["index"] = texture(image, info.pop("sampler", _SAMPLER))
            info["texCoord"] = _slot(info, uv_slots)
            info["_written"] = True
    for info, key in texture_infos(record):
        if not info.pop("_written", False):
            number = info.get("index")
            if not isinstance(number, int) or not 0 <= number < len(material.images):
                raise InputError(f"material {material.name!r}: {key} names image {number} of {len(material.images)}")
            info["index"] = texture(material.images[number], info.pop("sampler", _SAMPLER))
            info["texCoord"] = _slot(info, uv_slots)
    pbr["baseColorFactor"] = [float(value) for value in material.base_color]
    pbr["metallicFactor"], pbr["roughnessFactor"] = float(material.metallic), float(material.roughness)
    record["name"], record["doubleSided"] = material.name, material.double_sided
    if any(material.sheen):
        sheen = record.setdefault("extensions", {}).setdefault(SHEEN, {})
        sheen["sheenColorFactor"] = [float(v) for v in material.sheen]
        sheen.setdefault("sheenRoughnessFactor", SHEEN_ROUGHNESS)
    alpha = _inferred_alpha(material)
    if alpha is not None:
        record.setdefault("alphaMode", alpha)
    return record


def _inferred_alpha(material: Material) -> str | None:
    if material.base_color[3] < 1:
        return "BLEND"
    image = material.base_color_image
    return "MASK" if image is not None and image_has_alpha(image) else None


def _slot(info: dict[str, Any], uv_slots: Sequence[int]) -> int:
    number = info.get("texCoord", 0)
    if not isinstance(number, int) or not 0 <= number < len(uv_slots):
        raise InputError(f"a texture names UV set {number}, the garment has {len(uv_slots)}")
    return uv_slots[number]


def _as_gltf(record: dict[str, Any]) -> gltf.Material:
    """Return a record as pygltflib writes it: unknown keys go through untouched."""
    pbr = record["pbrMetallicRoughness"]
    material = gltf.Material(
        name=record["name"],
        doubleSided=record["doubleSided"],
        alphaMode=record.get("alphaMode"),
        alphaCutoff=record.get("alphaCutoff"),
        emissiveFactor=record.get("emissiveFactor"),
        pbrMetallicRoughness=gltf.PbrMetallicRoughness(
            baseColorFactor=pbr["baseColorFactor"],
            metallicFactor=pbr["metallicFactor"],
            roughnessFactor=pbr["roughnessFactor"],
        ),
    )
    for key in ("baseColorTexture", "metallicRoughnessTexture", "extensions", "extras"):
        if key in pbr:
            setattr(material.pbrMetallicRoughness, key, pbr[key])
    for key in ("normalTexture", "occlusionTexture", "emissiveTexture", "extensions", "extras"):
        if key in record:
            setattr(material, key, record[key])
    return material


def read_material(file: GlbFile, index: int, uv_slots: Sequence[int]) -> Material:
    """Read a material that `add_materials` wrote."""
    source = file.item("materials", index)
    where = f"{file.where}: materials[{index}]"
    record: dict[str, Any] = copy.deepcopy(source)
    images: list[bytes] = []
    named: dict[str, bytes] = {}
    pbr = record["pbrMetallicRoughness"] = dict(object_of(source, "pbrMetallicRoughness", where))
    pbr = record["pbrMetallicRoughness"] = copy.deepcopy(pbr)
    for info, key in texture_infos(record):
        image, sampler = _image(file, info)
        if info is pbr.get("baseColorTexture") or info is record.get("normalTexture"):
            named[key] = image
            del info["index"]
        else:
            if image not in images:
                images.append(image)
            info["index"] = images.index(image)
        if sampler != _SAMPLER:
            info["sampler"] = sampler
        slot = info.pop("texCoord", 0)
        if slot not in uv_slots:
            raise InputError(f"{where}: {key} names TEXCOORD_{slot}, which is no set of the artist's")
        if uv_slots.index(slot):
            info["texCoord"] = uv_slots.index(slot)
    color = floats_of(pbr.pop("baseColorFactor", [1, 1, 1, 1]), 4, f"{where}.baseColorFactor")
    (roughness,) = floats_of([pbr.pop("roughnessFactor", 1.0)], 1, f"{where}.roughnessFactor")
    (metallic,) = floats_of([pbr.pop("metallicFactor", 1.0)], 1, f"{where}.metallicFactor")
    sheen = object_of(object_of(record, "extensions", where), SHEEN, where)
    fuzz = floats_of(sheen.pop("sheenColorFactor", [0, 0, 0]), 3, f"{where}.sheenColorFactor")
    if sheen.get("sheenRoughnessFactor") == SHEEN_ROUGHNESS:
        del sheen["sheenRoughnessFactor"]
    material = Material(
        name=str(record.pop("name", "")),
        base_color=(color[0], color[1], color[2], color[3]),
        base_color_image=named.get("baseColorTexture"),
        normal_image=named.get("normalTexture"),
        roughness=roughness,
        metallic=metallic,
        sheen=(fuzz[0], fuzz[1], fuzz[2]),
        double_sided=record.pop("doubleSided", False) is True,
        images=tuple(images),
    )
    if record.get("alphaMode", "OPAQUE") == _inferred_alpha(material):
        del record["alphaMode"]
    elif _inferred_alpha(material) is not None:
        record.setdefault("alphaMode", "OPAQUE")
    return replace(material, record=_without_empty(record))


def _image(file: GlbFile, info: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    texture = file.item("textures", info.get("index"))
    image = file.item("images", texture.get("source"))
    if "bufferView" not in image:
        raise InputError(f"{file.where}: an image lies outside the file; only embedded images are read")
    sampler = file.item("samplers", texture["sampler"]) if "sampler" in texture else {}
    return file.view(image["bufferView"]), sampler


def _without_empty(record: dict[str, Any]) -> dict[str, Any]:
    """Leave out objects that hold nothing but objects that hold nothing; an extension that is there stays."""
    kept = {}
    for key, value in record.items():
        if key == "extensions" and isinstance(value, dict):
            value = {name: held for name, held in value.items() if held or name != SHEEN}
        elif isinstance(value, dict):
            value = _without_empty(value)
        if value != {}:
            kept[key] = value
    return kept
