"""Mirror images of samples: a garment and a body that are alike on both sides learn twice from each simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
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
    """For each of some points of a garment, the place of its cloth that mirrors it.

    Attributes:
        corners: int32 [P, 3] the triangle there, rows of the same points.
        barycentrics: float32 [P, 3] in it.
        matched: bool [P] whether cloth is there; the others take the nearest cloth.
    """

    corners: NDArray[np.int32]
    barycentrics: NDArray[np.float32]
    matched: NDArray[np.bool_]

    @classmethod
    def of(cls, mesh: GarmentMesh, points: NDArray[np.integer]) -> PointMirror:
        """Find the partners in the garment's own rest shape, among the triangles of the points int [P] alone."""
        row = np.full(len(mesh.points), -1, np.int32)
        row[points] = np.arange(len(points))
        faces = row[mesh.faces]
        faces = faces[(faces >= 0).all(axis=1)]
        places = mesh.points[points]
        surface = Surface(places, faces, sign="normal")
        ways = vertex_normals(places, faces) * FLIP
        facing = surface.closest_facing(places * FLIP, ways, cosine=FACING, reach=REACH)
        nearest = surface.closest(places * FLIP)
        matched = facing.triangles >= 0
        triangles = np.where(matched, facing.triangles, nearest.triangles)
        barycentrics = np.where(matched[:, None], facing.barycentrics, nearest.barycentrics)
        return cls(faces[triangles], barycentrics, matched)

    @property
    def is_whole(self) -> bool:
        """Whether enough points have a partner for mirror images to be true samples."""
        return bool(self.matched.mean() >= LEAST_MATCHED)

    def image(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the mirror image [..., P, 3] of vectors at the points."""
        seen = np.einsum("pk,...pkc->...pc", self.barycentrics, np.asarray(vectors, np.float32)[..., self.corners, :])
        return np.asarray(seen * FLIP, np.float32)


def mirrored_pose(pose: Pose) -> Pose:
    """Return the pose in a mirror across the body's middle plane."""
    # a reflection in x keeps turns about x and reverses those about y and z
    rotations = pose.rotations[_OTHER_SIDE] * np.array([1, -1, -1, 1], np.float32)
    return Pose(rotations, pose.root * FLIP)
