"""Rules on the pictures that a garment's looks are painted with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from dressform.schemas.report import Severity
from dressform.validators.rule import Defect, Measured, Rule
from dressform.validators.subject import Subject
from dressform.validators.textures import Texture

if TYPE_CHECKING:
    from PIL.Image import Image

# A tangent-space normal map holds unit vectors that point out of the cloth, as (n + 1) / 2 without a colour space
# (glTF 2.0, 3.9.3). JPEG and eight bits move their length by a few per cent; sRGB by a fifth, a height map by more.
_NORMAL_LENGTH = 0.12
_NORMAL_LEAN = 0.3  # of the mean vector; 0 is straight out
_SAMPLED = 256  # texels looked at along a side
_MIPMAPS = 4 / 3  # a full chain over the picture alone
_SRGB_GAMMA = 1 / 2.2


def decodes(subject: Subject) -> Iterator[Defect]:
    """Textures that are no pictures."""
    for texture in subject.textures:
        if isinstance(texture.picture, str):
            yield _defect(texture, f"the {_role(texture)} texture cannot be decoded: {texture.picture}")


def keeps_to_the_size(subject: Subject) -> Iterator[Defect | Measured]:
    """Textures that are larger than the limit."""
    largest, limit = 0, subject.budgets.texture_px
    for texture, picture in _decoded(subject):
        longest = max(picture.size)
        largest = max(largest, longest)
        if longest > limit:
            found = f"{picture.width}×{picture.height} px, needed at most {limit} along a side"
            yield _defect(texture, found, longest)
    if largest:
        yield Measured(largest, "px", "textures")


def is_a_power_of_two(subject: Subject) -> Iterator[Defect]:
    """Textures whose sides are no powers of two, which some engines scale on loading."""
    for texture, (width, height) in ((texture, picture.size) for texture, picture in _decoded(subject)):
        if width & (width - 1) or height & (height - 1):
            yield _defect(texture, f"{width}×{height} px, needed powers of two", max(width, height))


def fits_the_memory(subject: Subject) -> Iterator[Defect | Measured]:
    """Textures that together take more memory on a graphics card than the limit."""
    pixels = sum(picture.width * picture.height for _, picture in _decoded(subject))
    held_mb, limit_mb = pixels * 4 * _MIPMAPS / 1e6, subject.budgets.texture_memory_mb
    if held_mb > limit_mb:
        found = f"all textures take {held_mb:.0f} MB with their mipmaps, needed at most {limit_mb:.0f} MB"
        yield Defect(found, "textures", round(held_mb, 1))
    elif pixels:
        yield Measured(round(held_mb, 1), "MB", "textures")


def is_in_srgb(subject: Subject) -> Iterator[Defect]:
    """Colour textures in another colour space than sRGB, which viewers show as if they were sRGB."""
    for texture, picture in _decoded(subject):
        found = foreign_colour_space(picture)
        if texture.is_colour and found is not None:
            yield _defect(texture, f"the {_role(texture)} texture is {found}, needed sRGB")


def foreign_colour_space(picture: Image) -> str | None:
    """Return which colour space a picture says that it has, or None where that is sRGB or not said."""
    if picture.mode in ("CMYK", "LAB", "HSV", "YCbCr"):
        return picture.mode
    profile = picture.info.get("icc_profile")
    if isinstance(profile, bytes) and profile:
        known = b"sRGB" in profile or "sRGB".encode("utf-16-be") in profile
        return None if known else "in the colour space of an ICC profile"
    gamma = picture.info.get("gamma")
    if isinstance(gamma, float) and "srgb" not in picture.info and abs(gamma - _SRGB_GAMMA) > 0.02:
        return f"encoded with the gamma {gamma:.2f}"
    return None


def holds_normals(subject: Subject) -> Iterator[Defect]:
    """Normal maps that hold no unit vectors: a height map, or one that was saved through sRGB."""
    for texture, picture in _decoded(subject):
        if "normal" not in texture.roles:
            continue
        step = max(1, max(picture.size) // _SAMPLED)
        vectors = np.asarray(picture.convert("RGB"))[::step, ::step].reshape(-1, 3) / 127.5 - 1
        length = float(np.median(np.linalg.norm(vectors, axis=1)))
        mean = vectors.mean(axis=0)
        lean = float(np.hypot(mean[0], mean[1]) / max(float(mean[2]), 1e-6))
        if abs(length - 1) > _NORMAL_LENGTH or lean > _NORMAL_LEAN:
            found = f"its vectors are {length:.2f} long, needed 1.00, and lean by {lean:.2f} in the mean, needed 0"
            yield _defect(texture, found, round(length, 3))


def _decoded(subject: Subject) -> Iterator[tuple[Texture, Image]]:
    for texture in subject.textures:
        if not isinstance(texture.picture, str):
            yield texture, texture.picture


def _role(texture: Texture) -> str:
    return " and ".join(texture.roles)


def _defect(texture: Texture, message: str, value: float | None = None) -> Defect:
    return Defect(message, texture.place, value, {"image": texture.place})


RULES = (
    Rule("DF-TEXTURE-001", "texture.readable", Severity.ERROR, ("mesh", "manifest"),
         "replace the image by a PNG or JPEG and import the garment again", decodes),
    Rule("DF-TEXTURE-002", "texture.size", Severity.WARNING, ("mesh", "manifest"),
         "scale the image down", keeps_to_the_size),
    Rule("DF-TEXTURE-003", "texture.power-of-two", Severity.WARNING, ("mesh", "manifest"),
         "scale the image to a power of two, such as 1024 or 2048", is_a_power_of_two),
    Rule("DF-TEXTURE-004", "texture.colour-space", Severity.WARNING, ("mesh", "manifest"),
         "convert the image to sRGB in a paint program and save it without a profile", is_in_srgb),
    Rule("DF-TEXTURE-005", "texture.normal-map", Severity.WARNING, ("mesh", "manifest"),
         "bake the normal map anew, in tangent space and saved as plain data, not as sRGB", holds_normals),
    Rule("DF-TEXTURE-006", "texture.memory", Severity.WARNING, ("mesh", "manifest"),
         "scale textures down, or let materials and looks share them", fits_the_memory),
)  # fmt: skip
