from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest
from PIL import Image

from dressform.runtime.avatar.estimate import estimate_avatar
from dressform.runtime.avatar.overlay import overlay
from dressform.runtime.avatar.silhouette import view_body
from dressform.schemas.errors import ConsentError, InputError, UsageError

pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture(scope="module")
def avatar(standing, models):
    return estimate_avatar(standing.rgb, consent="self", height_m=1.62, gender="female")


def test_body_is_the_persons(avatar, standing):
    truth = standing.rest.measures()
    assert avatar.height == pytest.approx(1.62, abs=0.004)
    for name, tolerance in (("waist", 0.07), ("hip", 0.08), ("chest", 0.08), ("inseam", 0.05)):
        assert avatar.measures[name] == pytest.approx(getattr(truth, name), abs=tolerance), name
    assert avatar.quality["mask_iou"] > 0.88
    assert avatar.quality["keypoint_error_px"] < 6.0
    assert avatar.flags == ()


def test_pose_and_camera_put_the_body_where_it_is_seen(avatar, standing):
    rest = avatar.rest()
    vertices = rest.posed_vertices(avatar.pose)
    assert abs(float(vertices[:, 2].min())) < 1e-3  # it stands on the ground
    view = view_body(rest.body, vertices, avatar.camera, max_side=800)
    assert (view.mask & standing.mask).sum() / (view.mask | standing.mask).sum() > 0.85
    found = avatar.camera.project(rest.posed_joints(avatar.pose))[:, :2]
    true = standing.camera.project(standing.rest.posed_joints(standing.pose))[:, :2]
    assert np.linalg.norm(found - true, axis=1).mean() < 10.0


def test_looks_are_the_persons(avatar):
    np.testing.assert_allclose(avatar.skin_tone, (0.45, 0.28, 0.20), rtol=0.25)
    assert max(avatar.hair_color) < 0.12
    assert avatar.light.shape == (9, 3)
    assert avatar.light[0].min() > 1.0  # bright from all around, in units of the skin's own colour


def test_consent_and_source_are_kept(avatar):
    assert avatar.consent.who == "self"
    assert avatar.retention == avatar.consent.until > dt.date.today()
    assert len(avatar.source.sha256) == 64
    assert avatar.source.size == (600, 800)


def test_overlay_shows_the_body_on_the_photo(avatar, standing):
    picture = overlay(standing.rgb, avatar)
    changed = np.abs(picture.astype(int) - standing.rgb).max(2) > 8
    assert changed[standing.mask].mean() > 0.8
    assert changed[~standing.mask].mean() < 0.05
    with pytest.raises(UsageError, match="give the photo it was made from"):
        overlay(standing.rgb[:100, :100], avatar)


def test_half_bodies_flag_what_is_unseen(person):
    half = person(look_at=1.35, distance=2.1, size=(480, 480))
    avatar = estimate_avatar(half.rgb, consent="self")
    assert {"left_leg_unseen", "right_leg_unseen", "feet_unseen", "height_guessed", "gender_guessed"} <= set(
        avatar.flags
    )
    assert "torso_unseen" not in avatar.flags
    knees = avatar.pose.rotations[[4, 5]]
    assert np.degrees(2 * np.arccos(np.abs(knees[:, 3]).clip(0, 1))).max() < 12.0
    assert avatar.quality["left_leg_confidence"] < 0.5 < avatar.quality["torso_confidence"]


def test_no_photo_is_opened_without_consent(tmp_path):
    with pytest.raises(ConsentError, match="no consent given"):
        estimate_avatar(tmp_path / "absent.jpg", consent=None)
    expired = tmp_path / "consent.json"
    expired.write_text(json.dumps({"who": "Ada", "for": "try-on", "until": "2020-01-01"}))
    with pytest.raises(ConsentError, match="ended on 2020-01-01"):
        estimate_avatar(tmp_path / "absent.jpg", consent=expired)


def test_bad_photos_and_figures_end_in_one_line(tmp_path):
    Image.new("RGB", (20, 20)).save(tmp_path / "tiny.png")
    Image.new("RGB", (300, 300), (90, 120, 90)).save(tmp_path / "lawn.png")
    for photo, options, error, says in (
        ("absent.png", {}, InputError, "no such file"),
        ("tiny.png", {}, InputError, "at least 64"),
        ("lawn.png", {}, InputError, "no person found"),
        ("lawn.png", {"height_m": 170.0}, UsageError, "centimetres"),
        ("lawn.png", {"gender": "x"}, UsageError, "gender must be"),
    ):
        with pytest.raises(error, match=says) as caught:
            estimate_avatar(tmp_path / photo, consent="self", **options)
        assert "\n" not in str(caught.value)


def test_children_are_refused(monkeypatch, person):
    """A child of about six, as an adult's picture with the head enlarged by the ratio that such children have."""
    from dressform.runtime.body.anny_body import AnnyBody

    monkeypatch.setattr(AnnyBody, "_clamp", lambda self, shape: dict(shape))
    child = person(shape={"age": 0.15, "gender": 0.5, "height": 0.36})
    monkeypatch.undo()
    with pytest.raises(InputError, match="child's proportions"):
        estimate_avatar(child.rgb, consent="self")
