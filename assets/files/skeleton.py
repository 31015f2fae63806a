"""A body's joints at rest, as a GLB's skin needs them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Skeleton:
    """Joints of a body family at rest.

    Attributes:
        names: Joint names, parents before children.
        parents: int32 [J], -1 for a root.
        poses: float32 [J, 4, 4] rest, joint frame → the garment's frame [m], z up; rotation and translation only.
    """

    names: tuple[str, ...]
    parents: NDArray[np.int32]
    poses: NDArray[np.float32]
