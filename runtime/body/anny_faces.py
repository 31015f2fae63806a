"""Anny's quads split into triangles, the same on every machine.

Anny splits a quad along its shorter diagonal. In its eyes both are equally long, and there the last bits of its
coordinates decide, which depend on the processor's matrix product: two machines would disagree about which body a
garment was rigged to. Everything that was ever rigged to this body keeps to one choice, written down here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TIE = 1e-9  # relative difference of lengths; ties differ by 1e-15, other diagonals by more than 1e-5
# of the quads of an eye whose diagonals are equal, in anny 0.6's order: whether the one from the first corner is taken
_FIRST_WHERE_EQUAL = "0000000011010100001110110001"


def split_quads(points: NDArray[np.float64], quads: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Say which quads [Q, 4] are split from their first corner to their third, bool [Q]; the others not.

    Args:
        points: [V, 3].
        quads: Indices of their corners.
    """
    corners = points[quads]
    first = np.linalg.norm(corners[:, 0] - corners[:, 2], axis=1)
    second = np.linalg.norm(corners[:, 1] - corners[:, 3], axis=1)
    equal = np.abs(first - second) <= TIE * first
    taken = first < second
    stated = np.array([choice == "1" for choice in _FIRST_WHERE_EQUAL])
    taken[equal] = np.resize(stated, np.count_nonzero(equal))
    return np.asarray(taken)


def triangles(quads: NDArray[np.integer], from_first: NDArray[np.bool_]) -> NDArray[np.integer]:
    """Return the triangles [2Q, 3] of split quads [Q, 4], in anny's order of corners."""
    halves = np.where(from_first[:, None], quads[:, [0, 1, 2, 2, 3, 0]], quads[:, [0, 1, 3, 3, 1, 2]])
    return halves.reshape(-1, 3)
