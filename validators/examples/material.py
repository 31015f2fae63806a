"""Examples that break the rules on materials."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from dressform.assets.files.garment import Material

from .broken import breaks
from .builder import Parts, picture


def _change(parts: Parts, **changes: Any) -> None:
    parts.change_mesh(materials=(replace(parts.mesh.materials[0], **changes), *parts.mesh.materials[1:]))


@breaks("material.range", at="sizes/M material 0")
def break_range(parts: Parts) -> None:
    """A coat of lacquer that is thicker than thick."""
    _change(parts, record={"extensions": {"KHR_materials_clearcoat": {"clearcoatFactor": 1.4}}})


@breaks("material.albedo", at="sizes/M material 0", place={"size": "M"})
def break_albedo(parts: Parts) -> None:
    """A cloth that reflects every ray."""
    _change(parts, base_color=(1.0, 1.0, 1.0, 1.0), base_color_image=None)


@breaks("material.half-metal", at="sizes/M material 0", place={"size": "M"})
def break_half_metal(parts: Parts) -> None:
    """A cloth that is half a metal."""
    _change(parts, metallic=0.5)


@breaks("material.missing-map", at="$.variants.blue", place={"image": "looks/blue/sheet.png"})
def break_missing_map(parts: Parts) -> None:
    """A look whose picture was not delivered."""
    change = {"base_color_image": "looks/blue/sheet.png"}
    parts.manifest["variants"] = {"blue": {"materials": {parts.mesh.materials[0].name: change}}}


@breaks("material.alpha", at="sizes/M material 0", place={"size": "M"})
def break_alpha(parts: Parts) -> None:
    """Lace whose holes are drawn as cloth."""
    pixels = np.full((64, 64, 4), 200, np.uint8)
    pixels[::4, ::4, 3] = 0
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    _change(parts, base_color_image=buffer.getvalue(), record={"alphaMode": "OPAQUE"})


@breaks("material.unused", at="sizes/M material 1")
def break_unused(parts: Parts) -> None:
    """A material that was left behind."""
    parts.change_mesh(materials=(*parts.mesh.materials, Material("old cloth", base_color_image=picture())))


@breaks("material.names", at="sizes/M material 1")
def break_names(parts: Parts) -> None:
    """Two materials of one name."""
    ids = np.arange(len(parts.mesh.faces), dtype=np.int32) % 2
    second = replace(parts.mesh.materials[0], base_color=(0.5, 0.1, 0.1, 1.0))
    parts.change_mesh(materials=(*parts.mesh.materials, second), material_ids=ids)
