"""Which triangle each texel of a texture shows, and where on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CHUNK = 4_000_000  # candidate texels at a time


@dataclass(frozen=True)
class Texels:
    """The texels whose centres lie in a chart; rows count from the top of the image.

    Attributes:
        rows, columns: int64 [N].
        faces: int64 [N] the triangle there (where several overlap, the last).
        barycentrics: float64 [N, 3].
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    faces: NDArray[np.int64]
    barycentrics: NDArray[np.float64]


def texels(uv: NDArray[np.float32], uv_faces: NDArray[np.int32], size: int) -> Texels:
    """Find the covered texels of a square image of `size` pixels.

    Args:
        uv: float32 [N, 2], origin bottom-left; what lies outside [0, 1] is not shown.
        uv_faces: int32 [F, 3].
        size: Pixels along a side.
    """
    at = np.stack([uv[:, 0], 1.0 - uv[:, 1]], axis=1).astype(np.float64) * size - 0.5
    corners = at[uv_faces]
    low = np.clip(np.ceil(corners.min(axis=1) - 1e-9), 0, size).astype(np.int64)
    high = np.clip(np.floor(corners.max(axis=1) + 1e-9), -1, size - 1).astype(np.int64)
    extent = np.maximum(high - low + 1, 0)
    counts = extent.prod(axis=1)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    start = 0
    while start < len(counts):
        stop = start + max(1, int(np.searchsorted(np.cumsum(counts[start:]), _CHUNK)))
        found.append(_inside(corners, low, extent, counts, np.arange(start, min(stop, len(counts)))))
        start = stop
    rows, columns, faces, weights = (np.concatenate([part[k] for part in found]) for k in range(4))
    return Texels(rows, columns, faces, weights)


def _inside(
    corners: NDArray[np.float64],
    low: NDArray[np.int64],
    extent: NDArray[np.int64],
    counts: NDArray[np.int64],
    which: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return rows, columns, faces and barycentrics of the texels inside some triangles."""
    face = np.repeat(which, counts[which])
    first = np.repeat(np.cumsum(counts[which]) - counts[which], counts[which])
    step = np.arange(len(face)) - first
    width = extent[face, 0]
    x, y = low[face, 0] + step % np.maximum(width, 1), low[face, 1] + step // np.maximum(width, 1)
    a, b, c = (corners[face, k] for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    sound = np.abs(area) > 1e-12
    scale = np.where(sound, 1.0 / np.where(sound, area, 1.0), 0.0)
    wb = ((x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (y - a[:, 1]) * (c[:, 0] - a[:, 0])) * scale
    wc = ((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0])) * scale
    weights = np.stack([1.0 - wb - wc, wb, wc], axis=1)
    keep = sound & (weights >= -1e-9).all(axis=1)
    return y[keep], x[keep], face[keep], weights[keep]
