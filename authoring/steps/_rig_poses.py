"""The poses that rigs are tuned on: not those of the sweep, so that what is measured there was not tuned there."""

from __future__ import annotations

from dressform.runtime.motion.sweep_poses import Turns, both

QUICK = ("arms_up", "sit", "walk_left", "twist")

TRAINING: tuple[Turns, ...] = (
    {**both("collar", 0, -6, 0), **both("shoulder", 0, -50, 0)},
    {**both("collar", 0, -14, 0), **both("shoulder", 0, -88, 0)},
    {"left_collar": (0, -16, 0), "left_shoulder": (0, -112, 0), "right_shoulder": (0, -32, 0)},
    {"right_collar": (0, 16, 0), "right_shoulder": (0, 112, 0), "left_shoulder": (0, 32, 0)},
    {**both("shoulder", -62, 10, 0), **both("elbow", -95, 10, 0)},
    {**both("shoulder", 28, 22, 0), **both("elbow", 8, 22, 0)},
    both("shoulder", -9, 33, 0),
    {"left_shoulder": (16, 24, 0), "right_shoulder": (-16, -24, 0)},
    {**both("hip", -60, 0, 0), **both("knee", -4, 0, 0), "spine3": (10, 0, 0)},
    {**both("hip", -96, -8, 0), **both("knee", 10, 0, 0), **both("shoulder", -20, 20, 0)},
    {"left_hip": (-42, 0, 0), "left_knee": (6, 0, 0), "right_hip": (24, 0, 0), "right_knee": (34, 0, 0)},
    {"right_hip": (-42, 0, 0), "right_knee": (6, 0, 0), "left_hip": (24, 0, 0), "left_knee": (34, 0, 0)},
    {"spine1": (6, 0, -8), "spine2": (12, 0, -18), "spine3": (22, 0, -30)},
    {"spine1": (6, 4, 8), "spine2": (12, 8, 18), "spine3": (22, 12, 30)},
)
