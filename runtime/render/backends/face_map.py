"""What each pixel shows of a mesh, by either rasteriser: face, barycentrics, depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from dressform.runtime.render.raster import interpolate, rasterize

from .choose import check_raster


@dataclass(frozen=True)
class FaceMap:
    """What is seen at each pixel's centre.

    Attributes:
        triangles: int32 [H, W], face index or -1.
        barycentrics: float32 [H, W, 3] of that face's corners, correct in perspective; 0 where nothing is.
        depth: float32 [H, W], distance along the axis [m]; infinite where nothing is.
    """

    triangles: NDArray[np.int32]
    barycentrics: NDArray[np.float32]
    depth: NDArray[np.float32]


def map_faces(
    screen: NDArray[np.floating],
    faces: NDArray[np.integer],
    size: tuple[int, int],
    *,
    double_sided: bool = True,
    raster: str = "warp",
    device: str = "cpu",
) -> FaceMap:
    """Find the nearest face at each pixel centre, and where on it.

    Args:
        screen: Vertices as (x px, y px, 1 / depth), [V, 3]; a negative third component is behind the camera.
        faces: [F, 3], counter-clockwise seen from outside.
        size: (width, height) [px].
        double_sided: Whether back faces are seen.
        raster: "warp" or "pytorch3d".
        device: "cpu" or a CUDA device such as "cuda:0".

    Raises:
        UsageError: When the rasteriser is unknown or not installed.
    """
    check_raster(raster)
    points = np.ascontiguousarray(screen, np.float32)
    if raster == "pytorch3d":
        return _by_pytorch3d(points, faces, size, double_sided, device)
    found = rasterize(points, faces, size, double_sided=double_sided, device=device)
    # corners of their own, so that each carries its own unit vector
    corners = torch.from_numpy(points[faces].reshape(-1, 3)).to(device)
    own = torch.arange(len(corners), dtype=torch.int32, device=device).reshape(-1, 3)
    unit = torch.eye(3, device=device).repeat(len(faces), 1)
    barycentrics = interpolate(unit, corners, own, torch.from_numpy(found.triangles).to(device)).cpu().numpy()
    seen = found.triangles >= 0
    depth = np.divide(1.0, found.inverse_depth, out=np.full(seen.shape, np.inf, np.float32), where=seen)
    return FaceMap(found.triangles, barycentrics, depth)


def _by_pytorch3d(
    points: NDArray[np.float32], faces: NDArray[np.integer], size: tuple[int, int], double_sided: bool, device: str
) -> FaceMap:
    from .pytorch3d_rasterizer import nearest_hits

    corners = torch.from_numpy(np.ascontiguousarray(faces, np.int64)).to(device)
    hits = nearest_hits(torch.from_numpy(points).to(device), corners, size, cull=not double_sided)
    triangles = hits.faces[..., 0].cpu().numpy().astype(np.int32)
    seen = triangles >= 0
    barycentrics = np.where(seen[..., None], hits.barycentrics[..., 0, :].cpu().numpy(), np.float32(0.0))
    return FaceMap(triangles, barycentrics, np.where(seen, hits.depth[..., 0].cpu().numpy(), np.float32(np.inf)))
