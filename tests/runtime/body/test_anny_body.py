import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from dressform.assets.cache import cache_dir
from dressform.runtime.body.anny_body import ADULT_AGE, load_anny
from dressform.runtime.body.anny_faces import split_quads, triangles
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import CANONICAL_JOINTS, CANONICAL_PARENTS, JOINT_INDEX
from dressform.runtime.body.protocol import Pose
from dressform.runtime.body.skinning import skin
from dressform.runtime.geometry.rotations import quat_from_rotvec, quat_multiply
from dressform.schemas.errors import UsageError

SHAPES = [
    {},
    {"gender": 1.0, "age": 0.8, "weight": 0.9, "height": 0.4},
    {"gender": 0.1, "age": 1.0, "muscle": 0.9, "height": 0.62, "proportions": 0.2},
    {"gender": 0.7, "weight": 0.2, "measure-waist-circ-incr": 0.6, "measure-bust-circ-incr": -0.4},
]


@pytest.fixture(scope="module")
def reference():
    """Anny itself, with the same local changes."""
    import anny
    import anny.paths

    torch.set_num_threads(1)
    if "ANNY_CACHE_DIR" not in os.environ:
        anny.paths.set_anny_cache_path(cache_dir("anny"))
    return anny.Anny(local_changes="all")


def reference_arguments(model, shape):
    values = {"age": ADULT_AGE, **shape}
    phenotypes = {name: torch.tensor([values.get(name, 0.5)]) for name in model.phenotype_labels}
    local = {name: torch.tensor([value]) for name, value in values.items() if name in model.local_change_labels}
    return {"phenotype_kwargs": phenotypes, "local_changes_kwargs": local}


def random_pose(seed, size=0.5):
    rng = np.random.default_rng(seed)
    rotations = quat_from_rotvec(rng.normal(0, size, (22, 3))).astype(np.float32)
    return Pose(rotations, rng.normal(0, 0.3, 3).astype(np.float32))


def finger_shares(body):
    """How much each vertex follows each finger [V, 10], thumb first, left hand first."""
    shares = []
    for end in "LR":
        for finger in range(1, 6):
            own = [body.joint_names.index(f"finger{finger}-{phalanx}.{end}") for phalanx in (1, 2, 3)]
            shares.append(np.where(np.isin(body.joint_indices, own), body.joint_weights, 0).sum(axis=1))
    return np.stack(shares, axis=1)


@pytest.mark.parametrize("shape", SHAPES)
def test_rest_and_skinning_match_anny(reference, shape):
    rest = load_anny().rest(shape)
    deltas = torch.eye(4).repeat(1, reference.bone_count, 1, 1)
    rng = np.random.default_rng(3)
    turns = rng.normal(0, 0.3, (reference.bone_count, 3))
    import roma

    deltas[0, :, :3, :3] = roma.rotvec_to_rotmat(torch.tensor(turns, dtype=torch.float32))
    with torch.no_grad():
        want = reference(pose_parameters=deltas, **reference_arguments(reference, shape))
    origin = want["rest_vertices"][0].numpy()[0] - rest.vertices[0]
    np.testing.assert_allclose(rest.vertices + origin, want["rest_vertices"][0].numpy(), atol=1e-5)
    want_joints = want["rest_bone_poses"][0].numpy()
    np.testing.assert_allclose(rest.joint_poses[:, :3, 3] + origin, want_joints[:, :3, 3], atol=1e-5)
    np.testing.assert_allclose(rest.joint_poses[:, :3, :3], want_joints[:, :3, :3], atol=2e-5)
    transforms = (want["bone_poses"][0] @ torch.linalg.inv(want["rest_bone_poses"][0])).numpy()
    transforms[:, :3, 3] += transforms[:, :3, :3] @ origin  # our rest stands elsewhere
    body = rest.body
    posed = skin(rest.vertices, body.joint_indices, body.joint_weights, transforms)
    np.testing.assert_allclose(posed, want["vertices"][0].numpy(), atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_rest_pose_reproduces_the_rest_body(shape):
    rest = load_anny().rest(shape)
    posed, free = rest.posed_vertices(rest.rest_pose()), finger_shares(rest.body).max(axis=1) == 0
    assert free.mean() > 0.75
    np.testing.assert_allclose(posed[free], rest.vertices[free], atol=2e-6)
    assert rest.vertices[:, 2].min() == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(rest.canonical_joints()[0, :2], 0, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_t_pose_stands_straight(shape):
    rest = load_anny().rest(shape)
    joints = rest.posed_joints(Pose.t_pose())
    for side, sign in (("left", 1), ("right", -1)):
        limb = {
            part: joints[JOINT_INDEX[f"{side}_{part}"]]
            for part in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
        }
        for start, end, direction in (
            ("hip", "knee", (0, 0, -1)),
            ("knee", "ankle", (0, 0, -1)),
            ("shoulder", "elbow", (sign, 0, 0)),
            ("elbow", "wrist", (sign, 0, 0)),
        ):
            bone = limb[end] - limb[start]
            np.testing.assert_allclose(bone / np.linalg.norm(bone), direction, atol=1e-5)
    vertices = rest.posed_vertices(Pose.t_pose())
    assert vertices[:, 2].min() == pytest.approx(0, abs=1e-6)
    # both ends of each foot are on the ground: flat feet
    for sign in (1, -1):
        foot = vertices[(vertices[:, 0] * sign > 0) & (vertices[:, 2] < 0.08)]
        heel, toes = foot[foot[:, 1] > np.median(foot[:, 1])], foot[foot[:, 1] < np.median(foot[:, 1])]
        assert abs(heel[:, 2].min() - toes[:, 2].min()) < 0.012


def test_canonical_rotations_turn_segments_as_a_skeleton():
    """Bones keep their length, and a joint's rotation moves only what hangs below it."""
    rest = canonical_rest()
    t_joints = rest.posed_joints(Pose.t_pose())
    for seed in range(5):
        joints = rest.posed_joints(random_pose(seed))
        for joint, parent in enumerate(CANONICAL_PARENTS[1:], start=1):
            want = np.linalg.norm(t_joints[joint] - t_joints[parent])
            assert np.linalg.norm(joints[joint] - joints[parent]) == pytest.approx(want, rel=1e-4)
    bent = Pose.t_pose()
    bent.rotations[JOINT_INDEX["left_elbow"]] = quat_from_rotvec([0, 0, -np.pi / 2])
    joints = rest.posed_joints(bent)
    moved = {name for name, a, b in zip(CANONICAL_JOINTS, joints, t_joints, strict=True) if np.abs(a - b).max() > 1e-5}
    assert moved == {"left_wrist"}
    forearm = joints[JOINT_INDEX["left_wrist"]] - joints[JOINT_INDEX["left_elbow"]]
    np.testing.assert_allclose(forearm / np.linalg.norm(forearm), [0, -1, 0], atol=1e-5)  # forward


def test_pose_survives_the_way_through_bone_transforms():
    rest = canonical_rest()
    pose = random_pose(11)
    back = rest.pose_of_transforms(rest.skin_transforms(pose))
    np.testing.assert_allclose(np.abs(np.sum(back.rotations * pose.rotations, axis=1)), 1, atol=1e-5)
    np.testing.assert_allclose(back.root, pose.root, atol=1e-5)


def test_twist_is_spread_over_the_forearm():
    rest = canonical_rest()
    pose = Pose.t_pose()
    pose.rotations[JOINT_INDEX["left_wrist"]] = quat_from_rotvec([1.0, 0, 0])
    before, after = rest.skin_transforms(Pose.t_pose()), rest.skin_transforms(pose)
    names = rest.body.joint_names

    def turned(bone):
        index = names.index(bone)
        relative = before[index, :3, :3].T @ after[index, :3, :3]
        return np.arccos(np.clip((np.trace(relative) - 1) / 2, -1, 1))

    assert turned("lowerarm01.L") == pytest.approx(0, abs=1e-3)
    assert turned("lowerarm02.L") == pytest.approx(0.6, abs=0.02)
    assert turned("wrist.L") == pytest.approx(1.0, abs=1e-3)


def test_shoulder_gives_some_of_its_twist_back():
    """The arm turned about itself: the upper bone takes its share, the lower one all, and the elbow stays."""
    rest = canonical_rest()
    pose = rest.rest_pose()
    joint = JOINT_INDEX["left_shoulder"]
    pose.rotations[joint] = quat_multiply(pose.rotations[joint], quat_from_rotvec([0.8, 0, 0]))
    transforms, names = rest.skin_transforms(pose), rest.body.joint_names

    def turned(bone):
        return np.arccos(np.clip((np.trace(transforms[names.index(bone), :3, :3]) - 1) / 2, -1, 1))

    assert turned("clavicle.L") == pytest.approx(0, abs=1e-3)
    assert turned("upperarm01.L") == pytest.approx(0.4 * 0.8, abs=0.01)
    assert turned("upperarm02.L") == pytest.approx(0.8, abs=1e-3)
    elbow = rest.canonical_joints()[JOINT_INDEX["left_elbow"]]
    for bone in ("upperarm01.L", "upperarm02.L"):
        moved = transforms[names.index(bone)] @ np.append(elbow, 1)
        np.testing.assert_allclose(moved[:3], elbow, atol=1e-5)


def test_ages_are_adult():
    body = load_anny()
    np.testing.assert_array_equal(body.rest({"age": 0.1}).vertices, body.rest({"age": ADULT_AGE}).vertices)
    assert body.rest({"age": 0.1}).shape["age"] == ADULT_AGE


def test_unknown_and_broken_parameters_are_named():
    with pytest.raises(UsageError, match="no parameter 'heigth'"):
        load_anny().rest({"heigth": 0.3})
    with pytest.raises(UsageError, match="height must be a finite number"):
        load_anny().rest({"height": float("nan")})


def test_uv_origin_is_bottom_left():
    body = load_anny()
    assert body.uv_faces.max() < len(body.uv)
    assert body.uv.min() >= 0
    assert body.uv.max() <= 1


def test_warm_load_is_fast():
    load_anny()
    code = (
        "import time; start = time.process_time()\n"
        "from dressform.runtime.body.canonical import canonical_rest\n"
        "canonical_rest(); print(time.process_time() - start)"
    )
    done = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]
    assert min(float(run.stdout.split()[-1]) for run in done) < 1.5


def test_the_body_is_the_one_that_every_garment_was_rigged_to():
    assert load_anny().topology_digest.startswith("7ac44c32efff")


def test_where_diagonals_are_equal_the_last_bits_of_coordinates_decide_nothing():
    rng = np.random.default_rng(0)
    around = np.linspace(0, 2 * np.pi, 29)[:-1]
    ring = np.stack([np.cos(around), np.sin(around), 0 * around], axis=1)
    points = np.concatenate([ring, ring + np.array([0, 0, 1])])  # a tube of squares
    first, second = np.arange(28), np.roll(np.arange(28), -1)
    quads = np.stack([first, second, second + 28, first + 28], axis=1)
    splits = [split_quads(points + rng.normal(0, 1e-15, points.shape), quads) for _ in range(4)]
    assert all(np.array_equal(each, splits[0]) for each in splits)
    assert 0 < np.count_nonzero(splits[0]) < len(quads)


def test_the_shorter_diagonal_splits_a_quad():
    points = np.array([[0, 0, 0], [1, 0, 0], [1.2, 1.2, 0], [0, 1, 0], [0.5, 0.5, 0.0]])
    quads = np.array([[0, 1, 2, 3], [1, 2, 3, 0]])
    taken = split_quads(points, quads)
    assert taken.tolist() == [False, True]
    assert triangles(quads, taken).tolist() == [[0, 1, 3], [3, 1, 2], [1, 2, 3], [3, 0, 1]]
