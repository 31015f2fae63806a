"""The closest point of a surface that faces the same way as the cloth over it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.integer]

FACING = 0.2  # least cosine between the normals of cloth and skin for the cloth to hang on that skin
SEARCH = 0.15  # [m] how far off a triangle that faces the right way is sought


class Underlay:
    """What lies under cloth, ready to be asked for the closest point that faces the same way.

    Args:
        vertices: Of the surface [B, 3] [m].
        faces: [F, 3].

    Attributes:
        vertices: As given.
        faces: As given.
        normals: Smooth unit normals float32 [B, 3].
        surface: Answers queries of other kinds.
    """

    def __init__(self, vertices: FloatArray, faces: IntArray) -> None:
        self.vertices, self.faces = vertices, faces
        self.normals = vertex_normals(vertices, faces)
        self.surface = Surface(vertices, faces, sign="normal")

    def closest(self, points: FloatArray, normals: FloatArray) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the closest triangle int32 [V] and barycentrics float32 [V, 3] that face the way of each point.

        So the inside of one trouser leg never finds the other leg, nor a sleeve the chest. A point around which nothing
        faces its way gets the closest triangle as it is.

        Args:
            points: Cloth points [V, 3] [m].
            normals: Outward cloth normals [V, 3].
        """
        closest = self.surface.closest(points)
        triangles, barycentrics = closest.triangles, closest.barycentrics
        smooth = np.einsum("vk,vkc->vc", barycentrics, self.normals[self.faces[triangles]])
        wrong = np.flatnonzero(np.einsum("vc,vc->v", smooth, normals) < FACING)
        if len(wrong):
            facing = self.surface.closest_facing(points[wrong], normals[wrong], cosine=FACING, reach=SEARCH)
            found = facing.triangles >= 0
            triangles[wrong[found]] = facing.triangles[found]
            barycentrics[wrong[found]] = facing.barycentrics[found]
        return triangles, barycentrics


def facing_closest(
    points: FloatArray, normals: FloatArray, vertices: FloatArray, faces: IntArray
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Ask a surface once: see `Underlay.closest`.

    Args:
        points: Cloth points [V, 3] [m].
        normals: Outward cloth normals [V, 3].
        vertices: Of the surface below [B, 3] [m].
        faces: Of the surface below [F, 3].
    """
    return Underlay(vertices, faces).closest(points, normals)
