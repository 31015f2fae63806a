"""What lies under the cloth it belongs to: the inner shell of thick cloth, and turned hems.

Such points face the body, so neither the skin nor a push-out says where they belong; the cloth over them does. They
keep their place under it, whatever it does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, inner_points, outer_faces
from dressform.runtime.geometry.normals import vertex_normals

from ._kernels import follow
from .facing import facing_closest
from .shape_transfer import triangle_frames


class Under(NamedTuple):
    """Where each inner point of a garment lies under its cloth.

    Attributes:
        points: int32 [K] into the garment's points.
        corners: int32 [K, 3] the cloth's triangle over each, points of the garment.
        barycentrics: float32 [K, 3] in that triangle, rows sum to 1.
        offsets: float32 [K, 3] from there, in the triangle's frame (tangent along edge 0-1, bitangent, normal) [m].
    """

    points: NDArray[np.int32]
    corners: NDArray[np.int32]
    barycentrics: NDArray[np.float32]
    offsets: NDArray[np.float32]


NONE = Under(
    np.empty(0, np.int32), np.empty((0, 3), np.int32), np.empty((0, 3), np.float32), np.empty((0, 3), np.float32)
)


def cloth_normals(mesh: GarmentMesh) -> NDArray[np.float32]:
    """Return which way the cloth faces at each point [V, 3]: out of the body on its inner shell too."""
    inner = inner_points(mesh)
    if not inner.any():
        return vertex_normals(mesh.points, mesh.faces)
    outward = vertex_normals(mesh.points, outer_faces(mesh))
    outward[inner] = -vertex_normals(mesh.points, mesh.faces)[inner]
    return outward


def under_cloth(mesh: GarmentMesh) -> Under:
    """Find the cloth over each inner point of a garment in its own rest shape."""
    inner = np.flatnonzero(inner_points(mesh)).astype(np.int32)
    if not len(inner):
        return NONE
    outer = outer_faces(mesh)
    points = mesh.points[inner]
    triangles, barycentrics = facing_closest(points, cloth_normals(mesh)[inner], mesh.points, outer)
    corners = outer[triangles]
    off = points - np.einsum("vk,vkc->vc", barycentrics, mesh.points[corners])
    offsets = np.einsum("vij,vj->vi", triangle_frames(mesh.points, corners), off)
    return Under(inner, corners, barycentrics, offsets.astype(np.float32))


def followed(points: NDArray[np.floating], under: Under) -> NDArray[np.float32]:
    """Return the garment's points [V, 3] with the inner ones under the cloth as it is now [m]."""
    result = np.array(points, np.float32)
    base = np.einsum("vk,vkc->vc", under.barycentrics, result[under.corners])
    frames = triangle_frames(result, under.corners)
    result[under.points] = base + np.einsum("vij,vi->vj", frames, under.offsets)
    return result


class Followers:
    """Moves inner points along with their cloth, in a buffer of all vertices.

    Args:
        parts: For each garment, its inner points and its first vertex in the buffer.
        device: Warp device.
    """

    def __init__(self, parts: list[tuple[Under, int]], device: str) -> None:
        self._count = sum(len(under.points) for under, _ in parts)
        self._device = device
        if not self._count:
            return

        def joined(arrays: list[NDArray[Any]], dtype: Any) -> Any:
            return wp.array(np.concatenate(arrays), dtype=dtype, device=device)

        self._inputs = [
            joined([under.points + start for under, start in parts], wp.int32),
            joined([under.corners + start for under, start in parts], wp.int32),
            joined([under.barycentrics for under, _ in parts], wp.vec3),
            joined([under.offsets for under, _ in parts], wp.vec3),
        ]

    def launch(self, points: Any) -> None:
        """Put the inner points of this Warp vec3 buffer in their place."""
        if self._count:
            wp.launch(follow, dim=self._count, inputs=self._inputs, outputs=[points], device=self._device)
