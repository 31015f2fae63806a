"""Cloth that would reach below the floor is turned up, as trousers are that are too long for who wears them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.adjacency import edges

Floats = NDArray[np.float32]

CLEARANCE = 0.015  # [m] least height of a hem over the floor at rest
SPAN = 0.45  # [m] above the hem, over which the cloth is shortened
STEEPEST = 3.0  # times as long as what is turned up the shortened part is at least, so that no cloth folds over


FOOTED = 0.03  # [m] a garment that reaches further below its lowest hem than this, onto the floor, holds a foot


def is_footed(points: Floats, faces: NDArray[np.integer]) -> bool:
    """Say whether a garment goes round the sole of a foot, as a sock or a shoe does.

    Args:
        points: On the body at rest, which stands on z = 0 [V, 3] [m].
        faces: Its outer triangles [F, 3].
    """
    lowest = float(points[faces.reshape(-1), 2].min(initial=np.inf))
    return lowest < CLEARANCE and lowest < _lowest_hem(points, faces) - FOOTED


def _lowest_hem(points: Floats, faces: NDArray[np.integer]) -> float:
    """Return the height of the lowest border of triangles [m]; infinite where there is none."""
    found = edges(faces)
    return float(points[found.vertices[found.face_counts == 1].reshape(-1), 2].min(initial=np.inf))


def turned_up(points: Floats, faces: NDArray[np.integer]) -> Floats:
    """Return a garment's points with its lowest hem clear of the floor.

    What is turned up is taken from the lower part of the cloth, most at the hem. A garment without a hem down there,
    such as footed tights, stays as it is.

    Args:
        points: On the body at rest, which stands on z = 0 [V, 3] [m].
        faces: Its cloth [F, 3].
    """
    lowest = _lowest_hem(points, faces)
    if (short := CLEARANCE - lowest) <= 0:
        return points
    share = np.clip(1 - (points[:, 2] - lowest) / max(SPAN, STEEPEST * short), 0, None)
    raised = points.copy()
    raised[:, 2] += short * np.minimum(share, 1) ** 2
    return raised
