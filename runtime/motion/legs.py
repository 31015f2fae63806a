"""Feet on the ground: footprints, the roll over heel and ball, and two-bone legs.

A foot is described by its *footprint* (where the ball joint is while the foot is flat) and its rotation. A lifted
heel turns about the ball joint, lifted toes turn about the heel; so a planted foot stays planted on every body,
whatever the length of its feet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.geometry.rotations import cross

Floats = NDArray[np.floating[Any]]

HIPS = [JOINT_INDEX["left_hip"], JOINT_INDEX["right_hip"]]
KNEES = [JOINT_INDEX["left_knee"], JOINT_INDEX["right_knee"]]
ANKLES = [JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]]
BALLS = [JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"]]

_BLEND = 0.12  # pitch over which the pivot passes from ball to heel [rad]
_HEEL = 0.35  # heel behind the ankle, as a share of ankle → ball; of a skeleton without a mesh


def turn_z(angles: Floats) -> Floats:
    """Return rotations [..., 3, 3] about the vertical."""
    c, s, zero, one = np.cos(angles), np.sin(angles), np.zeros_like(angles), np.ones_like(angles)
    rows = [[c, -s, zero], [s, c, zero], [zero, zero, one]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def turn_x(angles: Floats) -> Floats:
    """Return rotations [..., 3, 3] about the lateral axis; positive lifts the heel of a foot that faces −y."""
    c, s, zero, one = np.cos(angles), np.sin(angles), np.zeros_like(angles), np.ones_like(angles)
    rows = [[one, zero, zero], [zero, c, -s], [zero, s, c]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def turn_y(angles: Floats) -> Floats:
    """Return rotations [..., 3, 3] about the sagittal axis; positive lowers the left arm of a T-pose."""
    c, s, zero, one = np.cos(angles), np.sin(angles), np.zeros_like(angles), np.ones_like(angles)
    rows = [[c, zero, s], [zero, one, zero], [-s, zero, c]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def heading_of(rotations: Floats) -> Floats:
    """Return the yaw [...] [rad] of the forward axis (−y) of rotations [..., 3, 3]; zero faces −y."""
    forward = -rotations[..., :, 1]
    return np.arctan2(forward[..., 0], -forward[..., 1])


def _apply(rotations: Floats, vectors: Floats) -> Floats:
    return np.asarray(np.einsum("...ab,...b->...a", rotations, vectors))


@dataclass(frozen=True)
class FeetShape:
    """The two feet of a standing T-pose (left, right), world positions [m].

    Attributes:
        ankle: Ankle joints [2, 3].
        ball: Joints of the toes [2, 3].
        heel: Where the heels touch the ground [2, 3].
    """

    ankle: Floats
    ball: Floats
    heel: Floats

    @classmethod
    def of_skeleton(cls, joints: Floats) -> FeetShape:
        """Return the feet of T-pose joints [22, 3] alone, with heels a share of the foot behind."""
        ankle, ball = joints[ANKLES], joints[BALLS]
        heel = ankle - _HEEL * (ball - ankle)
        heel[:, 2] = 0
        return cls(ankle, ball, heel)

    @classmethod
    def of_body(cls, rest: RestBody) -> FeetShape:
        """Return the feet of a body; its heels are read from the mesh."""
        pose = Pose.t_pose()
        plain = cls.of_skeleton(rest.posed_joints(pose))
        vertices = rest.posed_vertices(pose)
        low = vertices[vertices[:, 2] < 0.005]  # where a lifted foot rolls over its heel
        heel = plain.heel.copy()
        for side, sign in enumerate((1, -1)):
            sole = low[low[:, 0] * sign > 0]
            heel[side, 1] = max(float(sole[:, 1].max()), float(plain.ankle[side, 1]) + 0.005)
        return cls(plain.ankle, plain.ball, heel)

    def ankles_at(self, footprints: Floats, rotations: Floats) -> Floats:
        """Return ankles [..., 2, 3] of feet with these footprints [..., 2, 3] and rotations [..., 2, 3, 3]."""
        on_heel = _pivot_weight(rotations)
        flat = turn_z(heading_of(rotations))
        by_ball = footprints + _apply(rotations, self.ankle - self.ball)
        by_heel = footprints + _apply(flat, self.heel - self.ball) + _apply(rotations, self.ankle - self.heel)
        return np.asarray(by_ball + on_heel * (by_heel - by_ball), dtype=np.float32)

    def footprints_at(self, ankles: Floats, rotations: Floats) -> Floats:
        """Return the footprints [..., 2, 3] of feet with these ankles [..., 2, 3] and rotations [..., 2, 3, 3]."""
        return np.asarray(ankles - self.ankles_at(np.zeros_like(ankles), rotations), dtype=np.float32)


def _pivot_weight(rotations: Floats) -> Floats:
    """Return how much a foot turns about its heel [..., 1]: 1 with lifted toes, 0 with a lifted heel."""
    lifted_toes = np.arcsin(np.clip(-rotations[..., 2, 1], -1, 1))
    share = np.clip(lifted_toes / (2 * _BLEND) + 0.5, 0, 1)
    return np.asarray((share * share * (3 - 2 * share))[..., None])


def solve_legs(hips: Floats, ankles: Floats, forward: Floats, thigh: Floats, shin: Floats) -> tuple[Floats, Floats]:
    """Return world rotations from the T-pose of thighs and of shins [..., 2, 3, 3].

    Args:
        hips: [..., 2, 3] [m].
        ankles: Targets [..., 2, 3]; a leg too short stretches towards its target and stops [m].
        forward: Where the knees point [..., 2, 3].
        thigh: Length hip → knee [2] [m].
        shin: Length knee → ankle [2] [m].
    """
    line = ankles - hips
    distance = np.linalg.norm(line, axis=-1)
    longest = (thigh + shin) * 0.9999
    span = np.clip(distance, np.abs(thigh - shin) * 1.01, longest)
    down = line / np.maximum(distance, 1e-6)[..., None]
    lateral = cross(forward, down)
    lateral = lateral / np.linalg.norm(lateral, axis=-1, keepdims=True)
    ahead = cross(down, lateral)
    bend = np.arccos(np.clip((thigh**2 + span**2 - shin**2) / (2 * thigh * span), -1, 1))[..., None]
    upper = np.cos(bend) * down + np.sin(bend) * ahead
    lower = (span[..., None] * down - thigh[..., None] * upper) / shin[..., None]
    return _hinge(lateral, upper), _hinge(lateral, lower)


def _hinge(lateral: Floats, along: Floats) -> Floats:
    """Return rotations [..., 3, 3] that turn +x to `lateral` and −z to `along`."""
    up = -along / np.linalg.norm(along, axis=-1, keepdims=True)
    return np.stack([lateral, cross(up, lateral), up], axis=-1).astype(np.float32)


def knees_forward(feet: Floats, pelvis: Floats) -> Floats:
    """Return where knees point [..., 2, 3]: half way between the feet's and the pelvis's heading.

    Args:
        feet: Rotations [..., 2, 3, 3].
        pelvis: Rotation [..., 3, 3].
    """
    yaw = heading_of(pelvis)[..., None]
    foot = heading_of(feet)
    between = yaw + 0.6 * np.arctan2(np.sin(foot - yaw), np.cos(foot - yaw))
    return np.stack([np.sin(between), -np.cos(between), np.zeros_like(between)], axis=-1)
