"""Linear blend skinning: a Warp kernel for a stream of frames, numpy for one pose."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.geometry.simd.code import lanes_on
from dressform.runtime.geometry.upload import Upload

from ._kernels import skin_points

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


def skin(points: Floats, joint_indices: Integers, joint_weights: Floats, transforms: Floats) -> Floats:
    """Return world points float32 [V, 3] of one pose [m].

    Args:
        points: Rest points [V, 3] [m].
        joint_indices: [V, K].
        joint_weights: [V, K].
        transforms: Rest → world [J, 4, 4].
    """
    total = np.zeros((len(points), 3), dtype=np.float32)
    for slot in range(joint_indices.shape[1]):
        weights = joint_weights[:, slot]
        used = np.flatnonzero(weights)
        moved = transforms[joint_indices[used, slot]]
        total[used] += weights[used, None] * (np.einsum("vab,vb->va", moved[:, :3, :3], points[used]) + moved[:, :3, 3])
    return total


class Skinner:
    """Poses one set of points again and again without allocating.

    Args:
        rest_points: numpy or Warp vec3 array [V, 3] [m]; a Warp array is used as it is, so its owner may change it.
        joint_indices: int32 [V, K].
        joint_weights: float32 [V, K], rows sum to 1.
        device: Warp device, e.g. "cpu" or "cuda:0".
    """

    def __init__(self, rest_points: Any, joint_indices: Integers, joint_weights: Floats, device: str = "cpu") -> None:
        count = len(rest_points)
        if joint_indices.shape != joint_weights.shape or len(joint_indices) != count:
            raise ValueError(
                f"joint_indices and joint_weights must be [{count}, K] like rest_points, "
                f"got {list(joint_indices.shape)} and {list(joint_weights.shape)}"
            )
        is_warp = isinstance(rest_points, wp.array)
        self.device = device
        self.rest_points = rest_points if is_warp else wp.array(rest_points, dtype=wp.vec3, device=device)
        order = np.argsort(-joint_weights, axis=1, kind="stable")
        indices, weights = (np.take_along_axis(table, order, axis=1) for table in (joint_indices, joint_weights))
        used = max(int((weights > 0).any(axis=0).sum()), 1)
        self._indices = wp.array(np.ascontiguousarray(indices[:, :used], np.int32), dtype=wp.int32, device=device)
        self._weights = wp.array(np.ascontiguousarray(weights[:, :used], np.float32), dtype=wp.float32, device=device)
        self._lanes = lanes_on(device)
        self._joint_count = int(joint_indices.max(initial=0)) + 1
        self._transforms: Upload | None = None

    def __len__(self) -> int:
        return int(self.rest_points.shape[0])

    def launch(self, transforms: Any, out: Any, offset: int = 0, *, count: int | None = None) -> None:
        """Write posed points into `out`.

        Args:
            transforms: Rest → world [J, 4, 4], numpy or a Warp mat44 array on the device.
            out: Warp vec3 array on the device, with room for the points from `offset` on.
            offset: First entry of `out` to write.
            count: How many points, from the first on; all when None.
        """
        if len(transforms) < self._joint_count:
            raise ValueError(f"transforms must hold {self._joint_count} joints or more, got {len(transforms)}")
        if len(out) < offset + len(self):
            raise ValueError(f"out must hold {offset + len(self)} points or more, got {len(out)}")
        if not isinstance(transforms, wp.array):
            transforms = self._upload(transforms)
        number = len(self) if count is None else count
        wp.launch(
            skin_points,
            dim=-(-number // self._lanes),
            inputs=[self.rest_points, self._indices, self._weights, transforms, offset, number, self._lanes],
            outputs=[out],
            device=self.device,
        )

    def _upload(self, transforms: Floats) -> Any:
        if self._transforms is None or len(self._transforms.values) != len(transforms):
            self._transforms = Upload(len(transforms), wp.mat44, self.device)
        return self._transforms.fill(transforms)
