"""Plays a clip on a body: any length, in constant memory, without sliding feet.

The clip is taken apart once into footprints, foot rotations and an upper body; these are scaled to the body, and each
frame's legs are solved anew, so feet stay where they are planted whatever the body's proportions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.joints import CANONICAL_JOINTS
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.body.segments import PARENT_OF_CHILD, chain_positions, local_rotations, world_rotations

from .clearance import arm_spread, spread_arms, stance_spread
from .clip import MotionClip
from .interpolate import Track, from_six, to_six
from .legs import (
    ANKLES,
    BALLS,
    HIPS,
    KNEES,
    FeetShape,
    heading_of,
    knees_forward,
    solve_legs,
    turn_z,
)

Floats = NDArray[np.floating[Any]]

_JOINTS = len(CANONICAL_JOINTS)
_LONGEST = 0.9995  # share of a leg's length that it may stretch to
_SOFTNESS = 0.0015  # width over which the pelvis starts to give way [m]


class Player:
    """A clip fitted to one body.

    Args:
        clip: The motion.
        rest: The body.
    """

    def __init__(self, clip: MotionClip, rest: RestBody) -> None:
        self.clip, self.rest = clip, rest
        joints = rest.posed_joints(Pose.t_pose())
        self._joints = joints
        self._thigh = np.linalg.norm(joints[KNEES] - joints[HIPS], axis=1)
        self._shin = np.linalg.norm(joints[ANKLES] - joints[KNEES], axis=1)
        self._feet = FeetShape.of_body(rest)
        self._scale = rest.pelvis_height / clip.reference_pelvis_height
        self._track = Track(self._channels(), clip.fps, loop=clip.loop)
        self._spread = 0.0
        self._spread = arm_spread(rest, [self.pose_at(t) for t in np.linspace(0, clip.seconds, 24, endpoint=False)])

    def _channels(self) -> Floats:
        """Return the clip's keys [T, C]: local rotations, root, feet's world rotations and footprints, scaled."""
        clip, reference = self.clip, self.clip.reference_joints
        world = world_rotations(clip.rotations)
        offsets = reference[1:] - reference[PARENT_OF_CHILD]
        places = chain_positions(world, offsets, reference[0] + clip.root)
        own = FeetShape.of_skeleton(reference)
        footprints = own.footprints_at(places[:, ANKLES], world[:, ANKLES])
        lifted = footprints[..., 2] - own.ball[:, 2]
        footprints = footprints * self._scale
        footprints += self._aside(world, places * self._scale)
        footprints[..., 2] = self._feet.ball[:, 2] + self._scale * lifted
        parts = [
            to_six(world_to_local(world)).reshape(len(clip), -1),
            clip.root * self._scale,
            to_six(world[:, ANKLES]).reshape(len(clip), -1),
            footprints.reshape(len(clip), -1),
        ]
        return np.concatenate(parts, axis=1).astype(np.float32)

    def _aside(self, world: Floats, places: Floats) -> Floats:
        """Return how far each footprint moves outwards [T, 2, 3], for legs that would brush against each other."""
        left = turn_z(heading_of(world[:, 0]))[..., 0]
        apart = np.einsum("ta,ta->t", places[:, ANKLES[0]] - places[:, ANKLES[1]], left)
        spread = stance_spread(self.rest, float(np.median(apart)) / 2)
        own_left = turn_z(heading_of(world[:, ANKLES]))[..., 0]
        return np.asarray(own_left * np.array([[spread], [-spread]]))

    def pose_at(self, time: float) -> Pose:
        """Return the pose at a time [s]; a looping clip goes on for ever, another holds its last frame."""
        channels = self._track.at(time)
        locals_, root, feet, footprints = np.split(channels, [6 * _JOINTS, 6 * _JOINTS + 3, 6 * _JOINTS + 15])
        local = from_six(locals_.reshape(_JOINTS, 6))
        spread_arms(local, self._spread)
        world = _chain(local)
        rotations = from_six(feet.reshape(2, 6))
        toes = [world[ball] for ball in BALLS]
        ankles = self._feet.ankles_at(footprints.reshape(2, 3), rotations)
        pelvis = self._joints[0] + root
        hip_offsets = (self._joints[HIPS] - self._joints[0]) @ world[0].T
        pelvis = pelvis - np.array([0, 0, self._sink(pelvis + hip_offsets, ankles)], dtype=np.float32)
        forward = knees_forward(rotations, world[0])
        world[HIPS], world[KNEES] = solve_legs(pelvis + hip_offsets, ankles, forward, self._thigh, self._shin)
        world[ANKLES] = rotations
        world[BALLS] = toes
        return Pose(local_rotations(world), (pelvis - self._joints[0]).astype(np.float32))

    def _sink(self, hips: Floats, ankles: Floats) -> float:
        """Return how far the pelvis must sink for both legs to reach their feet, eased so that it never jerks [m]."""
        longest = _LONGEST * (self._thigh + self._shin)
        aside = np.linalg.norm(hips[:, :2] - ankles[:, :2], axis=1)
        excess = hips[:, 2] - ankles[:, 2] - np.sqrt(np.maximum(longest**2 - aside**2, 0.01))
        return float(_SOFTNESS * np.logaddexp.reduce([0.0, *(excess / _SOFTNESS)]))


def _chain(local: Floats) -> Floats:
    world = local.copy()
    for joint, parent in enumerate(PARENT_OF_CHILD, start=1):
        world[joint] = world[parent] @ local[joint]
    return world


def world_to_local(world: Floats) -> Floats:
    """Return local rotations [..., 22, 3, 3] of world rotations [..., 22, 3, 3]."""
    local = world.copy()
    local[..., 1:, :, :] = np.swapaxes(world[..., PARENT_OF_CHILD, :, :], -1, -2) @ world[..., 1:, :, :]
    return local


def play(
    clip: MotionClip, rest: RestBody, fps: float, seconds: float | None = None, *, first: int = 0
) -> Iterator[Pose]:
    """Yield poses of a body at a frame rate.

    Args:
        clip: The motion; a looping one goes on smoothly for any length, another holds its last frame.
        rest: The body.
        fps: Frames per second of the output.
        seconds: Length [s]; None plays a looping clip for ever, another once.
        first: Number of the frame to begin with.
    """
    player = Player(clip, rest)
    if seconds is None and not clip.loop:
        seconds = clip.seconds
    frames = itertools.count(first) if seconds is None else range(first, round(seconds * fps))
    for frame in frames:
        # a whole number of loops is taken off first, so that time keeps its digits in a stream of days
        yield player.pose_at(frame / fps % clip.seconds if clip.loop else frame / fps)
