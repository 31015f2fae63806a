# mypy: ignore-errors
"""Rays from the ground upwards."""

import warp as wp

wp.set_module_options({"enable_backward": False})


@wp.kernel
def cast_up(
    mesh: wp.uint64,
    corner: wp.vec2,
    cell: float,
    rays: int,
    seed: int,
    # outputs
    kept: wp.array2d[float],
) -> None:
    """The share of cosine-weighted rays from a cell's middle that meet the mesh."""
    y, x = wp.tid()
    state = wp.rand_init(seed, y * kept.shape[1] + x)
    start = wp.vec3(corner[0] + (float(x) + 0.5) * cell, corner[1] + (float(y) + 0.5) * cell, 0.0005)
    met = float(0.0)  # noqa: UP018  (Warp wants variables that loops change to be made by their type)
    for _k in range(rays):
        share = wp.randf(state)
        angle = wp.randf(state) * 2.0 * wp.pi
        flat = wp.sqrt(share)
        way = wp.vec3(flat * wp.cos(angle), flat * wp.sin(angle), wp.sqrt(1.0 - share))
        if wp.mesh_query_ray(mesh, start, way, 3.0).result:
            met += 1.0
    kept[y, x] = met / float(rays)
