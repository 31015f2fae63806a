"""Where a shaped head is, how big it is, and its outer surface seen from the middle of the skull."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.body.protocol import Body, RestBody

from . import _kernels

Floats = NDArray[np.float32]

EYE_JOINTS = (("eye.L", "eye.R"), ("left_eye_smplhf", "right_eye_smplhf"), ("left_eye", "right_eye"))


def joints_below(body: Body, *names: str) -> NDArray[np.bool_]:
    """Return which joints are, or descend from, the named ones, bool [J]; parents come before their children."""
    inside = np.array([name in names for name in body.joint_names])
    for joint, parent in enumerate(body.joint_parents):
        inside[joint] |= parent >= 0 and inside[parent]
    return inside


@dataclass(frozen=True)
class HeadFrame:
    """An ellipsoid fitted to the skull.

    Attributes:
        centre: Middle of the skull, float32 [3] in the rest frame [m].
        radii: Half breadth, half depth, and height of the top above the centre, float32 [3] [m].
        eye_height: z of the eyes [m].
        points: Vertices of the whole body, float32 [V, 3].
        faces: Faces of the head alone, int32 [H, 3].
        faces_with_neck: Faces of head and neck, int32 [N, 3].
    """

    centre: Floats
    radii: Floats
    eye_height: float
    points: Floats
    faces: NDArray[np.int32]
    faces_with_neck: NDArray[np.int32]

    def directions(self, points: Floats) -> Floats:
        """Return unit directions [N, 3] of points from the centre, in the frame where the skull is a sphere."""
        scaled = (points - self.centre) / self.radii
        return np.asarray(scaled / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-9), np.float32)

    def outer_surface(self, directions: Floats) -> Floats:
        """Return the outermost points of the head, ears included, along such directions, float32 [N, 3]."""
        rays = (directions * self.radii).astype(np.float32)
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        mesh = wp.Mesh(
            points=wp.array(self.points, dtype=wp.vec3, device="cpu"),
            indices=wp.array(self.faces_with_neck.reshape(-1), dtype=wp.int32, device="cpu"),
        )
        distances = wp.zeros(len(rays), dtype=float, device="cpu")
        wp.launch(
            _kernels.outermost,
            dim=len(rays),
            inputs=[mesh.id, wp.vec3(*self.centre.tolist()), wp.array(rays, dtype=wp.vec3, device="cpu"), 0.4],
            outputs=[distances],
            device="cpu",
        )
        return np.asarray(self.centre + rays * distances.numpy()[:, None], np.float32)


def head_frame(rest: RestBody) -> HeadFrame:
    """Fit the frame to a shaped body."""
    body, points = rest.body, rest.vertices
    head_joints = joints_below(body, "head")
    share = (body.joint_weights * head_joints[body.joint_indices]).sum(axis=1)
    faces = body.faces[(share[body.faces] > 0.5).all(axis=1)]
    head = points[np.unique(faces)]
    top = float(head[:, 2].max())
    neck = float(rest.joint_poses[body.joint_names.index("head"), 2, 3])
    eyes = [
        rest.joint_poses[[body.joint_names.index(name) for name in pair], :3, 3]
        for pair in EYE_JOINTS
        if all(name in body.joint_names for name in pair)
    ]
    eye_height = float(eyes[0][:, 2].mean()) if eyes else neck + 0.27 * (top - neck)
    middle = eye_height + 0.25 * (top - eye_height)
    # Above the ears the skull is a plain ellipsoid: measure there.
    ring = head[np.abs(head[:, 2] - (eye_height + 0.42 * (top - eye_height))) < 0.12 * (top - eye_height)]
    low, high = ring.min(axis=0), ring.max(axis=0)
    centre = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, middle], np.float32)
    radii = np.array([(high[0] - low[0]) / 2, (high[1] - low[1]) / 2, top - middle], np.float32)
    beside = np.hypot(*(points[:, :2] - centre[:2]).T) < 1.6 * radii[1]
    near = beside & (points[:, 2] > neck - 0.6 * (top - neck))
    return HeadFrame(centre, radii, eye_height, points, faces, body.faces[near[body.faces].all(axis=1)])
