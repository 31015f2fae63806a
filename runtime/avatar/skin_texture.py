"""The body's texture: skin, face and base layer, with what a photo has shown blended in."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from dressform.runtime.render.colour import srgb_to_linear

from .base_layer import base_layer
from .canvas import BODY_SIZE, TEXTURE_SIZE, BodyCanvas, Texels
from .colours import linear_to_bytes
from .face_paint import face_masks
from .uv_raster import TexelGrid

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
    light = _skin(body, skin_tone)
    if "inside-mouth" in canvas.masks:
        light *= 1 - canvas.masks["inside-mouth"][:, None] * np.array([0.7, 0.85, 0.85], np.float32)
    light = _blend_seen(light, body.grid, seen)
    coverage, cloth = base_layer(canvas.joints, body)
    light += coverage[:, None] * (cloth - light)
    picture = np.zeros((BODY_SIZE, BODY_SIZE, 3), np.uint8)
    body.grid.paste(linear_to_bytes(light), picture)
    picture = np.asarray(cv2.resize(picture, (TEXTURE_SIZE, TEXTURE_SIZE), interpolation=cv2.INTER_LINEAR), np.uint8)
    if canvas.head is not None:
        head = canvas.head
        light = _skin(head, skin_tone)
        light = _paint_face(canvas, light, skin_tone, hair_colour, femininity)
        light = _blend_seen(light, head.grid, seen)
        if scalp is not None:
            light += (0.92 * scalp)[:, None] * (0.75 * hair_colour - light)
        head.grid.paste(linear_to_bytes(light), picture)
    return picture


def _skin(texels: Texels, tone: Floats) -> Floats:
    """Skin without features: tone, blood, mottling and the shade of near skin, float32 [N, 3]."""
    blood = texels.flush + 1.5 * texels.mottle
    light = tone * (1 + texels.mottle)[:, None]
    # Blood shows less through dark skin.
    strength = 0.55 + 0.45 * min(float(tone.mean()) / 0.35, 1.0)
    absorbed = np.array([0.01, 0.17, 0.16], np.float32) * strength
    light *= 1 - np.clip(blood, 0, 1)[:, None] * absorbed
    # Light bounced between folds of skin is red: shade the green and blue more.
    shade = np.log(np.clip(texels.openness, 0.02, 1))[:, None] * np.array([0.42, 0.62, 0.66], np.float32)
    return np.asarray(light * np.exp(shade), np.float32)


def _paint_face(canvas: BodyCanvas, light: Floats, tone: Floats, hair: Floats, femininity: float) -> Floats:
    masks = face_masks(canvas, femininity)
    darkness = 1 - min(float(tone.mean()) / 0.35, 1.0)

    def glaze(coverage: Floats, factor: tuple[float, float, float]) -> None:
        some = np.flatnonzero(coverage > 1e-3)
        light[some] *= 1 - coverage[some, None] * (1 - np.array(factor, np.float32))

    rosy = 0.5 + 0.18 * femininity
    glaze(masks.lips, (0.9 - 0.08 * darkness, 1 - 0.58 * rosy + 0.1 * darkness, 1 - 0.5 * rosy + 0.1 * darkness))
    glaze(masks.lids, (0.9, 0.8, 0.79))
    glaze(masks.under_eyes, (0.95, 0.9, 0.92))
    glaze(masks.beard * (1 - femininity) * (1 - 0.5 * darkness), (0.9, 0.915, 0.93))
    glaze(masks.corner, (0.95, 0.6, 0.58))
    glaze(masks.mouth_line, (0.42, 0.28, 0.28))
    brow = np.minimum(hair * 0.6, np.minimum(hair * 0.2 + 0.016, tone * 0.4))
    light += (masks.brows * 0.86)[:, None] * (brow - light)
    lash = np.array([0.018, 0.012, 0.01], np.float32)
    light += (0.9 * masks.lashes)[:, None] * (lash - light)
    return light


def _blend_seen(light: Floats, grid: TexelGrid, seen: SeenTexture | None) -> Floats:
    if seen is None:
        return light
    trust = np.asarray(seen.confidence, np.float32)
    # Feather inwards only, so that no unseen texel gains weight.
    reach = max(trust.shape[0] // 256, 1)
    trust = np.minimum(trust, cv2.blur(cv2.erode(trust, np.ones((2 * reach + 1,) * 2)), (2 * reach + 1,) * 2))
    share = np.clip(grid.sample(trust), 0, 1)[:, None]
    shown = grid.sample(srgb_to_linear(seen.rgb))
    return np.asarray(light + share * (shown - light), np.float32)
