"""How a garment hangs on one body family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SizeBinding:
    """Where the points of one size hang on the body: see `Rig`.

    Attributes:
        triangles: int32 [V].
        barycentrics: float32 [V, 3].
        offsets: float32 [V, 3] [m].
    """

    triangles: NDArray[np.int32]
    barycentrics: NDArray[np.float32]
    offsets: NDArray[np.float32]


@dataclass(frozen=True)
class Rig:
    """Skin weights, surface binding and hide mask of a garment for one body family.

    All sizes of a garment share the weights and the mask; the binding is the default size's.

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
        hide: bool [F_body] body triangles that the garment covers in every size.
        sizes: The bindings of the further sizes.
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
    sizes: Mapping[str, SizeBinding] = field(default_factory=dict)

    def of_size(self, size: str) -> Rig:
        """Return the rig with the binding of a size; the default size's where it has none of that name."""
        if size not in self.sizes:
            return replace(self, sizes={})
        own = self.sizes[size]
        return replace(
            self,
            binding_triangles=own.triangles,
            binding_barycentrics=own.barycentrics,
            binding_offsets=own.offsets,
            sizes={},
        )


def rig_size_arrays(rig: Rig) -> dict[str, NDArray[np.generic]]:
    """Return the bindings of the further sizes as named arrays: `binding_offsets.L` and so on."""
    return {
        f"binding_{part}.{size}": getattr(own, part)
        for size, own in sorted(rig.sizes.items())
        for part in ("triangles", "barycentrics", "offsets")
    }
