"""Light measured all around: pictures of the whole sphere, split into the one source that casts shadows and the rest.

A picture is equirectangular, twice as wide as high, and holds linear radiance. Its middle column is what lies behind
the person as the camera in front sees them (+y), its left is on the camera's left (-x), its top is up.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dressform.schemas import units
from dressform.schemas.errors import InputError, UsageError

from .harmonics import BASIS_SCALE, irradiance, sh_basis, sphere_directions

Rgb = tuple[float, float, float]

LUMINANCE = np.array(units.LUMINANCE)
SMALLEST_RADIUS, LARGEST_RADIUS = 0.0047, 0.35  # [rad] the sun's own; past the other, shadows are gone
_WIDEST = 16384  # [px]
_RINGING = 0.01  # share of the light that may be negative
_SEARCHED = 128  # rows of the small copy in which the brightest spot is looked for
_STANDS_OUT = 4.0  # how many times the mean radiance a source has at least
_EDGE = 0.1  # of the brightest radiance: what is dimmer is no longer the source
_REACH = math.radians(25.0)  # from the brightest spot
_KEPT_DIM = 0.05  # of the light around: no direction may be left darker than this by what is taken as the source


class Split(NamedTuple):
    """A light split in two.

    Attributes:
        sh: The light around, irradiance / pi in the basis of `harmonics`, float32 [9, 3].
        toward: Unit vector towards the source.
        color: What a white matte surface facing the source shows of it; black where there is none.
        radius_rad: The source's apparent radius.
    """

    sh: NDArray[np.float32]
    toward: Rgb
    color: Rgb
    radius_rad: float


def read_environment(path: Path | str) -> NDArray[np.float32]:
    """Read linear radiance, float32 [H, 2H, 3], from an equirectangular .hdr or .exr file.

    Raises:
        UsageError: When there is no such file, or its ending is another.
        InputError: When it cannot be read, or is no such picture.
    """
    file = Path(path)
    ending = file.suffix.lower()
    if ending not in (".hdr", ".exr"):
        raise UsageError(f"{file}: needed a light as an .hdr or .exr file; save the picture as one of them")
    if not file.is_file():
        raise UsageError(f"{file}: no such file; name an equirectangular .hdr or .exr picture")
    picture = _read_exr(file) if ending == ".exr" else _read_hdr(file)
    try:
        return check_environment(picture)
    except ValueError as error:
        raise InputError(f"{file}: {error}") from None


def check_environment(picture: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return a picture as float32 [H, 2H, 3]; raise ValueError, with the cure, when it cannot be a light.

    What is negative is taken for zero as long as it is little: lossy compression and colours outside the primaries'
    triangle leave some in most pictures.
    """
    if picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"needed a picture of 3 channels, found shape {list(picture.shape)}; save it as RGB")
    height, width = picture.shape[:2]
    if width != 2 * height or height < 4 or width > _WIDEST:
        raise ValueError(
            f"needed an equirectangular picture, twice as wide as high, 8 to {_WIDEST} wide, found {width}×{height}; "
            "convert it to latitude and longitude"
        )
    if not np.isfinite(picture).all():
        bad = int((~np.isfinite(picture).all(axis=-1)).sum())
        raise ValueError(f"{bad} pixels are not finite; clip the picture to finite radiance")
    light = np.maximum(picture, 0.0)
    total = float(light.sum(dtype=np.float64))
    if total - float(picture.sum(dtype=np.float64)) > _RINGING * total:
        bad = int((picture < 0.0).any(axis=-1).sum())
        raise ValueError(f"{bad} pixels are negative, too much to be a compressor's ringing; clip the picture at zero")
    if total <= 0.0:
        raise ValueError("all pixels are black; give a picture that has light in it")
    return np.asarray(light, np.float32)


def texel_directions(height: int, width: int) -> NDArray[np.float64]:
    """Return unit directions of a picture's pixel centres, [H, W, 3]."""
    up, around = _angles(height, width)
    flat = np.cos(up)[:, None]
    z = np.broadcast_to(np.sin(up)[:, None], (height, width))
    return np.stack([flat * np.sin(around), flat * np.cos(around), z], axis=-1)


def texel_solid_angles(height: int, width: int) -> NDArray[np.float64]:
    """Return the solid angle of a pixel of each row [sr], [H]; those of all pixels add up to the sphere."""
    edges = np.sin(np.linspace(0.5, -0.5, height + 1) * math.pi)
    angles: NDArray[np.float64] = (edges[:-1] - edges[1:]) * (2.0 * math.pi / width)
    return angles


def project_picture(picture: NDArray[np.floating]) -> NDArray[np.float64]:
    """Project radiance, a picture [H, 2H, 3], onto the basis of `harmonics`; returns [9, 3]."""
    height, width = picture.shape[:2]
    up, around = _angles(height, width)
    waves = np.stack([np.ones(width), *(f(k * around) for k in (1, 2) for f in (np.sin, np.cos))])
    rows = np.einsum("kw,hwc->hkc", waves, picture.astype(np.float64), optimize=True)
    rows *= texel_solid_angles(height, width)[:, None, None]
    one, sin_1, cos_1, sin_2, cos_2 = np.moveaxis(rows, 1, 0)
    s, c = np.sin(up)[:, None], np.cos(up)[:, None]
    terms = [one, c * cos_1, s * one, c * sin_1, 0.5 * c * c * sin_2]
    terms += [s * c * cos_1, (3.0 * s * s - 1.0) * one, s * c * sin_1, -c * c * cos_2]
    found: NDArray[np.float64] = np.stack([term.sum(axis=0) for term in terms]) * np.array(BASIS_SCALE)[:, None]
    return found


def split_picture(picture: NDArray[np.float32], turn_rad: float = 0.0) -> Split:
    """Split radiance, [H, 2H, 3], into its dominant source and the rest; together they have all of its light.

    The source is what is joined to the brightest spot and no dimmer than a tenth of it, above what surrounds it. Where
    nothing is four times as bright as the mean there is none.

    Args:
        picture: What `check_environment` gives.
        turn_rad: Turns the light about the vertical, counter-clockwise seen from above.
    """
    height, width = picture.shape[:2]
    columns = round(-turn_rad / (2.0 * math.pi) * width)
    picture = np.roll(picture, columns, axis=1)
    excess = _source(picture)
    if excess is None:
        return Split(irradiance(project_picture(picture)).astype(np.float32), (0.0, 0.0, 1.0), (0.0, 0.0, 0.0), 0.06)
    weights = excess * texel_solid_angles(height, width)[:, None, None]
    rows, cols = np.nonzero(weights.any(axis=-1))
    light = weights[rows, cols]
    ways = texel_directions(height, width)[rows, cols]
    toward = (light @ LUMINANCE) @ ways
    toward /= np.linalg.norm(toward)
    apart = np.arccos(np.clip(ways @ toward, -1.0, 1.0))
    spread = float(np.average(apart**2, weights=light @ LUMINANCE))
    radius = min(max(math.sqrt(2.0 * spread), SMALLEST_RADIUS), LARGEST_RADIUS)  # of an even disc
    sh = irradiance(project_picture(picture - excess)).astype(np.float32)
    return Split(sh, _triple(toward), _triple(light.sum(axis=0) / math.pi), radius)


def split_harmonics(sh: NDArray[np.floating]) -> Split:
    """Take from light known only as irradiance / pi [9, 3] as much of one distant source as can be in it.

    The source stands where most light comes from (after Sloan 2008, Stupid Spherical Harmonics Tricks); what it has is
    taken from the rest, which stays lit from every direction.
    """
    given = np.asarray(sh, np.float64)
    linear = (given @ LUMINANCE)[1:4][[2, 0, 1]]  # x, y, z
    strength = float(np.linalg.norm(linear))
    if strength < 1e-6:
        return Split(given.astype(np.float32), (0.0, 0.0, 1.0), (0.0, 0.0, 0.0), 0.06)
    toward = linear / strength
    lobe = irradiance(math.pi * sh_basis(toward)[:, None] * np.ones(3))
    # beside even light, whose one coefficient says nothing of the source
    color = np.clip((lobe * given)[1:].sum(axis=0) / (lobe * lobe)[1:].sum(axis=0), 0.0, None)
    basis = sh_basis(sphere_directions(500))
    around, taken = basis @ given, basis @ (lobe * color)
    limit = np.where(taken > 1e-9, (around - _KEPT_DIM * around.mean()) / np.maximum(taken, 1e-9), 1.0)
    color *= float(np.clip(limit.min(), 0.0, 1.0))
    return Split((given - lobe * color).astype(np.float32), _triple(toward), _triple(color), 0.15)


def _source(picture: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Return the radiance that is the dominant source's, [H, W, 3], or None."""
    height, width = picture.shape[:2]
    bright = picture @ LUMINANCE.astype(np.float32)
    mean = float(texel_solid_angles(height, width) @ bright.astype(np.float64).sum(axis=1)) / (4.0 * math.pi)
    small = bright
    if height > _SEARCHED:
        small = np.asarray(cv2.resize(bright, (2 * _SEARCHED, _SEARCHED), interpolation=cv2.INTER_AREA), np.float32)
    row, column = np.unravel_index(int(small.argmax()), small.shape)
    block = height / small.shape[0]
    rows = slice(int(row * block), math.ceil((row + 1) * block))
    columns = slice(int(column * block), math.ceil((column + 1) * block))
    inner = np.unravel_index(int(bright[rows, columns].argmax()), bright[rows, columns].shape)
    peak_row, peak_column = rows.start + int(inner[0]), columns.start + int(inner[1])
    peak = float(bright[peak_row, peak_column])
    if peak < _STANDS_OUT * mean:
        return None
    # the brightest column is rolled to the middle, so that a source is not cut where the picture ends
    shift = width // 2 - peak_column
    ways = texel_directions(height, width)
    near = ways @ ways[peak_row, peak_column] > math.cos(_REACH)
    likely = np.roll((bright >= max(_EDGE * peak, mean)) & near, shift, axis=1).astype(np.uint8)
    _, labels = cv2.connectedComponents(likely, connectivity=8)
    own = np.roll(labels == labels[peak_row, width // 2], -shift, axis=1)
    ring = cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.bool_) & ~own
    around = picture[ring].mean(axis=0) if ring.any() else np.zeros(3, np.float32)
    excess: NDArray[np.float64] = np.where(own[..., None], np.maximum(picture - around, 0.0), 0.0).astype(np.float64)
    return excess


def _read_hdr(file: Path) -> NDArray[np.float32]:
    try:
        # read by Python, as OpenCV takes no path that the system's encoding cannot hold
        picture = cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    except (OSError, cv2.error) as error:
        raise InputError(f"{file}: cannot be read ({_first_line(error)}); save the picture again") from None
    if picture is None or picture.dtype != np.float32 or picture.ndim != 3:
        raise InputError(f"{file}: is no Radiance picture; save it again as .hdr")
    return np.ascontiguousarray(picture[..., ::-1])


def _read_exr(file: Path) -> NDArray[np.float32]:
    import OpenEXR  # only who has such a picture waits for it

    try:
        with OpenEXR.File(str(file), separate_channels=True) as opened:
            channels: dict[str, Any] = opened.channels()
            planes = [np.asarray(channels[name].pixels, np.float32) for name in ("R", "G", "B")]
    except KeyError as error:
        raise InputError(f"{file}: has no channel {error}; save the picture as RGB") from None
    except Exception as error:  # OpenEXR raises what its C++ throws, of many types
        raise InputError(f"{file}: cannot be read ({_first_line(error)}); save the picture again") from None
    return np.stack(planes, axis=-1)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _angles(height: int, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the elevations of rows and the azimuths of columns, from +y towards +x [rad]."""
    up = (0.5 - (np.arange(height) + 0.5) / height) * math.pi
    around = ((np.arange(width) + 0.5) / width - 0.5) * 2.0 * math.pi
    return up, around


def _triple(values: NDArray[np.floating]) -> Rgb:
    return float(values[0]), float(values[1]), float(values[2])
