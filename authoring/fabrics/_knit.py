"""Knitted cloth: rows of loops, whose legs make a V on the right side and whose heads make arcs on the wrong side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dressform.schemas.fabric import FabricColour, KnitLook

from ._noise import Floats, generator, smooth_noise
from ._relief import Relief
from .fabric import repeats

_LEAN = 0.30  # how far a leg leans outwards as it rises, as a share of a wale
_FOOT = 0.13  # where its middle lies, from the middle of the wale, as a share of a wale
_REACH = 0.86  # half the length of a leg, in courses: each reaches into the stitches above and below
_FLAT = 0.6  # height of the yarn over its width
_BACK_SHOWN = 0.6  # of the width of the wales that lie back, as the rib draws in
_STRANDS = 5  # strands of fibre that are seen across a leg
_STRAND = 0.07  # how far they stand out, as a share of the yarn's half width


@dataclass(frozen=True)
class _Grid:
    """Where each pixel lies among the stitches, [S, S]: wales from the left, courses from below."""

    wale: Floats
    course: Floats
    wales: int
    courses: int
    wale_m: float
    course_m: float


def knit_relief(name: str, look: KnitLook, colour: FabricColour, tile_m: float, size: int) -> Relief:
    """Draw a knit over a tile of `size` pixels."""
    rib = look["rib_front"] + look["rib_back"]
    wales = repeats(look["wales_per_cm"], tile_m, max(rib, 1))
    courses = repeats(look["courses_per_cm"], tile_m, 1)
    random = generator(name, "stitches")
    step = (size / courses, size / wales)
    bend = [look["waver"] * smooth_noise(random, (size, size), (1.2 * step[0], 1.2 * step[1])) for _ in range(2)]
    at = (np.arange(size) + 0.5) / size
    wale = at[None, :] * wales + bend[0]
    if rib:
        wale = _drawn_in(wale, look["rib_front"], rib)
    grid = _Grid(wale, at[:, None] * courses + bend[1], wales, courses, tile_m / wales, tile_m / courses)
    half = 0.25 * look["width"] * grid.wale_m
    girth = 1 + look["slub"] * random.standard_normal((courses, 1)) * 0.7
    girth = np.clip(girth + look["slub"] * random.standard_normal((courses, wales)), 0.5, 1.8)
    shade = 0.8 * random.standard_normal((courses, 1)) + 0.6 * random.standard_normal((courses, wales))
    tones = np.clip(1 + colour["tone"] * shade, 0.3, 2.0)
    top, tone = _stitches(grid, half, girth, tones, look["twist"], front=True)
    if rib:
        back, back_tone = _stitches(grid, half, girth, tones, look["twist"], front=False)
        number = np.floor(grid.wale).astype(np.int64) % rib
        is_front = number < look["rib_front"]
        lift = _cords(grid.wale % rib, look["rib_front"], rib)
        top = np.where(is_front, top, back) + 1e-3 * look["rib_depth"] * lift
        tone = np.where(is_front, tone, back_tone)
    return Relief(top[::-1], tone[::-1], np.zeros((size, size)), np.ones((size, size)))


def _drawn_in(wale: Floats, front: int, rib: int) -> Floats:
    """Let the wales in front spread over those that lie back, as a rib at rest does."""
    place = wale % rib
    shown = rib - _BACK_SHOWN * (rib - front)
    ahead = place * front / shown
    behind = front + (place - shown) / _BACK_SHOWN
    return np.asarray(wale - place + np.where(place < shown, ahead, behind))


def _cords(place: Floats, front: int, rib: int) -> Floats:
    """Return how far the cloth bulges: 1 on the middle of the wales in front, 0 on that of the wales behind."""
    ahead = np.sin(np.pi * np.clip(place / front, 0, 1)) ** 0.7
    behind = np.sin(np.pi * np.clip((place - front) / (rib - front), 0, 1)) ** 0.7
    return 0.5 + 0.5 * np.where(place < front, ahead, -behind)


def _stitches(
    grid: _Grid, half: float, girth: Floats, tones: Floats, twist: float, *, front: bool
) -> tuple[Floats, Floats]:
    """Return height [m] and brightness [S, S] of loops seen from their right or wrong side."""
    top = np.full(grid.wale.shape, -1.1 * _FLAT * half)
    tone = np.full(grid.wale.shape, 0.9)
    wale = np.floor(grid.wale).astype(np.int64)
    course = np.floor(grid.course).astype(np.int64)
    slant = np.tan(np.radians(twist))
    for up in (-1, 0, 1):
        for side in (-1, 1) if front else (-1, 0, 1):
            number = (course + up) % grid.courses, (wale + (0 if front else side)) % grid.wales
            y = grid.course - (course + up) - 0.5
            x = grid.wale - wale - 0.5
            if front:
                along, across, depth = _leg(grid, x * side, y)
            else:
                along, across, depth = _head(grid, x - side, y)
            width = half * girth[number]
            t = across / width
            inside = (np.abs(t) < 1) & (np.abs(along) < 1)
            t = np.clip(t, -1, 1)
            length = along * _REACH * grid.course_m
            phase = _STRANDS * np.arcsin(t) - np.pi * side * slant * length / half + 5.1 * number[0] + 2.3 * number[1]
            dome = np.sqrt(1 - t * t)
            here = width * (_FLAT * dome + _STRAND * np.sin(2 * phase) * dome) + half * depth
            better = inside & (here > top)
            top[better] = here[better]
            tone[better] = (tones[number] * (1 + 0.03 * np.sin(2 * phase)))[better]
    return top, tone


def _leg(grid: _Grid, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Return place along a leg (-1 at its foot, 1 where it turns), distance from its middle line [m], and depth."""
    along = y / _REACH
    middle = _FOOT + 0.5 * _LEAN * (0.5 + 0.5 * along) + 0.06 * along
    slope = (0.25 * _LEAN + 0.06) / _REACH * grid.wale_m / grid.course_m
    across = (x - middle) * grid.wale_m / np.hypot(1, slope)
    # the foot comes out from behind the stitch below, the top goes behind the stitch above
    depth = -0.9 * np.abs(along) ** 2.2 - 0.35 * along
    return along, across, depth


def _head(grid: _Grid, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """The same for the arcs of the wrong side, which join one wale to the next."""
    along = x / 0.62
    arc = 0.28 * np.cos(np.pi * x) - 0.1
    across = (y - arc) * grid.course_m
    depth = -0.9 * np.abs(along) ** 2.5
    return along, across, np.asarray(depth)
