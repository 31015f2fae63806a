"""Rasterisers by name."""

from __future__ import annotations

from dressform.schemas.errors import UsageError

from .protocol import DrawnFaces, Rasterizer, RasterizerMaker

RASTERS = ("warp", "pytorch3d")


def check_raster(name: str) -> None:
    """Refuse a rasteriser that is unknown or not installed, before any work is done for it.

    Raises:
        UsageError: With the cure.
    """
    if name not in RASTERS:
        raise UsageError(f"raster must be one of {', '.join(RASTERS)}, got {name!r}")
    if name == "pytorch3d":
        from .pytorch3d_rasterizer import load_pytorch3d  # heavy, and seldom there

        load_pytorch3d()


def make_rasterizer(raster: str | RasterizerMaker, faces: DrawnFaces, device: str) -> Rasterizer:
    """Return a rasteriser of what is drawn.

    Args:
        raster: A name of `RASTERS`, or what makes one.
        faces: What is drawn.
        device: Warp device.

    Raises:
        UsageError: When it is unknown or not installed.
    """
    if not isinstance(raster, str):
        return raster(faces, device)
    check_raster(raster)
    if raster == "pytorch3d":
        from .pytorch3d_rasterizer import PyTorch3DRasterizer

        return PyTorch3DRasterizer(faces, device)
    from .warp_rasterizer import WarpRasterizer

    return WarpRasterizer(faces, device)
