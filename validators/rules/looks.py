"""Rules on textures and the preview."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dressform.schemas.report import Severity
from dressform.validators.rule import Defect, Rule
from dressform.validators.subject import Subject


def decodes(subject: Subject) -> Iterator[Defect]:
    """Textures that are no pictures."""
    for place, picture in subject.textures.items():
        if isinstance(picture, str):
            yield Defect(f"the {place} texture cannot be decoded: {picture}", place)


def has_a_fair_size(subject: Subject) -> Iterator[Defect]:
    """Textures that are not powers of two or larger than the limit."""
    for place, picture in subject.textures.items():
        if isinstance(picture, str):
            continue
        width, height = picture.size
        if max(width, height) > subject.budgets.texture_px or width & (width - 1) or height & (height - 1):
            yield Defect(
                f"{width}×{height}, needed powers of two up to {subject.budgets.texture_px}", place, max(width, height)
            )


def preview_shows_something(subject: Subject) -> Iterator[Defect]:
    """Previews that are missing, no pictures, or blank."""
    from PIL import Image

    file = subject.files.get("preview.png")
    if file is None:
        yield Defect("preview.png is missing", "preview.png")
        return
    try:
        with Image.open(file) as picture:
            pixels = np.asarray(picture.convert("L"), dtype=np.float32)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        yield Defect(f"preview.png cannot be decoded: {error}", "preview.png")
        return
    if float(pixels.std()) < 3.0:
        yield Defect("preview.png is blank", "preview.png", float(pixels.std()))


RULES = (
    Rule("DF-TEXTURE-001", "texture.readable", Severity.ERROR, ("mesh",),
         "replace the image and import again", decodes),
    Rule("DF-TEXTURE-002", "texture.size", Severity.WARNING, ("mesh",),
         "scale the image to a power of two", has_a_fair_size),
    Rule("DF-PICTURE-001", "picture.preview", Severity.ERROR, ("previewed",),
         "run dressform garment preview", preview_shows_something),
)  # fmt: skip
