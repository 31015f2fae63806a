"""Sheer cloth: drawn in layers over what is behind it, exact and in order up to a fixed number of them.

Every sample keeps the nearest sheer faces before what is opaque, sorted by one insertion of atomic minima, so that the
order of meshes and triangles is of no matter; each layer is then coloured as any surface is, and laid over what is
behind it from the farthest to the nearest. Layers beyond the preset's number are left out, the farthest: of cloth that
hides six tenths, four layers leave 0.4⁴, 3 % of the light, to what would come after.

Its shadow is lighter: the sun's map holds, before what is opaque, the nearest layers of sheer cloth with the share of
light that passes each, in the manner of deep shadow maps (Lokovic and Veach 2000) with a fixed number of entries. Of
the light that falls on its far side it shows a part, and what is seen behind it has less light from all around.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import warp as wp

from dressform.runtime.geometry.simd.code import lanes_on

from . import _kernels_edges, _kernels_layers, _kernels_veiled
from . import _kernels_sheer as kernels
from ._kernels_ground import GroundFrame
from ._kernels_opacity import Cloth, Layers
from ._kernels_shade import Light
from ._kernels_view import EMPTY
from .boxes import NOTHING, Box, is_empty, strips
from .drawing import Drawing
from .ground import GroundShadow, sun_share
from .lanes import Lanes
from .presets import Preset
from .scene import Lighting
from .shader import Shader, Veil


class SheerFaces(NamedTuple):
    """What stays from frame to frame.

    Attributes:
        cloth: Tables of all faces drawn, and where those of sheer cloth begin.
        edges: int32 [E, 2] vertices of their edges.
        edge_faces: int32 [E, 2] the faces beside each.
    """

    cloth: Any
    edges: wp.array
    edge_faces: wp.array


def cloth_of(*tables: wp.array, first: int) -> Any:
    """Return tables as kernels take them: corners, flags, mesh and UVs of faces, materials, texels, levels.

    Args:
        tables: In that order.
        first: The first sheer face.
    """
    cloth = Cloth()
    cloth.faces, cloth.face_flags, cloth.face_mesh, cloth.face_uv = tables[:4]
    cloth.surfaces, cloth.texels, cloth.levels = tables[4:]
    cloth.first = first
    return cloth


class Sheer:
    """Owns the layers of one picture. Call `draw` once per frame, then the others in their order.

    Args:
        faces: What is drawn.
        samples: Rows and columns of the picture, in samples.
        preset: What is switched on.
        device: Warp device.

    Attributes:
        nearest: What is nearest at each sample, sheer or not.
        through: float [rows, columns], the share of what is behind them that shows through all layers.
        veil: What cloth keeps of the sun's light.
        layers: The keys, and what they are of.
        kernels: The module of what reads them.
    """

    kernels = kernels

    def __init__(self, faces: SheerFaces, samples: tuple[int, int], preset: Preset, device: str) -> None:
        for module in (kernels, _kernels_layers, _kernels_veiled):  # before two threads do
            wp.load_module(module, device=device)
        self._faces, self._device, self._lanes = faces, device, lanes_on(device)
        side = preset.light_map
        with wp.ScopedDevice(device):
            self._keys = wp.full((preset.layers, *samples), EMPTY, dtype=wp.int64)
            self.nearest = wp.full(samples, EMPTY, dtype=wp.int64)
            self.through = wp.full(samples, 1.0, dtype=float)
            self._light = wp.zeros(samples, dtype=wp.vec3)
            self._open = wp.full((2, 2), 1.0, dtype=float)  # it stands clear of what is seen behind it
            self._used = wp.zeros(5, dtype=wp.int32)  # and where, see `_kernels_layers.peel`
            self._unused = wp.array([0, *[1 << 30] * 4], dtype=wp.int32)
            self.veil = Veil(_kernels_veiled.shade_veiled, wp.zeros((preset.lit_layers, side, side), dtype=wp.int64))
        self._each = [self._keys[number] for number in range(preset.layers)]
        self.layers = Layers()
        self.layers.keys = self._keys
        self._drawn: Box = NOTHING

    @property
    def cloth(self) -> Any:
        """The tables of all faces drawn, as kernels take them."""
        return self._faces.cloth

    def draw(self, drawing: Drawing, strip: int) -> None:
        """Find the layers of cloth that eye and sun see of a drawing."""
        device, at, cloth = self._device, self.layers, self._faces.cloth
        if at.used:
            rows, inputs = self._drawn[3] - self._drawn[1], [wp.vec4i(*self._drawn), at.used]
            emptied = [self._keys, self.through]
            wp.launch(_kernels_layers.clear_layers, rows, inputs, outputs=emptied, device=device)
        at.screen, at.normals, at.view = drawing.screen, drawing.normals, drawing.view
        count = len(cloth.faces) - cloth.first
        wp.copy(self._used, self._unused)
        peeled = [drawing.facing, self._used]
        wp.launch(_kernels_layers.peel, count, [cloth, at, drawing.keys], outputs=peeled, device=device)
        used, x0, y0, x1, y1 = self._used.numpy().tolist()
        at.used, self._drawn = -used, (x0, y0, 1 - x1, 1 - y1) if used else NOTHING
        self.veil.layers.fill_(EMPTY)
        lit = [cloth, drawing.points, drawing.lit, drawing.frame.toward, drawing.light_depths]
        wp.launch(_kernels_layers.draw_veil, count, lit, outputs=[self.veil.layers], device=device)
        wp.copy(self.nearest, drawing.keys)
        if at.used:
            inputs, size = [self._keys, wp.vec4i(*self._drawn), strip], strips(self._drawn, strip)
            wp.launch(_kernels_layers.merge_nearest, size, inputs, outputs=[self.nearest], device=device)
            self._find_edges(drawing, strip)

    def dim(self, openness: wp.array, strip: int) -> None:
        """Take from the openness of what is opaque, at half resolution, what the cloth before it keeps of the fill."""
        x0, y0, x1, y1 = self._drawn
        half = (x0 // 2, y0 // 2, (x1 + 1) // 2, (y1 + 1) // 2)
        inputs, size = [self._faces.cloth, self.layers, wp.vec4i(*half), strip], strips(half, strip)
        if not is_empty(half):
            wp.launch(kernels.dim_openness, size, inputs, outputs=[openness], device=self._device)

    def shade_ground(self, drawing: Drawing, ground: GroundShadow, lighting: Lighting, strength: float) -> None:
        """Take from the ground's light what cloth keeps of the sun's."""
        frame: GroundFrame = ground.frame
        inputs = [drawing.light_depths, self.veil.layers, drawing.frame, frame]
        inputs += [lighting.sun_radius_rad, strength * sun_share(lighting)]
        shape, outputs = ground.shadow.shape, [ground.shadow]
        wp.launch(kernels.veil_ground, shape, inputs, outputs=outputs, device=self._device)

    def lay(
        self, drawing: Drawing, light: Light, shader: Shader, around: wp.array, color: wp.array, lanes: Lanes
    ) -> None:
        """Colour the layers and lay them over `color`, the farthest first."""

        def lay_part(part: Box) -> None:
            for number in reversed(range(self.layers.used)):
                seen = (self._each[number], self._open, around)
                shader.shade(drawing, light, seen, part, self._light, self.veil)
                inputs = [self._faces.cloth, self.layers, number, self._light, wp.vec4i(*part), shader.strip]
                outputs = [color, self.through]
                size = strips(part, shader.strip)
                wp.launch(kernels.lay_over, size, inputs, outputs=outputs, device=self._device)

        if self.layers.used:
            lanes.each(self._drawn, lay_part)

    def _find_edges(self, drawing: Drawing, strip: int) -> None:
        """Where edges of cloth cross between samples, in any layer, and where it runs into what is opaque."""
        cloth, edges = self._faces.cloth, [self._faces.edges, self._faces.edge_faces]
        outputs, blocks = [drawing.across, drawing.down], -(-len(edges[0]) // self._lanes)
        inputs = [drawing.screen, *edges, cloth.faces, drawing.facing, cloth.face_mesh]
        for keys in (self.nearest, *self._each[1 : self.layers.used]):
            looked = [*inputs, keys, drawing.view.focal, self._lanes]
            wp.launch(_kernels_edges.find_crossings, blocks, looked, outputs=outputs, device=self._device)
        met = [self.nearest, drawing.screen, cloth.faces, cloth.face_mesh, wp.vec4i(*self._drawn), strip, self._lanes]
        size = strips(self._drawn, strip)
        wp.launch(_kernels_edges.find_meetings, size, met, outputs=outputs, device=self._device)
