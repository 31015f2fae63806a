"""Pictures with gradients: to vertices, textures, light and camera.

What `Renderer` shows of matte surfaces, as torch functions. The rasteriser says which face a pixel sees; from there on
all is differentiable: barycentrics, normals, textures, light; and silhouettes by their coverage (`antialias`). Not
modelled: gloss, sheen, weaves, wrinkles, cast shadows, occlusion, and the holes of textures; sheer cloth is opaque.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from . import fragments as seen
from ._kernels_view import DOUBLE_SIDED, LAYER
from .antialias import EdgeTable, antialias
from .camera_tensors import CameraTensors
from .devices import device_named
from .scene import SceneMesh, SurfaceMaterial
from .shading import Pyramid, face_eye, linear_texture, sample_texture, sh_shade, soften_highlights, sun_shade
from .soft_silhouette import soft_silhouette
from .topology import join_meshes


@dataclass(frozen=True)
class Sun:
    """A distant source that nothing shadows.

    Attributes:
        toward: Direction to it, [3].
        color: What a white matte surface facing it shows of it, linear rgb [3].
    """

    toward: torch.Tensor
    color: torch.Tensor


@dataclass(frozen=True)
class DifferentiableFrame:
    """One picture; all but `triangles` carry gradients.

    Attributes:
        color: Linear rgb [H, W, 3], over the background.
        alpha: Coverage in [0, 1], [H, W].
        depth: Distance along the axis [m], [H, W]; 0 where nothing is; not antialiased.
        triangles: int64 [H, W], face drawn or -1; counts through the meshes, without their hidden faces.
    """

    color: torch.Tensor
    alpha: torch.Tensor
    depth: torch.Tensor
    triangles: torch.Tensor


class DifferentiableRenderer:
    """Renders a fixed set of meshes from vertices, textures, light and a camera that may all be learnt.

    Args:
        meshes: What is drawn, as `Renderer` takes them.
        vertex_counts: Vertices of each mesh; 0 for a mesh that shares those of the one before it.
        device: Of all tensors, "cpu" or "cuda:0".

    Attributes:
        textures: The materials' textures, linear float32 [H, W, 3], first row at the top: where learning may start.
    """

    def __init__(self, meshes: Sequence[SceneMesh], vertex_counts: Sequence[int], device: str = "cpu") -> None:
        if not meshes:
            raise ValueError("meshes must be at least 1, got 0")
        device = device_named(device)
        opaque = [replace(mesh, material=replace(mesh.material, opacity=1.0, blended=False)) for mesh in meshes]
        topology = join_meshes(opaque, vertex_counts)
        self.device = torch.device(device)
        self.textures = tuple(linear_texture(mesh.material.texture).to(device) for mesh in meshes)
        self._pyramids = tuple(Pyramid.of(texture) for texture in self.textures)
        self._vertex_count = int(sum(vertex_counts))
        self._all_faces, self._faces, self._face_uv, self._face_mesh = (
            torch.from_numpy(each).to(device)
            for each in (topology.all_faces, topology.faces, topology.face_uv, topology.face_mesh)
        )
        self._inside = torch.tensor([mesh.material.inside for mesh in meshes], device=device)
        flags = [DOUBLE_SIDED * mesh.material.double_sided + LAYER * mesh.layer for mesh in meshes]
        self._flags = torch.tensor(flags, dtype=torch.int8, device=device)[self._face_mesh.long()]
        self._edges = EdgeTable.of(self._faces, self._vertex_count, self._face_mesh)

    def render(
        self,
        vertices: torch.Tensor,
        sh: torch.Tensor,
        camera: CameraTensors,
        *,
        textures: Sequence[torch.Tensor] | None = None,
        background: torch.Tensor | None = None,
        sun: Sun | None = None,
        soften: bool = True,
    ) -> DifferentiableFrame:
        """Draw one picture.

        Args:
            vertices: World [m], [V, 3], all meshes one after another.
            sh: Light from all around, irradiance / pi in the basis of `harmonics`: [9, 3], or [M, 9, 3], one a mesh.
            camera: The camera.
            textures: Linear [H, W, 3], one a mesh, first row at the top; `self.textures` when None.
            background: Linear rgb [3] or [H, W, 3]; black when None.
            sun: A distant source.
            soften: Whether highlights bend towards white as in `Renderer`'s frames; without, light is unbounded.
        """
        if sh.shape not in ((9, 3), (len(self.textures), 9, 3)):
            raise ValueError(f"sh must be [9, 3] or [{len(self.textures)}, 9, 3], got {list(sh.shape)}")
        screen, fragments = self._look(vertices, camera)
        pyramids = self._pyramids if textures is None else tuple(Pyramid.of(texture) for texture in textures)
        color = self._shade(vertices, sh, camera, fragments, pyramids, sun)
        color = soften_highlights(color) if soften else color
        width, height = camera.size
        behind = color.new_zeros(3) if background is None else background.to(color.dtype)
        flat = behind.expand(height, width, 3).reshape(-1, 3).index_copy(0, fragments.pixels, color)
        covered = flat.new_zeros(len(flat)).index_fill(0, fragments.pixels, 1.0)
        image = torch.cat([flat, covered[:, None]], dim=1).reshape(height, width, 4)
        image = antialias(image, fragments, screen, self._edges, float(camera.focal_px.detach()))
        depth = fragments.image(1.0 / fragments.inverse_depth[:, None])[..., 0]
        return DifferentiableFrame(image[..., :3], image[..., 3], depth, fragments.triangles)

    def silhouette(self, vertices: torch.Tensor, camera: CameraTensors) -> torch.Tensor:
        """Return the coverage of every pixel in [0, 1], [H, W]: `render(…).alpha` without shading."""
        screen, fragments = self._look(vertices, camera)
        mask = fragments.image(torch.ones_like(fragments.inverse_depth)[:, None])
        return antialias(mask, fragments, screen, self._edges, float(camera.focal_px.detach()))[..., 0]

    def soft_silhouette(self, vertices: torch.Tensor, camera: CameraTensors, *, sigma: float = 1e-4) -> torch.Tensor:
        """Return a silhouette [H, W] that reaches some pixels beyond the surface: `soft_silhouette.soft_silhouette`."""
        self._check(vertices)
        return soft_silhouette(camera.to_screen(vertices), self._faces, camera.size, sigma=sigma)

    def _check(self, vertices: torch.Tensor) -> None:
        if vertices.shape != (self._vertex_count, 3):
            raise ValueError(f"vertices must be [{self._vertex_count}, 3], got {list(vertices.shape)}")

    def _look(self, vertices: torch.Tensor, camera: CameraTensors) -> tuple[torch.Tensor, seen.Fragments]:
        self._check(vertices)
        screen = camera.to_screen(vertices)
        return screen, seen.rasterize(screen, self._faces, camera.size, flags=self._flags)

    def _shade(
        self,
        vertices: torch.Tensor,
        sh: torch.Tensor,
        camera: CameraTensors,
        fragments: seen.Fragments,
        textures: Sequence[Pyramid],
        sun: Sun | None,
    ) -> torch.Tensor:
        """Return linear rgb [N, 3] of the fragments."""
        if len(textures) != len(self.textures):
            raise ValueError(f"textures must be {len(self.textures)}, one a mesh, got {len(textures)}")
        smooth = torch.nn.functional.normalize(
            seen.interpolate(seen.vertex_normals(vertices, self._all_faces), fragments), dim=-1
        )
        front = fragments.facing.index_select(0, fragments.faces).to(vertices.dtype)
        normals, cosine = face_eye(smooth, front, camera.toward_eye(fragments.centers))
        corner_uv = self._face_uv.index_select(0, fragments.faces).to(vertices.dtype)
        uv = seen.blend_corners(corner_uv, fragments)
        b, c = corner_uv[:, 1] - corner_uv[:, 0], corner_uv[:, 2] - corner_uv[:, 0]
        # a grazing pixel is taken for no narrower than half its length, as in the kernels
        per_pixel = (0.5 / cosine).clamp(min=1.0) * fragments.face_share
        footprint = (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0]).abs() * per_pixel
        albedo = self._albedo(textures, uv, footprint, fragments)
        albedo = torch.where(front[:, None] > 0.0, albedo, albedo * self._tint(fragments).to(albedo.dtype))
        light = sh_shade(normals, sh if sh.ndim == 2 else sh[self._face_mesh.index_select(0, fragments.faces).long()])
        if sun is not None:
            light = light + sun_shade(normals, sun.toward, sun.color)
        return albedo * light

    def _tint(self, fragments: seen.Fragments) -> torch.Tensor:
        return self._inside[self._face_mesh[fragments.faces].long()]

    def _albedo(
        self, textures: Sequence[Pyramid], uv: torch.Tensor, footprint: torch.Tensor, fragments: seen.Fragments
    ) -> torch.Tensor:
        """Return linear rgb [N, 3] of the meshes' textures at uv [N, 2]; `footprint` is the uv that a pixel covers."""
        if len(textures) == 1:
            return sample_texture(textures[0], uv, footprint)
        owner = self._face_mesh.index_select(0, fragments.faces)
        albedo = uv.new_zeros(len(uv), 3)
        for index, texture in enumerate(textures):
            own = torch.nonzero(owner == index).reshape(-1)
            colors = sample_texture(texture, uv.index_select(0, own), footprint.index_select(0, own))
            albedo = albedo.index_copy(0, own, colors.to(albedo.dtype))
        return albedo


def render_differentiable(
    vertices: torch.Tensor,
    faces: torch.Tensor,
    uv: torch.Tensor,
    uv_faces: torch.Tensor,
    texture: torch.Tensor,
    sh: torch.Tensor,
    camera: CameraTensors,
    *,
    background: torch.Tensor | None = None,
) -> DifferentiableFrame:
    """Draw one matte, double-sided mesh once; who draws it often keeps a `DifferentiableRenderer`.

    Args:
        vertices: World [m], [V, 3]; differentiable.
        faces: int32 [F, 3], counter-clockwise seen from outside.
        uv: Origin bottom-left, [M, 2]; a constant.
        uv_faces: int32 [F, 3] into `uv`.
        texture: Linear [H, W, 3], first row at the top; differentiable.
        sh: Light from all around, irradiance / pi in the basis of `harmonics`, [9, 3]; differentiable.
        camera: Differentiable.
        background: Linear rgb [3] or [H, W, 3]; black when None; differentiable.
    """
    arrays = (each.detach().cpu().numpy() for each in (faces, uv, uv_faces))
    corners, places, uv_corners = arrays
    material = SurfaceMaterial(np.zeros((1, 1, 3), np.uint8), inside=(1.0, 1.0, 1.0))
    mesh = SceneMesh("mesh", corners.astype(np.int32), places.astype(np.float32), uv_corners.astype(np.int32), material)
    renderer = DifferentiableRenderer([mesh], [len(vertices)], str(vertices.device))
    return renderer.render(vertices, sh, camera, textures=[texture], background=background)
