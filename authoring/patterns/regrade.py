"""The triangles of one size's pattern fitted into another size's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from dressform.runtime.geometry.adjacency import cotangent_laplacian
from dressform.schemas.errors import InputError

from ._delaunay import areas
from ._outline import along, arc_lengths, sharp_fractions
from .check import check_pattern
from .flat_mesh import FlatMesh
from .pattern import Pattern, Seam

Points = NDArray[np.float64]

_LEAST = 0.2  # a triangle that keeps less of its area is as good as flipped


def regrade(mesh: FlatMesh, pattern: Pattern) -> FlatMesh:
    """Fit a mesh into another size's pattern: same triangles, same seams, same place on the sheet.

    Points on edges keep their fraction of the edge's length, what lies between follows evenly.

    Args:
        mesh: Of the size that the sheet is made for.
        pattern: Of another size, with the same panels, edges and seams.

    Returns:
        The mesh with the other size's pattern and rest metric.
    """
    check_pattern(pattern)
    _check_alike(mesh.pattern, pattern)
    target = np.full(mesh.flat.shape, np.nan)
    for (panel, edge), own in mesh.edges.items():
        fractions = _fractions(mesh.pattern.panel(panel).edge(edge).points, mesh.flat[own])
        graded = pattern.panel(panel).edge(edge).points
        fractions = _bent(fractions, mesh.pattern.panel(panel).edge(edge).points, graded)
        target[own] = along(graded, fractions)
    flat = mesh.flat + _spread(mesh, target - mesh.flat)
    before, after = (areas(points, mesh.flat_faces.astype(np.int64)) for points in (mesh.flat, flat))
    wrong = after < _LEAST * before
    if wrong.any():
        names = sorted({pattern.panels[k].name for k in mesh.face_panels[wrong]})
        raise InputError(
            f"pattern {pattern.name}: size {pattern.size} differs so much from {mesh.pattern.size} that triangles of "
            f"{', '.join(names)} fold over; draft both with more alike measures, or make the size on its own"
        )
    return replace(mesh, pattern=pattern, flat=flat)


def _check_alike(first: Pattern, second: Pattern) -> None:
    """Raise an InputError that names what only one of two sizes has."""
    where = f"pattern {second.name}: sizes {first.size} and {second.size}"
    names = [[panel.name for panel in p.panels] for p in (first, second)]
    if names[0] != names[1]:
        lone = sorted(set(names[0]) ^ set(names[1]))
        found = f"only one has the panel {lone[0]}" if lone else "panels stand in another order"
        raise InputError(f"{where} need the same panels, {found}; draft all sizes with the same options")
    for a, b in zip(first.panels, second.panels, strict=True):
        edges = [[edge.name for edge in panel.edges] for panel in (a, b)]
        if edges[0] != edges[1]:
            lone = sorted(set(edges[0]) ^ set(edges[1]))
            found = f"only one has {lone[0]}" if lone else "they stand in another order"
            raise InputError(
                f"{where} need the same edges on panel {a.name}, {found}; draft all sizes with the same options"
            )
    if [_ends(seam) for seam in first.seams] != [_ends(seam) for seam in second.seams]:
        raise InputError(f"{where} need the same seams; draft all sizes with the same options")


def _ends(seam: Seam) -> tuple[object, object]:
    return seam.first, seam.second


def _fractions(line: Points, points: Points) -> NDArray[np.float64]:
    """Return at which fraction of a line's length [N, 2] the points [M, 2], in order along it, lie."""
    lengths = arc_lengths(line)
    step = np.diff(line, axis=0)
    out: list[float] = []
    reached = 0.0
    for point in points:
        share = np.clip(((point - line[:-1]) * step).sum(axis=1) / (step * step).sum(axis=1), 0, 1)
        at = lengths[:-1] + share * np.diff(lengths)
        away = np.linalg.norm(line[:-1] + share[:, None] * step - point, axis=1)
        away[at < reached - 1e-9] = np.inf
        reached = float(at[np.argmin(away)])
        out.append(reached)
    fractions = np.array(out) / lengths[-1]
    fractions[0], fractions[-1] = 0.0, 1.0
    return np.asarray(fractions)


def _bent(fractions: NDArray[np.float64], line: Points, graded: Points) -> NDArray[np.float64]:
    """Shift fractions so that corners within an edge stay corners."""
    here, there = sharp_fractions(line), sharp_fractions(graded)
    if len(here) != len(there):
        return fractions
    return np.asarray(np.interp(fractions, np.r_[0.0, here, 1.0], np.r_[0.0, there, 1.0]))


def _spread(mesh: FlatMesh, moves: Points) -> Points:
    """Return moves of all points [N, 2] that are harmonic between the given ones; NaN where they are asked."""
    laplacian, _ = cotangent_laplacian(np.pad(mesh.flat, ((0, 0), (0, 1))), mesh.flat_faces)
    free = np.isnan(moves[:, 0])
    fixed = ~free
    rows = sparse.csc_matrix(-laplacian[free])
    out = np.array(moves)
    if free.any():
        out[free] = splu(sparse.csc_matrix(rows[:, free])).solve(np.asarray(-(rows[:, fixed] @ moves[fixed])))
    return out
