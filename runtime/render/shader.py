"""Colours samples whose faces are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import warp as wp

from dressform.runtime.geometry.simd.code import lanes_on

from . import _kernels_shade as kernels
from .around import bounced_share
from .boxes import Box, strips
from .drawing import Drawing
from .light_frame import shadow_blur
from .occlusion import OCCLUSION_REACH, occlusion_directions
from .presets import Preset
from .scene import Lighting
from .simd.code import BLOCK_ROWS, STRIP


class ShadedFaces(NamedTuple):
    """What stays from frame to frame: of each face drawn its corners, UVs, mesh; materials and their texels."""

    faces: wp.array
    face_uv: wp.array
    weave_uv: wp.array
    atlas_uv: wp.array
    face_mesh: wp.array
    surfaces: wp.array
    texels: wp.array
    levels: wp.array


class Veil(NamedTuple):
    """What sheer cloth keeps of the sun's light: the kernel that asks for it, and its layers in the sun's map."""

    kernel: wp.Kernel
    layers: wp.array


class Shader:
    """Launches the kernels of shading.

    Args:
        tables: What is drawn.
        names: Of the meshes.
        samples: Rows and columns of the picture, in samples.
        preset: What is switched on.
        device: Warp device.

    Attributes:
        openness: At half resolution, how open what is seen is to light from all around.
        strip: Pixels of a row that a thread works on.
    """

    def __init__(
        self, tables: ShadedFaces, names: Sequence[str], samples: tuple[int, int], preset: Preset, device: str
    ) -> None:
        self._tables, self._names, self._preset, self._device = tables, names, preset, device
        half = (max((samples[0] + 1) // 2, 2), max((samples[1] + 1) // 2, 2))  # looked up between four
        self.openness = wp.full(half, 1.0, dtype=float, device=device)
        self._directions = wp.array(occlusion_directions(), dtype=wp.vec2, device=device)
        self._sh = wp.zeros((len(self._names), 9), dtype=wp.vec3, device=device)
        self._lit_by: Lighting | None = None
        self._lanes = lanes_on(device)
        # A CPU thread does well to stay on a row for a while; a GPU wants a thread for every pixel.
        self.strip, self._rows = (STRIP, BLOCK_ROWS) if wp.get_device(device).is_cpu else (1, 1)

    def light(self, drawing: Drawing, lighting: Lighting) -> kernels.Light:
        """Bring up the coefficients of the light, and return the rest of it."""
        if self._lit_by is not lighting:
            each = [lighting.sh_of.get(name, lighting.sh) for name in self._names]
            self._sh.assign(np.stack(each).astype(np.float32))
            self._lit_by = lighting
        light = kernels.Light()
        light.color = wp.vec3(*lighting.sun_color)
        light.toward = wp.vec3(*drawing.fitted.toward.tolist())
        light.texel = drawing.fitted.texel
        light.blur = shadow_blur(self._preset.light_blur, lighting.sun_radius_rad)
        light.slope = 0.4 * (light.blur + 1)
        light.bounce = bounced_share(lighting)
        return light

    def measure_occlusion(self, drawing: Drawing, box: Box) -> None:
        """Fill `openness` in a box of samples."""
        columns, rows = ((box[side + 2] + 1) // 2 - box[side] // 2 for side in (0, 1))
        wp.launch(
            kernels.measure_occlusion,
            (rows, -(-columns // self._lanes)),
            [drawing.keys, drawing.view.focal, OCCLUSION_REACH, self._directions, wp.vec4i(*box), self._lanes],
            outputs=[self.openness],
            device=self._device,
        )

    def shade(
        self,
        drawing: Drawing,
        light: kernels.Light,
        seen: tuple[wp.array, wp.array, wp.array],
        box: Box,
        color: wp.array,
        veil: Veil | None = None,
    ) -> None:
        """Colour the samples of a box that show a surface.

        Args:
            drawing: What is drawn.
            light: Of `light`.
            seen: The faces seen, as keys; how open they are at half resolution; how open each vertex is, see `Around`.
            box: Of samples.
            color: Is written.
            veil: What sheer cloth keeps of the sun's light, or None where nothing is sheer.
        """
        tables, (keys, openness, around) = self._tables, seen
        rows, parts = strips(box, self.strip)
        wp.launch(
            kernels.shade if veil is None else veil.kernel,
            (-(-rows // self._rows), parts),
            [
                *(keys, drawing.points, drawing.screen, drawing.normals),
                *(tables.faces, tables.face_uv, tables.weave_uv, tables.atlas_uv, tables.face_mesh, drawing.facing),
                *(tables.surfaces, tables.texels, tables.levels, drawing.turns, drawing.wrinkles, self._sh),
                *(light, drawing.frame, drawing.light_depths, *(() if veil is None else (veil.layers,))),
                *(openness, around, drawing.view, wp.vec4i(*box), self._rows, self.strip),
            ],
            outputs=[color],
            device=self._device,
        )
