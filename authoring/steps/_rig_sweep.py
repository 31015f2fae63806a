"""A quick look at how a rig bends: a few far poses, how much edges stretch and how much cloth enters the body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.rig import Rig
from dressform.runtime.body.joints import CANONICAL_JOINTS, CANONICAL_PARENTS, JOINT_INDEX
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.body.skinning import skin
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.rotations import quat_from_rotvec, quat_to_matrix

# turns of segments from the rest pose, about x, y, z in the world [degrees]; a joint's followers turn with it
SWEEP: dict[str, dict[str, tuple[float, float, float]]] = {
    "arms_up": {
        "left_collar": (0, -18, 0), "right_collar": (0, 18, 0),
        "left_shoulder": (0, -105, 0), "right_shoulder": (0, 105, 0),
    },
    "arms_down": {"left_shoulder": (0, 28, 0), "right_shoulder": (0, -28, 0)},
    "sit": {
        "left_hip": (-82, 0, 0), "right_hip": (-82, 0, 0), "left_knee": (0, 0, 0), "right_knee": (0, 0, 0),
        "left_shoulder": (0, 20, 0), "right_shoulder": (0, -20, 0),
    },
    "stride": {
        "left_hip": (-32, 0, 0), "left_knee": (-18, 0, 0), "right_hip": (20, 0, 0), "right_knee": (42, 0, 0),
        "left_shoulder": (18, 30, 0), "right_shoulder": (-22, -30, 0),
    },
}  # fmt: skip
_INSIDE = 0.001  # [m] a point deeper than this penetrates


@dataclass(frozen=True)
class PoseCheck:
    """How a garment fares in one pose under plain skinning, before any push-out.

    Attributes:
        pose: Its name.
        stretch_p95: 95th percentile of |edge length / rest length - 1|.
        stretch_max: Largest edge length / rest length.
        penetrating: Fraction of points deeper than 1 mm in the body.
    """

    pose: str
    stretch_p95: float
    stretch_max: float
    penetrating: float


def sweep_pose(rest: RestBody, name: str) -> Pose:
    """Return one pose of the sweep for a body."""
    given = SWEEP[name]
    turns = np.tile(np.eye(3, dtype=np.float32), (len(CANONICAL_JOINTS), 1, 1))
    for joint, label in enumerate(CANONICAL_JOINTS):
        if label in given:
            turns[joint] = quat_to_matrix(quat_from_rotvec(np.radians(given[label])))
        elif joint:
            turns[joint] = turns[CANONICAL_PARENTS[joint]]
    pelvis = JOINT_INDEX["pelvis"]
    turns[pelvis] = np.eye(3)
    return Pose(rest.rig.rotations_of(turns), rest.rest_pose().root)


def pose_sweep(points: NDArray[np.float32], faces: NDArray[np.int32], rig: Rig, rest: RestBody) -> list[PoseCheck]:
    """Pose garment and body together in every pose of `SWEEP`.

    Args:
        points: Garment rest points [V, 3] [m].
        faces: int32 [F, 3].
        rig: Its rig.
        rest: The body it is rigged to.
    """
    pairs = edges(faces).vertices
    before = np.maximum(np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1), 1e-9)
    checks = []
    for name in SWEEP:
        transforms = rest.skin_transforms(sweep_pose(rest, name))
        body = skin(rest.vertices, rest.body.joint_indices, rest.body.joint_weights, transforms)
        worn = skin(points, rig.joint_indices, rig.joint_weights, transforms)
        ratio = np.linalg.norm(worn[pairs[:, 0]] - worn[pairs[:, 1]], axis=1) / before
        inside = Surface(body, rest.body.faces).signed_distance(worn) < -_INSIDE
        checks.append(
            PoseCheck(name, float(np.quantile(np.abs(ratio - 1), 0.95)), float(ratio.max()), float(inside.mean()))
        )
    return checks
