"""Poses on the way of a simulated body: between two, moved, and seen from where the body stands and looks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.geometry.rotations import quat_conjugate, quat_multiply, quat_to_matrix, slerp, twist_about

Floats = NDArray[np.float32]


class Place(NamedTuple):
    """Where a body stands and which way it faces, relative to its rest pose.

    Attributes:
        turn: float32 [3, 3] about the vertical.
        start: float32 [3] the pelvis at rest [m].
        end: float32 [3] the pelvis in the world [m].
    """

    turn: Floats
    start: Floats
    end: Floats

    def world(self, points: Floats) -> Floats:
        """Return points [N, 3] of the levelled body in the world [m]."""
        return np.asarray((points - self.start) @ self.turn.T + self.end, np.float32)


def levelled(pose: Pose, rest: RestBody) -> tuple[Pose, Place]:
    """Return a pose with the pelvis where it rests and facing the way it rests, and where that is to be put."""
    resting = rest.rest_pose()
    turned = quat_multiply(pose.rotations[0], quat_conjugate(resting.rotations[0]))
    heading = twist_about(turned, np.array([0.0, 0.0, 1.0], np.float32))
    rotations = pose.rotations.copy()
    rotations[0] = quat_multiply(quat_conjugate(heading), pose.rotations[0])
    stand = rest.rig.t_pelvis
    place = Place(quat_to_matrix(heading), stand + resting.root, stand + pose.root)
    return Pose(rotations, resting.root), place


def blended(first: Pose, second: Pose, share: float) -> Pose:
    """Return the pose on the short path from the first (share 0) to the second (share 1)."""
    rotations = slerp(first.rotations, second.rotations, np.full(len(first.rotations), share, np.float32))
    root = (1 - share) * first.root + share * second.root
    return Pose(np.asarray(rotations, np.float32), np.asarray(root, np.float32))


def moved(pose: Pose, offset: Floats) -> Pose:
    """Return a pose whose body stands elsewhere by an offset [3] [m]."""
    return Pose(pose.rotations, pose.root + offset)


def eased(share: float) -> float:
    """Return how far a motion with an easy start and end has come when this share of its time has passed."""
    return share * share * (3 - 2 * share)
