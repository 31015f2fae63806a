from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dressform.authoring.paint.look import ClothLook, Stripe
from dressform.authoring.paint.painting import paint_sheet, painted
from dressform.authoring.paint.seams import EDGE_ROW, HEM_ROW, ROW_GAP
from dressform.authoring.paint.sheet import MARGIN, Sheet
from dressform.authoring.patterns.pattern import EdgeRef, Seam
from dressform.schemas.errors import InputError

HEIGHT = 0.20  # of the panels
PLAIN = ClothLook((0.75, 0.75, 0.75), "jersey", stitch=(0.9, 0.0, 0.0))
DENIM = ClothLook((0.17, 0.23, 0.36), "denim", stitch=(0.9, 0.1, 0.1), wash=0.6)


def thread(sheet: Sheet) -> np.ndarray:
    """Return [H, W] how red each texel is."""
    return np.clip(sheet.color[..., 0] - sheet.color[..., 1] - 0.1, 0, None)


def rows_beside(sheet: Sheet, at: float, low: float, high: float, upright: bool = True) -> list[float]:
    """Return the distances [m] from a line on the sheet at which rows of stitches run, leftwards or upwards."""
    red = thread(sheet)
    texel = sheet.texel
    if upright:
        column = int(at / texel)
        rows = slice(int((sheet.metres - high) / texel), int((sheet.metres - low) / texel))
        profile = red[rows, :column].mean(axis=0)[::-1]
        places = at - (column - np.arange(column) - 0.5) * texel
    else:
        row = int((sheet.metres - at) / texel)
        profile = red[:row, int(low / texel) : int(high / texel)].mean(axis=1)[::-1]
        places = (sheet.metres - at) - (row - np.arange(row) - 0.5) * texel
    found = []
    busy = np.flatnonzero(profile > 0.25 * profile.max())
    for run in np.split(busy, np.flatnonzero(np.diff(busy) > 1) + 1):
        found.append(float(np.average(places[run], weights=profile[run])))
    return found


def test_stitches_run_at_their_distance_from_the_seam(toy) -> None:
    sheet = painted(toy("twin", turn=0.0), {"main": PLAIN}, 600)
    line = sheet.offsets[0][0] + 0.05
    assert rows_beside(sheet, line, 0.08, 0.22) == pytest.approx([EDGE_ROW, EDGE_ROW + ROW_GAP], abs=0.00025)
    sheet = painted(toy("edge", turn=0.0), {"main": PLAIN}, 600)
    assert rows_beside(sheet, line, 0.08, 0.22) == pytest.approx([EDGE_ROW], abs=0.00025)
    assert thread(painted(toy("plain", turn=0.0), {"main": PLAIN}, 600)).max() == 0


def test_hems_are_stitched_at_the_end_of_their_turn(toy) -> None:
    for rows, expected in ((1, [0.018]), (2, [0.018 - 0.75 * ROW_GAP, 0.018]), (0, [])):
        sheet = painted(toy(turn=0.018 + HEM_ROW), {"main": replace(PLAIN, hem_rows=rows)}, 600)
        if rows:
            assert rows_beside(sheet, 0.05, 0.06, 0.12, upright=False) == pytest.approx(expected, abs=0.00025)
        else:
            assert thread(sheet).max() == 0


def test_facings_are_folded_but_not_topstitched(toy) -> None:
    mesh = toy(turn=0.0)
    front = mesh.pattern.panels[0]
    edges = tuple(replace(edge, turn=0.02) if edge.name == "top" else edge for edge in front.edges)
    pattern = replace(mesh.pattern, panels=(replace(front, edges=edges), *mesh.pattern.panels[1:]))
    faced = painted(replace(mesh, pattern=pattern), {"main": PLAIN}, 600)
    assert thread(faced).max() == 0
    assert np.abs(faced.color - painted(mesh, {"main": PLAIN}, 600).color).max() > 0.005


def test_only_legs_fade_where_they_are_worn(toy) -> None:
    from dressform.authoring.paint.wash import wear

    mesh = toy(turn=0.0)
    legs = [
        replace(panel, placement=replace(panel.placement, limb="left_leg", height=0.9)) for panel in mesh.pattern.panels
    ]
    legged = replace(mesh, pattern=replace(mesh.pattern, panels=tuple(legs)))
    for cut, faded in ((mesh, False), (legged, True)):
        sheet = Sheet(cut, 400)
        sheet.color[:] = 0.2
        for panel in (0, 1):
            wear(sheet, panel, DENIM)
        assert (sheet.color[sheet.beyond == 0].max() > 0.22) == faded


def test_single_stitches_have_their_length(toy) -> None:
    look = replace(PLAIN, stitch_length=0.003, stitch_gap=0.001)
    sheet = painted(toy("edge", turn=0.0), {"main": look}, 1200)
    column = int((sheet.offsets[0][0] + 0.05 - EDGE_ROW) / sheet.texel)
    on = thread(sheet)[int(0.06 / sheet.texel) : int(0.24 / sheet.texel), column] > 0.2
    starts = np.flatnonzero(on[1:] & ~on[:-1])
    assert np.diff(starts).mean() * sheet.texel == pytest.approx(0.004, abs=0.0001)
    assert on.mean() == pytest.approx(0.75, abs=0.06)


def test_tone_runs_on_across_a_seam(toy) -> None:
    from dressform.authoring.paint.tone import over_panel, slow_noise

    mesh = toy()
    sheet = Sheet(mesh, 600)
    slow = slow_noise(mesh)
    sides = []
    for panel, x in ((0, 0.0495), (1, -0.0495)):
        values = np.full(sheet.pixels**2, np.nan, np.float32)
        index = sheet.texels(panel)
        values[index] = over_panel(sheet, panel, index, slow)
        place = sheet.offsets[panel] + np.array([x, 0.0])
        column = int(place[0] / sheet.texel)
        sides.append(values.reshape(600, 600)[120:480, column])
    assert np.nanstd(sides[0]) > 0.1
    assert np.abs(sides[0] - sides[1]).max() < 0.12 * np.ptp(slow)


def test_cloth_goes_on_past_the_edges_and_nothing_else_is_painted(toy) -> None:
    sheet = painted(toy("twin"), {"main": DENIM}, 600)
    near = (sheet.beyond > 0.005) & (sheet.beyond < 0.015)
    assert np.abs(sheet.color[near].mean(axis=0) - DENIM.color).max() < 0.03
    assert sheet.color[near].std() > 0.01
    far = sheet.beyond > MARGIN
    assert far.any()
    assert np.ptp(sheet.color[far], axis=0).max() == 0


def test_slots_have_their_own_cloth(toy) -> None:
    sheet = painted(toy(slot="rib"), {"main": PLAIN, "rib": ClothLook((0.1, 0.1, 0.4), "knit rib")}, 600)
    for panel, color in ((0, (0.75, 0.75, 0.75)), (1, (0.1, 0.1, 0.4))):
        row, column = int((0.30 - 0.15) / sheet.texel), int(sheet.offsets[panel][0] / sheet.texel)
        assert sheet.color[row - 20 : row + 20, column - 20 : column + 20].mean(axis=(0, 1)) == pytest.approx(
            color, abs=0.03
        )


def test_stripes_lie_level_at_their_period(toy) -> None:
    stripe = Stripe((0.0, 0.0, 0.0), 0.01, 0.04)
    sheet = painted(toy(), {"main": replace(PLAIN, stripes=(stripe,))}, 600)
    column = int(sheet.offsets[0][0] / sheet.texel)
    dark = sheet.color[:, column, 1] < 0.4
    heights = sheet.metres - (np.flatnonzero(dark) + 0.5) * sheet.texel - sheet.offsets[0][1] + 0.8
    inside = heights[(heights > 0.82) & (heights < 0.98)]
    assert len(inside) * sheet.texel == pytest.approx(0.04, abs=0.002)
    assert np.abs((inside + 0.02) % 0.04 - 0.02).max() < 0.0055


def test_the_picture_is_a_jpeg_of_the_side_asked_for_and_always_the_same(toy) -> None:
    first = paint_sheet(toy("twin"), {"main": DENIM}, pixels=600)
    assert first.base_color == paint_sheet(toy("twin"), {"main": DENIM}, pixels=600).base_color
    with Image.open(io.BytesIO(first.base_color)) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (600, 600)
    assert first.figures["bytes"] == len(first.base_color)
    assert first.figures["texel_mm"] == pytest.approx(0.5)


def test_bad_looks_are_refused(toy) -> None:
    with pytest.raises(InputError, match="no look for main"):
        painted(toy(), {"rib": PLAIN}, 600)
    with pytest.raises(InputError, match="'gabardine'"):
        painted(toy(), {"main": replace(PLAIN, fabric="gabardine")}, 600)
    with pytest.raises(InputError, match="multiple of 4"):
        painted(toy(), {"main": PLAIN}, 601)
    for bad in ({"color": (2.0, 0.0, 0.0)}, {"wash": 1.5}, {"hem_rows": 9}, {"thread": 0.01}, {"stitch_length": 0.1}):
        with pytest.raises(InputError, match="look"):
            replace(PLAIN, **bad)
    with pytest.raises(InputError, match="stripe"):
        Stripe((0, 0, 0), 0.05, 0.04)


def test_a_dart_runs_out_before_its_tip(toy) -> None:
    mesh = toy(turn=0.0)
    sides = Seam((EdgeRef("front", "right"),), (EdgeRef("front", "top"),))  # they meet at a corner, as a dart's do
    sewn = painted(replace(mesh, pattern=replace(mesh.pattern, seams=(sides,))), {"main": PLAIN}, 600)
    plain = painted(replace(mesh, pattern=replace(mesh.pattern, seams=())), {"main": PLAIN}, 600)
    shade = (plain.color - sewn.color).mean(axis=-1)
    x, y = sewn.offsets[0] + [0.05, HEIGHT]  # the tip on the sheet [m]
    column = int(x / sewn.texel) - 1

    def darkness(below: float) -> float:
        row = int((sewn.metres - (y - below)) / sewn.texel)
        return float(shade[row - 1 : row + 2, column].mean())

    assert darkness(0.05) > 0.03
    assert darkness(0.003) < 0.3 * darkness(0.05)
