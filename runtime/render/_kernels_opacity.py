# mypy: ignore-errors
# ruff: noqa: UP018  (Warp wants variables that loops change to be made by their type)
"""How much of what is behind it sheer cloth hides where it is seen."""

import warp as wp

from dressform.runtime.geometry.simd.code import SIMD_OPTIONS

from ._kernels_surface import Surface, texel_coverage
from ._kernels_view import CUTOUT, View, barycentrics, ray_direction
from .textures import TEXEL_SHARE

wp.set_module_options(SIMD_OPTIONS)

LEAST_COSINE = wp.constant(0.1)  # cloth seen at a flatter angle is as opaque as at this one
SPREAD = wp.constant(TEXEL_SHARE)
LEAST_OPACITY = wp.constant(0.002)  # what hides less is a hole


@wp.struct
class Cloth:
    """What stays of the faces drawn: corners, flags, meshes, UVs; their materials; the first sheer face."""

    faces: wp.array2d[wp.int32]
    face_flags: wp.array[wp.int8]
    face_mesh: wp.array[wp.int32]
    face_uv: wp.array2d[wp.vec2]
    surfaces: wp.array[Surface]
    texels: wp.array[wp.uint32]
    levels: wp.array[wp.int32]
    first: int


@wp.struct
class Layers:
    """The sheer layers of a picture: keys [N, rows, columns] from the nearest on, and how many of them are used."""

    keys: wp.array3d[wp.int64]
    used: int
    screen: wp.array[wp.vec3]
    normals: wp.array[wp.vec3]
    view: View


@wp.func
def slanted(opacity: float, cosine: float) -> float:
    """Opacity of a thin layer of yarns and gaps as it is seen at an angle: the gaps left are `(1 - a) ** (1 / cos)`.

    The gap fraction of a layer of scattered small things along a slanted path (Nilson 1971, "A theoretical analysis of
    the frequency of gaps in plant stands", Agricultural Meteorology 8).
    """
    return 1.0 - wp.pow(1.0 - opacity, 1.0 / wp.max(wp.abs(cosine), LEAST_COSINE))


@wp.func
def read_share(first: int, width_log2: int, height_log2: int, texels: wp.array[wp.uint32], u: float, v: float) -> float:
    """Bilinear look-up of a level's red."""
    width = 1 << width_log2
    height = 1 << height_log2
    x = u * float(width) - 0.5
    y = v * float(height) - 0.5
    right = x - wp.floor(x)
    up = y - wp.floor(y)
    total = float(0.0)
    for corner in range(4):
        at_x = (int(wp.floor(x)) + (corner & 1)) & (width - 1)
        at_y = (int(wp.floor(y)) + (corner >> 1)) & (height - 1)
        root = float(texels[first + (at_y << width_log2) + at_x] & wp.uint32(1023)) / 1023.0
        share_x = wp.where((corner & 1) != 0, right, 1.0 - right)
        share_y = wp.where((corner >> 1) != 0, up, 1.0 - up)
        total += root * root * share_x * share_y
    return total


@wp.func
def opacity_at(
    surface: Surface, texels: wp.array[wp.uint32], levels: wp.array[wp.int32], uv: wp.vec2, footprint: float
) -> float:
    """Opacity seen straight on, filtered over `footprint`, the area in uv that a pixel covers."""
    if surface.opacity_level < 0:
        return surface.opacity
    top = float(wp.max(surface.width_log2, surface.height_log2))
    covered = SPREAD * footprint * float(1 << (surface.width_log2 + surface.height_log2))
    level = wp.clamp(0.5 * wp.log2(wp.max(covered, 1.0)), 0.0, top)
    fine = int(level)
    total = float(0.0)
    for step in range(2):
        share = wp.where(step == 1, level - float(fine), 1.0 - level + float(fine))
        at = wp.min(fine + step, int(top))
        wide = wp.max(surface.width_log2 - at, 0)
        high = wp.max(surface.height_log2 - at, 0)
        total += share * read_share(levels[surface.opacity_level + at], wide, high, texels, uv[0], uv[1])
    return surface.opacity * total


@wp.func
def uv_area(cloth: Cloth, face: int) -> float:
    b = cloth.face_uv[face, 1] - cloth.face_uv[face, 0]
    c = cloth.face_uv[face, 2] - cloth.face_uv[face, 0]
    return wp.abs(b[0] * c[1] - b[1] * c[0])


@wp.func
def opacity_seen(cloth: Cloth, at: Layers, face: int, x: float, y: float) -> float:
    """Opacity of a face as it is seen at a position on the screen [samples]."""
    i = cloth.faces[face, 0]
    j = cloth.faces[face, 1]
    k = cloth.faces[face, 2]
    a = at.screen[i]
    b = at.screen[j]
    c = at.screen[k]
    w = barycentrics(a, b, c, x, y)
    normal = w[0] * at.normals[i] + w[1] * at.normals[j] + w[2] * at.normals[k]
    cosine = wp.dot(wp.normalize(normal), wp.normalize(ray_direction(at.view, x, y)))
    surface = cloth.surfaces[cloth.face_mesh[face]]
    straight = surface.opacity
    if surface.opacity_level >= 0:
        uv = w[0] * cloth.face_uv[face, 0] + w[1] * cloth.face_uv[face, 1] + w[2] * cloth.face_uv[face, 2]
        # the share of the face that the sample covers: the larger, the deeper it is than the corners
        area = wp.abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
        depth = w[0] / a[2] + w[1] / b[2] + w[2] / c[2]
        share = a[2] * b[2] * c[2] * depth * depth * depth / wp.max(area, 1.0e-6)
        straight = opacity_at(surface, cloth.texels, cloth.levels, uv, uv_area(cloth, face) * wp.abs(share))
    return slanted(straight, cosine)


@wp.func
def has_hole(cloth: Cloth, at: Layers, face: int, x: float, y: float) -> bool:
    """Whether a face of cut-out or patterned cloth leaves a sample free."""
    surface = cloth.surfaces[cloth.face_mesh[face]]
    hole = bool(False)
    if surface.opacity_level >= 0:
        hole = opacity_seen(cloth, at, face, x, y) < LEAST_OPACITY
    if (int(cloth.face_flags[face]) & CUTOUT) != 0:
        i = cloth.faces[face, 0]
        j = cloth.faces[face, 1]
        k = cloth.faces[face, 2]
        w = barycentrics(at.screen[i], at.screen[j], at.screen[k], x, y)
        uv = w[0] * cloth.face_uv[face, 0] + w[1] * cloth.face_uv[face, 1] + w[2] * cloth.face_uv[face, 2]
        hole = hole or texel_coverage(surface, cloth.texels, uv) < 0.5
    return hole
