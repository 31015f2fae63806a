# mypy: ignore-errors
"""Materials as kernels see them, and whether a texel is there."""

import warp as wp

wp.set_module_options({"enable_backward": False})


@wp.struct
class Surface:
    """One mesh's material; see scene.SurfaceMaterial.

    `first_level` and `weave_first` index the table of texture levels; `weave_first` is -1 where there is no weave. A
    pixel shows the weave where the area that it covers in `face_uv` times `weave_gate` is below 1. `wrinkle_side` is 0
    where there are no wrinkles. `opacity_level` indexes the levels of a texture whose red is a factor of `opacity`, as
    many and as large as the colours', and is -1 where there is none.
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
    sheer: int
    opacity: float
    opacity_level: int


@wp.func
def texel_coverage(surface: Surface, texels: wp.array[wp.uint32], uv: wp.vec2) -> float:
    """Return the coverage in [0, 1] of the nearest texel of level 0."""
    width = 1 << surface.width_log2
    height = 1 << surface.height_log2
    x = int(wp.floor(uv[0] * float(width))) & (width - 1)
    y = int(wp.floor(uv[1] * float(height))) & (height - 1)
    return float(texels[surface.base + (y << surface.width_log2) + x] >> wp.uint32(30)) / 3.0
