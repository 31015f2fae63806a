"""Examples that break the rules on textures."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from .broken import breaks
from .builder import Parts, picture


def png(pixels: NDArray[np.uint8], gamma: float | None = None) -> bytes:
    """Return pixels as a PNG that may say by which gamma they are encoded."""
    info, buffer = PngInfo(), io.BytesIO()
    if gamma is not None:
        info.add(b"gAMA", round(gamma * 100_000).to_bytes(4, "big"))
    Image.fromarray(pixels).save(buffer, "png", pnginfo=info)
    return buffer.getvalue()


def _paint(parts: Parts, **changes: Any) -> None:
    parts.change_mesh(materials=(replace(parts.mesh.materials[0], **changes),))


@breaks("texture.readable", at="material 0 base colour")
def break_readable(parts: Parts) -> None:
    """Half a picture."""
    _paint(parts, base_color_image=picture()[:90])


@breaks("texture.size", at="material 0 base colour", place={"image": "sizes/M material 0 base colour"})
def break_size(parts: Parts) -> None:
    """A picture twice as wide as the widest that is allowed."""
    _paint(parts, base_color_image=picture((8192, 64)))


@breaks("texture.power-of-two", at="material 0 base colour")
def break_power_of_two(parts: Parts) -> None:
    """A picture whose side is no power of two."""
    _paint(parts, base_color_image=picture((60, 64)))


@breaks("texture.colour-space", at="material 0 base colour")
def break_colour_space(parts: Parts) -> None:
    """A base colour that was saved with the gamma of a linear render."""
    pixels = np.asarray(Image.open(io.BytesIO(picture())))
    _paint(parts, base_color_image=png(pixels, gamma=1.0))


@breaks("texture.normal-map", at="material 0 normal")
def break_normal_map(parts: Parts) -> None:
    """A bump map where a normal map belongs."""
    heights = np.linspace(40, 220, 64).astype(np.uint8)
    _paint(parts, normal_image=png(np.repeat(np.tile(heights, (64, 1))[..., None], 3, axis=2)))


@breaks("texture.memory", at="textures")
def break_memory(parts: Parts) -> None:
    """Four pictures of 4096 px where one would do."""
    images = []
    for shade in (90, 100, 110, 120):
        buffer = io.BytesIO()
        Image.new("L", (4096, 4096), shade).save(buffer, "png", compress_level=1)
        images.append(buffer.getvalue())
    slots = ("occlusionTexture", "emissiveTexture")
    record = {slot: {"index": index} for index, slot in enumerate(slots)}
    material = replace(
        parts.mesh.materials[0],
        base_color_image=images[2],
        record={**record, "pbrMetallicRoughness": {"metallicRoughnessTexture": {"index": 2}}},
        images=(images[0], images[1], images[3]),
    )
    parts.change_mesh(materials=(material,))
