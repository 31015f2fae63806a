"""What each pixel shows of a mesh, by either rasteriser: face, barycentrics, depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from dressform.runtime.render._kernels_view import DOUBLE_SIDED
from dressform.runtime.render.fragments import rasterize

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
    corners = torch.from_numpy(np.ascontiguousarray(faces, np.int32)).to(device)
    flags = torch.full((len(faces),), DOUBLE_SIDED if double_sided else 0, dtype=torch.int8, device=device)
    found = rasterize(torch.from_numpy(points).to(device), corners, size, flags=flags)
    images = found.image(torch.cat([found.weights, found.inverse_depth[:, None]], dim=1)).cpu().numpy()
    triangles = found.triangles.cpu().numpy().astype(np.int32)
    depth = np.divide(1.0, images[..., 3], out=np.full(triangles.shape, np.inf, np.float32), where=triangles >= 0)
    return FaceMap(triangles, images[..., :3], depth)


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
