"""A fabric as a glTF material of a garment."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.files.garment import Material
from dressform.assets.files.glb_materials import SHEEN_ROUGHNESS
from dressform.runtime.render.colour import linear_to_srgb, srgb_to_linear
from dressform.schemas.errors import UsageError

from ._noise import Floats
from .fabric import Fabric
from .tile import Tile, fabric_tile

TILE_BYTES = 120_000  # for both images of a tile: they lie in every size's file
_NORMAL_SHARE = 0.7  # of these bytes
_QUALITIES = (92, 90, 87, 84, 80, 76, 72, 66, 60, 50)
_JPEG = (
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    cv2.IMWRITE_JPEG_PROGRESSIVE, 1,
    cv2.IMWRITE_JPEG_OPTIMIZE, 1,
)  # fmt: skip
_WHITE = (1.0, 1.0, 1.0)


def fabric_material(
    fabric: Fabric,
    slot_name: str,
    sheet_m: float,
    base_color_image: bytes | None = None,
    base_color: Sequence[float] | None = None,
    *,
    pixels: int = 512,
) -> Material:
    """Return the material of a slot: a painted sheet for the colour, the fabric's tile for weave and shine.

    Args:
        fabric: Which cloth.
        slot_name: The material's name.
        sheet_m: Length of one UV unit on the cloth [m].
        base_color_image: The painted sheet over UV0, PNG or JPEG; without one the tile's own colours are used.
        base_color: Linear RGB: the cloth's colour, by default the fabric's dye; with a sheet a factor of it, by
            default white.
        pixels: Side of the tile's textures.
    """
    if not sheet_m > 0:
        raise UsageError(f"material {slot_name!r}: a sheet of {sheet_m:g} m; needed a positive length")
    shading = fabric.shading
    dyed = base_color if base_color is not None else fabric.colour["dye"]
    cloth = _mean_color(base_color_image, base_color or _WHITE) if base_color_image else np.array(dyed[:3], np.float64)
    normal, orm = _encoded(json.dumps(fabric.document, sort_keys=True), pixels)
    scale = sheet_m / fabric.tile_m
    where = {"extensions": {"KHR_texture_transform": {"scale": [scale, scale]}}}
    record: dict[str, Any] = {
        "normalTexture": dict(where),
        "occlusionTexture": {"index": 0, **where},
        "pbrMetallicRoughness": {"metallicRoughnessTexture": {"index": 0, **where}},
    }
    if extensions := _extensions(fabric):
        record["extensions"] = extensions
    if base_color_image is None:
        record["pbrMetallicRoughness"]["baseColorTexture"] = dict(where)
        image, factor = _color_image(fabric_tile(fabric, pixels, cloth.tolist()), cloth)
    else:
        image, factor = base_color_image, np.array((base_color or _WHITE)[:3], np.float64)
    tint = cloth / max(float(cloth.max()), 1e-6)
    sheen = shading["sheen"] * (1 - shading["sheen_tint"] + shading["sheen_tint"] * tint)
    return Material(
        name=slot_name,
        # an opacity below 1 is written as alpha mode BLEND
        base_color=(float(factor[0]), float(factor[1]), float(factor[2]), shading["alpha"]),
        base_color_image=image,
        normal_image=normal,
        roughness=shading["roughness"],
        metallic=0.0,
        sheen=(float(sheen[0]), float(sheen[1]), float(sheen[2])),
        double_sided=True,
        record=record,
        images=(orm,),
    )


def _extensions(fabric: Fabric) -> dict[str, Any]:
    shading = fabric.shading
    found: dict[str, Any] = {}
    if shading["sheen"] and shading["sheen_roughness"] != SHEEN_ROUGHNESS:
        found["KHR_materials_sheen"] = {"sheenRoughnessFactor": shading["sheen_roughness"]}
    if shading["clearcoat"]:
        found["KHR_materials_clearcoat"] = {
            "clearcoatFactor": shading["clearcoat"],
            "clearcoatRoughnessFactor": shading["clearcoat_roughness"],
        }
    if shading["anisotropy"]:
        found["KHR_materials_anisotropy"] = {"anisotropyStrength": shading["anisotropy"]}
    return found


@functools.lru_cache(maxsize=32)
def _encoded(document: str, pixels: int) -> tuple[bytes, bytes]:
    """Return the tile's normal and ORM images; the document stands for the fabric, as it can be hashed."""
    tile = fabric_tile(Fabric(json.loads(document)), pixels)
    normal = _jpeg(tile.normal, round(TILE_BYTES * _NORMAL_SHARE))
    return normal, _jpeg(tile.orm, TILE_BYTES - len(normal))


def _jpeg(pixels: NDArray[np.uint8], limit: int) -> bytes:
    """Return the best JPEG that is not larger than `limit`; no channel is coarser than another."""
    data = b""
    for quality in _QUALITIES:
        done, encoded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality, *_JPEG])
        assert done
        data = encoded.tobytes()
        if len(data) <= limit:
            break
    return data


def _color_image(tile: Tile, cloth: Floats) -> tuple[bytes, Floats]:
    """Return the tile's colours as an sRGB JPEG, and the linear factor that makes them the cloth's."""
    color = tile.color * cloth
    factor = np.clip(np.percentile(color, 99.5, axis=(0, 1)), 1e-3, 1)
    share = np.clip(color / factor, 0, 1)
    return _jpeg(np.round(255 * linear_to_srgb(share)).astype(np.uint8), TILE_BYTES), factor


def _mean_color(image: bytes, factor: Sequence[float]) -> Floats:
    """Return the linear mean colour of an encoded sRGB image times a factor."""
    with Image.open(io.BytesIO(image)) as opened:
        small = np.asarray(opened.convert("RGB").resize((32, 32), Image.Resampling.BOX))
    return np.asarray(srgb_to_linear(small).mean(axis=(0, 1), dtype=np.float64) * np.array(factor[:3], np.float64))
