"""Which part of a garment is cloth that hangs, and how the rest of it goes along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.garment.shape_transfer import triangle_frames
from dressform.runtime.garment.under import NONE, Under, followed
from dressform.runtime.geometry.adjacency import components
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import face_areas
from dressform.runtime.geometry.rotations import moved_rigidly
from dressform.schemas.errors import InputError

Points = NDArray[np.float64]
Integers = NDArray[np.int32]

LEAST_AREA = 1e-12  # [m²] a triangle of less, with edges of a micrometre, has no shape that it could keep
MOST_PIECES = 60  # of cloth that hang on their own; more are no garment, and would fall one by one
LEAST_SHARE = 0.1  # a piece of cloth smaller than this, beside the largest, is sewn on: a pocket, a loop, a badge


def laid_flat(points: Points, faces: Integers) -> Points:
    """Return each triangle laid flat at its true size, [F, 3, 2] [m]: first corner at 0, first edge along x."""
    one, two = points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]]
    base = np.maximum(np.linalg.norm(one, axis=1), 1e-9)
    flat = np.zeros((len(faces), 3, 2))
    flat[:, 1, 0] = base
    flat[:, 2, 0] = np.einsum("fk,fk->f", one, two) / base
    flat[:, 2, 1] = np.linalg.norm(np.cross(one, two), axis=1) / base
    return flat


def along_grain(mesh: GarmentMesh, faces: NDArray[np.intp], flat: Points) -> Points:
    """Return triangles laid flat [F, 3, 2] turned so that y runs along the warp, which is UV0's upward direction.

    Args:
        mesh: The garment; without UV0 nothing is turned.
        faces: Rows of `mesh.faces` that the triangles are.
        flat: From `laid_flat` [m].
    """
    if mesh.uv0 is None or mesh.uv0_faces is None:
        return flat
    uv = mesh.uv0[mesh.uv0_faces[faces]].astype(np.float64)
    one, two = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    turned = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    # gradient of v over the flat triangle: along its edges v grows by what the UVs say
    edges = flat[:, 1:] - flat[:, :1]
    solvable = (np.abs(np.linalg.det(edges)) > 1e-12) & (np.abs(turned) > 1e-14)
    rise = np.zeros((len(flat), 2))
    rise[solvable] = np.linalg.solve(
        edges[solvable], np.stack([one[solvable, 1], two[solvable, 1]], axis=1)[..., None]
    )[..., 0]
    length = np.linalg.norm(rise, axis=1, keepdims=True)
    warp = np.where(length > 1e-12, rise / np.maximum(length, 1e-12), np.array([0.0, 1.0]))
    weft = np.stack([warp[:, 1], -warp[:, 0]], axis=1)
    return np.stack([np.einsum("fik,fk->fi", flat, weft), np.einsum("fik,fk->fi", flat, warp)], axis=2)


def hanging_faces(mesh: GarmentMesh, stiff: Sequence[NDArray[np.integer]] = (), name: str = "") -> NDArray[np.intp]:
    """Return which triangles of a garment hang as one layer of cloth: no inner shell, nothing stiff, no small trim.

    Args:
        mesh: The garment; its rigid parts are stiff.
        stiff: Points of each further stiff piece.
        name: For messages.

    Raises:
        InputError: When nothing is left, or a triangle has no area, or the cloth is in very many pieces.
    """
    bent = np.ones(len(mesh.points), np.bool_)
    for piece in stiff:
        bent[piece] = False
    soft = bent[mesh.faces].all(axis=1)
    if mesh.part_ids is not None:
        soft &= ~np.array([part.inner or part.rigid for part in mesh.parts])[mesh.part_ids]
    rows = np.flatnonzero(soft)
    if not len(rows):
        raise InputError(f"{name or 'the garment'} has no cloth to simulate: every part of it is stiff; leave it out")
    _, label = components(mesh.faces[rows], len(mesh.points))
    piece = label[mesh.faces[rows, 0]]
    own = face_areas(mesh.points, mesh.faces[rows])
    areas = np.bincount(piece, own)
    large = areas >= LEAST_SHARE * areas.max()
    if large.sum() > MOST_PIECES:
        raise InputError(
            f"{name or 'the garment'}: its cloth is in {large.sum()} pieces that hang on their own, needed at most "
            f"{MOST_PIECES}; sew them: let their edges meet in a 3D tool and run `dressform garment clean` on its draft"
        )
    hangs = large[piece]
    flat = rows[hangs & (own < LEAST_AREA)]
    if len(flat):
        raise InputError(
            f"{name or 'the garment'}: {len(flat)} of its triangles have no area, the first is {flat[0]}; cloth needs "
            "area: run `dressform garment clean` on its draft"
        )
    return np.asarray(rows[hangs])


@dataclass(frozen=True)
class Trims:
    """What is not simulated and goes along with the cloth beside it.

    Attributes:
        points: int [L] into the garment's points.
        corners: int [L, 3] the simulated triangle beside each, points of the garment.
        barycentrics: float64 [L, 3] in that triangle.
        offsets: float64 [L, 3] from there in the triangle's frame [m].
        stiff: Rows of `points` that move as one, for each stiff piece.
        shapes: float64 [N, 3] the points of each stiff piece in its own shape [m].
        under: Inner points, which lie under the cloth.
    """

    points: NDArray[np.intp]
    corners: Integers
    barycentrics: Points
    offsets: Points
    stiff: tuple[NDArray[np.intp], ...]
    shapes: tuple[Points, ...]
    under: Under

    @classmethod
    def of(cls, mesh: GarmentMesh, faces: Integers, stiff: Sequence[NDArray[np.integer]], under: Under = NONE) -> Trims:
        """Find what goes along.

        Args:
            mesh: The garment.
            faces: int32 [F, 3] those that are simulated, into the garment's points.
            stiff: Points of each stiff piece, none of them simulated.
            under: What lies under the cloth.
        """
        points = mesh.points.astype(np.float64)
        free = np.ones(len(points), np.bool_)
        free[faces.reshape(-1)] = False
        loose = np.flatnonzero(free)
        found = Surface(points, faces, sign="normal").closest(points[loose])
        corners = faces[found.triangles]
        barycentrics = found.barycentrics.astype(np.float64)
        off = points[loose] - np.einsum("lk,lkc->lc", barycentrics, points[corners])
        offsets = np.einsum("lij,lj->li", triangle_frames(points, corners), off)
        number = np.full(len(points), -1)
        number[loose] = np.arange(len(loose))
        rows = tuple(number[piece].astype(np.intp) for piece in stiff)
        return cls(loose, corners, barycentrics, offsets, rows, tuple(points[piece] for piece in stiff), under)

    def followed(self, points: Points) -> NDArray[np.float32]:
        """Return the garment's points float32 [V, 3] [m] with what is not simulated in its place."""
        moved = np.array(points, np.float64)
        base = np.einsum("lk,lkc->lc", self.barycentrics, moved[self.corners])
        after = base + np.einsum("lij,li->lj", triangle_frames(moved, self.corners), self.offsets)
        for rows, shape in zip(self.stiff, self.shapes, strict=True):
            after[rows] = moved_rigidly(shape, after[rows])
        moved[self.points] = after
        return followed(moved, self.under)
