"""Named still poses that stretch, fold and cross the limbs: what a garment is judged by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dressform.runtime.body.joints import CANONICAL_JOINTS, CANONICAL_PARENTS, JOINT_INDEX
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.geometry.rotations import matrix_between, quat_from_rotvec, quat_to_matrix

Degrees = tuple[float, float, float]
Turns = Mapping[str, Degrees]


def both(joint: str, x: float, y: float, z: float) -> dict[str, Degrees]:
    """Return the turn of a left joint and its mirror image [degrees]."""
    return {f"left_{joint}": (x, y, z), f"right_{joint}": (x, -y, -z)}


# Turns of segments from the rest pose, about x, y, z in the world [degrees]; a joint's followers turn with it unless
# they are named themselves. "arms" instead of a turn brings both arms level with the ground.
SWEEP: dict[str, Turns] = {
    "t_pose": {"arms": (0, 0, 0)},
    "arms_up": {**both("collar", 0, -18, 0), **both("shoulder", 0, -105, 0)},
    "arms_down": both("shoulder", 0, 28, 0),
    "sit": {**both("hip", -82, 0, 0), **both("knee", 0, 0, 0), **both("shoulder", 0, 20, 0)},
    "walk_left": {
        "left_hip": (-32, 0, 0), "left_knee": (-18, 0, 0), "right_hip": (20, 0, 0), "right_knee": (42, 0, 0),
        "left_shoulder": (18, 30, 0), "right_shoulder": (-22, -30, 0),
    },
    "walk_right": {
        "right_hip": (-24, 0, 0), "right_knee": (30, 0, 0), "left_hip": (12, 0, 0), "left_knee": (24, 0, 0),
        "right_shoulder": (12, -28, 0), "left_shoulder": (-14, 28, 0),
    },
    "twist": {"spine1": (0, 0, 12), "spine2": (0, 0, 26), "spine3": (0, 0, 42), "head": (0, 0, 60)},
    "bend": {
        "spine1": (18, 0, 0), "spine2": (36, 0, 0), "spine3": (55, 0, 0),
        **both("shoulder", 10, 24, 0),
    },
    "squat": {
        **both("hip", -88, -14, 0), **both("knee", 28, -6, 0), **both("ankle", 4, 0, 0),
        "pelvis": (14, 0, 0), "spine1": (20, 0, 0), "spine2": (26, 0, 0), "spine3": (30, 0, 0),
        **both("shoulder", -55, 14, 0),
    },
}  # fmt: skip


def turned_pose(rest: RestBody, given: Turns) -> Pose:
    """Return the pose of a body whose segments are turned from its rest pose.

    Args:
        rest: The body.
        given: As in `SWEEP`.
    """
    turns = np.tile(np.eye(3, dtype=np.float32), (len(CANONICAL_JOINTS), 1, 1))
    level = _level_arms(rest) if "arms" in given else {}
    for joint, label in enumerate(CANONICAL_JOINTS):
        if label in level:
            turns[joint] = level[label]
        elif label in given:
            turns[joint] = quat_to_matrix(quat_from_rotvec(np.radians(given[label])))
        elif joint and not (label.endswith("_hip") and "pelvis" not in given):
            turns[joint] = turns[CANONICAL_PARENTS[joint]]
    return Pose(rest.rig.rotations_of(turns), rest.rest_pose().root)


def sweep_pose(rest: RestBody, name: str) -> Pose:
    """Return one pose of the sweep for a body."""
    return turned_pose(rest, SWEEP[name])


def _level_arms(rest: RestBody) -> dict[str, np.ndarray]:
    joints = rest.canonical_joints()
    found = {}
    for side, outward in (("left", 1.0), ("right", -1.0)):
        upper = joints[JOINT_INDEX[f"{side}_elbow"]] - joints[JOINT_INDEX[f"{side}_shoulder"]]
        lower = joints[JOINT_INDEX[f"{side}_wrist"]] - joints[JOINT_INDEX[f"{side}_elbow"]]
        way = np.array([outward, 0.0, 0.0], np.float32)
        found[f"{side}_shoulder"] = matrix_between(upper, way)
        found[f"{side}_elbow"] = found[f"{side}_wrist"] = matrix_between(lower, way)
    return found
