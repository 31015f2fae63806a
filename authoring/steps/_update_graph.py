"""Which point is which in two meshes joined alike, told by how their triangles meet and by nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_ROUNDS = 400
_MOST_LOOKS = 48  # rings of neighbours that tell half-edges apart


class HalfEdges:
    """The half-edges of triangles: edge a→b of a face and the point across from it."""

    def __init__(self, faces: Ints, count: int) -> None:
        """Sort the half-edges of faces [F, 3] over `count` points."""
        self.count = count
        start, end = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
        across = np.roll(faces, -2, axis=1).reshape(-1)
        keys = start * count + end
        order = np.argsort(keys, kind="stable")
        self._keys, self._across, self._order = keys[order], across[order], order

    def _found(self, keys: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return places, self._keys[places] == keys

    def across(self, start: Ints, end: Ints) -> Ints:
        """Return the point across from each half-edge, -1 where there is none."""
        places, there = self._found(start * self.count + end)
        return np.where(there & (start >= 0) & (end >= 0), self._across[places], -1)

    def joined(self, a: Ints, b: Ints) -> NDArray[np.bool_]:
        """Say which pairs of points share an edge, either way."""
        sound = (a >= 0) & (b >= 0) & (a != b)
        return np.asarray(sound & (self._found(a * self.count + b)[1] | self._found(b * self.count + a)[1]))

    def twins(self) -> Ints:
        """Return for each corner's half-edge (3 f + k) the one that runs the other way, -1 at a border."""
        keys = np.empty_like(self._keys)
        keys[self._order] = self._keys
        places, there = self._found((keys % self.count) * self.count + keys // self.count)
        return np.where(there, self._order[places], -1)


def spread(numbers: Ints, faces: Ints, wanted: HalfEdges, places: Ints) -> Ints:
    """Carry known points to their neighbours until nothing new is found.

    Args:
        numbers: [W] the point behind each vertex, -1 where it is not known.
        faces: [G, 3] over these vertices.
        wanted: The half-edges of the mesh whose points they are.
        places: [W] vertices that lie at the same place share a number; a known one tells the others.
    """
    numbers = numbers.copy()
    for _ in range(_ROUNDS):
        before = int((numbers >= 0).sum())
        known = np.full(int(places.max()) + 1, -1, np.int64)
        told = numbers >= 0
        known[places[told]] = numbers[told]
        numbers = np.where(told, numbers, known[places])
        corner = numbers[faces]
        for k in range(3):
            a, b, c = corner[:, k], corner[:, (k + 1) % 3], corner[:, (k + 2) % 3]
            open_ = (a >= 0) & (b >= 0) & (c < 0)
            point = wanted.across(a[open_], b[open_])
            vertex = faces[open_, (k + 2) % 3]
            numbers[vertex[point >= 0]] = point[point >= 0]
        if int((numbers >= 0).sum()) == before:
            break
    return numbers


def same_by_shape(faces: Ints, count: int, wanted: Ints, wanted_count: int) -> Ints:
    """Match points by the pattern of triangles around them alone.

    Each half-edge gets a number made from its own, the next one's and its twin's, over and over, so that it ends up
    naming a whole neighbourhood with its turn; those that occur once on either side are the same.

    Args:
        faces: [G, 3] over `count` welded vertices.
        count: Vertices.
        wanted: [F, 3] over `wanted_count` points.
        wanted_count: Points.

    Returns:
        The point behind each vertex [count], -1 where the pattern does not tell.
    """
    numbers = np.full(count, -1, np.int64)
    states, other = _start(faces, count), _start(wanted, wanted_count)
    twins, other_twins = HalfEdges(faces, count).twins(), HalfEdges(wanted, wanted_count).twins()
    distinct = 0
    for _ in range(_MOST_LOOKS):
        states, other = _looked_around(states, twins), _looked_around(other, other_twins)
        now = len(np.unique(other))
        if now == distinct:
            break
        distinct = now
    once, place = _single(states)
    other_once, other_place = _single(other)
    _, a, b = np.intersect1d(once, other_once, assume_unique=True, return_indices=True)
    numbers[faces.reshape(-1)[place[a]]] = wanted.reshape(-1)[other_place[b]]
    return numbers


def _start(faces: Ints, count: int) -> NDArray[np.uint64]:
    """Number half-edges by how many triangles meet at their start."""
    return np.bincount(faces.reshape(-1), minlength=count)[faces.reshape(-1)].astype(np.uint64)


def _looked_around(states: NDArray[np.uint64], twins: Ints) -> NDArray[np.uint64]:
    following = np.roll(states.reshape(-1, 3), -1, axis=1).reshape(-1)
    across = np.where(twins >= 0, states[twins], np.uint64(7))
    mixed = states * np.uint64(0x9E3779B97F4A7C15) + following * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed ^= (across + np.uint64(0x165667B19E3779F9)) * np.uint64(0xD6E8FEB86659FD93)
    mixed ^= mixed >> np.uint64(29)
    return np.asarray(mixed * np.uint64(0xBF58476D1CE4E5B9), np.uint64)


def _single(states: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], Ints]:
    values, first, counts = np.unique(states, return_index=True, return_counts=True)
    return values[counts == 1], first[counts == 1]
