from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from dressform.authoring.paint.look import ClothLook
from dressform.authoring.paint.painting import painted
from dressform.authoring.paint.seams import ROW_GAP
from dressform.authoring.paint.sheet import Sheet
from dressform.authoring.patterns.pattern import Mark
from dressform.schemas.errors import InputError

PLAIN = ClothLook((0.75, 0.75, 0.75), "jersey", stitch=(0.9, 0.0, 0.0))
DENIM = ClothLook((0.17, 0.23, 0.36), "denim", wash=0.6)
MIDDLE = np.array([0.0, 0.11])
BOX = np.array([(-0.02, 0.09), (0.02, 0.09), (0.02, 0.14), (-0.02, 0.14)])
LINE = np.array([(-0.03, 0.10), (0.03, 0.12)])

# kind, points, options, how far from the points it may reach [m]
MARKS = {
    "stitch": (LINE, {"rows": 2.0, "gap": 0.004, "inset": 0.001}, 0.009),
    "bar tack": (LINE, {"name": "bar tack"}, 0.005),
    "seam": (LINE, {"finish": "twin"}, 0.024),
    "patch": (BOX, {"rows": 2.0}, 0.018),
    "pocket": (BOX, {"hem": 0.015, "name": "pocket"}, 0.018),
    "belt loop": (BOX, {"name": "belt loop"}, 0.018),
    "welt": (BOX[[0, 1, 1, 0]] + [(0, 0), (0, 0), (0, 0.012), (0, 0.012)], {}, 0.012),
    "single welt": (BOX, {"lips": 1.0}, 0.012),
    "button": (MIDDLE[None], {"radius": 0.006}, 0.0125),
    "shank": (MIDDLE[None], {"radius": 0.008, "name": "jeans"}, 0.0165),
    "buttonhole": (MIDDLE[None], {"width": 0.018, "angle": 0.7}, 0.018),
    "rivet": (MIDDLE[None], {}, 0.009),
    "crease": (LINE, {}, 0.014),
    "zip": (LINE, {}, 0.018),
}
KIND = {
    "bar tack": "stitch", "pocket": "patch", "belt loop": "patch", "single welt": "welt", "shank": "button",
}  # fmt: skip


def mark(name: str) -> Mark:
    points, options, _ = MARKS[name]
    return Mark(KIND.get(name, name), np.asarray(points), options)


@functools.cache
def unmarked(toy, look: ClothLook) -> Sheet:
    return painted(toy(), {"main": look}, 400)


def distance(sheet: Sheet, points: np.ndarray) -> np.ndarray:
    """Return [H, W] the distance of each texel from the polygon of points on the front [m]."""
    drawn = np.ones((sheet.pixels, sheet.pixels), np.uint8)
    places = np.stack([points[:, 0], sheet.metres - points[:, 1]], axis=1) / sheet.texel - 0.5
    pixels = np.round(places).astype(np.int32)
    if len(pixels) > 2:
        cv2.fillPoly(drawn, [pixels], 0)
    else:
        cv2.line(drawn, pixels[0].tolist(), pixels[-1].tolist(), 0)
    return cv2.distanceTransform(drawn, cv2.DIST_L2, 5) * sheet.texel


@pytest.mark.parametrize(
    ("name", "look"), [*((name, PLAIN) for name in MARKS), *((name, DENIM) for name in ("seam", "patch", "pocket"))]
)
def test_a_mark_changes_the_picture_where_it_lies_and_nowhere_else(toy, name: str, look: ClothLook) -> None:
    bare, sheet = unmarked(toy, look), painted(toy(marks=[mark(name)]), {"main": look}, 400)
    points, _, reach = MARKS[name]
    apart = distance(sheet, sheet.on_sheet(0, np.asarray(points)))
    change = np.abs(sheet.color - bare.color).max(axis=2)
    assert change[apart < 0.001].max() > 0.05
    assert change[apart > reach].max() < 0.004


@pytest.mark.parametrize("name", ["stitch", "seam", "crease", "patch"])
def test_black_cloth_shows_marks_too(toy, name: str) -> None:
    black = ClothLook((0.04, 0.04, 0.045), "jersey")
    bare, sheet = unmarked(toy, black), painted(toy(marks=[mark(name)]), {"main": black}, 400)
    assert np.abs(sheet.color - bare.color).max() > 0.008


def test_rows_lie_to_the_left_of_a_line(toy) -> None:
    line = np.array([(0.0, 0.06), (0.0, 0.14)])  # upwards: its left is at smaller x
    options = {"rows": 2.0, "inset": 0.003}
    sheet = painted(toy(marks=[Mark("stitch", line, options)], turn=0.0), {"main": PLAIN}, 600)
    red = np.clip(sheet.color[..., 0] - sheet.color[..., 1] - 0.1, 0, None).sum(axis=0)
    busy = np.flatnonzero(red > 0.25 * red.max())
    runs = np.split(busy, np.flatnonzero(np.diff(busy) > 1) + 1)
    places = [np.average((run + 0.5) * sheet.texel, weights=red[run]) - sheet.offsets[0][0] for run in runs]
    assert places == pytest.approx([-0.003 - ROW_GAP, -0.003], abs=0.0003)


def test_a_pocket_is_open_above_and_stitched_around(toy) -> None:
    def threads(options: dict[str, float | str]) -> np.ndarray:
        sheet = painted(toy(marks=[Mark("patch", BOX, options)], turn=0.0), {"main": PLAIN}, 600)
        red = np.clip(sheet.color[..., 0] - sheet.color[..., 1] - 0.1, 0, None)
        x, y = sheet.on_sheet(0, np.array([0.0, 0.0]))
        row, column = int((sheet.metres - y) / sheet.texel), int(x / sheet.texel)
        mm = sheet.texel * 1000
        near_top = red[row - round(139.5 / mm) : row - round(135 / mm), column - 20 : column + 20]
        near_foot = red[row - round(95 / mm) : row - round(90.5 / mm), column - 20 : column + 20]
        at_hem = red[row - round(129 / mm) : row - round(124 / mm), column - 20 : column + 20]
        return np.array([near_top.sum(), near_foot.sum(), at_hem.sum()]) > 0

    assert threads({}).tolist() == [True, True, False]
    assert threads({"name": "pocket"}).tolist() == [False, True, False]
    assert threads({"hem": 0.015}).tolist() == [False, True, True]


def test_a_patch_covers_what_lies_below(toy) -> None:
    seam = Mark("seam", np.array([(-0.04, 0.115), (0.04, 0.115)]), {})
    cloth = replace(PLAIN, stitch=None)
    sheet = painted(toy(marks=[Mark("patch", BOX, {"rows": 0.0}), seam]), {"main": cloth}, 600)
    row = int((sheet.metres - sheet.offsets[0][1] - 0.115) / sheet.texel)
    column = int(sheet.offsets[0][0] / sheet.texel)
    inside = sheet.color[row - 8 : row + 8, column - 10 : column + 10, 0].mean(axis=1)
    outside = sheet.color[row - 8 : row + 8, column + 58 : column + 68, 0].mean(axis=1)
    assert np.ptp(inside) < 0.05
    assert np.ptp(outside) > 0.15


def test_the_print_of_a_pattern_lies_in_its_corners(toy, tmp_path: Path) -> None:
    picture = np.zeros((20, 20, 3), np.uint8)
    picture[:10, :10] = (255, 0, 0)  # its upper left quarter is red
    Image.fromarray(picture).save(tmp_path / "logo.png")
    sheet = painted(toy(marks=[Mark("print", BOX, {"image": str(tmp_path / "logo.png")})]), {"main": PLAIN}, 600)

    def at(x: float, y: float) -> np.ndarray:
        place = sheet.on_sheet(0, np.array([x, y])) / sheet.texel
        return sheet.color[sheet.pixels - 1 - int(place[1]), int(place[0])]

    assert at(-0.01, 0.13) == pytest.approx([1, 0, 0], abs=0.02)
    assert at(0.01, 0.13) == pytest.approx([0, 0, 0], abs=0.02)
    assert at(-0.01, 0.10) == pytest.approx([0, 0, 0], abs=0.02)
    assert at(-0.025, 0.13) == pytest.approx([0.75] * 3, abs=0.06)


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("stitch", {"rows": "two"}, "rows is 'two'"),
        ("seam", {"finish": "zigzag"}, "finish is 'zigzag'"),
        ("rivet", {"color": "brass"}, "#rrggbb"),
        ("zip", {"width": -0.1}, "width is -0.1"),
        ("print", {}, "image"),
        ("print", {"image": "nowhere.png"}, "nowhere.png is not there"),
    ],
)
def test_bad_options_name_panel_mark_and_option(toy, kind: str, options: dict[str, float | str], said: str) -> None:
    with pytest.raises(InputError, match="panel 'front'") as caught:
        painted(toy(marks=[Mark(kind, BOX, options)]), {"main": PLAIN}, 600)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
