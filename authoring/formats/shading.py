"""How a surface looks in a file's own words, and as a `Material`."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.files.garment import Material
from dressform.assets.files.images import image_has_alpha
from dressform.schemas.errors import InputError

from .raw import beside, check_image, check_size

Role = Literal["color", "normal", "bump", "roughness", "metallic", "occlusion", "emissive", "opacity"]
Pixels = NDArray[np.float64]
_WRAPS = {"repeat": 10497, "clamp": 33071, "mirror": 33648}
_PACKED = ("g", "b", False)  # how glTF keeps roughness and metallic in one image
_BUMP_STRENGTH = 2.0  # how steep one step from black to white over a pixel is; tools agree on no unit for height maps


class Reporting(Protocol):
    """Where readers say what became of things, one call for each outcome of a `Conversion`."""

    notes: list[str]
    companions: list[Path]

    def kept(self, what: str, why: str) -> None: ...  # noqa: D102  # the class says it
    def converted(self, what: str, why: str) -> None: ...  # noqa: D102  # as above
    def dropped(self, what: str, why: str) -> None: ...  # noqa: D102  # as above


@dataclass(frozen=True)
class Texture:
    """An image on a surface.

    Attributes:
        image: Encoded PNG or JPEG.
        uv: Name of the UV set it reads; empty means the first.
        scale: Of the coordinates, which are multiplied, turned and then moved; origin bottom-left.
        rotation: Counter-clockwise [rad].
        offset: In coordinates.
        wrap: Across and up: "repeat", "clamp" or "mirror".
        channel: "r", "g", "b" or "a" of an image that several things share, or empty.
        strength: Of a normal or height map.
        inverted: Whether it says one minus what it is for (glossiness, transparency).
    """

    image: bytes
    uv: str = ""
    scale: tuple[float, float] = (1.0, 1.0)
    rotation: float = 0.0
    offset: tuple[float, float] = (0.0, 0.0)
    wrap: tuple[str, str] = ("repeat", "repeat")
    channel: str = ""
    strength: float = 1.0
    inverted: bool = False


@dataclass
class Look:
    """A material as a file describes it; colours are linear.

    Attributes:
        name: In the file.
        color: Base colour.
        opacity: In [0, 1].
        roughness: In [0, 1].
        metallic: In [0, 1].
        sheen: Fuzz colour.
        emissive: Own light.
        double_sided: Whether back faces are seen.
        cutoff: Opacity below which nothing is seen, when the file cuts instead of blending.
        textures: By what they are for.
        extensions: glTF material extensions that say the rest.
    """

    name: str = "fabric"
    color: tuple[float, float, float] = (0.8, 0.8, 0.8)
    opacity: float = 1.0
    roughness: float = 0.9
    metallic: float = 0.0
    sheen: tuple[float, float, float] = (0.0, 0.0, 0.0)
    emissive: tuple[float, float, float] = (0.0, 0.0, 0.0)
    double_sided: bool = True
    cutoff: float | None = None
    textures: dict[Role, Texture] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)


def unit(value: float) -> float:
    """Hold a number to [0, 1]; what is no number counts as 0."""
    return min(max(float(value), 0.0), 1.0) if math.isfinite(value) else 0.0


def material_of(look: Look, uv_names: list[str], found: Reporting) -> Material:
    """Say a look in glTF's terms, which `Material` keeps; images are made anew only where glTF packs them."""
    record: dict[str, Any] = {}
    pbr: dict[str, Any] = {}
    images: list[bytes] = []
    color, normal = _color_image(look, found), _normal_image(look, found)
    base = look.textures.get("color") or look.textures.get("opacity")
    if base is not None and (info := _info(look, base, uv_names, found)):
        pbr["baseColorTexture"] = info
    bumps = look.textures.get("normal") or look.textures.get("bump")
    if bumps is not None and normal is not None:
        info = _info(look, bumps, uv_names, found)
        if "normal" in look.textures and bumps.strength != 1.0:
            info["scale"] = bumps.strength
        if info:
            record["normalTexture"] = info
    surface = _surface_image(look, found)
    if surface is not None:
        source = look.textures.get("roughness") or look.textures["metallic"]
        pbr["metallicRoughnessTexture"] = {"index": len(images), **_info(look, source, uv_names, found)}
        images.append(surface)
    further: tuple[tuple[Role, str], ...] = (("occlusion", "occlusionTexture"), ("emissive", "emissiveTexture"))
    for role, key in further:
        texture = look.textures.get(role)
        if texture is not None:
            record[key] = {"index": len(images), **_info(look, texture, uv_names, found)}
            grey = role == "occlusion" and texture.channel not in ("", "r")
            images.append(_encoded(_one_channel(texture, _size(texture.image))) if grey else texture.image)
    if any(look.emissive):
        record["emissiveFactor"] = [unit(v) for v in look.emissive]
    if look.extensions:
        record["extensions"] = dict(look.extensions)
    if pbr:
        record["pbrMetallicRoughness"] = pbr
    record |= _alpha(look, color)
    found.kept(f"material {look.name}", _summary(look))
    return Material(
        name=look.name,
        base_color=(unit(look.color[0]), unit(look.color[1]), unit(look.color[2]), unit(look.opacity)),
        base_color_image=color,
        normal_image=normal,
        roughness=unit(look.roughness),
        metallic=unit(look.metallic),
        sheen=(unit(look.sheen[0]), unit(look.sheen[1]), unit(look.sheen[2])),
        double_sided=look.double_sided,
        record=record,
        images=tuple(images),
    )


def texture_file(mesh_path: Path, name: str, found: Reporting, what: str) -> bytes | None:
    """Read a texture beside a mesh; one that is missing or broken is noted, one outside the folder is refused."""
    path = beside(mesh_path, name)
    if not path.is_file():
        found.dropped(what, f"{name} is not there; the material keeps its plain value")
        return None
    try:
        check_size(path)
    except InputError as error:
        found.dropped(what, str(error))
        return None
    image = texture_bytes(path.read_bytes(), str(path), found, what)
    if image is not None:
        found.companions.append(path)
    return image


def texture_bytes(data: bytes, where: str, found: Reporting, what: str) -> bytes | None:
    """Return an encoded image as PNG or JPEG, or None and a note when it is none."""
    try:
        image = check_image(data, where)
    except InputError as error:
        found.dropped(what, str(error))
        return None
    if image is not data:
        found.converted(what, "a PNG of the same pixels")
    return image


def _summary(look: Look) -> str:
    parts = ["colour, opacity, roughness, metallic"]
    parts += [f"{role} texture" for role in look.textures]
    parts += sorted(look.extensions)
    return ", ".join(parts)


def _alpha(look: Look, color: bytes | None) -> dict[str, Any]:
    """Return what glTF must be told of opacity beyond what a `Material` implies."""
    implied = "BLEND" if look.opacity < 1 else "MASK" if color is not None and image_has_alpha(color) else "OPAQUE"
    if "opacity" not in look.textures and look.cutoff is None:
        return {}
    wanted = "BLEND" if look.cutoff is None else "MASK"
    out: dict[str, Any] = {} if wanted == implied else {"alphaMode": wanted}
    if look.cutoff is not None and look.cutoff != 0.5:
        out["alphaCutoff"] = unit(look.cutoff)
    return out


def _info(look: Look, texture: Texture, uv_names: list[str], found: Reporting) -> dict[str, Any]:
    """Return a glTF textureInfo without its index; nothing where glTF's defaults hold."""
    out: dict[str, Any] = {}
    if texture.uv and texture.uv in uv_names:
        if uv_names.index(texture.uv):
            out["texCoord"] = uv_names.index(texture.uv)
    elif texture.uv:
        found.notes.append(f"material {look.name}: a texture's UV set {texture.uv!r} is not there; it reads UV0")
    if texture.scale != (1.0, 1.0) or texture.offset != (0.0, 0.0) or texture.rotation:
        out["extensions"] = {"KHR_texture_transform": _transform(texture)}
    if texture.wrap != ("repeat", "repeat"):
        across, up = (_WRAPS.get(w, _WRAPS["clamp"]) for w in texture.wrap)
        out["sampler"] = {"magFilter": 9729, "minFilter": 9987, "wrapS": across, "wrapT": up}
    return out


def _transform(texture: Texture) -> Mapping[str, Any]:
    """Return a KHR_texture_transform, which works on coordinates whose origin is top-left."""
    (sx, sy), (ox, oy), angle = texture.scale, texture.offset, texture.rotation
    out: dict[str, Any] = {"offset": [ox - math.sin(angle) * sy, 1 - math.cos(angle) * sy - oy], "scale": [sx, sy]}
    if angle:
        out["rotation"] = angle
    return out


def _pixels(image: bytes, mode: str, size: tuple[int, int] | None = None) -> Pixels:
    with Image.open(io.BytesIO(image)) as opened:
        picture = opened.convert(mode)
        if size is not None and picture.size != size:
            picture = picture.resize(size)
        return np.asarray(picture, np.float64) / 255.0


def _size(*images: bytes) -> tuple[int, int]:
    sizes = []
    for image in images:
        with Image.open(io.BytesIO(image)) as opened:
            sizes.append(opened.size)
    return max(s[0] for s in sizes), max(s[1] for s in sizes)


def _encoded(pixels: Pixels) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def _one_channel(texture: Texture, size: tuple[int, int]) -> Pixels:
    if texture.channel:
        plane = _pixels(texture.image, "RGBA", size)[..., "rgba".index(texture.channel)]
    else:
        plane = _pixels(texture.image, "L", size)
    return 1.0 - plane if texture.inverted else plane


def _color_image(look: Look, found: Reporting) -> bytes | None:
    """Return the base colour image, with the opacity map as its alpha where the file has one."""
    color, opacity = look.textures.get("color"), look.textures.get("opacity")
    if opacity is None:
        return None if color is None else color.image
    if color is not None and color.image == opacity.image and opacity.channel == "a" and not opacity.inverted:
        return color.image
    if color is not None and (color.uv, color.scale, color.offset, color.rotation) != (
        opacity.uv,
        opacity.scale,
        opacity.offset,
        opacity.rotation,
    ):
        found.dropped(f"opacity texture of {look.name}", "it lies otherwise on the surface than the colour texture")
        del look.textures["opacity"]
        return color.image
    size = _size(*(t.image for t in (color, opacity) if t is not None))
    rgb = np.ones((size[1], size[0], 3)) if color is None else _pixels(color.image, "RGB", size)
    found.converted(f"opacity texture of {look.name}", "the alpha channel of the base colour texture")
    return _encoded(np.concatenate([rgb, _one_channel(opacity, size)[..., None]], axis=2))


def _normal_image(look: Look, found: Reporting) -> bytes | None:
    normal, bump = look.textures.get("normal"), look.textures.get("bump")
    if normal is not None:
        return normal.image
    if bump is None:
        return None
    height = _one_channel(bump, _size(bump.image)) * bump.strength * _BUMP_STRENGTH
    right = (np.roll(height, -1, axis=1) - np.roll(height, 1, axis=1)) / 2
    down = (np.roll(height, -1, axis=0) - np.roll(height, 1, axis=0)) / 2
    normals = np.stack([-right, down, np.ones_like(height)], axis=2)
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    found.converted(f"height map of {look.name}", "a normal map of the same pixels")
    return _encoded(normals * 0.5 + 0.5)


def inverted_green(image: bytes) -> bytes:
    """Turn a normal map whose green counts downwards into one that counts upwards."""
    pixels = _pixels(image, "RGB")
    pixels[..., 1] = 1.0 - pixels[..., 1]
    return _encoded(pixels)


def is_normal_map(image: bytes) -> bool:
    """Whether pixels look like a tangent-space normal map: mostly blue, around the direction straight up."""
    pixels = _pixels(image, "RGB", (64, 64)).reshape(-1, 3)
    mean = pixels.mean(axis=0)
    return bool(mean[2] > 0.7 and abs(mean[0] - 0.5) < 0.2 and abs(mean[1] - 0.5) < 0.2)


def _surface_image(look: Look, found: Reporting) -> bytes | None:
    """Pack roughness (green) and metallic (blue) as glTF has them; the factors become 1 where an image speaks."""
    rough, metal = look.textures.get("roughness"), look.textures.get("metallic")
    if rough is None and metal is None:
        return None
    if rough is not None:
        look.roughness = 1.0
    if metal is not None:
        look.metallic = 1.0
    if rough and metal and rough.image == metal.image and (rough.channel, metal.channel, rough.inverted) == _PACKED:
        return rough.image
    size = _size(*(t.image for t in (rough, metal) if t is not None))
    ones = np.ones((size[1], size[0]))
    green = ones if rough is None else _one_channel(rough, size)
    blue = ones if metal is None else _one_channel(metal, size)
    which = " and ".join(role for role, t in (("roughness", rough), ("metallic", metal)) if t is not None)
    found.converted(f"{which} texture of {look.name}", "channels of one glTF metallic-roughness texture")
    return _encoded(np.stack([ones, green, blue], axis=2))
