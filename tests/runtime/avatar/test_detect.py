from __future__ import annotations

import numpy as np
import pytest

from dressform.runtime.avatar.detect import LANDMARKS, detect_person, detect_persons
from dressform.runtime.avatar.face_landmarks import face_vertices, find_face
from dressform.runtime.avatar.photo import photo_from_array
from dressform.schemas.errors import InputError, UsageError

pytestmark = pytest.mark.usefixtures("models")
BACKDROP = (222, 221, 220)


def test_landmarks_lie_on_the_body(standing):
    found = detect_person(photo_from_array(standing.rgb))
    joints = standing.camera.project(standing.rest.posed_joints(standing.pose))[:, :2]
    for name, joint in (
        ("left_shoulder", 16),
        ("right_elbow", 19),
        ("left_wrist", 20),
        ("right_knee", 5),
        ("left_ankle", 7),
    ):
        assert np.linalg.norm(found.points_px[LANDMARKS.index(name)] - joints[joint]) < 16.0, name
    assert found.visibility.min() > 0.3
    assert (found.world[LANDMARKS.index("left_ankle"), 1] > 0.5).all()  # y down, metres about the hips


def test_mask_is_the_person(standing):
    mask = detect_person(photo_from_array(standing.rgb)).mask > 0.5
    assert mask.shape == standing.mask.shape
    assert (mask & standing.mask).sum() / (mask | standing.mask).sum() > 0.85


def test_landmarks_do_not_depend_on_the_picture_size(standing):
    small = detect_person(photo_from_array(standing.rgb))
    doubled = detect_person(photo_from_array(np.repeat(np.repeat(standing.rgb, 2, 0), 2, 1)))
    gap = np.linalg.norm(doubled.points_px / 2 - small.points_px, axis=1)
    assert np.median(gap) < 2.0


def test_several_persons_need_a_number(standing, person):
    left, right = standing.rgb, person(turn=-0.4).rgb
    photo = photo_from_array(np.concatenate([left, right], axis=1), "two.jpg")
    with pytest.raises(
        UsageError, match=r"two.jpg: 2 persons found; choose one with --person N, N from 1 \(left\) to 2"
    ):
        detect_person(photo)
    first, second = detect_person(photo, 1), detect_person(photo, 2)
    assert first.points_px[:, 0].mean() < 600 < second.points_px[:, 0].mean()
    with pytest.raises(UsageError, match="--person 3 is not there"):
        detect_person(photo, 3)


def test_a_passer_by_is_no_second_subject(standing):
    picture = standing.rgb.copy()
    small = standing.rgb[::5, ::5]
    wide = np.concatenate([picture, np.full((800, 160, 3), BACKDROP, np.uint8)], axis=1)
    wide[400 : 400 + small.shape[0], 620 : 620 + small.shape[1]] = small
    assert len(detect_persons(photo_from_array(wide))) == 1


@pytest.mark.parametrize("kind", ["plain", "noise"])
def test_nobody(kind):
    rng = np.random.default_rng(0)
    picture = (
        np.full((400, 300, 3), 120, np.uint8) if kind == "plain" else rng.integers(0, 255, (400, 300, 3), np.uint8)
    )
    with pytest.raises(InputError, match="no person found"):
        detect_person(photo_from_array(picture))


def test_face_marks_match_the_bodys_vertices(standing):
    marks = find_face(standing.rgb, detect_person(photo_from_array(standing.rgb)))
    assert marks is not None
    pairs = face_vertices()
    vertices = standing.rest.posed_vertices(standing.pose)[pairs.vertices]
    gap = marks.points_px[pairs.marks] - standing.camera.project(vertices)[:, :2]
    assert np.linalg.norm(gap, axis=1).mean() < 0.12 * marks.eye_distance_px
