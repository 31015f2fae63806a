"""Draws meshes whose vertices move: the one class that owns the buffers and launches the kernels of a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.geometry.simd.code import lanes_on

from . import _kernels_edges, _kernels_raster, checks
from ._kernels_shade import Light
from ._kernels_surface import Surface
from ._kernels_view import CUTOUT, DOUBLE_SIDED, FAR, LAYER, View
from .around import Around
from .backends.choose import make_rasterizer
from .backends.protocol import DrawnFaces, RasterizerMaker
from .boxes import NOTHING, around, is_empty, strips
from .canvas import Canvas
from .devices import device_named
from .drawing import Drawing, Extents, padded
from .frame import Frame as Frame
from .ground import GroundShadow, seen_box
from .hems import add_hems
from .lanes import Lanes
from .light_frame import LightFitter, light_frame
from .outputs import Colored, Outputs, Tables
from .presets import PRESETS as PRESETS
from .scene import Background, Camera, Lighting, SceneMesh
from .shader import ShadedFaces, Shader
from .surfaces import PackedMaterial, pack_materials, pack_surfaces, place_wrinkles
from .topology import Topology, join_meshes

if TYPE_CHECKING:
    from .sheer import Sheer

_BOUNDS_STRIDE = 256
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
        layers = self.preset.layers * any(mesh.material.is_sheer for mesh in meshes)
        checks.check_size(size, self.preset.samples, device, drawings=1 + ahead, layers=layers)
        self.size = (int(size[0]), int(size[1]))
        self._door = checks.Door(meshes, vertex_counts, self.size)
        with wp.ScopedDevice(device):
            packed = materials or pack_materials([mesh.material for mesh in meshes])
            extents = self._upload(meshes, vertex_counts, packed)
            self._bounds = wp.zeros((3, 3), dtype=float)
            self._no_bounds = wp.array([[np.inf] * 3, [-np.inf] * 3, [0.0] * 3], dtype=float)
            texture = [_first(self._face_uv, len(self._opaque[0])), self._surfaces, self._texels]
            self._rasterizer = make_rasterizer(raster, DrawnFaces(*self._opaque, *texture), device)
        faces = (self._faces, self._face_flags, self._face_mesh, self._face_group, self._face_uv, self._atlas_uv)
        tables, grid = Tables(*faces, self._surfaces), (size, self.preset.samples)
        self._outputs = Outputs(tables, meshes, vertex_counts, grid=grid, device=device, hems=self._hems)
        self.drawings = [Drawing(extents, device) for _ in range(1 + ahead)]
        self._around = Around(extents.vertices + extents.hems, self.preset.sides, device)
        self._ground = GroundShadow(device, self.preset.ground_cells)
        self._fitter = LightFitter(self.preset.light_map)
        self._strip = self._shader.strip
        self._canvas = Canvas(self.size, self.preset.samples, self._strip, device)
        # one more than drawings: that of the picture before is kept until nobody asks for motion since then
        screens = [drawing.screen for drawing in self.drawings]
        with wp.ScopedDevice(device):
            self._screens = cycle([*screens, padded(extents.vertices + extents.hems, wp.vec3)])
        self._last_screen: wp.array | None = None
        # frames that are made ahead load the processor already; the last stage is halved where it is the slowest
        self._lanes = Lanes(several=ahead > 0 and wp.get_device(device).is_cpu and size[0] * size[1] > _WHOLE)

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
        if drawing.broken_vertices:
            self._door.tell_broken(drawing.vertices)
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
        floor = self._ground.place(low, high, lighting, drawing.camera) if background.ground > 0.0 else NOTHING
        # only this part of the picture differs from the bare backdrop
        box = around(drawing.box, floor)
        canvas, sheer, light = self._canvas, self._sheer, self._shader.light(drawing, lighting)
        canvas.prepare(background, drawing.camera, box)
        if sheer is not None:
            sheer.draw(drawing, self._strip)
        if not is_empty(drawing.box):
            if not self.preset.baked:
                self._around.measure(drawing, (self._opaque[0], self._opaque[1]), lighting)
            self._shade(drawing, light)
        if not is_empty(floor):
            self._ground.shade(drawing.vertices, drawing.light_depths, drawing.frame, lighting, background.ground)
            if sheer is not None:
                sheer.shade_ground(drawing, self._ground, lighting, background.ground)
            maps = (drawing.keys, canvas.color, drawing.across)
            self._ground.darken(drawing.view, *maps, box=canvas.samples_of(floor), strip=self._strip)
            drawing.drawn = canvas.samples_of(box)
        if sheer is not None:
            sheer.lay(drawing, light, self._shader, self._around.open, canvas.color, self._lanes)
        keys = drawing.keys if sheer is None else sheer.nearest
        self._lanes.each(box, lambda part: canvas.resolve(keys, drawing.across, drawing.down, part))
        ground = None if is_empty(floor) else self._ground.frame
        colored = Colored(drawing, canvas.color, canvas.backdrop, ground, self._ground.shadow, sheer)
        made = self._outputs
        return Frame(canvas.rgb.numpy(), drawing.camera, made.segments, made.of(colored), made.sample_px)

    def bake(self, lighting: Lighting) -> None:
        """Measure how much light from all around reaches each vertex, for all pictures to come, if the preset bakes it.

        Of `vertices` as they are now; until then all of it reaches them, as far as the screen does not tell otherwise.
        """
        if self.preset.baked:
            drawing = self.drawings[0]
            drawing.bounds = self._bounds_now(drawing)
            self._find_normals(drawing)
            self._around.measure(drawing, (self._opaque[0], self._opaque[1]), lighting)

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
        self._faces = wp.array(np.pad(topology.faces, ((0, 1), (0, 0))), dtype=wp.int32)[: len(topology.faces)]
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
        self._lane_count = lanes_on(self.device)
        width, height = self.size
        count, edges = topology.opaque
        self._opaque = [_first(table, count) for table in (self._faces, self._face_flags, self._face_mesh)]
        self._opaque_edges = [_first(table, edges) for table in (self._edges, self._edge_faces)]
        self._triangle_blocks = -(-count // self._lane_count)
        tables = (self._faces, self._face_uv, self._weave_uv, self._atlas_uv, self._face_mesh)
        samples = (height * self.preset.samples, width * self.preset.samples)
        faces = ShadedFaces(*tables, self._surfaces, self._texels, self._levels)
        self._shader = Shader(faces, [mesh.name for mesh in meshes], samples, self.preset, self.device)
        self._sheer = self._make_sheer(topology, samples)
        return Extents(
            vertices=int(sum(vertex_counts)),
            faces=len(topology.faces),
            all_faces=len(topology.all_faces),
            texels=texels,
            samples=samples,
            light_map=self.preset.light_map,
            hems=self._hems.points,
        )

    def _clear(self, drawing: Drawing) -> None:
        """Forget what was drawn before."""
        if not is_empty(drawing.drawn):
            wp.launch(
                _kernels_raster.clear,
                strips(drawing.drawn, self._strip),
                [wp.vec4i(*drawing.drawn), self._strip],
                outputs=[drawing.keys, drawing.across, drawing.down],
                device=self.device,
            )
        drawing.drawn = self._canvas.samples_of(drawing.box)
        drawing.light_depths.fill_(FAR)

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
        return self._hems.around(low, high) if low[0] <= high[0] else (np.zeros(3, np.float32), np.zeros(3, np.float32))

    def _project(self, drawing: Drawing) -> None:
        """Where every point is for the eye and for the sun."""
        inputs = [drawing.points, drawing.view, drawing.frame]
        outputs = [drawing.screen, drawing.lit]
        kernel, count = _kernels_raster.transform_vertices, len(drawing.points)
        wp.launch(kernel, count, inputs, outputs=outputs, device=self.device)

    def _draw_view(self, drawing: Drawing) -> None:
        """What the eye sees, before light: the nearest face of every sample."""
        self._rasterizer.draw(drawing.screen, drawing.keys, _first(drawing.facing, len(self._opaque[0])))

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
        lit, kernel = [drawing.lit, *self._opaque[:2], self._lane_count], _kernels_raster.draw_light_depth
        wp.launch(kernel, self._triangle_blocks, lit, outputs=[drawing.light_depths], device=self.device)

    def _find_edges(self, drawing: Drawing) -> None:
        """Where edges cross between samples, and where meshes meet."""
        outputs, box = [drawing.across, drawing.down], self._canvas.samples_of(drawing.box)
        edges = [drawing.screen, *self._opaque_edges, self._faces, drawing.facing, self._face_mesh]
        wp.launch(
            _kernels_edges.find_crossings,
            -(-len(self._opaque_edges[0]) // self._lane_count),
            [*edges, drawing.keys, drawing.view.focal, self._lane_count],
            outputs=outputs,
            device=self.device,
        )
        if not is_empty(box):
            met = [drawing.keys, drawing.screen, self._faces, self._face_mesh, wp.vec4i(*box), self._strip]
            met.append(self._lane_count)
            wp.launch(_kernels_edges.find_meetings, strips(box, self._strip), met, outputs=outputs, device=self.device)

    def _shade(self, drawing: Drawing, light: Light) -> None:
        """Colour what is opaque."""
        box, shader, sheer = self._canvas.samples_of(drawing.box), self._shader, self._sheer
        shader.measure_occlusion(drawing, box)
        if sheer is not None:
            sheer.dim(shader.openness, self._strip)
        seen = (drawing.keys, shader.openness, self._around.open)
        veil = None if sheer is None else sheer.veil
        self._lanes.each(box, lambda part: shader.shade(drawing, light, seen, part, self._canvas.color, veil))

    def _make_sheer(self, topology: Topology, samples: tuple[int, int]) -> Sheer | None:
        """Return what draws sheer cloth, or None where there is none: its kernels are not even loaded then."""
        count, edges = topology.opaque
        if count == len(topology.faces):
            return None
        from .sheer import Sheer, SheerFaces, cloth_of  # heavy, and seldom needed

        tables = (self._faces, self._face_flags, self._face_mesh, self._face_uv)
        cloth = cloth_of(*tables, self._surfaces, self._texels, self._levels, first=count)
        faces = SheerFaces(cloth, self._edges[edges:], self._edge_faces[edges:])
        return Sheer(faces, samples, self.preset, self.device)


def _first(table: wp.array, count: int) -> wp.array:
    """Return the first entries of a table."""
    if count == len(table):
        return table
    return table[:count] if count else wp.zeros((0, *table.shape[1:]), dtype=table.dtype, device=table.device)


def _flags(mesh: SceneMesh, cutout: bool) -> int:
    sided = int(DOUBLE_SIDED) * mesh.material.double_sided
    return sided + int(CUTOUT) * cutout + int(LAYER) * mesh.layer
