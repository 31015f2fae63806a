"""A mask painted over a garment's UVs: where weights must be copied, and where they must be solved for."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.schemas.errors import UsageError

_BRIGHT, _DARK = 192, 63  # grey values: from here on copy, up to here inpaint; between them the rig decides
_COLOURED = 48  # a colour whose strongest channel leads by this is green (copy) or red (inpaint), not grey
_LARGEST = 8192  # [px]


def read_mask(data: bytes, where: str) -> NDArray[np.uint8]:
    """Return a painted mask as RGBA uint8 [H, W, 4].

    Args:
        data: An encoded picture.
        where: For messages.
    """
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if picture is None:
        raise UsageError(f"{where}: needs a PNG, found {len(data)} bytes that are no picture; export it again")
    if max(picture.shape[:2]) > _LARGEST:
        raise UsageError(f"{where}: needs at most {_LARGEST} px a side, found {picture.shape[1]}×{picture.shape[0]}")
    if picture.dtype == np.uint16:
        picture = (picture // 257).astype(np.uint8)
    if picture.dtype != np.uint8:
        raise UsageError(f"{where}: needs 8 or 16 bits a channel, found {picture.dtype}; export it as an 8-bit PNG")
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    if picture.shape[2] == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA), np.uint8)


def sample_mask(data: bytes, mesh: GarmentMesh, uv_set: int | None, where: str) -> NDArray[np.int8]:
    """Return what a mask says at each point: 1 copy (white or green), −1 inpaint (black or red), 0 nothing, int8 [V].

    Grey and transparent pixels say nothing. A point on a seam hears all its corners; the majority has it.

    Args:
        data: An encoded picture whose left lower corner is UV (0, 0).
        mesh: The garment.
        uv_set: 0 or 1; None takes UV0 where there is one.
        where: For messages.
    """
    picture = read_mask(data, where)
    chosen = (0 if mesh.uv0 is not None else 1) if uv_set is None else uv_set
    uv, uv_faces = (mesh.uv0, mesh.uv0_faces) if chosen == 0 else (mesh.uv1, mesh.uv1_faces)
    if uv is None or uv_faces is None:
        raise UsageError(f"{where}: the garment has no UV{chosen} to read it over; use --mask-uv {1 - chosen}")
    height, width = picture.shape[:2]
    at = np.mod(uv, 1.0, where=(uv < 0) | (uv > 1), out=uv.astype(np.float64).copy())
    columns = np.clip((at[:, 0] * width).astype(np.int64), 0, width - 1)
    rows = np.clip(((1 - at[:, 1]) * height).astype(np.int64), 0, height - 1)
    votes = _meaning(picture[rows, columns])[uv_faces.ravel()]
    total = np.bincount(mesh.faces.ravel(), votes, minlength=len(mesh.points))
    return np.sign(total).astype(np.int8)


def _meaning(colors: NDArray[np.uint8]) -> NDArray[np.int8]:
    values = colors.astype(np.int64)
    red, green, blue, opaque = values[:, 0], values[:, 1], values[:, 2], values[:, 3] >= 128
    grey = (red + green + blue) // 3
    said = np.where(grey >= _BRIGHT, 1, np.where(grey <= _DARK, -1, 0))
    said = np.where(green - np.maximum(red, blue) >= _COLOURED, 1, said)
    said = np.where(red - np.maximum(green, blue) >= _COLOURED, -1, said)
    return np.where(opaque, said, 0).astype(np.int8)
