import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dressform.runtime.avatar.appearance import build_appearance, coarse_appearance, scene_meshes
from dressform.runtime.avatar.body_canvas import body_canvas
from dressform.runtime.avatar.eyes import eye_faces
from dressform.runtime.avatar.hair_cap import BOB, CROP, hairline, inside_hairline
from dressform.runtime.avatar.head_frame import head_frame
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Pose
from dressform.runtime.body.skinning import skin
from dressform.runtime.body.smplx_body import load_smplx
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import face_normals
from dressform.runtime.geometry.rotations import quat_from_rotvec
from dressform.schemas.errors import InputError

STANDIN = Path(__file__).parents[1] / "body" / "smplx_standin.py"
LOOK = {"skin_tone": (0.5, 0.3, 0.2), "hair_color": (0.03, 0.018, 0.012)}
SHAPES = {
    "thin woman": {"gender": 1.0, "weight": 0.05, "muscle": 0.2, "height": 0.8},
    "heavy woman": {"gender": 1.0, "weight": 1.0, "muscle": 0.4, "height": 0.2},
    "thin man": {"gender": 0.0, "weight": 0.05, "muscle": 0.2, "height": 0.8},
    "heavy old man": {"gender": 0.0, "weight": 1.0, "muscle": 0.7, "height": 0.4, "age": 1.0},
}


@pytest.fixture(scope="module")
def body():
    return load_anny()


@pytest.fixture(scope="module", params=SHAPES)
def person(request, body):
    rest = body.rest(SHAPES[request.param])
    return rest, build_appearance(rest, **LOOK, gender=rest.shape["gender"])


def part_of(appearance, name):
    return next(part for part in appearance.parts if part.name == name)


def test_parts_are_sound_meshes_on_the_bodys_joints(person):
    rest, appearance = person
    assert [part.name for part in appearance.parts] == ["eyes", "hair", "shoes"]
    for part in appearance.parts:
        count = len(part.points)
        assert np.isfinite(part.points).all()
        assert part.faces.min() == 0
        assert part.faces.max() == count - 1
        assert part.uv_faces.shape == part.faces.shape
        assert part.uv_faces.max() < len(part.uv)
        assert part.uv.min() >= 0
        assert part.uv.max() <= 1
        assert part.joint_indices.shape == part.joint_weights.shape == (count, 8)
        assert part.joint_indices.max() < len(rest.body.joint_names)
        assert np.allclose(part.joint_weights.sum(axis=1), 1, atol=1e-5)


def test_shoes_stand_flat_on_the_ground(person):
    rest, appearance = person
    shoes = part_of(appearance, "shoes")
    assert abs(shoes.points[:, 2].min()) < 1e-6
    assert appearance.ground_offset < 1e-6
    for side in (1, -1):
        own = shoes.points[side * shoes.points[:, 0] > 0]
        assert (own[:, 2] < 0.001).sum() > 30
    assert shoes.points[:, 2].max() < 1.6 * rest.canonical_joints()[JOINT_INDEX["left_ankle"], 2]


def test_shoes_hold_the_whole_hidden_foot(person):
    rest, appearance = person
    body = rest.body
    shoes = Surface(part_of(appearance, "shoes").points, part_of(appearance, "shoes").faces)
    foot = np.unique(body.faces[appearance.hidden_body_faces & ~eye_faces(body)])
    ankle = rest.canonical_joints()[JOINT_INDEX["left_ankle"], 2]
    assert rest.vertices[foot, 2].max() < 1.3 * ankle
    toes = rest.vertices[rest.vertices[:, 1] < rest.canonical_joints()[JOINT_INDEX["left_foot"], 1]]
    toes = toes[(toes[:, 2] < 0.5 * ankle) & (toes[:, 2] > 0.012)]  # the sole turns up at the tip
    assert shoes.signed_distance(toes).max() < 0.001


def test_shoe_faces_point_outwards(person):
    shoes = part_of(person[1], "shoes")
    normals = face_normals(shoes.points, shoes.faces)
    centres = shoes.points[shoes.faces].mean(axis=1)
    sole = centres[:, 2] < 0.001
    assert normals[sole, 2].max() < -0.5
    left = centres[:, 0] > 0
    middle = shoes.points[shoes.points[:, 0] > 0].mean(axis=0)
    side = left & (centres[:, 2] < 0.02) & ~sole
    outward = centres[side, :2] - middle[:2]
    assert ((normals[side, :2] * outward).sum(axis=1) > 0).mean() > 0.97


def test_hair_lies_on_the_skull_and_leaves_the_face_free(person):
    rest, appearance = person
    hair = part_of(appearance, "hair")
    frame = head_frame(rest)
    top = hair.points[hair.points[:, 2] > frame.centre[2] + 0.7 * frame.radii[2]]
    height = Surface(rest.vertices, rest.body.faces).signed_distance(top)
    assert height.min() > 0.003
    assert 0.008 < np.median(height) < 0.03
    canvas = body_canvas(rest.body)
    eyes = rest.joint_poses[[rest.body.joint_names.index(name) for name in ("eye.L", "eye.R")], :3, 3]
    unit = eyes[0, 0] - eyes[1, 0]
    at = (hair.points - eyes.mean(axis=0)) / unit
    assert canvas.face is not None
    over_face = (np.abs(at[:, 0]) < 0.8) & (at[:, 1] < 0.5) & (at[:, 2] < 0.6)
    assert not over_face.any()


def test_hair_ends_above_the_shoulders(person):
    rest, appearance = person
    neck = rest.canonical_joints()[JOINT_INDEX["neck"], 2]
    assert part_of(appearance, "hair").points[:, 2].min() > neck


def test_hair_and_lashes_move_with_the_head(person):
    rest, appearance = person
    turns = np.zeros((22, 3), np.float32)
    turns[JOINT_INDEX["head"]] = (0.3, 0.1, 0.5)
    pose = Pose(np.asarray(quat_from_rotvec(turns), np.float32), np.zeros(3, np.float32))
    hair = part_of(appearance, "hair")
    moved = skin(hair.points, hair.joint_indices, hair.joint_weights, rest.skin_transforms(pose))
    pairs = np.random.default_rng(0).integers(len(moved), size=(200, 2))
    before = np.linalg.norm(hair.points[pairs[:, 0]] - hair.points[pairs[:, 1]], axis=1)
    after = np.linalg.norm(moved[pairs[:, 0]] - moved[pairs[:, 1]], axis=1)
    assert np.abs(after - before).max() < 1e-5
    assert np.linalg.norm(moved - hair.points, axis=1).max() > 0.01


def test_eyes_look_ahead_from_behind_the_lids(person):
    rest, appearance = person
    eyes = part_of(appearance, "eyes")
    skin_faces = rest.body.faces[~eye_faces(rest.body)]
    assert face_normals(eyes.points, eyes.faces)[: len(eyes.faces) // 3, 1].mean() < -0.2
    for name in ("eye.L", "eye.R"):
        joint = rest.body.joint_names.index(name)
        ball = eyes.points[eyes.joint_indices[:, 0] == joint]
        pupil = ball[np.argmin(ball[:, 1])]
        assert ball[:, 1].max() < rest.joint_poses[joint, 1, 3]
        assert np.abs(pupil[[0, 2]] - rest.joint_poses[joint, [0, 2], 3]).max() < 0.002
        # The iris' upper edge is under the lid: a ray from in front meets skin before it.
        top = pupil + np.array([0.0, 0.0015, 0.0052], np.float32)
        near = np.linalg.norm(rest.vertices[skin_faces[:, 0]] - top, axis=1) < 0.01
        in_front = rest.vertices[skin_faces[near]].reshape(-1, 3)
        assert in_front[:, 1].min() < pupil[1]


def test_gender_chooses_the_hair(body):
    rest = body.rest({})
    long = part_of(build_appearance(rest, **LOOK, gender=0.6), "hair").points[:, 2].min()
    short = part_of(build_appearance(rest, **LOOK, gender=0.5), "hair").points[:, 2].min()
    chin = head_frame(rest).eye_height - 0.11
    assert long < chin + 0.02 < short


def test_same_arguments_give_the_same_appearance(body):
    rest = body.rest({"gender": 1.0})
    first, second = (build_appearance(rest, **LOOK, gender=1.0) for _ in range(2))
    assert np.array_equal(first.body_texture, second.body_texture)
    for a, b in zip(first.parts, second.parts, strict=True):
        assert np.array_equal(a.points, b.points)
        assert np.array_equal(a.texture, b.texture)


def test_scene_meshes_leave_hidden_and_covered_faces_out(person):
    rest, appearance = person
    covered = np.zeros(len(rest.body.faces), np.bool_)
    covered[:10] = True
    meshes = scene_meshes(appearance, rest.body, covered=covered)
    assert [mesh.name for mesh in meshes] == ["body", "eyes", "hair", "shoes"]
    assert np.array_equal(meshes[0].hidden, appearance.hidden_body_faces | covered)


@pytest.mark.parametrize("style", [CROP, BOB])
def test_hairline_is_symmetric_and_parts_scalp_from_face(style):
    def side(azimuth, elevation):
        a, e = np.radians([azimuth, elevation])
        return np.array([[np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e)]], np.float32)

    assert inside_hairline(style, side(0, 80))[0] > 0.3
    assert inside_hairline(style, side(170, 0))[0] > 0.3
    assert inside_hairline(style, side(0, -10))[0] < -0.3
    assert inside_hairline(style, side(90, -40))[0] < 0
    for azimuth in (20, 55, 75, 100, 140):
        for elevation in (-30, 0, 25):
            pair = [inside_hairline(style, side(sign * azimuth, elevation))[0] for sign in (1, -1)]
            assert abs(pair[0] - pair[1]) < 0.05
    assert np.abs(inside_hairline(style, hairline(style))).max() < 0.02


@pytest.mark.parametrize(
    "wrong",
    [
        {"skin_tone": (0.5, 0.3)},
        {"skin_tone": (120, 90, 80)},
        {"hair_color": (0.1, float("nan"), 0.1)},
        {"gender": 1.5},
    ],
)
def test_bad_arguments_are_told_in_one_line(body, wrong):
    arguments = {**LOOK, "gender": 0.0, **wrong}
    with pytest.raises(InputError) as caught:
        build_appearance(body.rest({}), **arguments)
    message = str(caught.value)
    assert next(iter(wrong)) in message
    assert "\n" not in message


def test_family_with_an_unknown_face_gets_skin_hair_and_shoes(tmp_path):
    spec = importlib.util.spec_from_file_location("smplx_standin", STANDIN)
    standin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(standin)
    standin.write_standin(tmp_path / "SMPLX_NEUTRAL.npz")
    rest = load_smplx(tmp_path / "SMPLX_NEUTRAL.npz").rest({})
    appearance = build_appearance(rest, **LOOK, gender=0.0)
    assert [part.name for part in appearance.parts] == ["hair", "shoes"]
    assert abs(part_of(appearance, "shoes").points[:, 2].min()) < 1e-6
    crown = part_of(appearance, "hair").points[:, 2].max()
    assert 0.005 < crown - rest.vertices[:, 2].max() < 0.03


@pytest.mark.parametrize("tolerance", [0.0006, 0.0012])
def test_a_coarser_person_lies_where_the_fine_one_does(person, tolerance):
    rest, fine = person
    coarse = coarse_appearance(fine, rest.body, rest.shape["gender"], tolerance)
    assert [part.name for part in coarse.parts] == [part.name for part in fine.parts]
    for before, after in zip(fine.parts, coarse.parts, strict=True):
        assert len(after.faces) < 0.9 * len(before.faces)
        assert after.faces.max() == len(after.points) - 1
        off = Surface(after.points, after.faces, sign="normal").closest(before.points).distances
        # which triangles are left follows from the average body; a head or foot of another shape moves them a little
        assert np.quantile(off, 0.98) < 2 * tolerance
        assert after.texture is before.texture
    assert len(coarse.coarse_body.faces) < 0.9 * len(rest.body.faces)
    corners = {*zip(rest.body.faces.ravel().tolist(), rest.body.uv_faces.ravel().tolist(), strict=True)}
    kept = coarse.coarse_body
    assert {*zip(kept.faces.ravel().tolist(), kept.uv_faces.ravel().tolist(), strict=True)} <= corners


def test_a_part_that_is_built_otherwise_is_left_as_it_is(person):
    rest, fine = person
    hair = part_of(fine, "hair")
    other = replace(hair, faces=hair.faces[::-1].copy())
    changed = replace(fine, parts=tuple(other if part is hair else part for part in fine.parts))
    coarse = coarse_appearance(changed, rest.body, rest.shape["gender"], 0.0012)
    assert part_of(coarse, "hair") is other
