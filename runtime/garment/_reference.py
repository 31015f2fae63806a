"""The push-out in plain numpy: slow, obvious, what the kernels are compared with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.triangles import closest_on_triangles

Floats = NDArray[np.float64]
Integers = NDArray[np.integer]

# see `_kernels`
YIELD = 0.1
OTHER_SIDE, SAME_SIDE, ONE_PLANE = 0.2, 0.9, 0.3
TIED, CLEAR, DEEP = 1e-4, 0.02, 0.01


def smooth_normals(points: Floats, faces: Integers) -> Floats:
    """Return area-weighted vertex normals [V, 3] of the posed collider."""
    total = np.zeros_like(points)
    for face in faces:
        a, b, c = points[face]
        total[face] += np.cross(b - a, c - a)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-20))


class Level(NamedTuple):
    """A surface as one point sees it: its normal [3], how far from its gap a point is [m], what it concerns it."""

    normal: Floats
    need: float
    concern: float


class _Triangle(NamedTuple):
    corners: tuple[int, int, int]
    centre: Floats
    normal: Floats
    apart: float  # from the point to the centre


def level(
    p: Floats,
    points: Floats,
    normals: Floats,
    candidates: list[tuple[int, int, int]],
    gap: float,
    fade: tuple[float, float, float],
) -> Level:
    """Return the plane through the nearest two candidate triangles of a point, the second counting less and less."""
    ranked = sorted((_triangle(p, points, corners) for corners in candidates), key=lambda each: each.apart)
    if not ranked:
        return Level(np.zeros(3), 0.0, 0.0)
    first = ranked[0]
    third = ranked[2].apart if len(ranked) > 2 else np.inf
    rows = []
    for each in ranked[:2]:
        weight = max(1 - each.apart / third, 0.0) ** 2
        if each is first:
            weight += TIED
        else:
            weight *= (first.apart / each.apart) ** 2
            weight *= 1 - _other_side(first, each)
            weight *= np.clip(0.5 + 0.5 * (first.normal @ each.normal) / ONE_PLANE, 0, 1)
        corners = list(each.corners)
        where = closest_on_triangles(p, *points[corners])
        off = p - where @ points[corners]
        n = where @ normals[corners]
        n = n / np.linalg.norm(n)
        height = off @ n
        aside = np.linalg.norm(off - height * n)
        fading = np.clip((fade[1] - aside) / (fade[1] - fade[0]), 0, 1)
        fading *= np.clip(2 + 2 * height / fade[2], 0, 1)
        rows.append((weight, n, height, fading))
        if height > gap + CLEAR:
            break
    weights = np.array([row[0] for row in rows])
    weights /= weights.sum()
    n = weights @ np.array([row[1] for row in rows])
    over, concern = (float(weights @ np.array([row[k] for row in rows])) for k in (2, 3))
    if over < 0 and first.apart > DEEP:
        for each in ranked[1:]:
            concern *= 1 - (first.apart / each.apart) ** 4 * _other_side(first, each)
    return Level(n / np.linalg.norm(n), gap - over, concern)


def _triangle(p: Floats, points: Floats, corners: tuple[int, int, int]) -> _Triangle:
    a, b, c = points[list(corners)]
    normal = np.cross(b - a, c - a)
    centre = (a + b + c) / 3
    return _Triangle(corners, centre, normal / np.linalg.norm(normal), float(np.linalg.norm(p - centre)))


def _other_side(first: _Triangle, other: _Triangle) -> float:
    unlike = np.clip((SAME_SIDE - first.normal @ other.normal) / (SAME_SIDE - OTHER_SIDE), 0, 1)
    return float(unlike * np.clip((first.centre - other.centre) @ first.normal / np.sqrt(first.apart**2 + 1e-8), 0, 1))


def cleared(need: float, other: float, under: Level, over: Level) -> Floats:
    """Return the shortest move [3] by `need` out of one surface and by `other` out of another [m]."""
    alone, apart = max(need, 0.0) * under.normal, max(other, 0.0) * over.normal
    cosine = under.normal @ over.normal
    first, second = need - cosine * other, other - cosine * need
    if need <= 0 and other <= 0:
        both = np.zeros(3)
    elif need > 0 and second <= 0:
        both = alone
    elif other > 0 and first <= 0:
        both = apart
    else:
        short = YIELD * min(2 * min(first, second) / (abs(need) + abs(other)), 1.0)
        stiff = np.array([[1 + short, cosine], [cosine, 1 + short]])
        span = np.linalg.det(stiff)
        lengths = np.linalg.inv(stiff) @ np.array([need, other]) * span / (span + 1e-6)
        both = lengths[0] * under.normal + lengths[1] * over.normal
    a, b = under.concern, over.concern
    return np.asarray(a * (b * both + (1 - b) * alone) + (1 - a) * b * apart)


def kept(move: Floats, under: Level, over: Level) -> tuple[Level, Level]:
    """Return both surfaces with what a point still has to keep after its own move [3] [m]."""
    return (
        under._replace(need=min(under.need, float(move @ under.normal))),
        over._replace(need=min(over.need, float(move @ over.normal))),
    )


def diffuse(met: list[tuple[Level, Level]], moves: Floats, starts: Integers, neighbours: Integers) -> Floats:
    """Return the moves [M, 3] averaged over neighbours once, and what each point then lacks added [m]."""
    diffused = np.empty_like(moves)
    for i, (under, over) in enumerate(met):
        around = neighbours[starts[i] : starts[i + 1]]
        mean = moves[around].mean(axis=0) if len(around) else np.zeros(3)
        diffused[i] = 0.5 * moves[i] + 0.5 * mean
        if diffused[i].any():
            need, other = under.need - diffused[i] @ under.normal, over.need - diffused[i] @ over.normal
            diffused[i] += cleared(need, other, under, over)
    return diffused
