# mypy: ignore-errors
# ruff: noqa: UP018, RUF046  (Warp wants variables that loops and branches change to be made by their type)
"""What a frame holds besides its picture, read for those who ask from what drawing it left behind.

All but what is blended is of one sample of a pixel, `offset` samples right of and below its first, and unfiltered: the
mean of two depths, or of two names, belongs to neither surface.
"""

import warp as wp

from dressform.runtime.geometry.simd.code import SIMD_OPTIONS

from ._kernels_ground import GroundFrame, ground_light
from ._kernels_surface import Surface
from ._kernels_view import BROKEN, EMPTY, LAYER, View, barycentrics, depth_of, key_face, key_inverse_depth
from .simd.code import simd_code

wp.set_module_options(SIMD_OPTIONS)


@wp.func_native(simd_code("fours", "wrinkles", "read_normals"))
def normals_of_row(
    keys: wp.array2d[wp.int64],
    screen: wp.array[wp.vec3],
    normals: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    atlas_uv: wp.array2d[wp.vec2],
    face_mesh: wp.array[wp.int32],
    facing: wp.array[wp.int8],
    surfaces: wp.array[Surface],
    turns: wp.array[wp.vec4],
    wrinkles: wp.array[wp.vec3],
    samples: int,
    offset: int,
    y: int,
    first: int,
    shown: wp.array2d[wp.vec3],
): ...


@wp.func_native(simd_code("resolve", "resolve_linear"))
def blend_pixel(
    color: wp.array2d[wp.vec3],
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
    samples: int,
    x: int,
    y: int,
    blended: wp.array2d[wp.vec3],
): ...


@wp.kernel
def read_depth(
    keys: wp.array2d[wp.int64],
    face_flags: wp.array[wp.int8],
    samples: int,
    offset: int,
    # outputs
    depth: wp.array2d[float],
) -> None:
    """Depth along the axis [m]; infinite where nothing is."""
    y, x = wp.tid()
    key = keys[y * samples + offset, x * samples + offset]
    if key >= EMPTY:
        depth[y, x] = wp.inf
    else:
        layer = float(int(face_flags[key_face(key)]) // LAYER)
        depth[y, x] = depth_of(key_inverse_depth(key), layer)


@wp.kernel
def read_mask(
    keys: wp.array2d[wp.int64],
    face_group: wp.array[wp.int32],
    samples: int,
    offset: int,
    # outputs
    mask: wp.array2d[wp.uint8],
) -> None:
    """1 + index of the segment; 0 where nothing is."""
    y, x = wp.tid()
    key = keys[y * samples + offset, x * samples + offset]
    if key >= EMPTY:
        mask[y, x] = wp.uint8(0)
    else:
        mask[y, x] = wp.uint8(1 + face_group[key_face(key)])


@wp.kernel
def read_velocity(
    keys: wp.array2d[wp.int64],
    faces: wp.array2d[wp.int32],
    screen: wp.array[wp.vec3],
    earlier: wp.array[wp.vec3],
    samples: int,
    offset: int,
    # outputs
    velocity: wp.array2d[wp.vec2],
) -> None:
    """Motion on the screen since the frame before [px]: where the surface point is minus where it was.

    0 of a triangle that could not be drawn then.
    """
    y, x = wp.tid()
    key = keys[y * samples + offset, x * samples + offset]
    if key >= EMPTY:
        velocity[y, x] = wp.vec2(0.0, 0.0)
        return
    face = key_face(key)
    i = faces[face, 0]
    j = faces[face, 1]
    k = faces[face, 2]
    here = wp.vec2(float(x * samples + offset) + 0.5, float(y * samples + offset) + 0.5)
    w = barycentrics(screen[i], screen[j], screen[k], here[0], here[1])
    a = earlier[i]
    b = earlier[j]
    c = earlier[k]
    if wp.min(wp.min(a[2], b[2]), c[2]) <= BROKEN or a[2] == 0.0 or b[2] == 0.0 or c[2] == 0.0:
        velocity[y, x] = wp.vec2(0.0, 0.0)
        return
    # Weights of world points times depth weigh their screen positions, which are taken from here: small numbers.
    w = wp.vec3(w[0] / a[2], w[1] / b[2], w[2] / c[2])
    back = w[0] * (wp.vec2(a[0], a[1]) - here) + w[1] * (wp.vec2(b[0], b[1]) - here)
    back += w[2] * (wp.vec2(c[0], c[1]) - here)
    velocity[y, x] = -back / ((w[0] + w[1] + w[2]) * float(samples))


@wp.kernel
def read_uv(
    keys: wp.array2d[wp.int64],
    faces: wp.array2d[wp.int32],
    screen: wp.array[wp.vec3],
    face_uv: wp.array2d[wp.vec2],
    samples: int,
    offset: int,
    # outputs
    uv: wp.array2d[wp.vec2],
) -> None:
    """Where the texture is read, from its lower left; 0 where nothing is."""
    y, x = wp.tid()
    column = x * samples + offset
    row = y * samples + offset
    key = keys[row, column]
    uv[y, x] = wp.vec2(0.0, 0.0)
    if key < EMPTY:
        f = key_face(key)
        a = screen[faces[f, 0]]
        b = screen[faces[f, 1]]
        c = screen[faces[f, 2]]
        w = barycentrics(a, b, c, float(column) + 0.5, float(row) + 0.5)
        uv[y, x] = w[0] * face_uv[f, 0] + w[1] * face_uv[f, 1] + w[2] * face_uv[f, 2]


@wp.kernel
def read_normals(
    keys: wp.array2d[wp.int64],
    screen: wp.array[wp.vec3],
    normals: wp.array[wp.vec3],
    faces: wp.array2d[wp.int32],
    atlas_uv: wp.array2d[wp.vec2],
    face_mesh: wp.array[wp.int32],
    facing: wp.array[wp.int8],
    surfaces: wp.array[Surface],
    turns: wp.array[wp.vec4],
    wrinkles: wp.array[wp.vec3],
    samples: int,
    offset: int,
    lanes: int,
    # outputs
    shown: wp.array2d[wp.vec3],
) -> None:
    """Unit world normals of `lanes` pixels, wrinkles with them, on the side that is seen; 0 where nothing is."""
    y, part = wp.tid()
    normals_of_row(
        keys,
        screen,
        normals,
        faces,
        atlas_uv,
        face_mesh,
        facing,
        surfaces,
        turns,
        wrinkles,
        samples,
        offset,
        y,
        part * lanes,
        shown,
    )


@wp.kernel
def mark_seen(
    keys: wp.array2d[wp.int64],
    faces: wp.array2d[wp.int32],
    # outputs
    seen: wp.array[wp.uint8],
) -> None:
    """Mark the corners of every face that a sample shows."""
    y, x = wp.tid()
    key = keys[y, x]
    if key < EMPTY:
        f = key_face(key)
        for corner in range(3):
            seen[faces[f, corner]] = wp.uint8(1)


@wp.kernel
def fill_light(
    keys: wp.array2d[wp.int64],
    color: wp.array2d[wp.vec3],
    backdrop: wp.array2d[wp.vec3],
    view: View,
    ground: GroundFrame,
    shadow: wp.array2d[float],
    grounded: int,
    # outputs
    light: wp.array2d[wp.vec3],
) -> None:
    """Linear light of every sample: of a surface what was shaded, else the backdrop in the ground's shadow."""
    y, x = wp.tid()
    if keys[y, x] < EMPTY:
        light[y, x] = color[y, x]
    else:
        left = float(1.0)
        if grounded != 0:
            left = ground_light(view, ground, shadow, float(x) + 0.5, float(y) + 0.5)
        light[y, x] = backdrop[y, x] * left


@wp.kernel
def fill_people(
    keys: wp.array2d[wp.int64],
    color: wp.array2d[wp.vec3],
    # outputs
    light: wp.array2d[wp.vec3],
) -> None:
    """Linear light of samples that show a surface, black elsewhere."""
    y, x = wp.tid()
    light[y, x] = wp.vec3(0.0, 0.0, 0.0)
    if keys[y, x] < EMPTY:
        light[y, x] = color[y, x]


@wp.kernel
def fill_matte(
    keys: wp.array2d[wp.int64],
    view: View,
    ground: GroundFrame,
    shadow: wp.array2d[float],
    grounded: int,
    # outputs
    matte: wp.array2d[wp.vec3],
) -> None:
    """Of every sample: 1 where a surface is, else the share of light that the ground's shadow takes, and 0."""
    y, x = wp.tid()
    if keys[y, x] < EMPTY:
        matte[y, x] = wp.vec3(1.0, 0.0, 0.0)
    else:
        taken = float(0.0)
        if grounded != 0:
            taken = 1.0 - ground_light(view, ground, shadow, float(x) + 0.5, float(y) + 0.5)
        matte[y, x] = wp.vec3(0.0, taken, 0.0)


@wp.kernel
def fill_segments(
    keys: wp.array2d[wp.int64],
    face_group: wp.array[wp.int32],
    first: int,
    # outputs
    matte: wp.array2d[wp.vec3],
) -> None:
    """Of every sample, which of three segments from `first` on is seen."""
    y, x = wp.tid()
    group = int(-1)
    if keys[y, x] < EMPTY:
        group = face_group[key_face(keys[y, x])]
    matte[y, x] = wp.vec3(float(group == first), float(group == first + 1), float(group == first + 2))


@wp.kernel
def blend(
    values: wp.array2d[wp.vec3],
    across: wp.array2d[wp.int32],
    down: wp.array2d[wp.int32],
    samples: int,
    # outputs
    blended: wp.array2d[wp.vec3],
) -> None:
    """Average what samples hold over pixels, antialiased exactly as the picture is."""
    y, x = wp.tid()
    blend_pixel(values, across, down, samples, x, y, blended)
