"""Cloth with a pile: corduroy's cords, velvet, fleece."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from dressform.schemas.fabric import FabricColour, PileLook

from ._cells import cells
from ._noise import Floats, Random, generator, loose_fibres, smooth_noise
from ._relief import Relief
from .fabric import repeats

_TIP = 0.10  # unevenness of the tips of a cut pile, as a share of its height
_LEAN = 0.30  # waves in which the pile leans, as a share of its height
_LAYERS = 3  # of tangled fibre in a fleece
_FIBRES = 9  # per tuft and layer
_TUFT_HEIGHT = 0.5  # of a fleece's curls, as a share of the pile


def pile_relief(name: str, look: PileLook, colour: FabricColour, tile_m: float, size: int) -> Relief:
    """Draw a pile over a tile of `size` pixels."""
    random = generator(name, "pile")
    tufts = max(2, round(look["tufts_per_cm"] * 100 * tile_m))
    step = size / tufts
    tall = 1e-3 * look["height"]
    bend = (
        0.6 * smooth_noise(random, (size, size), (step, step)),
        0.6 * smooth_noise(random, (size, size), (step, step)),
    )
    found = cells(random, size, tufts, scatter=0.9, bend=bend)
    shade = np.clip(1 + colour["tone"] * random.standard_normal(found.count), 0.3, 2.0)[found.number]
    if look["curl"] > 0:
        height, tone = _tangle(random, size, tufts, tile_m, tall, look["curl"])
        dome = np.clip(1 - found.near**2, 0, 1) * (1 + 0.3 * random.standard_normal(found.count))[found.number]
        height = height + _TUFT_HEIGHT * tall * gaussian_filter(dome, 0.25 * step, mode="wrap")
    else:
        height, tone = _cut(random, size, step, tall)
        uneven = random.standard_normal(found.count)[found.number]
        height = height + 0.5 * _TIP * tall * gaussian_filter(uneven, 0.3 * step, mode="wrap")
    tone = tone * gaussian_filter(shade, 0.3, mode="wrap")
    if look["wales_per_cm"]:
        cord, depth = _cords(random, look, tile_m, size)
        base = 0.06 * tall * smooth_noise(random, (size, size), (0.5 * step, 1.5))
        height = np.where(cord > 0, tall * cord + height * np.sqrt(cord), base)
        tone = tone * (1 - 0.35 * depth)
    return Relief(height, tone, np.zeros((size, size)), np.ones((size, size)))


def _cut(random: Random, size: int, step: float, tall: float) -> tuple[Floats, Floats]:
    """Return height [m] and brightness of a pile that is cut: a brush of tips that leans a little, here and there."""
    tips = smooth_noise(random, (size, size), (1.6, 0.8))
    lean = smooth_noise(random, (size, size), (6 * step, 5 * step))
    return tall * (0.5 * _TIP * tips + _LEAN * lean), 1 + 0.05 * tips + 0.04 * lean


def _tangle(random: Random, size: int, tufts: int, tile_m: float, tall: float, curl: float) -> tuple[Floats, Floats]:
    """Return height [m] and brightness of fibres that lie tangled, layer over layer."""
    height, tone = np.zeros((size, size)), np.ones((size, size))
    for layer in range(_LAYERS):
        lie = loose_fibres(
            random, size, count=_FIBRES * tufts * tufts, length=min(0.5, 3.5 / tufts), curl=2.0 + 4.0 * curl
        )
        strand = gaussian_filter(lie, 0.8, mode="wrap")
        height = gaussian_filter(height, 1.0, mode="wrap") + tall * 0.07 * strand
        tone = tone * 0.97 + (0.03 + 0.03 * layer) * strand
    return height, tone


def _cords(random: Random, look: PileLook, tile_m: float, size: int) -> tuple[Floats, Floats]:
    """Return the profile of the cords, 0 in the grooves and 1 on their backs, and how deep each place lies."""
    wales = repeats(look["wales_per_cm"], tile_m, 1)
    step = size / wales
    stray = 0.025 * smooth_noise(random, (size, size), (2.0 * step, 0.2 * step))
    place = ((np.arange(size) + 0.5) / step + stray) % 1.0
    reach = np.abs(place - 0.5) / (0.5 * (1 - look["groove"]))
    reach = reach * (1 + 0.05 * smooth_noise(random, (size, size), (0.12 * step, 0.03 * step)))
    cord = np.sqrt(np.clip(1 - reach**1.8, 0, None))
    return cord, 1 - cord
