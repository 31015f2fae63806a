"""The picture to judge a placement by: the garment on the canonical body from three sides, skin poking through red."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.render.raster import Visibility, rasterize
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial

from ._place_options import PlaceReport

_SKIN = (206, 184, 168)
_CLOTH = (70, 112, 168)
_WARNING = np.array((232, 28, 60), np.uint8)
_FOV = np.radians(14.0)
_SIDES = (("front", 0.0), ("left side", 90.0), ("back", 180.0))
_SIZE = (560, 760)  # of one view [px]
_GLANCE = (420, 570)  # the same where only the red is counted
_DEEPEST = 0.02  # [m] cloth further than this behind skin belongs to another part of the body
_SHALLOWEST = 0.0002  # [m] less is rounding
_MARGIN = 0.10  # [m] around the garment
_SURE, _UNSURE = 0.7, 0.4


def overlay(mesh: GarmentMesh, rest: RestBody, report: PlaceReport) -> bytes:
    """Return a PNG of the garment on the rest body, front, left side and back, with the figures below.

    Args:
        mesh: The garment as placed.
        rest: The canonical body.
        report: What placing found.
    """
    pictures, poking = views(rest.vertices, rest.body.faces, mesh.points, mesh.faces)
    return _captioned(pictures, report, poking)


def views(
    body_points: NDArray[np.floating],
    body_faces: NDArray[np.int32],
    points: NDArray[np.floating],
    faces: NDArray[np.int32],
    *,
    size: tuple[int, int] = _SIZE,
    angles_deg: Sequence[float] = (0.0, 90.0, 180.0),
) -> tuple[list[NDArray[np.uint8]], float]:
    """Return pictures of a garment on a body, sRGB uint8 [H, W, 3], and the part of it seen that skin breaks.

    Args:
        body_points: [V, 3] [m].
        body_faces: int32 [F, 3].
        points: Of the garment [V, 3] [m].
        faces: int32 [F, 3].
        size: Width and height of one picture [px].
        angles_deg: From where it is seen: 0 the front, 90 the wearer's left, 180 the back.
    """
    meshes = [_plain("body", body_faces, _SKIN), _plain("garment", faces, _CLOTH)]
    renderer = Renderer(meshes, [len(body_points), len(points)], size=size)
    renderer.set_vertices(np.concatenate([body_points, points]).astype(np.float32))
    target, distance = _framed(body_points, points, size)
    pictures, broken, covered = [], 0, 0
    for angle_deg in angles_deg:
        camera = _camera(target, distance, angle_deg, size)
        picture = renderer.render(camera, Lighting.studio(), Background.plain((0.95, 0.95, 0.95))).rgb.copy()
        poking, cloth = _poking(camera, (body_points, body_faces), (points, faces))
        picture[poking] = _WARNING
        pictures.append(picture)
        broken += int(poking.sum())
        covered += int(cloth.sum())
    return pictures, broken / max(covered, 1)


def poking_share(
    body_points: NDArray[np.floating],
    body_faces: NDArray[np.int32],
    points: NDArray[np.floating],
    faces: NDArray[np.int32],
) -> float:
    """Return the part of a garment, as seen from front, side and back, that skin breaks through.

    Args:
        body_points: [V, 3] [m].
        body_faces: int32 [F, 3].
        points: Of the garment [V, 3] [m].
        faces: int32 [F, 3].
    """
    target, distance = _framed(body_points, points, _GLANCE)
    broken, covered = 0, 0
    for _, angle_deg in _SIDES:
        camera = _camera(target, distance, angle_deg, _GLANCE)
        poking, cloth = _poking(camera, (body_points, body_faces), (points, faces))
        broken, covered = broken + int(poking.sum()), covered + int(cloth.sum())
    return broken / max(covered, 1)


def _camera(target: NDArray[np.float64], distance: float, angle_deg: float, size: tuple[int, int]) -> Camera:
    angle = np.radians(angle_deg)
    eye = target + distance * np.array([np.sin(angle), -np.cos(angle), 0.04])
    return Camera.look_at(eye, target, float(_FOV), size)


def _framed(
    body_points: NDArray[np.floating], points: NDArray[np.floating], size: tuple[int, int]
) -> tuple[NDArray[np.float64], float]:
    """Return where to look and from how far, so that no side of the garment is cut off."""
    low, high = points.min(axis=0) - _MARGIN, points.max(axis=0) + _MARGIN
    astray = (points.min(axis=0) < body_points.min(axis=0) - 0.3) | (points.max(axis=0) > body_points.max(axis=0) + 0.3)
    if astray.any():  # show how far off it is
        low, high = np.minimum(low, body_points.min(axis=0)), np.maximum(high, body_points.max(axis=0))
    wide = float(max(high[0] - low[0], high[1] - low[1]))
    tall = max(float(high[2] - low[2]), wide * size[1] / size[0], 0.35)
    target = np.asarray((low + high) / 2, np.float64)
    return target, tall / 2 / float(np.tan(_FOV / 2)) + wide / 2


def _poking(
    camera: Camera,
    body: tuple[NDArray[np.floating], NDArray[np.int32]],
    cloth: tuple[NDArray[np.floating], NDArray[np.int32]],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the pixels, bool [H, W], where skin lies right in front of cloth that faces the camera, and all cloth."""
    eye = np.asarray(camera.T_world_cam, np.float64)[:3, 3]
    skin, hidden = _seen(camera, *body), _seen(camera, *cloth)
    points, faces = cloth
    corners = np.asarray(points, np.float64)[faces]
    outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    towards = np.einsum("fx,fx->f", outward, eye - corners.mean(axis=1)) > 0
    both = (skin.triangles >= 0) & (hidden.triangles >= 0)
    depth_skin = 1 / np.where(both, skin.inverse_depth, 1.0)
    depth_cloth = 1 / np.where(both, hidden.inverse_depth, 1.0)
    behind = depth_cloth - depth_skin
    near = (behind > _SHALLOWEST) & (behind < _DEEPEST)
    visible = (hidden.triangles >= 0) & (~both | (behind < _DEEPEST))
    return np.asarray(both & near & towards[hidden.triangles], np.bool_), np.asarray(visible, np.bool_)


def _seen(camera: Camera, points: NDArray[np.floating], faces: NDArray[np.int32]) -> Visibility:
    screen = camera.project(points)
    screen[:, 2] = 1 / screen[:, 2]
    return rasterize(screen, faces, camera.size)


def _plain(name: str, faces: NDArray[np.int32], color: tuple[int, int, int]) -> SceneMesh:
    texture = np.full((4, 4, 3), color, np.uint8)
    uv_faces = np.zeros_like(faces)
    return SceneMesh(name, faces, np.full((1, 2), 0.5, np.float32), uv_faces, SurfaceMaterial(texture))


def _captioned(pictures: Sequence[NDArray[np.uint8]], report: PlaceReport, poking: float) -> bytes:
    """Put the views side by side with their names above and the figures below."""
    width, height = pictures[0].shape[1], pictures[0].shape[0]
    page = Image.new("RGB", (width * len(pictures), height + 150), (255, 255, 255))
    draw = ImageDraw.Draw(page)
    small, large = ImageFont.load_default(18), ImageFont.load_default(26)
    for k, (picture, (side, _)) in enumerate(zip(pictures, _SIDES, strict=True)):
        page.paste(Image.fromarray(picture), (k * width, 0))
        draw.text((k * width + 14, 10), side, fill=(90, 90, 90), font=small)
    verdict = (
        ("it sits", (24, 128, 64))
        if report.confidence >= _SURE
        else ("check it", (176, 112, 0))
        if report.confidence >= _UNSURE
        else ("probably wrong", (196, 32, 48))
    )
    draw.rectangle((0, height, page.width, height + 6), fill=verdict[1])
    draw.text((16, height + 16), f"confidence {report.confidence:.2f}: {verdict[0]}", fill=verdict[1], font=large)
    facts = f"scale {report.scale:.3f}   turned {report.yaw_deg:.0f}°   skin poking through "
    draw.text((520, height + 21), facts, fill=(40, 40, 40), font=small)
    start = 520 + draw.textlength(facts, font=small)
    color = tuple(int(c) for c in _WARNING) if poking > 0 else (24, 128, 64)
    draw.text((start, height + 21), f"{poking:.2%} (red)" if poking else "none", fill=color, font=small)
    for line, text in enumerate(textwrap.wrap(report.reason, 170)[:3]):
        draw.text((16, height + 56 + 27 * line), text, fill=(60, 60, 60), font=small)
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    return buffer.getvalue()
