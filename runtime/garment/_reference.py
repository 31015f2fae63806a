"""The push-out in plain numpy: slow, obvious, what the kernels are compared with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.triangles import closest_on_triangles

Floats = NDArray[np.float64]
Integers = NDArray[np.integer]


def smooth_normals(points: Floats, faces: Integers) -> Floats:
    """Return area-weighted vertex normals [V, 3] of the posed collider."""
    total = np.zeros_like(points)
    for face in faces:
        a, b, c = points[face]
        total[face] += np.cross(b - a, c - a)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-20))


def push(
    points: Floats,
    normals: Floats,
    moved: Integers,
    candidates: list[list[tuple[int, int, int]]],
    gaps: Floats,
    fade: tuple[float, float, float],
) -> Floats:
    """Return how far each moved point must go to keep its gap from its candidate triangles, [M, 3] [m]."""
    pushes = np.zeros((len(moved), 3))
    for i, index in enumerate(moved):
        p = points[index]
        ranked = sorted(candidates[i], key=lambda triangle: np.sum((p - points[list(triangle)].mean(axis=0)) ** 2))
        weights = 0.0
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
            near = (off @ off + 1e-8) ** -2
            pushes[i] += near * max(gaps[i] - height, 0) * fading * n
            weights += near
        pushes[i] /= max(weights, 1e-20)
    return pushes


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
