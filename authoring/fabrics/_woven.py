"""Woven cloth: ends and picks that pass over and under each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from dressform.schemas.fabric import FabricColour, WovenLook

from ._noise import Floats, generator, yarn_noise
from ._relief import Relief
from .fabric import repeats

_FLAT = 0.55  # height of a woven yarn over its width: yarns are pressed flat where they cross
_FIBRES = 24  # strands that are told apart around a yarn
_STRAND = 0.06  # how far strands stand out, as a share of the yarn's half width
_PLY = 0.3  # share of the brightness between strands


@dataclass(frozen=True)
class _System:
    """All yarns of one direction, sampled along it.

    Attributes:
        pitch: From yarn to yarn [m].
        half: Half a yarn's width [m].
        centre: [N, S] how far a yarn strays to the side [m].
        girth: [N, S] its width over the common one.
        level: [N, S] height of its middle [m].
        strands: [N, _FIBRES] how far each strand stands out, about 0.
        lead: Turns a yarn makes over the tile.
        tone: [N, S] brightness.
    """

    pitch: float
    half: float
    centre: Floats
    girth: Floats
    level: Floats
    strands: Floats
    lead: int
    tone: Floats


def woven_relief(name: str, look: WovenLook, colour: FabricColour, tile_m: float, size: int) -> Relief:
    """Draw a weave over a tile of `size` pixels."""
    repeat = look["over"] + look["under"]
    ends = repeats(look["warp_per_cm"], tile_m, repeat * look["together"])
    picks = repeats(look["weft_per_cm"], tile_m, repeat)
    end, pick = np.arange(ends)[:, None], np.arange(picks)[None, :]
    raised = (pick - (end // look["together"]) * look["step"]) % repeat < look["over"]
    half = (0.5 * look["warp_width"] * tile_m / ends, 0.5 * look["weft_width"] * tile_m / picks)
    sway = 0.5 * _FLAT * (half[0] + half[1])  # crossing yarns touch
    warp = _system(f"{name}/warp", look, colour, tile_m, size, raised, sway, half[0])
    weft = _system(f"{name}/weft", look, colour, tile_m, size, ~raised.T, sway, half[1])
    warp_top, warp_tone = _surface(warp, tile_m, size)
    weft_top, weft_tone = (field.T for field in _surface(weft, tile_m, size))
    front = warp_top >= weft_top
    bare = ~np.isfinite(np.maximum(warp_top, weft_top))
    height = np.where(bare, -2 * sway, np.where(front, warp_top, weft_top))
    return Relief(
        height=height[::-1],
        tone=np.where(bare, 1.0, np.where(front, warp_tone, weft_tone))[::-1],
        white=np.where(front, look["warp_white"], look["weft_white"])[::-1],
        cover=(~bare).astype(np.float64)[::-1],
    )


def _system(
    seed: str,
    look: WovenLook,
    colour: FabricColour,
    tile_m: float,
    size: int,
    raised: NDArray[np.bool_],
    sway: float,
    half: float,
) -> _System:
    """Return one direction's yarns; `raised` [N, crossings] says where a yarn lies on top."""
    yarns, crossings = raised.shape
    random = generator(seed, "yarns")
    pitch, step = tile_m / yarns, size / crossings
    along = (np.arange(size) + 0.5) / step - 0.5
    before = np.floor(along).astype(np.int64)
    share = along - before
    ease = 0.5 - 0.5 * np.cos(np.pi * share)
    sign = np.where(raised, 1.0, -1.0)
    level = sign[:, before % crossings] * (1 - ease) + sign[:, (before + 1) % crossings] * ease
    stray = look["waver"] * pitch * yarn_noise(random, yarns, size, 1.5 * step)
    thick = yarn_noise(random, yarns, size, 4 * step) + 0.6 * random.standard_normal((yarns, 1))
    # where a yarn lies free it spreads, where another crosses it is held
    girth = np.clip(1 + look["slub"] * thick, 0.5, 1.8) * (1 + 0.08 * gaussian_filter1d(level, step, mode="wrap"))
    strands = gaussian_filter1d(random.standard_normal((yarns, _FIBRES)), 0.6, axis=1, mode="wrap")
    turns = tile_m * np.tan(np.radians(look["twist"])) / (2 * np.pi * half)
    shade = random.standard_normal((yarns, 1)) + 0.4 * yarn_noise(random, yarns, size, 6 * step)
    tone = np.clip(1 + colour["tone"] * shade, 0.3, 2.0)
    return _System(pitch, half, stray, girth, sway * level, strands / strands.std(), round(float(turns)), tone)


def _surface(system: _System, tile_m: float, size: int) -> tuple[Floats, Floats]:
    """Return height [m] (minus infinity beside the yarns) and brightness [S, S]; yarns run along the rows' index."""
    yarns = len(system.centre)
    across = (np.arange(size) + 0.5) * tile_m / size
    nearest = np.floor(across / system.pitch).astype(np.int64)
    row = np.arange(size)[:, None]
    turn = system.lead * (row + 0.5) / size
    top = np.full((size, size), -np.inf)
    tone = np.ones((size, size))
    for beside in (-1, 0, 1):
        number = nearest + beside
        yarn = (number % yarns)[None, :]
        girth = system.girth[yarn, row]
        offset = across - (number + 0.5) * system.pitch - system.centre[yarn, row]
        t = offset / (system.half * girth)
        inside = np.abs(t) < 1
        t = np.clip(t, -1, 1)
        strand = ((np.arcsin(t) / (2 * np.pi) - turn) % 1.0) * _FIBRES
        first = np.floor(strand).astype(np.int64)
        rest = strand - first
        fibre = system.strands[yarn, first % _FIBRES] * (1 - rest) + system.strands[yarn, (first + 1) % _FIBRES] * rest
        dome = np.sqrt(1 - t * t)
        here = system.level[yarn, row] + system.half * girth * (_FLAT * dome + _STRAND * fibre * dome)
        better = inside & (here > top)
        top[better] = here[better]
        tone[better] = (system.tone[yarn, row] * (1 + 0.1 * _PLY * fibre))[better]
    return top, tone
