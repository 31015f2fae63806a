"""Examples that break the rules on textures and pictures."""

from __future__ import annotations

from dataclasses import replace

from .broken import breaks
from .builder import Parts, picture


@breaks("texture.size", at="material 0 base colour")
def break_size(parts: Parts) -> None:
    """A picture whose side is no power of two."""
    material = replace(parts.mesh.materials[0], base_color_image=picture((60, 64)))
    parts.change_mesh(materials=(material,))


@breaks("texture.readable", at="material 0 base colour")
def break_readable(parts: Parts) -> None:
    """Half a picture."""
    material = replace(parts.mesh.materials[0], base_color_image=picture()[:90])
    parts.change_mesh(materials=(material,))


@breaks("picture.preview", at="preview.png")
def break_preview(parts: Parts) -> None:
    """A blank preview."""
    parts.files["preview.png"] = picture(blank=True)
