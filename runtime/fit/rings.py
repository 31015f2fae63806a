"""Where worn cloth goes around a limb: sections with a plane, and openings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from dressform.runtime.geometry.adjacency import boundary_loops, ring_area, ring_length

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]

CLOSED = 0.97  # of the way round from which a ring counts as closed
_SHORTEST = 6  # points of an opening; less is a hole in a seam


@dataclass(frozen=True, eq=False)
class Ring:
    """A line of cloth around something.

    Attributes:
        sweep: How far round it goes: 1 all the way, less where the front is open.
        cut: Its length in the garment's own shape, which no body stretches [m].
        worn: Its length as worn [m].
        points: The garment's points along it, each once.
    """

    sweep: float
    cut: float
    worn: float
    points: NDArray[np.intp]

    @property
    def is_closed(self) -> bool:
        """Whether it goes all the way round."""
        return self.sweep >= CLOSED

    @property
    def strain(self) -> float:
        """How far it is stretched over its own length; 0 where it is slack."""
        return max(self.worn / self.cut - 1.0, 0.0) if self.cut > 0 else 0.0


class Section:
    """Where a plane cuts cloth.

    Args:
        worn: Points as worn [V, 3] [m].
        own: The same points in the garment's own shape [V, 3] [m].
        faces: int32 [F, 3], counter-clockwise seen from outside.
        origin: A point of the plane [3] [m].
        normal: Unit, of the plane [3].
    """

    def __init__(self, worn: Floats, own: Floats, faces: Integers, origin: Floats, normal: Floats) -> None:
        heights = (worn - origin) @ normal
        heights = np.where(np.abs(heights) < 1e-9, 1e-9, heights)
        above = heights[faces] > 0
        cut = above.any(axis=1) & ~above.all(axis=1)
        corners, above = faces[cut], above[cut]
        alone = np.where(above.sum(axis=1) == 1, above.argmax(axis=1), above.argmin(axis=1))
        rows = np.arange(len(corners))
        tip = corners[rows, alone]
        ends = np.stack([corners[rows, (alone + 1) % 3], corners[rows, (alone + 2) % 3]], axis=1)
        share = (heights[tip] / (heights[tip] - heights[ends].T)).T[..., None]
        start, stop = np.moveaxis(worn[tip][:, None] * (1 - share) + worn[ends] * share, 1, 0)
        own_ends = own[tip][:, None] * (1 - share) + own[ends] * share
        a, b, c = np.moveaxis(worn[corners], 1, 0)
        # every piece runs the same way round what it encloses, so that what they sweep adds up
        forward = np.cross(normal, np.cross(b - a, c - a))
        back = np.sum((stop - start) * forward, axis=1) < 0
        start[back], stop[back] = stop[back], start[back].copy()
        self.normal = normal
        self._start, self._stop = start, stop
        self._own = np.linalg.norm(own_ends[:, 1] - own_ends[:, 0], axis=1)
        self._corners = corners
        self._piece = self._pieces(tip, ends, len(worn))

    @staticmethod
    def _pieces(tip: NDArray[np.int32], ends: NDArray[np.int32], count: int) -> NDArray[np.int32]:
        """Number the segments that hang together, int32 [S]."""
        pairs = np.sort(np.stack([np.repeat(tip[:, None], 2, axis=1), ends], axis=-1), axis=-1).astype(np.int64)
        nodes = np.unique(pairs[..., 0] * count + pairs[..., 1], return_inverse=True)[1].reshape(-1, 2)
        size = int(nodes.max(initial=-1)) + 1
        links = sparse.coo_matrix((np.ones(len(nodes)), (nodes[:, 0], nodes[:, 1])), shape=(size, size))
        label = connected_components(links, directed=False)[1] if size else np.zeros(0, np.int32)
        return np.asarray(label[nodes[:, 0]], np.int32)

    def rings(self, center: Floats) -> list[tuple[Ring, NDArray[np.bool_]]]:
        """Return each connected piece as a ring around a center [3], with the segments [S] it is made of."""
        turned = _turns(self._start - center, self._stop - center, self.normal)
        lengths = np.linalg.norm(self._stop - self._start, axis=1)
        found = []
        for number in range(int(self._piece.max(initial=-1)) + 1):
            mine = self._piece == number
            points = np.unique(self._corners[mine]).astype(np.intp)
            sweep = float(turned[mine].sum()) / (2 * np.pi)
            found.append((Ring(sweep, float(self._own[mine].sum()), float(lengths[mine].sum()), points), mine))
        return found

    def around(self, center: Floats, outside: Floats | None = None, least: float = CLOSED) -> Ring | None:
        """Return the ring around a center [3] that is shortest as cut, a closed one if there is any.

        Args:
            center: What it goes around [m].
            outside: What it must not go around [3], such as the other leg [m].
            least: How far round an open one has to go.
        """
        rings = [ring for ring, _ in self.rings(center) if ring.sweep >= least]
        if outside is not None:
            others = {tuple(ring.points[:4]) for ring, _ in self.rings(outside) if ring.sweep > 0.5}
            rings = [ring for ring in rings if tuple(ring.points[:4]) not in others]
        return min(rings, key=lambda ring: (not ring.is_closed, ring.cut), default=None)


@dataclass(frozen=True, eq=False)
class Opening:
    """A border that goes round: a neckline, a waistband's edge, a hem.

    Attributes:
        points: int [K] in order.
        center: Mean of the points as worn [3] [m].
        normal: Unit, of the plane that it lies in best, upwards [3].
        ring: As a ring; its `sweep` is 1.
    """

    points: NDArray[np.intp]
    center: Floats
    normal: Floats
    ring: Ring
    _line: Floats

    def goes_around(self, center: Floats, normal: Floats) -> bool:
        """Whether it goes round an axis through a center [3] along a unit normal [3]."""
        spokes = self._line - center
        return bool(abs(_turns(spokes, np.roll(spokes, -1, axis=0), normal).sum()) > 2 * np.pi * 0.8)


def openings(worn: Floats, own: Floats, faces: Integers) -> list[Opening]:
    """Return the borders of cloth, longest first; args as of `Section`."""
    found = []
    for loop in boundary_loops(faces):
        points = loop.astype(np.intp)
        line = worn[points]
        area = ring_area(line)
        size = float(np.linalg.norm(area))
        if len(points) < _SHORTEST or size < 1e-6:
            continue
        normal = area / size * (1.0 if area[2] >= 0 else -1.0)
        if np.ptp(line @ normal) > np.sqrt(4 / np.pi * size):
            continue  # it runs up an open front too
        ring = Ring(1.0, ring_length(own[points]), ring_length(line), points)
        found.append(Opening(points, line.mean(axis=0), normal, ring, line))
    return found


def _turns(start: Floats, stop: Floats, normal: Floats) -> Floats:
    """Return the angle from each spoke to the next about a unit normal [rad]."""
    one, other = (spokes - (spokes @ normal)[:, None] * normal for spokes in (start, stop))
    return np.asarray(np.arctan2(np.cross(one, other) @ normal, np.sum(one * other, axis=1)))
