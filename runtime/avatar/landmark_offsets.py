"""Where the detector's landmarks sit relative to the body's own keypoints, measured on pictures of known bodies."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from .fit_body import FIT_LANDMARKS

# Offset from Anny's keypoint to the detector's landmark in the T-pose's axes [m]; the right side mirrors the left.
# Printed by `python -m dressform.benchmarks.landmark_offsets`.
_OFFSETS: dict[str, tuple[float, float, float]] = {
    "nose": (0.000, 0.008, -0.003),
    "left_eye": (-0.004, 0.009, -0.003),
    "left_ear": (-0.023, -0.024, 0.007),
    "left_shoulder": (-0.001, -0.006, -0.001),
    "left_elbow": (0.000, -0.003, 0.004),
    "left_wrist": (0.007, 0.000, -0.001),
    "left_hip": (-0.004, -0.002, 0.027),
    "left_knee": (-0.008, -0.012, 0.008),
    "left_ankle": (0.001, -0.003, 0.007),
    "left_heel": (-0.004, -0.005, 0.001),
    "left_foot_index": (-0.015, 0.010, 0.006),
    "left_pinky": (-0.012, -0.032, -0.003),
    "left_index": (-0.023, 0.017, -0.010),
    "left_thumb": (0.010, 0.031, 0.009),
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
