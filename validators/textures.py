"""The pictures that a garment's looks are painted with, gathered once, and the colours that its triangles wear."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.glb_materials import texture_infos

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 8192 * 8192  # more is not decoded: it would not fit the memory that a check may take
# what a texture is of, by its key in a glTF material; a key that is not here is its own role
ROLES = {
    "baseColorTexture": "base colour",
    "normalTexture": "normal",
    "metallicRoughnessTexture": "metallic-roughness",
    "occlusionTexture": "occlusion",
    "emissiveTexture": "emissive",
    "sheenColorTexture": "sheen colour",
    "specularColorTexture": "specular colour",
}
COLOURS = ("base colour", "emissive", "sheen colour", "specular colour")  # held in sRGB; the others are plain numbers


@dataclass(frozen=True)
class Texture:
    """One picture, however often it is used.

    Attributes:
        place: Where it is used first: "sizes/M material 0 base colour" or, for a look's file, its path.
        roles: What it is used as, sorted: "base colour", "normal" …
        data: The encoded file.
        uses: How many materials, sizes and looks use it.
    """

    place: str
    roles: tuple[str, ...]
    data: bytes
    uses: int

    @cached_property
    def picture(self) -> Image | str:
        """The decoded picture, or why it cannot be decoded."""
        from PIL import Image

        try:
            picture = Image.open(io.BytesIO(self.data))
            if picture.width * picture.height > MOST_PIXELS:
                return f"{picture.width}×{picture.height} px, needed at most {MOST_PIXELS} in all"
            picture.load()
            return picture
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            return str(error) or type(error).__name__

    @property
    def is_colour(self) -> bool:
        """Whether it is read as colour somewhere, and so must be sRGB."""
        return any(role in COLOURS for role in self.roles)


def gather(meshes: Mapping[str, GarmentMesh], manifest: Mapping[str, Any], files: Mapping[str, Path]) -> list[Texture]:
    """Return every picture of a garment's materials and looks once, by where it is used first.

    Args:
        meshes: By size.
        manifest: template.json.
        files: Path in the template → file on disk.
    """
    found: dict[bytes, tuple[str, set[str], int]] = {}
    for place, role, data in (*_of_meshes(meshes), *_of_looks(manifest, files)):
        first, roles, uses = found.get(data, (place, set(), 0))
        found[data] = (first, {*roles, role}, uses + 1)
    return [Texture(place, tuple(sorted(roles)), data, uses) for data, (place, roles, uses) in found.items()]


def look_images(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield JSON path, role and file of every picture that the looks name; what is no look is left out."""
    variants = manifest.get("variants")
    for look, variant in variants.items() if isinstance(variants, dict) else ():
        materials = variant.get("materials") if isinstance(variant, dict) else None
        for material, change in materials.items() if isinstance(materials, dict) else ():
            for key, role in (("base_color_image", "base colour"), ("normal_image", "normal")):
                path = change.get(key) if isinstance(change, dict) else None
                if isinstance(path, str):
                    yield f"$.variants.{look}.materials.{material}.{key}", role, path


def worn_colours(mesh: GarmentMesh, index: int, picture: Image | str | None) -> NDArray[np.float64]:
    """Return the linear base colour in the middle of every triangle that wears a material, [F', 3].

    Args:
        mesh: The garment.
        index: Which material.
        picture: Its base colour texture, decoded; None or a reason when there is none.
    """
    worn = mesh.material_ids == index
    factor = np.array(mesh.materials[index].base_color[:3], np.float64)
    colours = np.tile(factor, (int(worn.sum()), 1))
    if picture is None or isinstance(picture, str) or mesh.uv0 is None or mesh.uv0_faces is None:
        return colours
    pixels = np.asarray(picture.convert("RGB"))
    middle = mesh.uv0[mesh.uv0_faces[worn]].mean(axis=1, dtype=np.float64) % 1.0
    height, width = pixels.shape[:2]
    column = np.minimum((middle[:, 0] * width).astype(np.int64), width - 1)
    row = np.minimum(((1 - middle[:, 1]) * height).astype(np.int64), height - 1)
    return colours * linear(pixels[row, column] / 255)


def linear(srgb: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return linear values of sRGB values in [0, 1] (IEC 61966-2-1)."""
    values = np.asarray(srgb, np.float64)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def material_images(material: Material) -> Iterator[tuple[str, bytes]]:
    """Yield role and encoded file of each picture that a material uses."""
    if material.base_color_image is not None:
        yield "base colour", material.base_color_image
    if material.normal_image is not None:
        yield "normal", material.normal_image
    for info, key in texture_infos(material.record):
        number = info.get("index")
        if isinstance(number, int) and 0 <= number < len(material.images):
            yield ROLES.get(key, key.removesuffix("Texture")), material.images[number]


def _of_meshes(meshes: Mapping[str, GarmentMesh]) -> Iterator[tuple[str, str, bytes]]:
    for size, mesh in meshes.items():
        for index, material in enumerate(mesh.materials):
            for role, data in material_images(material):
                yield f"sizes/{size} material {index} {role}", role, data


def _of_looks(manifest: Mapping[str, Any], files: Mapping[str, Path]) -> Iterator[tuple[str, str, bytes]]:
    for _, role, path in look_images(manifest):
        if path in files:
            yield path, role, files[path].read_bytes()
