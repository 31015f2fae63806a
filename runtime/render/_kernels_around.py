# mypy: ignore-errors
"""How much of the light from all around reaches each vertex, gathered from depth maps seen from many sides."""

import warp as wp

from ._kernels_raster import LightFrame, is_sound, to_light
from ._kernels_view import LIGHT_DEPTH_SCALE, RELAXED

wp.set_module_options(RELAXED)


@wp.kernel
def transform_lit(
    vertices: wp.array[wp.vec3],
    frame: LightFrame,
    # outputs
    lit: wp.array[wp.vec3],
) -> None:
    """Map vertices into a side's depth map."""
    i = wp.tid()
    point = vertices[i]
    if is_sound(point):
        lit[i] = to_light(frame, point)
    else:
        lit[i] = wp.vec3(wp.nan, wp.nan, wp.nan)


@wp.func
def seen(depths: wp.array2d[wp.int32], x: int, y: int, limit: int) -> float:
    """Whether a texel's depth is at least a limit."""
    if depths[y, x] >= limit:
        return 1.0
    return 0.0


@wp.kernel
def gather_side(
    vertices: wp.array[wp.vec3],
    normals: wp.array[wp.vec3],
    depths: wp.array2d[wp.int32],
    frame: LightFrame,
    weight: float,
    texel: float,
    # outputs
    sums: wp.array[wp.vec2],
) -> None:
    """Add a side's light to what reaches each vertex, and to what would if nothing stood in the way."""
    i = wp.tid()
    n = wp.normalize(normals[i])
    facing = wp.dot(n, frame.toward)
    if facing <= 0.0:
        return
    grazing = wp.sqrt(wp.max(1.0 - facing * facing, 0.0))
    p = to_light(frame, vertices[i] + n * texel * (0.6 + 1.2 * grazing))
    u = p[0] - 0.5
    v = p[1] - 0.5
    x = int(wp.floor(u))
    y = int(wp.floor(v))
    share = float(1.0)  # noqa: UP018  (Warp wants variables that branches change to be made by their type)
    if x >= 0 and y >= 0 and x + 1 < depths.shape[1] and y + 1 < depths.shape[0]:
        limit = int((p[2] - texel) * LIGHT_DEPTH_SCALE)
        right = u - float(x)
        down = v - float(y)
        above = seen(depths, x, y, limit) * (1.0 - right) + seen(depths, x + 1, y, limit) * right
        below = seen(depths, x, y + 1, limit) * (1.0 - right) + seen(depths, x + 1, y + 1, limit) * right
        share = above * (1.0 - down) + below * down
    sums[i] = sums[i] + wp.vec2(share, 1.0) * (weight * facing)


@wp.kernel
def share_of_sides(
    sums: wp.array[wp.vec2],
    # outputs
    open: wp.array[float],
) -> None:
    """Turn the sums over sides into shares; 1 where no side is faced."""
    i = wp.tid()
    total = sums[i]
    open[i] = 1.0
    if total[1] > 0.0:
        open[i] = total[0] / total[1]
