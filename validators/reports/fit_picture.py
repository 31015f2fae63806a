"""Pictures of one trial: the dressed body from three sides, strain, penetration and holes in colour."""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.garment.penetration import DEPTH, LAYER_REACH, distance_to_cloth
from dressform.runtime.garment.stretch import edge_ratios
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.render.face_colors import face_colored
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting
from dressform.validators.trial import Trial, dressed_pose
from dressform.validators.wearable import Wearable

Rgb = tuple[int, int, int]

# up to which edge length over its own a colour goes
STRAINS: tuple[tuple[float, Rgb, str], ...] = (
    (1.1, (112, 138, 168), "stretched by up to 10 %"),
    (1.25, (138, 178, 116), "to 25 %"),
    (1.5, (236, 200, 72), "to 50 %"),
    (2.0, (232, 130, 44), "to double length"),
    (math.inf, (150, 60, 30), "beyond"),
)
INSIDE: Rgb = (214, 30, 190)
SUNK: Rgb = (90, 20, 120)
HOLE: Rgb = (235, 20, 30)
BELOW: Rgb = (196, 204, 196)
_SKIN: Rgb = (206, 204, 199)  # of a dress form
LEGEND: tuple[tuple[Rgb, str], ...] = (
    *((color, text) for _, color, text in STRAINS),
    (INSIDE, "cloth inside the body"),
    (SUNK, "cloth inside the layer below"),
    (HOLE, "a hole: skin that is not drawn"),
    (BELOW, "the layer below"),
)
VIEW = (300, 420)  # [px] of one side
ANGLES_DEG = (25.0, 115.0, 205.0)
_FOV = math.radians(18.0)
_MARGIN = 1.12
_QUALITY = 84  # of the JPEG


def trial_picture(trial: Trial, garment: Wearable, under: Wearable | None = None) -> bytes:
    """Return a JPEG of a trial from three sides.

    Args:
        trial: What is shown.
        garment: What it measured.
        under: What was worn below it.
    """
    outfit, posed = dressed_pose(garment, trial.body, trial.pose, size=trial.size, under=under)
    skin = np.where(outfit.hidden_body_faces[:, None], np.array(HOLE), np.array(_SKIN)).astype(np.uint8)
    lower = np.full((0 if under is None else len(outfit.faces[1]), 3), BELOW, np.uint8)
    cloth = _colors(garment, trial.size, outfit.faces, posed, skin, lower)
    meshes = [face_colored("body", outfit.faces[0], skin)]
    if under is not None:
        meshes.append(face_colored(under.label, outfit.faces[1], lower))
    meshes.append(face_colored(garment.label, outfit.faces[-1], cloth))
    renderer = Renderer(meshes, [len(points) for points in posed], size=VIEW, preset="quality")
    renderer.set_vertices(np.concatenate(posed).astype(np.float32))
    views = [
        renderer.render(camera, Lighting.studio(), Background.plain((0.955, 0.955, 0.95))).rgb.copy()
        for camera in _cameras(posed[-1])
    ]
    return _jpeg(np.concatenate(views, axis=1))


def _colors(
    garment: Wearable,
    size: str,
    faces: tuple[NDArray[np.int32], ...],
    posed: list[NDArray[np.float32]],
    skin: NDArray[np.uint8],
    lower: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Return the colour of each of the garment's triangles, uint8 [F, 3].

    Cloth that is inside something is not to be seen, so what it is inside of is coloured in place: `skin` and `lower`,
    the colours of the triangles of the body and of the garment below.
    """
    mesh, cloth = garment.meshes[size], posed[-1]
    ratios = edge_ratios(mesh, cloth)[edges(mesh.faces).face_edges].max(axis=1)
    palette = np.array([color for _, color, _ in STRAINS], np.uint8)
    colors: NDArray[np.uint8] = palette[np.searchsorted([limit for limit, _, _ in STRAINS[:-1]], ratios)]
    queries = np.concatenate([cloth, cloth[mesh.faces].mean(axis=1)]).astype(np.float32)
    if len(posed) > 2:
        signed = distance_to_cloth(queries, posed[-2], faces[-2])
        sunk = (signed < -DEPTH) & (signed > -LAYER_REACH)
        lower[Surface(posed[-2], faces[-2]).closest(queries[sunk]).triangles] = SUNK
        colors[_touched(sunk, mesh.faces, len(cloth))] = SUNK
    body = Surface(posed[0], faces[0])
    deep = body.signed_distance(queries) < -DEPTH
    skin[body.closest(queries[deep]).triangles] = INSIDE
    colors[_touched(deep, mesh.faces, len(cloth))] = INSIDE
    return colors


def _touched(bad: NDArray[np.bool_], faces: NDArray[np.int32], points: int) -> NDArray[np.bool_]:
    """Return the triangles [F] with a bad corner or centre; `bad` is of the points, then of the centres."""
    return np.asarray(bad[:points][faces].any(axis=1) | bad[points:])


def _cameras(points: NDArray[np.floating]) -> list[Camera]:
    """Return cameras around the garment that show all of it."""
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    middle = (low + high) / 2
    radius = float(np.linalg.norm(points[:, :2] - middle[:2], axis=1).max())
    tall = max(float(high[2] - low[2]) + 0.04, 2 * radius * VIEW[1] / VIEW[0])
    distance = _MARGIN * tall / 2 / math.tan(_FOV / 2) + radius / 2
    return [
        Camera.look_at(middle + distance * np.array([math.sin(angle), -math.cos(angle), 0.06]), middle, _FOV, VIEW)
        for angle in np.radians(ANGLES_DEG)
    ]


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=_QUALITY, optimize=True)
    return file.getvalue()
