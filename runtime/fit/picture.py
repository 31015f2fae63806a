"""Strain maps: every size on the body, front and back, stretched cloth in warm colours, hanging cloth in blue."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.render.face_colors import face_colored
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting

from .report import GarmentFit, SizeFit

Rgb = tuple[int, int, int]
Pixels = NDArray[np.uint8]

VIEW = (330, 520)  # [px] of one side
TOP, ROW, LEGEND = 54, 25, 64  # [px] of the title, a line of figures, the legend
MOST = 15.0  # [%] stretch from which on the colour stays the same
FAR = 80.0  # [mm] distance from the skin from which on the colour stays the same
# [%] cloth that is stretched by less is coloured by its distance from the skin, by more than the second by its stretch
SLACK, TAUT = 1.0, 2.0
STRETCHED: tuple[tuple[float, Rgb], ...] = (
    (SLACK, (126, 190, 120)),
    (5.0, (238, 206, 78)),
    (10.0, (234, 128, 46)),
    (MOST, (196, 34, 40)),
)
HANGING: tuple[tuple[float, Rgb], ...] = (
    (10.0, (126, 190, 120)),
    (30.0, (112, 178, 196)),
    (FAR, (54, 92, 176)),
)
WORDS: dict[str, Rgb] = {"tight": (190, 30, 36), "close": (176, 106, 20), "good": (44, 116, 54), "loose": (44, 80, 160)}
_SKIN: Rgb = (206, 204, 199)  # of a dress form
PAPER: Rgb = (247, 246, 243)
_INK: Rgb = (32, 32, 36)
ARMS = tuple(
    tuple(JOINT_INDEX[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist")) for side in ("left", "right")
)
_FOV = math.radians(18.0)
_LIGHT = Lighting.studio()


def fit_picture(fit: GarmentFit, rest: RestBody) -> Pixels:
    """Return a sheet with front and back of each size that was tried, and its figures, sRGB uint8 [H, W, 3].

    Args:
        fit: What was found.
        rest: The body that it was found on.
    """
    cameras = _camera([size.points for size in fit.sizes.values()])
    lines = max(len(size.regions) for size in fit.sizes.values()) + 1
    width, height = 2 * VIEW[0], TOP + VIEW[1] + ROW * (lines + 1)
    sheet = Image.new("RGB", (width * len(fit.sizes), height + LEGEND), PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, size in enumerate(fit.sizes.values()):
        left = column * width
        views = _views(size, rest, cameras)
        for side, view in enumerate(views):
            sheet.paste(Image.fromarray(view), (left + side * VIEW[0], TOP))
        _write_figures(draw, fit, size, left)
    _write_legend(draw, height, sheet.width)
    return np.asarray(sheet, np.uint8)


def stacked(sheets: Sequence[Pixels]) -> Pixels:
    """Return sheets [H, W, 3] one below another, as wide as the widest."""
    width = max(sheet.shape[1] for sheet in sheets)
    page = np.full((sum(len(sheet) for sheet in sheets), width, 3), PAPER, np.uint8)
    top = 0
    for sheet in sheets:
        page[top : top + len(sheet), : sheet.shape[1]] = sheet
        top += len(sheet)
    return page


def cloth_colors(size: SizeFit, rest: RestBody) -> Pixels:
    """Return each triangle's colour, sRGB uint8 [F, 3]: stretch where there is any, else distance from the skin."""
    percent = 100 * _evened(size.strain.astype(np.float64), size.faces, len(size.points))
    centers = size.points[size.faces].mean(axis=1)
    off = 1000 * Surface(rest.vertices, rest.body.faces, sign="normal").closest(centers).distances
    share = np.clip((percent - SLACK) / (TAUT - SLACK), 0.0, 1.0)[:, None]
    colors = share * _ramp(STRETCHED, percent) + (1.0 - share) * _ramp(HANGING, off)
    return np.asarray(np.rint(colors), np.uint8)


def _evened(values: NDArray[np.float64], faces: NDArray[np.int32], count: int) -> NDArray[np.float64]:
    """Return values [F] averaged over the triangles around each corner: neighbours in a grid strain unlike by turns."""
    corners = faces.reshape(-1)
    share = np.bincount(corners, minlength=count)
    mean = np.bincount(corners, np.repeat(values, 3), count) / np.maximum(share, 1)
    return np.asarray(mean[faces].mean(axis=1))


def _ramp(stops: tuple[tuple[float, Rgb], ...], values: NDArray[np.floating]) -> NDArray[np.float64]:
    at = [stop for stop, _ in stops]
    return np.stack([np.interp(values, at, [color[k] for _, color in stops]) for k in range(3)], axis=-1)


def _views(size: SizeFit, rest: RestBody, camera: tuple[Camera, NDArray[np.float64]]) -> list[Pixels]:
    """Return front and back; the body turns, so that the light comes from the same side."""
    view, middle = camera
    shown = _shown(rest, view)
    skin = np.full((len(shown), 3), _SKIN, np.uint8)
    meshes = [face_colored("body", shown, skin), face_colored("cloth", size.faces, cloth_colors(size, rest))]
    renderer = Renderer(meshes, [len(rest.vertices), len(size.points)], size=VIEW, preset="quality")
    both = np.concatenate([rest.vertices, size.points]).astype(np.float64) - middle
    pictures = []
    for turn in (1.0, -1.0):
        renderer.set_vertices(both * np.array([turn, turn, 1.0]) + middle)
        pictures.append(renderer.render(view, _LIGHT, Background.plain(_paper(), ground=0.0)).rgb.copy())
    return pictures


def _shown(rest: RestBody, view: Camera) -> NDArray[np.int32]:
    """Return the body's triangles [F, 3], without arms from the joint on that lies outside the picture.

    What comes back into it would float there.
    """
    joints = rest.canonical_joints()
    gone: list[int] = []
    for arm in ARMS:
        places = view.project(joints[list(arm)])[:, :2]
        outside = np.asarray(((places < 0) | (places > VIEW)).any(axis=1))
        gone += [joint for k, joint in enumerate(arm) if outside[: k + 1].any()]
    return rest.body.faces[~np.isin(rest.vertex_segments[rest.body.faces], gone).all(axis=1)]


def _paper() -> tuple[float, float, float]:
    return (PAPER[0] / 255, PAPER[1] / 255, PAPER[2] / 255)


def _camera(points: list[NDArray[np.float32]]) -> tuple[Camera, NDArray[np.float64]]:
    """Return one camera that shows all sizes from the front at the same scale, and the middle that it looks at."""
    low = np.min([each.min(axis=0) for each in points], axis=0).astype(np.float64)
    high = np.max([each.max(axis=0) for each in points], axis=0).astype(np.float64)
    middle = (low + high) / 2
    tall = float(high[2] - low[2]) + 0.1
    wide = 2 * float(max(abs(low[0]), abs(high[0]))) + 0.1
    distance = max(tall, wide * VIEW[1] / VIEW[0]) / 2 / math.tan(_FOV / 2) + float(high[1] - low[1]) / 2
    middle[:2] = 0.0
    return Camera.look_at(middle + np.array([0.0, -distance, 0.04 * distance]), middle, _FOV, VIEW), middle


def _write_figures(draw: ImageDraw.ImageDraw, fit: GarmentFit, size: SizeFit, left: int) -> None:
    font, bold = ImageFont.load_default(18), ImageFont.load_default(28)
    chosen = size.size == fit.recommended and len(fit.sizes) > 1
    title = f"{fit.garment}  {size.size}" + ("  recommended" if chosen else "")
    draw.text((left + 16, 12), title, WORDS["good"] if chosen else _INK, bold)
    if chosen:
        draw.line((left + 16, 48, left + 16 + draw.textlength(title, bold), 48), WORDS["good"], 3)
    y = TOP + VIEW[1] + 6
    for x, text, anchor in ((16, "ease", "la"), (330, "as designed", "ra"), (430, "stretch", "ra"), (560, "kPa", "ra")):
        draw.text((left + x, y), text, (110, 110, 114), font, anchor=anchor)
    for number, (name, region) in enumerate(size.regions.items(), 1):
        line = y + number * ROW
        draw.text((left + 16, line), name, _INK, font)
        draw.text((left + 190, line), f"{region.ease_cm:+.1f} cm", _INK, font, anchor="ra")
        draw.text((left + 330, line), f"{region.design_cm:+.1f} cm", (110, 110, 114), font, anchor="ra")
        draw.text((left + 430, line), f"{region.strain_percent:.1f} %", _INK, font, anchor="ra")
        if name != "hem" or "thigh" not in size.regions:  # a leg's that stands on a foot presses, and means nothing
            draw.text((left + 560, line), f"{region.pressure_kpa:.2f}", _INK, font, anchor="ra")
        draw.text((left + 580, line), region.verdict, WORDS[region.verdict], font)


def _write_legend(draw: ImageDraw.ImageDraw, top: int, width: int) -> None:
    """Draw one bar from cloth far off the skin, over cloth that lies on it, to cloth that is stretched most."""
    font = ImageFont.load_default(16)
    span = min(width - 32, 620)
    off = np.linspace(FAR, 0, span // 2)
    percent = np.linspace(0, MOST, span - span // 2)
    colors = np.rint(np.concatenate([_ramp(HANGING, off), _ramp(STRETCHED, percent)])).astype(int)
    for x, (red, green, blue) in enumerate(colors.tolist()):
        draw.line((16 + x, top + 6, 16 + x, top + 24), (red, green, blue))
    middle = 16 + span // 2
    draw.text((16, top + 28), f"{FAR / 10:.0f} cm off the skin", _INK, font)
    draw.text((middle, top + 28), "lies on it, not stretched", _INK, font, anchor="ma")
    draw.text((16 + span, top + 28), f"stretched by {MOST:.0f} %", _INK, font, anchor="ra")
