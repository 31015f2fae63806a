"""In which unit and with which axes a tool wrote a garment that it got in metres, z up."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# what tools multiply lengths by, from one unit to another; 1 first, since it wins where nothing speaks against it
_RATIOS = (1.0, 0.001, 0.01, 0.0254, 0.1, 0.254, 0.3048, 2.54, 10.0, 39.3700787, 100.0, 1000.0)
_CLEARLY = 0.5  # another frame must leave less than this part of the distance


@dataclass(frozen=True)
class Frame:
    """A file's frame: `scale * points @ turn.T` are metres, z up.

    Attributes:
        scale: Metres per unit of what was read.
        turn: float64 [3, 3].
    """

    scale: float
    turn: Array

    def apply(self, points: NDArray[np.floating]) -> Array:
        """Return points [V, 3] in metres, z up."""
        return np.asarray(self.scale * (points.astype(np.float64) @ self.turn.T))

    @property
    def same(self) -> bool:
        """Whether the file came back in the frame it was exported in."""
        return self.scale == 1.0 and bool((self.turn == np.eye(3)).all())

    def said(self) -> str:
        """Say what was done to the file's points."""
        if self.same:
            return "as it was exported"
        parts = [] if self.scale == 1.0 else [f"scaled by {self.scale:g}"]
        if not (self.turn == np.eye(3)).all():
            rows = (
                "".join("+-"[int(value < 0)] + "xyz"[k] for k, value in enumerate(row) if value) for row in self.turn
            )
            parts.append(f"axes turned: x y z from its {' '.join(rows)}")
        return ", ".join(parts)


SAME = Frame(1.0, np.eye(3))


def frame_of_pairs(found: Array, wanted: Array) -> Frame:
    """Return the frame in which points that belong together [N, 3] lie nearest; edited ones among them do no harm."""
    best, least = SAME, _distance(SAME, found, wanted)
    for frame in _frames(_spread(found), _spread(wanted)):
        distance = _distance(frame, found, wanted)
        if distance < _CLEARLY * least:
            best, least = frame, distance
    return best


def frame_of_boxes(found: Array, wanted: Array) -> Frame:
    """Return the frame in which two clouds of points [N, 3] and [M, 3] fill the same box, told without pairs."""
    box = np.stack([wanted.min(axis=0), wanted.max(axis=0)])

    def distance(frame: Frame) -> float:
        points = frame.apply(found)
        return float(np.abs(np.stack([points.min(axis=0), points.max(axis=0)]) - box).max())

    best, least = SAME, distance(SAME)
    for frame in _frames(_spread(found), _spread(wanted)):
        off = distance(frame)
        if off < _CLEARLY * least:
            best, least = frame, off
    return best


def _distance(frame: Frame, found: Array, wanted: Array) -> float:
    return float(np.median(np.linalg.norm(frame.apply(found) - wanted, axis=1)))


def _spread(points: Array) -> float:
    return float(np.median(np.linalg.norm(points - np.median(points, axis=0), axis=1)))


def _frames(found: float, wanted: float) -> list[Frame]:
    """Return the frames whose unit makes the spread right, with every turn of the axes."""
    raw = wanted / max(found, 1e-12)
    scale = min(_RATIOS, key=lambda ratio: abs(np.log(ratio / max(raw, 1e-12))))
    scales = [1.0] if scale == 1.0 or abs(np.log(scale / max(raw, 1e-12))) > 0.1 else [scale]
    turns = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            turn = np.zeros((3, 3))
            turn[range(3), order] = signs
            if np.linalg.det(turn) > 0:
                turns.append(turn)
    return [Frame(scale, turn) for scale in scales for turn in turns]
