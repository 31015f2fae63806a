"""Where a tailor's measures were taken: the body from the front and from its left side, with every tape on it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dressform.runtime.body.protocol import RestBody
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial

Floats = NDArray[np.floating]

_SKIN = (206, 203, 198)  # sRGB of the body
_INK, _FAINT = (52, 58, 70), (150, 156, 166)
_GIRTH, _LENGTH = (190, 40, 60), (20, 96, 170)
_FRONT, _SIDE, _HEIGHT = 1180, 620, 1200  # widths of the views and their height [px]
_FOV = math.radians(14)
_MARGIN = 1.10  # how much larger the view is than the body
_TEXT = 21  # [px]
_SIDE_VIEW = ("back", "inseam")  # lengths that the front view hides


@dataclass(frozen=True)
class _View:
    """One picture of the body and how to draw on it."""

    pixels: NDArray[np.uint8]
    camera: Camera
    turn: NDArray[np.float64]

    def place(self, line: Floats) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return a line's pixels [N, 2], and which of its points lie on the side that is seen."""
        turned = np.asarray(line, np.float64) @ self.turn.T
        middle = turned[:, 1].mean()
        return self.camera.project(turned)[:, :2], turned[:, 1] <= middle + 1e-6


def measure_picture(rest: RestBody) -> NDArray[np.uint8]:
    """Draw a body's tapes and lengths with their names and centimetres.

    Args:
        rest: The body in its rest pose.

    Returns:
        sRGB uint8 [1200, 1800, 3]: front view with the girths, side view with the lengths along the trunk.
    """
    lines, measures = rest.measure_lines(), rest.measures().as_dict()
    girths = [name for name, line in lines.items() if np.array_equal(line[0], line[-1])]
    lengths = [name for name in lines if name not in girths]
    front, side = _view(rest, 0.0, _FRONT), _view(rest, -math.pi / 2, _SIDE)
    low, high = float(rest.vertices[:, 2].min()), float(rest.vertices[:, 2].max())
    beside = float(rest.vertices[:, 1].max()) + 0.05
    lines = {**lines, "height": np.array([[0, beside, low], [0, beside, high]])}
    seen_from_front = [*girths, *(name for name in lengths if name not in _SIDE_VIEW)]
    page = Image.new("RGB", (_FRONT + _SIDE, _HEIGHT), "white")
    for offset, view, names in ((0, front, seen_from_front), (_FRONT, side, ["height", *_SIDE_VIEW])):
        picture = Image.fromarray(view.pixels)
        _draw(picture, view, {name: lines[name] for name in names}, measures, girths)
        page.paste(picture, (offset, 0))
    return np.asarray(page, np.uint8)


def _view(rest: RestBody, yaw_rad: float, width: int) -> _View:
    """Render the body turned about the vertical."""
    cosine, sine = math.cos(yaw_rad), math.sin(yaw_rad)
    turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    body = rest.body
    material = SurfaceMaterial(np.full((4, 4, 3), _SKIN, np.uint8), roughness=0.8)
    scene = SceneMesh("body", body.faces, body.uv, body.uv_faces, material)
    renderer = Renderer([scene], [len(rest.vertices)], size=(width, _HEIGHT), preset="quality")
    renderer.set_vertices(rest.vertices.astype(np.float64) @ turn.T)
    low, high = float(rest.vertices[:, 2].min()), float(rest.vertices[:, 2].max())
    tall = (high - low) * _MARGIN
    target = np.array([0.0, 0.0, (low + high) / 2])
    camera = Camera.look_at(
        target + np.array([0.0, -tall / 2 / math.tan(_FOV / 2), 0.0]), target, _FOV, (width, _HEIGHT)
    )
    frame = renderer.render(camera, Lighting.studio(), Background.plain(ground=0.0)).copy()
    return _View(frame.rgb, camera, turn)


def _draw(
    picture: Image.Image,
    view: _View,
    lines: Mapping[str, Floats],
    measures: Mapping[str, float],
    girths: Sequence[str],
) -> None:
    """Draw lines, and their names in two columns beside the body."""
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(_TEXT)
    ends: dict[str, list[tuple[float, float, str]]] = {"left": [], "right": []}
    page_width = picture.width
    for name, line in lines.items():
        color = _GIRTH if name in girths else _LENGTH
        places, seen = view.place(line)
        seen |= name not in girths  # a length runs through the body
        for start, end, near in zip(places[:-1], places[1:], seen[:-1] & seen[1:], strict=True):
            draw.line([tuple(start), tuple(end)], fill=color if near else _FAINT, width=3 if near else 1)
        text = f"{name.replace('_', ' ')} {measures[name] * 100:.1f} cm"
        side = "right" if places[:, 0].mean() > page_width / 2 + 2 or len(ends["right"]) < len(ends["left"]) else "left"
        tip = places[places[:, 0].argmax() if side == "right" else places[:, 0].argmin()]
        ends[side].append((float(tip[1]), float(tip[0]), text))
    for side, labels in ends.items():
        level = -np.inf
        for wanted, x, text in sorted(labels):
            level = max(wanted, level + 1.5 * _TEXT)
            width = draw.textlength(text, font=font)
            at = 12.0 if side == "left" else page_width - 12.0 - width
            edge = at + width + 6 if side == "left" else at - 6
            draw.line([(edge, level), (x, wanted)], fill=_FAINT, width=1)
            draw.text((at, level), text, fill=_INK, font=font, anchor="lm")
