# mypy: ignore-errors
"""The weave of cloth on a surface near enough to show it: filtered look-up, and the normal that it tilts."""

import warp as wp

from ._kernels_surface import Surface, level_of
from .weave import CAVITY_STEPS, ROUGHNESS_STEPS, SLOPE_STEPS, SLOPE_ZERO, SOFTENING

wp.set_module_options({"enable_backward": False})

ZERO = wp.constant(SLOPE_ZERO)
SLOPE = wp.constant(1.0 / SLOPE_STEPS)
CAVITY = wp.constant(1.0 / CAVITY_STEPS)
ROUGHNESS = wp.constant(1.0 / ROUGHNESS_STEPS)
# A pixel counts as larger than it is: threads are regular, and what is left of them past half a thread a pixel beats.
SOFTER = wp.constant(SOFTENING)


@wp.func
def weave_texel(texels: wp.array[wp.uint32], index: int) -> wp.vec4:
    """Unpack one texel, still in whole steps: slopes along u and v, cavity, roughness."""
    packed = texels[index]
    return wp.vec4(
        float(packed & wp.uint32(511)),
        float((packed >> wp.uint32(9)) & wp.uint32(511)),
        float((packed >> wp.uint32(18)) & wp.uint32(255)),
        float(packed >> wp.uint32(26)),
    )


@wp.func
def weave_level(texels: wp.array[wp.uint32], first: int, width_log2: int, height_log2: int, uv: wp.vec2) -> wp.vec4:
    """Bilinear look-up in one level, in steps; repeats."""
    mask_x = (1 << width_log2) - 1
    mask_y = (1 << height_log2) - 1
    u = uv[0] * float(mask_x + 1) - 0.5
    v = uv[1] * float(mask_y + 1) - 0.5
    floor_u = wp.floor(u)
    floor_v = wp.floor(v)
    fu = u - floor_u
    fv = v - floor_v
    x0 = int(floor_u) & mask_x
    x1 = (x0 + 1) & mask_x
    y0 = first + ((int(floor_v) & mask_y) << width_log2)
    y1 = first + (((int(floor_v) + 1) & mask_y) << width_log2)
    low = weave_texel(texels, y0 + x0) * (1.0 - fu) + weave_texel(texels, y0 + x1) * fu
    high = weave_texel(texels, y1 + x0) * (1.0 - fu) + weave_texel(texels, y1 + x1) * fu
    return low * (1.0 - fv) + high * fv


@wp.func
def sample_weave(
    surface: Surface, texels: wp.array[wp.uint32], levels: wp.array[wp.int32], uv: wp.vec2, footprint: float
) -> wp.vec4:
    """Trilinear look-up: slopes along u and v, cavity, roughness; `footprint` is the area in uv that a pixel covers."""
    covered = footprint * float(1 << (surface.weave_width_log2 + surface.weave_height_log2))
    level = wp.min(level_of(covered * SOFTER), float(surface.weave_top))
    fine = int(level)
    blend = level - float(fine)
    value = weave_level(
        texels,
        levels[surface.weave_first + fine],
        wp.max(surface.weave_width_log2 - fine, 0),
        wp.max(surface.weave_height_log2 - fine, 0),
        uv,
    )
    if blend > 0.0 and fine < surface.weave_top:
        coarse = weave_level(
            texels,
            levels[surface.weave_first + fine + 1],
            wp.max(surface.weave_width_log2 - fine - 1, 0),
            wp.max(surface.weave_height_log2 - fine - 1, 0),
            uv,
        )
        value = value * (1.0 - blend) + coarse * blend
    return wp.vec4((value[0] - ZERO) * SLOPE, (value[1] - ZERO) * SLOPE, value[2] * CAVITY, value[3] * ROUGHNESS)


@wp.func
def along(direction: wp.vec3, n: wp.vec3) -> wp.vec3:
    """Return the unit vector nearest a direction that lies in the plane across n."""
    return wp.normalize(direction - n * wp.dot(direction, n))


@wp.func
def tilted_normal(
    n: wp.vec3, edge_b: wp.vec3, edge_c: wp.vec3, uv_b: wp.vec2, uv_c: wp.vec2, slope_u: float, slope_v: float
) -> wp.vec3:
    """Tilt a face's normal by slopes along its u and v; the edges start at its first corner, in space and in uv."""
    turn = wp.sign(uv_b[0] * uv_c[1] - uv_b[1] * uv_c[0])
    toward_u = along((edge_b * uv_c[1] - edge_c * uv_b[1]) * turn, n)
    toward_v = along((edge_c * uv_b[0] - edge_b * uv_c[0]) * turn, n)
    return wp.normalize(n + toward_u * slope_u + toward_v * slope_v)
