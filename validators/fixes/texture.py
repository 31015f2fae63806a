"""Fixes of textures: their size and the form they are stored in, not what they show."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dressform.assets.draft_digest import published_files
from dressform.assets.files.garment import Material
from dressform.validators.rules.texture import foreign_colour_space
from dressform.validators.textures import Texture, gather, look_images

from .fix import Fix, Mended
from .workpiece import Workpiece

if TYPE_CHECKING:
    from PIL.Image import Image

_JPEG_QUALITY = 95

# takes a decoded picture and whether it holds colours, and returns it changed; None where it is well as it is
Change = Callable[["Image", Texture], "Image | None"]


def fit_size(piece: Workpiece) -> Iterator[Mended]:
    """Scale textures down to the budget, keeping their proportions."""
    limit = piece.budgets.texture_px
    longest = 1 << (limit.bit_length() - 1)

    def change(image: Image, texture: Texture) -> Image | None:
        if max(image.size) <= limit:
            return None
        scale = longest / max(image.size)
        return _scaled(image, (max(1, round(image.width * scale)), max(1, round(image.height * scale))), texture)

    yield from _repaint(piece, "scaled down", change)


def to_powers_of_two(piece: Workpiece) -> Iterator[Mended]:
    """Scale the sides of textures to the nearest powers of two."""

    def change(image: Image, texture: Texture) -> Image | None:
        size = (_power_of_two(image.width), _power_of_two(image.height))
        return None if size == image.size else _scaled(image, size, texture)

    yield from _repaint(piece, "scaled to powers of two", change)


def to_srgb(piece: Workpiece) -> Iterator[Mended]:
    """Convert colour textures to sRGB."""

    def change(image: Image, texture: Texture) -> Image | None:
        return _in_srgb(image) if texture.is_colour and foreign_colour_space(image) is not None else None

    yield from _repaint(piece, "converted to sRGB", change)


def _repaint(piece: Workpiece, what: str, change: Change) -> Iterator[Mended]:
    """Change the pictures of all materials and looks, each once."""
    done: dict[bytes, bytes] = {}
    files = {path: file for path, file in published_files(piece.folder).items() if path not in piece.files}
    for texture in gather(piece.meshes, piece.manifest, files):
        after = _edited(texture, change)
        if after is not None:
            done[texture.data] = after
            roles = " and ".join(texture.roles)
            yield Mended(f"{what}: {roles} texture", texture.place, _described(texture.data), _described(after))
    if not done:
        return
    piece.stale.add("preview")
    for size, mesh in piece.meshes.items():
        materials = tuple(_with_images(material, done) for material in mesh.materials)
        if any(new is not old for new, old in zip(materials, mesh.materials, strict=True)):
            piece.meshes[size] = replace(mesh, materials=materials)
    for _, _, path in look_images(piece.manifest):
        if path in files and (content := files[path].read_bytes()) in done:
            piece.files[path] = done[content]


def _with_images(material: Material, done: Mapping[bytes, bytes]) -> Material:
    """Return a material with changed pictures in place of its own; the same object where none of them changed."""
    held = (material.base_color_image, material.normal_image, *material.images)
    if not any(image in done for image in held if image is not None):
        return material
    base, normal = (None if image is None else done.get(image, image) for image in held[:2])
    images = tuple(done.get(image, image) for image in material.images)
    return replace(material, base_color_image=base, normal_image=normal, images=images)


def _edited(texture: Texture, change: Change) -> bytes | None:
    """Return a texture with a change, encoded as it was; None when nothing changes."""
    if isinstance(texture.picture, str) or texture.picture.format not in ("PNG", "JPEG"):
        return None  # rules of their own say so
    after = change(texture.picture, texture)
    if after is None:
        return None
    buffer = io.BytesIO()
    if texture.picture.format == "JPEG":
        after.convert("L" if after.mode == "L" else "RGB").save(buffer, "jpeg", quality=_JPEG_QUALITY, subsampling=0)
    else:
        after.save(buffer, "png", optimize=True)
    return buffer.getvalue()


def _scaled(image: Image, size: tuple[int, int], texture: Texture) -> Image:
    from PIL import Image as Images

    profile = image.info.get("icc_profile")
    scaled = _plain(image).resize(size, Images.Resampling.LANCZOS)
    scaled = _unit_normals(scaled) if "normal" in texture.roles else scaled
    scaled.info = {"icc_profile": profile} if profile else {}  # another fix's business
    return scaled


def _power_of_two(side: int) -> int:
    lower = 1 << (side.bit_length() - 1)
    return lower if side / lower < 2**0.5 else 2 * lower


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


FIXES = (
    Fix("texture.colour-space", ("mesh", "manifest"), "convert colour textures to sRGB", to_srgb),
    Fix("texture.size", ("mesh", "manifest"), "scale textures down to the budget", fit_size),
    Fix("texture.power-of-two", ("mesh", "manifest"), "scale textures to powers of two", to_powers_of_two),
)
