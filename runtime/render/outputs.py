"""What a frame holds besides its picture, worked out from the buffers that drawing it left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.geometry.simd.code import lanes_on

from . import _kernels_outputs as kernels
from ._kernels_ground import GroundFrame
from ._kernels_view import View
from .scene import SceneMesh

BACKGROUND = "background"


class Drawn(NamedTuple):
    """What drawing one frame left behind; arrays of a value for each sample unless said otherwise.

    Attributes:
        keys: int64, the face seen and its nearness.
        color: Linear light of those that show a surface.
        backdrop: Linear light behind.
        across, down: int32, where silhouettes pass to the right and lower neighbour.
        screen, earlier: vec3 [V] vertices on the screen now and a frame before.
        normals: vec3 [V].
        turns, wrinkles: As the renderer's.
        facing: int8 [F], which way each face looks.
        view: The camera.
        ground: The ground's map in the world, or None where it is not seen.
        shadow: float [cells, cells], share of light that reaches the ground.
    """

    keys: wp.array
    color: wp.array
    backdrop: wp.array
    across: wp.array
    down: wp.array
    screen: wp.array
    earlier: wp.array
    normals: wp.array
    turns: wp.array
    wrinkles: wp.array
    facing: wp.array
    view: View
    ground: GroundFrame | None
    shadow: wp.array


class Tables(NamedTuple):
    """What stays from frame to frame: of each face [F] its corners, flags, mesh, segment, UVs; and materials."""

    faces: wp.array
    face_flags: wp.array
    face_mesh: wp.array
    face_group: wp.array
    face_uv: wp.array
    atlas_uv: wp.array
    surfaces: wp.array
    srgb: wp.array


class Outputs:
    """Reads a renderer's buffers when asked; its own are made on the first wish and kept.

    Args:
        tables: What stays from frame to frame.
        meshes: What is drawn.
        vertex_counts: Vertices of each mesh, 0 for one that shares those of the one before it.
        grid: (width, height) [px], and samples per pixel side.
        device: Warp device.

    Attributes:
        segments: "background" and the names of meshes with vertices of their own; a name seen before gets a number.
        sample_px: Where in a pixel the unfiltered outputs are of [px].
    """

    def __init__(
        self,
        tables: Tables,
        meshes: Sequence[SceneMesh],
        vertex_counts: Sequence[int],
        *,
        grid: tuple[tuple[int, int], int],
        device: str,
    ) -> None:
        self.segments = (BACKGROUND, *_distinct([m.name for m, n in zip(meshes, vertex_counts, strict=True) if n]))
        self._counts = [count for count in vertex_counts if count]
        size, samples = grid
        self._tables, self._device, self._samples = tables, device, samples
        self._shape = (size[1], size[0])
        self._offset = (samples - 1) // 2  # the middle one where there is one
        self.sample_px = (self._offset + 0.5) / samples
        self._own: dict[str, wp.array] = {}
        self._frame = 0
        self._matted = 0  # the frame that the matte's buffer is of

    def of(self, drawn: Drawn) -> Callable[[str], Any]:
        """Return what reads outputs of this frame by name, for as long as it is the newest."""
        self._frame += 1
        number = self._frame

        def read(name: str) -> Any:
            if number != self._frame:
                raise ValueError(f"{name} of a frame has to be asked for before the next is rendered; copy() keeps it")
            with wp.ScopedDevice(self._device):
                return getattr(self, f"_{name}")(drawn)

        return read

    def _depth(self, drawn: Drawn) -> NDArray[np.float32]:
        inputs = [drawn.keys, self._tables.face_flags, self._samples, self._offset]
        return self._launch(kernels.read_depth, inputs, "depth", float)

    def _mask(self, drawn: Drawn) -> NDArray[np.uint8]:
        inputs = [drawn.keys, self._tables.face_group, self._samples, self._offset]
        return self._launch(kernels.read_mask, inputs, "mask", wp.uint8)

    def _velocity(self, drawn: Drawn) -> NDArray[np.float32]:
        inputs = [drawn.keys, self._tables.faces, drawn.screen, drawn.earlier, self._samples, self._offset]
        return self._launch(kernels.read_velocity, inputs, "velocity", wp.vec2)

    def _uv(self, drawn: Drawn) -> NDArray[np.float32]:
        inputs = [drawn.keys, self._tables.faces, drawn.screen, self._tables.face_uv, self._samples, self._offset]
        return self._launch(kernels.read_uv, inputs, "uv", wp.vec2)

    def _normals(self, drawn: Drawn) -> NDArray[np.float32]:
        tables, lanes = self._tables, lanes_on(self._device)
        inputs = [
            *(drawn.keys, drawn.screen, drawn.normals, tables.faces, tables.atlas_uv, tables.face_mesh, drawn.facing),
            *(tables.surfaces, drawn.turns, drawn.wrinkles, self._samples, self._offset, lanes),
        ]
        threads = (self._shape[0], -(-self._shape[1] // lanes))
        return self._launch(kernels.read_normals, inputs, "normals", wp.vec3, threads)

    def _alpha(self, drawn: Drawn) -> NDArray[np.float32]:
        return self._matte(drawn)[..., 0]

    def _shadow(self, drawn: Drawn) -> NDArray[np.float32]:
        return self._matte(drawn)[..., 1]

    def _matte(self, drawn: Drawn) -> NDArray[np.float32]:
        """Coverage and the shadow's share, which several outputs are made of."""
        if self._matted != self._frame:
            ground = [drawn.ground or GroundFrame(), drawn.shadow, int(drawn.ground is not None)]
            self._blend(drawn, kernels.fill_matte, [drawn.keys, drawn.view, *ground], "matte")
            self._matted = self._frame
        matte: NDArray[np.float32] = self._own["matte"].numpy()
        return matte

    def _linear(self, drawn: Drawn) -> NDArray[np.float32]:
        ground = [drawn.ground or GroundFrame(), drawn.shadow, int(drawn.ground is not None)]
        inputs = [drawn.keys, drawn.color, drawn.backdrop, drawn.view, *ground]
        return self._blend(drawn, kernels.fill_light, inputs, "linear")

    def _premultiplied(self, drawn: Drawn) -> NDArray[np.float32]:
        matte = self._matte(drawn)
        light = self._blend(drawn, kernels.fill_people, [drawn.keys, drawn.color], "people")
        return np.concatenate([light, matte[..., :2].sum(axis=-1, keepdims=True)], axis=-1)

    def _coverage(self, drawn: Drawn) -> NDArray[np.float32]:
        shares = np.zeros((*self._shape, len(self.segments)), np.float32)
        for first in range(0, len(self.segments) - 1, 3):
            inputs = [drawn.keys, self._tables.face_group, first]
            three = self._blend(drawn, kernels.fill_segments, inputs, "share")
            shares[..., first + 1 : first + 4] = three[..., : len(self.segments) - 1 - first]
        shares[..., 0] = np.maximum(1.0 - shares.sum(axis=-1), 0.0)
        return shares

    def _seen_vertices(self, drawn: Drawn) -> dict[str, NDArray[np.bool_]]:
        seen = self._buffer("seen", wp.uint8, (sum(self._counts),))
        seen.zero_()
        wp.launch(kernels.mark_seen, drawn.keys.shape, [drawn.keys, self._tables.faces], outputs=[seen])
        parts = np.split(seen.numpy().astype(np.bool_), np.cumsum(self._counts)[:-1])
        return dict(zip(self.segments[1:], parts, strict=True))

    def _blend(self, drawn: Drawn, fill: wp.Kernel, inputs: list[Any], name: str) -> NDArray[np.float32]:
        """Fill every sample, then average over pixels as the picture does."""
        values = self._buffer("samples", wp.vec3, drawn.keys.shape)
        wp.launch(fill, values.shape, inputs, outputs=[values])
        return self._launch(
            kernels.blend, [values, drawn.across, drawn.down, self._samples, self._tables.srgb], name, wp.vec3
        )

    def _launch(
        self, kernel: wp.Kernel, inputs: list[Any], name: str, dtype: Any, threads: tuple[int, int] | None = None
    ) -> NDArray[Any]:
        out = self._buffer(name, dtype, self._shape)
        wp.launch(kernel, threads or self._shape, inputs, outputs=[out])
        values: NDArray[Any] = out.numpy()
        return values

    def _buffer(self, name: str, dtype: Any, shape: tuple[int, ...]) -> wp.array:
        if name not in self._own:
            self._own[name] = wp.zeros(shape, dtype=dtype, device=self._device)
        return self._own[name]


def _distinct(names: Sequence[str]) -> list[str]:
    """Number names that come again."""
    seen: dict[str, int] = {BACKGROUND: 1}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return distinct
