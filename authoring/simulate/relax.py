"""Bringing arranged panels near their true size, outside the body, before physics takes over.

Each triangle is turned to fit best as a whole (local step), then all points are solved for at once (global step), as in
"As-Rigid-As-Possible Surface Modeling" (Sorkine and Alexa 2007), with the flat pattern as rest shape.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.adjacency import averaging_matrix, boundary_vertices
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import face_normals

from .arrange import LAYER_GAP, weld
from .membrane import Membrane, flat_corners
from .mirror import Mirror
from .supports import ARMS, LEGS, NECK, TRUNK, part_faces

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]

ROUNDS = 60
STIFF_ROUNDS = 30  # with strong bending first, so that the cloth unfolds smoothly
BENDING = (0.3, 0.01)  # strength of evenness beside the membrane, at first and at last
INERTIA = 0.05  # how much a point resists moving in one round, beside the membrane


def relax(
    mesh: FlatMesh,
    start: Floats,
    rest: RestBody,
    *,
    gap: float = 0.008,
    mirror: Mirror | None = None,
    corners: Floats | None = None,
    smooth: bool = False,
) -> Floats:
    """Return points [P, 3] near their true distances and outside the body.

    Args:
        mesh: The garment.
        start: From `arrange` [P, 3] [m].
        rest: The body.
        gap: Least distance from the skin [m].
        mirror: To keep both sides alike.
        corners: Each triangle's corners laid flat [F, 3, 2]; None takes them as cut [m].
        smooth: Stop while bending is strong: evenness goes before length, and there are no folds.
    """
    count = mesh.point_count
    membrane = Membrane(flat_corners(mesh) if corners is None else corners, mesh.faces, count)
    average = averaging_matrix(mesh.faces, count)
    uneven = sparse.diags((~boundary_vertices(mesh.faces, count)).astype(float)) @ (sparse.identity(count) - average)
    evenness = (uneven.T @ uneven).tocsc()
    scale = float(membrane.stiffness.diagonal().mean())
    inertia = sparse.diags(np.full(count, INERTIA * scale))
    obstacles = _Obstacles(mesh, rest, gap)
    solve = {
        stiff: splu((membrane.stiffness + BENDING[late] * scale * evenness + inertia).tocsc()).solve
        for late, stiff in enumerate((True, False))
    }
    points = obstacles.clear(start)
    for k in range(STIFF_ROUNDS if smooth else ROUNDS):
        right = membrane.pull(points) + INERTIA * scale * points
        points = obstacles.clear(solve[k < STIFF_ROUNDS](right))
        if mirror is not None:
            points = mirror.even(points)
    return obstacles.clear(points, whole=True)


def follow(mesh: FlatMesh, points: Floats, settled: NDArray[np.intp], rest: RestBody, *, gap: float = 0.004) -> Floats:
    """Return points [P, 3] where those not listed as settled were brought after them, near their true distances."""
    free = np.setdiff1d(np.arange(len(points)), settled)
    if not len(free):
        return points
    membrane = Membrane(flat_corners(mesh), mesh.faces, len(points))
    count = len(points)
    average = averaging_matrix(mesh.faces, count)
    even = sparse.identity(count) - average
    scale = float(membrane.stiffness.diagonal().mean())
    whole = (membrane.stiffness + BENDING[1] * scale * (even.T @ even) + 1e-6 * scale * sparse.identity(count)).tocsr()
    solve = splu(whole[free][:, free].tocsc()).solve
    fixed = whole[free][:, settled]
    obstacles = _Obstacles(mesh, rest, gap)
    moved = points.copy()
    for _ in range(ROUNDS):
        moved[free] = solve(membrane.pull(moved)[free] + 1e-6 * scale * moved[free] - fixed @ moved[settled])
        moved[free] = obstacles.clear(moved)[free]
    moved[free] = obstacles.clear(moved, whole=True)[free]
    return moved


class _Obstacles:
    """The part of the body that each point must stay out of: its own limb, so that none is pushed across to another."""

    def __init__(self, mesh: FlatMesh, rest: RestBody, gap: float) -> None:
        layers = np.array([panel.layer for panel in mesh.pattern.panels], np.float64)
        self._gap = gap + LAYER_GAP * weld(mesh, layers[mesh.panel_ids][:, None])[:, 0]
        limbs = sorted({panel.placement.limb for panel in mesh.pattern.panels})
        touched = np.zeros((mesh.point_count, len(limbs)), bool)
        for index, panel in enumerate(mesh.pattern.panels):
            touched[mesh.points[mesh.panel_ids == index], limbs.index(panel.placement.limb)] = True
        self._groups: list[tuple[NDArray[np.intp], Surface, Floats]] = []
        for row in np.unique(touched, axis=0):
            chosen = np.flatnonzero((touched == row).all(axis=1))
            names = _avoided({limb for limb, on in zip(limbs, row, strict=True) if on})
            self._groups.append((chosen, *_surface(rest, part_faces(rest, names))))
        self._whole = _surface(rest, rest.body.faces)

    def clear(self, points: Floats, *, whole: bool = False) -> Floats:
        """Return the points moved out of what they must stay out of; with `whole` out of the whole body."""
        moved = np.array(points, np.float64)
        groups = [(np.arange(len(points)), *self._whole)] if whole else self._groups
        for chosen, surface, normals in groups:
            for _ in range(2 if whole else 1):
                distances = surface.signed_distance(moved[chosen])
                near = np.flatnonzero(distances < self._gap[chosen])
                if not len(near):
                    break
                index = chosen[near]
                found = surface.closest(moved[index])
                moved[index] = found.points + self._gap[index][:, None] * normals[found.triangles]
        return moved


def _surface(rest: RestBody, faces: Integers) -> tuple[Surface, Floats]:
    return Surface(rest.vertices, faces), face_normals(rest.vertices, faces).astype(np.float64)


def _avoided(limbs: set[str]) -> tuple[str, ...]:
    """Return the joints whose part of the body cloth of these limbs must stay out of."""
    legs = {"left", "right"} if limbs & {"torso", "neck"} else set()
    legs |= {limb.removesuffix("_leg") for limb in limbs if limb.endswith("_leg")}
    arms = {limb.removesuffix("_arm") for limb in limbs if limb.endswith("_arm")}
    trunk = bool(limbs - {"left_arm", "right_arm"})
    names: list[str] = []
    if trunk:
        names += [*TRUNK, *NECK]
        names += [f"{side}_{name}" for side in ("left", "right") for name in ("shoulder",) if side in arms]
    names += [f"{side}_{name}" for side in sorted(legs) for name in LEGS]
    names += [f"{side}_{name}" for side in sorted(arms) for name in ARMS]
    return tuple(dict.fromkeys(names)) or (*TRUNK, *NECK)
