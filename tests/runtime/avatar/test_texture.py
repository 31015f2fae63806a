from __future__ import annotations

import numpy as np
import pytest

from dressform.runtime.avatar.detect import detect_person
from dressform.runtime.avatar.face_landmarks import find_face
from dressform.runtime.avatar.photo import photo_from_array
from dressform.runtime.avatar.photo_skin import plausible_skin, read_skin
from dressform.runtime.avatar.silhouette import view_body
from dressform.runtime.avatar.texture import _skin_texels, skin_likeness
from dressform.runtime.render.colour import linear_to_srgb, srgb_to_linear

TONE = np.array([0.45, 0.28, 0.20], np.float32)


def test_skin_likeness_knows_light_from_colour():
    colours = np.array([TONE, 0.6 * TONE, 1.4 * TONE, [0.1, 0.2, 0.5], [0.3, 0.3, 0.3], 0.02 * TONE], np.float32)
    likeness = skin_likeness(colours, TONE)
    assert likeness[:3].min() > 0.9
    assert likeness[3:].max() < 0.1


def test_implausible_skin_is_brought_back():
    np.testing.assert_allclose(plausible_skin(TONE), TONE, atol=1e-6)
    for tinted in ([0.2, 0.4, 0.2], [0.2, 0.2, 0.6], [0.9, 0.9, 0.9], [0.001, 0.0, 0.0]):
        red, green, blue = plausible_skin(np.array(tinted, np.float32))
        assert 0.03 <= red <= 0.62
        assert blue <= green <= 0.81 * red


def read(known, rgb=None):
    """Read from a picture of which everything but the looks is known exactly, or from that picture recoloured."""
    photo = photo_from_array(known.rgb)
    seen = detect_person(photo)
    marks = find_face(photo.rgb, seen)
    vertices = known.rest.posed_vertices(known.pose)
    view = view_body(known.rest.body, vertices, known.camera)
    shown = photo if rgb is None else photo_from_array(rgb)
    return read_skin(shown, seen, marks, known.rest, vertices, known.camera, view)


@pytest.fixture(scope="module")
def known(person, models):
    return person(turn=0.25, size=(900, 1200))


@pytest.fixture(scope="module")
def skin(known):
    return read(known)


def test_only_face_and_forearms_are_taken(skin):
    raster, head, forearm = _skin_texels()
    confidence = skin.texture.confidence[raster.rows, raster.columns]
    assert confidence[(head < 0.01) & (forearm < 0.01)].max() < 0.01
    assert (confidence[head > 0.9] > 0.5).mean() > 0.04


def test_taken_skin_has_the_tone_and_no_light_in_it(skin):
    raster, head, _ = _skin_texels()
    at = (raster.rows, raster.columns)
    trusted = (skin.texture.confidence[at] > 0.8) & (head > 0.5)
    linear = srgb_to_linear(skin.texture.rgb[at][trusted])
    np.testing.assert_allclose(np.median(linear, 0), skin.skin_tone, rtol=0.12)
    assert np.quantile(linear.mean(1), 0.99) < 1.2 * np.mean(skin.skin_tone)  # no shine painted on


def test_the_face_is_alike_on_both_sides(skin):
    """The far cheek, hardly seen, is filled from the near one."""
    raster, head, _ = _skin_texels()
    from dressform.runtime.avatar.texture import _twins

    confidence = skin.texture.confidence[raster.rows, raster.columns]
    well = (confidence > 0.9) & (head > 0.9)
    assert (confidence[_twins()[well]] > 0.5).mean() > 0.8


def test_a_tint_that_skin_cannot_have_is_the_lights(known, skin):
    """Under a blue lamp skin looks as no skin does; skin times light is still what was seen."""
    lamp = np.array([0.45, 0.75, 1.0], np.float32)
    tinted = np.rint(255 * linear_to_srgb(srgb_to_linear(known.rgb) * lamp)).astype(np.uint8)
    found = read(known, tinted)
    shown, bare = (np.array(each.skin_tone) * each.light[0] for each in (found, skin))
    np.testing.assert_allclose(shown / bare, lamp, rtol=0.05)
    tint = found.light[0] / skin.light[0]
    assert tint[2] / tint[0] > 1.15
    np.testing.assert_allclose(plausible_skin(np.array(found.skin_tone, np.float32)), found.skin_tone, atol=1e-6)


def test_a_distant_face_is_left_out(person, models):
    skin = read(person(size=(300, 400)))
    assert "face_not_taken" in skin.flags
    raster, head, _ = _skin_texels()
    if skin.texture is not None:
        assert skin.texture.confidence[raster.rows, raster.columns][head > 0.9].max() == 0.0
