# mypy: ignore-errors
# ruff: noqa: UP018  (Warp wants variables that loops change to be made by their type)
"""The shadow on the ground: a small map on z = 0 of what the sun and the room no longer reach."""

import warp as wp

from ._kernels_raster import LightFrame
from ._kernels_view import EMPTY, FAR, RELAXED, TOUCHED, View, ray_direction
from .simd.code import simd_code

wp.set_module_options(RELAXED)


@wp.struct
class GroundFrame:
    """The map's corner [m], cell [m]; cells are anchored in the world so that the shadow does not crawl."""

    corner: wp.vec2
    cell: float


@wp.kernel
def splat_contacts(
    vertices: wp.array[wp.vec3],
    ground: GroundFrame,
    coarse: int,
    # outputs
    heights: wp.array2d[wp.int32],
) -> None:
    """Note the lowest thing above each cell of a `coarse` times coarser map [mm]."""
    i = wp.tid()
    p = vertices[i]
    if p[2] > 0.9:
        return
    scale = 1.0 / (ground.cell * float(coarse))
    x = int((p[0] - ground.corner[0]) * scale)
    y = int((p[1] - ground.corner[1]) * scale)
    if x >= 0 and y >= 0 and x < heights.shape[1] and y < heights.shape[0]:
        wp.atomic_min(heights, y, x, wp.max(int(p[2] * 1000.0), 0))


@wp.kernel
def spread_contacts(
    heights: wp.array2d[wp.int32],
    # outputs
    contact: wp.array2d[float],
) -> None:
    """Blur what stands close above the ground: things at a hand's height a little, things half a metre up widely."""
    y, x = wp.tid()
    near = float(0.0)
    high = float(0.0)
    near_weights = float(0.0)
    high_weights = float(0.0)
    for j in range(-5, 6):
        for i in range(-5, 6):
            t = float(i * i + j * j)
            near_weight = wp.max(1.0 - t / 6.25, 0.0)
            high_weight = wp.max(1.0 - t / 30.0, 0.0)
            near_weights += near_weight
            high_weights += high_weight
            yy = y + j
            xx = x + i
            if yy >= 0 and xx >= 0 and yy < heights.shape[0] and xx < heights.shape[1] and heights[yy, xx] < FAR:
                height = float(heights[yy, xx]) * 0.001
                near += near_weight * wp.max(1.0 - height / 0.12, 0.0)
                high += high_weight * wp.max(1.0 - height / 0.9, 0.0)
    near = near / near_weights
    high = high / high_weights
    contact[y, x] = 1.0 - (1.0 - wp.min(1.1 * near, 0.65)) * (1.0 - wp.min(0.9 * high, 0.45))


@wp.func
def bilinear(values: wp.array2d[float], u: float, v: float) -> float:
    """Interpolate at (column, row); 0 outside."""
    x0 = int(wp.floor(u))
    y0 = int(wp.floor(v))
    if x0 < 0 or y0 < 0 or x0 + 1 >= values.shape[1] or y0 + 1 >= values.shape[0]:
        return 0.0
    fx = u - float(x0)
    fy = v - float(y0)
    low = values[y0, x0] * (1.0 - fx) + values[y0, x0 + 1] * fx
    high = values[y0 + 1, x0] * (1.0 - fx) + values[y0 + 1, x0 + 1] * fx
    return low * (1.0 - fy) + high * fy


@wp.func_native(simd_code("ground"))
def shade_cells(
    depths: wp.array2d[wp.int32],
    light: LightFrame,
    ground: GroundFrame,
    contact: wp.array2d[float],
    coarse: int,
    spread: float,
    sun_share: float,
    strength: float,
    row: int,
    first: int,
    shadow: wp.array2d[float],
): ...


@wp.kernel
def shade_ground(
    depths: wp.array2d[wp.int32],
    light: LightFrame,
    ground: GroundFrame,
    contact: wp.array2d[float],
    coarse: int,
    spread: float,
    sun_share: float,
    strength: float,
    lanes: int,
    # outputs
    shadow: wp.array2d[float],
) -> None:
    """Share of light that reaches `lanes` cells of the ground.

    The sun's shadow is the more blurred, and the fainter, the farther the thing that casts it.
    """
    row, part = wp.tid()
    shade_cells(depths, light, ground, contact, coarse, spread, sun_share, strength, row, part * lanes, shadow)


@wp.func
def ground_light(view: View, ground: GroundFrame, shadow: wp.array2d[float], x: float, y: float) -> float:
    """Share of light that reaches the ground seen at a screen position [samples]; 1 where none is seen or mapped."""
    light = float(1.0)
    ray = ray_direction(view, x, y)
    if ray[2] < -1.0e-4 and view.eye[2] > 0.0:
        point = view.eye - ray * (view.eye[2] / ray[2])
        u = (point[0] - ground.corner[0]) / ground.cell - 0.5
        v = (point[1] - ground.corner[1]) / ground.cell - 0.5
        if u >= 0.0 and v >= 0.0 and u < float(shadow.shape[1] - 1) and v < float(shadow.shape[0] - 1):
            light = bilinear(shadow, u, v)
    if light >= 0.998:
        light = float(1.0)
    return light


@wp.kernel
def darken_ground(
    keys: wp.array2d[wp.int64],
    view: View,
    ground: GroundFrame,
    shadow: wp.array2d[float],
    box: wp.vec4i,
    strip: int,
    # outputs
    color: wp.array2d[wp.vec3],
    across: wp.array2d[wp.int32],
) -> None:
    """Multiply background pixels that look at the ground by the map."""
    row, part = wp.tid()
    y = box[1] + row
    first = box[0] + part * strip
    for x in range(first, wp.min(first + strip, box[2])):
        if keys[y, x] >= EMPTY:
            light = ground_light(view, ground, shadow, float(x) + 0.5, float(y) + 0.5)
            if light < 1.0:
                color[y, x] = color[y, x] * light
                across[y, x] = wp.max(across[y, x], TOUCHED)
