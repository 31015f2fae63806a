"""Read a photo of any common kind into upright sRGB pixels, with the digest of the file and nothing else kept."""

from __future__ import annotations

import hashlib
import io
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError

from dressform.schemas.errors import InputError

MIN_SIDE_PX = 64
MAX_SIDE_PX = 2048  # more pixels do not help a fit whose detector sees 256 of them
MAX_PIXELS = 178_000_000  # just below what Pillow itself refuses as a decompression bomb
MAX_FILE_BYTES = 256 * 1024 * 1024
FULL_FRAME_DIAGONAL_MM = 43.27  # what "35 mm equivalent" focal lengths refer to
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
EXIF_IFD, EXIF_FOCAL_35MM = 0x8769, 0xA405


@dataclass(frozen=True)
class Photo:
    """Upright pixels of one photo.

    Attributes:
        rgb: sRGB, uint8 [H, W, 3]; the longer side is at most `MAX_SIDE_PX`.
        sha256: Hexadecimal digest of the file's bytes.
        focal_px: Focal length in pixels of `rgb` if the file tells it, else None.
        original_size_px: Width and height of the upright picture in the file.
        name: The file's name, for messages.
    """

    rgb: NDArray[np.uint8]
    sha256: str
    focal_px: float | None
    original_size_px: tuple[int, int]
    name: str


def load_photo(path: Path | str) -> Photo:
    """Read a photo: EXIF orientation, colour profile, CMYK, 16 bit, grey, palette and alpha are resolved.

    Args:
        path: A picture file that Pillow reads (JPEG, PNG, WebP, TIFF, …).

    Raises:
        InputError: The file is missing, no picture, damaged, too small or unreasonably large.
    """
    path = Path(path)
    data = _read_bytes(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limits below replace Pillow's warning about large pictures
            with Image.open(io.BytesIO(data)) as image:
                _check_size(image.size, path)
                focal_35mm = _focal_35mm(image)
                size = image.size
                if image.format == "JPEG":
                    image.draft(
                        None, (MAX_SIDE_PX, MAX_SIDE_PX)
                    )  # decode at a fraction of the size when that is enough
                upright = _upright_rgb(image)
    except UnidentifiedImageError as error:
        raise InputError(_unreadable(path, data)) from error
    except Image.DecompressionBombError as error:
        raise InputError(
            f"{path}: the picture has more than {MAX_PIXELS:,} pixels; needed at most that many; scale it down"
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as error:  # what Pillow's decoders raise
        raise InputError(f"{path}: the picture is damaged or cut short ({error}); save or copy it again") from error
    width, height = upright.size
    original = size if (size[0] >= size[1]) == (width >= height) else (size[1], size[0])
    focal = None if focal_35mm is None else focal_35mm / FULL_FRAME_DIAGONAL_MM * math.hypot(width, height)
    pixels = np.ascontiguousarray(np.asarray(upright, dtype=np.uint8))
    return Photo(pixels, hashlib.sha256(data).hexdigest(), focal, original, path.name)


def photo_from_array(rgb: NDArray[np.uint8], name: str = "array") -> Photo:
    """Wrap pixels that are already in memory; their digest is that of the array's bytes."""
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise InputError(f"{name}: needed uint8 [H, W, 3] pixels, found {rgb.dtype} {list(rgb.shape)}")
    height, width = rgb.shape[:2]
    _check_size((width, height), Path(name))
    digest = hashlib.sha256(np.ascontiguousarray(rgb).tobytes()).hexdigest()
    image = Image.fromarray(rgb)
    image.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
    return Photo(np.asarray(image, dtype=np.uint8), digest, None, (width, height), name)


def _read_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give one picture file")
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise InputError(
                f"{path}: the file has {size:,} bytes; needed at most {MAX_FILE_BYTES:,}; scale the picture down"
            )
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path of the photo") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if not data:
        raise InputError(f"{path}: the file is empty; give a JPEG, PNG, WebP or TIFF picture")
    return data


def _unreadable(path: Path, data: bytes) -> str:
    if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
        return f"{path}: HEIC pictures cannot be read; save it as JPEG or PNG first"
    return f"{path}: is not a picture this can read; needed JPEG, PNG, WebP or TIFF"


def _check_size(size: tuple[int, int], path: Path) -> None:
    width, height = size
    if min(width, height) < MIN_SIDE_PX:
        raise InputError(
            f"{path}: the picture is {width}×{height} pixels; needed at least {MIN_SIDE_PX} on each side; "
            "give a larger picture"
        )
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{path}: the picture is {width}×{height} pixels; needed at most {MAX_PIXELS:,}; scale it down"
        )


def _focal_35mm(image: Image.Image) -> float | None:
    try:
        value = image.getexif().get_ifd(EXIF_IFD).get(EXIF_FOCAL_35MM)
        focal = float(value) if value is not None else math.nan
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, ZeroDivisionError):
        return None  # a broken EXIF block must not cost the photo
    return focal if 8.0 <= focal <= 800.0 else None


def _upright_rgb(image: Image.Image) -> Image.Image:
    """Return RGB, upright, at most `MAX_SIDE_PX` long."""
    image.load()
    profile = image.info.get("icc_profile")
    orientation = _orientation(image)
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bit(image)
    image.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, (255, 255, 255, 255)), layer).convert("RGB")
    rgb = _to_srgb(image, profile)
    return rgb if orientation is None else rgb.transpose(orientation)


def _orientation(image: Image.Image) -> Image.Transpose | None:
    methods = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    try:
        return methods.get(int(image.getexif().get(0x0112, 1)))
    except (OSError, SyntaxError, ValueError, TypeError):
        return None


def _eight_bit(image: Image.Image) -> Image.Image:
    """Bring 16-bit and floating-point grey to 8 bits; Pillow holds some 16-bit files as 32-bit integers."""
    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("it holds values that are not numbers")
    top = (
        1.0
        if image.mode == "F" and values.max(initial=0.0) <= 1.0
        else 65535.0
        if values.max(initial=0.0) > 255.0
        else 255.0
    )
    return Image.fromarray(np.clip(values / top * 255.0 + 0.5, 0, 255).astype(np.uint8))


def _to_srgb(image: Image.Image, profile: Any) -> Image.Image:
    if profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a broken profile: take the values as they are, as viewers do
    return image.convert("RGB")
