"""Warp kernels of the steps."""

from __future__ import annotations

import warp as wp


@wp.kernel
def covered_kernel(
    mesh: wp.uint64,
    origins: wp.array(dtype=wp.vec3),
    directions: wp.array(dtype=wp.vec3),
    reach: float,
    # outputs
    covered: wp.array(dtype=wp.bool),
) -> None:
    """Tell whether a ray leaves through cloth (seen from its inner side) within reach."""
    i = wp.tid()
    hit = wp.mesh_query_ray(mesh, origins[i], directions[i], reach)
    covered[i] = hit.result and wp.dot(hit.normal, directions[i]) > 0.0
