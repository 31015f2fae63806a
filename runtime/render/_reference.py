"""Plain twins of the kernels: slow, obvious, and what the tests compare with."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from .colour import soften_highlights
from .harmonics import sh_basis
from .textures import MAX_LEVELS, TextureAtlas
from .weave import PackedWeave

NEAR = 0.01


def rasterize(
    screen: NDArray[np.floating], faces: NDArray[np.integer], size: tuple[int, int], *, double_sided: bool = True
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Try every face at every pixel, by solving for the point of its plane on the pixel's ray; lowest face wins ties.

    Takes vertices as (x, y, 1 / depth); returns triangles [H, W] and inverse depth [H, W].
    """
    width, height = size
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    rays = np.stack([x, y, np.ones_like(x)], axis=-1)
    depth = 1.0 / screen[:, 2].astype(np.float64)
    points = np.column_stack([screen[:, 0] * depth, screen[:, 1] * depth, depth])
    best = np.zeros((height, width))
    triangles = np.full((height, width), -1, np.int32)
    for index, face in enumerate(faces):
        corners = points[face].T
        volume = np.linalg.det(corners)
        if volume == 0.0 or (volume > 0.0 and not double_sided):
            continue
        weights = rays @ np.linalg.inv(corners).T  # barycentrics over depth
        inverse_depth = weights.sum(axis=-1)
        inside = (weights >= 0.0).all(axis=-1) & (inverse_depth > best) & (inverse_depth <= 1.0 / NEAR)
        triangles[inside] = index
        best[inside] = inverse_depth[inside]
    return triangles, best


def draw_clipped(
    points: NDArray[np.floating], faces: NDArray[np.integer], size: tuple[int, int], *, double_sided: bool = True
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Cut every face at the near plane (Sutherland and Hodgman 1974), fill what is left of it; lowest face wins ties.

    Takes camera-space points whose x and y are times the focal length, from the picture's origin [px m, px m, m].
    Returns triangles [H, W], inverse depth [H, W] and how far the nearest outline of a face is [px], [H, W].
    """
    width, height = size
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    best, outline = np.zeros((height, width)), np.full((height, width), np.inf)
    triangles = np.full((height, width), -1, np.int32)
    for index, face in enumerate(faces):
        corners = points[face].astype(np.float64)
        polygon = _cut_at_near_plane(corners)
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        offset = float(normal @ corners[0])
        if len(polygon) < 3 or offset == 0.0 or (offset > 0.0 and not double_sided):
            continue
        inside = np.ones((height, width), np.bool_)
        ends = polygon[:, :2] / polygon[:, 2:]
        for a, b in zip(ends, np.roll(ends, -1, axis=0), strict=True):
            length = float(np.hypot(*(b - a)))
            if length > 1e-9:
                distance = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / length
                inside &= np.sign(offset) * distance >= 0.0
                outline = np.minimum(outline, np.abs(distance))
        inverse_depth = (normal[0] * x + normal[1] * y + normal[2]) / offset
        inside &= inverse_depth > best
        triangles[inside] = index
        best[inside] = inverse_depth[inside]
    return triangles, best, outline


def _cut_at_near_plane(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the part of a polygon [N, 3] that is no nearer than `NEAR`, [M, 3]."""
    kept = []
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if a[2] >= NEAR:
            kept.append(a)
        if (a[2] >= NEAR) != (b[2] >= NEAR):
            kept.append(a + (b - a) * ((NEAR - a[2]) / (b[2] - a[2])))
    return np.array(kept).reshape(-1, 3)


def interpolate(
    attributes: torch.Tensor, screen: torch.Tensor, faces: torch.Tensor, triangles: torch.Tensor
) -> torch.Tensor:
    """Perspective-correct interpolation: [V, C], [V, 3] (x, y, 1 / depth), [F, 3], [H, W] → [H, W, C]."""
    height, width = triangles.shape
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    pixels = torch.stack([x, y], dim=-1).to(screen.dtype)
    corners = faces.long()[triangles.clamp(min=0).long()]  # [H, W, 3]
    at = screen[corners]  # [H, W, 3, 3]
    to = at[..., :2] - pixels[..., None, :]
    following, last = to.roll(-1, dims=-2), to.roll(-2, dims=-2)
    areas = following[..., 0] * last[..., 1] - last[..., 0] * following[..., 1]
    weights = areas * at[..., 2]
    weights = weights / weights.sum(dim=-1, keepdim=True)
    image = (weights[..., None] * attributes[corners]).sum(dim=-2)
    return torch.where((triangles >= 0)[..., None], image, torch.zeros_like(image))


def vertex_normals(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> NDArray[np.float64]:
    """Area-weighted unit normals [V, 3]."""
    total = np.zeros((len(vertices), 3))
    for a, b, c in faces:
        normal = np.cross(vertices[b] - vertices[a], vertices[c] - vertices[a])
        for corner in (a, b, c):
            total[corner] += normal
    length = np.linalg.norm(total, axis=1, keepdims=True)
    normals: NDArray[np.float64] = np.divide(total, length, out=np.zeros_like(total), where=length > 0.0)
    return normals


def pack_levels(linear: NDArray[np.float32]) -> list[NDArray[np.uint32]]:
    """Pack linear rgb + coverage [2^h, 2^w, 4] and its smaller copies, halved one after another."""
    levels = [linear]
    while levels[-1].shape[:2] != (1, 1):
        above = levels[-1]
        height, width = above.shape[:2]
        rows = above.reshape(max(height // 2, 1), -1, width, 4).mean(axis=1)
        levels.append(rows.reshape(rows.shape[0], max(width // 2, 1), -1, 4).mean(axis=2).astype(np.float32))
    packed = []
    for level in levels:
        root = np.round(np.sqrt(level[..., :3].clip(0.0, 1.0)) * 1023.0).astype(np.uint32)
        coverage = np.round(level[..., 3].clip(0.0, 1.0) * 3.0).astype(np.uint32)
        packed.append(root[..., 0] | (root[..., 1] << 10) | (root[..., 2] << 20) | (coverage << 30))
    return packed


def sample_level(atlas: TextureAtlas, texture: int, level: int, uv: NDArray[np.floating]) -> NDArray[np.float64]:
    """Bilinear look-up of linear rgb in one level, for one uv."""
    width, height = (1 << max(int(side) - level, 0) for side in atlas.sides_log2[texture])
    offset = int(atlas.offsets[texture, min(level, MAX_LEVELS - 1)])
    packed = atlas.texels[offset : offset + width * height].reshape(height, width)
    root = np.stack([packed & 1023, (packed >> 10) & 1023, (packed >> 20) & 1023], axis=-1) / 1023.0
    u, v = uv[0] * width - 0.5, uv[1] * height - 0.5
    x, y = int(np.floor(u)), int(np.floor(v))
    total = np.zeros(3)
    for row, wy in ((y, 1.0 - (v - y)), (y + 1, v - y)):
        for column, wx in ((x, 1.0 - (u - x)), (x + 1, u - x)):
            total += wx * wy * root[row % height, column % width] ** 2
    return total


def lit_share(depths: NDArray[np.integer], x: float, y: float, depth: float, width: int) -> float:
    """Share of a width × width square around (x, y) [texels] in which the map is not nearer than `depth`."""
    total = 0.0
    for row in range(depths.shape[0]):
        for column in range(depths.shape[1]):
            overlap_x = max(0.0, min(x + width / 2, column + 1) - max(x - width / 2, column))
            overlap_y = max(0.0, min(y + width / 2, row + 1) - max(y - width / 2, row))
            total += overlap_x * overlap_y * float(depths[row, column] >= depth)
    return total / width**2


def matte_color(
    albedo: NDArray[np.floating],
    normal: NDArray[np.floating],
    sh: NDArray[np.floating],
    toward: NDArray[np.floating],
    sun: NDArray[np.floating],
    wrap: float,
) -> NDArray[np.float32]:
    """Colour of an open, unshadowed, matte surface without gloss or sheen, highlights softened."""
    reach = max(float(normal @ toward) + wrap, 0.0) / (1.0 + wrap)
    direct = reach * (1.0 - 0.5 * wrap * (1.0 - reach))
    return soften_highlights(albedo * (np.maximum(sh_basis(normal) @ sh, 0.0) + sun * direct))


def sample_weave(weave: PackedWeave, level: float, uv: NDArray[np.floating]) -> NDArray[np.float64]:
    """Trilinear look-up of slopes along u and v, cavity and roughness, for one uv."""
    fine = min(int(level), len(weave.levels) - 1)
    coarse = min(fine + 1, len(weave.levels) - 1)
    blend = level - int(level)
    return (1.0 - blend) * _weave_level(weave.levels[fine], uv) + blend * _weave_level(weave.levels[coarse], uv)


def _weave_level(packed: NDArray[np.uint32], uv: NDArray[np.floating]) -> NDArray[np.float64]:
    height, width = packed.shape
    slopes = [((packed >> np.uint32(shift)) & np.uint32(511)).astype(np.float64) / 128.0 - 2.0 for shift in (0, 9)]
    cavity = ((packed >> np.uint32(18)) & np.uint32(255)) / 128.0
    values = np.stack([*slopes, cavity, (packed >> np.uint32(26)) / 63.0], axis=-1)
    u, v = uv[0] * width - 0.5, uv[1] * height - 0.5
    x, y = int(np.floor(u)), int(np.floor(v))
    total = np.zeros(4)
    for row, wy in ((y, 1.0 - (v - y)), (y + 1, v - y)):
        for column, wx in ((x, 1.0 - (u - x)), (x + 1, u - x)):
            total += wx * wy * values[row % height, column % width]
    return total


def tilted_normal(
    normal: NDArray[np.floating], triangle: NDArray[np.floating], uv: NDArray[np.floating], slopes: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Tilt a normal by slopes along u and v of a triangle with corners [3, 3] and uv [3, 2]."""
    # columns of the Jacobian: how far one moves in space as u, or v, grows by one
    along_u_v = (triangle[1:] - triangle[0]).T @ np.linalg.inv((uv[1:] - uv[0]).T)
    flat = along_u_v - normal[:, None] * (normal @ along_u_v)
    tilted = normal + (flat / np.linalg.norm(flat, axis=0)) @ slopes
    result: NDArray[np.float64] = tilted / np.linalg.norm(tilted)
    return result
