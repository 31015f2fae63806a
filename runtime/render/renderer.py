"""Draws meshes whose vertices move: the one class that owns the buffers and launches the kernels of a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.geometry.simd.code import lanes_on

from . import _kernels_edges, _kernels_raster, _kernels_resolve, _kernels_shade
from ._kernels_raster import LightFrame
from ._kernels_surface import Surface
from ._kernels_view import CUTOUT, DOUBLE_SIDED, EMPTY, FAR, LAYER, TOUCHED, View
from .around import Around, bounced_share, light_frame
from .backdrop import backdrop_key, paint_backdrop
from .boxes import NOTHING, Box, around, halves, is_empty
from .colour import encode_table
from .frame import Frame as Frame
from .ground import GroundShadow, seen_box
from .lanes import Lanes
from .light_frame import FittedLight, LightFitter
from .scene import Background, Camera, Lighting, SceneMesh
from .simd.code import STRIP
from .surfaces import PackedMaterial, pack_materials, pack_surfaces, place_wrinkles
from .topology import join_meshes

_BOUNDS_STRIDE = 256
_SRGB_ENTRIES = 4096
_WIDE_LAMP = 0.06  # [rad] apparent radius from which on shadows are as soft as they get
# How far light from around is kept away by what stands close: about a hand's breadth.
_OCCLUSION_REACH = 0.07


@dataclass(frozen=True)
class Preset:
    """What a preset switches on.

    Attributes:
        samples: Samples per pixel side.
        light_map: Side of the sun's map [texels].
        light_blur: Its blur [texels].
        ground_cells: Side of the map of the shadow on the ground.
        sides: Maps of what keeps light from all around away; 0 leaves that to what stands close on the screen.
        coarseness: How far body, hair, eyes and shoes may be drawn from where they are [px]; 0 draws all of their
            triangles.
    """

    samples: int
    light_map: int
    light_blur: int
    ground_cells: int
    sides: int
    coarseness: float


PRESETS: dict[str, Preset] = {"realtime": Preset(1, 384, 4, 96, 0, 0.35), "quality": Preset(2, 768, 8, 192, 24, 0.0)}


class Renderer:
    """Renders a fixed set of meshes from vertices that change every frame.

    Args:
        meshes: What is drawn; body first, then garments, by convention.
        vertex_counts: Vertices of each mesh, in the same order; 0 for a mesh that shares those of the one before it.
        size: (width, height) of frames [px].
        device: Warp device, "cpu" or "cuda:0".
        preset: "realtime" or "quality".
        materials: The packed materials of the meshes, where a caller has packed them already.

    Attributes:
        vertices: wp.array of vec3 [V], world [m], all meshes one after another: write into it before `render`.
        turns: wp.array of vec4 [V] how wrinkled cloth is turned at each vertex: a quaternion xyzw as long as the
            wrinkles' share, 0 for no wrinkles. Of one entry where no mesh has wrinkles. Write into it, or set another.
        wrinkles: wp.array of vec3, side² normals before that turn for each garment with wrinkles, row 0 at v = 0. Write
            into it, or set another.
    """

    def __init__(
        self,
        meshes: Sequence[SceneMesh],
        vertex_counts: Sequence[int],
        size: tuple[int, int] = (512, 512),
        device: str = "cpu",
        preset: str = "realtime",
        materials: Sequence[PackedMaterial] | None = None,
    ) -> None:
        if preset not in PRESETS:
            raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {preset!r}")
        if not meshes or len(meshes) > 254:
            raise ValueError(f"meshes must be 1 to 254, got {len(meshes)}")
        wp.init()
        self.size = size
        self.device = device
        self.preset = PRESETS[preset]
        self._lanes = Lanes(device)
        with wp.ScopedDevice(device):
            packed = materials or pack_materials([mesh.material for mesh in meshes])
            self._upload(meshes, vertex_counts, packed)
            self._allocate()
        self._ground = GroundShadow(device, self.preset.ground_cells)
        self._fitter = LightFitter(self.preset.light_map)
        self._backdrop_key: tuple[object, ...] = ()
        self._background: Background | None = None
        self._sh_shown: NDArray[np.float32] | None = None
        self._frames = 0
        # A CPU thread does well to stay on a row for a while; a GPU wants a thread for every pixel.
        self._strip = STRIP if wp.get_device(device).is_cpu else 1

    def set_vertices(self, vertices: NDArray[np.floating]) -> None:
        """Copy world vertices [V, 3] into `vertices`."""
        expected = (self.vertices.shape[0], 3)
        if vertices.shape != expected:
            raise ValueError(f"vertices must be {list(expected)}, got {list(vertices.shape)}")
        self.vertices.assign(np.ascontiguousarray(vertices, np.float32))

    def render(self, camera: Camera, lighting: Lighting, background: Background) -> Frame:
        """Draw one frame."""
        if camera.size != self.size:
            raise ValueError(f"the camera's size must be {self.size}, as the renderer's, got {camera.size}")
        with wp.ScopedDevice(self.device):
            self._screen.reverse()
            view = self._view(camera)
            low, high = self._bounds_now()
            fitted = self._fitter.fit(low, high, lighting.sun_direction)
            frame = light_frame(fitted, self.preset.light_map)
            self._bring_up(camera, lighting, background)
            body = seen_box(camera, low, high)
            floor = self._ground.place(low, high, lighting, camera) if background.ground > 0.0 else NOTHING
            self._draw_all(view, frame)

            def shade_ground() -> None:
                if not is_empty(floor):
                    self._ground.shade(self.vertices, self._light_depths, frame, lighting, background.ground)

            self._lanes.both("edges", lambda: self._find_edges(view, self._samples(body)), shade_ground)
            # Only this part of the picture differs from the bare backdrop.
            box = around(body, floor)
            rows = slice(box[1] * self.preset.samples, box[3] * self.preset.samples)
            if not is_empty(box):
                wp.copy(self._color[rows], self._backdrop[rows])
            if not is_empty(body):
                faces = (self._faces, self._face_flags, self._lane_count)
                self._around.measure((self.vertices, self._normals), faces, (low, high), lighting, self._lanes)
                self._shade(view, frame, fitted, lighting, self._samples(body))
            if not is_empty(floor):
                maps = (self._keys, self._color, self._across)
                self._ground.darken(view, *maps, box=self._samples(floor), strip=self._strip)
            wp.copy(self._rgb, self._backdrop_rgb)
            upper, lower = halves(box)
            self._lanes.both("resolve", lambda: self._resolve(upper), lambda: self._resolve(lower))
        self._frames += 1
        return Frame(self._rgb.numpy(), self._read_depth, self._read_mask, self._read_velocity)

    def _upload(
        self, meshes: Sequence[SceneMesh], vertex_counts: Sequence[int], packed: Sequence[PackedMaterial]
    ) -> None:
        topology = join_meshes(meshes, vertex_counts)
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
        count = int(sum(vertex_counts))
        self.vertices = wp.zeros(count, dtype=wp.vec3)
        self.turns = wp.zeros(count if texels else 1, dtype=wp.vec4)
        self.wrinkles = wp.zeros(max(texels, 1), dtype=wp.vec3)
        self._screen = [wp.zeros(count, dtype=wp.vec3), wp.zeros(count, dtype=wp.vec3)]
        self._lit = wp.zeros(count, dtype=wp.vec3)
        self._normals = wp.zeros(count, dtype=wp.vec3)
        self._face_normals = wp.zeros(len(topology.all_faces), dtype=wp.vec3)
        self._facing = wp.zeros(len(topology.faces), dtype=wp.int8)
        self._lane_count = lanes_on(self.device)
        self._around = Around(count, self.preset.sides, self.device)
        self._triangle_blocks = -(-len(topology.faces) // self._lane_count)

    def _allocate(self) -> None:
        width, height = self.size
        samples = (height * self.preset.samples, width * self.preset.samples)
        half = (max((samples[0] + 1) // 2, 2), max((samples[1] + 1) // 2, 2))  # looked up between four
        light = (self.preset.light_map, self.preset.light_map)
        self._keys = wp.zeros(samples, dtype=wp.int64)
        self._no_keys = wp.full(samples, EMPTY, dtype=wp.int64)
        self._across = wp.zeros(samples, dtype=wp.int32)
        self._down = wp.zeros(samples, dtype=wp.int32)
        self._color = wp.zeros(samples, dtype=wp.vec3)
        self._backdrop = wp.zeros(samples, dtype=wp.vec3)
        self._openness = wp.full(half, 1.0, dtype=float)
        self._light_depths = wp.zeros(light, dtype=wp.int32)
        self._no_light_depths = wp.full(light, FAR, dtype=wp.int32)
        self._directions = wp.array(_occlusion_directions(), dtype=wp.vec2)
        self._sh = wp.zeros(9, dtype=wp.vec3)
        self._bounds = wp.zeros((2, 3), dtype=float)
        self._no_bounds = wp.array([[np.inf] * 3, [-np.inf] * 3], dtype=float)
        self._rgb = wp.zeros((height, width, 3), dtype=wp.uint8)
        self._backdrop_rgb = wp.zeros((height, width, 3), dtype=wp.uint8)
        self._depth = wp.zeros((height, width), dtype=float)
        self._mask = wp.zeros((height, width), dtype=wp.uint8)
        self._velocity = wp.zeros((height, width), dtype=wp.vec2)

    def _samples(self, box: Box) -> Box:
        """Scale a box from pixels to samples."""
        x0, y0, x1, y1 = (side * self.preset.samples for side in box)
        return x0, y0, x1, y1

    def _strips(self, box: Box) -> tuple[int, int]:
        """Launch size for kernels that work along strips of the box's rows."""
        return box[3] - box[1], -(-(box[2] - box[0]) // self._strip)

    def _resolve(self, box: Box) -> None:
        """Encode the pixels of a box."""
        if is_empty(box):
            return
        shown = [self._color, self._across, self._down]
        if self.preset.samples == 1:
            inputs = [self._keys, *shown, self._srgb, wp.vec4i(*box), self._strip]
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

    def _bounds_now(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        wp.copy(self._bounds, self._no_bounds)
        threads = -(-self.vertices.shape[0] // _BOUNDS_STRIDE)
        wp.launch(
            _kernels_raster.measure_bounds, threads, inputs=[self.vertices, _BOUNDS_STRIDE], outputs=[self._bounds]
        )
        low, high = self._bounds.numpy()
        return low, high

    def _bring_up(self, camera: Camera, lighting: Lighting, background: Background) -> None:
        """Bring up what seldom changes: the light's coefficients and the backdrop."""
        if self._sh_shown is not lighting.sh:
            self._sh.assign(np.ascontiguousarray(lighting.sh, np.float32))
            self._sh_shown = lighting.sh
        key = backdrop_key(background, camera)
        if key != self._backdrop_key:
            self._backdrop.assign(paint_backdrop(background, camera, self._keys.shape))
            self._backdrop_key = key
            wp.copy(self._color, self._backdrop)
            self._across.fill_(TOUCHED)
            self._resolve((0, 0, *self.size))
            wp.copy(self._backdrop_rgb, self._rgb)
            self._background = background  # keeps its image alive, so that the key's id stays its own

    def _draw_all(self, view: View, frame: LightFrame) -> None:
        outputs = [self._screen[0], self._lit]
        wp.launch(_kernels_raster.transform_vertices, len(self.vertices), [self.vertices, view, frame], outputs=outputs)
        self._lanes.both("draw", self._draw_view, self._draw_light)

    def _find_edges(self, view: View, box: Box) -> None:
        """Where edges cross between samples, and where meshes meet."""
        screen, device, outputs = self._screen[0], self.device, [self._across, self._down]
        self._across.zero_()
        self._down.zero_()
        edges = [screen, self._edges, self._edge_faces, self._faces, self._facing, self._face_mesh]
        wp.launch(
            _kernels_edges.find_crossings,
            -(-len(self._edges) // self._lane_count),
            [*edges, self._keys, view.focal, self._lane_count],
            outputs=outputs,
            device=device,
        )
        if not is_empty(box):
            met = [self._keys, screen, self._faces, self._face_mesh, wp.vec4i(*box), self._strip]
            wp.launch(_kernels_edges.find_meetings, self._strips(box), met, outputs=outputs, device=device)

    def _draw_view(self) -> None:
        """What the eye sees, before light: the nearest face of every sample."""
        faces = [self._faces, self._face_flags, self._face_mesh, self._face_uv, self._surfaces, self._texels]
        wp.copy(self._keys, self._no_keys)
        wp.launch(
            _kernels_raster.draw_triangles,
            self._triangle_blocks,
            [self._screen[0], *faces, self._lane_count],
            outputs=[self._keys, self._facing],
            device=self.device,
        )

    def _draw_light(self) -> None:
        """What the sun sees, and the normals that its light falls on."""
        raster, device = _kernels_raster, self.device
        faces = [self.vertices, self._all_faces]
        wp.launch(raster.face_normals, len(self._all_faces), faces, outputs=[self._face_normals], device=device)
        rings = [self._face_normals, self._ring_starts, self._ring_faces]
        wp.launch(raster.vertex_normals, len(self.vertices), rings, outputs=[self._normals], device=device)
        wp.copy(self._light_depths, self._no_light_depths)
        lit = [self._lit, self._faces, self._face_flags, self._lane_count]
        wp.launch(raster.draw_light_depth, self._triangle_blocks, lit, outputs=[self._light_depths], device=device)

    def _shade(self, view: View, frame: LightFrame, fitted: FittedLight, lighting: Lighting, box: Box) -> None:
        light = _kernels_shade.Light()
        light.color = wp.vec3(*lighting.sun_color)
        light.toward = wp.vec3(*fitted.toward.tolist())
        light.texel = fitted.texel
        light.blur = _blur(self.preset.light_blur, lighting.sun_radius_rad)
        light.slope = 0.4 * (light.blur + 1)
        light.bounce = bounced_share(lighting)
        upper, lower = halves(box)
        self._lanes.both(
            "occlusion", lambda: self._measure_occlusion(view, upper), lambda: self._measure_occlusion(view, lower)
        )
        self._lanes.both(
            "shade",
            lambda: self._shade_box(view, frame, light, upper),
            lambda: self._shade_box(view, frame, light, lower),
        )

    def _measure_occlusion(self, view: View, box: Box) -> None:
        columns = (box[2] + 1) // 2 - box[0] // 2
        wp.launch(
            _kernels_shade.measure_occlusion,
            ((box[3] - box[1] + 1) // 2, -(-columns // self._lane_count)),
            [self._keys, view.focal, _OCCLUSION_REACH, self._directions, wp.vec4i(*box), self._lane_count],
            outputs=[self._openness],
            device=self.device,
        )

    def _shade_box(self, view: View, frame: LightFrame, light: _kernels_shade.Light, box: Box) -> None:
        wp.launch(
            _kernels_shade.shade,
            self._strips(box),
            [
                *(self._keys, self.vertices, self._screen[0], self._normals),
                *(self._faces, self._face_uv, self._weave_uv, self._atlas_uv, self._face_mesh, self._facing),
                *(self._surfaces, self._texels, self._levels, self.turns, self.wrinkles, self._sh),
                *(
                    light,
                    frame,
                    self._light_depths,
                    self._openness,
                    self._around.open,
                    view,
                    wp.vec4i(*box),
                    self._strip,
                ),
            ],
            outputs=[self._color],
            device=self.device,
        )

    def _read_depth(self) -> NDArray[np.float32]:
        inputs = [self._keys, self._face_flags, self.preset.samples, np.inf]
        wp.launch(_kernels_resolve.read_depth, self._depth.shape, inputs, outputs=[self._depth], device=self.device)
        depth: NDArray[np.float32] = self._depth.numpy()
        return depth

    def _read_mask(self) -> NDArray[np.uint8]:
        inputs = [self._keys, self._face_group, self.preset.samples]
        wp.launch(_kernels_resolve.read_mask, self._mask.shape, inputs, outputs=[self._mask], device=self.device)
        mask: NDArray[np.uint8] = self._mask.numpy()
        return mask

    def _read_velocity(self) -> NDArray[np.float32]:
        earlier = self._screen[1] if self._frames > 1 else self._screen[0]
        inputs = [self._keys, self._faces, self._screen[0], earlier, self.preset.samples]
        wp.launch(
            _kernels_resolve.read_velocity, self._velocity.shape, inputs, outputs=[self._velocity], device=self.device
        )
        velocity: NDArray[np.float32] = self._velocity.numpy()
        return velocity


def _blur(most: int, radius_rad: float) -> int:
    """Return the blur of the sun's map [texels]: `most` for a lamp as wide as the studio's, less for a narrower one."""
    return max(2, min(most, round(most * radius_rad / _WIDE_LAMP)))


def _flags(mesh: SceneMesh, cutout: bool) -> int:
    sided = int(DOUBLE_SIDED) * mesh.material.double_sided
    return sided + int(CUTOUT) * cutout + int(LAYER) * mesh.layer


def _occlusion_directions() -> NDArray[np.float32]:
    """Four patterns of six pairs in two rings, each pattern turned a little further, [24, 2] in units of the reach."""
    pattern, ring, k = np.meshgrid(np.arange(4), np.arange(2), np.arange(3), indexing="ij")
    angle = (pattern / 12.0 + k / 3.0 + ring / 6.0) * np.pi
    radius = 0.4 + 0.6 * ring
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1).reshape(-1, 2).astype(np.float32)
