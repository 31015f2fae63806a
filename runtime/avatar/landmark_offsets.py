"""Where the detector's landmarks sit relative to the body's own keypoints, measured on pictures of known bodies."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from .fit_body import FIT_LANDMARKS

# Offset from Anny's keypoint to the detector's landmark in the T-pose's axes [m]; the right side mirrors the left.
# Printed by `python benchmarks/avatar.py --calibrate`.
_OFFSETS: dict[str, tuple[float, float, float]] = {}


@functools.cache
def landmark_offsets() -> Tensor:
    """Return the offsets of `FIT_LANDMARKS`, [K, 3], in the T-pose's axes [m]."""
    rows = []
    for name in FIT_LANDMARKS:
        mirrored = name.startswith("right_")
        x, y, z = _OFFSETS.get(name.replace("right_", "left_") if mirrored else name, (0.0, 0.0, 0.0))
        rows.append((-x if mirrored else x, y, z))
    return torch.tensor(rows)
