"""The push-out in plain numpy: slow, obvious, what the kernels are compared with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.triangles import closest_on_triangles

Floats = NDArray[np.float64]
Integers = NDArray[np.integer]

YIELD, STEPS = 0.1, 12  # see `_kernels`


def smooth_normals(points: Floats, faces: Integers) -> Floats:
    """Return area-weighted vertex normals [V, 3] of the posed collider."""
    total = np.zeros_like(points)
    for face in faces:
        a, b, c = points[face]
        total[face] += np.cross(b - a, c - a)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-20))


def seek(p: Floats, points: Floats, begin: int, faces: Integers) -> list[int]:
    """Return the faces around the corner that a walk over the surface comes to, each step to the nearest neighbour."""
    here = begin
    for _ in range(STEPS):
        around = np.unique(faces[(faces == here).any(axis=1)])
        nearest = int(around[np.argmin(np.linalg.norm(points[around] - p, axis=1))])
        if nearest == here:
            break
        here = nearest
    return [int(face) for face in np.flatnonzero((faces == here).any(axis=1))]


class Level(NamedTuple):
    """A surface as one point sees it: its normal [3], the point's height over it [m], how much it concerns it."""

    normal: Floats
    height: float
    concern: float


def level(
    p: Floats,
    points: Floats,
    normals: Floats,
    candidates: list[tuple[int, int, int]],
    fade: tuple[float, float, float],
) -> Level:
    """Return the plane through the nearest two candidate triangles of a point, the closer one counting more."""
    ranked = sorted(candidates, key=lambda triangle: np.sum((p - points[list(triangle)].mean(axis=0)) ** 2))
    rows = []
    for triangle in ranked[:2]:
        corners = points[list(triangle)]
        where = closest_on_triangles(p, *corners)
        off = p - where @ corners
        n = where @ normals[list(triangle)]
        n = n / np.linalg.norm(n)
        height = off @ n
        aside = np.linalg.norm(off - height * n)
        fading = np.clip((fade[1] - aside) / (fade[1] - fade[0]), 0, 1)
        fading *= np.clip(3 + 3 * height / fade[2], 0, 1)
        rows.append(((off @ off + 1e-8) ** -2, n, height, fading))
    if not rows:
        return Level(np.zeros(3), 0.0, 0.0)
    weights = np.array([row[0] for row in rows])
    weights /= weights.sum()
    n = weights @ np.array([row[1] for row in rows])
    over, concern = (float(weights @ np.array([row[k] for row in rows])) for k in (2, 3))
    return Level(n / np.linalg.norm(n), over, concern)


def push(under: Level, under_gap: float, over: Level, over_gap: float) -> Floats:
    """Return how far a point must go to keep its gap from both surfaces, [3] [m]."""
    need, other = under_gap - under.height, over_gap - over.height
    alone, apart = max(need, 0.0) * under.normal, max(other, 0.0) * over.normal
    cosine = under.normal @ over.normal
    if need <= 0 and other <= 0:
        both = np.zeros(3)
    elif need > 0 and cosine * need >= other:
        both = alone
    elif other > 0 and cosine * other >= need:
        both = apart
    else:
        stiff = np.array([[1 + YIELD, cosine], [cosine, 1 + YIELD]])
        lengths = np.linalg.solve(stiff, np.array([need, other]))
        both = lengths[0] * under.normal + lengths[1] * over.normal
    a, b = under.concern, over.concern
    return np.asarray(a * (b * both + (1 - b) * alone) + (1 - a) * b * apart)


def diffuse(pushes: Floats, moves: Floats, starts: Integers, neighbours: Integers) -> Floats:
    """Return the moves averaged over neighbours once, never less than the push along the push, [M, 3] [m]."""
    diffused = np.empty_like(moves)
    for i in range(len(moves)):
        around = neighbours[starts[i] : starts[i + 1]]
        mean = moves[around].mean(axis=0) if len(around) else np.zeros(3)
        diffused[i] = 0.5 * moves[i] + 0.5 * mean
        least = np.linalg.norm(pushes[i])
        if least > 0:
            way = pushes[i] / least
            diffused[i] += max(least - diffused[i] @ way, 0) * way
    return diffused
