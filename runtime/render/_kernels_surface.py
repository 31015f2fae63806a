# mypy: ignore-errors
"""Materials as kernels see them, and filtered texture look-up."""

import warp as wp

from .textures import MAX_LEVELS

wp.set_module_options({"enable_backward": False})

LEVELS = wp.constant(MAX_LEVELS)
ROOT_SCALE = wp.constant(1.0 / 1023.0)


@wp.struct
class Surface:
    """One mesh's material; see scene.SurfaceMaterial.

    `first_level` and `weave_first` index the table of texture levels; `weave_first` is -1 where there is no weave. A
    pixel shows the weave where the area that it covers in `face_uv` times `weave_gate` is below 1. `wrinkle_side` is 0
    where there are no wrinkles.
    """

    first_level: int
    width_log2: int
    height_log2: int
    roughness: float
    specular: float
    wrap: wp.vec3
    wrap_scale: wp.vec3
    sheen: wp.vec3
    inside: wp.vec3
    base: int
    metallic: float
    coat: float
    coat_roughness: float
    weave_first: int
    weave_width_log2: int
    weave_height_log2: int
    weave_top: int
    weave_gate: float
    wrinkle_first: int
    wrinkle_side: int


@wp.func
def texel_coverage(surface: Surface, texels: wp.array[wp.uint32], uv: wp.vec2) -> float:
    """Return the coverage in [0, 1] of the nearest texel of level 0."""
    width = 1 << surface.width_log2
    height = 1 << surface.height_log2
    x = int(wp.floor(uv[0] * float(width))) & (width - 1)
    y = int(wp.floor(uv[1] * float(height))) & (height - 1)
    return float(texels[surface.base + (y << surface.width_log2) + x] >> wp.uint32(30)) / 3.0


@wp.func
def texel_color(texels: wp.array[wp.uint32], index: int) -> wp.vec3:
    """Decode one texel to linear rgb × 1023²: the factor is taken out once after filtering."""
    packed = int(texels[index])
    r = float(packed & 1023)
    g = float((packed >> 10) & 1023)
    b = float((packed >> 20) & 1023)
    return wp.vec3(r * r, g * g, b * b)


@wp.func
def sample_level(texels: wp.array[wp.uint32], first: int, width_log2: int, height_log2: int, uv: wp.vec2) -> wp.vec3:
    """Bilinear look-up in one level; repeats."""
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
    low = texel_color(texels, y0 + x0) * (1.0 - fu) + texel_color(texels, y0 + x1) * fu
    high = texel_color(texels, y1 + x0) * (1.0 - fu) + texel_color(texels, y1 + x1) * fu
    return low * (1.0 - fv) + high * fv


@wp.func
def level_of(covered: float) -> float:
    """Return the level, counted from 0, whose texels are as large as the texels of level 0 that a pixel covers."""
    # The bits of a float, read as an integer, are its logarithm to within 0.09, and as smooth as a mipmap needs.
    return wp.max(0.5 * (float(wp.cast(wp.max(covered, 1.0), wp.int32)) * 1.1920929e-7 - 127.0), 0.0)


@wp.func
def sample_texture(
    surface: Surface, texels: wp.array[wp.uint32], levels: wp.array[wp.int32], uv: wp.vec2, footprint: float
) -> wp.vec3:
    """Trilinear look-up, linear rgb; `footprint` is the area in uv that one pixel covers."""
    top = wp.max(surface.width_log2, surface.height_log2)
    level = wp.min(level_of(footprint * float(1 << (surface.width_log2 + surface.height_log2))), float(top))
    fine = int(level)
    blend = level - float(fine)
    color = sample_level(
        texels,
        levels[surface.first_level + fine],
        wp.max(surface.width_log2 - fine, 0),
        wp.max(surface.height_log2 - fine, 0),
        uv,
    )
    if blend > 0.0 and fine < top:
        coarse = sample_level(
            texels,
            levels[surface.first_level + fine + 1],
            wp.max(surface.width_log2 - fine - 1, 0),
            wp.max(surface.height_log2 - fine - 1, 0),
            uv,
        )
        color = color * (1.0 - blend) + coarse * blend
    return color * (ROOT_SCALE * ROOT_SCALE)
