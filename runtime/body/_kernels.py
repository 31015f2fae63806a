"""Warp kernels of skinning."""

from __future__ import annotations

import warp as wp


@wp.kernel
def skin_points(
    points: wp.array(dtype=wp.vec3),
    joint_indices: wp.array2d(dtype=wp.int32),
    joint_weights: wp.array2d(dtype=wp.float32),
    transforms: wp.array(dtype=wp.mat44),
    offset: wp.int32,
    # outputs
    posed: wp.array(dtype=wp.vec3),
) -> None:
    i = wp.tid()
    point = points[i]
    total = wp.vec3(0.0, 0.0, 0.0)
    for k in range(joint_indices.shape[1]):
        weight = joint_weights[i, k]
        if weight > 0.0:
            total += weight * wp.transform_point(transforms[joint_indices[i, k]], point)
    posed[offset + i] = total
