# mypy: ignore-errors
"""Hems: where the rounded edge of open cloth lies, from the vertices and normals of a frame."""

import warp as wp

ARC = wp.constant(6)  # steps around the half circle from the cloth's outside to its inside
SLOTS = wp.constant(8)  # points of a column: on the edge, around the half circle, at the end of the lip
LIP = wp.constant(0.006)  # [m] how far inside the edge the turned cloth of a sheet ends
LIP_DEPTH = wp.constant(0.8)  # how deep under the cloth it ends, as part of the thickness
SHARP = wp.constant(0.5)  # cosine of the turn from which an edge has a corner,
SMOOTH = wp.constant(0.87)  # and of that up to which it is a curve
MITRE = wp.constant(0.7)  # cosine of half the turn up to which a corner keeps its width

wp.set_module_options({"enable_backward": False})


@wp.func
def straightness(into: wp.vec3, out: wp.vec3) -> float:
    """Whether an edge that turns so is a corner (0) or a curve (1)."""
    share = wp.clamp((wp.dot(into, out) - SHARP) / (SMOOTH - SHARP), 0.0, 1.0)
    return share * share * (3.0 - 2.0 * share)


@wp.func
def smooth_tangent(along: wp.vec3, beyond: wp.vec3, turn: float) -> wp.vec3:
    """The unit direction at an end of an edge that goes `along`, its neighbour `beyond`: shared where they curve."""
    shared = wp.normalize(along + beyond)
    return wp.normalize(along + (shared - along) * turn)


@wp.kernel
def place_hems(
    columns: wp.array2d[wp.int32],
    shares: wp.array[wp.vec2],
    first: int,
    # outputs
    points: wp.array[wp.vec3],
    normals: wp.array[wp.vec3],
    turns: wp.array[wp.vec4],
) -> None:
    """Place the points of a column across the edge from a to b; see `hem_topology.Rims` for the tables.

    The edge is a cubic curve through the vertices before, at and after its ends, corners left as they are. The half
    circle hangs below the outside, so that the outside stays where it is.
    """
    k = wp.tid()
    ia, ib, before, after = columns[k, 0], columns[k, 1], columns[k, 2], columns[k, 3]
    t = shares[k][0]
    a = points[ia]
    b = points[ib]
    chord = b - a
    length = wp.length(chord)
    along = wp.normalize(chord)
    into = along
    if before >= 0:
        into = wp.normalize(a - points[before])
    out = along
    if after >= 0:
        out = wp.normalize(points[after] - b)
    start = smooth_tangent(along, into, straightness(into, along)) * length
    end = smooth_tangent(along, out, straightness(along, out)) * length
    u = 1.0 - t
    place = a * (u * u * (1.0 + 2.0 * t)) + b * (t * t * (3.0 - 2.0 * t)) + start * (u * u * t) - end * (t * t * u)
    tangent = (b - a) * (6.0 * t * u) + start * (u * (1.0 - 3.0 * t)) + end * (t * (3.0 * t - 2.0))
    half = float(1.0)  # noqa: UP018
    if t == 0.0:
        tangent = into + along
        half = wp.sqrt(wp.max(0.5 + 0.5 * wp.dot(into, along), 0.0))
    if t == 1.0:
        tangent = along + out
        half = wp.sqrt(wp.max(0.5 + 0.5 * wp.dot(along, out), 0.0))
    tangent = wp.normalize(tangent)
    smooth = wp.normalize(normals[ia] * u + normals[ib] * t)
    up = wp.normalize(smooth - tangent * wp.dot(smooth, tangent))
    outward = wp.cross(tangent, up) / wp.max(half, MITRE)
    thickness = shares[k][1]
    lip = place - up * (thickness * LIP_DEPTH) - outward * LIP
    if columns[k, 4] >= 0:
        lip = points[columns[k, 4]] * u + points[columns[k, 5]] * t
    radius = 0.5 * thickness
    slot = first + k * SLOTS
    points[slot] = place
    normals[slot] = smooth
    for step in range(1, ARC + 1):
        angle = wp.pi * float(step) / float(ARC)
        toward = up * wp.cos(angle) + outward * wp.sin(angle)
        points[slot + step] = place + (toward - up) * radius
        normals[slot + step] = wp.normalize(toward)
    points[slot + ARC + 1] = lip
    normals[slot + ARC + 1] = -up
    if turns.shape[0] > 1:
        turns[slot] = turns[ia] * u + turns[ib] * t
        for step in range(1, SLOTS):
            turns[slot + step] = wp.vec4(0.0, 0.0, 0.0, 0.0)
