"""Fixes of textures: their size and the form they are stored in, not what they show."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dressform.assets.files.garment import Material

from .fix import Fix, Mended
from .workpiece import Workpiece

if TYPE_CHECKING:
    from PIL.Image import Image

_JPEG_QUALITY = 95
_COLOUR, _NORMAL = "base colour", "normal"

# takes an image and its role, returns it changed, or None where it is well as it is
Change = Callable[["Image", str], "Image | None"]


def fit_sizes(piece: Workpiece) -> Iterator[Mended]:
    """Scale textures to the nearest powers of two within the budget."""
    largest = 1 << (piece.budgets.texture_px.bit_length() - 1)

    def change(image: Image, role: str) -> Image | None:
        from PIL import Image as Images

        size = (_power_of_two(image.width, largest), _power_of_two(image.height, largest))
        if size == image.size:
            return None
        scaled = _plain(image).resize(size, Images.Resampling.LANCZOS)
        return _unit_normals(scaled) if role == _NORMAL else scaled

    yield from _repaint(piece, "scaled", change)


def to_srgb(piece: Workpiece) -> Iterator[Mended]:
    """Convert colour textures to 8-bit sRGB, and take the colour profile off maps that hold no colours."""

    def change(image: Image, role: str) -> Image | None:
        plain = _plain(image)
        if plain is image and "icc_profile" not in image.info and "gamma" not in image.info:
            return None
        return _in_srgb(image) if role == _COLOUR else _stripped(plain)

    yield from _repaint(piece, "converted to 8-bit sRGB", change)


def _repaint(piece: Workpiece, what: str, change: Change) -> Iterator[Mended]:
    done: dict[tuple[bytes, str], bytes] = {}
    told: dict[str, Mended] = {}
    for size, mesh in piece.meshes.items():
        materials = []
        for index, material in enumerate(mesh.materials):
            changed = material
            for role, content in ((_COLOUR, material.base_color_image), (_NORMAL, material.normal_image)):
                if content is None:
                    continue
                if (content, role) not in done:
                    done[content, role] = _edited(content, role, change)
                if (after := done[content, role]) is not content:
                    changed = _with_image(changed, role, after)
                    path = f"sizes/{size} material {index} {role}"
                    told[path] = Mended(f"{what}: texture {role}", path, _described(content), _described(after))
            materials.append(changed)
        if any(new is not old for new, old in zip(materials, mesh.materials, strict=True)):
            piece.meshes[size] = replace(mesh, materials=tuple(materials))
            piece.stale.add("preview")
    yield from told.values()


def _with_image(material: Material, role: str, image: bytes) -> Material:
    return replace(material, base_color_image=image) if role == _COLOUR else replace(material, normal_image=image)


def _edited(content: bytes, role: str, change: Change) -> bytes:
    """Return an encoded image with a change, in the format it had; the same object when nothing changes."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            form = image.format
            after = change(image, role)
    except (OSError, ValueError, Image.DecompressionBombError):
        return content  # a rule of its own says that it cannot be decoded
    if after is None:
        return content
    buffer = io.BytesIO()
    if form == "JPEG":
        after.save(buffer, "jpeg", quality=_JPEG_QUALITY, subsampling=0)
    else:
        after.save(buffer, "png", optimize=True)
    return buffer.getvalue()


def _power_of_two(side: int, largest: int) -> int:
    lower = 1 << (side.bit_length() - 1)
    return min(largest, lower if side / lower < 2**0.5 else 2 * lower)


def _plain(image: Image) -> Image:
    """Return an image as 8-bit grey, RGB or RGBA; the same object when it is that."""
    if image.mode in ("L", "RGB", "RGBA"):
        return image
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits
        values = np.asarray(image, np.float64)
        from PIL import Image as Images

        return Images.fromarray(np.round(values / 257).clip(0, 255).astype(np.uint8))
    has_alpha = image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "RGB")


def _in_srgb(image: Image) -> Image:
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes):
        return _stripped(_plain(image))
    alpha = _plain(image).getchannel("A") if "A" in _plain(image).getbands() else None
    colours = image if image.mode in ("CMYK", "L") else _plain(image).convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        converted = colours.convert("RGB")
    assert converted is not None
    if alpha is not None:
        converted.putalpha(alpha)
    return _stripped(converted)


def _stripped(image: Image) -> Image:
    """Return a copy that carries nothing but pixels."""
    copy = image.copy()
    copy.info = {}
    return copy


def _unit_normals(image: Image) -> Image:
    """Return a normal map whose vectors have length 1 again after scaling."""
    from PIL import Image as Images

    vectors = np.asarray(image.convert("RGB"), np.float64) / 127.5 - 1
    vectors /= np.maximum(np.linalg.norm(vectors, axis=2, keepdims=True), 1e-9)
    return Images.fromarray(np.round((vectors + 1) * 127.5).astype(np.uint8))


def _described(content: bytes) -> str:
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        profile = " with a colour profile" if "icc_profile" in image.info else ""
        return f"{image.width}×{image.height} {image.format} {image.mode}{profile}"


FIXES = (Fix("texture.size", ("mesh",), "scale textures to powers of two within the budget", fit_sizes),)
