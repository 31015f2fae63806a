from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dressform.assets.models import model_path
from dressform.authoring.synth.shell_clothes import CLEARANCE, make_top, make_trousers_shell
from dressform.authoring.synth.studio import StudioPerson, random_person, relaxed_pose, render_studio_photo
from dressform.runtime.avatar.detect import LANDMARKS, detect_person
from dressform.runtime.avatar.photo import load_photo
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.geometry.adjacency import boundary_loops, boundary_vertices
from dressform.runtime.geometry.distance import Surface
from dressform.schemas.errors import DressformError, InputError, UsageError

SIZE = (300, 400)


@pytest.fixture(scope="module")
def shot(tmp_path_factory):
    path = tmp_path_factory.mktemp("studio") / "person.jpg"
    return path, render_studio_photo(path, size=SIZE)


def test_photo_has_the_size_and_kind_asked_for(shot):
    with Image.open(shot[0]) as image:
        assert image.size == SIZE
        assert image.format == "JPEG"
        assert image.mode == "RGB"
    assert [entry.name for entry in shot[0].parent.iterdir()] == ["person.jpg"]


def test_joints_lie_on_the_person(shot):
    path, photo = shot
    pixels = np.asarray(Image.open(path).convert("RGB"), float)
    background = pixels[:, :40].mean(axis=(0, 1))
    for name in ("pelvis", "spine3", "head", "left_knee", "right_elbow", "left_wrist", "right_ankle"):
        x, y = photo.joints_px[JOINT_INDEX[name]].astype(int)
        assert np.abs(pixels[y - 1 : y + 2, x - 1 : x + 2].mean(axis=(0, 1)) - background).max() > 15, name


def test_person_stands_inside_the_picture_on_the_ground(shot):
    photo = shot[1]
    vertices = photo.rest.posed_vertices(photo.pose)
    assert abs(vertices[:, 2].min()) < 0.01
    at = photo.camera.project(vertices)[:, :2]
    assert at.min() > 0
    assert (at < SIZE).all()
    assert 0.75 < np.ptp(at[:, 1]) / SIZE[1] < 0.95


def test_default_person_is_a_woman_of_average_stature(shot):
    measures = shot[1].rest.measures()
    assert shot[1].person.shape["gender"] == 1
    assert 1.62 < measures.height < 1.74


def test_detector_finds_the_person_and_its_joints(shot):
    try:
        model_path("pose_landmark_full.tflite")
    except DressformError as error:
        pytest.skip(f"model files are absent: {error}")
    found = detect_person(load_photo(shot[0]))
    assert found.score > 0.9
    for name in ("left_shoulder", "right_shoulder", "left_elbow", "right_wrist", "left_knee", "right_ankle"):
        offset = found.points_px[LANDMARKS.index(name)] - shot[1].joints_px[JOINT_INDEX[name]]
        assert np.linalg.norm(offset) < 0.03 * SIZE[1], name


def test_same_person_gives_the_same_picture(shot, tmp_path):
    again = tmp_path / "again.jpg"
    render_studio_photo(again, size=SIZE)
    assert again.read_bytes() == shot[0].read_bytes()


def test_yaw_turns_the_person():
    rest = load_anny().rest(StudioPerson().shape)
    for yaw in (-0.3, 0.0, 0.4):
        joints = rest.posed_joints(relaxed_pose(rest, yaw))
        across = joints[JOINT_INDEX["left_hip"]] - joints[JOINT_INDEX["right_hip"]]
        assert np.arctan2(across[1], across[0]) == pytest.approx(yaw, abs=0.02)


@pytest.mark.parametrize("make", [make_top, make_trousers_shell])
@pytest.mark.parametrize("seed", [1, 4])
def test_shells_are_sound_and_clear_of_the_skin(make, seed):
    rest = load_anny().rest(random_person(seed).shape)
    shell = make(rest)
    assert len(boundary_loops(shell.faces)) == (4 if shell.name == "top" else 3)
    assert np.allclose(shell.joint_weights.sum(axis=1), 1, atol=1e-5)
    assert shell.faces.max() == len(shell.points) - 1
    inner = ~boundary_vertices(shell.faces, len(shell.points))
    gap = Surface(rest.vertices, rest.body.faces).signed_distance(shell.points[inner])
    assert np.percentile(gap, 2) > 0.5 * CLEARANCE
    assert gap.max() < 0.06
    assert shell.covers.sum() > 1500


def test_random_people_are_adults_and_repeatable():
    people = [random_person(seed) for seed in range(12)]
    assert people[3] == random_person(3)
    assert {person.shape["gender"] for person in people} == {0.0, 1.0}
    assert len({person.skin_tone for person in people}) > 2


def test_wrong_suffix_and_tiny_picture_write_nothing(tmp_path):
    with pytest.raises(UsageError, match=r"\.jpg or \.png"):
        render_studio_photo(tmp_path / "person.gif")
    with pytest.raises(InputError, match="64"):
        render_studio_photo(tmp_path / "person.png", size=(20, 300))
    with pytest.raises(InputError):
        render_studio_photo(
            tmp_path / "person.png", person=replace(StudioPerson(), skin_tone=(2.0, 0.0, 0.0)), size=SIZE
        )
    assert not list(tmp_path.iterdir())
