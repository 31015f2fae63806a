"""PyTorch3D's rasteriser behind the same interface: an independent second opinion, hundreds of times slower on a CPU.

PyTorch3D (Ravi et al. 2020, "Accelerating 3D Deep Learning with PyTorch3D") needs a torch of its own, so it is no
dependency: `make test-pytorch3d` sets up an environment with both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import warp as wp

from dressform.runtime.render._kernels_view import (
    CUTOUT,
    DOUBLE_SIDED,
    EMPTY,
    FACE_BITS,
    INVERSE_NEAR,
    LAYER,
    LAYER_LIFT,
    NEAR,
    NEARNESS_SCALE,
    NEARNESS_TOP,
)
from dressform.schemas.errors import UsageError

from .protocol import DrawnFaces

_DEPTHS = 4  # faces behind each other that are asked for first where faces have holes


@dataclass(frozen=True)
class Hits:
    """The faces that cover each pixel's centre, nearest first; -1 in `faces` where there are no more.

    Attributes:
        faces: int64 [H, W, K].
        depth: float32 [H, W, K], along the axis [m].
        barycentrics: float32 [H, W, K, 3], correct in perspective.
    """

    faces: torch.Tensor
    depth: torch.Tensor
    barycentrics: torch.Tensor


@cache
def load_pytorch3d() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return PyTorch3D's `rasterize_meshes` and `Meshes`.

    Raises:
        UsageError: When it is not installed, or built for another torch.
    """
    try:
        from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
        from pytorch3d.structures import Meshes
    except ImportError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(
            f"raster pytorch3d needs PyTorch3D beside the torch that it was built for ({reason}); "
            "make test-pytorch3d sets up an environment with both, or take the raster warp"
        ) from None
    return rasterize_meshes, Meshes


def nearest_hits(
    screen: torch.Tensor, corners: torch.Tensor, size: tuple[int, int], *, cull: bool = False, count: int = 1
) -> Hits:
    """Ask PyTorch3D which faces cover each pixel's centre: blur 0, perspective-correct, cut at `NEAR`.

    Args:
        screen: Vertices as (x px, y px, 1 / depth), [V, 3]; a negative third component is behind the camera.
        corners: int64 [F, 3], counter-clockwise seen from outside.
        size: (width, height) [px].
        cull: Whether back faces are left out.
        count: How many faces of a pixel are kept.
    """
    rasterize_meshes, meshes = load_pytorch3d()
    width, height = size
    chosen = torch.nonzero(_sound(screen[corners]))[:, 0]
    if len(chosen) == 0:
        nothing = screen.new_full((height, width, count), -1.0)
        return Hits(nothing.long(), nothing, nothing[..., None].expand(-1, -1, -1, 3))
    # its picture spans -1 to 1 along the shorter side, x to the left and y up; z is the depth
    at = screen.detach().double()
    scale = 2.0 / min(width, height)
    ndc = torch.stack([(0.5 * width - at[:, 0]) * scale, (0.5 * height - at[:, 1]) * scale, 1.0 / at[:, 2]], dim=1)
    inverse_depth = screen[corners[chosen], 2]
    cut = bool(((inverse_depth <= 0.0) | (inverse_depth > INVERSE_NEAR)).any())
    with torch.no_grad():
        faces, depth, barycentrics, _ = rasterize_meshes(
            meshes(verts=[ndc.float()], faces=[corners[chosen]]),
            image_size=(height, width),
            blur_radius=0.0,
            faces_per_pixel=count,
            perspective_correct=True,
            clip_barycentric_coords=False,
            cull_backfaces=cull,
            z_clip_value=NEAR if cut else None,
        )
    seen = faces[0] >= 0
    return Hits(torch.where(seen, chosen[faces[0].clamp(min=0)], faces[0]), depth[0], barycentrics[0])


class PyTorch3DRasterizer:
    """Draws each kind of face in a call of its own and keeps the nearest: layers, holes, faces seen from behind.

    Args:
        faces: What is drawn.
        device: Warp device; PyTorch3D draws on the same one.
    """

    def __init__(self, faces: DrawnFaces, device: str) -> None:
        load_pytorch3d()
        self._device = wp.device_to_torch(device)
        self._corners = wp.to_torch(faces.corners).long()
        self._flags = wp.to_torch(faces.flags).long()
        self._uv = wp.to_torch(faces.uv)
        table = faces.surfaces.numpy()
        places = torch.tensor([table[name].tolist() for name in ("width_log2", "height_log2", "base")])
        self._places = places.to(self._device)[:, wp.to_torch(faces.mesh).long()]  # [3, F]
        self._texels = wp.to_torch(faces.texels.view(wp.int32))

    def draw(self, screen: wp.array, keys: wp.array, facing: wp.array) -> None:
        """Find what the eye sees; see `Rasterizer.draw`."""
        points = wp.to_torch(screen)
        out = wp.to_torch(keys)
        for flags in self._flags.unique().tolist():
            torch.minimum(out, self._draw_kind(points, flags, (out.shape[1], out.shape[0])), out=out)
        wp.to_torch(facing).copy_(self._facing(points))

    def _draw_kind(self, points: torch.Tensor, flags: int, size: tuple[int, int]) -> torch.Tensor:
        """Return the keys of the faces that have these flags, [H, W]."""
        chosen = torch.nonzero(self._flags == flags)[:, 0]
        corners, cull = self._corners[chosen], not flags & DOUBLE_SIDED
        if not flags & CUTOUT:
            hits = nearest_hits(points, corners, size, cull=cull)
            return _pack(hits.faces[..., 0], hits.depth[..., 0], chosen, flags // LAYER)
        count = _DEPTHS
        while True:
            hits = nearest_hits(points, corners, size, cull=cull, count=count)
            there = hits.faces >= 0
            covered = there & self._covered(chosen[hits.faces.clamp(min=0)], hits.barycentrics)
            found = covered.any(dim=-1)
            if count >= len(chosen) or not (there.all(dim=-1) & ~found).any():
                break
            count = min(2 * count, len(chosen))  # where all were holes, look deeper
        first = covered.int().argmax(dim=-1, keepdim=True)
        faces = torch.where(found, hits.faces.gather(-1, first)[..., 0], -1)
        return _pack(faces, hits.depth.gather(-1, first)[..., 0], chosen, flags // LAYER)

    def _covered(self, faces: torch.Tensor, barycentrics: torch.Tensor) -> torch.Tensor:
        """Whether the texture has no hole there; the twin of `_kernels_surface.texel_coverage`."""
        width_log2, height_log2, base = self._places[:, faces]
        uv = (self._uv[faces] * barycentrics[..., None]).sum(dim=-2)
        width, height = 1 << width_log2, 1 << height_log2
        x = (uv[..., 0] * width).floor().long() & (width - 1)
        y = (uv[..., 1] * height).floor().long() & (height - 1)
        coverage = (self._texels[base + (y << width_log2) + x] >> 30) & 3
        covered: torch.Tensor = coverage >= 2  # of 3: one half or more
        return covered

    def _facing(self, points: torch.Tensor) -> torch.Tensor:
        """Return 1 for front, -1 for back and drawn, 0 for not drawn, [F]."""
        a, b, c = points[self._corners].unbind(dim=1)
        area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
        inverse_depth = torch.stack([a[:, 2], b[:, 2], c[:, 2]], dim=1)
        before = (inverse_depth > 0.0) & (inverse_depth <= INVERSE_NEAR)
        whole = before.all(dim=1)
        side = torch.where(whole, area, area * inverse_depth.sign().prod(dim=1))
        back = (side > 0.0) & ((self._flags & DOUBLE_SIDED) != 0)
        drawn: torch.Tensor = ((side < 0.0).int() - back.int()) * (before.any(dim=1) & _sound(points[self._corners]))
        return drawn


def _sound(corners: torch.Tensor) -> torch.Tensor:
    """Whether all three corners [F, 3, 3] are numbers and no marks: projection gives inverse depths up to 1e6."""
    finite = torch.isfinite(corners).all(dim=2) & (corners[..., 2].abs() < 1e8)
    sound: torch.Tensor = finite.all(dim=1)
    return sound


def _pack(faces: torch.Tensor, depth: torch.Tensor, chosen: torch.Tensor, layer: int) -> torch.Tensor:
    """Return the keys of faces of one layer; the twin of `_kernels_view.pack_key`."""
    seen = faces >= 0
    inverse_depth = 1.0 / torch.where(seen, depth, 1.0)
    lifted = (inverse_depth + layer * LAYER_LIFT * inverse_depth * inverse_depth).clamp(max=INVERSE_NEAR)
    nearness = NEARNESS_TOP.value - (lifted * NEARNESS_SCALE).long()
    keys = (nearness << FACE_BITS.value) | chosen[faces.clamp(min=0)]
    return torch.where(seen, keys, EMPTY.value)
