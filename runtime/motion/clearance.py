"""Keeping arms clear of the hips and legs clear of each other, on every body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.body.skinning import skin

from .legs import turn_y

Floats = NDArray[np.floating[Any]]

_GAP = 0.035  # between forearm or hand and hips, for two layers of cloth [m]
_MOST = 0.35  # [rad]
_LEG_GAP = 0.022  # between the thighs, for two layers of cloth [m]
_MOST_ASIDE = 0.05  # [m]
_ARM = ("left_elbow", "left_wrist")
_HIPS = ("pelvis", "left_hip", "right_hip", "spine1", "spine2")


def arm_spread(rest: RestBody, poses: Sequence[Pose]) -> float:
    """Return how much further from the body the hanging arms must be held for clothes to fit between [rad].

    Args:
        rest: The body.
        poses: Samples of the motion.
    """
    segment, body = rest.vertex_segments, rest.body
    arm = np.flatnonzero(np.isin(segment, [JOINT_INDEX[name] for name in _ARM]))
    hips = np.flatnonzero(np.isin(segment, [JOINT_INDEX[name] for name in _HIPS]))
    both = np.concatenate([arm, hips])  # only these are posed
    points, indices, weights = rest.vertices[both], body.joint_indices[both], body.joint_weights[both]
    need = 0.0
    for pose in poses:
        local = Pose(pose.rotations.copy(), np.zeros(3, dtype=np.float32))
        local.rotations[0] = (0, 0, 0, 1)  # seen from the pelvis
        vertices = skin(points, indices, weights, rest.skin_transforms(local))
        shoulder = rest.posed_joints(local)[JOINT_INDEX["left_shoulder"]]
        need = max(need, _spread_of(vertices[: len(arm)], vertices[len(arm) :], shoulder))
    return min(need, _MOST)


def _spread_of(arm: Floats, hips: Floats, shoulder: Floats) -> float:
    """Return the angle that brings the inner side of the arm `_GAP` out of the hips' outline, level by level."""
    need = 0.0
    for low in np.arange(float(arm[:, 2].min()), float(shoulder[2]) - 0.25, 0.03):
        inner = arm[(arm[:, 2] >= low) & (arm[:, 2] < low + 0.03)]
        if len(inner) == 0:
            continue
        level = hips[(hips[:, 2] >= low) & (hips[:, 2] < low + 0.03)]
        beside = level[(level[:, 1] > inner[:, 1].min() - 0.02) & (level[:, 1] < inner[:, 1].max() + 0.02)]
        if len(beside) == 0:
            continue
        overlap = float(beside[:, 0].max()) + _GAP - float(inner[:, 0].min())
        need = max(need, overlap / (float(shoulder[2]) - low))
    return need


def spread_arms(local: Floats, angle: float) -> None:
    """Turn both shoulders of local rotations [22, 3, 3] outwards in place, as far as the arms hang.

    Args:
        local: Local canonical rotations.
        angle: For an arm that hangs straight down [rad]; a level arm does not move.
    """
    if angle == 0:
        return
    for side, sign in (("left", 1.0), ("right", -1.0)):
        joint = JOINT_INDEX[f"{side}_shoulder"]
        hanging = np.clip(-sign * local[joint, 2, 0], 0, 1)  # how far the upper arm points down
        turn = turn_y(np.array(-sign * angle * hanging * hanging, dtype=np.float32))
        local[joint] = turn @ local[joint]


def stance_spread(rest: RestBody, half_width: float) -> float:
    """Return how much further out each foot must be set down for clothes to fit between the legs [m].

    Args:
        rest: The body.
        half_width: How far from the middle the motion sets the ankles down [m].
    """
    pose = Pose.t_pose()
    vertices, joints = rest.posed_vertices(pose), rest.posed_joints(pose)
    hip = joints[JOINT_INDEX["left_hip"]]
    legs = np.isin(rest.vertex_segments, [JOINT_INDEX["left_hip"], JOINT_INDEX["left_knee"]])
    need = 0.0
    for share in np.linspace(0.35, 0.68, 12):  # of the hip's height: above, thighs touch in life too
        height = share * float(hip[2])
        level = vertices[legs & (np.abs(vertices[:, 2] - height) < 0.02)]
        inward = (float(hip[0]) - half_width) * (1 - share)  # what the straddle of the T-pose loses at this height
        missing = _LEG_GAP / 2 - (float(level[:, 0].min()) - inward)
        need = max(need, missing / (1 - share))
    return min(need, _MOST_ASIDE)
