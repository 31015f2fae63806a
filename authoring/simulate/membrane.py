"""Cloth as a membrane whose rest shape is the flat pattern."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dressform.authoring.patterns.flat_mesh import FlatMesh

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]


class Membrane:
    """The flat metric of a sewn garment.

    Args:
        corners: float64 [F, 3, 2] each triangle's corners in its panel [m].
        faces: int32 [F, 3] into the points.
        count: How many points.
    """

    def __init__(self, corners: Floats, faces: Integers, count: int) -> None:
        self.faces = faces
        one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        self.areas = np.maximum((one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]) / 2, 1e-10)
        self._inverse = np.linalg.inv(np.stack([one, two], axis=2))
        # how a corner moves the deformation gradient: [F, 3 corners, 2]
        self._gradients = np.concatenate([-self._inverse.sum(axis=1, keepdims=True), self._inverse], axis=1)
        block = np.einsum("f,fik,fjk->fij", self.areas, self._gradients, self._gradients)
        rows, columns = np.repeat(faces, 3, axis=1).reshape(-1), np.tile(faces, (1, 3)).reshape(-1)
        self.stiffness = sparse.csc_matrix((block.reshape(-1), (rows, columns)), shape=(count, count))

    def gradients(self, points: Floats) -> Floats:
        """Return the deformation gradient of each triangle, [F, 3, 2]."""
        return np.asarray(np.einsum("fix,fik->fxk", points[self.faces], self._gradients))

    def pull(self, points: Floats) -> Floats:
        """Return the right-hand side [P, 3] that pulls every triangle to its flat size, turned to fit best."""
        u, _, v = np.linalg.svd(self.gradients(points), full_matrices=False)
        wanted = u @ v
        force = np.einsum("f,fxk,fik->fix", self.areas, wanted, self._gradients)
        total = np.zeros_like(points)
        np.add.at(total, self.faces, force)
        return total

    def strains(self, points: Floats) -> Floats:
        """Return the two principal stretches less 1 of each triangle, larger first, [F, 2]."""
        return np.asarray(np.linalg.svd(self.gradients(points), compute_uv=False) - 1.0)


def flat_corners(mesh: FlatMesh) -> Floats:
    """Return each triangle's corners in its panel, [F, 3, 2] [m]."""
    return np.asarray(mesh.flat[mesh.flat_faces], np.float64)
