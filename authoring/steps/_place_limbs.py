"""Points of a posed body or its clothes brought back to the rest pose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def unposed(
    points: NDArray[np.floating], weights: NDArray[np.float64], transforms: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the rest points that skinning would bring to `points`: each by the inverse of its own blended matrix.

    Args:
        points: Posed points [V, 3] [m].
        weights: Dense skin weights [V, J].
        transforms: rest → posed [J, 4, 4].
    """
    blended = np.einsum("vj,jab->vab", weights, transforms.astype(np.float64))
    moved = points - blended[:, :3, 3]
    return np.asarray(np.linalg.solve(blended[:, :3, :3], moved[:, :, None])[:, :, 0], np.float64)
