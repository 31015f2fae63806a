# mypy: disable-error-code="untyped-decorator"
"""The shadow on the ground: a small map on z = 0 of what the sun and the room no longer reach."""

import warp as wp

from dressform.runtime.render._kernels_raster import FAR, LIGHT_DEPTH_SCALE, LightFrame, to_light
from dressform.runtime.render._kernels_view import EMPTY, View, ray_direction

wp.set_module_options({"enable_backward": False})


@wp.struct
class GroundFrame:
    """The map's corner [m], cell [m]; cells are anchored in the world so that the shadow does not crawl."""

    corner: wp.vec2
    cell: float


@wp.kernel
def splat_contacts(
    vertices: wp.array[wp.vec3],
    ground: GroundFrame,
    # outputs
    near: wp.array2d[float],
    high: wp.array2d[float],
) -> None:
    """Note how close above each cell something is, once falling off within a hand's breadth and once within half a metre."""
    i = wp.tid()
    p = vertices[i]
    if p[2] > 0.9:
        return
    x = int((p[0] - ground.corner[0]) / ground.cell)
    y = int((p[1] - ground.corner[1]) / ground.cell)
    if x < 0 or y < 0 or x >= near.shape[1] or y >= near.shape[0]:
        return
    height = wp.max(p[2], 0.0)
    wp.atomic_max(near, y, x, wp.exp(-height / 0.05))
    wp.atomic_max(high, y, x, wp.exp(-height / 0.35))


@wp.kernel
def blur(
    source: wp.array2d[float],
    radius: int,
    step_x: int,
    step_y: int,
    # outputs
    target: wp.array2d[float],
) -> None:
    """One direction of a smooth blur (the weights of a raised cosine)."""
    y, x = wp.tid()
    total = float(0.0)
    weights = float(0.0)
    for k in range(-radius, radius + 1):
        t = float(k) / float(radius + 1)
        weight = (1.0 - t * t) * (1.0 - t * t)
        weights += weight
        yy = y + k * step_y
        xx = x + k * step_x
        if yy >= 0 and xx >= 0 and yy < source.shape[0] and xx < source.shape[1]:
            total += weight * source[yy, xx]
    target[y, x] = total / weights


@wp.kernel
def cast_on_ground(
    depths: wp.array2d[wp.int32],
    light: LightFrame,
    ground: GroundFrame,
    spread: float,
    # outputs
    shadow: wp.array2d[float],
) -> None:
    """Sun shadow of one cell, blurred by how far away the thing that casts it is, and fading with that distance."""
    row, column = wp.tid()
    p = wp.vec3(
        ground.corner[0] + (float(column) + 0.5) * ground.cell, ground.corner[1] + (float(row) + 0.5) * ground.cell, 0.0
    )
    q = to_light(light, p)
    width = depths.shape[1]
    height = depths.shape[0]
    shadow[row, column] = 0.0
    # First how far the blockers are, over the widest penumbra possible; then the share of light within the penumbra.
    gap = float(0.0)
    blockers = float(0.0)
    search = 0.10
    for j in range(-3, 4):
        for i in range(-3, 4):
            x = int(q[0] + float(i) * search * light.texels_per_metre[0] / 3.0)
            y = int(q[1] + float(j) * search * light.texels_per_metre[1] / 3.0)
            if x >= 0 and y >= 0 and x < width and y < height and depths[y, x] < FAR:
                distance = q[2] - float(depths[y, x]) / LIGHT_DEPTH_SCALE
                if distance > 0.01:
                    gap += distance
                    blockers += 1.0
    if blockers == 0.0:
        return
    gap /= blockers
    penumbra = wp.clamp(gap * spread, 0.012, 0.30)
    dark = float(0.0)
    weights = float(0.0)
    for j in range(-4, 5):
        for i in range(-4, 5):
            weight = 1.0 - float(i * i + j * j) / 40.0
            x = int(q[0] + float(i) * penumbra * light.texels_per_metre[0] / 4.0)
            y = int(q[1] + float(j) * penumbra * light.texels_per_metre[1] / 4.0)
            weights += weight
            if x >= 0 and y >= 0 and x < width and y < height:
                if float(depths[y, x]) / LIGHT_DEPTH_SCALE < q[2] - 0.01:
                    dark += weight
    shadow[row, column] = dark / weights / (1.0 + 1.2 * gap)


@wp.kernel
def combine_ground(
    near: wp.array2d[float],
    high: wp.array2d[float],
    sun_share: float,
    strength: float,
    # outputs
    shadow: wp.array2d[float],
) -> None:
    """Turn the three maps into the share of light that is left."""
    y, x = wp.tid()
    room = (1.0 - sun_share) * (1.0 - (1.0 - wp.min(1.5 * near[y, x], 0.85)) * (1.0 - wp.min(1.1 * high[y, x], 0.6)))
    border = wp.min(wp.min(x, shadow.shape[1] - 1 - x), wp.min(y, shadow.shape[0] - 1 - y))
    fade = wp.min(float(border) / 8.0, 1.0)
    shadow[y, x] = 1.0 - strength * fade * wp.min(sun_share * shadow[y, x] + room, 0.95)


@wp.kernel
def darken_ground(
    keys: wp.array2d[wp.int64],
    view: View,
    ground: GroundFrame,
    shadow: wp.array2d[float],
    first_x: int,
    first_y: int,
    # outputs
    color: wp.array2d[wp.vec3],
) -> None:
    """Multiply background pixels that look at the ground by the map."""
    row, column = wp.tid()
    y = first_y + row
    x = first_x + column
    if keys[y, x] < EMPTY:
        return
    ray = ray_direction(view, float(x) + 0.5, float(y) + 0.5)
    if ray[2] >= -1.0e-4 or view.eye[2] <= 0.0:
        return
    point = view.eye - ray * (view.eye[2] / ray[2])
    u = (point[0] - ground.corner[0]) / ground.cell - 0.5
    v = (point[1] - ground.corner[1]) / ground.cell - 0.5
    x0 = int(wp.floor(u))
    y0 = int(wp.floor(v))
    if x0 < 0 or y0 < 0 or x0 + 1 >= shadow.shape[1] or y0 + 1 >= shadow.shape[0]:
        return
    fx = u - float(x0)
    fy = v - float(y0)
    low = shadow[y0, x0] * (1.0 - fx) + shadow[y0, x0 + 1] * fx
    high = shadow[y0 + 1, x0] * (1.0 - fx) + shadow[y0 + 1, x0 + 1] * fx
    color[y, x] = color[y, x] * (low * (1.0 - fy) + high * fy)
