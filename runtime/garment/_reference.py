"""The push-out in plain numpy: slow, obvious, what the kernels are compared with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.integer]

# see `_kernels`
YIELD = 0.1
BLEND, WIDER, CLEAR = 0.02, 3.0, 0.03
STEPS = 12

Triangle = tuple[int, int, int]


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
    """A surface as one point sees it: its normal [3], how far from its gap a point is [m], how much it concerns it."""

    normal: Floats
    need: float
    concern: float


NO_LEVEL = Level(np.zeros(3), 0.0, 0.0)


def level(p: Floats, points: Floats, candidates: list[Triangle], gap: float, fade: tuple[float, float, float]) -> Level:
    """Return the mean plane of the candidate triangles of a point, the nearer ones counting more."""
    if not candidates:
        return NO_LEVEL
    corners = points[np.array(candidates)]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    off = p - corners.mean(axis=1)
    apart, up = np.sum(off**2, axis=1), np.sum(off * normals, axis=1)
    nearest = apart.argmin()
    if up[nearest] > gap + CLEAR:
        return NO_LEVEL
    shares = np.maximum((1 + WIDER) * apart[nearest] + BLEND**2 - apart, 0) ** 2
    shares /= shares.sum()
    normal, height = shares @ normals, float(shares @ up)
    aside = shares @ np.sqrt(np.maximum(apart - up**2, 0))
    concern = np.clip((fade[1] - aside) / (fade[1] - fade[0]), 0, 1) * np.clip(3 + 3 * height / fade[2], 0, 1)
    return Level(normal / np.linalg.norm(normal), gap - height, float(concern))


def cleared(need: float, other: float, under: Level, over: Level) -> Floats:
    """Return the shortest move [3] by `need` out of one surface and by `other` out of another [m]."""
    alone, apart = max(need, 0.0) * under.normal, max(other, 0.0) * over.normal
    cosine = float(under.normal @ over.normal)
    first, second = need - cosine * other, other - cosine * need
    if need <= 0 and other <= 0:
        both = np.zeros(3)
    elif need > 0 and second <= 0:
        both = alone
    elif other > 0 and first <= 0:
        both = apart
    else:
        short = YIELD * min(2 * float(min(first, second)) / (abs(need) + abs(other)), 1.0)
        stiff = np.array([[1 + short, cosine], [cosine, 1 + short]])
        span = np.linalg.det(stiff)
        lengths = np.linalg.inv(stiff) @ np.array([need, other]) * span / (span + 1e-3)
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
