"""The clips that stand: raising the arms, and idling."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.joints import JOINT_INDEX

from .clip import MotionClip
from .gait import FeetMotion, ease
from .legs import turn_z
from .posture import Arm, Posture, Turn, make_clip

Floats = NDArray[np.floating[Any]]

FPS = 60.0
_TOE_OUT = np.radians(7.0)


def arms_raise(joints: Floats) -> MotionClip:
    """Return both arms rising sideways overhead and sinking again, the shoulder blades turning with them."""
    seconds = 7.0
    times = np.arange(round(seconds * FPS)) / FPS
    up = ease((times - 0.6) / 2.2) - ease((times - 3.6) / 2.3)
    raised = np.radians(9.0) + np.radians(151.0) * up
    breath = np.sin(2 * np.pi * times / seconds * 2)
    zero = np.zeros_like(times)
    arm = Arm(
        raise_=raised,
        swing=zero,
        plane=np.radians(14.0) * np.sin(np.pi * np.clip(up, 0, 1)) + np.radians(6.0) * up,
        twist=np.radians(10.0) - np.radians(60.0) * ease((raised - np.radians(30)) / np.radians(100)),
        flex=np.radians(14.0) - np.radians(2.0) * up,
        forearm_twist=np.radians(2.0) - np.radians(32.0) * ease((raised - np.radians(50)) / np.radians(100)),
        wrist=zero,
        # two degrees at the shoulder joint to one of the shoulder blade, after the first third
        shrug=np.radians(30.0) * ease((raised - np.radians(25)) / np.radians(130)) ** 0.9,
    )
    chest = Turn(zero, zero, np.radians(1.0) - np.radians(4.0) * up + np.radians(0.5) * breath)
    posture = Posture(
        pelvis_ground=np.stack([zero, 0.006 * up], axis=1),
        bob=0.001 * breath,
        pelvis=Turn(zero, zero, np.radians(1.5) + 0 * zero),
        chest=chest,
        head=Turn(zero, zero, np.radians(1.0) - np.radians(3.0) * up),
        arms=(arm, arm),
        reach=0.9985,
    )
    return make_clip("arms-raise", FPS, posture, _standing_feet(joints, len(times), 0.115), joints)


def idle(joints: Floats) -> MotionClip:
    """Return breathing and a slow shift of weight from leg to leg."""
    seconds = 12.0
    times = np.arange(round(seconds * FPS)) / FPS
    turn = 2 * np.pi * times / seconds
    # dwell on each leg rather than swing through
    shift = np.tanh(2.2 * np.sin(turn)) / np.tanh(2.2)
    late = np.tanh(2.2 * np.sin(turn - 0.25)) / np.tanh(2.2)
    breath = np.sin(3 * turn)
    gaze = np.sin(turn + 0.9) + 0.35 * np.sin(2 * turn)
    zero = np.zeros_like(times)
    arm = Arm(
        raise_=np.radians(9.5) + np.radians(0.5) * breath,
        swing=np.radians(-2.0) + np.radians(0.6) * np.sin(2 * turn + 0.5),
        plane=zero,
        twist=np.radians(12.0) + zero,
        flex=np.radians(16.0) + np.radians(1.0) * np.sin(2 * turn),
        forearm_twist=np.radians(3.0) + zero,
        wrist=np.radians(6.0) + zero,
        shrug=np.radians(1.4) * breath,
    )
    posture = Posture(
        pelvis_ground=np.stack([0.036 * shift, 0.004 * np.cos(turn)], axis=1),
        bob=0.0015 * breath,
        pelvis=Turn(np.radians(2.0) * late, -np.radians(3.0) * shift, np.radians(1.5) + zero),
        chest=Turn(-np.radians(1.0) * late, np.radians(1.6) * late, np.radians(1.5) - np.radians(1.2) * breath),
        head=Turn(np.radians(5.0) * gaze, np.radians(0.8) * late, np.radians(1.0) + np.radians(1.0) * np.sin(2 * turn)),
        arms=(arm, replace(arm, raise_=np.radians(9.5) + np.radians(0.5) * breath + np.radians(0.6) * late)),
        reach=0.9985,
    )
    return make_clip("idle", FPS, posture, _standing_feet(joints, len(times), 0.115), joints)


def _standing_feet(joints: Floats, frames: int, half_width: float) -> FeetMotion:
    signs = np.array([1.0, -1.0])
    places = np.stack(
        [signs * half_width, np.zeros(2), joints[[JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]], 2]], axis=1
    )
    rotations = np.broadcast_to(turn_z(signs * _TOE_OUT), (frames, 2, 3, 3))
    return FeetMotion(np.broadcast_to(places, (frames, 2, 3)), rotations, rotations, np.ones((frames, 2), dtype=bool))
