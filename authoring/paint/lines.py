"""Polylines on flat cloth: lengths, parts, rounded corners and discs."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Line = NDArray[np.float64]


def along(line: Line) -> NDArray[np.float64]:
    """Return the length from the start at each point of a polyline [n, 2] [m], float64 [n]."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])


def length_of(line: Line) -> float:
    """Return the length of a polyline [m]."""
    return float(along(line)[-1])


def part(line: Line, start: float, end: float) -> Line:
    """Return the stretch of a polyline between two lengths from its start [m]."""
    lengths = along(line)
    inner = lengths[(lengths > start) & (lengths < end)]
    where = np.concatenate([[start], inner, [end]])
    return np.stack([np.interp(where, lengths, line[:, k]) for k in range(2)], axis=1)


def joined(lines: list[Line]) -> Line:
    """Return polylines that follow each other as one."""
    return np.concatenate([lines[0], *(line[1:] for line in lines[1:])])


def closed(outline: Line) -> Line:
    """Return an outline [n, 2] that ends where it begins, counter-clockwise."""
    ring = outline if np.allclose(outline[0], outline[-1]) else np.concatenate([outline, outline[:1]])
    x, y = ring[:, 0], ring[:, 1]
    area = float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
    return ring if area >= 0 else ring[::-1]


def chords(line: Line, tolerance: float = 0.00004, longest: float = 0.04) -> Line:
    """Return a polyline with as few points as keep its course [m], in chords of at most a length [m]."""
    far = int(np.argmax(np.linalg.norm(line - line[0], axis=1)))
    # a closed line is thinned in two halves, as its ends say nothing about its course
    halves = [line[: far + 1], line[far:]] if np.allclose(line[0], line[-1]) else [line]
    few = joined([_thinned(half, tolerance) for half in halves])
    pieces = [few[:1]]
    for start, end in pairwise(few):
        count = max(1, int(np.ceil(np.linalg.norm(end - start) / longest)))
        pieces.append(start + (end - start) * (np.arange(1, count + 1)[:, None] / count))
    return np.concatenate(pieces)


def _thinned(line: Line, tolerance: float) -> Line:
    scaled = np.asarray(line * 1000, np.float32).reshape(-1, 1, 2)  # in millimetres, for single precision
    few = np.asarray(cv2.approxPolyDP(scaled, tolerance * 1000, False), np.float64).reshape(-1, 2) / 1000
    if len(few) < 2:
        return line
    few[0], few[-1] = line[0], line[-1]
    return few


def disc(center: NDArray[np.float64], radius: float, count: int = 32) -> Line:
    """Return a closed circle [count + 1, 2] [m], counter-clockwise."""
    turn = np.linspace(0, 2 * np.pi, count + 1)
    return np.asarray(center + radius * np.column_stack([np.cos(turn), np.sin(turn)]), np.float64)


def turned(points: Line, angle: float) -> Line:
    """Return points turned counter-clockwise about the origin by an angle [rad]."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[cosine, sine], [-sine, cosine]]), np.float64)
