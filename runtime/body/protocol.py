"""What every body family gives: a shared pose, a shaped rest body, bone transforms and measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .joints import CANONICAL_JOINTS
from .measures import Measures, lines, measure
from .segments import SegmentRig
from .skinning import skin

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


@dataclass(frozen=True)
class Pose:
    """A pose of the 22 canonical joints; it fits any body.

    Attributes:
        rotations: float32 [22, 4] xyzw, local rotations from the T-pose in the parent's frame; in the T-pose all
            frames are aligned with the world (z up, facing −y).
        root: float32 [3] pelvis position minus its position in the standing T-pose [m]; zero stands on the ground
            at the origin.
    """

    rotations: Floats
    root: Floats

    @classmethod
    def t_pose(cls) -> Pose:
        """Return the standing T-pose."""
        rotations = np.zeros((len(CANONICAL_JOINTS), 4), dtype=np.float32)
        rotations[:, 3] = 1
        return cls(rotations, np.zeros(3, dtype=np.float32))


class Body(Protocol):
    """A body family: topology, skin and UVs shared by all its shapes.

    Attributes:
        family: "anny" or "smplx".
        topology_digest: Changes whenever vertex, face or joint indices would mean something else.
        joint_names: The family's own joints.
        joint_parents: int32 [J], −1 for the root.
        faces: int32 [F, 3], counter-clockwise seen from outside.
        uv: float32 [N, 2], origin bottom-left.
        uv_faces: int32 [F, 3] into `uv`.
        joint_indices: int32 [V, K]; unused entries have weight 0.
        joint_weights: float32 [V, K], rows sum to 1.
    """

    family: str
    topology_digest: str
    joint_names: tuple[str, ...]
    joint_parents: Integers
    faces: Integers
    uv: Floats
    uv_faces: Integers
    joint_indices: Integers
    joint_weights: Floats

    def rest(self, shape: Mapping[str, float], /) -> RestBody:
        """Return the body of this shape in the family's own rest pose, standing on z = 0."""
        ...


@dataclass(frozen=True)
class RestBody:
    """One shaped body, computed once.

    Attributes:
        body: Its family.
        shape: The shape as given, clamped to what the family allows.
        vertices: float32 [V, 3] rest pose, standing on z = 0, root at x = y = 0 [m].
        joint_poses: float32 [J, 4, 4] rest, joint → rest frame.
        rig: The canonical skeleton that poses it.
    """

    body: Body
    shape: Mapping[str, float]
    vertices: Floats
    joint_poses: Floats
    rig: SegmentRig

    def canonical_joints(self) -> Floats:
        """Return the canonical joints' positions in the rest pose, float32 [22, 3] [m]."""
        return self.rig.joints.copy()

    def skin_transforms(self, pose: Pose) -> Floats:
        """Return rest → world transforms of the family's joints, float32 [J, 4, 4], to be multiplied from the left.

        They relax the fingers of a family that rests with spread ones.
        """
        return self.rig.bone_transforms(pose.rotations, pose.root)

    def posed_joints(self, pose: Pose) -> Floats:
        """Return the canonical joints' world positions in a pose, float32 [22, 3] [m]."""
        return self.rig.posed(pose.rotations, pose.root)[1]

    def posed_vertices(self, pose: Pose) -> Floats:
        """Return world vertices [V, 3] of one pose [m]; for a stream of frames use `Skinner`."""
        return skin(self.vertices, self.body.joint_indices, self.body.joint_weights, self.skin_transforms(pose))

    def rest_pose(self) -> Pose:
        """Return the pose that reproduces the rest vertices, all but the fingers, which hang relaxed in any pose."""
        still = np.tile(np.eye(3, dtype=np.float32), (len(CANONICAL_JOINTS), 1, 1))
        return Pose(self.rig.rotations_of(still), self.rig.joints[0] - self.rig.t_pelvis)

    def rested(self, pose: Pose) -> RestBody:
        """Return this body with a pose as its rest; only for families whose bones are all rigid, such as SMPL-X."""
        transforms = self.skin_transforms(pose)
        return RestBody(
            self.body,
            self.shape,
            self.posed_vertices(pose),
            (transforms @ self.joint_poses).astype(np.float32),
            self.rig.rested(pose.rotations, pose.root),
        )

    def pose_of_transforms(self, transforms: Floats) -> Pose:
        """Return the canonical pose nearest to rest → world transforms of the family's joints [J, 4, 4].

        Joints that no canonical joint names (fingers, toes, face, twists) do not survive.
        """
        leaders = transforms[self.rig.leaders]
        pelvis = leaders[0, :3, :3] @ self.rig.joints[0] + leaders[0, :3, 3]
        return Pose(self.rig.rotations_of(leaders[:, :3, :3]), (pelvis - self.rig.t_pelvis).astype(np.float32))

    @cached_property
    def pelvis_height(self) -> float:
        """Height of the pelvis joint in the standing T-pose [m]."""
        return float(self.rig.t_pelvis[2])

    @cached_property
    def vertex_segments(self) -> NDArray[np.intp]:
        """Canonical joint that each vertex follows most [V]."""
        body = self.body
        strongest = body.joint_indices[np.arange(len(self.vertices)), body.joint_weights.argmax(axis=1)]
        segments: NDArray[np.intp] = self.rig.segment_of_bone[strongest]
        return segments

    def measures(self) -> Measures:
        """Return the tailor's measures of this body."""
        return self._measures

    def measure_lines(self) -> dict[str, NDArray[np.float32]]:
        """Return where each length and girth is taken, by name: lines [N, 3] on the rest body [m]."""
        return lines(self.vertices, self.body.faces, self.vertex_segments, self.rig.joints)

    @cached_property
    def _measures(self) -> Measures:
        height = float(np.ptp(self.posed_vertices(Pose.t_pose())[:, 2]))
        return measure(self.vertices, self.body.faces, self.vertex_segments, self.rig.joints, height=height)


def stand(rest: RestBody) -> RestBody:
    """Set the pelvis height of the T-pose so that its soles touch the ground, and return the body."""
    rest.rig.t_pelvis[:] = 0
    soles = rest.posed_vertices(Pose.t_pose())[:, 2].min()
    rest.rig.t_pelvis[2] = -soles
    return rest
