"""A field's wrinkles, written every frame for the renderer: a normal a texel of the atlas, and how points turn."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.assets.files.field import Wrinkles

from ._kernels_field import Block, sum_modes
from ._kernels_wrinkles import mix_code, paint_texels
from .blocks import blocked, zeroed_blocks
from .launches import KEPT_BUFFERS
from .wrinkle_texels import WrinkleTexels

Floats = NDArray[np.float32]

FACING = 0.5  # cosine between both normals from which on the wrinkles have their whole share; at 0 they have none


class Relief(NamedTuple):
    """What the renderer shades wrinkled cloth by, in buffers that a frame fills.

    Attributes:
        turns: Warp vec4 array [V] of all vertices: the turn from carried frame to world as a quaternion xyzw, as long
            as the wrinkles' share there; zero where there are none.
        texels: Warp vec3 array of the atlas of each wrinkled garment in layer order, side² each, row 0 at v = 0:
            normals in the carried frames, of any length; zero where there is none.
    """

    turns: Any
    texels: Any

    @classmethod
    def empty(cls, vertices: int, texels: int, device: str = "cpu") -> Relief:
        """Return buffers without wrinkles for this many vertices and texels."""
        return cls(
            wp.zeros(max(vertices, 1), dtype=wp.vec4, device=device),
            wp.zeros(max(texels, 1), dtype=wp.vec3, device=device),
        )


class WrinklesOnBody:
    """Paints the atlas of one garment with its wrinkles.

    Args:
        wrinkles: The garment's.
        where: The texels of its atlas.
        start: Its first texel in the buffer of all garments.
        coefficients: Warp float array [K] that holds the field's code when `launch` is called.
        device: Warp device.
    """

    def __init__(
        self, wrinkles: Wrinkles, where: WrinkleTexels, start: int, coefficients: Any, *, device: str = "cpu"
    ) -> None:
        count = len(wrinkles.points)
        self._mean = wp.array(blocked(wrinkles.mean[None], spare=1)[:, 0], dtype=Block, device=device)
        self._modes = wp.array(blocked(wrinkles.modes, spare=1), dtype=Block, device=device)
        self._mix = wp.array(np.ascontiguousarray(wrinkles.mix, np.float32), dtype=wp.float32, device=device)
        self._mixed = wp.zeros(len(wrinkles.mix), dtype=wp.float32, device=device)
        self._sums, self._normals = zeroed_blocks(count + 1, device)
        self._where = [
            wp.array(where.places, dtype=wp.int32, device=device),
            wp.array(where.corners, dtype=wp.int32, device=device),
            wp.array(where.barycentrics, dtype=wp.vec3, device=device),
            start,
        ]
        self._count, self.device = len(where.places), device
        self._read = [
            self._command(mix_code, len(self._mixed), [self._mix, coefficients], [self._mixed]),
            self._command(sum_modes, len(self._sums), [self._mean, self._modes, self._mixed], [self._sums]),
        ]
        self._paints: dict[int, Any] = {}

    def launch(self, relief: Relief) -> None:
        """Paint the garment's texels; the first call with each relief prepares its launch."""
        for command in self._read:
            command.launch()
        if relief.texels.ptr not in self._paints:
            if len(self._paints) == KEPT_BUFFERS:
                self._paints.clear()
            inputs = [self._normals, *self._where]
            self._paints[relief.texels.ptr] = self._command(paint_texels, self._count, inputs, [relief.texels])
        self._paints[relief.texels.ptr].launch()

    def _command(self, kernel: Any, dim: int, inputs: list[Any], outputs: list[Any]) -> Any:
        return wp.launch(kernel, dim=dim, inputs=inputs, outputs=outputs, device=self.device, record_cmd=True)


def wrinkle_normals(wrinkles: Wrinkles, coefficients: Floats) -> Floats:
    """Return the wrinkles' normals float32 [P, 3] for a code [K], of any length, in each point's carried frame."""
    return np.asarray(wrinkles.mean + np.einsum("r,rpx->px", wrinkles.mix @ coefficients, wrinkles.modes), np.float32)


def shaded_normals(normals: Floats, wrinkled: Floats, share: float | Floats) -> Floats:
    """Return the unit normals that pixels are shaded by, float32 [N, 3].

    Args:
        normals: Of the mesh, unit [N, 3].
        wrinkled: Of the wrinkles in the same frame [N, 3], of any length; zero where there is none.
        share: Weight of the wrinkles, one or [N, 1]; less where the two look different ways.
    """
    lengths = np.linalg.norm(wrinkled, axis=1, keepdims=True)
    unit = wrinkled / np.maximum(lengths, 1e-6)
    facing = np.clip((normals * unit).sum(axis=1, keepdims=True) / FACING, 0, 1)
    mixed = normals + share * facing * (unit - normals)
    return np.asarray(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), np.float32)
