"""What a rasteriser is to the renderer: it finds the face nearest to the eye at every sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import warp as wp


@dataclass(frozen=True)
class DrawnFaces:
    """What is drawn and stays the same from frame to frame; Warp arrays on the renderer's device.

    Attributes:
        corners: int32 [F, 3], counter-clockwise seen from outside.
        flags: int8 [F], `DOUBLE_SIDED` + `CUTOUT` + `LAYER` × layer.
        mesh: int32 [F], index into `surfaces`.
        uv: vec2 [F, 3].
        surfaces: Surface [M], see `_kernels_surface`; says where a mesh's texture lies.
        texels: uint32 [T], packed; coverage in the two highest bits.
    """

    corners: wp.array
    flags: wp.array
    mesh: wp.array
    uv: wp.array
    surfaces: wp.array
    texels: wp.array


class Rasterizer(Protocol):
    """Draws the same faces again and again, from vertices that move."""

    def draw(self, screen: wp.array, keys: wp.array, facing: wp.array) -> None:
        """Find what the eye sees.

        Of faces that cover a sample's centre, the one of the greatest `lifted` inverse depth is seen; of equals, that
        of the lowest index. Left out are what is nearer than `NEAR`, back faces without `DOUBLE_SIDED`, and holes of
        faces with `CUTOUT`.

        Args:
            screen: vec3 [V], x and y [samples], inverse depth [1/m]; negative behind the camera.
            keys: int64 [H, W], all `EMPTY`; written where something is seen: its `pack_key`.
            facing: int8 [F], written: 1 front, -1 back and drawn, 0 not drawn.
        """
        ...


RasterizerMaker = Callable[[DrawnFaces, str], Rasterizer]
"""Makes a rasteriser of what is drawn and the Warp device that it is drawn on."""
