# mypy: ignore-errors
"""What several kernels share: the camera, the packed visibility key, barycentrics at a pixel."""

import warp as wp

from dressform.runtime.geometry.simd.code import SIMD_OPTIONS

wp.set_module_options({"enable_backward": False})

# For kernels whose arithmetic only makes colours: a fifth faster on the CPU without the rules for NaN and for the
# order of roundings.
RELAXED = {
    "enable_backward": False,
    "cpu_compiler_flags": f"{SIMD_OPTIONS['cpu_compiler_flags']} -ffast-math -Wno-nan-infinity-disabled",
}

# A key is 39 bits of nearness (smaller is nearer) over 23 bits of face index: one atomic minimum settles a pixel, and
# equal depths always go to the same face.
FACE_BITS = wp.constant(wp.int64(23))
FACE_MASK = wp.constant(wp.int64((1 << 23) - 1))
NEARNESS_TOP = wp.constant(wp.int64(1 << 39))
NEARNESS_SCALE = wp.constant(float(1 << 32))
EMPTY = wp.constant(wp.int64(1 << 62))
NEAR = wp.constant(0.01)
INVERSE_NEAR = wp.constant(100.0)
LAYER_LIFT = wp.constant(0.003)  # [m]
# A vertex that is farther from the origin along any axis, or no number, is broken: no triangle at it is drawn. Depths
# in the light's map, which are whole numbers, reach as far.
WORLD_LIMIT = wp.constant(1.0e4)  # [m]
BROKEN = wp.constant(-1.0e9)  # the inverse depth that tells of such a vertex
# Depths in the light's map are whole units of 1/100 mm: integers have an atomic minimum everywhere.
LIGHT_DEPTH_SCALE = wp.constant(1.0e5)
FAR = wp.constant(2147483647)
# A key in the sun's map of sheer cloth is such a depth over 16 bits of the share of light that passes.
SHARE_BITS = wp.constant(wp.int64(16))
SHARE_MASK = wp.constant(wp.int64(65535))
# The share of scattered light that thin cloth lets pass: that of the fill which reaches what is seen behind it. By eye.
SCATTERED = wp.constant(0.4)
# what a face's flags are made of
DOUBLE_SIDED = wp.constant(1)
CUTOUT = wp.constant(2)
LAYER = wp.constant(4)  # times the mesh's layer
# In the crossings, 0 is an untouched sample and 1 one whose backdrop was changed; real crossings are larger.
TOUCHED = wp.constant(1)
CROSSING_SCALE = wp.constant(65535.0)


@wp.struct
class View:
    """A camera at sample resolution: world → camera rotation, eye [m], focal length and centre [samples]."""

    rotation: wp.mat33
    eye: wp.vec3
    focal: float
    center: wp.vec2


@wp.func
def to_screen(view: View, point: wp.vec3) -> wp.vec3:
    """Project a world point to (x, y) [samples] and inverse depth [1/m], which is linear on the screen."""
    p = view.rotation * (point - view.eye)
    z = p[2]
    if wp.abs(z) < 1.0e-6:
        z = 1.0e-6
    inverse = 1.0 / z
    return wp.vec3(view.center[0] + view.focal * p[0] * inverse, view.center[1] + view.focal * p[1] * inverse, inverse)


@wp.func
def ray_direction(view: View, x: float, y: float) -> wp.vec3:
    """World direction through a screen position, one metre deep along the axis."""
    local = wp.vec3((x - view.center[0]) / view.focal, (y - view.center[1]) / view.focal, 1.0)
    return wp.transpose(view.rotation) * local


@wp.func
def edge_functions(a: wp.vec3, b: wp.vec3, c: wp.vec3, x: float, y: float) -> wp.vec3:
    """Twice the signed screen areas opposite a, b and c."""
    ax = a[0] - x
    ay = a[1] - y
    bx = b[0] - x
    by = b[1] - y
    cx = c[0] - x
    cy = c[1] - y
    return wp.vec3(bx * cy - cx * by, cx * ay - ax * cy, ax * by - bx * ay)


@wp.func
def barycentrics(a: wp.vec3, b: wp.vec3, c: wp.vec3, x: float, y: float) -> wp.vec3:
    """Perspective-correct barycentrics of a pixel; they hold even when some corners are behind the camera."""
    e = edge_functions(a, b, c, x, y)
    w = wp.vec3(e[0] * a[2], e[1] * b[2], e[2] * c[2])
    total = w[0] + w[1] + w[2]
    if total == 0.0:
        return wp.vec3(1.0, 0.0, 0.0)
    return w / total


@wp.func
def lifted(inverse_depth: float, layer: float) -> float:
    """The inverse depth that decides what is seen: each layer is drawn a little before the one below."""
    return wp.min(inverse_depth + layer * LAYER_LIFT * inverse_depth * inverse_depth, INVERSE_NEAR)


@wp.func
def depth_of(inverse_depth: float, layer: float) -> float:
    """The depth whose lifted inverse this is [m]."""
    seen = 1.0 / inverse_depth
    return 0.5 * (seen + wp.sqrt(seen * seen + 4.0 * seen * layer * LAYER_LIFT))


@wp.func
def pack_key(inverse_depth: float, face: int) -> wp.int64:
    nearness = NEARNESS_TOP - wp.int64(inverse_depth * NEARNESS_SCALE)
    return (nearness << FACE_BITS) | wp.int64(face)


@wp.func
def key_inverse_depth(key: wp.int64) -> float:
    return float(NEARNESS_TOP - (key >> FACE_BITS)) / NEARNESS_SCALE


@wp.func
def key_face(key: wp.int64) -> int:
    return int(key & FACE_MASK)
