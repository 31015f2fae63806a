"""Pictures of a mesh with what a finding names in red: the whole from the side it is best seen from, and close up."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.geometry.normals import vertex_normals
from dressform.runtime.render.raster import rasterize
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial

from .ink import RED, draw_dots, draw_lines, draw_rings
from .marks import Marks, drawable

SIDE = 440  # [px] of a picture
_SMALL = 128  # [px] of the looks from which a side is chosen
_FOV = math.radians(22)
_PAPER = (0.965, 0.965, 0.96)  # sRGB
_CLAY, _BODY = (206, 203, 197), (228, 214, 204)  # sRGB
_INSIDE = (0.42, 0.52, 0.78)  # what is seen of a surface from behind is blue
_MARGIN = 1.18
_LOOK_DOWN = 0.22  # how much higher than what it looks at the camera stands, per distance
# turns of the camera about the garment [degrees], in the order in which they are preferred, and their names
_SIDES = {
    24: "from the front", -24: "from the front", 90: "from the left", -90: "from the right", 156: "from the back",
    -156: "from the back",
}  # fmt: skip
_GOOD = 0.8  # share of the best side's visible marks that a preferred side needs
_CLOSE = 0.45  # largest share of the whole that a close-up shows
_WIRE_PX = 7.0  # shortest edges whose wires can be told apart
_NEAR = 0.01  # of the garment's size: how far behind the surface a line still counts as on it

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """Where a picture is taken from: a name for captions, and the unit vector towards the camera."""

    name: str
    toward: tuple[float, float, float]


@dataclass(frozen=True)
class Sight:
    """A camera's place, in the mesh's frame [m]: from which side, at what, and how much it sees from edge to edge."""

    side: Side
    target: tuple[float, float, float]
    width: float


class MeshPicture:
    """Draws a mesh with marks.

    Args:
        mesh: What is drawn; it may be broken in any way that a file can be.
        marks: What is drawn in red.
        body: Points [V, 3] and faces [F, 3] of a body to draw beside it, or None.
        prefer: Name of the side that shows it best where nothing is marked.
    """

    def __init__(
        self,
        mesh: GarmentMesh,
        marks: Marks,
        body: tuple[NDArray[np.floating], NDArray[np.integer]] | None = None,
        *,
        prefer: str | None = None,
    ) -> None:
        found = drawable(mesh)
        self.empty = found is None
        if found is None:
            return
        shown, kept = found
        self._marks, self._prefer = marks, prefer
        self._points = shown.points.astype(np.float64)
        self._faces, self._all_faces = shown.faces, mesh.faces
        self._red = _with_twins(self._faces, np.isin(kept, marks.faces))
        self._body = body
        used = self._points[np.unique(self._faces)]
        around = used if body is None else np.concatenate([used, np.asarray(body[0], np.float64)])
        self._outline = around
        self._low, self._high = around.min(axis=0), around.max(axis=0)
        self._size = max(float((self._high - self._low).max()), 1e-9)

    @cached_property
    def best_side(self) -> Side:
        """The side that shows the most of what is marked."""
        sides = list(_sides())
        if self._marks.empty:
            return next((side for side in sides if side.name == self._prefer), sides[0])
        seen = np.array([self._seen(side) for side in sides])
        return sides[int(np.argmax(seen >= _GOOD * seen.max()))] if seen.max() > 0 else self._nearest_side(sides)

    def whole(self) -> Sight:
        """Return the sight of all there is."""
        side = self.best_side
        across = np.stack(_frame(np.array(side.toward)))
        seen = self._outline @ across.T
        low, high = seen.min(axis=0), seen.max(axis=0)
        middle = (self._low + self._high) / 2
        aside = ((low + high) / 2 - middle @ across.T) @ across
        return Sight(side, _triple(middle + aside), max(float((high - low).max()), 0.01 * self._size) * _MARGIN)

    def close(self) -> Sight | None:
        """Return the sight of the densest cluster of marks; None where that is most of the garment."""
        if self._marks.empty:
            return None
        middle, reach = self._clusters()[0]
        touched = self._faces[self._red] if self._red.any() else self._faces[self._near_faces(middle)]
        edge = float(np.median(np.linalg.norm(self._points[touched] - self._points[np.roll(touched, 1, 1)], axis=2)))
        width = max(3.0 * reach, 9.0 * edge, 0.04 * self._size)
        if width > _CLOSE * self.whole().width:
            return None
        return Sight(self._facing(middle, touched), _triple(middle), width)

    def _facing(self, place: Floats, faces: NDArray[np.integer]) -> Side:
        """Return the side that looks most squarely at faces [N, 3] about a place that it sees."""
        corners = self._points[faces]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normal = normals[int(np.linalg.norm(normals, axis=1).argmax())]
        scored = []
        for side in _sides():
            camera, _, depth = self._small(side)
            sees = bool(self._visible(place[None], camera, depth, 2.0 * _NEAR)[0])
            scored.append((sees, abs(float(normal @ np.array(side.toward))), side))
        return max(scored, key=lambda each: each[:2])[2] if normal.any() else self.best_side

    def take(self, sight: Sight, *, rings: bool = False) -> Pixels:
        """Return the picture of a sight, sRGB uint8 [SIDE, SIDE, 3].

        Args:
            sight: From where.
            rings: Whether what is marked is ringed, as it is small in the picture.
        """
        camera = self._camera(sight, SIDE)
        light = _light(np.array(sight.side.toward))
        frame = self._renderer.render(camera, light, Background.plain(_PAPER, ground=0.0))
        pixels = frame.rgb.copy()
        depth = frame.depth
        self._wires(pixels, camera, depth, _NEAR * min(1.0, 2.0 * sight.width / self._size))
        scale = SIDE / sight.width
        if self._marks.empty:
            return pixels
        if rings:
            clusters = self._clusters()[:6]
            centres = np.array([middle for middle, _ in clusters])
            radii = np.array([max(15.0, reach * scale + 9.0) for _, reach in clusters])
            visible = self._visible(centres, camera, depth, 2.0 * _NEAR)
            small = radii < SIDE / 3
            draw_rings(pixels, self._project(centres, camera)[small, :2], radii[small], visible[small])
        else:
            visible = self._visible(self._marks.points, camera, depth, 2.0 * _NEAR)
            alone = np.ones(len(visible), bool)
            alone[: len(self._marks.faces)] = self._tiny(scale)
            draw_dots(pixels, self._project(self._marks.points, camera)[alone, :2], visible[alone])
        return pixels

    def _tiny(self, scale: float) -> NDArray[np.bool_]:
        """Return which marked faces are too small to be seen as red triangles at a scale [px per m]."""
        corners = self._points[self._all_faces[self._marks.faces]]
        double = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
        return np.asarray(double * scale**2 < 60.0)

    def _wires(self, pixels: Pixels, camera: Camera, depth: NDArray[np.float32], tolerance: float) -> None:
        """Draw the edges of the triangles where they can be told apart, and those of the marked ones in red."""
        ends = np.stack([self._faces, np.roll(self._faces, -1, axis=1)], axis=2).reshape(-1, 2)
        ends = np.unique(np.sort(ends, axis=1), axis=0)
        at = self._project(self._points, camera)
        middle = self._points[ends].mean(axis=1)
        inside = np.all((at[ends, :2] > -SIDE) & (at[ends, :2] < 2 * SIDE), axis=(1, 2))
        in_view = inside & np.all(np.abs(at[ends, :2].mean(axis=1) - SIDE / 2) < SIDE / 2, axis=1)
        shown = in_view & self._visible(middle, camera, depth, tolerance)
        lengths = np.linalg.norm(at[ends[:, 0], :2] - at[ends[:, 1], :2], axis=1)
        if shown.any() and float(np.median(lengths[shown])) >= _WIRE_PX:
            draw_lines(pixels, at[ends[shown], :2], (70, 72, 78), 0.34)
        red = self._faces[self._red]
        own = np.sort(np.stack([red, np.roll(red, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
        keys = ends[:, 0].astype(np.int64) * len(self._points) + ends[:, 1]
        marked = in_view & np.isin(keys, own[:, 0].astype(np.int64) * len(self._points) + own[:, 1])
        if marked.any() and len(own) < 400:
            draw_lines(pixels, at[ends[marked], :2], RED, 0.9)

    def _clusters(self) -> list[tuple[Floats, float]]:
        """Return the middles and reaches [m] of groups of marks that lie close together, the most numerous first."""
        left, reach, groups = self._marks.points, 0.07 * self._size, []
        while len(left):
            near = np.linalg.norm(left[:, None] - left[None], axis=2) < reach
            own = near[int(near.sum(axis=1).argmax())]
            middle = left[own].mean(axis=0)
            groups.append((middle, float(np.linalg.norm(left[own] - middle, axis=1).max())))
            left = left[~own]
        return groups

    def _near_faces(self, place: Floats) -> NDArray[np.int64]:
        far = np.linalg.norm(self._points[self._faces].mean(axis=1) - place, axis=1)
        return np.argsort(far)[:8]

    def _seen(self, side: Side) -> float:
        """Return how much of what is marked shows from a side: pixels of red, and marked points that nothing covers."""
        camera, triangles, depth = self._small(side)
        red = float(self._red[triangles[triangles >= 0]].sum())
        squarely = np.abs(self._mark_normals @ np.array(side.toward))
        return red + float(self._visible(self._marks.points, camera, depth, 2.0 * _NEAR) @ squarely)

    @cached_property
    def _mark_normals(self) -> Floats:
        """Unit normals of the surface at the marked places, [K, 3]; zero where there is no surface."""
        normals = vertex_normals(self._points.astype(np.float32), self._faces).astype(np.float64)
        nearest = KDTree(self._points[np.unique(self._faces)]).query(self._marks.points)[1]
        return np.asarray(normals[np.unique(self._faces)][nearest])

    def _small(self, side: Side) -> tuple[Camera, NDArray[np.int32], Floats]:
        """Return a small look from a side, taken once: the camera, the triangle and the depth at each pixel."""
        if side not in self._looked:
            reach = _MARGIN * float(np.linalg.norm(self._high - self._low))
            camera = self._camera(Sight(side, _triple((self._low + self._high) / 2), reach), _SMALL)
            screen = self._project(self._points, camera)
            screen[:, 2] = 1.0 / screen[:, 2]
            seen = rasterize(screen, self._faces, (_SMALL, _SMALL))
            depth = np.where(seen.triangles < 0, np.inf, 1.0 / np.maximum(seen.inverse_depth.astype(np.float64), 1e-9))
            self._looked[side] = camera, seen.triangles, depth
        return self._looked[side]

    @cached_property
    def _looked(self) -> dict[Side, tuple[Camera, NDArray[np.int32], Floats]]:
        return {}

    def _nearest_side(self, sides: Sequence[Side]) -> Side:
        """Return the side on which the marks lie, for marks that nothing shows."""
        out = self._marks.points.mean(axis=0) - (self._low + self._high) / 2
        return max(sides, key=lambda side: float(np.dot(out, side.toward)))

    def _camera(self, sight: Sight, pixels: int) -> Camera:
        """Return the camera of a sight, about the meshes scaled to the size of a garment."""
        scale, middle = 1.0 / self._size, (self._low + self._high) / 2
        target = (np.array(sight.target) - middle) * scale
        distance = sight.width * scale / 2 / math.tan(_FOV / 2)
        return Camera.look_at(target + distance * np.array(sight.side.toward), target, _FOV, (pixels, pixels))

    @cached_property
    def _renderer(self) -> Renderer:
        """Draws the meshes scaled to the size of a garment, which its light is made for."""
        renderer = Renderer(*self._scene(), size=(SIDE, SIDE), preset="realtime")
        points = [self._points] if self._body is None else [self._points, np.asarray(self._body[0], np.float64)]
        renderer.set_vertices((np.concatenate(points) - (self._low + self._high) / 2) / self._size)
        return renderer

    def _scene(self) -> tuple[list[SceneMesh], list[int]]:
        clay, red = self._faces[~self._red], self._faces[self._red]
        parts = [(clay, _CLAY, _INSIDE), (red, RED, (0.8, 0.8, 0.8))]
        scene = [_flat(faces, color, inside) for faces, color, inside in parts if len(faces)]
        counts = [len(self._points), *([0] * (len(scene) - 1))]
        if self._body is not None:
            scene.append(_flat(np.asarray(self._body[1], np.int32), _BODY, (0.9, 0.9, 0.9)))
            counts.append(len(self._body[0]))
        return scene, counts

    def _project(self, points: Floats, camera: Camera) -> Floats:
        middle = (self._low + self._high) / 2
        return camera.project((points - middle) / self._size)

    def _visible(
        self, points: Floats, camera: Camera, depth: NDArray[np.floating], tolerance: float
    ) -> NDArray[np.bool_]:
        """Return which points [K] nothing covers, in the picture or out of it; `tolerance` is of the garment's size."""
        at = self._project(points, camera)
        pixel = np.clip(np.floor(at[:, :2]), 0, np.array(depth.shape)[::-1] - 1).astype(int)
        return np.asarray(at[:, 2] <= depth[pixel[:, 1], pixel[:, 0]] + tolerance)


def _sides() -> Iterator[Side]:
    for degrees, name in _SIDES.items():
        angle = math.radians(degrees)
        toward = np.array([math.sin(angle), -math.cos(angle), _LOOK_DOWN])
        yield Side(name, _triple(toward / np.linalg.norm(toward)))
    for name, up in (("from above", 1.0), ("from below", -1.0)):
        toward = np.array([0.0, -0.5, up])
        yield Side(name, _triple(toward / np.linalg.norm(toward)))


def _with_twins(faces: NDArray[np.int32], red: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the red triangles [F] with those that lie in the same place, which would hide half of them."""
    if not red.any():
        return red
    _, number = np.unique(np.sort(faces, axis=1), axis=0, return_inverse=True)
    return np.isin(number.reshape(-1), number.reshape(-1)[red])


def _frame(toward: Floats) -> tuple[Floats, Floats]:
    right = np.cross(np.array([0.0, 0.0, 1.0]), toward)
    right /= np.linalg.norm(right)
    return right, np.cross(toward, right)


def _triple(values: Floats) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def _flat(faces: NDArray[np.int32], color: tuple[int, int, int], inside: tuple[float, float, float]) -> SceneMesh:
    texture = np.full((2, 2, 3), color, np.uint8)
    corners = np.zeros((len(faces), 3), np.int32)
    return SceneMesh("picture", faces, np.zeros((1, 2), np.float32), corners, SurfaceMaterial(texture, inside=inside))


def _light(toward: Floats) -> Lighting:
    """Return even light with some from the viewer's upper left, so that form and colour are both to be read."""
    harmonics = np.zeros((9, 3), np.float32)
    harmonics[0] = 0.62 * 2.0 * np.sqrt(np.pi)  # the constant term: from everywhere alike
    right, up = _frame(toward)
    sun = toward - 0.7 * right + 0.6 * up
    return Lighting(harmonics, _triple(sun / np.linalg.norm(sun)), (0.42, 0.42, 0.42))
