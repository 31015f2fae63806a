"""The body's texture: skin, face and base layer, with what a photo has shown blended in."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from .base_layer import base_layer
from .body_canvas import TEXTURE_SIZE, BodyCanvas
from .colours import linear_to_srgb, srgb_to_linear
from .face_paint import face_masks
from .noise import spatial_noise
from .uv_raster import UvRaster

Floats = NDArray[np.float32]


class SeenTexture(Protocol):
    """What a photo has shown of the body.

    Attributes:
        rgb: sRGB, uint8 [H, W, 3], row 0 at v = 1.
        confidence: float [H, W] in [0, 1]; 0 where the photo shows nothing usable.
    """

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """Colours."""
        ...

    @property
    def confidence(self) -> NDArray[np.floating]:
        """Trust in them."""
        ...


def paint_body(
    canvas: BodyCanvas,
    *,
    skin_tone: Floats,
    hair_colour: Floats,
    femininity: float,
    scalp: Floats | None,
    seen: SeenTexture | None,
) -> NDArray[np.uint8]:
    """Paint the texture of a body.

    Args:
        canvas: The family's texels and fields.
        skin_tone: Linear RGB of the skin, float32 [3].
        hair_colour: Linear RGB, float32 [3]; colours brows and scalp.
        femininity: 0 masculine … 1 feminine.
        scalp: How densely hair grows at each texel of the head, float32 [N] in [0, 1], or None.
        seen: A photo's texture, or None.

    Returns:
        sRGB uint8 [2048, 2048, 3], row 0 at v = 1.
    """
    body = canvas.body
    light = _skin(canvas, body, skin_tone)
    light = _blend_seen(light, body, seen)
    coverage, cloth = base_layer(canvas, body)
    light += coverage[:, None] * (cloth - light)
    picture = linear_to_srgb(body.image(light))
    picture = np.asarray(cv2.resize(picture, (TEXTURE_SIZE, TEXTURE_SIZE), interpolation=cv2.INTER_LINEAR), np.uint8)
    if canvas.head is not None:
        head = canvas.head
        light = _skin(canvas, head, skin_tone)
        light = _paint_face(canvas, light, skin_tone, hair_colour, femininity)
        light = _blend_seen(light, head, seen)
        if scalp is not None:
            light += (0.92 * scalp)[:, None] * (0.75 * hair_colour - light)
        rows, columns = head.shape
        picture[head.row0 : head.row0 + rows, head.column0 : head.column0 + columns] = linear_to_srgb(head.image(light))
    return picture


def _skin(canvas: BodyCanvas, raster: UvRaster, tone: Floats) -> Floats:
    """Skin without features: tone, blood, mottling and the shade of near skin, float32 [N, 3]."""
    at = raster.interpolate(canvas.faces, canvas.points)
    mottle = 0.022 * spatial_noise(at, 0.035, 1) + 0.02 * spatial_noise(at, 0.009, 2)
    pores = 0.018 * spatial_noise(at, 0.0022, 3)
    blood = raster.interpolate(canvas.faces, canvas.flush) + 0.25 * mottle / 0.04 * 0.3
    light = tone * (1 + mottle + pores)[:, None]
    # Blood shows less through dark skin.
    strength = 0.55 + 0.45 * min(float(tone.mean()) / 0.35, 1.0)
    absorbed = np.array([0.015, 0.24, 0.22], np.float32) * strength
    light *= 1 - np.clip(blood, 0, 1)[:, None] * absorbed
    # Light bounced between folds of skin is red: shade the green and blue more.
    open_share = np.clip(raster.interpolate(canvas.faces, canvas.openness), 0.02, 1)[:, None]
    return np.asarray(light * open_share ** np.array([0.42, 0.62, 0.66], np.float32), np.float32)


def _paint_face(canvas: BodyCanvas, light: Floats, tone: Floats, hair: Floats, femininity: float) -> Floats:
    masks = face_masks(canvas, femininity)
    darkness = 1 - min(float(tone.mean()) / 0.35, 1.0)

    def glaze(coverage: Floats, factor: tuple[float, float, float]) -> None:
        nonlocal light
        light = light * (1 - coverage[:, None] * (1 - np.array(factor, np.float32)))

    rosy = 0.55 + 0.25 * femininity
    glaze(masks.lips, (0.93 - 0.1 * darkness, 1 - 0.62 * rosy + 0.1 * darkness, 1 - 0.52 * rosy + 0.1 * darkness))
    glaze(masks.lids, (0.9, 0.8, 0.79))
    glaze(masks.under_eyes, (0.95, 0.9, 0.92))
    glaze(masks.beard * (1 - femininity) * (1 - 0.5 * darkness), (0.8, 0.83, 0.86))
    glaze(masks.corner, (0.95, 0.6, 0.58))
    glaze(masks.mouth_line, (0.42, 0.28, 0.28))
    brow = np.minimum(hair * 0.7, np.minimum(hair * 0.25 + 0.02, tone * 0.45))
    light = light + (masks.brows * 0.86)[:, None] * (brow - light)
    lash = np.array([0.018, 0.012, 0.01], np.float32)
    return np.asarray(light + (0.9 * masks.lashes)[:, None] * (lash - light), np.float32)


def _blend_seen(light: Floats, raster: UvRaster, seen: SeenTexture | None) -> Floats:
    if seen is None:
        return light
    trust = np.asarray(seen.confidence, np.float32)
    # Feather inwards only, so that no unseen texel gains weight.
    reach = max(trust.shape[0] // 256, 1)
    trust = np.minimum(trust, cv2.blur(cv2.erode(trust, np.ones((2 * reach + 1,) * 2)), (2 * reach + 1,) * 2))
    share = np.clip(raster.sample(trust), 0, 1)[:, None]
    shown = raster.sample(srgb_to_linear(seen.rgb))
    return np.asarray(light + share * (shown - light), np.float32)
