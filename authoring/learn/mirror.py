"""Mirror images of samples: a garment and a body that are alike on both sides learn twice from each simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, outer_faces
from dressform.runtime.body.joints import CANONICAL_JOINTS, JOINT_INDEX
from dressform.runtime.body.protocol import Pose
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals

FLIP = np.array([-1.0, 1.0, 1.0], np.float32)  # left and right are along x
REACH = 0.015  # [m] a point whose image is further from the cloth than this has no partner
FACING = 0.5  # least cosine between a point's flipped normal and its partner's
LEAST_MATCHED = 0.9  # share of points with a partner from which on a garment counts as alike on both sides

_OTHER_SIDE = np.array(
    [
        JOINT_INDEX[name.replace("left_", "right_") if name.startswith("left_") else name.replace("right_", "left_")]
        for name in CANONICAL_JOINTS
    ]
)


@dataclass(frozen=True)
class PointMirror:
    """For each point of a garment, the place of its cloth that mirrors it.

    Attributes:
        corners: int32 [V, 3] the triangle there, points of the garment.
        barycentrics: float32 [V, 3] in it.
        matched: bool [V] whether cloth is there; the others take the nearest cloth.
    """

    corners: NDArray[np.int32]
    barycentrics: NDArray[np.float32]
    matched: NDArray[np.bool_]

    @classmethod
    def of(cls, mesh: GarmentMesh) -> PointMirror:
        """Find the partners in the garment's own rest shape, on its outer cloth."""
        cloth = outer_faces(mesh)
        queries = mesh.points * FLIP
        surface = Surface(mesh.points, cloth, sign="normal")
        ways = vertex_normals(mesh.points, cloth) * FLIP
        facing = surface.closest_facing(queries, ways, cosine=FACING, reach=REACH)
        nearest = surface.closest(queries)
        matched = facing.triangles >= 0
        triangles = np.where(matched, facing.triangles, nearest.triangles)
        barycentrics = np.where(matched[:, None], facing.barycentrics, nearest.barycentrics)
        return cls(cloth[triangles], barycentrics, matched)

    def is_alike(self, points: NDArray[np.integer]) -> bool:
        """Say whether enough of some points have a partner for mirror images to be true samples."""
        return bool(self.matched[points].mean() >= LEAST_MATCHED)

    def image(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the mirror image [..., V, 3] of vectors at all points."""
        seen = np.einsum("vk,...vkc->...vc", self.barycentrics, np.asarray(vectors, np.float32)[..., self.corners, :])
        return np.asarray(seen * FLIP, np.float32)


def mirrored_pose(pose: Pose) -> Pose:
    """Return the pose in a mirror across the body's middle plane."""
    # a reflection in x keeps turns about x and reverses those about y and z
    rotations = pose.rotations[_OTHER_SIDE] * np.array([1, -1, -1, 1], np.float32)
    return Pose(rotations, pose.root * FLIP)
