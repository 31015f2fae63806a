# mypy: ignore-errors
# ruff: noqa: UP018  (Warp wants variables that loops change to be made by their type)
"""What is seen, and lit, through layers of sheer cloth."""

import warp as wp

from ._kernels_ground import GroundFrame, ground_light
from ._kernels_opacity import Cloth, Layers, opacity_seen
from ._kernels_raster import LightFrame, to_light
from ._kernels_view import EMPTY, LIGHT_DEPTH_SCALE, RELAXED, SCATTERED, SHARE_BITS, SHARE_MASK, View, key_face

wp.set_module_options(RELAXED)


@wp.kernel
def dim_openness(
    cloth: Cloth,
    at: Layers,
    box: wp.vec4i,
    strip: int,
    # outputs
    openness: wp.array2d[float],
) -> None:
    """What is seen through cloth has its light from all around through it too: a strip of a row at half resolution."""
    row, part = wp.tid()
    i = box[1] + row
    first = box[0] + part * strip
    for j in range(first, wp.min(first + strip, box[2])):
        kept = float(1.0)
        for layer in range(at.used):
            key = at.keys[layer, 2 * i, 2 * j]
            if key < EMPTY:
                hidden = opacity_seen(cloth, at, key_face(key), float(2 * j) + 0.5, float(2 * i) + 0.5)
                kept *= 1.0 - hidden * (1.0 - SCATTERED)
        openness[i, j] = openness[i, j] * kept


@wp.kernel
def lay_over(
    cloth: Cloth,
    at: Layers,
    layer: int,
    light: wp.array2d[wp.vec3],
    box: wp.vec4i,
    strip: int,
    # outputs
    color: wp.array2d[wp.vec3],
    through: wp.array2d[float],
) -> None:
    """Lay a layer of cloth over what is behind it (Porter and Duff 1984, "over")."""
    row, part = wp.tid()
    y = box[1] + row
    first = box[0] + part * strip
    for x in range(first, wp.min(first + strip, box[2])):
        key = at.keys[layer, y, x]
        if key < EMPTY:
            hidden = opacity_seen(cloth, at, key_face(key), float(x) + 0.5, float(y) + 0.5)
            color[y, x] = color[y, x] * (1.0 - hidden) + light[y, x] * hidden
            through[y, x] = through[y, x] * (1.0 - hidden)


@wp.func
def passing(veil: wp.array3d[wp.int64], y: int, x: int, limit: wp.int64) -> float:
    """The share of the sun's light that passes the layers nearer than `limit` at a texel of its map."""
    share = float(1.0)
    for layer in range(veil.shape[0]):
        key = veil[layer, y, x]
        if key < limit:
            share *= float(key & SHARE_MASK) / 65535.0
    return share


@wp.kernel
def veil_ground(
    depths: wp.array2d[wp.int32],
    veil: wp.array3d[wp.int64],
    light: LightFrame,
    ground: GroundFrame,
    spread: float,
    strength: float,
    # outputs
    shadow: wp.array2d[float],
) -> None:
    """Take what sheer cloth keeps of the sun's light from a cell of the ground, blurred as other shadows are.

    `strength` is the shadow's times the sun's share of the light.
    """
    row, column = wp.tid()
    middle = wp.vec2(float(column) + 0.5, float(row) + 0.5)
    at = to_light(
        light, wp.vec3(ground.corner[0] + middle[0] * ground.cell, ground.corner[1] + middle[1] * ground.cell, 0.0)
    )
    limit = wp.int64((at[2] - 0.01) * LIGHT_DEPTH_SCALE) << SHARE_BITS
    search = wp.clamp(0.8 * spread, 0.02, 0.15)
    gap = float(0.0)
    blockers = float(0.0)
    for j in range(-2, 3):
        for i in range(-2, 3):
            x = int(at[0] + float(i) * light.texels_per_metre[0] * search)
            y = int(at[1] + float(j) * light.texels_per_metre[1] * search)
            if x >= 0 and y >= 0 and x < depths.shape[1] and y < depths.shape[0] and veil[0, y, x] < limit:
                gap += at[2] - float(veil[0, y, x] >> SHARE_BITS) / LIGHT_DEPTH_SCALE
                blockers += 1.0
    if blockers == 0.0:
        return
    step = wp.clamp(gap / blockers * spread, 0.012, 0.5) / 3.0
    kept = float(0.0)
    weights = float(0.0)
    for j in range(-3, 4):
        for i in range(-3, 4):
            weight = 1.0 - float(i * i + j * j) / 22.0
            weights += weight
            x = int(at[0] + float(i) * light.texels_per_metre[0] * step)
            y = int(at[1] + float(j) * light.texels_per_metre[1] * step)
            inside = x >= 0 and y >= 0 and x < depths.shape[1] and y < depths.shape[0]
            # where something opaque is nearer it is dark already
            if inside and float(depths[y, x]) / LIGHT_DEPTH_SCALE >= at[2] - 0.01:
                kept += weight * (1.0 - passing(veil, y, x, limit))
    across = wp.min(column, shadow.shape[1] - 1 - column)
    along = wp.min(row, shadow.shape[0] - 1 - row)
    fade = wp.min(float(wp.min(across, along)) * 0.125, 1.0)
    shadow[row, column] = wp.max(shadow[row, column] - strength * fade * kept / weights, 0.05)


@wp.kernel
def fill_sheer_matte(
    opaque: wp.array2d[wp.int64],
    through: wp.array2d[float],
    view: View,
    ground: GroundFrame,
    shadow: wp.array2d[float],
    grounded: int,
    # outputs
    matte: wp.array2d[wp.vec3],
) -> None:
    """Of every sample: the share of what is behind that is hidden, the share that the ground's shadow takes, and 0."""
    y, x = wp.tid()
    left = wp.where(opaque[y, x] < EMPTY, 0.0, through[y, x])
    taken = float(0.0)
    if grounded != 0 and left > 0.0:
        taken = left * (1.0 - ground_light(view, ground, shadow, float(x) + 0.5, float(y) + 0.5))
    matte[y, x] = wp.vec3(1.0 - left, taken, 0.0)


@wp.kernel
def fill_sheer_people(
    opaque: wp.array2d[wp.int64],
    keys: wp.array2d[wp.int64],
    color: wp.array2d[wp.vec3],
    through: wp.array2d[float],
    backdrop: wp.array2d[wp.vec3],
    view: View,
    ground: GroundFrame,
    shadow: wp.array2d[float],
    grounded: int,
    # outputs
    light: wp.array2d[wp.vec3],
) -> None:
    """Linear light of samples that show a surface, without what shows through it of the backdrop; black elsewhere."""
    y, x = wp.tid()
    light[y, x] = wp.vec3(0.0, 0.0, 0.0)
    if keys[y, x] < EMPTY:
        left = wp.where(opaque[y, x] < EMPTY, 0.0, through[y, x])
        if grounded != 0 and left > 0.0:
            left *= ground_light(view, ground, shadow, float(x) + 0.5, float(y) + 0.5)
        light[y, x] = wp.max(color[y, x] - left * backdrop[y, x], wp.vec3(0.0, 0.0, 0.0))


@wp.kernel
def fill_sheer_segments(
    cloth: Cloth,
    at: Layers,
    keys: wp.array2d[wp.int64],
    face_group: wp.array[wp.int32],
    first: int,
    # outputs
    matte: wp.array2d[wp.vec3],
) -> None:
    """Of every sample, the shares that three segments from `first` on have of its light, layer over layer."""
    y, x = wp.tid()
    left = float(1.0)
    shares = wp.vec3(0.0, 0.0, 0.0)
    for layer in range(at.used):
        key = at.keys[layer, y, x]
        if key < EMPTY:
            face = key_face(key)
            hidden = opacity_seen(cloth, at, face, float(x) + 0.5, float(y) + 0.5)
            group = face_group[face] - first
            if group >= 0 and group < 3:
                shares[group] += left * hidden
            left *= 1.0 - hidden
    if keys[y, x] < EMPTY:
        group = face_group[key_face(keys[y, x])] - first
        if group >= 0 and group < 3:
            shares[group] += left
    matte[y, x] = shares
