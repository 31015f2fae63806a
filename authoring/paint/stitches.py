"""Rows of topstitches: thread on cloth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .grain import grain_of
from .look import ClothLook
from .ribbon import Ribbon
from .sheet import Floats, Sheet

_FURROW = 0.0006  # [m] how far the cloth dips beside a thread
_SEED = 3
_TWIST = 0.05  # by which share one stitch is lighter or darker than the next


def sew(sheet: Sheet, beside: Ribbon, rows: Sequence[float], look: ClothLook) -> None:
    """Paint rows of stitches along a line.

    Args:
        sheet: Under the brush.
        beside: The line.
        rows: Distances of the rows to the line's left [m].
        look: Thread and length of the stitches.
    """
    for row in rows:
        reach = 0.5 * look.thread + 3 * _FURROW
        near = beside.only(np.abs(beside.beside - np.float32(row)) <= reach)
        if len(near.index):
            _row(sheet, near, row, look)


def _row(sheet: Sheet, near: Ribbon, row: float, look: ClothLook) -> None:
    count = max(1, round(near.length / (look.stitch_length + look.stitch_gap)))
    pitch = near.length / count
    number, place = np.divmod(near.along, np.float32(pitch))
    half = np.float32(0.5 * look.stitch_length * pitch / (look.stitch_length + look.stitch_gap))
    radius = np.float32(0.5 * look.thread)
    forth = np.abs(place - np.float32(0.5 * pitch))
    side = near.beside - np.float32(row)
    distance = np.hypot(np.maximum(forth - (half - radius), 0), side) - radius
    furrow = np.exp(-((np.maximum(distance, 0) / np.float32(_FURROW)) ** 2))
    sheet.shade(near.index, np.asarray(-0.20 * grain_of(look.fabric).depth * furrow, np.float32))
    share = _covered(distance, look.thread, sheet.texel)
    # a thread is round: lit from above it is light on top and dark where it dives into the cloth
    light = 1.06 - 0.20 * (forth / half) ** 2 - 0.16 * np.minimum((side / radius) ** 2, 2.0)
    unlike = np.random.default_rng(_SEED).uniform(-_TWIST, _TWIST, count + 1).astype(np.float32)
    light = light + unlike[np.clip(number.astype(np.int64), 0, count)]
    color = np.clip(np.asarray(look.stitch_color, np.float32) * light[:, None], 0, 1)
    sheet.tint(near.index, np.asarray(color, np.float32), share)


def _covered(distance: Floats, thread: float, texel: float) -> Floats:
    """Return how far a thread covers texels by their centres' distance from its edge [m]."""
    soft = np.clip(0.5 - distance / np.float32(texel), 0, 1)
    return np.asarray(soft * min(1.0, 1.25 * thread / texel), np.float32)
