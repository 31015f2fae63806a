"""Cloth that would reach below the floor is turned up, as trousers are that are too long for who wears them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.adjacency import edges

Floats = NDArray[np.float32]

CLEARANCE = 0.015  # [m] least height of a hem over the floor at rest
SPAN = 0.45  # [m] above the hem, over which the cloth is shortened
STEEPEST = 3.0  # times as long as what is turned up the shortened part is at least, so that no cloth folds over


def turned_up(points: Floats, faces: NDArray[np.integer]) -> Floats:
    """Return a garment's points with its lowest hem clear of the floor.

    What is turned up is taken from the lower part of the cloth, most at the hem. A garment without a hem down there,
    such as footed tights, stays as it is.

    Args:
        points: On the body at rest, which stands on z = 0 [V, 3] [m].
        faces: Its cloth int32 [F, 3].
    """
    found = edges(faces)
    hems = points[found.vertices[found.face_counts == 1].reshape(-1), 2]
    if not len(hems) or (short := CLEARANCE - float(hems.min())) <= 0:
        return points
    lowest = float(hems.min())
    share = np.clip(1 - (points[:, 2] - lowest) / max(SPAN, STEEPEST * short), 0, None)
    raised = points.copy()
    raised[:, 2] += short * np.minimum(share, 1) ** 2
    return raised
