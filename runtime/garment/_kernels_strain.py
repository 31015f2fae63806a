# mypy: ignore-errors
"""Warp kernels of the strain limit."""

from __future__ import annotations

import warp as wp

wp.set_module_options({"enable_backward": False})

USUAL_EDGES = wp.constant(6.0)


@wp.kernel
def take_points(
    points: wp.array(dtype=wp.vec3),
    places: wp.array(dtype=wp.int32),
    # outputs
    taken: wp.array(dtype=wp.vec3),
    before: wp.array(dtype=wp.vec3),
) -> None:
    i = wp.tid()
    taken[i] = points[places[i]]
    before[i] = points[places[i]]


@wp.kernel
def shorten(
    points: wp.array(dtype=wp.vec3),
    starts: wp.array(dtype=wp.int32),
    neighbours: wp.array(dtype=wp.int32),
    longest: wp.array(dtype=wp.float32),
    acting: wp.array(dtype=wp.float32),
    share: float,
    onward: float,
    # outputs
    moved: wp.array(dtype=wp.vec3),
) -> None:
    # every edge that is too long pulls both of its ends, all at once; a part of the last round's move, which began in
    # `moved`, is made again
    i = wp.tid()
    p = points[i]
    pull = wp.vec3(0.0, 0.0, 0.0)
    begin = starts[i]
    end = starts[i + 1]
    for k in range(begin, end):
        along = points[neighbours[k]] - p
        squared = wp.length_sq(along)
        most = longest[k]
        if squared > most * most:
            pull += (1.0 - most / wp.sqrt(squared)) * along
    # where very many edges meet, each counts less: together they would pull the point past all of their other ends
    part = share * acting[0] * wp.min(USUAL_EDGES / float(wp.max(end - begin, 1)), 1.0)
    moved[i] = p + part * pull + onward * (p - moved[i])


@wp.kernel
def put_points(
    moved: wp.array(dtype=wp.vec3),
    places: wp.array(dtype=wp.int32),
    # outputs
    points: wp.array(dtype=wp.vec3),
) -> None:
    i = wp.tid()
    points[places[i]] = moved[i]
