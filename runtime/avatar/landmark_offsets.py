"""Where the detector's landmarks sit relative to the body's own keypoints, measured on pictures of known bodies."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from .fit_body import FIT_LANDMARKS

# Offset from Anny's keypoint to the detector's landmark in the T-pose's axes [m]; the right side mirrors the left.
# Printed by `python benchmarks/avatar.py --calibrate`.
_OFFSETS: dict[str, tuple[float, float, float]] = {
    "nose": (0.000, 0.003, 0.001),
    "left_eye": (-0.005, 0.006, 0.001),
    "left_ear": (-0.025, -0.024, 0.012),
    "left_shoulder": (0.002, -0.000, 0.001),
    "left_elbow": (0.002, -0.001, 0.003),
    "left_wrist": (0.010, -0.000, 0.000),
    "left_hip": (-0.002, 0.001, 0.021),
    "left_knee": (-0.008, -0.008, 0.009),
    "left_ankle": (0.001, -0.003, 0.006),
    "left_heel": (-0.007, -0.002, -0.003),
    "left_foot_index": (-0.020, 0.009, 0.009),
    "left_pinky": (-0.005, -0.036, -0.001),
    "left_index": (-0.022, 0.020, -0.012),
    "left_thumb": (0.011, 0.034, 0.005),
}


@functools.cache
def landmark_offsets() -> Tensor:
    """Return the offsets of `FIT_LANDMARKS`, [K, 3], in the T-pose's axes [m]."""
    rows = []
    for name in FIT_LANDMARKS:
        mirrored = name.startswith("right_")
        x, y, z = _OFFSETS.get(name.replace("right_", "left_") if mirrored else name, (0.0, 0.0, 0.0))
        rows.append((-x if mirrored else x, y, z))
    return torch.tensor(rows)
