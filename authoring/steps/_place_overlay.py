"""Pictures of a garment on the canonical body, to judge a placement by eye."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial

_SKIN = (205, 182, 166)
_CLOTH = (62, 104, 158)
_FOV = np.radians(18.0)


def plain_mesh(
    name: str, faces: NDArray[np.int32], color: tuple[int, int, int], hidden: NDArray[np.bool_] | None = None
) -> SceneMesh:
    """Return a mesh of one sRGB colour."""
    texture = np.full((4, 4, 3), color, np.uint8)
    uv_faces = np.zeros_like(faces)
    return SceneMesh(name, faces, np.full((1, 2), 0.5, np.float32), uv_faces, SurfaceMaterial(texture), hidden)


def views(
    body_points: NDArray[np.floating],
    body_faces: NDArray[np.int32],
    garments: Sequence[tuple[NDArray[np.floating], NDArray[np.int32]]],
    *,
    colors: Sequence[tuple[int, int, int]] = (_CLOTH,),
    angles_deg: Sequence[float] = (0.0, 90.0),
    size: tuple[int, int] = (512, 768),
    region: tuple[float, float] | None = None,
) -> NDArray[np.uint8]:
    """Return pictures side by side, sRGB uint8 [H, W * n, 3], of garments on a body.

    Args:
        body_points: [V, 3] [m].
        body_faces: int32 [F, 3].
        garments: Points and faces of each.
        colors: sRGB of each garment; the last one goes on.
        angles_deg: From where it is seen: 0 the front, 90 the wearer's left, 180 the back.
        size: Width and height of one picture [px].
        region: Lowest and highest z to show [m]; None shows the garments and some body around.
    """
    meshes = [plain_mesh("body", body_faces, _SKIN)]
    meshes += [
        plain_mesh(f"garment {i}", faces, colors[min(i, len(colors) - 1)]) for i, (_, faces) in enumerate(garments)
    ]
    everything = np.concatenate([body_points, *(points for points, _ in garments)]).astype(np.float32)
    renderer = Renderer(meshes, [len(body_points), *(len(points) for points, _ in garments)], size=size)
    renderer.set_vertices(everything)
    cloth = np.concatenate([points for points, _ in garments]) if garments else body_points
    low, high = region or (float(cloth[:, 2].min()) - 0.15, float(cloth[:, 2].max()) + 0.15)
    target = np.array([0.0, float(np.median(cloth[:, 1])), (low + high) / 2])
    tall = max(high - low, 1.35 * float(np.ptp(cloth[:, 0])) * size[1] / size[0])
    distance = tall / 2 / np.tan(_FOV / 2)
    pictures = []
    for angle in np.radians(angles_deg):
        eye = target + distance * np.array([np.sin(angle), -np.cos(angle), 0.06])
        camera = Camera.look_at(eye, target, float(_FOV), size)
        pictures.append(renderer.render(camera, Lighting.studio(), Background.plain((0.95, 0.95, 0.95))).rgb.copy())
    return np.concatenate(pictures, axis=1)


def overlay(mesh: GarmentMesh, rest: RestBody) -> bytes:
    """Return a PNG of the garment on the rest body, front and side."""
    return _png(views(rest.vertices, rest.body.faces, [(mesh.points, mesh.faces)]))


def _png(picture: NDArray[np.uint8]) -> bytes:
    done, encoded = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    assert done
    return bytes(encoded.tobytes())
