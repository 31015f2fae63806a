"""Skinning in plain torch: what the kernel must equal, values and gradients."""

from __future__ import annotations

import torch
from torch import Tensor


def skin_points(points: Tensor, joint_indices: Tensor, joint_weights: Tensor, transforms: Tensor) -> Tensor:
    """Return points [V, 3] moved by the weighted sum of their joints' transforms.

    Args:
        points: Rest points [V, 3].
        joint_indices: int64 [V, K].
        joint_weights: [V, K].
        transforms: Rest → world [J, 4, 4].
    """
    blended = (joint_weights[..., None, None] * transforms[joint_indices]).sum(dim=1)
    ones = torch.ones_like(points[:, :1])
    return (blended @ torch.cat([points, ones], dim=1)[..., None])[:, :3, 0]
