"""Plain twin of the kernel that places hems; slow and obvious, for tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import _kernels_hems as kernels

_ARC, _LIP, _LIP_DEPTH = int(kernels.ARC), float(kernels.LIP), float(kernels.LIP_DEPTH)
_SHARP, _SMOOTH, _MITRE = float(kernels.SHARP), float(kernels.SMOOTH), float(kernels.MITRE)

Floats = NDArray[np.float64]


def hem_points(
    columns: NDArray[np.int32], shares: NDArray[np.float32], vertices: NDArray[np.floating], normals: Floats
) -> tuple[Floats, Floats]:
    """Return where the points of hems lie and their normals, [K, ARC + 2, 3] each [m].

    Args:
        columns, shares: Of `hem_topology.Rims`.
        vertices: World points [V, 3] [m].
        normals: Unit, [V, 3].
    """
    placed = [
        _column(row, float(t), float(thickness), np.asarray(vertices, np.float64), normals)
        for row, (t, thickness) in zip(columns, shares, strict=True)
    ]
    return np.stack([points for points, _ in placed]), np.stack([turned for _, turned in placed])


def _column(
    row: NDArray[np.int32], t: float, thickness: float, vertices: Floats, normals: Floats
) -> tuple[Floats, Floats]:
    a, b = vertices[row[0]], vertices[row[1]]
    along = _unit(b - a)
    into = along if row[2] < 0 else _unit(a - vertices[row[2]])
    out = along if row[3] < 0 else _unit(vertices[row[3]] - b)
    length = np.linalg.norm(b - a)
    slopes = length * _tangent(along, into), length * _tangent(along, out)
    basis = (2 * t**3 - 3 * t**2 + 1, 3 * t**2 - 2 * t**3, t**3 - 2 * t**2 + t, t**3 - t**2)
    place = sum(share * knot for share, knot in zip(basis, (a, b, *slopes), strict=True))
    slope = (6 * t**2 - 6 * t, 6 * t - 6 * t**2, 3 * t**2 - 4 * t + 1, 3 * t**2 - 2 * t)
    tangent = sum(share * knot for share, knot in zip(slope, (a, b, *slopes), strict=True))
    half = 1.0
    if t in (0.0, 1.0):
        pair = (into, along) if t == 0.0 else (along, out)
        tangent, half = pair[0] + pair[1], float(np.linalg.norm(pair[0] + pair[1])) / 2
    tangent = _unit(np.asarray(tangent))
    smooth = _unit((1 - t) * normals[row[0]] + t * normals[row[1]])
    up = _unit(smooth - tangent * (smooth @ tangent))
    outward = np.cross(tangent, up) / max(half, _MITRE)
    lip = place - up * thickness * _LIP_DEPTH - outward * _LIP
    if row[4] >= 0:
        lip = (1 - t) * vertices[row[4]] + t * vertices[row[5]]
    angles = np.pi * np.arange(1, _ARC + 1)[:, None] / _ARC
    toward = np.cos(angles) * up + np.sin(angles) * outward
    around = place + (toward - up) * thickness / 2
    turned = toward / np.linalg.norm(toward, axis=1, keepdims=True)
    return np.concatenate([[place], around, [lip]]), np.concatenate([[smooth], turned, [-up]])


def _tangent(along: Floats, beyond: Floats) -> Floats:
    share = float(np.clip((along @ beyond - _SHARP) / (_SMOOTH - _SHARP), 0, 1))
    turn = share * share * (3 - 2 * share)
    return _unit(along + (_unit(along + beyond) - along) * turn)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12))
