"""What is worked on a panel: topstitching, yokes and darts, pockets, welts, creases.

Options of a mark that are read, lengths in metres, angles in radians counter-clockwise:

- stitch: `rows` (1), `inset` (0) of the first row to the line's left, `gap` (6 mm) to the next; the `name` "bar tack"
  is one bar of close stitches.
- seam: `finish` ("plain", "edge", "twin"), `side` ("left" of the line or "right") that lies on top.
- patch: `rows` (1) of edge stitching, `inset` (2 mm) of the first, `gap` (6 mm), `hem` (0) depth of the hem along the
  upper side. The upper side is open, without edge stitching, where there is a hem or the `name` is "pocket"; a
  "belt loop" is held by bars at its ends.
- welt: `lips` (2, or 1: a single lip with the opening along its upper side).
- crease: `strength` (1).
- button: `radius` (5.5 mm), `painted` (1; 0 only its shadow), `holes` (4), `color` ("#rrggbb"); the `name` "jeans" is a
  metal shank.
- buttonhole: `width` (16 mm) of the slit, `angle` (0: along the panel's x).
- rivet: `radius` (3.5 mm), `color`.
- zip: `width` (6 mm) over the teeth, `tape` (24 mm) over the tape, `color`.
- print: `image`, the path of a picture, over the four corners: lower left, lower right, upper right, upper left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from dressform.authoring.patterns.pattern import Mark

from .grain import grain_of
from .lines import Line, closed, length_of
from .look import ClothLook
from .options import Brush, number, word
from .prints import paint_print_mark
from .ribbon import Ribbon, ribbon
from .seams import EDGE_ROW, ROW_GAP, SEAM_REACH, paint_seam
from .sheet import Sheet
from .stitches import sew
from .trims import bar_tack, paint_button, paint_buttonhole, paint_rivet, paint_zip

_FLAT_WELT = 0.014  # [m] a welt at most this high has two lips
_SINK = 0.0016  # [m] shadow beside a piece that lies on the cloth


def paint_marks(sheet: Sheet, looks: Mapping[str, ClothLook]) -> None:
    """Paint all marks of all panels: lines under pieces, pieces under fastenings."""
    for panel_number, panel in enumerate(sheet.mesh.pattern.panels):
        look = looks[panel.slot]
        for mark in sorted(panel.marks, key=lambda mark: _ORDER.index(mark.kind)):
            points = sheet.on_sheet(panel_number, np.asarray(mark.points, np.float64).reshape(-1, 2))
            _PAINTERS[mark.kind](Brush(sheet, panel_number, panel.name, look), mark, points)


def _stitch(brush: Brush, mark: Mark, line: Line) -> None:
    if mark.options.get("name") == "bar tack":
        bar_tack(brush, line)
        return
    rows, gap = round(number(brush, mark, "rows", 1)), number(brush, mark, "gap", ROW_GAP)
    inset = number(brush, mark, "inset", 0.0)
    near = ribbon(brush.sheet, line, brush.panel, inset + rows * gap + 0.004)
    sew(brush.sheet, near, [inset + k * gap for k in range(rows)], brush.look)


def _seam(brush: Brush, mark: Mark, line: Line) -> None:
    finish = word(brush, mark, "finish", ("plain", "edge", "twin"))
    raised = line if word(brush, mark, "side", ("left", "right")) == "left" else line[::-1]
    near = ribbon(brush.sheet, raised, brush.panel, SEAM_REACH)
    left, right = near.only(near.beside >= 0), near.only(near.beside < 0)
    paint_seam(brush.sheet, left, brush.look, finish, joins=finish != "plain")
    other = Ribbon(right.index, right.along, -right.beside, right.length)
    paint_seam(brush.sheet, other, brush.look, "plain", joins=finish != "plain")
    shadow = np.exp(-((other.beside / np.float32(0.0018)) ** 2))  # what lies on top shades what lies below
    brush.sheet.shade(other.index, np.asarray(-0.14 * shadow, np.float32))


def _crease(brush: Brush, mark: Mark, line: Line) -> None:
    strength = np.float32(number(brush, mark, "strength", 1.0))
    near = ribbon(brush.sheet, line, brush.panel, 0.012)
    ridge = np.exp(-((near.beside / np.float32(0.0011)) ** 2))
    flank = np.exp(-np.abs(near.beside) / np.float32(0.004)) * np.sign(near.beside)
    brush.sheet.shade(near.index, np.asarray(strength * (0.075 * ridge + 0.030 * flank), np.float32))


def _patch(brush: Brush, mark: Mark, outline: Line) -> None:
    """Paint a piece sewn on: cloth of its own over what lies below, raised edges, edge stitching."""
    ring, sheet = closed(outline), brush.sheet
    lay_cloth(brush, ring)
    near = ribbon(sheet, ring, brush.panel, 0.016)
    raise_piece(brush, near, ring)
    rows, inset = round(number(brush, mark, "rows", 1)), number(brush, mark, "inset", EDGE_ROW)
    gap, hem = number(brush, mark, "gap", ROW_GAP), number(brush, mark, "hem", 0.0)
    grain = grain_of(brush.look.fabric)
    inside = near.beside > 0
    drawn = np.sin(2 * np.pi * near.along / np.float32(0.009)) * np.exp(-((near.beside / np.float32(0.006)) ** 2))
    sheet.shade(near.index[inside], np.asarray(0.5 * grain.pucker * drawn[inside], np.float32))
    distances = [inset + k * gap for k in range(rows)]
    edge, rest = _opening(ring)
    name = mark.options.get("name")
    if hem <= 0 and name != "pocket":
        sew(sheet, near, distances, brush.look)
        if name == "belt loop":
            for end in (rest[[0, -1]] + 0.0025 * _across(edge), edge - 0.0025 * _across(edge)):
                bar_tack(brush, end)
        return
    sew(sheet, ribbon(sheet, rest, brush.panel, rows * gap + inset + 0.004), distances, brush.look)
    if hem <= 0:
        return
    opening = ribbon(sheet, edge, brush.panel, hem + 0.006)
    beyond = opening.beside - np.float32(hem)
    step = np.exp(-((beyond / np.float32(0.0010)) ** 2)) * (beyond > 0)
    sheet.shade(opening.index, np.asarray(-0.07 * step, np.float32))
    sew(sheet, opening, [hem - EDGE_ROW], brush.look)


def _welt(brush: Brush, mark: Mark, outline: Line) -> None:
    """Paint the lips of a pocket that is cut into the cloth."""
    ring, sheet = closed(outline), brush.sheet
    lay_cloth(brush, ring)
    edge = _long_side(ring)
    down = ring[:-1] @ _across(edge)
    depth = float(np.ptp(down))
    lips = round(number(brush, mark, "lips", 2 if depth <= _FLAT_WELT else 1))
    near = ribbon(sheet, ring, brush.panel, 0.010)
    outside = near.beside < 0
    shadow = np.where(outside, np.exp(-((near.beside / np.float32(0.0020)) ** 2)), 0)
    groove = np.exp(-((near.beside / np.float32(0.0005)) ** 2))
    crown = np.exp(-(((near.beside - np.float32(0.0016)) / np.float32(0.0010)) ** 2))
    sheet.shade(near.index, np.asarray(-0.16 * shadow - 0.32 * groove + 0.06 * crown, np.float32))
    slit = edge if lips == 1 else edge - 0.5 * depth * _across(edge)
    dark = ribbon(sheet, slit, brush.panel, 0.006)
    gap = np.exp(-((dark.beside / np.float32(0.0007)) ** 2))
    swell = np.exp(-(((np.abs(dark.beside) - np.float32(0.0020)) / np.float32(0.0011)) ** 2))
    sheet.shade(dark.index, np.asarray(-0.62 * gap + 0.05 * swell, np.float32))
    ends = [ring[np.argmin(ring @ _along(edge))], ring[np.argmax(ring @ _along(edge))]]
    for end in ends:  # the corners are held by a short bar of close stitches
        bar = np.stack([end, end])
        middle = 0.5 * (float(down.min()) + float(down.max()))
        bar[:, :] += (middle - end @ _across(edge)) * _across(edge)
        bar[0] -= 0.5 * depth * _across(edge)
        bar[1] += 0.5 * depth * _across(edge)
        bar_tack(brush, bar)


def lay_cloth(brush: Brush, ring: Line) -> None:
    """Lay plain cloth, with its grain and wear, over whatever is painted inside an outline."""
    index, share = brush.sheet.area(ring, brush.panel)
    brush.sheet.tint(index, brush.sheet.ground.reshape(-1, 3)[index], share)
    brush.sheet.shade(index, np.asarray(0.018 * share, np.float32))


def raise_piece(brush: Brush, near: Ribbon, ring: Line) -> None:
    """Paint the edge of a piece that lies on the cloth: its shadow, deepest below it, and the fold in the light."""
    sheet = brush.sheet
    places = sheet.places(near.index)
    height = (places[:, 1] - ring[:, 1].min()) / max(float(np.ptp(ring[:, 1])), 1e-6)
    below = (1.15 - 0.55 * np.clip(height, 0, 1)).astype(np.float32)
    out = np.maximum(-near.beside, 0)
    shadow = np.where(near.beside < 0, np.exp(-((out / np.float32(_SINK)) ** 2)) + 0.35 * np.exp(-out / 0.004), 0)
    line = np.exp(-((near.beside / np.float32(0.0006)) ** 2))
    crown = np.exp(-(((near.beside - np.float32(0.0014)) / np.float32(0.0010)) ** 2))
    amount = -0.26 * below * shadow - 0.22 * below * line + 0.07 * (2 - below) * crown
    sheet.shade(near.index, np.asarray((0.2 + 0.8 * grain_of(brush.look.fabric).depth) * amount, np.float32))
    wash = brush.look.wash
    if wash:
        sheet.tint(near.index, brush.look.fade, np.asarray(np.clip(0.30 * wash * crown, 0, 1), np.float32))


def _opening(ring: Line) -> tuple[Line, Line]:
    """Return the upper side of a counter-clockwise ring and the rest of it, each as a line."""
    step = np.diff(ring, axis=0)
    size = np.linalg.norm(step, axis=1)
    rising = -step[:, 0]  # the outside of a counter-clockwise side that runs to negative x is above
    level = rising > 0.7 * size
    tops = np.where(level, rising, 0.0) * (1 + ring[:-1, 1] - ring[:, 1].min())
    first = int(np.argmax(tops))
    last, start = first, first
    count = len(step)
    while last - start < count - 2 and level[(last + 1) % count] and size[(last + 1) % count] < 0.5 * size[first]:
        last += 1
    while last - start < count - 2 and level[(start - 1) % count] and size[(start - 1) % count] < 0.5 * size[first]:
        start -= 1
    corners = ring[:-1]
    edge = corners[np.arange(start, last + 2) % count]
    rest = corners[np.arange(last + 1, start + count + 1) % count]
    return edge, rest


def _long_side(ring: Line) -> Line:
    """Return the upper of the two longest sides of a counter-clockwise ring."""
    step = np.diff(ring, axis=0)
    longest = np.argsort(-np.linalg.norm(step, axis=1), kind="stable")[:2]
    first = int(longest[np.argmax(-step[longest, 0])])  # the outside of a side that runs to negative x is above
    return ring[first : first + 2]


def _along(edge: Line) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray((edge[-1] - edge[0]) / max(length_of(edge), 1e-9), np.float64)


def _across(edge: Line) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the direction out of the opening's side."""
    way = _along(edge)
    return np.array([way[1], -way[0]])


_Painter = Callable[[Brush, Mark, Line], None]
_PAINTERS: Mapping[str, _Painter] = {
    "seam": _seam,
    "crease": _crease,
    "zip": paint_zip,
    "welt": _welt,
    "patch": _patch,
    "print": paint_print_mark,
    "stitch": _stitch,
    "buttonhole": paint_buttonhole,
    "button": paint_button,
    "rivet": paint_rivet,
}
_ORDER = tuple(_PAINTERS)
