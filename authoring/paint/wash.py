"""Where a garment dyed with indigo fades as it is worn: thighs, knees, seat, and the creases of sitting."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from .look import ClothLook
from .ribbon import ribbon
from .sheet import Floats, Index, Sheet

# On legs, in a panel's frame whose y = 0 is the crotch line and whose x = 0 is the crease: where the middle of a worn
# place lies towards the outseam and above the crotch, half its width and height [m], how strongly it fades.
_FRONT = ((0.005, -0.17, 0.062, 0.165, 0.62), (0.000, -0.43, 0.052, 0.085, 0.34), (0.0, -0.30, 0.10, 0.36, 0.22))
_BACK = ((-0.025, 0.015, 0.085, 0.085, 0.48), (0.000, -0.16, 0.070, 0.12, 0.24))
# Creases that fan out from the fork: height at the fork's side and at the outseam, how far they reach, strength.
_WHISKERS = (
    (0.060, 0.135, 0.72, 0.7), (0.034, 0.108, 0.88, 1.0), (0.004, 0.066, 0.80, 0.9),
    (-0.022, 0.020, 0.86, 0.7), (-0.060, -0.030, 0.60, 0.45),
)  # fmt: skip
_HONEYCOMB = ((-0.36, 0.05), (-0.385, -0.03), (-0.41, 0.035), (-0.435, -0.045))  # behind the knee: height and tilt
_ABRASION = ((0.0006, 0.010, 0.45), (0.010, 0.018, 0.50))  # width and length of spots [m], share
_SEED = 29


def wear(sheet: Sheet, panel: int, look: ClothLook) -> None:
    """Fade a leg's panel where it is worn; other panels stay as they are."""
    cut = sheet.mesh.pattern.panels[panel]
    if not look.wash or cut.placement.limb not in ("left_leg", "right_leg"):
        return
    outline = cut.outline
    fork = outline[np.argmax(np.abs(outline[:, 0]) * (np.abs(outline[:, 1]) < 0.05))]
    outward = -1.0 if fork[0] > 0 else 1.0
    front = np.cos(cut.placement.angle) > 0
    index = sheet.texels(panel)
    places = sheet.places(index) - sheet.offsets[panel]
    share = np.zeros(len(index), np.float32)
    for out, up, wide, tall, strength in _FRONT if front else _BACK:
        apart = ((places[:, 0] - outward * out) / wide) ** 2 + ((places[:, 1] - up) / tall) ** 2
        share += np.float32(strength) * np.exp(-0.8 * apart).astype(np.float32)
    share *= 1 + np.float32(0.30) * _patchy(sheet, index)
    sheet.tint(index, look.fade, np.clip(0.62 * look.wash * share, 0, 0.8))
    if front:
        _whiskers(sheet, panel, look, fork, outward)
    else:
        _honeycomb(sheet, panel, look)


def _whiskers(
    sheet: Sheet, panel: int, look: ClothLook, fork: np.ndarray[tuple[int, ...], np.dtype[np.float64]], outward: float
) -> None:
    start = fork[0] + outward * 0.050
    side = _side_at(sheet, panel, outward)
    for low, high, reach, strength in _WHISKERS:
        t = np.linspace(0.0, reach, 24)
        x = start + t * (side - start)
        y = low + (high - low) * t - 0.010 * np.sin(np.pi * t)
        _fold(sheet, panel, look, np.stack([x, y], axis=1), strength)


def _honeycomb(sheet: Sheet, panel: int, look: ClothLook) -> None:
    for height, tilt in _HONEYCOMB:
        x = np.linspace(-0.055, 0.055, 20)
        y = height + tilt * x - 6.0 * x**2
        _fold(sheet, panel, look, np.stack([x, y], axis=1), 0.55)


def _fold(
    sheet: Sheet, panel: int, look: ClothLook, line: np.ndarray[tuple[int, ...], np.dtype[np.float64]], strength: float
) -> None:
    """Fade the top of a crease and deepen the dye beside it."""
    near = ribbon(sheet, sheet.on_sheet(panel, line), panel, 0.028)
    tail = np.sin(np.pi * np.clip(near.along / np.float32(near.length), 0, 1)) ** 0.7
    ridge = np.exp(-((near.beside / np.float32(0.0065)) ** 2)) * tail
    hollow = np.exp(-(((np.abs(near.beside) - np.float32(0.014)) / np.float32(0.0060)) ** 2)) * tail
    rough = 1 + np.float32(0.30) * _patchy(sheet, near.index)
    sheet.tint(
        near.index, look.fade, np.asarray(np.clip(0.17 * look.wash * strength * ridge * rough, 0, 1), np.float32)
    )
    sheet.shade(near.index, np.asarray(-0.07 * look.wash * strength * hollow, np.float32))


def _side_at(sheet: Sheet, panel: int, outward: float) -> float:
    outline = sheet.mesh.pattern.panels[panel].outline
    level = outline[np.abs(outline[:, 1] - 0.05) < 0.03]
    held = level if len(level) else outline
    return float(held[:, 0].max() if outward > 0 else held[:, 0].min())


def _patchy(sheet: Sheet, index: Index) -> Floats:
    """Return noise of unit variance, drawn out along the warp, at texels: abrasion is never even."""
    return np.asarray(_abrasion(sheet.pixels, sheet.texel)[index], np.float32)


@functools.lru_cache(maxsize=1)
def _abrasion(pixels: int, texel: float) -> Floats:
    """Return the noise of a whole sheet, flat: single yarns and clouds of a centimetre."""
    random = np.random.default_rng(_SEED)
    field = np.zeros((pixels, pixels), np.float32)
    for across, along, strength in _ABRASION:
        sigma = max(0.5, across / texel), max(0.5, along / texel)
        soft = cv2.GaussianBlur(random.standard_normal((pixels, pixels), np.float32), (0, 0), sigma[0], sigmaY=sigma[1])
        field += np.float32(strength / float(soft.std())) * soft
    return np.clip(field.reshape(-1), -2, 2)
