# mypy: ignore-errors
"""Warp kernels of the push-out."""

from __future__ import annotations

from pathlib import Path

import warp as wp

from dressform.runtime.geometry.simd.code import SIMD_OPTIONS, simd_code

wp.set_module_options(SIMD_OPTIONS)

STEPS = 12  # from corner to corner that a walk to what cloth lies on takes at most
HERE = Path(__file__).parent


@wp.struct
class Plane:
    """A surface as one point sees it; without concern where there is none. Numbers as `planes.h` has them."""

    normal: wp.vec3
    need: float  # how far the point is from its gap over the surface, negative where it is clear [m]
    concern: float


@wp.struct
class Planes:
    """What one point lies on and what it may run into."""

    under: Plane
    over: Plane


@wp.kernel
def face_planes(
    points: wp.array(dtype=wp.vec3),
    faces: wp.array2d(dtype=wp.int32),
    # outputs
    centres: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
) -> None:
    f = wp.tid()
    a = points[faces[f, 0]]
    b = points[faces[f, 1]]
    c = points[faces[f, 2]]
    centres[f] = (a + b + c) / 3.0
    normals[f] = wp.normalize(wp.cross(b - a, c - a))


@wp.func_native(simd_code(HERE / "seek.h", constants={"STEPS": STEPS}))
def seek_some(
    points: wp.array(dtype=wp.vec3),
    moved: wp.array(dtype=wp.int32),
    begins: wp.array(dtype=wp.int32),
    corner_points: wp.array(dtype=wp.int32),
    starts: wp.array(dtype=wp.int32),
    neighbours: wp.array(dtype=wp.int32),
    around_starts: wp.array(dtype=wp.int32),
    around: wp.array(dtype=wp.int32),
    first: int,
    candidates: wp.array2d(dtype=wp.int32),
): ...


@wp.kernel
def seek(
    points: wp.array(dtype=wp.vec3),
    moved: wp.array(dtype=wp.int32),
    begins: wp.array(dtype=wp.int32),
    corner_points: wp.array(dtype=wp.int32),
    starts: wp.array(dtype=wp.int32),
    neighbours: wp.array(dtype=wp.int32),
    around_starts: wp.array(dtype=wp.int32),
    around: wp.array(dtype=wp.int32),
    lanes: int,
    # outputs
    candidates: wp.array2d(dtype=wp.int32),
) -> None:
    # each thread walks for `lanes` points
    seek_some(
        points,
        moved,
        begins,
        corner_points,
        starts,
        neighbours,
        around_starts,
        around,
        wp.tid() * lanes,
        candidates,
    )


@wp.func_native(simd_code(HERE / "planes.h", HERE / "push.h"))
def push_some(
    points: wp.array(dtype=wp.vec3),
    moved: wp.array(dtype=wp.int32),
    below: wp.array2d(dtype=wp.int32),
    below_gap: float,
    below_fade: wp.vec3,
    facing: wp.array2d(dtype=wp.int32),
    facing_gap: float,
    facing_fade: wp.vec3,
    centres: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    first: int,
    met: wp.array(dtype=Planes),
    moves: wp.array(dtype=wp.vec3),
): ...


@wp.kernel
def push(
    points: wp.array(dtype=wp.vec3),
    moved: wp.array(dtype=wp.int32),
    below: wp.array2d(dtype=wp.int32),
    below_gap: float,
    below_fade: wp.vec3,
    facing: wp.array2d(dtype=wp.int32),
    facing_gap: float,
    facing_fade: wp.vec3,
    centres: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    lanes: int,
    # outputs
    met: wp.array(dtype=Planes),
    moves: wp.array(dtype=wp.vec3),
) -> None:
    # each thread pushes `lanes` points
    push_some(
        points,
        moved,
        below,
        below_gap,
        below_fade,
        facing,
        facing_gap,
        facing_fade,
        centres,
        normals,
        wp.tid() * lanes,
        met,
        moves,
    )


@wp.func_native(simd_code(HERE / "planes.h", HERE / "diffuse.h"))
def diffuse_some(
    met: wp.array(dtype=Planes),
    moves: wp.array(dtype=wp.vec3),
    starts: wp.array(dtype=wp.int32),
    neighbours: wp.array(dtype=wp.int32),
    first: int,
    diffused: wp.array(dtype=wp.vec3),
): ...


@wp.kernel
def diffuse(
    met: wp.array(dtype=Planes),
    moves: wp.array(dtype=wp.vec3),
    starts: wp.array(dtype=wp.int32),
    neighbours: wp.array(dtype=wp.int32),
    lanes: int,
    # outputs
    diffused: wp.array(dtype=wp.vec3),
) -> None:
    # each thread diffuses the moves of `lanes` points
    diffuse_some(met, moves, starts, neighbours, wp.tid() * lanes, diffused)


@wp.kernel
def apply_moves(
    moves: wp.array(dtype=wp.vec3),
    moved: wp.array(dtype=wp.int32),
    # outputs
    points: wp.array(dtype=wp.vec3),
) -> None:
    i = wp.tid()
    points[moved[i]] = points[moved[i]] + moves[i]


@wp.kernel
def follow(
    followers: wp.array(dtype=wp.int32),
    corners: wp.array2d(dtype=wp.int32),
    barycentrics: wp.array(dtype=wp.vec3),
    offsets: wp.array(dtype=wp.vec3),
    # outputs
    points: wp.array(dtype=wp.vec3),
) -> None:
    i = wp.tid()
    a = points[corners[i, 0]]
    b = points[corners[i, 1]]
    c = points[corners[i, 2]]
    tangent = wp.normalize(b - a)
    normal = wp.normalize(wp.cross(b - a, c - a))
    w = barycentrics[i]
    off = offsets[i]
    base = a * w[0] + b * w[1] + c * w[2]
    points[followers[i]] = base + tangent * off[0] + wp.cross(normal, tangent) * off[1] + normal * off[2]
