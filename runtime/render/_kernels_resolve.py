# mypy: ignore-errors
# ruff: noqa: RUF046, UP018  (Warp wants variables that loops change to be made by their type)
"""From samples to the frame: antialiased sRGB, and depth, mask and motion for those who ask."""

import warp as wp

from ._kernels_edges import CROSSING_SCALE, TOUCHED
from ._kernels_view import EMPTY, LAYER, RELAXED, barycentrics, depth_of, key_face, key_inverse_depth

wp.set_module_options(RELAXED)


@wp.func
def crossing_share(entry: int) -> float:
    """Where between the front pixel's centre (0) and the other's (1) the silhouette passes."""
    return float((entry >> 1) - 1) / CROSSING_SCALE


@wp.func
def taken_from(entry: int, is_first: bool) -> float:
    """Share of this pixel that belongs to the other pixel of the pair."""
    if entry <= TOUCHED:
        return 0.0
    share = crossing_share(entry)
    front_is_first = (entry & 1) == 1
    if front_is_first == is_first:
        return wp.max(0.5 - share, 0.0)
    return wp.max(share - 0.5, 0.0)


@wp.func
def blended(
    color: wp.array2d[wp.vec3], x: int, y: int, right_entry: int, left_entry: int, down_entry: int, up_entry: int
) -> wp.vec3:
    """Blend a sample with its neighbours by the area that silhouettes give them.

    An edge is counted along the direction that it crosses most; summing both would count its area twice.
    """
    here = color[y, x]
    right = taken_from(right_entry, True)
    left = taken_from(left_entry, False)
    below = taken_from(down_entry, True)
    above = taken_from(up_entry, False)
    if right + left >= below + above:
        if right + left == 0.0:
            return here
        out = here * (1.0 - wp.min(right + left, 1.0))
        total = wp.max(right + left, 1.0)
        if right > 0.0:
            out += color[y, x + 1] * (right / total)
        if left > 0.0:
            out += color[y, x - 1] * (left / total)
        return out
    out = here * (1.0 - wp.min(below + above, 1.0))
    total = wp.max(below + above, 1.0)
    if below > 0.0:
        out += color[y + 1, x] * (below / total)
    if above > 0.0:
        out += color[y - 1, x] * (above / total)
    return out


@wp.func
def encode(light: wp.vec3, srgb_table: wp.array[wp.uint8], x: int, y: int, rgb: wp.array3d[wp.uint8]) -> None:
    """Store linear light as 8-bit sRGB."""
    last = float(srgb_table.shape[0] - 1)
    r = int(wp.sqrt(wp.clamp(light[0], 0.0, 1.0)) * last + 0.5)
    g = int(wp.sqrt(wp.clamp(light[1], 0.0, 1.0)) * last + 0.5)
    b = int(wp.sqrt(wp.clamp(light[2], 0.0, 1.0)) * last + 0.5)
    rgb[y, x, 0] = srgb_table[r]
    rgb[y, x, 1] = srgb_table[g]
    rgb[y, x, 2] = srgb_table[b]


@wp.kernel
def resolve(
    keys: wp.array2d[wp.int64],
    color: wp.array2d[wp.vec3],
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
    srgb_table: wp.array[wp.uint8],
    box: wp.vec4i,
    strip: int,
    # outputs
    rgb: wp.array3d[wp.uint8],
) -> None:
    """Antialias and encode a strip of a row, one sample per pixel; pixels of the bare backdrop are left as they are."""
    row, part = wp.tid()
    y = box[1] + row
    first = box[0] + part * strip
    above = wp.max(y - 1, 0)
    left_entry = int(0)
    if first > 0:
        left_entry = across[y, first - 1]
    for x in range(first, wp.min(first + strip, box[2])):
        right_entry = across[y, x]
        down_entry = down[y, x]
        up_entry = int(0)
        if y > 0:
            up_entry = down[above, x]
        entries = left_entry | right_entry | down_entry | up_entry
        if entries > TOUCHED:
            encode(blended(color, x, y, right_entry, left_entry, down_entry, up_entry), srgb_table, x, y, rgb)
        elif entries != 0 or keys[y, x] < EMPTY:
            encode(color[y, x], srgb_table, x, y, rgb)
        left_entry = right_entry


@wp.kernel
def resolve_samples(
    color: wp.array2d[wp.vec3],
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
    samples: int,
    srgb_table: wp.array[wp.uint8],
    box: wp.vec4i,
    # outputs
    rgb: wp.array3d[wp.uint8],
) -> None:
    """Average samples × samples antialiased samples of one pixel in linear light and encode them."""
    i, j = wp.tid()
    y = box[1] + i
    x = box[0] + j
    total = wp.vec3(0.0, 0.0, 0.0)
    for row in range(y * samples, (y + 1) * samples):
        for column in range(x * samples, (x + 1) * samples):
            left_entry = int(0)
            up_entry = int(0)
            if column > 0:
                left_entry = across[row, column - 1]
            if row > 0:
                up_entry = down[row - 1, column]
            total += blended(color, column, row, across[row, column], left_entry, down[row, column], up_entry)
    encode(total / float(samples * samples), srgb_table, x, y, rgb)


@wp.kernel
def read_depth(
    keys: wp.array2d[wp.int64], face_flags: wp.array[wp.int8], samples: int, nowhere: float, depth: wp.array2d[float]
) -> None:
    """Depth along the axis [m]; `nowhere` (infinity, which this module may not name) where nothing is."""
    y, x = wp.tid()
    key = keys[y * samples, x * samples]
    if key >= EMPTY:
        depth[y, x] = nowhere
    else:
        layer = float(int(face_flags[key_face(key)]) // LAYER)
        depth[y, x] = depth_of(key_inverse_depth(key), layer)


@wp.kernel
def read_mask(
    keys: wp.array2d[wp.int64], face_mesh: wp.array[wp.int32], samples: int, mask: wp.array2d[wp.uint8]
) -> None:
    """1 + mesh index; 0 where nothing is."""
    y, x = wp.tid()
    key = keys[y * samples, x * samples]
    if key >= EMPTY:
        mask[y, x] = wp.uint8(0)
    else:
        mask[y, x] = wp.uint8(1 + face_mesh[key_face(key)])


@wp.kernel
def read_velocity(
    keys: wp.array2d[wp.int64],
    faces: wp.array2d[wp.int32],
    screen: wp.array[wp.vec3],
    earlier: wp.array[wp.vec3],
    samples: int,
    velocity: wp.array2d[wp.vec2],
) -> None:
    """Motion on the screen since the frame before [px]: where the surface point is minus where it was."""
    y, x = wp.tid()
    key = keys[y * samples, x * samples]
    if key >= EMPTY:
        velocity[y, x] = wp.vec2(0.0, 0.0)
        return
    face = key_face(key)
    i = faces[face, 0]
    j = faces[face, 1]
    k = faces[face, 2]
    here_x = float(x * samples) + 0.5
    here_y = float(y * samples) + 0.5
    w = barycentrics(screen[i], screen[j], screen[k], here_x, here_y)
    a = earlier[i]
    b = earlier[j]
    c = earlier[k]
    # Weights of world points over depth weigh their screen positions.
    w = wp.vec3(w[0] / a[2], w[1] / b[2], w[2] / c[2])
    total = w[0] + w[1] + w[2]
    was = (w[0] * wp.vec2(a[0], a[1]) + w[1] * wp.vec2(b[0], b[1]) + w[2] * wp.vec2(c[0], c[1])) / total
    velocity[y, x] = (wp.vec2(here_x, here_y) - was) / float(samples)
