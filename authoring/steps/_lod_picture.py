"""The levels of detail side by side, shaded, with their edges, borders and seams."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.normals import face_normals

_WIDTH, _HEIGHT, _CAPTION = 620, 860, 44  # [px] of one level
_MARGIN = 30  # [px]
_FINE = 2  # the picture is drawn this much larger and scaled down
_YAW = np.radians(28.0)
_CLOTH, _INSIDE = np.array([176, 188, 204.0]), np.array([196, 170, 150.0])  # sRGB outside and inside
_EDGE, _SEAM, _BORDER = (92, 98, 108), (206, 104, 38), (28, 32, 40)
_PAPER = (247, 247, 245)


def level_picture(meshes: Sequence[GarmentMesh]) -> bytes:
    """Return a PNG with one column a mesh: edges grey, UV0 seams orange, borders black."""
    everything = _turned(meshes[0])
    low, high = everything.min(axis=0), everything.max(axis=0)
    scale = min((_WIDTH - 2 * _MARGIN) / (high[0] - low[0]), (_HEIGHT - 2 * _MARGIN) / (high[2] - low[2]))
    columns = []
    for level, mesh in enumerate(meshes):
        drawn = _drawn(mesh, (low + high) / 2, scale)
        text = f"level {level}: {len(mesh.faces):,} triangles ({len(mesh.faces) / len(meshes[0].faces):.0%})"
        strip = np.full((_CAPTION, _WIDTH, 3), _PAPER, np.uint8)
        cv2.putText(strip, text, (_MARGIN, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.62, (40, 40, 40), 1, cv2.LINE_AA)
        columns.append(np.vstack([strip, drawn]))
    done, encoded = cv2.imencode(".png", cv2.cvtColor(np.hstack(columns), cv2.COLOR_RGB2BGR))
    assert done
    return bytes(encoded.tobytes())


def _turned(mesh: GarmentMesh) -> NDArray[np.float64]:
    """Return the points seen a little from the side: x right, y away, z up."""
    cosine, sine = np.cos(_YAW), np.sin(_YAW)
    x, y, z = mesh.points.astype(np.float64).T
    return np.stack([cosine * x - sine * y, sine * x + cosine * y, z], axis=1)


def _drawn(mesh: GarmentMesh, center: NDArray[np.float64], scale: float) -> NDArray[np.uint8]:
    """Paint triangles from back to front, each with its own edges."""
    points = _turned(mesh)
    normals = face_normals(points, mesh.faces)
    facing = -normals[:, 1]
    light = np.abs(normals @ np.array([0.35, -0.8, 0.48]))
    colors = np.where(facing[:, None] > 0, _CLOTH, _INSIDE) * (0.55 + 0.45 * light[:, None])
    flat = (points[:, [0, 2]] - center[[0, 2]]) * (scale * _FINE) * (1, -1)
    pixels = np.round((flat + np.array([_WIDTH, _HEIGHT]) * _FINE / 2) * 8).astype(np.int32)  # 3 binary places
    kind = _edge_kinds(mesh)
    canvas = np.full((_HEIGHT * _FINE, _WIDTH * _FINE, 3), _PAPER, np.uint8)
    for face in np.argsort(-points[mesh.faces][:, :, 1].mean(axis=1)).tolist():
        corners = pixels[mesh.faces[face]]
        cv2.fillConvexPoly(canvas, corners, colors[face].tolist(), cv2.LINE_8, 3)
        for k in range(3):
            line = (_EDGE, _SEAM, _BORDER)[kind[face, k]]
            width = 1 + int(kind[face, k] > 0)
            cv2.line(canvas, corners[k].tolist(), corners[(k + 1) % 3].tolist(), line, width, cv2.LINE_AA, 3)
    return cv2.resize(canvas, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _edge_kinds(mesh: GarmentMesh) -> NDArray[np.int64]:
    """Return for each corner what the edge after it is, [F, 3]: 0 inside, 1 a UV seam, 2 a border."""
    found = edges(mesh.faces)
    kind = np.where(found.face_counts == 1, 2, 0)
    uv_faces = mesh.uv0_faces if mesh.uv0_faces is not None else mesh.uv1_faces
    uv = mesh.uv0 if mesh.uv0_faces is not None else mesh.uv1
    if uv is not None and uv_faces is not None:
        _, same = np.unique(uv, axis=0, return_inverse=True)  # coordinates that stand twice are no seam
        uv_edges = edges(same.reshape(-1)[uv_faces])
        seam = (uv_edges.face_counts[uv_edges.face_edges] == 1) & (found.face_counts[found.face_edges] > 1)
        kind[found.face_edges[seam]] = 1
    return np.asarray(kind[found.face_edges], np.int64)
