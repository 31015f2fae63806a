"""What a GLB needs to know of the encoded images it embeds."""

from __future__ import annotations

from dressform.schemas.errors import InputError

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"


def image_mime(image: bytes) -> str:
    """Return the MIME type of an encoded image by its first bytes."""
    if image.startswith(PNG):
        return "image/png"
    if image.startswith(JPEG):
        return "image/jpeg"
    raise InputError(f"a texture is neither PNG nor JPEG (starts with {image[:4]!r}); convert it to PNG")


def image_has_alpha(image: bytes) -> bool:
    """Whether a PNG's header says that it has an alpha channel; JPEG never has."""
    return image.startswith(PNG) and len(image) > 25 and image[25] in (4, 6)
