"""What poses and shapes people have, as quadratic penalties: a standing pose, hinges with limits, an average adult."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dressform.runtime.body.joints import CANONICAL_JOINTS, JOINT_INDEX

from .fit_body import FIT_LANDMARKS, SHAPE_KEYS

DEGREE = math.pi / 180.0
ARMS_DOWN = 62.0  # of 90°: relaxed arms hang a little off the body [degree]
LIMIT_SIGMA = 4.0 * DEGREE
# Standard deviations about the standing pose [degree]: one value, or one for each axis x, y, z of the T-pose.
SIGMAS: dict[str, float | tuple[float, float, float]] = {
    "hip": (38.0, 18.0, 18.0),
    "knee": (70.0, 4.0, 4.0),
    "ankle": 18.0,
    "foot": 8.0,
    "spine1": 9.0,
    "spine2": 9.0,
    "spine3": 9.0,
    "neck": 13.0,
    "head": 16.0,
    "collar": 7.0,
    "shoulder": 45.0,
    "elbow": (35.0, 5.0, 70.0),  # x is the forearm's twist
    "wrist": 20.0,
}
# joint -> (axis, sign, lowest and highest bend [degree]); z bends an elbow of the T-pose, x a knee
HINGES: dict[str, tuple[int, float, float, float]] = {
    "left_elbow": (2, -1.0, -5.0, 145.0),
    "right_elbow": (2, 1.0, -5.0, 145.0),
    "left_knee": (0, 1.0, -3.0, 140.0),
    "right_knee": (0, 1.0, -3.0, 140.0),
}
# Anny's height 0.36 is 1.76 m for a man and 1.63 m for a woman; 0.065 is 7 cm, the spread of adults of one gender.
SHAPE_MEAN = {"gender": 0.5, "muscle": 0.5, "weight": 0.6, "height": 0.36, "proportions": 0.6}
SHAPE_SIGMA = {"gender": 0.35, "muscle": 0.15, "weight": 0.25, "height": 0.065, "proportions": 0.15}
# Landmarks that show whether a joint's segment can be seen; where none is seen the pose stays close to standing.
WITNESSES: dict[str, tuple[str, ...]] = {
    "hip": ("knee", "ankle"),
    "knee": ("ankle",),
    "ankle": ("heel", "foot_index"),
    "shoulder": ("elbow", "wrist"),
    "elbow": ("wrist",),
    "wrist": ("index", "pinky", "thumb"),
}
UNSEEN_SHRINK = 0.25  # factor on a standard deviation where no witness is seen


@dataclass(frozen=True)
class PosePrior:
    """Penalty on rotation vectors away from the standing pose.

    Attributes:
        mean: Local rotations of the standing pose, [J, 3, 3].
        sigma: Standard deviations, [J, 3] [rad]; infinite for the pelvis.
        hinge_joints, hinge_axes, hinge_signs, hinge_low, hinge_high: One-sided limits on single axes, [H].
    """

    mean: Tensor
    sigma: Tensor
    hinge_joints: Tensor
    hinge_axes: Tensor
    hinge_signs: Tensor
    hinge_low: Tensor
    hinge_high: Tensor

    def energy(self, vectors: Tensor) -> Tensor:
        """Return the penalty [B] of rotation vectors [B, J, 3] on top of the standing pose."""
        quadratic = (vectors / self.sigma).square().sum((1, 2))
        bend = vectors[:, self.hinge_joints, self.hinge_axes] * self.hinge_signs
        beyond = torch.relu(bend - self.hinge_high) + torch.relu(self.hinge_low - bend)
        return quadratic + (beyond / LIMIT_SIGMA).square().sum(1)


def pose_prior(visibility: NDArray[np.float32] | None = None) -> PosePrior:
    """Return the prior, tighter for segments of which nothing is seen.

    Args:
        visibility: Of each of `FIT_LANDMARKS`, [K]; None sees everything.
    """
    sigma, axes = np.full((len(CANONICAL_JOINTS), 3), np.inf), list(HINGES.items())
    for name, index in JOINT_INDEX.items():
        part = name.split("_")[-1]
        if part in SIGMAS:
            sigma[index] = np.asarray(SIGMAS[part]) * DEGREE
        if visibility is not None and part in WITNESSES:
            side = name.split("_")[0]
            seen = max(float(visibility[FIT_LANDMARKS.index(f"{side}_{w}")]) for w in WITNESSES[part])
            sigma[index] *= UNSEEN_SHRINK + (1.0 - UNSEEN_SHRINK) * min(1.0, seen / 0.5)
    return PosePrior(
        mean=_standing(),
        sigma=torch.tensor(sigma, dtype=torch.float32),
        hinge_joints=torch.tensor([JOINT_INDEX[name] for name, _ in axes]),
        hinge_axes=torch.tensor([row[0] for _, row in axes]),
        hinge_signs=torch.tensor([row[1] for _, row in axes]),
        hinge_low=torch.tensor([row[2] * DEGREE for _, row in axes]),
        hinge_high=torch.tensor([row[3] * DEGREE for _, row in axes]),
    )


@functools.cache
def _standing() -> Tensor:
    mean = torch.eye(3).repeat(len(CANONICAL_JOINTS), 1, 1)
    for name, sign in (("left_shoulder", 1.0), ("right_shoulder", -1.0)):
        cos, sin = math.cos(ARMS_DOWN * DEGREE), sign * math.sin(ARMS_DOWN * DEGREE)
        mean[JOINT_INDEX[name]] = torch.tensor([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])
    return mean


def shape_prior() -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of the shape parameters, each [len(SHAPE_KEYS)]."""
    return (
        torch.tensor([SHAPE_MEAN[key] for key in SHAPE_KEYS]),
        torch.tensor([SHAPE_SIGMA[key] for key in SHAPE_KEYS]),
    )
