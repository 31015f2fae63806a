"""Draws meshes whose vertices move: the one class that owns the buffers and launches the kernels of a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.geometry.simd.code import lanes_on

from . import _kernels_edges, _kernels_raster, _kernels_resolve, _kernels_shade, checks
from ._kernels_surface import Surface
from ._kernels_view import CUTOUT, DOUBLE_SIDED, FAR, LAYER, View
from .around import Around, bounced_share
from .backdrop import backdrop_key, paint_backdrop
from .backends.choose import make_rasterizer
from .backends.protocol import DrawnFaces, RasterizerMaker
from .boxes import NOTHING, Box, around, is_empty
from .colour import encode_table
from .devices import device_named
from .drawing import Drawing, Extents
from .frame import Frame as Frame
from .ground import GroundShadow, seen_box
from .hems import add_hems
from .lanes import Lanes
from .light_frame import LightFitter, light_frame, shadow_blur
from .occlusion import OCCLUSION_REACH, occlusion_directions
from .outputs import Colored, Outputs, Tables
from .presets import PRESETS as PRESETS
from .scene import Background, Camera, Lighting, SceneMesh
from .simd.code import BLOCK_ROWS, STRIP
from .surfaces import PackedMaterial, pack_materials, pack_surfaces, place_wrinkles
from .topology import join_meshes

_BOUNDS_STRIDE = 256
_SRGB_ENTRIES = 4096
_WHOLE = 500_000  # pixels of a picture that one core colours while others make the next ones ready


class Renderer:
    """Renders a fixed set of meshes from vertices that change every frame.

    Args:
        meshes: What is drawn; body first, then garments, by convention.
        vertex_counts: Vertices of each mesh, in the same order; 0 for a mesh that shares those of the one before it.
        size: (width, height) of frames [px].
        device: Warp device, "cpu" or "cuda:0".
        preset: "realtime" or "quality".
        materials: The packed materials of the meshes, where a caller has packed them already.
        samples: Samples per pixel side, from 1 to 8; the preset's when None.
        ahead: How many pictures may be in the making besides the one at hand, see `draw`.
        raster: "warp" or "pytorch3d", or what makes a rasteriser of one's own.

    Attributes:
        drawings: The pictures in the making, 1 + `ahead`: write into their `vertices`, `turns` and `wrinkles`.
    """

    def __init__(
        self,
        meshes: Sequence[SceneMesh],
        vertex_counts: Sequence[int],
        size: tuple[int, int] = (512, 512),
        device: str = "cpu",
        preset: str = "realtime",
        materials: Sequence[PackedMaterial] | None = None,
        *,
        samples: int | None = None,
        ahead: int = 0,
        raster: str | RasterizerMaker = "warp",
    ) -> None:
        if preset not in PRESETS:
            raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {preset!r}")
        self.device = device = device_named(device)
        self.preset = PRESETS[preset] if samples is None else replace(PRESETS[preset], samples=samples)
        if not 1 <= self.preset.samples <= 8:
            raise ValueError(f"samples must be from 1 to 8, got {samples}")
        checks.check_meshes(meshes, vertex_counts)
        checks.check_size(size, self.preset.samples, device, drawings=1 + ahead)
        self.size = (int(size[0]), int(size[1]))
        self._door = checks.Door(meshes, vertex_counts, self.size)
        with wp.ScopedDevice(device):
            packed = materials or pack_materials([mesh.material for mesh in meshes])
            extents = self._upload(meshes, vertex_counts, packed)
            self._allocate()
            texture = [self._face_mesh, self._face_uv, self._surfaces, self._texels]
            self._rasterizer = make_rasterizer(raster, DrawnFaces(self._faces, self._face_flags, *texture), device)
        faces = (self._faces, self._face_flags, self._face_mesh, self._face_group, self._face_uv, self._atlas_uv)
        tables, grid = Tables(*faces, self._surfaces, self._srgb), (size, self.preset.samples)
        self._outputs = Outputs(tables, meshes, vertex_counts, grid=grid, device=device, hems=self._hems)
        self.drawings = [Drawing(extents, device) for _ in range(1 + ahead)]
        self._around = Around(extents.vertices + extents.hems, self.preset.sides, device)
        self._ground = GroundShadow(device, self.preset.ground_cells)
        self._fitter = LightFitter(self.preset.light_map)
        self._backdrop_key: tuple[object, ...] = ()
        self._background: Background | None = None
        self._sh_shown: NDArray[np.float32] | None = None
        # one more than drawings: that of the picture before is kept until nobody asks for motion since then
        screens = [drawing.screen for drawing in self.drawings]
        self._screens = cycle([*screens, wp.zeros_like(screens[0])])
        self._last_screen: wp.array | None = None
        self._written: Box = NOTHING
        # frames that are made ahead load the processor already; the last stage is halved where it is the slowest
        self._lanes = Lanes(several=ahead > 0 and wp.get_device(device).is_cpu and size[0] * size[1] > _WHOLE)
        # A CPU thread does well to stay on a row for a while; a GPU wants a thread for every pixel.
        self._strip, self._rows = (STRIP, BLOCK_ROWS) if wp.get_device(device).is_cpu else (1, 1)

    @property
    def vertices(self) -> wp.array:
        """World points [V, 3] [m] of what `render` shows."""
        return self.drawings[0].vertices

    @property
    def turns(self) -> wp.array:
        """How wrinkled cloth is turned in what `render` shows, see `Drawing`."""
        return self.drawings[0].turns

    @property
    def wrinkles(self) -> wp.array:
        """Normals of wrinkles in what `render` shows, see `Drawing`."""
        return self.drawings[0].wrinkles

    def set_vertices(self, vertices: NDArray[np.floating]) -> None:
        """Copy world vertices [V, 3] into `vertices`, those of the first drawing, which `render` shows."""
        expected = (self.vertices.shape[0], 3)
        if vertices.shape != expected:
            raise ValueError(f"vertices must be {list(expected)}, got {list(vertices.shape)}")
        self.vertices.assign(np.ascontiguousarray(vertices, np.float32))

    def render(self, camera: Camera, lighting: Lighting, background: Background) -> Frame:
        """Draw one frame."""
        self.draw(self.drawings[0], camera, lighting)
        return self.finish(self.drawings[0], lighting, background)

    def draw(self, drawing: Drawing, camera: Camera, lighting: Lighting) -> None:
        """Find what is seen, the first half of a frame; another thread may `finish` another drawing meanwhile.

        Drawings come in the frames' order: velocity is from one to the next.
        """
        self._door.check_view(camera, lighting)
        drawing.camera, drawing.view = camera, self._view(camera)
        drawing.screen = next(self._screens)
        drawing.earlier = drawing.screen if self._last_screen is None else self._last_screen
        self._last_screen = drawing.screen
        low, high = drawing.bounds = self._bounds_now(drawing)
        drawing.fitted = self._fitter.fit(low, high, lighting.sun_direction)
        drawing.frame = light_frame(drawing.fitted, self.preset.light_map)
        drawing.box = seen_box(camera, low, high)
        self._clear(drawing)
        self._find_normals(drawing)
        self._project(drawing)
        self._draw_light(drawing)
        self._draw_view(drawing)
        self._find_edges(drawing)

    def finish(self, drawing: Drawing, lighting: Lighting, background: Background) -> Frame:
        """Colour what was drawn, the second half of a frame."""
        self._door.check_background(background)
        low, high = drawing.bounds
        self._bring_up(drawing.camera, lighting, background)
        floor = self._ground.place(low, high, lighting, drawing.camera) if background.ground > 0.0 else NOTHING
        # only this part of the picture differs from the bare backdrop
        box = around(drawing.box, floor)
        self._lay_backdrop(box)
        if not is_empty(drawing.box):
            self._around.measure(drawing, (self._faces, self._face_flags), lighting)
            self._shade(drawing, lighting)
        if not is_empty(floor):
            self._ground.shade(drawing.vertices, drawing.light_depths, drawing.frame, lighting, background.ground)
            maps = (drawing.keys, self._color, drawing.across)
            self._ground.darken(drawing.view, *maps, box=self._samples(floor), strip=self._strip)
            drawing.drawn = self._samples(box)
        self._lanes.each(box, lambda part: self._resolve(drawing, part))
        self._written = box
        ground = None if is_empty(floor) else self._ground.frame
        colored = Colored(drawing, self._color, self._backdrop, ground, self._ground.shadow)
        made = self._outputs
        return Frame(self._rgb.numpy(), drawing.camera, made.segments, made.of(colored), made.sample_px)

    def cut(self) -> None:
        """Begin anew: what is drawn next has no motion since what was drawn before, and shadows as if it were first."""
        self._last_screen = None
        self._fitter.reset()
        self._around.reset()
        self._ground.reset()

    def _upload(
        self, meshes: Sequence[SceneMesh], vertex_counts: Sequence[int], packed: Sequence[PackedMaterial]
    ) -> Extents:
        topology, self._hems = add_hems(join_meshes(meshes, vertex_counts), meshes if self.preset.hems else ())
        wrinkles, texels = place_wrinkles(meshes, vertex_counts)
        table = pack_surfaces(packed, topology, wrinkles)
        self._all_faces = wp.array(topology.all_faces, dtype=wp.int32)
        self._ring_starts = wp.array(topology.ring_starts, dtype=wp.int32)
        self._ring_faces = wp.array(topology.ring_faces, dtype=wp.int32)
        self._faces = wp.array(topology.faces, dtype=wp.int32)
        self._face_uv = wp.array(topology.face_uv, dtype=wp.vec2)
        self._weave_uv = wp.array(topology.weave_uv, dtype=wp.vec2)
        self._atlas_uv = wp.array(topology.atlas_uv, dtype=wp.vec2)
        self._face_mesh = wp.array(topology.face_mesh, dtype=wp.int32)
        self._face_group = wp.array(topology.face_group, dtype=wp.int32)
        flags = [_flags(mesh, bool(cutout)) for mesh, cutout in zip(meshes, table.cutout, strict=True)]
        self._face_flags = wp.array(np.array(flags, np.int8)[topology.face_mesh], dtype=wp.int8)
        self._edges = wp.array(topology.edges, dtype=wp.int32)
        self._edge_faces = wp.array(topology.edge_faces, dtype=wp.int32)
        self._surfaces = wp.array(table.surfaces, dtype=Surface)
        self._texels = wp.array(table.texels, dtype=wp.uint32, copy=False)
        self._levels = wp.array(table.levels, dtype=wp.int32)
        self._srgb = wp.array(encode_table(_SRGB_ENTRIES), dtype=wp.uint8)
        self._lane_count = lanes_on(self.device)
        self._triangle_blocks = -(-len(topology.faces) // self._lane_count)
        width, height = self.size
        return Extents(
            vertices=int(sum(vertex_counts)),
            faces=len(topology.faces),
            all_faces=len(topology.all_faces),
            texels=texels,
            samples=(height * self.preset.samples, width * self.preset.samples),
            light_map=self.preset.light_map,
            hems=self._hems.points,
        )

    def _allocate(self) -> None:
        width, height = self.size
        samples = (height * self.preset.samples, width * self.preset.samples)
        half = (max((samples[0] + 1) // 2, 2), max((samples[1] + 1) // 2, 2))  # looked up between four
        self._color = wp.zeros(samples, dtype=wp.vec3)
        self._backdrop = wp.zeros(samples, dtype=wp.vec3)
        self._openness = wp.full(half, 1.0, dtype=float)
        self._directions = wp.array(occlusion_directions(), dtype=wp.vec2)
        self._sh = wp.zeros(9, dtype=wp.vec3)
        self._bounds = wp.zeros((3, 3), dtype=float)
        self._no_bounds = wp.array([[np.inf] * 3, [-np.inf] * 3, [0.0] * 3], dtype=float)
        self._rgb = wp.zeros((height, width, 3), dtype=wp.uint8)
        self._backdrop_rgb = wp.zeros((height, width, 3), dtype=wp.uint8)

    def _samples(self, box: Box) -> Box:
        """Scale a box from pixels to samples."""
        x0, y0, x1, y1 = (side * self.preset.samples for side in box)
        return x0, y0, x1, y1

    def _strips(self, box: Box) -> tuple[int, int]:
        """Launch size for kernels that work along strips of the box's rows."""
        return box[3] - box[1], -(-(box[2] - box[0]) // self._strip)

    def _clear(self, drawing: Drawing) -> None:
        """Forget what was drawn before."""
        if not is_empty(drawing.drawn):
            wp.launch(
                _kernels_raster.clear,
                self._strips(drawing.drawn),
                [wp.vec4i(*drawing.drawn), self._strip],
                outputs=[drawing.keys, drawing.across, drawing.down],
                device=self.device,
            )
        drawing.drawn = self._samples(drawing.box)
        drawing.light_depths.fill_(FAR)

    def _lay_backdrop(self, box: Box) -> None:
        """Put the bare backdrop where this picture is coloured, and where the one before was."""
        color, rgb = self._samples(box), self._written
        if not is_empty(color):
            inputs = [self._backdrop, wp.vec4i(*color), self._strip]
            kernel, outputs = _kernels_resolve.lay_backdrop, [self._color]
            wp.launch(kernel, self._strips(color), inputs, outputs=outputs, device=self.device)
        if not is_empty(rgb):
            inputs = [self._backdrop_rgb, wp.vec4i(*rgb), self._strip]
            kernel, outputs = _kernels_resolve.lay_encoded_backdrop, [self._rgb]
            wp.launch(kernel, self._strips(rgb), inputs, outputs=outputs, device=self.device)

    def _resolve(self, drawing: Drawing, box: Box) -> None:
        """Encode the pixels of a box."""
        if is_empty(box):
            return
        shown = [self._color, drawing.across, drawing.down]
        if self.preset.samples == 1:
            inputs = [drawing.keys, *shown, self._srgb, wp.vec4i(*box), self._strip]
            wp.launch(_kernels_resolve.resolve, self._strips(box), inputs, outputs=[self._rgb], device=self.device)
        else:
            inputs = [*shown, self.preset.samples, self._srgb, wp.vec4i(*box)]
            size = (box[3] - box[1], box[2] - box[0])
            wp.launch(_kernels_resolve.resolve_samples, size, inputs, outputs=[self._rgb], device=self.device)

    def _view(self, camera: Camera) -> View:
        pose = np.asarray(camera.T_world_cam, np.float64)
        view = View()
        view.rotation = wp.mat33(*pose[:3, :3].T.ravel().tolist())
        view.eye = wp.vec3(*pose[:3, 3].tolist())
        view.focal = camera.focal_px * self.preset.samples
        view.center = wp.vec2(*(c * self.preset.samples for c in camera.center_px))
        return view

    def _bounds_now(self, drawing: Drawing) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        wp.copy(self._bounds, self._no_bounds)
        threads = -(-drawing.vertices.shape[0] // _BOUNDS_STRIDE)
        inputs = [drawing.vertices, _BOUNDS_STRIDE]
        wp.launch(_kernels_raster.measure_bounds, threads, inputs, outputs=[self._bounds], device=self.device)
        low, high, broken = self._bounds.numpy().copy()
        drawing.broken_vertices = int(broken[0])
        if drawing.broken_vertices:
            self._door.tell_broken(drawing.vertices)
        return self._hems.around(low, high) if low[0] <= high[0] else (np.zeros(3, np.float32), np.zeros(3, np.float32))

    def _bring_up(self, camera: Camera, lighting: Lighting, background: Background) -> None:
        """Bring up what seldom changes: the light's coefficients and the backdrop."""
        if self._sh_shown is not lighting.sh:
            self._sh.assign(np.ascontiguousarray(lighting.sh, np.float32))
            self._sh_shown = lighting.sh
        key = backdrop_key(background, camera)
        if key != self._backdrop_key:
            self._backdrop.assign(paint_backdrop(background, camera, self._backdrop.shape))
            self._backdrop_key = key
            kernel, inputs = _kernels_resolve.encode_backdrop, [self._backdrop, self.preset.samples, self._srgb]
            wp.launch(kernel, self._rgb.shape[:2], inputs, outputs=[self._backdrop_rgb], device=self.device)
            wp.copy(self._rgb, self._backdrop_rgb)
            self._background = background  # keeps its image alive, so that the key's id stays its own

    def _project(self, drawing: Drawing) -> None:
        """Where every point is for the eye and for the sun."""
        inputs = [drawing.points, drawing.view, drawing.frame]
        outputs = [drawing.screen, drawing.lit]
        kernel, count = _kernels_raster.transform_vertices, len(drawing.points)
        wp.launch(kernel, count, inputs, outputs=outputs, device=self.device)

    def _draw_view(self, drawing: Drawing) -> None:
        """What the eye sees, before light: the nearest face of every sample."""
        self._rasterizer.draw(drawing.screen, drawing.keys, drawing.facing)

    def _find_normals(self, drawing: Drawing) -> None:
        """Which way the vertices face, and where hems are, which follows from it."""
        raster, device = _kernels_raster, self.device
        faces, normals = [drawing.vertices, self._all_faces], drawing.face_normals
        wp.launch(raster.face_normals, len(self._all_faces), faces, outputs=[normals], device=device)
        rings = [normals, self._ring_starts, self._ring_faces]
        wp.launch(raster.vertex_normals, len(drawing.vertices), rings, outputs=[drawing.normals], device=device)
        self._hems.place(drawing)

    def _draw_light(self, drawing: Drawing) -> None:
        """What the sun sees."""
        kernel, lit = _kernels_raster.draw_light_depth, [drawing.lit, self._faces, self._face_flags, self._lane_count]
        wp.launch(kernel, self._triangle_blocks, lit, outputs=[drawing.light_depths], device=self.device)

    def _find_edges(self, drawing: Drawing) -> None:
        """Where edges cross between samples, and where meshes meet."""
        outputs, box = [drawing.across, drawing.down], self._samples(drawing.box)
        edges = [drawing.screen, self._edges, self._edge_faces, self._faces, drawing.facing, self._face_mesh]
        wp.launch(
            _kernels_edges.find_crossings,
            -(-len(self._edges) // self._lane_count),
            [*edges, drawing.keys, drawing.view.focal, self._lane_count],
            outputs=outputs,
            device=self.device,
        )
        if not is_empty(box):
            met = [drawing.keys, drawing.screen, self._faces, self._face_mesh, wp.vec4i(*box), self._strip]
            wp.launch(_kernels_edges.find_meetings, self._strips(box), met, outputs=outputs, device=self.device)

    def _shade(self, drawing: Drawing, lighting: Lighting) -> None:
        light = _kernels_shade.Light()
        light.color = wp.vec3(*lighting.sun_color)
        light.toward = wp.vec3(*drawing.fitted.toward.tolist())
        light.texel = drawing.fitted.texel
        light.blur = shadow_blur(self.preset.light_blur, lighting.sun_radius_rad)
        light.slope = 0.4 * (light.blur + 1)
        light.bounce = bounced_share(lighting)
        box = self._samples(drawing.box)
        columns, rows = ((box[side + 2] + 1) // 2 - box[side] // 2 for side in (0, 1))
        wp.launch(
            _kernels_shade.measure_occlusion,
            (rows, -(-columns // self._lane_count)),
            [drawing.keys, drawing.view.focal, OCCLUSION_REACH, self._directions, wp.vec4i(*box), self._lane_count],
            outputs=[self._openness],
            device=self.device,
        )
        self._lanes.each(box, lambda part: self._shade_box(drawing, light, part))

    def _shade_box(self, drawing: Drawing, light: _kernels_shade.Light, box: Box) -> None:
        rows, strips = self._strips(box)
        wp.launch(
            _kernels_shade.shade,
            (-(-rows // self._rows), strips),
            [
                *(drawing.keys, drawing.points, drawing.screen, drawing.normals),
                *(self._faces, self._face_uv, self._weave_uv, self._atlas_uv, self._face_mesh, drawing.facing),
                *(self._surfaces, self._texels, self._levels, drawing.turns, drawing.wrinkles, self._sh),
                *(light, drawing.frame, drawing.light_depths, self._openness, self._around.open, drawing.view),
                *(wp.vec4i(*box), self._rows, self._strip),
            ],
            outputs=[self._color],
            device=self.device,
        )


def _flags(mesh: SceneMesh, cutout: bool) -> int:
    sided = int(DOUBLE_SIDED) * mesh.material.double_sided
    return sided + int(CUTOUT) * cutout + int(LAYER) * mesh.layer
