# mypy: ignore-errors
# ruff: noqa: UP018  (Warp wants variables that loops change to be made by their type)
"""The shadow on the ground: a small map on z = 0 of what the sun and the room no longer reach."""

import warp as wp

from ._kernels_raster import LightFrame
from ._kernels_view import RELAXED, View, ray_direction
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


# The share of light from all around that is kept from the ground: by what touches it there, and by how much stands
# within 0.6 m. Both factors, the heights at which each ends and the reach are fitted to rays cast from the ground below
# four dressed people who walk and stand: mean squared error 0.0026, of shares from 0 to 1 (benchmarks/ground_light.py).
TOUCH = wp.constant(0.974)
TOUCH_HEIGHT = wp.constant(0.12)  # [m]
TOUCH_BESIDE = wp.constant(0.474)  # weight of a neighbouring cell
STAND = wp.constant(1.417)
STAND_HEIGHT = wp.constant(0.9)  # [m]


@wp.func
def stands(heights: wp.array2d[wp.int32], y: int, x: int, top: float) -> float:
    """How low the lowest thing above a cell is: 1 on the ground, 0 from `top` on."""
    if y < 0 or x < 0 or y >= heights.shape[0] or x >= heights.shape[1]:
        return 0.0
    return wp.max(1.0 - float(heights[y, x]) * 0.001 / top, 0.0)


@wp.func
def within(values: wp.array2d[float], y: int, x: int) -> float:
    """A cell's value, 0 outside."""
    if y < 0 or y >= values.shape[0]:
        return 0.0
    return values[y, x]


@wp.kernel
def spread_rows(
    heights: wp.array2d[wp.int32],
    reach: int,
    # outputs
    spread: wp.array2d[float],
) -> None:
    """Blur what stands above the ground along a row, by a tent of `reach` cells to each side: a sum that moves on."""
    y = wp.tid()
    total = float(0.0)
    ahead = float(0.0)  # over the cells that the tent rises towards at the next one
    behind = float(0.0)
    for step in range(heights.shape[1] + reach + 1):
        x = step - reach - 1
        here = stands(heights, y, x + 1, STAND_HEIGHT)
        ahead += stands(heights, y, x + 1 + reach, STAND_HEIGHT)
        total += ahead - behind
        ahead -= here
        behind += here - stands(heights, y, x - reach, STAND_HEIGHT)
        if x + 1 >= 0 and x + 1 < heights.shape[1]:
            spread[y, x + 1] = total / float((reach + 1) * (reach + 1))


@wp.kernel
def spread_contacts(
    heights: wp.array2d[wp.int32],
    spread: wp.array2d[float],
    reach: int,
    # outputs
    contact: wp.array2d[float],
) -> None:
    """Finish the blur along a column, and add what touches the ground."""
    x = wp.tid()
    total = float(0.0)
    ahead = float(0.0)
    behind = float(0.0)
    for step in range(spread.shape[0] + reach + 1):
        y = step - reach - 1
        here = within(spread, y + 1, x)
        ahead += within(spread, y + 1 + reach, x)
        total += ahead - behind
        ahead -= here
        behind += here - within(spread, y - reach, x)
        at = y + 1
        if at >= 0 and at < spread.shape[0]:
            beside = stands(heights, at - 1, x, TOUCH_HEIGHT) + stands(heights, at + 1, x, TOUCH_HEIGHT)
            beside += stands(heights, at, x - 1, TOUCH_HEIGHT) + stands(heights, at, x + 1, TOUCH_HEIGHT)
            touching = stands(heights, at, x, TOUCH_HEIGHT) + TOUCH_BESIDE * beside
            standing = STAND * total / float((reach + 1) * (reach + 1))
            contact[at, x] = 1.0 - wp.exp(-TOUCH * touching / (1.0 + 4.0 * TOUCH_BESIDE) - standing)


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

    The sun's shadow is the more blurred the farther the thing that casts it.
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


@wp.func_native(simd_code("darken"))
def darken_row(
    keys: wp.array2d[wp.int64],
    view: View,
    ground: GroundFrame,
    shadow: wp.array2d[float],
    y: int,
    first: int,
    end: int,
    color: wp.array2d[wp.vec3],
    across: wp.array2d[wp.int32],
): ...


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
    first = box[0] + part * strip
    end = wp.min(first + strip, box[2])
    darken_row(keys, view, ground, shadow, box[1] + row, first, end, color, across)
