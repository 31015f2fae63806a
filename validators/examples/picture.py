"""Examples that break the rules on preview and turntable."""

from __future__ import annotations

import io
from dataclasses import replace

from PIL import Image

from .broken import breaks
from .builder import Parts, picture, turntable


@breaks("picture.preview", at="preview.png")
def break_preview(parts: Parts) -> None:
    """Half a preview."""
    parts.files["preview.png"] = picture()[:90]


@breaks("picture.blank", at="preview.png")
def break_blank(parts: Parts) -> None:
    """A black preview."""
    parts.files["preview.png"] = picture(blank=True)


@breaks("picture.garment", at="preview.png")
def break_garment(parts: Parts) -> None:
    """A dress form without the garment: a red one was to be seen."""
    parts.change_mesh(
        materials=(replace(parts.mesh.materials[0], base_color=(0.5, 0.01, 0.01, 1.0), base_color_image=None),)
    )
    scene = Image.new("RGB", (96, 64), (240, 239, 237))
    scene.paste((120, 118, 112), (40, 8, 56, 60))
    buffer = io.BytesIO()
    scene.save(buffer, "png")
    parts.files["preview.png"] = buffer.getvalue()


@breaks("picture.turntable", at="turntable.mp4")
def break_turntable(parts: Parts) -> None:
    """Half a turntable."""
    parts.files["turntable.mp4"] = turntable()[:200]


@breaks("picture.frozen", at="turntable.mp4")
def break_frozen(parts: Parts) -> None:
    """A turntable that stands still."""
    parts.files["turntable.mp4"] = turntable(turns=False)
