"""Hats and shoes: set on the head or the feet as they are, without bending."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.adjacency import boundary_loops
from dressform.runtime.geometry.distance import Surface

_TOUCHING = -0.003  # [m] a hat rests where a few of its points press this deep
_PRESSED = 0.03  # the few: this part of them
_ROOM = 1.06  # length of a shoe against that of the foot in it
_SCALES = (0.75, 1.35)  # a hat or shoe made for another grown-up; further off the units are wrong


def set_on(
    points: NDArray[np.float64], faces: NDArray[np.int32], category: str, rest: RestBody
) -> tuple[NDArray[np.float64], float] | None:
    """Return points [V, 3] set on the head or the feet and their scale, or None when the category says neither.

    Args:
        points: Facing -y [m], [V, 3].
        faces: int32 [F, 3].
        category: "hat" and "shoes" are set on.
        rest: The body.
    """
    if category == "hat":
        return _hat(points, faces, rest)
    return _shoes(points, rest) if category == "shoes" else None


def _scale(wanted: float, found: float) -> float:
    """Return the factor from a found to a wanted length, or 1 when that is no plausible change of size."""
    factor = wanted / max(found, 1e-6)
    return factor if _SCALES[0] <= factor <= _SCALES[1] else 1.0


def _segment(rest: RestBody, *names: str) -> NDArray[np.float64]:
    """Return the body points [n, 3] that follow these canonical joints most."""
    body = rest.body
    dominant = body.joint_indices[np.arange(len(rest.vertices)), body.joint_weights.argmax(axis=1)]
    chosen = np.isin(rest.rig.segment_of_bone[dominant], [JOINT_INDEX[name] for name in names])
    return np.asarray(rest.vertices[chosen], np.float64)


def _hat(points: NDArray[np.float64], faces: NDArray[np.int32], rest: RestBody) -> tuple[NDArray[np.float64], float]:
    head = _segment(rest, "head")
    top = float(head[:, 2].max())
    skull = head[head[:, 2] > top - 0.10]
    loops = boundary_loops(faces)
    inside = points[loops[0]] if loops else points
    scale = _scale(1.02 * float(np.ptp(skull[:, 1])), float(np.ptp(inside[:, 1])))
    points, inside = scale * points, scale * inside
    shift = np.zeros(3)
    shift[:2] = (skull[:, :2].min(axis=0) + skull[:, :2].max(axis=0)) / 2
    shift[:2] -= (inside[:, :2].min(axis=0) + inside[:, :2].max(axis=0)) / 2
    surface = Surface(rest.vertices, rest.body.faces)
    low, high = top - 0.25 - float(points[:, 2].min()), top + 0.05 - float(points[:, 2].min())
    for _ in range(14):  # let it down until it rests
        shift[2] = (low + high) / 2
        pressed = np.quantile(surface.signed_distance(points + shift), _PRESSED) < _TOUCHING
        low, high = (shift[2], high) if pressed else (low, shift[2])
    shift[2] = high
    return np.asarray(points + shift, np.float64), scale


def _shoes(points: NDArray[np.float64], rest: RestBody) -> tuple[NDArray[np.float64], float]:
    feet = _segment(rest, "left_ankle", "left_foot")
    scale = _scale(_ROOM * float(np.ptp(feet[feet[:, 2] < 0.06, 1])), float(np.ptp(points[:, 1])))
    points = scale * points
    placed = points.copy()
    middle = (points[:, 0].min() + points[:, 0].max()) / 2
    for side, name in ((points[:, 0] >= middle, "left"), (points[:, 0] < middle, "right")):
        foot = _segment(rest, f"{name}_ankle", f"{name}_foot")
        foot = foot[foot[:, 2] < 0.06]
        shoe = points[side]
        placed[side, :2] += (foot.min(axis=0) + foot.max(axis=0))[:2] / 2
        placed[side, :2] -= (shoe.min(axis=0) + shoe.max(axis=0))[:2] / 2
        placed[side, 2] += -float(shoe[:, 2].min())
    return placed, scale
