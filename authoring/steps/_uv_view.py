"""A garment without a body, front and back, in the colours of its atlas."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial

_FOV = np.radians(14.0)
_ASIDE, _ABOVE = np.radians(24.0), 0.2  # where it is seen from
_PAPER = (0.98, 0.976, 0.969)  # sRGB


def garment_views(mesh: GarmentMesh, texture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the garment from the front and from the back, beside or below each other, sRGB uint8 [H, W, 3].

    Args:
        mesh: With UV1.
        texture: sRGB of UV1, its first row at v = 1.
        size: Width and height of both pictures together [px].
    """
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    low, high = mesh.points.min(axis=0).astype(np.float64), mesh.points.max(axis=0).astype(np.float64)
    extent = np.maximum(high - low, 1e-3)
    beside = extent[2] > 1.3 * extent[0]
    one = (size[0] // 2, size[1]) if beside else (size[0], size[1] // 2)
    scene = SceneMesh("garment", mesh.faces, mesh.uv1, mesh.uv1_faces, SurfaceMaterial(texture))
    renderer = Renderer([scene], [len(mesh.points)], size=one)
    renderer.set_vertices(mesh.points.astype(np.float32))
    tilt = np.arctan(_ABOVE)
    # how much of the picture's height the box around the garment needs, seen from a little above and aside
    across = float(extent[0] * np.cos(_ASIDE) + extent[1] * np.sin(_ASIDE))
    upward = float(extent[2] * np.cos(tilt) + np.hypot(*extent[:2]) * np.sin(tilt))
    tall = 1.06 * max(upward, across * one[1] / one[0])
    distance = tall / 2 / np.tan(_FOV / 2)
    pictures = []
    for angle in (-_ASIDE, np.pi - _ASIDE):
        eye = (low + high) / 2 + distance * np.array([np.sin(angle), -np.cos(angle), _ABOVE])
        camera = Camera.look_at(eye, (low + high) / 2, float(_FOV), one)
        frame = renderer.render(camera, _light(angle), Background.plain(_PAPER, ground=0.0))
        pictures.append(frame.rgb.copy())
    both = np.concatenate(pictures, axis=1 if beside else 0)
    return both if both.shape[:2] == (size[1], size[0]) else np.asarray(cv2.resize(both, size), np.uint8)


def _light(angle: float) -> Lighting:
    """Return even light with a little more from the viewer's upper left: colours and folds are both to be read."""
    harmonics = np.zeros((9, 3), np.float32)
    harmonics[0] = 0.55 * 2.0 * np.sqrt(np.pi)  # the constant term: from everywhere alike
    toward = np.array([np.sin(angle - 0.5), -np.cos(angle - 0.5), 0.5])
    x, y, z = (float(v) for v in toward / np.linalg.norm(toward))
    return Lighting(harmonics, (x, y, z), (0.45, 0.45, 0.45))
