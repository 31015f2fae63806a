"""From the studio photo of a clothed person, whose body and pose are known, to the avatar."""

import numpy as np
import pytest
from PIL import Image

from dressform.authoring.synth.studio import StudioPerson, render_studio_photo
from dressform.runtime.avatar import estimate
from dressform.runtime.avatar.detect import LANDMARKS, detect_person, detect_persons
from dressform.runtime.avatar.estimate import estimate_avatar
from dressform.runtime.avatar.photo import load_photo, photo_from_array
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.render.colour import srgb_to_linear
from dressform.schemas.errors import ConsentError, InputError, UsageError

pytestmark = pytest.mark.usefixtures("models")
SIZE = (720, 960)  # the face is just large enough to be taken
# clothes of colours that no skin has, so that they are known where they must not be
VIVID = StudioPerson(top_color=(0.02, 0.45, 0.05), trousers_color=(0.10, 0.02, 0.50))
TOLD = {"consent": "self", "gender": "female"}


@pytest.fixture(scope="module")
def shot(tmp_path_factory):
    path = tmp_path_factory.mktemp("studio") / "person.png"
    truth = render_studio_photo(path, person=VIVID, size=SIZE)
    return path, load_photo(path).rgb, truth


@pytest.fixture(scope="module")
def avatar(shot):
    path, _, truth = shot
    return estimate_avatar(path, height_m=truth.rest.measures().height, **TOLD)


def test_one_person_is_seen_with_joints_in_place(shot):
    _, rgb, truth = shot
    (seen,) = detect_persons(photo_from_array(rgb))
    names = [
        f"{side}_{joint}" for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist", "knee", "ankle")
    ]
    found = seen.points_px[[LANDMARKS.index(name) for name in names]]
    true = truth.joints_px[[JOINT_INDEX[name] for name in names]]
    assert np.linalg.norm(found - true, axis=1).max() < 0.025 * SIZE[1]  # landmarks lie on the skin, joints inside


def test_number_counts_from_the_left(shot):
    _, rgb, _ = shot
    alone = detect_person(photo_from_array(rgb))
    photo = photo_from_array(np.concatenate([rgb, rgb], axis=1), "pair.png")
    with pytest.raises(UsageError, match=r"pair\.png: 2 persons found; choose one with --person N"):
        detect_person(photo)
    for number in (1, 2):
        moved = detect_person(photo, number).points_px - [(number - 1) * SIZE[0], 0]
        assert np.median(np.linalg.norm(moved - alone.points_px, axis=1)) < 4.0


def test_legs_alone_are_nobody(shot):
    _, rgb, truth = shot
    knees = int(truth.joints_px[[JOINT_INDEX["left_knee"], JOINT_INDEX["right_knee"]], 1].mean())
    with pytest.raises(InputError, match=r"no person found; needed one person, .* try another photo"):
        detect_person(photo_from_array(rgb[knees:]))


def test_body_is_the_persons(avatar, shot):
    truth = shot[2].rest.measures()
    assert avatar.height == pytest.approx(truth.height, abs=0.01)
    for name, tolerance in (("inseam", 0.04), ("shoulder", 0.03), ("arm", 0.04)):  # clothes hide girths, not lengths
        assert avatar.measures[name] == pytest.approx(getattr(truth, name), abs=tolerance), name
    assert avatar.quality["keypoint_error_px"] < 0.01 * SIZE[1]
    assert avatar.quality["mask_iou"] > 0.8
    assert not [flag for flag in avatar.flags if flag.endswith("_unseen")]


def test_height_told_is_height_made(shot):
    """Ten centimetres more than the truth: what the user says counts."""
    assert estimate_avatar(shot[0], height_m=1.77, **TOLD).height == pytest.approx(1.77, abs=0.01)


def test_a_photo_turned_in_its_exif_gives_the_same_avatar(avatar, shot, tmp_path):
    path = tmp_path / "turned.png"
    exif = Image.Exif()
    exif[0x0112] = 6  # a viewer turns it clockwise, so it is stored turned the other way
    Image.fromarray(np.rot90(shot[1])).save(path, exif=exif)
    turned = estimate_avatar(path, height_m=shot[2].rest.measures().height, **TOLD)
    assert turned.source.size == SIZE
    assert turned.source.sha256 != avatar.source.sha256
    for name, value in avatar.measures.items():
        assert turned.measures[name] == pytest.approx(value, rel=0.01), name
    np.testing.assert_allclose(turned.pose.rotations, avatar.pose.rotations, atol=0.02)
    np.testing.assert_allclose(turned.skin_tone, avatar.skin_tone, rtol=0.02)


def test_clothes_never_enter_the_texture(avatar):
    assert "face_not_taken" not in avatar.flags
    taken = avatar.texture.confidence > 0.05
    assert taken.any()
    red, green, blue = srgb_to_linear(avatar.texture.rgb[taken]).T
    # in skin red leads; the top is green and the trousers are blue
    assert (green > red).mean() < 0.002
    assert (blue > red).mean() < 0.002
    np.testing.assert_allclose(avatar.skin_tone, VIVID.skin_tone, rtol=0.3)


@pytest.mark.parametrize("consent", [None, "", "absent-consent.json"])
def test_no_photo_is_opened_without_consent(monkeypatch, shot, consent):
    def opened(*_):
        raise AssertionError("the photo was opened")

    monkeypatch.setattr(estimate, "load_photo", opened)
    monkeypatch.setattr(estimate, "photo_from_array", opened)
    for photo in (shot[0], shot[1]):
        with pytest.raises(ConsentError, match="give --consent self"):
            estimate_avatar(photo, consent=consent)
