"""A picture of a garment's atlas for the eye: charts over their texture, stretched triangles in red."""

from __future__ import annotations

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.uv_measures import uv_charts, uv_measures

SIZE = 1024
_PAPER, _INK, _SEAM, _STRETCH = (250, 249, 247), (150, 150, 150), (40, 40, 40), np.array((225, 60, 50))
_SHIFT = 4  # cv2 takes fixed-point corners


def uv_picture(mesh: GarmentMesh) -> bytes:
    """Draw UV1 as PNG: one tint a chart, red where a triangle stretches by a third or more, dark borders."""
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    picture = np.full((SIZE, SIZE, 3), _PAPER, np.uint8)
    at = np.stack([mesh.uv1[:, 0], 1.0 - mesh.uv1[:, 1]], axis=1).astype(np.float64) * SIZE - 0.5
    at = np.round(np.clip(at, -SIZE, 2 * SIZE) * (1 << _SHIFT)).astype(np.int32)
    tints = _tints(int(uv_charts(mesh.uv1_faces).max()) + 1)
    ratio = uv_measures(mesh.points, mesh.faces, mesh.uv1, mesh.uv1_faces, resolution=64).anisotropy
    red = np.clip((np.nan_to_num(ratio, nan=1.0) - 1.0) / 0.33, 0.0, 1.0)[:, None]
    colors = tints[uv_charts(mesh.uv1_faces)] * (1 - red) + _STRETCH * red
    for triangle, color in zip(at[mesh.uv1_faces], colors, strict=True):
        cv2.fillConvexPoly(picture, triangle, color.tolist(), cv2.LINE_8, _SHIFT)
    found = edges(mesh.uv1_faces)
    inner = found.face_counts > 1
    for lines, ink, width in ((found.vertices[inner], _INK, 1), (found.vertices[~inner], _SEAM, 2)):
        cv2.polylines(picture, list(at[lines]), False, ink, width, cv2.LINE_AA, _SHIFT)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", optimize=True)
    return file.getvalue()


def _tints(count: int) -> NDArray[np.float64]:
    """Return light colours that differ from their neighbours, [count, 3]."""
    hue = (np.arange(count) * 0.381966) % 1.0
    hsv = np.stack([hue * 179, np.full(count, 40), np.full(count, 245)], axis=1).astype(np.uint8)
    rgb: NDArray[np.uint8] = cv2.cvtColor(hsv[None], cv2.COLOR_HSV2RGB)[0]
    return rgb.astype(np.float64)
