"""The fitted body as the photo's camera sees it: mask, depth and agreement with the person's outline."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.protocol import Body
from dressform.runtime.render.frame import Frame
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial

MAX_SIDE_PX = 768  # enough to judge an outline or to tell front from back
CLAY = (186, 198, 214)  # sRGB


@dataclass(frozen=True)
class View:
    """A plain picture of the body; arrays at `camera.size`.

    Attributes:
        camera: The photo's camera, reduced.
        scale: Pixels of this picture per pixel of the photo.
        rgb: The body in plain clay on black, uint8 [H, W, 3].
        mask: Where the body is, bool [H, W].
        depth: Distance along the optical axis, float32 [H, W] [m]; only meaningful where the mask is set.
    """

    camera: Camera
    scale: float
    rgb: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    depth: NDArray[np.float32]


def view_body(body: Body, vertices: NDArray[np.float32], camera: Camera, *, max_side: int = MAX_SIDE_PX) -> View:
    """Draw the bare body.

    Args:
        body: Its family, for faces and UVs.
        vertices: World positions, [V, 3] [m].
        camera: The photo's.
        max_side: Longest side of the picture drawn [px].
    """
    scale = min(1.0, max_side / max(camera.size))
    size = (max(1, round(camera.size[0] * scale)), max(1, round(camera.size[1] * scale)))
    scale = size[0] / camera.size[0]
    centre = (camera.center_px[0] * scale, camera.center_px[1] * scale)
    reduced = replace(camera, focal_px=camera.focal_px * scale, center_px=centre, size=size)
    material = SurfaceMaterial(np.full((4, 4, 3), CLAY, np.uint8), double_sided=True)
    mesh = SceneMesh("body", body.faces, body.uv, body.uv_faces, material)
    renderer = Renderer([mesh], [len(vertices)], size)
    renderer.set_vertices(vertices)
    frame: Frame = renderer.render(reduced, Lighting.studio(), Background.plain((0.0, 0.0, 0.0), ground=0.0))
    return View(reduced, scale, frame.rgb.copy(), frame.mask.copy() > 0, frame.depth.copy())


def mask_agreement(view: View, mask: NDArray[np.float32]) -> float:
    """Return intersection over union of the body and the person's mask [H, W] of the photo."""
    size = (view.mask.shape[1], view.mask.shape[0])
    person = cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 0.5
    union = np.count_nonzero(person | view.mask)
    return float(np.count_nonzero(person & view.mask) / union) if union else 0.0
