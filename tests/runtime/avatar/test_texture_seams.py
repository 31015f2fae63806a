"""Where skin from one side of a face is filled in on the other, nothing shows."""

import numpy as np
import pytest

from dressform.runtime.avatar.detect import detect_person
from dressform.runtime.avatar.face_landmarks import NOSE_TIP, face_vertices, find_face
from dressform.runtime.avatar.photo import photo_from_array
from dressform.runtime.avatar.silhouette import view_body
from dressform.runtime.avatar.texture import body_texels, make_texture
from dressform.runtime.render.harmonics import BASIS_SCALE

TONE = np.array([0.45, 0.28, 0.20], np.float32)
EVEN = np.zeros((9, 3), np.float32)
EVEN[0] = 1.0 / BASIS_SCALE[0]


@pytest.fixture(scope="module")
def take(person, models):
    """How to take a texture from a picture whose body, pose and camera are the truth."""
    known = person(turn=0.25, size=(900, 1200))
    seen = detect_person(photo_from_array(known.rgb))
    marks = find_face(known.rgb, seen)
    vertices = known.rest.posed_vertices(known.pose)
    texels = body_texels(known.rest, vertices, known.camera, view_body(known.rest.body, vertices, known.camera))
    face = (marks, known.camera.project(vertices[face_vertices().vertices])[:, :2].astype(np.float32))

    def texture(*, half=False, flat=False):
        mask = seen.mask.copy()
        if half:
            mask[:, int(marks.points_px[NOSE_TIP, 0]) :] = 0.0
        rgb = np.full_like(known.rgb, (179, 144, 123)) if flat else known.rgb
        return make_texture(rgb, mask, texels, TONE, EVEN, face)

    return texture


def steps(texture):
    """Differences of neighbours in a row: of trusted colours [8-bit steps], and of trust."""
    trust = texture.confidence
    both = np.minimum(trust[:, 1:], trust[:, :-1]) > 0.3
    colour = np.abs(np.diff(texture.rgb.astype(int), axis=1)).max(axis=2)
    return colour[both], np.abs(np.diff(trust, axis=1))


def test_an_unseen_half_of_the_face_is_filled_from_the_other(take):
    whole, half = take(), take(half=True)
    known, filled = whole.confidence > 0.5, half.confidence > 0.5
    assert filled.sum() > 0.8 * known.sum()
    both = known & filled
    assert np.abs(whole.rgb[both].astype(int) - half.rgb[both]).mean() < 8


def test_the_fill_has_no_seam(take):
    whole, half = take(), take(half=True)
    colours, filled_colours = steps(whole)[0], steps(half)[0]
    for share in (0.9, 0.99, 0.999):
        assert np.quantile(filled_colours, share) <= 1.2 * np.quantile(colours, share) + 1
    for texture in (whole, half):
        assert steps(texture)[1].max() < 0.15  # trust ends softly
        assert np.median(steps(texture)[0]) <= 2


def test_skin_of_one_colour_stays_so(take):
    for half in (False, True):
        texture = take(half=half, flat=True)
        trusted = texture.rgb[texture.confidence > 0.1].astype(int)
        assert np.ptp(trusted, axis=0).max() <= 12
