"""What a frame holds besides its picture, worked out from the buffers that drawing it left behind."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.geometry.simd.code import lanes_on

from . import _kernels_outputs as kernels
from ._kernels_ground import GroundFrame
from .drawing import Drawing
from .hems import Hems
from .scene import SceneMesh

if TYPE_CHECKING:
    from .sheer import Sheer

BACKGROUND = "background"


class Colored(NamedTuple):
    """What making a frame left behind.

    Attributes:
        drawing: What was drawn.
        color: Linear light of samples that show a surface, vec3.
        backdrop: Linear light behind every sample, vec3.
        ground: The ground's map in the world, or None where it is not seen.
        shadow: float [cells, cells], share of light that reaches the ground.
        sheer: The layers of sheer cloth, or None where nothing is sheer.
    """

    drawing: Drawing
    color: wp.array
    backdrop: wp.array
    ground: GroundFrame | None
    shadow: wp.array
    sheer: Sheer | None = None

    @property
    def keys(self) -> wp.array:
        """What is nearest at each sample, sheer or not."""
        return self.drawing.keys if self.sheer is None else self.sheer.nearest


class Tables(NamedTuple):
    """What stays from frame to frame: of each face [F] its corners, flags, mesh, segment, UVs; and materials."""

    faces: wp.array
    face_flags: wp.array
    face_mesh: wp.array
    face_group: wp.array
    face_uv: wp.array
    atlas_uv: wp.array
    surfaces: wp.array


class Outputs:
    """Reads a renderer's buffers when asked; its own are made on the first wish and kept.

    Args:
        tables: What stays from frame to frame.
        meshes: What is drawn.
        vertex_counts: Vertices of each mesh, 0 for one that shares those of the one before it.
        grid: (width, height) [px], and samples per pixel side.
        device: Warp device.
        hems: Whose points come after all vertices.

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
        hems: Hems,
    ) -> None:
        self.segments = (BACKGROUND, *_distinct([m.name for m, n in zip(meshes, vertex_counts, strict=True) if n]))
        self._counts = [count for count in vertex_counts if count]
        size, samples = grid
        self._tables, self._device, self._samples, self._hems = tables, device, samples, hems
        self._shape = (size[1], size[0])
        self._grid = (samples, (samples - 1) // 2)  # of the samples of a pixel the middle one where there is one
        self.sample_px = (self._grid[1] + 0.5) / samples
        self._own: dict[str, wp.array] = {}
        self._frame = 0
        self._matted = 0  # the frame that the matte's buffer is of

    def of(self, made: Colored) -> Callable[[str], Any]:
        """Return what reads outputs of this frame by name, for as long as it is the newest."""
        self._frame += 1
        number = self._frame

        def read(name: str) -> Any:
            if number != self._frame:
                raise ValueError(f"{name} of a frame has to be asked for before the next is rendered; copy() keeps it")
            return getattr(self, f"_{name}")(made)

        return read

    def _depth(self, made: Colored) -> NDArray[np.float32]:
        inputs = [made.keys, self._tables.face_flags, *self._grid]
        return self._launch(kernels.read_depth, inputs, "depth", float)

    def _mask(self, made: Colored) -> NDArray[np.uint8]:
        inputs = [made.keys, self._tables.face_group, *self._grid]
        return self._launch(kernels.read_mask, inputs, "mask", wp.uint8)

    def _velocity(self, made: Colored) -> NDArray[np.float32]:
        at = made.drawing
        inputs = [made.keys, self._tables.faces, at.screen, at.earlier, *self._grid]
        return self._launch(kernels.read_velocity, inputs, "velocity", wp.vec2)

    def _uv(self, made: Colored) -> NDArray[np.float32]:
        at = made.drawing
        inputs = [made.keys, self._tables.faces, at.screen, self._tables.face_uv, *self._grid]
        return self._launch(kernels.read_uv, inputs, "uv", wp.vec2)

    def _normals(self, made: Colored) -> NDArray[np.float32]:
        at, tables, lanes = made.drawing, self._tables, lanes_on(self._device)
        inputs = [
            *(made.keys, at.screen, at.normals, tables.faces, tables.atlas_uv, tables.face_mesh, at.facing),
            *(tables.surfaces, at.turns, at.wrinkles, *self._grid, lanes),
        ]
        threads = (self._shape[0], -(-self._shape[1] // lanes))
        return self._launch(kernels.read_normals, inputs, "normals", wp.vec3, threads)

    def _alpha(self, made: Colored) -> NDArray[np.float32]:
        return self._matte(made)[..., 0]

    def _shadow(self, made: Colored) -> NDArray[np.float32]:
        return self._matte(made)[..., 1]

    def _matte(self, made: Colored) -> NDArray[np.float32]:
        """Coverage and the shadow's share, which several outputs are made of."""
        if self._matted != self._frame:
            if made.sheer is None:
                self._blend(made, kernels.fill_matte, [made.keys, *_behind(made)], "matte")
            else:
                hidden = [made.drawing.keys, made.sheer.through, *_behind(made)]
                self._blend(made, made.sheer.kernels.fill_sheer_matte, hidden, "matte")
            self._matted = self._frame
        matte: NDArray[np.float32] = self._own["matte"].numpy()
        return matte

    def _linear(self, made: Colored) -> NDArray[np.float32]:
        inputs = [made.keys, made.color, made.backdrop, *_behind(made)]
        return self._blend(made, kernels.fill_light, inputs, "linear")

    def _premultiplied(self, made: Colored) -> NDArray[np.float32]:
        matte = self._matte(made)
        if made.sheer is None:
            light = self._blend(made, kernels.fill_people, [made.keys, made.color], "people")
        else:
            inputs = [made.drawing.keys, made.keys, made.color, made.sheer.through, made.backdrop, *_behind(made)]
            light = self._blend(made, made.sheer.kernels.fill_sheer_people, inputs, "people")
        return np.concatenate([light, matte[..., :2].sum(axis=-1, keepdims=True)], axis=-1)

    def _coverage(self, made: Colored) -> NDArray[np.float32]:
        shares = np.zeros((*self._shape, len(self.segments)), np.float32)
        for first in range(0, len(self.segments) - 1, 3):
            inputs = [made.drawing.keys, self._tables.face_group, first]
            fill = kernels.fill_segments
            if made.sheer is not None:
                fill, inputs = made.sheer.kernels.fill_sheer_segments, [made.sheer.cloth, made.sheer.layers, *inputs]
            three = self._blend(made, fill, inputs, "share")
            shares[..., first + 1 : first + 4] = three[..., : len(self.segments) - 1 - first]
        shares[..., 0] = np.maximum(1.0 - shares.sum(axis=-1), 0.0)
        return shares

    def _seen_vertices(self, made: Colored) -> dict[str, NDArray[np.bool_]]:
        seen, keys = self._buffer("seen", wp.uint8, made.drawing.points.shape), made.keys
        seen.zero_()
        wp.launch(kernels.mark_seen, keys.shape, [keys, self._tables.faces], outputs=[seen], device=self._device)
        parts = np.split(self._hems.marked(seen.numpy().astype(np.bool_)), np.cumsum(self._counts)[:-1])
        return dict(zip(self.segments[1:], parts, strict=True))

    def _blend(self, made: Colored, fill: wp.Kernel, inputs: list[Any], name: str) -> NDArray[np.float32]:
        """Fill every sample, then average over pixels as the picture does."""
        at = made.drawing
        values = self._buffer("samples", wp.vec3, at.keys.shape)
        wp.launch(fill, values.shape, inputs, outputs=[values], device=self._device)
        blending = [values, at.across, at.down, self._samples]
        return self._launch(kernels.blend, blending, name, wp.vec3)

    def _launch(
        self, kernel: wp.Kernel, inputs: list[Any], name: str, dtype: Any, threads: tuple[int, int] | None = None
    ) -> NDArray[Any]:
        out = self._buffer(name, dtype, self._shape)
        wp.launch(kernel, threads or self._shape, inputs, outputs=[out], device=self._device)
        values: NDArray[Any] = out.numpy()
        return values

    def _buffer(self, name: str, dtype: Any, shape: tuple[int, ...]) -> wp.array:
        if name not in self._own:
            self._own[name] = wp.zeros(shape, dtype=dtype, device=self._device)
        return self._own[name]


def _behind(made: Colored) -> list[Any]:
    """Return what kernels need to know of the shadow on the ground."""
    return [made.drawing.view, made.ground or GroundFrame(), made.shadow, int(made.ground is not None)]


def _distinct(names: Sequence[str]) -> list[str]:
    """Number names that come again; a number that makes a name seen before is passed over."""
    distinct = [BACKGROUND]
    for name in names:
        numbered = (f"{name} {number}" for number in itertools.count(2))
        distinct.append(next(free for free in itertools.chain([name], numbered) if free not in distinct))
    return distinct[1:]
