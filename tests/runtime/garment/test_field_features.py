import numpy as np
import pytest

from dressform.runtime.body.canonical import CANONICAL_SHAPE
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Pose
from dressform.runtime.garment.field_features import (
    BODY_FEATURES,
    FEATURES,
    POSE_FEATURES,
    body_features,
    pose_features,
    size_ratio,
)
from dressform.runtime.geometry.rotations import quat_from_rotvec, quat_multiply


def turned(pose, joint, rotvec):
    rotations = pose.rotations.copy()
    number = JOINT_INDEX[joint]
    rotations[number] = quat_multiply(quat_from_rotvec(np.array(rotvec)), rotations[number])
    return Pose(rotations.astype(np.float32), pose.root)


def part(features, *starts):
    return features[[name.startswith(starts) for name in POSE_FEATURES]]


def test_each_feature_has_a_name_of_its_own_and_both_sides_have_the_same(rest):
    assert len(set(FEATURES)) == len(FEATURES) == len(pose_features(rest, rest.rest_pose())) + len(BODY_FEATURES)
    left = [name.replace("left_", "right_") for name in POSE_FEATURES if "left_" in name]
    assert left == [name for name in POSE_FEATURES if "right_" in name]


@pytest.mark.parametrize("shape", [{}, {"weight": 0.95, "gender": 0.0}])
def test_rest_pose_has_no_rotations(rest, shape):
    body = rest.body.rest({**CANONICAL_SHAPE, **shape})
    features = pose_features(body, body.rest_pose())
    assert features.shape == (len(POSE_FEATURES),)
    turns = features[[".turn" in name for name in POSE_FEATURES]]
    np.testing.assert_allclose(turns, 0, atol=2e-6)
    np.testing.assert_allclose(part(features, "chest_down"), [0, 0, -1], atol=1e-6)


def test_place_and_heading_change_nothing(rest):
    pose = turned(turned(Pose.t_pose(), "left_shoulder", (0, 1.0, 0.3)), "spine2", (0.2, 0, 0))
    away = Pose(turned(pose, "pelvis", (0, 0, 2.1)).rotations, np.array([3, -1, 0.4], np.float32))
    np.testing.assert_allclose(pose_features(rest, away), pose_features(rest, pose), atol=3e-6)


def test_leaning_turns_down_for_the_chest_only(rest):
    straight, bent = rest.rest_pose(), turned(rest.rest_pose(), "spine3", (0.5, 0, 0))
    features = pose_features(rest, bent)
    np.testing.assert_allclose(part(features, "chest_down"), [0, -np.sin(0.5), -np.cos(0.5)], atol=1e-5)
    same = part(pose_features(rest, straight), "pelvis_down")
    np.testing.assert_allclose(part(features, "pelvis_down"), same, atol=1e-6)


def test_one_arm_moves_only_its_own_features(rest):
    before = pose_features(rest, rest.rest_pose())
    after = pose_features(rest, turned(rest.rest_pose(), "left_elbow", (0, 0, 0.7)))
    changed = {name for name, a, b in zip(POSE_FEATURES, before, after, strict=True) if abs(a - b) > 1e-5}
    assert {name.split(".")[0] for name in changed} == {"left_elbow", "chest_to_left_wrist", "pelvis_to_left_wrist"}


def test_body_and_size_are_ratios_to_the_canonical_body(rest):
    np.testing.assert_allclose(body_features(rest, 1.0), 0, atol=1e-6)
    heavy = body_features(rest.body.rest({**CANONICAL_SHAPE, "weight": 1.0}), 1.1)
    own = dict(zip(BODY_FEATURES, heavy, strict=True))
    assert own["waist"] > 0.05
    assert own["size"] == pytest.approx(np.log(1.1))


def test_size_ratio_is_of_the_girth_not_of_the_length(top):
    mesh, _ = top
    wider = mesh.points * np.float32([1.1, 1.1, 1.0])
    longer = mesh.points * np.float32([1.0, 1.0, 1.3])
    assert size_ratio(wider, mesh.points, mesh.faces) == pytest.approx(1.1, rel=1e-5)
    assert size_ratio(longer, mesh.points, mesh.faces) == pytest.approx(1.0, rel=1e-5)
