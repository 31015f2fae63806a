"""What is seen at each pixel, as tensors: which face, and where on it. Which face is not differentiable; where is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import warp as wp

from ._kernels_view import DOUBLE_SIDED, EMPTY, FACE_MASK
from .raster import check_faces, draw_keys


@dataclass(frozen=True)
class Fragments:
    """The pixels that show a face, N of them.

    Attributes:
        keys: int64 [H, W]; the smaller, the nearer; `EMPTY` where nothing is.
        facing: int8 [F]: 1 seen from the front, -1 from the back, 0 not drawn.
        pixels: int64 [N], y · W + x.
        faces: int64 [N].
        corners: int64 [N, 3], the vertices of those faces.
        centers: Pixel centres (x, y) [px], [N, 2].
        weights: Barycentrics, correct in perspective, [N, 3]; differentiable.
        inverse_depth: [1/m], [N]; differentiable.
        face_share: Share of its face that the pixel covers, [N]; differentiable.
    """

    keys: torch.Tensor
    facing: torch.Tensor
    pixels: torch.Tensor
    faces: torch.Tensor
    corners: torch.Tensor
    centers: torch.Tensor
    weights: torch.Tensor
    inverse_depth: torch.Tensor
    face_share: torch.Tensor

    @property
    def triangles(self) -> torch.Tensor:
        """Face index, or -1 where nothing is; int64 [H, W]."""
        return torch.where(self.keys < EMPTY.value, self.keys & FACE_MASK.value, -1)

    def image(self, values: torch.Tensor) -> torch.Tensor:
        """Put values [N, C] at their pixels; returns [H, W, C], zero where nothing is."""
        height, width = self.keys.shape
        flat = values.new_zeros(height * width, values.shape[1])
        return flat.index_copy(0, self.pixels, values).reshape(height, width, -1)


def rasterize(
    screen: torch.Tensor, faces: torch.Tensor, size: tuple[int, int], *, flags: torch.Tensor | None = None
) -> Fragments:
    """Find the nearest face at each pixel centre, on the device of the tensors.

    Args:
        screen: Vertices as (x px, y px, 1 / depth), [V, 3]; differentiable.
        faces: int32 [F, 3], counter-clockwise seen from outside.
        size: (width, height) [px].
        flags: int8 [F] as `_kernels_raster.draw_triangles` takes them, without holes; None draws both sides of all.

    Returns:
        The fragments. Through `weights` and `inverse_depth` they carry gradients to `screen`; which face is seen does
        not (see `antialias` and `soft_silhouette` for silhouettes).
    """
    if screen.ndim != 2 or screen.shape[1] != 3:
        raise ValueError(f"screen must be [V, 3], got {list(screen.shape)}")
    check_faces(faces, len(screen))
    if len(faces) == 0:
        raise ValueError("faces must be [F, 3] with at least one face, got none")
    keys, facing = _draw(screen.detach(), faces, size, flags)
    pixels = torch.nonzero(keys.reshape(-1) < EMPTY.value).reshape(-1)
    seen = keys.reshape(-1)[pixels] & FACE_MASK.value
    corners = faces.index_select(0, seen).long()
    width = size[0]
    centers = torch.stack([pixels % width, pixels // width], dim=-1).to(screen.dtype) + 0.5
    weights, inverse_depth, share = _barycentrics(screen, corners, centers)
    return Fragments(keys, facing, pixels, seen, corners, centers, weights, inverse_depth, share)


def interpolate(attributes: torch.Tensor, fragments: Fragments) -> torch.Tensor:
    """Interpolate vertex attributes [V, C], correct in perspective; returns [N, C]. Differentiable in both."""
    return blend_corners(take(attributes, fragments.corners), fragments)


def blend_corners(corners: torch.Tensor, fragments: Fragments) -> torch.Tensor:
    """Interpolate values at the corners of the faces seen, [N, 3, C]; returns [N, C]."""
    return (fragments.weights[..., None] * corners).sum(dim=1)


def take(rows: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    """Return rows [V, C] at indices [N, K] as [N, K, C]; its gradient is faster than that of plain indexing."""
    return rows.index_select(0, indices.reshape(-1)).reshape(*indices.shape, rows.shape[1])


def vertex_normals(vertices: torch.Tensor, faces: torch.Tensor) -> torch.Tensor:
    """Area-weighted unit normals [V, 3] of vertices [V, 3] and faces [F, 3]; differentiable."""
    corners = take(vertices, faces.long())
    normals = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = torch.zeros_like(vertices)
    for corner in faces.long().unbind(dim=1):
        total = total.index_add(0, corner, normals)
    return torch.nn.functional.normalize(total, dim=-1)


def _barycentrics(
    screen: torch.Tensor, corners: torch.Tensor, centers: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    at = take(screen, corners)
    x, y = (at[..., axis] - centers[:, axis, None] for axis in range(2))
    (ax, bx, cx), (ay, by, cy) = x.unbind(dim=1), y.unbind(dim=1)
    parts = torch.stack([bx * cy - cx * by, cx * ay - ax * cy, ax * by - bx * ay], dim=1)
    area = parts.sum(dim=1)
    weights = parts * at[..., 2]
    total = weights.sum(dim=1)
    inverse_depth = total / area
    # the deeper the face is there than at its corners, the more of it lies behind a pixel
    share = (at[..., 2].prod(dim=1) / (inverse_depth**3 * area)).abs()
    return weights / total[:, None], inverse_depth, share


def _draw(
    screen: torch.Tensor, faces: torch.Tensor, size: tuple[int, int], flags: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    wp.init()
    count, place = len(faces), screen.device
    if flags is None:
        flags = torch.full((count,), DOUBLE_SIDED, dtype=torch.int8, device=place)
    keys = torch.full((size[1], size[0]), EMPTY.value, dtype=torch.int64, device=place)
    facing = torch.zeros(count, dtype=torch.int8, device=place)
    draw_keys(
        wp.from_torch(screen.float().contiguous(), dtype=wp.vec3),
        wp.from_torch(faces.to(torch.int32).contiguous()),
        wp.from_torch(flags.contiguous()),
        wp.from_torch(keys),
        wp.from_torch(facing),
    )
    return keys, facing
