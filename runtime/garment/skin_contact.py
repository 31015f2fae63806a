"""Where cloth meets the body: the skin under each of its points, and how far it is below its height over that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals

from .facing import FACING

Points = NDArray[np.float32]
Integers = NDArray[np.int32]

ON_SKIN = 0.004  # [m] height over the skin of cloth that touches it
TOUCHING = 0.006  # [m] cloth up to this height over the skin is held as cloth that touches
REACH = 0.03  # [m] cloth further beside what it faces, such as beyond a wrist, or inside it touches nothing


class Skin:
    """A body as cloth meets it.

    Args:
        points: Of the body [B, 3] [m].
        faces: Its triangles [F, 3].
    """

    def __init__(self, points: NDArray[np.floating], faces: Integers) -> None:
        self._surface = Surface(points, faces, sign="normal")
        self._corners = vertex_normals(points, faces)[faces]

    def under(self, points: Points, ways: Points) -> tuple[Points, Points, NDArray[np.bool_]]:
        """Find the skin under each point of cloth: the closest that faces the way of the cloth.

        Args:
            points: float32 [V, 3] [m].
            ways: float32 [V, 3] unit, outwards.

        Returns:
            Points of the skin float32 [V, 3] [m], its unit normals there [V, 3], and whether it faces right [V].
        """
        near = self._surface.closest(points)
        bases, normals = near.points.copy(), self._normals(near.triangles, near.barycentrics)
        faces_right = np.einsum("vc,vc->v", normals, ways) >= FACING
        wrong = np.flatnonzero(~faces_right)
        facing = self._surface.closest_facing(points[wrong], ways[wrong], cosine=FACING, reach=REACH)
        found = facing.triangles >= 0
        better = wrong[found]
        bases[better] = facing.points[found]
        normals[better] = self._normals(facing.triangles[found], facing.barycentrics[found])
        faces_right[better] = True
        return bases, normals, faces_right

    def _normals(self, triangles: Integers, barycentrics: Points) -> Points:
        """Return the smooth unit normals [Q, 3] at points of triangles [Q], barycentrics [Q, 3]."""
        normals = np.einsum("qk,qkc->qc", barycentrics, self._corners[triangles])
        return np.asarray(normals / np.maximum(_lengths(normals), 1e-12)[:, None])


@dataclass(frozen=True)
class Contact:
    """The plane of skin that each point of cloth must keep its height over.

    Attributes:
        bases: float32 [V, 3] skin under each point [m].
        normals: float32 [V, 3] of the skin there.
        active: bool [V] which points have skin under them at all.
    """

    bases: Points
    normals: Points
    active: NDArray[np.bool_]

    @classmethod
    def of(cls, points: Points, faces: Integers, skin: Skin) -> Contact:
        """Find what the points [V, 3] of cloth with triangles [F, 3] lie over."""
        bases, normals, faces_right = skin.under(points, vertex_normals(points, faces))
        off = points - bases
        heights = np.einsum("vc,vc->v", off, normals)
        aside = _lengths(off - heights[:, None] * normals)
        return cls(bases, normals, faces_right & (aside < REACH) & (heights > -REACH))

    def touching(self, points: Points) -> NDArray[np.bool_]:
        """Return which points [V] are at the skin or in it."""
        return np.asarray(self.active & (self._heights(points) < TOUCHING))

    def lift(self, points: Points) -> Points:
        """Return how far each point [V] has to rise to its height over the skin [m]."""
        return np.asarray(np.where(self.active, np.maximum(ON_SKIN - self._heights(points), 0), 0), np.float32)

    def cleared(self, points: Points) -> Points:
        """Return the points [V, 3], none lower than its height over the skin."""
        return np.asarray(points + self.lift(points)[:, None] * self.normals)

    def _heights(self, points: Points) -> Points:
        return np.asarray(np.einsum("vc,vc->v", points - self.bases, self.normals))


def _lengths(vectors: Points) -> Points:
    return np.asarray(np.sqrt(np.einsum("vc,vc->v", vectors, vectors)))
