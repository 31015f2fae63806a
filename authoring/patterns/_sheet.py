"""A small sheet of cloth brought into shape: it keeps its lengths, stays near a guess and out of solids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.interpolate import RectBivariateSpline
from scipy.sparse.linalg import splu

from dressform.runtime.geometry.distance import Surface

Floats = NDArray[np.float64]

# What the parts of the energy weigh against each other; found by looking at collars on bodies.
_LENGTH, _SMOOTH, _NEAR, _STAY = 1.0, 0.15, 0.0005, 0.05
_REACH = 0.03  # [m] an open surface further off than this says nothing of its side


@dataclass(frozen=True)
class Obstacle:
    """What the sheet must stay outside of.

    Attributes:
        surface: Closed, or open with its outside towards the sheet.
        gap: Least distance [m].
    """

    surface: Surface
    gap: float

    def push(self, points: Floats) -> Floats:
        """Return points [N, 3] [m] moved out to the gap."""
        near = self.surface.closest(points)
        signed = self.surface.signed_distance(points).astype(np.float64)
        away = (points - near.points) * np.sign(signed)[:, None]
        length = np.linalg.norm(away, axis=1, keepdims=True)
        hit = (signed < self.gap) & (np.abs(signed) < _REACH) & (length[:, 0] > 1e-7)
        moved = points.copy()
        moved[hit] += (self.gap - signed[hit])[:, None] * (away[hit] / length[hit])
        return moved


def settle(
    guess: Floats, flat: Floats, fixed: NDArray[np.bool_], obstacles: Sequence[Obstacle], rounds: int = 100
) -> Floats:
    """Return a grid of points [R, C, 3] near a guess whose lengths are those of the flat cloth.

    Projective dynamics (Bouaziz et al. 2014): each round asks lengths and obstacles where they want the points, and
    answers all of them by one linear system whose matrix never changes.

    Args:
        guess: [R, C, 3] [m].
        flat: The same grid on the flat cloth [R, C, 2] [m].
        fixed: Points that stay [R, C].
        obstacles: What to stay out of.
        rounds: How often.
    """
    rows, columns = guess.shape[:2]
    number = np.arange(rows * columns).reshape(rows, columns)
    start = guess.reshape(-1, 3)
    pairs = _pairs(number)
    rest = np.linalg.norm(np.diff(flat.reshape(-1, 2)[pairs], axis=1)[:, 0], axis=1)
    count = len(start)
    springs = sparse.csr_matrix(
        (np.tile([1.0, -1.0], len(pairs)), (np.repeat(np.arange(len(pairs)), 2), pairs.reshape(-1))),
        shape=(len(pairs), count),
    )
    bend = _second_differences(number)
    hold = np.where(fixed.reshape(-1), 1e4, _NEAR)
    system = _LENGTH * springs.T @ springs + _SMOOTH * bend.T @ bend + sparse.diags(hold + _STAY)
    solver = splu(sparse.csc_matrix(system))
    constant = _SMOOTH * (bend.T @ (bend @ start)) + hold[:, None] * start
    points = start.copy()
    for _ in range(rounds):
        along = springs @ points
        length = np.maximum(np.linalg.norm(along, axis=1), 1e-9)
        wanted = along * (rest / length)[:, None]
        clear = points
        for obstacle in obstacles:
            clear = obstacle.push(clear)
        points = solver.solve(constant + _LENGTH * (springs.T @ wanted) + _STAY * clear)
    loose = ~fixed.reshape(-1)
    for obstacle in obstacles:
        points[loose] = obstacle.push(points[loose])
    return points.reshape(rows, columns, 3)


class Smooth:
    """A grid of points as a smooth surface.

    Args:
        down: Rising parameters of the rows [R].
        across: Rising parameters of the columns [C].
        points: [R, C, 3] [m].
    """

    def __init__(self, down: Floats, across: Floats, points: Floats) -> None:
        self._parts = [RectBivariateSpline(down, across, points[..., k], s=0) for k in range(3)]

    def at(self, down: Floats, across: Floats) -> Floats:
        """Return points [N, 3] [m]."""
        return np.stack([part.ev(down, across) for part in self._parts], axis=-1)

    def normals(self, down: Floats, across: Floats) -> Floats:
        """Return unit normals [N, 3]: across × up, where up is against the rows."""
        up = -np.stack([part.ev(down, across, dx=1) for part in self._parts], axis=-1)
        along = np.stack([part.ev(down, across, dy=1) for part in self._parts], axis=-1)
        normal = np.cross(along, up)
        return np.asarray(normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-12))


def grid_faces(rows: int, columns: int) -> NDArray[np.int32]:
    """Return the triangles [F, 3] of a grid, counter-clockwise seen with its columns running right, its rows down."""
    number = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]
    first = np.stack([a, d, c], axis=-1).reshape(-1, 3)
    return np.concatenate([first, np.stack([a, c, b], axis=-1).reshape(-1, 3)])


def _pairs(number: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the neighbours [E, 2] along rows, columns and both diagonals."""
    sides = (
        (number[:, :-1], number[:, 1:]),
        (number[:-1], number[1:]),
        (number[:-1, :-1], number[1:, 1:]),
        (number[1:, :-1], number[:-1, 1:]),
    )
    return np.concatenate([np.stack([one.reshape(-1), other.reshape(-1)], axis=1) for one, other in sides])


def _second_differences(number: NDArray[np.int64]) -> sparse.csr_matrix:
    """Return the matrix of second differences along rows and columns."""
    triples = np.concatenate(
        [
            np.stack([number[:, :-2], number[:, 1:-1], number[:, 2:]], axis=-1).reshape(-1, 3),
            np.stack([number[:-2], number[1:-1], number[2:]], axis=-1).reshape(-1, 3),
        ]
    )
    values = np.tile([1.0, -2.0, 1.0], len(triples))
    rows = np.repeat(np.arange(len(triples)), 3)
    return sparse.csr_matrix((values, (rows, triples.reshape(-1))), shape=(len(triples), number.size))
