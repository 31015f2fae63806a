"""A close-up picture of a fabric: cloth in a soft fold under a lamp, with a scale bar."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFont
from scipy.ndimage import map_coordinates

from dressform.assets.atomic import write_bytes
from dressform.runtime.render.colour import linear_to_srgb, soften_highlights, srgb_to_linear
from dressform.schemas.errors import InputError, UsageError

from ._noise import Floats
from .fabric import Fabric
from .tile import Tile, fabric_tile
from .unevenness import fabric_unevenness

SIZE = 640  # [px] side of the picture
WIDTHS = (0.005, 2.0)  # [m] that a swatch may show
_SAMPLES = 2  # per pixel and axis
_FOLD = 0.75  # wavelength of the folds, as a share of the width
_SMALLEST_FOLD = 0.035  # [m] cloth does not fold closer
_SLOPE = 0.85  # of the folds' steepest places
_DIRECTION = math.radians(-38)  # that the folds run across
_LIGHTS = (  # direction to the light, and its strength
    ((-0.55, 0.60, 0.58), 2.5),
    ((0.85, 0.10, 0.35), 0.9),
)
_AMBIENT = 0.36
_BARS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # [m]
_CARD = (0.85, 0.04)  # the white and the black half of the card behind sheer cloth


@dataclass(frozen=True)
class _Sampled:
    """What the tile says at each sample: [N, N, 3] normal and colour, [N, N] occlusion, roughness and cover."""

    normal: Floats
    color: Floats
    occlusion: Floats
    roughness: Floats
    cover: Floats


def swatch(
    fabric: Fabric, width_m: float = 0.05, color: Sequence[float] | None = None, *, tile: Tile | None = None
) -> NDArray[np.uint8]:
    """Draw a swatch.

    Args:
        fabric: Which.
        width_m: What the picture shows from side to side [m].
        color: Linear RGB of the cloth; the fabric's dye by default.
        tile: The fabric's tile in this colour, where it is at hand.

    Returns:
        uint8 [SIZE, SIZE, 3] sRGB.
    """
    if not WIDTHS[0] <= width_m <= WIDTHS[1]:
        raise UsageError(f"a swatch {100 * width_m:g} cm wide; needed {100 * WIDTHS[0]:g} to {100 * WIDTHS[1]:g} cm")
    dye = np.array(fabric.colour["dye"] if color is None else color[:3], np.float64)
    count = SIZE * _SAMPLES
    sampled = _sampled(tile or fabric_tile(fabric, base_color=dye.tolist()), width_m, count)
    uneven = fabric_unevenness(fabric, (count, count), width_m / count)
    base = sampled.color * dye * uneven[..., None]
    tangent, normal = _frame(sampled.normal, width_m, count)
    lit = _shade(fabric, base, normal, tangent, sampled)
    alpha = fabric.shading["alpha"]
    if alpha < 1:
        card = np.where(np.arange(count) < count / 2, *_CARD)[None, :, None]
        seen = np.clip(sampled.cover * alpha / max(float(sampled.cover.mean()), 1e-3), 0, 1)[..., None]
        lit = lit * seen + card * (1 - seen)
    picture = lit.reshape(SIZE, _SAMPLES, SIZE, _SAMPLES, 3).mean(axis=(1, 3))
    return _with_bar(np.round(255 * linear_to_srgb(soften_highlights(picture))).astype(np.uint8), width_m)


def write_swatch(path: Path, fabric: Fabric, width_m: float = 0.05, color: Sequence[float] | None = None) -> None:
    """Draw a swatch into a PNG file; see `swatch`."""
    file = io.BytesIO()
    Image.fromarray(swatch(fabric, width_m, color)).save(file, "PNG", optimize=True)
    try:
        write_bytes(path, file.getvalue())
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


def linear_color(text: str) -> tuple[float, float, float]:
    """Return the linear RGB colour that a CSS name or #rrggbb says."""
    try:
        rgb = ImageColor.getrgb(text)[:3]
    except ValueError:
        raise UsageError(f"--color {text!r} is no colour; needed a CSS name such as navy, or #rrggbb") from None
    red, green, blue = srgb_to_linear(np.array(rgb, np.uint8)).tolist()
    return red, green, blue


def _sampled(tile: Tile, width_m: float, count: int) -> _Sampled:
    """Look the tile up at every sample, filtered to the samples' size."""
    side = len(tile.height)
    stack = np.concatenate(
        [tile.normal / 127.5 - 1, tile.color, tile.orm[..., :2] / 255, tile.cover[..., None]], axis=2
    )
    texel, sample = tile.size_m / side, width_m / count
    while sample > 1.5 * texel and side > 8:
        side //= 2
        texel *= 2
        stack = stack.reshape(side, 2, side, 2, -1).mean(axis=(1, 3))
    at = (np.arange(count) + 0.5) * sample / texel - 0.5
    rows, columns = np.meshgrid(at, at, indexing="ij")
    fields = np.stack(
        [map_coordinates(stack[..., k], (rows, columns), order=1, mode="grid-wrap") for k in range(stack.shape[2])],
        axis=2,
    )
    fields = fields.astype(np.float32)
    return _Sampled(fields[..., :3], fields[..., 3:6], fields[..., 6], fields[..., 7], fields[..., 8])


def _frame(fine: Floats, width_m: float, count: int) -> tuple[Floats, Floats]:
    """Return the cloth's direction across the warp and its normal, folds and weave together, [N, N, 3]."""
    at = (np.arange(count) + 0.5) / count
    x, y = np.meshgrid(at, 1 - at)
    across = (math.cos(_DIRECTION), math.sin(_DIRECTION))
    wave = max(_FOLD, _SMALLEST_FOLD / width_m)
    place = (x * across[0] + y * across[1] + 0.06 * np.sin(2 * np.pi * (y - 0.4 * x) / (1.7 * wave))) / wave
    slope = _SLOPE * (np.sin(2 * np.pi * place + 0.6) + 0.25 * np.sin(4 * np.pi * place + 2.0))
    normal = np.stack([-slope * across[0], -slope * across[1], np.ones_like(slope)], axis=2)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    tangent = np.stack([normal[..., 2], np.zeros_like(slope), -normal[..., 0]], axis=2)
    tangent /= np.linalg.norm(tangent, axis=2, keepdims=True)
    up = np.cross(normal, tangent)
    bent = fine[..., :1] * tangent + fine[..., 1:2] * up + fine[..., 2:] * normal
    bent /= np.linalg.norm(bent, axis=2, keepdims=True)
    tangent -= (tangent * bent).sum(axis=2, keepdims=True) * bent
    return tangent / np.maximum(np.linalg.norm(tangent, axis=2, keepdims=True), 1e-6), bent


def _shade(fabric: Fabric, base: Floats, normal: Floats, tangent: Floats, sampled: _Sampled) -> Floats:
    """Return linear colour [N, N, 3] of cloth seen from above, by glTF's metallic-roughness, sheen and clearcoat."""
    shading = fabric.shading
    view = np.array([0.0, 0.0, 1.0])
    facing = np.clip(normal[..., 2], 0.15, 1)
    alpha = np.clip((shading["roughness"] * sampled.roughness) ** 2, 0.01, 1)
    along = alpha + (1 - alpha) * shading["anisotropy"] ** 2
    tint = base.mean(axis=(0, 1))
    tint = tint / max(float(tint.max()), 1e-6)
    sheen = shading["sheen"] * (1 - shading["sheen_tint"] + shading["sheen_tint"] * tint)
    rough = max(shading["sheen_roughness"] ** 2, 0.02)
    lit = base * (_AMBIENT * sampled.occlusion * (0.65 + 0.35 * normal[..., 1]))[..., None]
    lit += sheen * (1.5 * _AMBIENT * (1 - facing) ** 1.5 * sampled.occlusion)[..., None]
    for direction, strength in _LIGHTS:
        light = np.array(direction) / np.linalg.norm(direction)
        half = (light + view) / np.linalg.norm(light + view)
        to_light, to_half = np.clip(normal @ light, 0, 1), np.clip(normal @ half, 0, 1)
        fresnel = 0.04 + 0.96 * (1 - half @ view) ** 5
        shine = fresnel * _highlight(normal, tangent, half, along, alpha) / (4 * np.maximum(facing, to_light) + 0.05)
        if shading["clearcoat"]:
            coat = np.full_like(alpha, max(shading["clearcoat_roughness"] ** 2, 0.01))
            shine = shine + shading["clearcoat"] * fresnel * _highlight(normal, tangent, half, coat, coat) / 4
        fuzz = (2 + 1 / rough) * (1 - to_half**2) ** (0.5 / rough) / (2 * np.pi)
        fuzz = fuzz / (4 * (to_light + facing - to_light * facing) + 1e-3)
        shadowed = (0.2 + 0.8 * sampled.occlusion) * to_light * strength
        lit += (base / np.pi + shine[..., None] + sheen * fuzz[..., None]) * shadowed[..., None]
    return lit


def _highlight(normal: Floats, tangent: Floats, half: Floats, along: Floats, across: Floats) -> Floats:
    """Return the density of facets (anisotropic GGX) that face the half vector."""
    to_half = normal @ half
    first = tangent @ half
    second = np.cross(normal, tangent) @ half
    spread = (first / along) ** 2 + (second / across) ** 2 + to_half**2
    return np.asarray(np.where(to_half > 0, 1 / (np.pi * along * across * spread**2), 0.0))


def _with_bar(pixels: NDArray[np.uint8], width_m: float) -> NDArray[np.uint8]:
    """Draw a scale bar with its length into the lower left corner."""
    length = max((bar for bar in _BARS if bar <= 0.3 * width_m), default=_BARS[0])
    label = f"{1000 * length:g} mm" if length < 0.01 else f"{100 * length:g} cm"
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    margin, thick = SIZE // 36, SIZE // 120
    left, bottom = margin + 10, SIZE - margin - 12
    right = left + round(length / width_m * SIZE)
    font = ImageFont.load_default(SIZE // 32)
    wide = draw.textlength(label, font=font)
    draw.rectangle([margin, bottom - 42, max(right, left + wide) + 10, bottom + 12], fill=(250, 250, 248))
    draw.rectangle([left, bottom - thick, right, bottom], fill=(20, 20, 20))
    draw.text((left, bottom - 36), label, fill=(20, 20, 20), font=font)
    return np.asarray(image)
