"""Materials of a glTF file with all they say: extensions, samplers, texture transforms, variants."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dressform.assets.files.garment import Material, Variant
from dressform.assets.files.glb_materials import SHEEN, texture_infos
from dressform.assets.files.images import image_has_alpha
from dressform.schemas.errors import InputError

from .gltf_document import Document, uri_bytes, view_bytes
from .raw import check_image

VARIANTS = "KHR_materials_variants"
TRANSFORM = "KHR_texture_transform"
_REPEAT = 10497  # OpenGL's number
GLOSSINESS = "KHR_materials_pbrSpecularGlossiness"
# texture extensions whose pictures Pillow can read
_PICTURES = ("EXT_texture_webp", "EXT_texture_avif")


class MaterialSlots:
    """Numbers the looks of primitives: their material, and what stands in for it in each variant."""

    def __init__(self, document: Document) -> None:
        self._document = document
        root = (document.data.get("extensions") or {}).get(VARIANTS) or {}
        self._variants = [str(variant.get("name", "")) for variant in root.get("variants") or []]
        self._slots: list[tuple[int, tuple[int, ...]]] = []

    def number(self, primitive: dict[str, Any]) -> int:
        """Return the slot of a primitive; -1 in it stands for no material."""
        own = primitive.get("material", -1)
        if own != -1:
            self._document.item("materials", own)
        worn = [own] * len(self._variants)
        extension = (primitive.get("extensions") or {}).get(VARIANTS) or {}
        for mapping in extension.get("mappings") or []:
            self._document.item("materials", mapping.get("material"))
            for variant in mapping.get("variants") or []:
                if not isinstance(variant, int) or not 0 <= variant < len(worn):
                    raise self._document.wrong(f"names variant {variant} of {len(worn)}")
                worn[variant] = mapping["material"]
        slot = (own, tuple(worn))
        if slot not in self._slots:
            self._slots.append(slot)
        return self._slots.index(slot)

    def base_sets(self) -> list[int | None]:
        """Return for each slot the TEXCOORD that its base colour reads, or None without such a texture."""
        return [base_set(self._document, material) for material, _ in self._slots]

    def materials(self, sets: Sequence[int | None]) -> tuple[tuple[Material, ...], tuple[Variant, ...], list[int]]:
        """Return all materials, the variants, and which material each slot is.

        Args:
            sets: The TEXCOORD of UV0 and of each further UV set that the mesh has; empty when it has none. A first one
                of None says that UV0 is for each material what its base colour reads.
        """
        order = sorted(range(len(self._slots)), key=lambda k: self._slots[k])
        owners = [self._slots[k][0] for k in order]
        stand_ins = {material for _, worn in self._slots for material in worn}
        owners += sorted(stand_ins - set(owners))
        read = {index: read_material(self._document, index, sets) for index in dict.fromkeys(owners)}
        unused = [index for index in range(len(self._document.items("materials"))) if index not in read]
        if unused:
            names = ", ".join(_name(self._document, index) for index in unused)
            self._document.say(f"{len(unused)} materials", "dropped", f"nothing that is read wears them: {names}")
        variants = []
        for number, name in enumerate(self._variants):
            worn = [owners.index(self._slots[k][1][number]) for k in order]
            variants.append(Variant(name, (*worn, *range(len(worn), len(owners)))))
            self._document.say(f"variant {name}", "kept", "as a look of the garment")
        place = [order.index(k) for k in range(len(order))]
        return tuple(read[index] for index in owners), tuple(variants), place


def base_set(document: Document, index: int) -> int | None:
    """Return the TEXCOORD that a material's base colour reads, or None without a texture."""
    if index < 0:
        return None
    info = (document.item("materials", index).get("pbrMetallicRoughness") or {}).get("baseColorTexture")
    return _set_of(info) if info else None


def _set_of(info: dict[str, Any]) -> int:
    transform = (info.get("extensions") or {}).get(TRANSFORM) or {}
    return int(transform.get("texCoord", info.get("texCoord", 0)))


def read_material(document: Document, index: int, sets: Sequence[int | None]) -> Material:
    """Return a material; its textures name UV0 and the further UV sets by their place in `sets`."""
    if index < 0:
        document.say("no material", "converted", "a plain fabric stands in")
        return Material()
    name = _name(document, index)
    if sets and sets[0] is None:
        own = base_set(document, index)
        sets = [sets[1] if own is None else own, *sets[1:]]
    record: dict[str, Any] = copy.deepcopy(document.item("materials", index))
    record.pop("name", None)
    pbr = record.setdefault("pbrMetallicRoughness", {})
    _from_glossiness(document, name, record, pbr)
    images: list[bytes] = []
    named: dict[str, bytes] = {}
    for holder, key, info in list(_held(record)):
        image = _image(document, f"{key} of material {name}", info, sets)
        if image is None:
            del holder[key]
            continue
        if info is pbr.get("baseColorTexture") or info is record.get("normalTexture"):
            named[key] = image
            del info["index"]
        else:
            if image not in images:
                images.append(image)
            info["index"] = images.index(image)
    factor = [float(x) for x in pbr.pop("baseColorFactor", (1, 1, 1, 1))]
    sheen = (record.get("extensions") or {}).get(SHEEN) or {}
    if "sheenColorFactor" in sheen:
        sheen.setdefault("sheenRoughnessFactor", 0.0)  # glTF's default, which ours is not
    fuzz = [float(x) for x in sheen.pop("sheenColorFactor", (0, 0, 0))]
    material = Material(
        name=name,
        base_color=(factor[0], factor[1], factor[2], factor[3]),
        base_color_image=named.get("baseColorTexture"),
        normal_image=named.get("normalTexture"),
        roughness=float(pbr.pop("roughnessFactor", 1.0)),
        metallic=float(pbr.pop("metallicFactor", 1.0)),
        sheen=(fuzz[0], fuzz[1], fuzz[2]),
        double_sided=bool(record.pop("doubleSided", False)),
        images=tuple(images),
    )
    see_through = factor[3] < 1 or (
        material.base_color_image is not None and image_has_alpha(material.base_color_image)
    )
    if see_through:  # glTF's default; without it ours would take the alpha for holes
        record.setdefault("alphaMode", "OPAQUE")
    if not pbr:
        del record["pbrMetallicRoughness"]
    more = sorted(record.get("extensions") or {})
    document.say(f"material {name}", "kept", f"with {', '.join(more)}" if more else "with its textures and factors")
    return replace(material, record=record)


def _name(document: Document, index: int) -> str:
    return str(document.item("materials", index).get("name") or f"material {index}")


def _held(record: dict[str, Any]) -> list[tuple[dict[str, Any], str, dict[str, Any]]]:
    """Return each texture reference with what holds it and under which key."""
    infos = [info for info, _ in texture_infos(record)]
    found: list[tuple[dict[str, Any], str, dict[str, Any]]] = []
    stack = [record]
    while stack:
        holder = stack.pop()
        for key, value in sorted(holder.items()):
            if isinstance(value, dict) and key != "extras":
                if any(value is info for info in infos):
                    found.append((holder, key, value))
                stack.append(value)
    return found


def _from_glossiness(document: Document, name: str, record: dict[str, Any], pbr: dict[str, Any]) -> None:
    """Give a material of the older specular-glossiness kind the colour and roughness that it means."""
    older = (record.get("extensions") or {}).get(GLOSSINESS)
    if not isinstance(older, dict) or pbr:
        return
    pbr["metallicFactor"] = 0.0
    pbr["roughnessFactor"] = 1.0 - float(older.get("glossinessFactor", 1.0))
    pbr["baseColorFactor"] = list(older.get("diffuseFactor", (1, 1, 1, 1)))
    if "diffuseTexture" in older:
        pbr["baseColorTexture"] = copy.deepcopy(older["diffuseTexture"])
    why = "its diffuse colour and glossiness are base colour and roughness"
    document.say(f"{GLOSSINESS} of material {name}", "converted", why)


def _image(document: Document, what: str, info: dict[str, Any], sets: Sequence[int | None]) -> bytes | None:
    """Return the picture of a texture reference, its UV set and sampler put into the reference; None drops it."""
    texture = document.item("textures", info["index"])
    wanted = _set_of(info)
    if not sets:
        document.say(what, "dropped", "the mesh has no UVs that it could use")
        return None
    if wanted not in sets:
        document.say(what, "converted", f"it reads TEXCOORD_{wanted}, which is not there; it reads UV0")
    transform = (info.get("extensions") or {}).get(TRANSFORM)
    if transform is not None:
        transform.pop("texCoord", None)
    place = sets.index(wanted) if wanted in sets else 0
    info.pop("texCoord", None)
    if place:
        info["texCoord"] = place
    info["sampler"] = _sampler(document, texture)
    return _picture(document, what, texture)


def _sampler(document: Document, texture: dict[str, Any]) -> dict[str, Any]:
    """Return a texture's sampler, the wrapping spelled out that glTF has where nothing is said."""
    sampler = document.item("samplers", texture["sampler"]) if "sampler" in texture else {}
    given = {key: sampler[key] for key in ("magFilter", "minFilter", "wrapS", "wrapT") if sampler.get(key) is not None}
    return {"wrapS": _REPEAT, "wrapT": _REPEAT, **given}


def _picture(document: Document, what: str, texture: dict[str, Any]) -> bytes | None:
    sources = [
        extension["source"]
        for name in _PICTURES
        if "source" in (extension := (texture.get("extensions") or {}).get(name) or {})
    ]
    if "source" in texture:
        sources.insert(0, texture["source"])
    if not sources:
        kinds = ", ".join(texture.get("extensions") or {}) or "no picture"
        document.say(what, "dropped", f"the texture holds {kinds}; export it as PNG or JPEG")
        return None
    image = document.item("images", sources[0])
    where = f"{document.path} images[{sources[0]}]"
    if "bufferView" in image:
        data = view_bytes(document, document.item("bufferViews", image["bufferView"]))
    else:
        uri = str(image["uri"])
        if not uri.startswith("data:") and not document.beside(uri).is_file():
            document.say(what, "dropped", f"the texture {uri} is not there; copy it beside the mesh")
            return None
        data = uri_bytes(document, uri)
    try:
        picture = check_image(data, where)
    except InputError:
        if len(sources) == 1 and image.get("mimeType") not in ("image/avif", "image/webp"):
            raise
        document.say(what, "dropped", f"its {image.get('mimeType')} cannot be read here; export it as PNG or JPEG")
        return None
    if picture is not data:
        document.say(what, "converted", f"{image.get('mimeType', 'another picture format')} became PNG")
    return picture
