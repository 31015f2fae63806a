from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from dressform.authoring.learn import poses
from dressform.authoring.learn.bodies import TRAINING
from dressform.authoring.learn.limbs import APART, is_clear
from dressform.authoring.learn.poses import draw_pose, facing_front
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.geometry.rotations import quat_from_rotvec, quat_multiply, quat_to_matrix
from dressform.runtime.motion.legs import heading_of
from dressform.runtime.motion.sweep_poses import both, sweep_pose, turned_pose

STOUT = next(figure for figure in TRAINING if figure.name == "stout man")
MANY = 10


@cache
def drawn(number: int) -> tuple[RestBody, Pose]:
    rest = (TRAINING[0] if number % 2 else STOUT).rest
    return rest, draw_pose(rest, np.random.default_rng([5, number]))


def test_the_same_chance_gives_the_same_pose() -> None:
    rest, pose = drawn(0)
    again = draw_pose(rest, np.random.default_rng([5, 0]))
    np.testing.assert_array_equal(again.rotations, pose.rotations)
    np.testing.assert_array_equal(again.root, pose.root)


def test_poses_stand_on_the_ground_at_the_origin_and_face_the_camera() -> None:
    for number in range(MANY):
        rest, pose = drawn(number)
        assert abs(heading_of(quat_to_matrix(pose.rotations[0]))) < 1e-4
        assert pose.root[:2].tolist() == [0, 0]
        assert abs(float(rest.posed_vertices(pose)[:, 2].min())) < 0.02


def test_no_moment_of_a_motion_is_drawn_twice() -> None:
    """A pose that recurs could be in a training and in what judges it."""
    random = np.random.default_rng(4)
    assert len({poses._moment(random).rotations.tobytes() for _ in range(400)}) == 400


def test_no_limb_goes_through_another() -> None:
    assert all(is_clear(*drawn(number)) for number in range(MANY))


def test_poses_reach_up_and_differ() -> None:
    joints = np.stack([rest.posed_joints(pose) for rest, pose in map(drawn, range(MANY))])
    hands, shoulders = joints[:, [20, 21], 2].max(axis=1), joints[:, JOINT_INDEX["neck"], 2]
    assert (hands > shoulders).any()
    assert (hands < shoulders - 0.3).any()
    assert len({pose.rotations.tobytes() for _, pose in map(drawn, range(MANY))}) == MANY


@pytest.mark.parametrize(
    "turns",
    [
        pytest.param({"right_shoulder": (0, 0, 0), "right_elbow": (0, 0, 100)}, id="forearm through the belly"),
        pytest.param({**both("shoulder", 0, 60, 0)}, id="arms in the flanks"),
        pytest.param({"left_hip": (0, 25, 0), "right_hip": (0, -25, 0)}, id="legs crossed through each other"),
        pytest.param({"left_hip": (-150, 0, 0), "left_knee": (-150, 0, 0)}, id="thigh in the belly"),
    ],
)
def test_limbs_that_go_through_are_seen(turns: dict[str, tuple[float, float, float]]) -> None:
    rest = STOUT.rest
    assert not is_clear(rest, turned_pose(rest, turns))


def test_an_ordinary_pose_is_clear() -> None:
    rest = TRAINING[0].rest
    assert is_clear(rest, Pose.t_pose())
    assert is_clear(rest, sweep_pose(rest, "walk_left"))
    assert APART > 0


def test_facing_front_takes_away_heading_and_place_alone() -> None:
    rest, pose = drawn(1)
    turn = quat_from_rotvec(np.array([0, 0, 1.1]))
    rotations = pose.rotations.copy()
    rotations[0] = quat_multiply(turn, rotations[0])
    moved = Pose(rotations, pose.root + np.array([2, -3, 0], np.float32))
    np.testing.assert_allclose(rest.posed_joints(facing_front(moved)), rest.posed_joints(pose), atol=1e-5)
