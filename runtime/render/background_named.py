"""Backgrounds by what a person types."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageOps, UnidentifiedImageError

from dressform.schemas.errors import InputError, UsageError

from .scene import Background, Rgb

_BETWEEN = r",(?![^(]*\))"  # a comma, but none in brackets
_LARGEST = 100_000_000  # [px] of a photo


def background_named(text: str, *, ground: float = 1.0) -> Background:
    """Return a background by its name.

    Args:
        text: "studio", "transparent", a colour as CSS writes it ("#e8e4df", "white", "rgb(9, 8, 7)"), two of them with
            a comma between (a gradient from top to bottom), or a picture file.
        ground: Strength in [0, 1] of the shadow on the ground.

    Raises:
        UsageError: When it is none of these.
        InputError: When the picture cannot be read.
    """
    if text == "studio":
        return Background.studio(ground=ground)
    if text == "transparent":
        return Background.transparent(ground=ground)
    colors = [_color(part.strip()) for part in re.split(_BETWEEN, text)]
    if len(colors) == 1 and colors[0] is not None:
        return Background.plain(colors[0], ground=ground)
    if len(colors) == 2 and colors[0] is not None and colors[1] is not None:
        return Background.gradient(colors[0], colors[1], ground=ground)
    path = Path(text)
    if not _is_file(path):
        shown = text if len(text) <= 80 else f"{text[:77]}…"
        raise UsageError(
            f"--background must be studio, transparent, a colour such as #e8e4df, two with a comma, or a picture file; "
            f"there is no {shown!r}"
        )
    return Background.picture(_photo(path), ground=ground)


def _color(text: str) -> Rgb | None:
    """Return sRGB in [0, 1], or None for what is no colour."""
    try:
        values = ImageColor.getrgb(text)
    except ValueError:
        return None
    if not 0 <= min(values) <= max(values) <= 255:  # as in rgb(300, 0, 0)
        return None
    return values[0] / 255, values[1] / 255, values[2] / 255


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # longer than a name may be
        return False


def _photo(path: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as image:
            if image.width * image.height > _LARGEST:
                raise InputError(f"{path}: a background has at most {_LARGEST // 10**6} million pixels; scale it down")
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"), np.uint8)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError, SyntaxError) as error:
        raise InputError(f"{path}: needed a picture, found what cannot be read as one ({error})") from error
