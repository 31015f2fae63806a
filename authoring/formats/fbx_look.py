"""Materials of an FBX file; textures lie inside it, beside it or in the folder that FBX tools make for them."""

from __future__ import annotations

import base64
import binascii
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import InputError

from .fbx_scene import FbxScene, Thing
from .pieces import Findings
from .raw import beside
from .shading import Look, Role, Texture, is_normal_map, texture_bytes, texture_file, unit

# the last word of a property's name in the materials of the usual tools: Phong, Stingray, Arnold, 3ds Max, Blender
_ROLES: dict[str, Role] = {
    **dict.fromkeys(("diffusecolor", "diffuse", "basecolor", "base_color", "base_color_map", "tex_color_map"), "color"),
    **dict.fromkeys(("normalmap", "normalcamera", "normal", "norm_map", "tex_normal_map"), "normal"),
    **dict.fromkeys(("bump", "bump_map", "bumpmap"), "bump"),
    **dict.fromkeys(("transparentcolor", "transparencyfactor", "opacity", "cutout_map", "opacity_map"), "opacity"),
    **dict.fromkeys(("roughness", "specularroughness", "roughness_map", "tex_roughness_map"), "roughness"),
    **dict.fromkeys(("metalness", "metallic", "metalness_map", "tex_metallic_map"), "metallic"),
    **dict.fromkeys(("emissivecolor", "emissive", "emissioncolor", "emit_color_map", "tex_emissive_map"), "emissive"),
    **dict.fromkeys(("ao", "ambientocclusion", "ao_map", "tex_ao_map"), "occlusion"),
}
_BLENDER: dict[str, Role] = {"shininessexponent": "roughness", "shininess": "roughness", "reflectionfactor": "metallic"}
_COLOURS = ("base_color", "basecolor", "baseColor")


class FbxLooks:
    """The materials that meshes of a file use.

    Args:
        path: The file.
        scene: Its objects.
        found: Takes what is dropped or converted.
    """

    def __init__(self, path: Path, scene: FbxScene, found: Findings) -> None:
        self.looks: list[Look] = []
        self._path, self._scene, self._found = path, scene, found
        self._ids: dict[int, int] = {}
        self._blender = "blender" in scene.creator.lower()

    def of_faces(self, model: Thing, slots: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the file's material for the slot of each polygon; a slot beyond the node's materials is plain."""
        materials = self._scene.below(model, "Material")
        table = [self._id(material) for material in materials]
        outside = (slots < 0) | (slots >= len(table))
        if outside.any():
            if table:
                self._found.notes.append(f"{model.name}: {int(outside.sum())} faces name a material that is not there")
            table.append(self._id(None))
        chosen = np.where(outside, len(table) - 1, slots)
        return np.array(table, np.int64)[chosen]

    def _id(self, material: Thing | None) -> int:
        number = -1 if material is None else material.number
        if number not in self._ids:
            self._ids[number] = len(self.looks)
            self.looks.append(Look() if material is None else self._look(material))
        return self._ids[number]

    def _look(self, material: Thing) -> Look:
        look = Look(name=material.name or "fabric")
        own = {name.rpartition("|")[2].lower(): name for name in material.own}
        factor = material.number_of("DiffuseFactor", 1.0)
        color = material.numbers("DiffuseColor", (0.8, 0.8, 0.8))
        for name in _COLOURS:
            if name.lower() in own:
                color, factor = material.numbers(own[name.lower()], (color[0], color[1], color[2])), 1.0
        look.color = (unit(color[0] * factor), unit(color[1] * factor), unit(color[2] * factor))
        look.opacity = self._opacity(material)
        glow, strength = material.numbers("EmissiveColor", (0.0, 0.0, 0.0)), material.number_of("EmissiveFactor", 1.0)
        look.emissive = (unit(glow[0] * strength), unit(glow[1] * strength), unit(glow[2] * strength))
        for key in ("roughness", "specularroughness"):
            if key in own:
                look.roughness = unit(material.number_of(own[key], look.roughness))
        for key in ("metalness", "metallic"):
            if key in own:
                look.metallic = unit(material.number_of(own[key], look.metallic))
        if self._blender and "roughness" not in own:
            look.roughness = unit(1.0 - math.sqrt(max(material.number_of("Shininess", 25.0), 0.0)) / 10.0)
            look.metallic = unit(material.number_of("ReflectionFactor", 0.0))
        elif "roughness" not in own and "Shininess" in material.own:
            self._found.left_out(f"Phong values of {look.name}", "roughness and metallic say how it shines")
        for source, name in self._scene.wired(material):
            if source.kind in ("Texture", "LayeredTexture"):
                self._connect(look, source, name.rpartition("|")[2])
        return look

    def _opacity(self, material: Thing) -> float:
        if "Opacity" in material.own:
            return unit(material.number_of("Opacity", 1.0))
        color = material.numbers("TransparentColor", (1.0, 1.0, 1.0))
        see_through = material.number_of("TransparencyFactor", 0.0) * sum(color) / 3
        return 1.0 - unit(see_through) if "TransparencyFactor" in material.own else 1.0

    def _connect(self, look: Look, source: Thing, name: str) -> None:
        role = (_BLENDER if self._blender else {}).get(name.lower()) or _ROLES.get(name.lower())
        if source.kind == "LayeredTexture":
            layers = self._scene.below(source, "Texture")
            self._found.converted(f"layered texture of {look.name}", f"the first of {len(layers)} layers")
            if not layers:
                return
            source = layers[0]
        if role is None:
            self._found.dropped(f"{name} texture of {look.name}", "no place for it in glTF materials")
            return
        image = self._image(source, f"{role} texture of {look.name}")
        if image is None:
            return
        if role == "bump" and is_normal_map(image):
            role = "normal"
        if role == "color":
            look.color = (1.0, 1.0, 1.0)
        elif role == "emissive":
            look.emissive = look.emissive if any(look.emissive) else (1.0, 1.0, 1.0)
        elif role == "opacity":
            look.opacity = 1.0
        move, scale = source.numbers("Translation", (0.0, 0.0)), source.numbers("Scaling", (1.0, 1.0))
        wraps = ["clamp" if source.number_of(f"WrapMode{axis}", 0.0) == 1 else "repeat" for axis in "UV"]
        uv = source.properties.get("UVSet", [""])
        uv_name = str(uv[0]) if uv else ""
        look.textures[role] = Texture(
            image,
            uv="" if uv_name in ("default", "") else uv_name,
            scale=(scale[0], scale[1]),
            rotation=math.radians(source.numbers("Rotation", (0.0, 0.0, 0.0))[2]),
            offset=(move[0], move[1]),
            wrap=(wraps[0], wraps[1]),
            inverted=role == "opacity" and name.lower() in ("transparentcolor", "transparencyfactor"),
        )

    def _image(self, texture: Thing, what: str) -> bytes | None:
        """Return a texture that is embedded, else the one beside the file."""
        videos = self._scene.below(texture, "Video")
        for video in videos:
            data = _content(video)
            if data:
                return texture_bytes(data, f"{self._path} ({video.name})", self._found, what)
        names = [
            str(thing.record.value(key))
            for thing in (texture, *videos)
            for key in ("RelativeFilename", "FileName", "Filename")
            if isinstance(thing.record.value(key), str) and thing.record.value(key)
        ]
        for name in dict.fromkeys(names):
            plain = name.replace("\\", "/")
            base = plain.rpartition("/")[2]
            for candidate in (plain, base, f"textures/{base}", f"{self._path.stem}.fbm/{base}"):
                try:
                    there = bool(base) and beside(self._path, candidate).is_file()
                except (InputError, OSError, ValueError):
                    continue  # absolute paths of the artist's machine are usual; nothing is read from there
                if there:
                    if candidate != plain:
                        self._found.converted(what, f"{name} is named, {candidate} beside the file is read")
                    return texture_file(self._path, candidate, self._found, what)
        shown = names[0] if names else "a file without name"
        self._found.dropped(what, f"{shown} is not beside the file; the material keeps its plain value")
        return None


def _content(video: Thing) -> bytes:
    """Return the bytes that are embedded in a file; text files hold them as base64."""
    record = video.record.first("Content")
    if record is None:
        return b""
    raw = b"".join(v for v in record.values if isinstance(v, bytes))
    if raw:
        return raw
    text = "".join(v for v in record.values if isinstance(v, str))
    try:
        return base64.b64decode(text, validate=False)
    except (binascii.Error, ValueError):
        return b""
