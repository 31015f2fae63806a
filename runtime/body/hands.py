"""Hands at ease: Anny rests with flat, spread fingers; a standing person's hang together, gently curled.

Angles are those of the T-pose, palms down: fingers point along the arm, the thumb lies in front.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.rotations import normalize, quat_from_rotvec, quat_to_matrix

from .joints import JOINT_INDEX

Floats = NDArray[np.float32]

_UP = np.array([0, 0, 1], dtype=np.float32)


@dataclass(frozen=True)
class Finger:
    """Where the three phalanges of a relaxed finger point, from the knuckle on [degrees].

    Attributes:
        below: Under the plane of the hand.
        aside: From straight on towards the little finger's side.
        roll: Turn of the phalanges about themselves, pulp towards the little finger's side.
    """

    below: tuple[float, float, float]
    aside: tuple[float, float, float]
    roll: tuple[float, float, float] = (0, 0, 0)


# thumb first; the knuckles lie wider apart than the fingers are thick, so fingers converge to close up
_RELAXED = (
    Finger((32, 24, 18), (-27, -7, 4), (15, 20, 20)),
    Finger((21, 49, 62), (9.0, 9.0, 9.0)),
    Finger((24, 54, 68), (1.5, 1.5, 1.5)),
    Finger((27, 59, 75), (-2.5, -2.5, -2.5)),
    Finger((30, 62, 79), (-7.0, -7.0, -7.0)),
)


def relaxed_hands(joint_poses: Floats, alignment: Floats, bone_names: Sequence[str]) -> Floats:
    """Return what relaxes both hands before any pose, rest → rest, float32 [J, 4, 4]; the identity but for fingers.

    Args:
        joint_poses: Anny's rest [J, 4, 4]; bones point along their y axes.
        alignment: Rotations of the canonical segments from the rest to the T-pose [22, 3, 3].
        bone_names: Anny's bones [J].
    """
    index = {name: bone for bone, name in enumerate(bone_names)}
    bones = np.array(
        [[[index[f"finger{n}-{k}.{end}"] for k in (1, 2, 3)] for n in range(1, 6)] for end in "LR"]
    )  # [side, finger, phalanx]
    wrists = alignment[[JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]][:, None, None]
    rest = _frames((wrists @ joint_poses[bones][..., :3, 1, None])[..., 0])
    turns = np.swapaxes(wrists, -1, -2) @ _relaxed_frames() @ np.swapaxes(rest, -1, -2) @ wrists
    heads = joint_poses[bones][..., :3, 3]
    steps = np.diff(heads, axis=2)
    places = heads[:, :, 0]
    relaxed = np.tile(np.eye(4, dtype=np.float32), (len(bone_names), 1, 1))
    for phalanx in range(3):
        turn = turns[:, :, phalanx]
        relaxed[bones[:, :, phalanx], :3, :3] = turn
        relaxed[bones[:, :, phalanx], :3, 3] = places - np.einsum("sfab,sfb->sfa", turn, heads[:, :, phalanx])
        if phalanx < 2:
            places = places + np.einsum("sfab,sfb->sfa", turn, steps[:, :, phalanx])
    return relaxed


def _relaxed_frames() -> Floats:
    """Return the frames of the relaxed phalanges [2, 5, 3, 3, 3], left hand first."""
    below, aside, roll = (
        np.radians([getattr(finger, name) for finger in _RELAXED]) for name in ("below", "aside", "roll")
    )
    ways = np.stack([np.cos(below) * np.cos(aside), np.cos(below) * np.sin(aside), -np.sin(below)], axis=-1)
    ways = np.stack([ways, ways * (-1, 1, 1)])
    rolls = np.stack([roll, -roll])[..., None] * ways
    return (quat_to_matrix(quat_from_rotvec(rolls)) @ _frames(ways)).astype(np.float32)


def _frames(ways: Floats) -> Floats:
    """Return orthonormal frames [..., 3, 3] along directions [..., 3], level across."""
    ways = normalize(ways)
    across = normalize(np.cross(_UP, ways))
    return np.stack([ways, across, np.cross(ways, across)], axis=-1).astype(np.float32)
