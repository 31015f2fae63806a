"""From body angles and feet to a clip: the spine curves evenly, arms hang from the chest, legs reach the feet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from dressform.runtime.body.joints import CANONICAL_JOINTS, JOINT_INDEX
from dressform.runtime.body.segments import local_rotations

from .clip import MotionClip
from .gait import FeetMotion
from .legs import ANKLES, BALLS, HIPS, KNEES, knees_forward, solve_legs, turn_x, turn_y, turn_z

Floats = NDArray[np.floating[Any]]

CARRYING = np.radians(4.0)  # forearms point a little outwards
_HOLD, _EASE = 0.05, 0.06  # how long the pelvis stays down around its lowest points, and how softly it leaves them [s]


@dataclass(frozen=True)
class Turn:
    """A world orientation over time [T] each [rad]: yaw to the left, roll lowering the left side, pitch forward."""

    yaw: Floats
    roll: Floats
    pitch: Floats

    def matrices(self) -> Floats:
        """Return rotations [T, 3, 3]."""
        return np.asarray(turn_z(self.yaw) @ turn_y(self.roll) @ turn_x(self.pitch))

    def towards(self, other: Turn, share: float) -> Turn:
        """Return the orientation a share of the way to another."""
        pairs = zip((self.yaw, self.roll, self.pitch), (other.yaw, other.roll, other.pitch), strict=True)
        return Turn(*(a + share * (b - a) for a, b in pairs))


@dataclass(frozen=True)
class Arm:
    """One arm over time, angles [T] [rad].

    Attributes:
        raise_: From hanging (0) sideways to horizontal (π/2) and on to overhead.
        swing: Backwards, about the body's lateral axis.
        plane: How far in front of the frontal plane the arm rises.
        twist: Inward rotation about the upper arm.
        flex: Elbow.
        forearm_twist: Inward rotation of the hand about the forearm.
        wrist: Bend of the hand towards the palm.
        shrug: Raised collar bone.
    """

    raise_: Floats
    swing: Floats
    plane: Floats
    twist: Floats
    flex: Floats
    forearm_twist: Floats
    wrist: Floats
    shrug: Floats


@dataclass
class Posture:
    """Everything above the feet.

    Attributes:
        pelvis_ground: Point under the pelvis [T, 2] [m].
        bob: Pelvis above its mean height [T] [m].
        pelvis, chest, head: World orientations.
        arms: Left and right.
        reach: How far legs may stretch, as a share of their length: knees never lock.
    """

    pelvis_ground: Floats
    bob: Floats
    pelvis: Turn
    chest: Turn
    head: Turn
    arms: tuple[Arm, Arm]
    reach: float = 0.997


def make_clip(name: str, fps: float, posture: Posture, feet: FeetMotion, joints: Floats) -> MotionClip:
    """Return a looping clip.

    Args:
        name: The clip's name.
        fps: Keys per second.
        posture: The upper body.
        feet: Where the feet are.
        joints: The reference skeleton's standing T-pose [22, 3] [m].
    """
    count = len(posture.bob)
    world = np.empty((count, len(CANONICAL_JOINTS), 3, 3))
    _trunk(world, posture)
    for side, arm in enumerate(posture.arms):
        _arm(world, arm, side)
    pelvis = _pelvis_positions(fps, posture, world[:, 0], feet, joints)
    hips = pelvis[:, None] + np.einsum("tab,jb->tja", world[:, 0], joints[HIPS] - joints[0])
    thigh = np.linalg.norm(joints[KNEES] - joints[HIPS], axis=1)
    shin = np.linalg.norm(joints[ANKLES] - joints[KNEES], axis=1)
    forward = knees_forward(feet.rotations, world[:, 0])
    world[:, HIPS], world[:, KNEES] = solve_legs(hips, feet.ankles, forward, thigh, shin)
    world[:, ANKLES], world[:, BALLS] = feet.rotations, feet.toes
    return MotionClip(
        name=name,
        fps=fps,
        rotations=local_rotations(world.astype(np.float32)),
        root=(pelvis - joints[0]).astype(np.float32),
        contacts=feet.planted,
        loop=True,
        reference_joints=joints.astype(np.float32),
    )


def _trunk(world: Floats, posture: Posture) -> None:
    pelvis, chest, head = posture.pelvis, posture.chest, posture.head
    world[:, 0] = pelvis.matrices()
    for name, share in (("spine1", 0.35), ("spine2", 0.7), ("spine3", 1.0)):
        world[:, JOINT_INDEX[name]] = pelvis.towards(chest, share).matrices()
    world[:, JOINT_INDEX["neck"]] = chest.towards(head, 0.45).matrices()
    world[:, JOINT_INDEX["head"]] = head.matrices()


def _arm(world: Floats, arm: Arm, side: int) -> None:
    name, sign = ("left", 1.0) if side == 0 else ("right", -1.0)
    chest = world[:, JOINT_INDEX["spine3"]]
    collar = chest @ turn_y(-sign * arm.shrug)
    below_level = np.pi / 2 - arm.raise_ + arm.shrug
    plane = turn_z(-sign * arm.plane)
    shoulder = collar @ turn_x(arm.swing) @ plane @ turn_y(sign * below_level) @ turn_x(arm.twist)
    elbow = shoulder @ turn_y(np.full_like(arm.flex, -sign * CARRYING)) @ turn_z(-sign * arm.flex)
    hand = elbow @ turn_x(arm.forearm_twist) @ turn_y(sign * arm.wrist)
    for joint, matrices in (("collar", collar), ("shoulder", shoulder), ("elbow", elbow), ("wrist", hand)):
        world[:, JOINT_INDEX[f"{name}_{joint}"]] = matrices


def _pelvis_positions(fps: float, posture: Posture, turned: Floats, feet: FeetMotion, joints: Floats) -> Floats:
    """Return the pelvis [T, 3]: it rides as high as the legs allow, in a smooth line."""
    pelvis = np.concatenate([posture.pelvis_ground, (joints[0, 2] + posture.bob)[:, None]], axis=1)
    hips = pelvis[:, None] + np.einsum("tab,jb->tja", turned, joints[HIPS] - joints[0])
    thigh = np.linalg.norm(joints[KNEES] - joints[HIPS], axis=1)
    longest = posture.reach * (thigh + np.linalg.norm(joints[ANKLES] - joints[KNEES], axis=1))
    aside = np.linalg.norm(hips[..., :2] - feet.ankles[..., :2], axis=-1)
    excess = hips[..., 2] - feet.ankles[..., 2] - np.sqrt(np.maximum(longest**2 - aside**2, 0.01))
    needed = excess.max(axis=1)
    window = 2 * round(_HOLD * fps) + 1
    sink = gaussian_filter1d(maximum_filter1d(needed, window, mode="wrap"), _EASE * fps, mode="wrap")
    pelvis[:, 2] -= sink
    return pelvis
