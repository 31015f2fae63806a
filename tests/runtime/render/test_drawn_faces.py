"""Which faces are drawn: those of an outer layer, coarse ones instead of fine ones, and what the sun sees of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dressform.runtime.geometry.coarse import CoarseFaces
from dressform.runtime.render.colour import linear_to_srgb, srgb_to_linear
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Camera

from .small_scenes import BARE, EVEN, FRONT, SIZE, facing_quad, grey, mesh, picture, quad


@pytest.mark.parametrize(("behind", "seen"), [(0.002, 220), (0.005, 60)])
def test_an_outer_layer_is_seen_where_the_one_below_comes_through_by_millimetres(behind: float, seen: int) -> None:
    inner, inner_points = facing_quad(0.3, 0.0, grey(60))
    outer, outer_points = facing_quad(0.3, behind, grey(220))
    renderer = Renderer([inner, replace(outer, layer=1)], [4, 4], size=SIZE)
    renderer.set_vertices(np.concatenate([inner_points, outer_points]))
    frame = renderer.render(FRONT, EVEN, BARE)
    expected = linear_to_srgb(0.5 * srgb_to_linear(np.array([[[seen] * 3]], np.uint8)))
    np.testing.assert_allclose(frame.rgb[48, 48] / 255, expected[0, 0], atol=0.02)
    assert frame.depth[48, 48] == pytest.approx(4 + (behind if seen == 220 else 0), abs=2e-4)


def test_coarse_faces_are_drawn_instead_of_fine_ones_and_hidden_ones_stay_hidden() -> None:
    count = 9
    across = np.linspace(-0.5, 0.5, count)
    points = np.array([(x, 0.0, 1 + z) for z in across for x in across], np.float32)
    corner = np.arange(count * count).reshape(count, count)
    a, b, c, d = (part.ravel() for part in (corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]))
    fine = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)]).astype(np.int32)
    quarters = [(corner[0, j], corner[0, j + 2], corner[-1, j + 2], corner[-1, j]) for j in range(0, count - 1, 2)]
    coarse = np.array([t for p, q, r, s in quarters for t in ((p, q, r), (p, r, s))], np.int32)
    plain = mesh("sheet", fine, len(points), grey(200))
    whole = picture([(plain, points)])
    drawn = replace(plain, coarse=CoarseFaces(coarse, coarse))
    assert np.abs(picture([(drawn, points)]).astype(int) - whole).max() <= 1
    # with the left half hidden, the quarter left of the middle still touches what is shown; the one beyond does not
    left = points[fine][:, :, 0].max(axis=1) < 0.01
    half = picture([(replace(drawn, hidden=left), points)])
    row, middle, quarter = SIZE[1] // 2, SIZE[0] // 2, int(0.25 * FRONT.focal_px / 4)
    assert half[row, middle + quarter // 2].any()
    assert half[row, middle - quarter // 2].any()
    assert whole[row, middle - quarter - 4].any()
    assert not half[row, middle - quarter - 4].any()


def test_what_has_one_side_casts_a_shadow_when_it_faces_the_sun() -> None:
    """And so does what has two, either way."""
    floor, floor_points = quad([(-2, -2, 0), (2, -2, 0), (2, 2, 0), (-2, 2, 0)], grey(200))
    light = replace(EVEN, sun_direction=(0.0, 0.0, 1.0), sun_color=(0.5, 0.5, 0.5))
    above = [(-0.4, -0.4, 0.5), (0.4, -0.4, 0.5), (0.4, 0.4, 0.5), (-0.4, 0.4, 0.5)]
    camera = Camera.look_at((0, -3, 0.2), (0, 0, 0.1), 0.6, SIZE)
    seen = camera.project(np.array([0.0, 0.0, 0.0]))
    shades = []
    for corners in (above, above[::-1]):
        for sided in (True, False):
            plate, points = quad(corners, grey(200, double_sided=sided))
            renderer = Renderer([floor, plate], [4, 4], SIZE)
            renderer.set_vertices(np.concatenate([floor_points, points]))
            shown = renderer.render(camera, light, BARE).rgb
            shades.append(int(shown[int(seen[1]), int(seen[0]), 0]))
    two_up, one_up, two_down, one_down = shades
    assert two_up == two_down == one_up < one_down - 20


def test_coarse_faces_are_checked() -> None:
    plain, points = facing_quad(0.5, 0.0, grey(200))
    bad = np.array([[0, 1, 9]], np.int32)
    with pytest.raises(ValueError, match=r"coarse\.faces must be indices from 0 to 3"):
        Renderer([replace(plain, coarse=CoarseFaces(bad, bad))], [len(points)], SIZE)
