"""Prints and logos on a panel, placed in centimetres."""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from dressform.authoring.patterns.pattern import Mark, Panel, Pattern
from dressform.schemas.errors import InputError, UsageError

from .lines import Line, turned
from .options import Brush
from .sheet import Floats

Anchor = Literal["panel", "center", "chest", "left-chest"]
ANCHORS: tuple[Anchor, ...] = ("panel", "center", "chest", "left-chest")
Rgba = NDArray[np.float32]

_CM = 0.01
# [m] height of the canonical body's fullest chest, where its measure is taken (runtime.body.measures.lines)
_CHEST_HEIGHT = 1.364
_LOGO_OUT = 0.085  # [m] of the middle of a chest logo from the centre front, towards the wearer's left
_NARROWEST = 0.5  # [cm]
_LARGEST_IMAGE = 64_000_000  # pixels
_PROBE = 0.002  # [m] between the points of a print's border that are looked up in the panel


@dataclass(frozen=True)
class Print:
    """A picture printed on a panel.

    Attributes:
        panel: Its name.
        image: A PNG, JPEG or WebP file, or its bytes; what is transparent is not printed.
        width_cm: Of the picture on the cloth [cm]; its height follows.
        center_cm: Of its middle from the anchor: to the right of whoever looks at the cloth, and up [cm].
        anchor: "panel" the panel's own frame; "center" the middle of its extent; "chest" the centre of a torso panel at
            the height of the chest; "left-chest" the same towards the wearer's left.
        angle_deg: Counter-clockwise [degrees].
        strength: How much of the cloth it covers, in (0, 1].
    """

    panel: str
    image: bytes | Path | str
    width_cm: float
    center_cm: tuple[float, float] = (0.0, 0.0)
    anchor: Anchor = "panel"
    angle_deg: float = 0.0
    strength: float = 0.96

    def __post_init__(self) -> None:
        if not (np.isfinite(self.width_cm) and self.width_cm >= _NARROWEST):
            raise UsageError(f"print on {self.panel!r}: width {self.width_cm:g} cm, needed at least {_NARROWEST:g} cm")
        if self.anchor not in ANCHORS:
            raise UsageError(f"print on {self.panel!r}: anchor {self.anchor!r} is none of {', '.join(ANCHORS)}")
        if len(self.center_cm) != 2 or not np.isfinite([*self.center_cm, self.angle_deg]).all():
            raise UsageError(f"print on {self.panel!r}: center_cm and angle_deg must be finite numbers")
        if not 0 < self.strength <= 1:
            raise UsageError(f"print on {self.panel!r}: strength {self.strength:g} must be above 0 and at most 1")


@dataclass(frozen=True)
class PlacedPrint:
    """A print in its panel's frame.

    Attributes:
        panel: Number in the pattern.
        picture: float32 [H, W, 4] sRGB and coverage in [0, 1], the first row on top.
        corners: float64 [4, 2] lower left, lower right, upper right, upper left in the panel's frame [m].
    """

    panel: int
    picture: Rgba
    corners: Line


def place_print(pattern: Pattern, order: Print) -> PlacedPrint:
    """Find where a print lies and check that it lies on its panel.

    Args:
        pattern: The garment's, in the size whose sheet is painted.
        order: The print.
    """
    names = [panel.name for panel in pattern.panels]
    if order.panel not in names:
        raise UsageError(f"print: pattern {pattern.name!r} has no panel {order.panel!r}; it has {', '.join(names)}")
    number = names.index(order.panel)
    panel = pattern.panels[number]
    picture = read_picture(order.image, f"print on {order.panel!r}")
    width = order.width_cm * _CM
    height = width * picture.shape[0] / picture.shape[1]
    half = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * (width, height)
    middle = _anchor(panel, order.anchor) + np.asarray(order.center_cm, np.float64) * _CM
    corners = turned(half, float(np.radians(order.angle_deg))) + middle
    _check_on_panel(panel, corners, (width, height))
    picture[..., 3] *= order.strength
    return PlacedPrint(number, picture, corners)


def read_picture(image: bytes | Path | str, where: str) -> Rgba:
    """Return a picture as sRGB and coverage, float32 [H, W, 4] in [0, 1].

    Args:
        image: File or its bytes.
        where: For messages.
    """
    name = "its image" if isinstance(image, bytes) else str(image)
    try:
        source = io.BytesIO(image if isinstance(image, bytes) else Path(image).read_bytes())
        with Image.open(source) as opened:
            if opened.width * opened.height > _LARGEST_IMAGE:
                raise InputError(
                    f"{where}: {name} has {opened.width} x {opened.height} pixels, needed at most"
                    f" {_LARGEST_IMAGE // 1_000_000} million; scale it down"
                )
            pixels = np.asarray(opened.convert("RGBA"), np.float32) / 255
    except FileNotFoundError:
        raise InputError(f"{where}: {name} is not there; give the path of a PNG, JPEG or WebP file") from None
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise InputError(f"{where}: {name} cannot be read as a picture; give a PNG, JPEG or WebP file") from None
    return np.array(pixels)


def lay_picture(picture: Rgba, corners_px: Line, shape: tuple[int, int]) -> Rgba:
    """Return a picture as it lies on a raster, premultiplied by its coverage, float32 [H, W, 4].

    Args:
        picture: float32 [h, w, 4] sRGB and coverage.
        corners_px: float64 [4, 2] of its lower left, lower right, upper right, upper left corner: column and row, where
            the middle of the first pixel is (0, 0) [px].
        shape: Rows and columns of the raster.
    """
    wide = float(np.linalg.norm(corners_px[1] - corners_px[0]))
    tall = float(np.linalg.norm(corners_px[3] - corners_px[0]))
    ready = np.concatenate([picture[..., :3] * picture[..., 3:], picture[..., 3:]], axis=2)
    size = (max(1, round(wide)), max(1, round(tall)))
    if size[0] < picture.shape[1] or size[1] < picture.shape[0]:
        fitting = (min(size[0], picture.shape[1]), min(size[1], picture.shape[0]))
        ready = cv2.resize(ready, fitting, interpolation=cv2.INTER_AREA)
    # half a pixel of nothing around it, so that its border is as smooth as its inside
    ready = cv2.copyMakeBorder(ready, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    h, w = ready.shape[0] - 2, ready.shape[1] - 2
    source = np.array([[0.5, h + 0.5], [w + 0.5, h + 0.5], [w + 0.5, 0.5], [0.5, 0.5]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, np.asarray(corners_px, np.float32))
    laid = cv2.warpPerspective(ready, matrix, (shape[1], shape[0]), flags=cv2.INTER_LINEAR)
    return np.asarray(np.clip(laid, 0, 1), np.float32)


def over(under: Floats, laid: Rgba) -> Floats:
    """Return a premultiplied picture laid over colours [..., 3]."""
    return np.asarray(under * (1 - laid[..., 3:]) + laid[..., :3], np.float32)


def paint_print_mark(brush: Brush, mark: Mark, points: Line) -> None:
    """Paint the print of a pattern at the sheet's own fineness."""
    image, sheet = mark.options.get("image"), brush.sheet
    where = f"panel {brush.name!r}: print mark"
    if not isinstance(image, str) or len(points) != 4:
        raise InputError(f"{where}: needed the option image, a file's path, and four corners, found {len(points)}")
    picture = read_picture(image, where)
    room = 2 * sheet.texel
    rows, columns = sheet.window(points.min(axis=0) - room, points.max(axis=0) + room)
    pixels = np.stack([points[:, 0], sheet.metres - points[:, 1]], axis=1) / sheet.texel - 0.5
    laid = lay_picture(
        picture, pixels - (columns.start, rows.start), (rows.stop - rows.start, columns.stop - columns.start)
    )
    laid[sheet.owner[rows, columns] != brush.panel] = 0
    sheet.color[rows, columns] = over(sheet.color[rows, columns], laid)


def _anchor(panel: Panel, anchor: Anchor) -> NDArray[np.float64]:
    """Return the point that a print's middle is counted from, in the panel's frame [m]."""
    if anchor == "panel":
        return np.zeros(2)
    outline = panel.outline
    middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
    if anchor == "center":
        return np.asarray(middle)
    if panel.placement.limb != "torso":
        raise UsageError(
            f"print on {panel.name!r}: the anchor {anchor!r} needs a panel of the torso; use 'center' or 'panel'"
        )
    chest = _CHEST_HEIGHT - panel.placement.height
    if anchor == "chest":
        return np.array([middle[0], chest])
    left = 1.0 if np.cos(panel.placement.angle) > 0 else -1.0
    return np.array([middle[0] + left * _LOGO_OUT, chest])


def _check_on_panel(panel: Panel, corners: Line, size: tuple[float, float]) -> None:
    outline = panel.outline
    extent = np.ptp(outline, axis=0)
    room = np.ptp(corners, axis=0)
    said = f"print on {panel.name!r}: {100 * size[0]:.1f} x {100 * size[1]:.1f} cm"
    if (room > extent).any():
        raise UsageError(
            f"{said} is larger than the panel, {100 * extent[0]:.1f} x {100 * extent[1]:.1f} cm; make it narrower"
        )
    contour = np.asarray(outline, np.float32).reshape(-1, 1, 2)
    ring = np.concatenate([corners, corners[:1]])
    border = np.concatenate(
        [a + (b - a) * np.linspace(0, 1, max(2, int(np.hypot(*(b - a)) / _PROBE)))[:, None] for a, b in pairwise(ring)]
    )
    depth = np.array([cv2.pointPolygonTest(contour, (float(x), float(y)), True) for x, y in border])
    if depth.min() < 0:
        worst = border[int(depth.argmin())]
        middle = corners.mean(axis=0)
        sides = ("right" if worst[0] > middle[0] else "left", "top" if worst[1] > middle[1] else "bottom")
        raise UsageError(
            f"{said} lies {-100 * float(depth.min()):.1f} cm off the panel at its {sides[1]} {sides[0]};"
            " move it or make it narrower"
        )
