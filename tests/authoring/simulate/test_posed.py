"""Garments in poses and in motion, on a coarse skirt and in few frames."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.authoring.simulate import layer as layer_module
from dressform.authoring.simulate.piercing import piercings
from dressform.authoring.simulate.posed import CanonicalProtocol, Dropped, PosedCloth
from dressform.authoring.simulate.poses import levelled
from dressform.authoring.simulate.wearing import Wearing
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import Pose
from dressform.runtime.geometry.rotations import quat_from_rotvec, quat_multiply
from dressform.runtime.motion.sweep_poses import sweep_pose
from dressform.schemas.errors import InputError, UsageError

FAST = CanonicalProtocol(move=4, hold=2, settle=4, attempts=((2, 2), (3, 2)))
REST = canonical_rest()


@pytest.fixture(scope="module")
def cloth(skirt: Wearing) -> PosedCloth:
    return PosedCloth([skirt], REST, protocol=FAST)


def test_a_pose_is_the_same_whatever_came_before(cloth: PosedCloth) -> None:
    step = sweep_pose(REST, "walk_left")
    first = cloth.pose(step).points[0]
    cloth.pose(sweep_pose(REST, "twist"))
    assert np.array_equal(cloth.pose(step).points[0], first)


def test_where_the_body_stands_and_looks_moves_the_cloth_and_nothing_else(cloth: PosedCloth) -> None:
    pose = sweep_pose(REST, "walk_left")
    turn = quat_from_rotvec(np.array([0.0, 0.0, np.pi / 2], np.float32))
    rotations = pose.rotations.copy()
    rotations[0] = quat_multiply(turn, pose.rotations[0])
    elsewhere = Pose(rotations, pose.root + np.array([3.0, 1.0, 0.0], np.float32))
    here, there = cloth.pose(pose).points[0], cloth.pose(elsewhere).points[0]
    pelvis = REST.posed_joints(pose)[0]
    turned = (here - pelvis) @ np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert np.abs(turned + pelvis + [3.0, 1.0, 0.0] - there).max() < 1e-3


def test_levelled_points_return_to_the_world() -> None:
    pose = sweep_pose(REST, "bend")
    moved = Pose(pose.rotations, pose.root + np.array([1.0, -2.0, 0.3], np.float32))
    level, place = levelled(moved, REST)
    assert np.abs(place.world(REST.posed_vertices(level)) - REST.posed_vertices(moved)).max() < 1e-5


def test_the_waistband_stays_at_the_waist(cloth: PosedCloth, skirt: Wearing) -> None:
    pose = sweep_pose(REST, "walk_left")
    band = skirt.points[skirt.band]
    anchors = cloth.layers[0].anchors(REST.skin_transforms(pose))
    assert anchors is not None
    off = cloth.pose(pose).points[0][band] - anchors.points
    along = np.abs(np.einsum("hk,hk->h", off, anchors.up))
    assert along.max() <= layer_module.BAND_SLACK.along + 1e-4
    assert np.linalg.norm(off, axis=1).max() <= np.hypot(layer_module.BAND_SLACK.along, layer_module.BAND_SLACK.across)


def test_noise_depends_on_the_seed_alone(cloth: PosedCloth, skirt: Wearing) -> None:
    noisy = CanonicalProtocol(move=2, hold=1, settle=1, noise_mm=1.0, attempts=((2, 2),))
    pose = sweep_pose(REST, "walk_left")
    runs = []
    for seed in (1, 1, 2):
        cloth.seed, cloth.protocol = seed, noisy
        runs.append(cloth.pose(pose).points[0])
    cloth.seed, cloth.protocol = 0, FAST
    assert np.array_equal(runs[0], runs[1])
    assert 1e-5 < np.abs(runs[0] - runs[2]).max() < 0.05


def test_a_clip_goes_on_to_the_same_bits_where_it_was_interrupted(cloth: PosedCloth) -> None:
    start, end = REST.rest_pose(), sweep_pose(REST, "walk_left")
    poses = [start, end, start]
    whole = [garments[0] for garments in cloth.clip(poses, 60)]
    for number, _ in enumerate(cloth.clip(poses, 60)):
        if number == 1:
            break
    rest = [garments[0] for garments in cloth.clip(poses[2:], 60, after=cloth.moment)]
    assert np.array_equal(rest[0], whole[2])


def test_what_goes_wrong_is_tried_finer_and_then_dropped(cloth: PosedCloth, monkeypatch: pytest.MonkeyPatch) -> None:
    cloth.settle()
    faults = iter(["it tore", ""])
    monkeypatch.setattr(layer_module.ClothLayer, "fault", lambda *_: next(faults))
    assert cloth.pose(sweep_pose(REST, "walk_left")).attempts == 2
    monkeypatch.setattr(layer_module.ClothLayer, "fault", lambda *_: "it tore")
    with pytest.raises(Dropped, match="the pose cannot be simulated: it tore") as dropped:
        cloth.pose(sweep_pose(REST, "walk_left"))
    assert dropped.value.reason == "it tore"


def test_faults_are_told(cloth: PosedCloth, skirt: Wearing) -> None:
    layer, pose = cloth.layers[0], REST.rest_pose()
    body = REST.posed_vertices(pose)
    good = skirt.fitted[skirt.points]

    def told(points: np.ndarray) -> str:
        return layer.fault(points.astype(np.float32), pose, body)

    assert told(good) == ""
    assert "not a number" in told(np.where(np.arange(len(good))[:, None] == 3, np.nan, good))
    assert "torn" in told(good + np.where(np.arange(len(good))[:, None] == 3, 0.5, 0.0))
    assert "flew" in told(good + np.array([0.0, 5.0, 0.0]))
    assert "a limb came through" in told(good + np.array([0.17, 0.0, 0.0]))
    middle = good.mean(axis=0)
    assert "inside the body" in told(middle + (good - middle) * [0.95, 0.8, 1.0])


def test_a_segment_through_a_triangle_pierces_it_once() -> None:
    points, faces = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.array([[0, 1, 2]])
    starts, ends = np.array([[0.2, 0.2, 1.0], [2.0, 2, 1]]), np.array([[0.2, 0.2, -1.0], [2.0, 2, -1]])
    assert piercings(starts, ends, points, faces) == 1


def test_an_unknown_solver_and_nothing_to_wear_are_refused(skirt: Wearing) -> None:
    with pytest.raises(UsageError, match="solver must be one of style3d, vbd"):
        PosedCloth([skirt], REST, solver="xpbd")
    with pytest.raises(InputError, match="nothing to simulate"):
        PosedCloth([], REST)
