"""What is drawn, as triangles and light that any other renderer can take: the part of the judge that needs none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.avatar.make import make_avatar
from dressform.runtime.garment.wrinkles import shaded_normals
from dressform.runtime.geometry.rotations import quat_to_matrix
from dressform.runtime.motion.clip import MotionClip
from dressform.runtime.motion.load import load_motion
from dressform.runtime.render._kernels_view import LAYER_LIFT as _LIFT
from dressform.runtime.render.colour import linear_to_srgb, soften_highlights, srgb_to_linear
from dressform.runtime.render.environment import split_picture, texel_directions
from dressform.runtime.render.follow import Framing
from dressform.runtime.render.hem_topology import with_rims
from dressform.runtime.render.scene import Camera, Lighting, SceneMesh, SurfaceMaterial, studio_radiance
from dressform.runtime.render.sky import sky_radiance, sun_irradiance
from dressform.runtime.render.surfaces import place_wrinkles
from dressform.runtime.render.topology import Topology, join_meshes
from dressform.runtime.render.weave import pack_weave
from dressform.runtime.session import Look, TryOn

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]

FPS = 30.0
ROWS = 256  # of the pictures of light
PIECES = 4  # into so many a triangle's edge is cut where wrinkles are shaded
_TURBIDITY = 3.0
LAYER_LIFT = float(_LIFT)  # [m]


class Light(NamedTuple):
    """One light twice: as this renderer takes it and as it is.

    Attributes:
        lighting: Nine coefficients and a sun.
        radiance: What they stand for, an equirectangular picture float32 [H, 2H, 3].
        has_sun: Whether the sun is in the picture; where not it is a disc of `lighting`'s radius.
    """

    lighting: Lighting
    radiance: Floats
    has_sun: bool


@dataclass(frozen=True)
class Setting:
    """Who wears what, when, in which light.

    Attributes:
        name: For files and the table.
        gender, height_m, mass_kg: Of the body.
        wear: Templates.
        motion: A built-in motion.
        frame: Which of its frames, at 30 a second.
        light: A name of `LIGHTS`.
        framing: How the camera holds the person.
    """

    name: str
    gender: str
    height_m: float
    mass_kg: float
    wear: tuple[str, ...]
    motion: str
    frame: int
    light: str
    framing: Framing = field(default_factory=Framing)

    def avatar(self) -> Avatar:
        """Return the person."""
        return make_avatar(gender=self.gender, height_m=self.height_m, mass_kg=self.mass_kg)


@dataclass(frozen=True)
class Part:
    """Triangles of one material; corners are not shared.

    Attributes:
        name: For messages.
        points, normals: World [m] and unit, [F, 3, 3].
        uv: Of the texture [F, 3, 2], origin bottom-left.
        material: What it is of.
        roughness: With the weave's slopes, which are too small to be seen, in it.
    """

    name: str
    points: Floats
    normals: Floats
    uv: Floats
    material: SurfaceMaterial
    roughness: float


@dataclass(frozen=True)
class Shot:
    """A drawn frame and all that it was drawn from.

    Attributes:
        rgb: The frame, sRGB [H, W, 3].
        parts: Its triangles.
        camera: Where it was seen from.
        backdrop: The frame without people, sRGB [H, W, 3].
    """

    rgb: Picture
    parts: tuple[Part, ...]
    camera: Camera
    backdrop: Picture


def studio() -> Light:
    """Return the studio's light."""
    return Light(Lighting.studio(), _pictured(studio_radiance), has_sun=False)


def daylight(elevation_rad: float) -> Light:
    """Return a clear day's light."""
    lighting = Lighting.daylight(elevation_rad, turbidity=_TURBIDITY)
    toward = np.asarray(lighting.sun_direction)
    gain = lighting.sun_color[1] * math.pi / float(sun_irradiance(toward, _TURBIDITY)[1])
    return Light(lighting, _pictured(lambda ways: gain * sky_radiance(ways, toward, _TURBIDITY)), has_sun=False)


def room() -> Light:
    """Return the light of a room with a window and a lamp, which has one picture for everything."""

    def radiance(ways: NDArray[np.float64]) -> NDArray[np.float64]:
        azimuth, up = np.arctan2(ways[:, 0], ways[:, 1]), np.arcsin(ways[:, 2])
        walls = np.where(ways[:, 2:] > 0.5, [0.42, 0.40, 0.37], np.where(ways[:, 2:] < -0.4, [0.16, 0.13, 0.10], 0.26))
        window = (np.abs(azimuth + 2.2) < 0.30) & (up > 0.0) & (up < 0.75)
        lamp = ways @ np.array([0.83, -0.35, 0.43]) > 0.985
        lit = np.where(window[:, None], [9.0, 10.0, 11.5], walls)
        return np.where(lamp[:, None], [6.0, 4.4, 2.9], lit)

    picture = _pictured(radiance)
    exposed = Lighting(*split_picture(picture)).exposed()
    gain = float(exposed.sh[0, 1]) / float(split_picture(picture).sh[0, 1])
    return Light(exposed, gain * picture, has_sun=True)


LIGHTS: dict[str, Callable[[], Light]] = {
    "studio": studio,
    "midday": lambda: daylight(1.0),
    "evening": lambda: daylight(0.35),
    "room": room,
}


def shoot(setting: Setting, lighting: Lighting, size: tuple[int, int], presets: tuple[str, ...]) -> dict[str, Shot]:
    """Draw one frame of a setting with each preset; the last one's triangles are all there are of the body."""
    shots = {}
    for preset in presets:
        look = Look(preset=preset, lighting=lighting, framing=setting.framing)
        tryon = _Watched(setting.avatar(), setting.wear, size=size, look=look)
        clip = load_motion(setting.motion)
        shots[preset] = tryon.shot(clip, setting.frame)
    return shots


def compose(
    person: NDArray[np.floating], covered: NDArray[np.floating], ground: NDArray[np.floating], shot: Shot
) -> Picture:
    """Finish a traced picture as a frame is finished, sRGB [H, W, 3].

    Args:
        person: Linear light of the person over black [H, W, 3].
        covered: Share of each pixel that the person covers [H, W].
        ground: Share of the backdrop's light in each pixel, shadow included: 0 where the person is [H, W].
        shot: Whose backdrop.
    """
    share = np.asarray(covered, np.float32)[..., None]
    front = soften_highlights(person / np.maximum(share, 1e-6)) * share
    light = front + srgb_to_linear(shot.backdrop) * np.asarray(ground, np.float32)[..., None]
    return np.asarray(np.rint(255.0 * linear_to_srgb(light)), np.uint8)


class _Watched(TryOn):
    """A try-on that keeps what its renderer is given."""

    def _scene(self, person: list[SceneMesh], cloth: list[SceneMesh]) -> tuple[list[SceneMesh], list[int]]:
        self.drawn = super()._scene(person, cloth)
        return self.drawn

    def shot(self, clip: MotionClip, number: int) -> Shot:
        """Draw a clip's frames up to one, and return it."""
        renderer = self._renderer
        frames = self.stream(clip, fps=FPS, seconds=(number + 1) / FPS)
        for _ in range(number):
            next(frames)
        frame = next(frames)
        drawing = renderer.drawings[number % len(renderer.drawings)]  # they take turns
        relief = (drawing.turns.numpy(), drawing.wrinkles.numpy())
        points, normals = drawing.points.numpy(), drawing.normals.numpy()
        parts = export(*self.drawn, points, normals, relief, hems=renderer.preset.hems)
        layers = {mesh.name: mesh.layer for mesh in self.drawn[0]}
        lifted_parts = tuple(lifted(part, frame.camera, layers[part.name]) for part in parts)
        return Shot(frame.rgb.copy(), lifted_parts, frame.camera, renderer._canvas.backdrop_rgb.numpy().copy())


def export(
    meshes: list[SceneMesh],
    counts: list[int],
    vertices: Floats,
    normals: Floats,
    relief: tuple[Floats, Floats],
    *,
    hems: bool = False,
) -> list[Part]:
    """Return what a renderer draws as plain triangles.

    Args:
        meshes, counts: As the renderer takes them.
        vertices, normals: Of all meshes, world [V, 3], and after them of the hems if there are any.
        relief: The renderer's `turns`, one [4] for each of them, and `wrinkles` [T, 3].
        hems: Whether the renderer's preset draws hems.
    """
    topology, _ = with_rims(join_meshes(meshes, counts), meshes if hems else ())
    places, _ = place_wrinkles(meshes, counts)
    parts = []
    for index, mesh in enumerate(meshes):
        own = topology.face_mesh == index
        if not own.any():
            continue
        corners = topology.faces[own]
        points, shaded, uv = vertices[corners], normals[corners], topology.face_uv[own]
        if places[index].side:
            points, shaded, uv = _wrinkled(points, shaded, uv, _Wrinkled.of(topology, own, relief, places[index]))
        weave = mesh.material.weave
        rough = mesh.material.roughness
        parts.append(
            Part(
                mesh.name,
                points.astype(np.float32),
                shaded.astype(np.float32),
                uv.astype(np.float32),
                mesh.material,
                rough if weave is None else pack_weave(weave, rough).roughness,
            )
        )
    return parts


def lifted(part: Part, camera: Camera, layer: int) -> Part:
    """Return a part moved towards the eye by what an outer layer is drawn before an inner one, which shows the same."""
    eye = np.asarray(camera.T_world_cam, np.float64)[:3, 3]
    away = part.points - eye
    depth = away @ np.asarray(camera.T_world_cam, np.float64)[:3, 2]
    return replace(part, points=(eye + away * (1.0 - layer * LAYER_LIFT / depth[..., None])).astype(np.float32))


def sees_ground(camera: Camera, reach: float = 12.0) -> NDArray[np.bool_]:
    """Return which pixels look down onto the ground within a distance [m], where shadows may be; [H, W]."""
    width, height = camera.size
    pose = np.asarray(camera.T_world_cam, np.float64)
    x = (np.arange(width) + 0.5 - camera.center_px[0]) / camera.focal_px
    y = (np.arange(height) + 0.5 - camera.center_px[1]) / camera.focal_px
    down: NDArray[np.bool_] = x[None, :] * pose[2, 0] + y[:, None] * pose[2, 1] + pose[2, 2] < -pose[2, 3] / reach
    return down


class _Wrinkled(NamedTuple):
    """A garment's wrinkles: where corners read them [F, 3, 2], how they are turned there [F, 3, 4], and the atlas."""

    atlas_uv: Floats
    turns: Floats
    texels: Floats

    @classmethod
    def of(cls, topology: Topology, own: NDArray[np.bool_], relief: tuple[Floats, Floats], place: Any) -> _Wrinkled:
        turns, texels = relief
        atlas = texels[place.first :][: place.side**2].reshape(place.side, place.side, 3)
        return cls(topology.atlas_uv[own], turns[topology.faces[own]], atlas)


def _wrinkled(points: Floats, normals: Floats, uv: Floats, wrinkled: _Wrinkled) -> tuple[Floats, Floats, Floats]:
    """Cut triangles finely and give their corners the normals by which pixels are shaded."""
    weights, small = _cut(PIECES)

    def spread(values: Floats) -> Floats:
        return np.asarray(np.einsum("pk,fkd->fpd", weights, values), np.float32)

    quats = wrinkled.turns
    first = np.where((quats[:, :1] ** 2).sum(axis=-1, keepdims=True) > 0.0, quats[:, :1], quats[:, 1:2])
    signs = np.where((quats * first).sum(axis=-1, keepdims=True) < 0.0, -1.0, 1.0)
    turn = spread(quats * signs).reshape(-1, 4)
    share = np.linalg.norm(turn, axis=1, keepdims=True)
    carried = _bilinear(wrinkled.texels, spread(wrinkled.atlas_uv).reshape(-1, 2))
    smooth = spread(normals).reshape(-1, 3)
    smooth = smooth / np.maximum(np.linalg.norm(smooth, axis=1, keepdims=True), 1e-9)
    some = (share[:, 0] >= 1e-3) & (np.linalg.norm(carried, axis=1) >= 1e-3)
    rotation = quat_to_matrix(turn[some] / share[some])
    smooth[some] = shaded_normals(smooth[some], np.einsum("nij,nj->ni", rotation, carried[some]), share[some])
    normals = smooth.reshape(len(points), -1, 3)
    cut = (spread(points), normals, spread(uv))
    fine = [values[:, small].reshape(-1, 3, values.shape[-1]) for values in cut]
    return fine[0], fine[1], fine[2]


def _cut(pieces: int) -> tuple[Floats, NDArray[np.int32]]:
    """Return barycentrics [P, 3] of a cut triangle's corners, and its small triangles [pieces², 3]."""
    number = {}
    weights: list[tuple[int, int, int]] = []
    for i in range(pieces + 1):
        for j in range(pieces + 1 - i):
            number[i, j] = len(weights)
            weights.append((pieces - i - j, i, j))
    small = []
    for i, j in number:
        if i + j < pieces:
            small.append((number[i, j], number[i + 1, j], number[i, j + 1]))
        if i + j < pieces - 1:
            small.append((number[i + 1, j], number[i + 1, j + 1], number[i, j + 1]))
    return np.array(weights, np.float32) / np.float32(pieces), np.array(small, np.int32)


def _bilinear(texels: Floats, uv: Floats) -> Floats:
    """Read an atlas [S, S, 3], row 0 at v = 0, as the renderer does."""
    side = len(texels)
    at = np.clip(uv * side - 0.5, 0.0, side - 1)
    low = np.minimum(at.astype(np.int32), side - 2)
    (right, up), (x, y) = (at - low).T[..., None], low.T
    rows = [texels[y + k, x] * (1.0 - right) + texels[y + k, x + 1] * right for k in (0, 1)]
    return np.asarray(rows[0] * (1.0 - up) + rows[1] * up, np.float32)


def _pictured(radiance: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Floats:
    ways = texel_directions(ROWS, 2 * ROWS)
    return np.asarray(radiance(ways.reshape(-1, 3)).reshape(ways.shape), np.float32)
