"""Where on a garment each texel of its atlas lies: what its wrinkles are read through, on every level of detail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.geometry.adjacency import boundary_vertices

SIDE = 256  # texels along a side of the atlas
MARGIN = 1.5  # texels around a chart that go on with what its edge has: a pixel on the edge reads them too
FARTHEST = 1.0  # least barycentric there is -1 times this: a sliver at the edge says little of what lies beyond it
_CHUNK = 4096  # triangles rasterised at once


@dataclass(frozen=True)
class WrinkleTexels:
    """The texels that show a part of the garment which has wrinkles.

    Attributes:
        side: Texels along a side of the atlas.
        places: int32 [T] row · side + column, row 0 at v = 0, ascending.
        corners: int32 [T, 3] the triangle there, as rows of the wrinkles' points; P where a corner has none.
        barycentrics: float32 [T, 3] in it; beyond a chart's edge they go on beyond 0 and 1.
    """

    side: int
    places: NDArray[np.int32]
    corners: NDArray[np.int32]
    barycentrics: NDArray[np.float32]


def wrinkle_texels(mesh: GarmentMesh, points: NDArray[np.int32], side: int = SIDE) -> WrinkleTexels | None:
    """Find the texels of the garment itself, not of a level of detail; None where it has no atlas.

    Args:
        mesh: With its atlas (UV1).
        points: int32 [P] its points that have wrinkles.
        side: Texels along a side.
    """
    if mesh.uv1 is None or mesh.uv1_faces is None:
        return None
    row = np.full(len(mesh.points), len(points), np.int32)
    row[points] = np.arange(len(points))
    faces = row[mesh.faces]
    wrinkled = np.flatnonzero((faces < len(points)).any(axis=1))
    corners = mesh.uv1[mesh.uv1_faces[wrinkled]].astype(np.float64) * side
    at_edge = boundary_vertices(mesh.uv1_faces, len(mesh.uv1))[mesh.uv1_faces[wrinkled]].any(axis=1)
    margins = np.where(at_edge, MARGIN, 0.0)
    starts = range(0, len(wrinkled), _CHUNK)
    parts = [_covered(corners[start : start + _CHUNK], margins[start : start + _CHUNK], side) for start in starts]
    places, away, weights = (np.concatenate(column) for column in zip(*(part[1:] for part in parts), strict=True))
    owners = np.concatenate([start * _CHUNK + part[0] for start, part in enumerate(parts)])
    # of the triangles near a texel the one that it lies in, else the nearest; the first of equals
    order = np.lexsort((owners, away, places))
    best = order[np.flatnonzero(np.diff(places[order], prepend=-1))]
    return WrinkleTexels(
        side,
        places[best].astype(np.int32),
        faces[wrinkled[owners[best]]],
        _kept_near(weights[best]).astype(np.float32),
    )


def _covered(
    corners: NDArray[np.float64], margins: NDArray[np.float64], side: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Return each pair of a triangle and a texel in or near it.

    Args:
        corners: [F, 3, 2] in texels.
        margins: [F] how near, in texels.
        side: Of the atlas.

    Returns:
        Triangle [N], place [N], distance outside the triangle [N] in texels, and barycentrics [N, 3].
    """
    a = corners[:, 0]
    along_b, along_c = corners[:, 1] - a, corners[:, 2] - a
    doubled = along_b[:, 0] * along_c[:, 1] - along_b[:, 1] * along_c[:, 0]
    low = np.floor(corners.min(axis=1) - margins[:, None]).astype(int).clip(0, side - 1)
    wide, high = (np.ceil(corners.max(axis=1) + margins[:, None]).astype(int).clip(0, side) - low).T
    wide, high = np.where(doubled != 0, wide, 0), np.where(doubled != 0, high, 0)
    count = wide * high
    owner = np.repeat(np.arange(len(corners)), count)
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    x, y = low[owner, 0] + number % wide[owner], low[owner, 1] + number // wide[owner]
    at = np.stack([x, y], axis=1) + 0.5 - a[owner]
    b, c = along_b[owner], along_c[owner]
    second = (at[:, 0] * c[:, 1] - at[:, 1] * c[:, 0]) / doubled[owner]
    third = (b[:, 0] * at[:, 1] - b[:, 1] * at[:, 0]) / doubled[owner]
    weights = np.stack([1 - second - third, second, third], axis=1)
    away = np.zeros(len(owner))
    outside = np.flatnonzero((weights < 0).any(axis=1))
    outside_b, outside_c, start = b[outside], c[outside], at[outside]
    away[outside] = _distance(
        np.stack([start, start - outside_b, start - outside_c], axis=1),
        np.stack([outside_b, outside_c - outside_b, -outside_c], axis=1),
    )
    near = away <= margins[owner]
    return owner[near], (y * side + x)[near], away[near], weights[near]


def _distance(offsets: NDArray[np.float64], sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance [N] to the nearest of segments [N, 3, 2], given the offset from each start [N, 3, 2]."""
    squared = np.maximum((sides**2).sum(axis=2), 1e-30)
    share = ((offsets * sides).sum(axis=2) / squared).clip(0, 1)
    return np.asarray(np.linalg.norm(offsets - share[..., None] * sides, axis=2).min(axis=1))


def _kept_near(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return barycentrics [N, 3] drawn towards the middle of their triangles where they lie far outside."""
    middle = 1 / 3
    least = np.maximum(middle - weights.min(axis=1, keepdims=True), 1e-12)
    return np.asarray(middle + (weights - middle) * np.minimum(1, (FARTHEST + middle) / least))
