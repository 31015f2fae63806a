"""A garment before the camera."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, outer_faces
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.normals import vertex_normals
from dressform.runtime.render.garment_scene import garment_counts, garment_scene
from dressform.runtime.render.hems import with_hems
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting

from .dress_form import dress_form

Picture = NDArray[np.uint8]

PAPER = (0.945, 0.942, 0.936)  # sRGB of the backdrop
_FOV = math.radians(22)
_MARGIN = 1.12  # how much larger the view is than the garment
_AROUND = 0.05  # [m] of the form shown above and below at least
_CLOSE_LEAN = math.radians(14)  # a close-up looks down on the cloth by so much
_CLOSE_IN = 0.36  # how far below the upper edge a close-up looks, as a share of its width
_KEY = (-0.78, -0.70, 0.62)
_KEY_COLOR = (0.93, 0.89, 0.84)
_FILL = 0.70  # of the studio's, so that folds show


class Stage:
    """A garment before the camera, ready to be seen from any side.

    Args:
        mesh: The garment.
        rest: The canonical body, for a dress form of its shape, or None for the garment alone.
        hide: bool [F_body] triangles of the body that the garment covers, or None.
        size: (width, height) of a view [px].
        preset: The renderer's.
        framed: float [N, 3] points that a view holds, so that garments are seen alike; the garment's own when None.
    """

    def __init__(
        self,
        mesh: GarmentMesh,
        rest: RestBody | None,
        hide: NDArray[np.bool_] | None,
        size: tuple[int, int],
        preset: str = "quality",
        framed: NDArray[np.float32] | None = None,
    ) -> None:
        self.size = size
        scene, counts = with_hems(garment_scene(mesh, "garment"), mesh), garment_counts(mesh)
        points = [mesh.points.astype(np.float64)]
        if rest is not None:
            form, form_points = dress_form(rest, mesh, hide)
            scene, points = [*form, *scene], [*form_points, *points]
            counts = [*(len(part) for part in form_points), *counts]
        self._points = np.concatenate(points)
        self._mesh = mesh
        self._renderer = Renderer(scene, counts, size=size, preset=preset)
        held = mesh.points if framed is None else framed
        low, high = held.min(axis=0).astype(np.float64), held.max(axis=0).astype(np.float64)
        self._center = (low + high) / 2
        self._around = held[:, :2] - self._center[:2]
        self._tall = float(high[2] - low[2])
        studio = Lighting.studio()
        key = np.array(_KEY) / np.linalg.norm(_KEY)
        toward = (float(key[0]), float(key[1]), float(key[2]))
        self._lighting = replace(studio, sh=_FILL * studio.sh, sun_direction=toward, sun_color=_KEY_COLOR)
        self._background = Background.plain(PAPER, ground=0.0)

    def view(self, yaw_rad: float, *, alone: bool = False) -> Picture:
        """Return the picture after turning garment and form about their middle, uint8 [H, W, 3].

        They turn and the camera stays, so that the light comes from the same side in every view.

        Args:
            yaw_rad: How far they are turned.
            alone: Whether the garment fills this picture, instead of being as large as from every other side.
        """
        cosine, sine = math.cos(yaw_rad), math.sin(yaw_rad)
        turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
        pivot = self._center * (1.0, 1.0, 0.0)
        target = self._center * (0.0, 0.0, 1.0)
        eye = target + self._distance(yaw_rad if alone else None) * np.array([0.0, -1.0, 0.06])
        return self._shot((self._points - pivot) @ turn.T, eye, target)

    def _distance(self, yaw_rad: float | None) -> float:
        """Return how far the camera stands so that the garment is in the picture, from one side or from all [m]."""
        reach = float(np.linalg.norm(self._around, axis=1).max())
        half = reach
        if yaw_rad is not None:
            half = float(np.abs(self._around @ (math.cos(yaw_rad), -math.sin(yaw_rad))).max())
        high_enough = (self._tall + 2 * _AROUND) / 2 * _MARGIN
        wide_enough = half * _MARGIN * self.size[1] / self.size[0]
        return max(high_enough, wide_enough) / math.tan(_FOV / 2) + reach / 2

    def close_up(self, width: float, yaw_rad: float = 0.0, *, hem: bool = False) -> Picture:
        """Return the middle of the front's upper edge, a collar or a waistband, or of its hem.

        Args:
            width: What is shown from side to side [m].
            yaw_rad: Where the camera stands; 0 is in front, positive to the wearer's left.
            hem: Whether the lower edge is shown.
        """
        spot = _front_edge(self._mesh, lowest=hem)
        inward = _CLOSE_IN * width * self.size[1] / self.size[0]
        target = spot + np.array([0.0, 0.0, inward if hem else -inward])
        distance = width / 2 / math.tan(_FOV / 2) * self.size[1] / self.size[0]
        level = distance * math.cos(_CLOSE_LEAN)
        away = np.array([level * math.sin(yaw_rad), -level * math.cos(yaw_rad), distance * math.sin(_CLOSE_LEAN)])
        return self._shot(self._points, target + away, target)

    def _shot(self, points: NDArray[np.floating], eye: NDArray[np.floating], target: NDArray[np.floating]) -> Picture:
        self._renderer.set_vertices(points)
        camera = Camera.look_at(eye, target, _FOV, self.size)
        return self._renderer.render(camera, self._lighting, self._background).copy().rgb


def _front_edge(mesh: GarmentMesh, *, lowest: bool) -> NDArray[np.float64]:
    """Return the highest or lowest point [3] of the garment's front near its middle; a trouser leg's for a hem."""
    faces = outer_faces(mesh)
    forward = -vertex_normals(mesh.points, faces)[:, 1]
    used = np.zeros(len(mesh.points), np.bool_)
    used[faces.reshape(-1)] = True
    depths = mesh.points[used][:, 1]
    used &= mesh.points[:, 1] <= (depths.min() + depths.max()) / 2  # the inside of a collar's back faces forward too
    heights = -mesh.points[:, 2] if lowest else mesh.points[:, 2]
    reaches = (
        ((0.25, 0.85), (np.inf, 0.6), (np.inf, -2.0))
        if lowest
        else ((0.015, 0.6), (0.05, 0.4), (0.3, 0.2), (np.inf, -2.0))
    )
    for reach, least in reaches:
        middle = np.abs(mesh.points[:, 0] - np.median(mesh.points[:, 0])) <= reach
        found = np.flatnonzero(used & middle & (forward > least))
        if len(found):
            break
    spot: NDArray[np.float64] = mesh.points[found[np.argmax(heights[found])]].astype(np.float64)
    return spot


def paper() -> Picture:
    """Return the backdrop's colour, uint8 [3]."""
    return np.asarray(np.rint(255 * np.array(PAPER)), np.uint8)


def side_by_side(pictures: Sequence[Picture], across: int) -> Picture:
    """Return pictures of one size in rows of `across`, on the backdrop's colour."""
    height, width = pictures[0].shape[:2]
    rows = -(-len(pictures) // across)
    sheet = np.broadcast_to(paper(), (rows * height, across * width, 3)).copy()
    for number, picture in enumerate(pictures):
        row, column = divmod(number, across)
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = picture
    return sheet
