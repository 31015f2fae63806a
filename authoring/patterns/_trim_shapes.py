"""Buttons, rivets and zip pulls as small closed meshes with their charts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .pattern import Mark

Floats = NDArray[np.float64]

BUTTONS, THREAD, METAL = "buttons", "button_thread", "metal"  # slots of trims


@dataclass(frozen=True)
class Shape:
    """One closed piece in its own frame: z out of the cloth, y to the wearer's head, z = 0 on the cloth [m].

    Attributes:
        slot: Its material.
        points: [V, 3] [m].
        faces: int64 [F, 3], counter-clockwise seen from outside.
        charts: Its outside and its underside, each as UVs [N, 2] [m] and which faces lie on it, as [f, 3] into them.
    """

    slot: str
    points: Floats
    faces: NDArray[np.int64]
    charts: tuple[tuple[Floats, NDArray[np.int64]], ...]


def trim_shapes(mark: Mark) -> tuple[Shape, ...]:
    """Return what a mark sets on the cloth: the pieces of one button, rivet or zip pull; nothing for other marks."""
    radius = float(mark.options.get("radius", {"rivet": 0.0045}.get(mark.kind, 0.0055)))
    if mark.kind == "rivet":
        return (_rivet(radius),)
    if mark.kind == "button":
        return (_shank_button(radius),) if mark.options.get("name") == "jeans" else _sewn_button(radius)
    if mark.kind == "zip" and "pull" in mark.options:
        return _zip_pull()
    return ()


def _sewn_button(radius: float) -> tuple[Shape, ...]:
    """Return a dished button with a rim and the two bars of thread that hold it: 136 triangles."""
    height = 0.0021 * radius / 0.0055
    rows = [(0.0, 0.62), (0.56, 0.62), (0.72, 1.0), (0.92, 0.95), (1.0, 0.55), (0.92, 0.0)]
    pieces = [_turned(BUTTONS, _circle(12, radius), [(scale, z * height) for scale, z in rows])]
    for side in (-1, 1):
        bar = _circle(4, 1.0, np.pi / 4) * [0.40 * radius, 0.11 * radius] + np.array([0.0, 0.20 * side * radius])
        pieces.append(_turned(THREAD, bar, [(0.0, 0.86 * height), (1.0, 0.60 * height)]))
    return tuple(pieces)


def _shank_button(radius: float) -> Shape:
    """Return the domed button of jeans: 140 triangles."""
    height = 0.0036 * radius / 0.0085
    rows = [(0.0, 1.0), (0.42, 0.96), (0.52, 0.80), (0.90, 0.86), (1.0, 0.60), (0.90, 0.0)]
    return _turned(METAL, _circle(14, radius), [(scale, z * height) for scale, z in rows])


def _rivet(radius: float) -> Shape:
    """Return a rivet with its burr: 80 triangles."""
    height = 0.0018 * radius / 0.0045
    rows = [(0.0, 1.0), (0.36, 0.85), (0.46, 0.50), (0.86, 0.50), (1.0, 0.0)]
    return _turned(METAL, _circle(10, radius), [(scale, z * height) for scale, z in rows])


def _zip_pull() -> tuple[Shape, Shape]:
    """Return a slider and the tab that hangs from it: 144 triangles."""
    slider = _rounded_box(0.0038, 0.0048)
    tab = _rounded_box(0.0026, 0.0105) + np.array([0.0, -0.0125])
    return (
        _turned(METAL, slider, [(0.0, 0.0034), (0.80, 0.0033), (1.0, 0.0022), (0.95, 0.0)]),
        _turned(METAL, tab, [(0.0, 0.0030), (0.82, 0.0030), (1.0, 0.0024), (0.9, 0.0016)]),
    )


def _circle(count: int, radius: float, start: float = 0.0) -> Floats:
    angles = start + np.arange(count) * 2 * np.pi / count
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _rounded_box(half_width: float, half_height: float) -> Floats:
    """Return the outline of a box with rounded corners, [12, 2]."""
    corner = 0.4 * min(half_width, half_height)
    turns = np.arange(4)[:, None] * np.pi / 2 + np.array([0.0, np.pi / 4, np.pi / 2])[None]
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])[:, None]
    middles = signs * [half_width - corner, half_height - corner]
    arcs = corner * np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    return np.asarray((middles + arcs).reshape(-1, 2))


def _turned(slot: str, outline: Floats, rows: list[tuple[float, float]]) -> Shape:
    """Return a piece as rings of one outline at scales and heights; the first row is its summit, below it is flat.

    The outside unrolls to rings around its middle, as far apart as they are on the piece, so that no two triangles
    share a texel.
    """
    count, middle = len(outline), outline.mean(axis=0)
    arms = outline - middle
    reach = float(np.linalg.norm(arms, axis=1).mean())
    rings = [np.column_stack([middle + scale * arms, np.full(count, z)]) for scale, z in rows[1:]]
    points = np.concatenate([[[*middle, rows[0][1]]], *rings, [[*middle, rows[-1][1]]]])
    number = 1 + np.arange(count * len(rings)).reshape(-1, count)
    bottom = len(points) - 1
    following = np.roll(number, -1, axis=1)
    top = np.stack([np.zeros(count, np.int64), number[0], following[0]], axis=1)
    sides = [
        np.stack([inner[k], outer[k], outer[(k + 1) % count], inner[(k + 1) % count]])
        for inner, outer in pairwise(number)
        for k in range(count)
    ]
    quads = np.array(sides, np.int64).reshape(-1, 4)
    outside = np.concatenate([top, quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    under = np.stack([np.full(count, bottom), following[-1], number[-1]], axis=1)
    steps = np.diff(np.array(rows) * [reach, 1.0], axis=0)
    unrolled = np.cumsum(np.linalg.norm(steps, axis=1)) / reach
    uv = np.concatenate([[[0.0, 0.0]], *(share * arms for share in unrolled)])
    flipped = np.concatenate([rows[-1][0] * arms * [-1.0, 1.0], [[0.0, 0.0]]])
    below = np.where(under == bottom, count, under - number[-1, 0])
    return Shape(slot, points, np.concatenate([outside, under]), ((uv, outside), (flipped, below)))
