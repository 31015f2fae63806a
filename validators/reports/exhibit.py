"""One picture that a report shows of a defect."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

_JPEG_QUALITY = 82


@dataclass(frozen=True)
class Exhibit:
    """A picture with the line below it.

    Attributes:
        caption: What it shows.
        content: The encoded picture.
        mime: "image/jpeg" or "image/png".
        size: (width, height) [px].
    """

    caption: str
    content: bytes
    mime: str
    size: tuple[int, int]

    @property
    def suffix(self) -> str:
        """Ending of a file that holds it."""
        return "jpg" if self.mime == "image/jpeg" else "png"


def photograph(caption: str, pixels: NDArray[np.uint8]) -> Exhibit:
    """Return shaded sRGB pixels uint8 [H, W, 3] as a JPEG."""
    from PIL import Image

    return _encoded(caption, Image.fromarray(pixels), "JPEG")


def drawing(caption: str, pixels: NDArray[np.uint8]) -> Exhibit:
    """Return flat sRGB pixels uint8 [H, W, 3] as a PNG with a palette, which lines stay sharp in."""
    from PIL import Image

    image = Image.fromarray(pixels).quantize(64, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return _encoded(caption, image, "PNG")


def _encoded(caption: str, image: Image, form: str) -> Exhibit:
    file = io.BytesIO()
    options = {"quality": _JPEG_QUALITY, "optimize": True} if form == "JPEG" else {"optimize": True}
    image.save(file, form, **options)
    return Exhibit(caption, file.getvalue(), f"image/{form.lower()}", image.size)
