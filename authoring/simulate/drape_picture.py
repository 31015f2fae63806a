"""A drape seen from four sides, on the body that it was draped on."""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.runtime.body.protocol import RestBody
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial

SIDES = (0.0, math.pi / 2, math.pi, -math.pi / 2)
_BODY, _CLOTH = (206, 203, 198), (88, 122, 176)  # sRGB; folds show on the cloth
_FOV = math.radians(22)


def drape_picture(
    points: NDArray[np.floating], faces: NDArray[np.integer], rest: RestBody, *, size: tuple[int, int] = (360, 540)
) -> bytes:
    """Return front, right, back and left of a garment on the body in a row, as PNG.

    Args:
        points: [P, 3] [m]; what is not a number is drawn at the origin.
        faces: [F, 3].
        rest: The body.
        size: (width, height) of a view [px].
    """
    cloth = np.nan_to_num(np.asarray(points, np.float64), posinf=0.0, neginf=0.0)
    corners = np.asarray(faces, np.int32)
    body, uv = rest.body, np.zeros((len(cloth), 2), np.float32)
    meshes = [
        SceneMesh("body", body.faces, body.uv, body.uv_faces, _plain(_BODY)),
        SceneMesh("garment", corners, uv, corners, _plain(_CLOTH)),
    ]
    renderer = Renderer(meshes, [len(rest.vertices), len(cloth)], size=size, preset="quality")
    low, high = np.maximum(cloth.min(axis=0), -2.0), np.minimum(cloth.max(axis=0), 2.5)
    middle, tall = (low + high) / 2, float(high[2] - low[2]) + 0.12
    wide = float(np.linalg.norm(high[:2] - low[:2])) * size[1] / size[0]
    distance = 0.5 * max(tall, wide) / math.tan(_FOV / 2)
    views = []
    camera = Camera.look_at(middle + distance * np.array([0.0, -1.0, 0.06]), middle, _FOV, size)
    both = np.concatenate([rest.vertices.astype(np.float64), cloth]) - middle
    for side in SIDES:  # the body turns and the camera stays, so that the light comes from the same side
        turn = np.array(
            [[math.cos(side), -math.sin(side), 0.0], [math.sin(side), math.cos(side), 0.0], [0.0, 0.0, 1.0]]
        )
        renderer.set_vertices(both @ turn.T + middle)
        views.append(renderer.render(camera, Lighting.studio(), Background.studio()).copy().rgb)
    file = io.BytesIO()
    Image.fromarray(np.concatenate(views, axis=1)).save(file, "PNG")
    return file.getvalue()


def _plain(color: tuple[int, int, int]) -> SurfaceMaterial:
    return SurfaceMaterial(np.full((4, 4, 3), color, np.uint8), roughness=0.8, double_sided=True)
