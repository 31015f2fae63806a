"""How a garment hangs on one body family."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Rig:
    """Skin weights, surface binding and hide mask of a garment for one body family.

    Attributes:
        body: Body family, e.g. "anny".
        body_digest: Digest of the family's topology (`Body.topology_digest`) that the indices refer to.
        joints: The family's joint names, in the order that `joint_indices` counts.
        joint_indices: int32 [V, 8]; unused entries are 0 with weight 0.
        joint_weights: float32 [V, 8], non-negative, rows sum to 1.
        binding_triangles: int32 [V] body triangle each garment point hangs on.
        binding_barycentrics: float32 [V, 3].
        binding_offsets: float32 [V, 3] offset from that body point in the triangle's frame
            (tangent along edge 0-1, bitangent, normal) on the canonical rest body [m].
        hide: bool [F_body] body triangles that the garment covers.
    """

    body: str
    body_digest: str
    joints: tuple[str, ...]
    joint_indices: NDArray[np.int32]
    joint_weights: NDArray[np.float32]
    binding_triangles: NDArray[np.int32]
    binding_barycentrics: NDArray[np.float32]
    binding_offsets: NDArray[np.float32]
    hide: NDArray[np.bool_]
