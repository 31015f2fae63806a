"""What goes with the cloth it lies on: inner shells of thick cloth, hems, buttons, and collars that are folded down.

Such points face the body, or lie on ones that do, or must not bend, so neither the skin nor a push-out says where they
belong; the cloth beside them does. They keep their place on it, whatever it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, inner_points, outer_faces
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals

from ._kernels import follow
from .facing import facing_closest
from .shape_transfer import triangle_frames

TRIM = 0.04  # [m] a rigid part smaller than this sits on one spot of its cloth
ON_CLOTH = 0.02  # [m] and its middle is no further from it


class Under(NamedTuple):
    """Where each inner or turned point of a garment lies on its cloth.

    Attributes:
        points: int32 [K] into the garment's points.
        corners: int32 [K, 3] the cloth's triangle beside each, points of the garment.
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


def under_cloth(mesh: GarmentMesh, turned: NDArray[np.bool_] | None = None) -> Under:
    """Find the cloth beside each inner or turned point of a garment in its own rest shape.

    Args:
        mesh: The garment.
        turned: bool [F_outer] which of its outer triangles are turned over, from `turned_over`; None: none are.
    """
    outer = outer_faces(mesh)
    inner = np.flatnonzero(inner_points(mesh)).astype(np.int32)
    triangles, barycentrics = np.empty(0, np.int32), np.empty((0, 3), np.float32)
    if len(inner):
        triangles, barycentrics = facing_closest(mesh.points[inner], cloth_normals(mesh)[inner], mesh.points, outer)
    corners, points = outer[triangles], inner
    if turned is not None and turned.any():
        # what is turned over, and hems under it, lie on what is nearest, whichever way their plies face
        cloth, lies = outer[~turned], ~turned[triangles]
        over = np.concatenate([inner[~lies], np.setdiff1d(outer, cloth).astype(np.int32)])
        cloth = cloth[~_rigid_points(mesh)[cloth].any(axis=1)]  # a button goes with the cloth, not the cloth with it
        nearest = Surface(mesh.points, cloth, sign="normal").closest(mesh.points[over])
        points = np.concatenate([inner[lies], over])
        corners = np.concatenate([corners[lies], cloth[nearest.triangles]])
        barycentrics = np.concatenate([barycentrics[lies], nearest.barycentrics])
    if not len(points):
        return NONE
    return _placed(mesh.points, points, corners, barycentrics)


def _rigid_points(mesh: GarmentMesh) -> NDArray[np.bool_]:
    """Return [V] which points belong to rigid parts."""
    rigid = np.zeros(len(mesh.points), np.bool_)
    if mesh.part_ids is not None:
        rigid[mesh.faces[np.array([part.rigid for part in mesh.parts], np.bool_)[mesh.part_ids]].reshape(-1)] = True
    return rigid


def trims_on_cloth(mesh: GarmentMesh, pieces: Sequence[NDArray[np.int64]]) -> Under:
    """Find the cloth below each small rigid part, such as a button: one triangle for all its points, so none bends.

    Args:
        mesh: The garment in its own rest shape.
        pieces: Points of each stiff piece. Large ones, those of no rigid part and those on no cloth are left out.
    """
    outer = outer_faces(mesh)
    stiff = np.zeros(len(mesh.points), np.bool_)
    for piece in pieces:
        stiff[piece] = True
    cloth = outer[~stiff[outer].any(axis=1)]
    rigid = _rigid_points(mesh)
    small = [piece for piece in pieces if rigid[piece].all() and np.ptp(mesh.points[piece], axis=0).max() < TRIM]
    if not len(cloth) or not small:
        return NONE
    centres = np.stack([mesh.points[piece].mean(axis=0) for piece in small])
    below = Surface(mesh.points, cloth, sign="normal").closest(centres)
    lies = np.flatnonzero(below.distances < ON_CLOTH)
    if not len(lies):
        return NONE
    own = np.repeat(lies, [len(small[k]) for k in lies])
    members = np.concatenate([small[k] for k in lies]).astype(np.int32)
    return _placed(mesh.points, members, cloth[below.triangles][own], below.barycentrics[own])


def _placed(
    points: NDArray[np.floating],
    members: NDArray[np.int32],
    corners: NDArray[np.int32],
    barycentrics: NDArray[np.float32],
) -> Under:
    """Return the places [K] of member points on triangles, from where both are now."""
    off = points[members] - np.einsum("vk,vkc->vc", barycentrics, points[corners])
    offsets = np.einsum("vij,vj->vi", triangle_frames(points, corners), off)
    return Under(members, corners, barycentrics, offsets.astype(np.float32))


def followed(points: NDArray[np.floating], under: Under) -> NDArray[np.float32]:
    """Return the garment's points [V, 3] with the inner and turned ones on the cloth as it is now [m]."""
    result = np.array(points, np.float32)
    base = np.einsum("vk,vkc->vc", under.barycentrics, result[under.corners])
    frames = triangle_frames(result, under.corners)
    result[under.points] = base + np.einsum("vij,vi->vj", frames, under.offsets)
    return result


class Followers:
    """Moves inner and turned points along with their cloth, in a buffer of all vertices.

    Args:
        parts: For each garment, its inner and turned points and its first vertex in the buffer.
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
        """Put the inner and turned points of this Warp vec3 buffer in their place."""
        if self._count:
            wp.launch(follow, dim=self._count, inputs=self._inputs, outputs=[points], device=self._device)
