"""What a garment's field is told of pose, body and size: the same for every body family.

Every feature is the same wherever the person stands and whichever way they face. A body's rest pose, in which garments
are made, has rotations that are all zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import CANONICAL_PARENTS, JOINT_INDEX
from dressform.runtime.body.protocol import Pose, RestBody

Floats = NDArray[np.float32]

_SIDES = ("left", "right")


def _both(*joints: str) -> tuple[str, ...]:
    """Return the joints of both sides, the left side's first."""
    return tuple(f"{side}_{joint}" for side in _SIDES for joint in joints)


_TURNED = ("spine1", "spine2", "spine3", *_both("collar", "shoulder", "elbow", "hip", "knee"))
_SEEN_FROM_CHEST = ("neck", "pelvis", *_both("shoulder", "elbow", "wrist", "knee"))
_SEEN_FROM_PELVIS = _both("knee", "ankle", "wrist")
_MEASURES = ("height", "chest", "waist", "hip", "thigh", "upper_arm", "shoulder", "arm", "back")
_CHEST, _PELVIS = JOINT_INDEX["spine3"], JOINT_INDEX["pelvis"]
_UP = 2


POSE_FEATURES = (
    *(f"{joint}.turn{k}" for joint in _TURNED for k in range(6)),
    *(f"chest_to_{joint}.{axis}" for joint in _SEEN_FROM_CHEST for axis in "xyz"),
    *(f"pelvis_to_{joint}.{axis}" for joint in _SEEN_FROM_PELVIS for axis in "xyz"),
    *(f"{joint}_down.{axis}" for joint in ("chest", "pelvis") for axis in "xyz"),
)
BODY_FEATURES = (*_MEASURES, "size")
FEATURES = POSE_FEATURES + BODY_FEATURES


class PoseFeatures:
    """Takes the features of one body's poses.

    Args:
        rest: The body.
    """

    def __init__(self, rest: RestBody) -> None:
        self._rest = rest
        self._leaders = rest.rig.leaders
        self._joints = rest.rig.joints
        self._turned = np.array([JOINT_INDEX[name] for name in _TURNED])
        self._parents = np.array([CANONICAL_PARENTS[joint] for joint in self._turned])
        self._chest = np.array([JOINT_INDEX[name] for name in _SEEN_FROM_CHEST])
        self._pelvis = np.array([JOINT_INDEX[name] for name in _SEEN_FROM_PELVIS])
        self._per_height = np.float32(1 / rest.measures().height)

    def of_transforms(self, transforms: Floats) -> Floats:
        """Return the features float32 [D] in the order of POSE_FEATURES.

        Args:
            transforms: Rest → world [J, 4, 4], from `RestBody.skin_transforms`.
        """
        leaders = transforms[self._leaders]
        turns = leaders[:, :3, :3]
        places = (turns @ self._joints[:, :, None])[:, :, 0] + leaders[:, :3, 3]
        local = np.swapaxes(turns[self._parents], 1, 2) @ turns[self._turned]
        local[:, 0, 0] -= 1
        local[:, 1, 1] -= 1
        chest, pelvis = turns[_CHEST], turns[_PELVIS]
        features = np.concatenate(
            [
                local[:, :, :2].transpose(0, 2, 1).ravel(),
                ((places[self._chest] - places[_CHEST]) @ chest * self._per_height).ravel(),
                ((places[self._pelvis] - places[_PELVIS]) @ pelvis * self._per_height).ravel(),
                -chest[_UP],
                -pelvis[_UP],
            ]
        )
        return np.asarray(features, np.float32)


def pose_features(rest: RestBody, pose: Pose) -> Floats:
    """Return the features of a pose float32 [D] in the order of POSE_FEATURES; for many poses use `PoseFeatures`.

    The rotation of each joint that matters to clothes from the body's rest pose, in its parent's frame: the first two
    columns of the matrix minus the identity's. Joints as seen from chest and pelvis, over the body's height. Which way
    is down for chest and pelvis.
    """
    return PoseFeatures(rest).of_transforms(rest.skin_transforms(pose))


def body_features(rest: RestBody, size: float) -> Floats:
    """Return the features of body and size float32 [D] in the order of BODY_FEATURES.

    Logarithms of a tailor's measures over the canonical body's, and of the size.

    Args:
        rest: The body.
        size: The garment size's girth over the default size's, `size_ratio`.
    """
    own, canonical = rest.measures().as_dict(), canonical_rest().measures().as_dict()
    ratios = [own[name] / canonical[name] for name in _MEASURES]
    return np.asarray(np.log([*ratios, size]), np.float32)


def size_ratio(points: Floats, default: Floats, faces: NDArray[np.int32]) -> float:
    """Return a size's girth over the default size's: the ratio of their edges' horizontal lengths.

    Args:
        points: The size's rest points [V, 3] [m].
        default: The default size's [V, 3] [m].
        faces: Triangles that they share [F, 3].
    """

    def girth(mesh: Floats) -> float:
        corners = mesh[faces][:, :, :_UP].astype(np.float64)
        return float(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).sum())

    return girth(points) / girth(default)
