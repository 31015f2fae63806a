"""Mirror images of garments and poses."""

from dataclasses import replace

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, outer_faces
from dressform.assets.library import STARTER, Library
from dressform.authoring.learn.mirror import FLIP, PointMirror, mirrored_pose
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Pose
from dressform.runtime.geometry.rotations import quat_from_rotvec


@pytest.fixture(scope="module")
def tee() -> GarmentMesh:
    return Library.open(STARTER).resolve("tee").mesh()


def test_a_tee_is_its_own_mirror_image(tee: GarmentMesh) -> None:
    cloth = np.unique(outer_faces(tee))
    mirror = PointMirror.of(tee, cloth)
    assert mirror.is_whole
    apart = np.linalg.norm(mirror.image(tee.points[cloth]) - tee.points[cloth], axis=1)
    assert np.median(apart) < 0.003


def test_a_move_of_the_left_sleeve_becomes_one_of_the_right(tee: GarmentMesh) -> None:
    cloth = np.unique(outer_faces(tee))
    across = tee.points[cloth, 0]
    moved = np.where(across[:, None] > 0.25, np.array([0.01, 0.02, 0.03]), 0.0)
    image = PointMirror.of(tee, cloth).image(moved)
    right = across < -0.26
    np.testing.assert_allclose(image[right], np.tile([-0.01, 0.02, 0.03], (right.sum(), 1)), atol=1e-6)
    assert np.abs(image[across > 0]).max() == 0


def test_half_a_garment_has_no_mirror_image(tee: GarmentMesh) -> None:
    half = replace(tee, points=(tee.points + np.array([0.4, 0, 0])).astype(np.float32))
    assert not PointMirror.of(half, np.unique(outer_faces(tee))).is_whole


def test_a_mirrored_pose_puts_every_joint_at_the_mirror_image_of_its_partner() -> None:
    rest = canonical_rest()
    rng = np.random.default_rng(2)
    pose = Pose(quat_from_rotvec(rng.normal(0, 0.4, (22, 3))).astype(np.float32), np.array([0.1, 0.2, 0.0], np.float32))
    ours, theirs = rest.posed_joints(pose), rest.posed_joints(mirrored_pose(pose))
    np.testing.assert_allclose(theirs[JOINT_INDEX["right_wrist"]], ours[JOINT_INDEX["left_wrist"]] * FLIP, atol=2e-3)
    np.testing.assert_allclose(theirs[JOINT_INDEX["head"]], ours[JOINT_INDEX["head"]] * FLIP, atol=2e-3)
    again = mirrored_pose(mirrored_pose(pose))
    np.testing.assert_allclose(again.rotations, pose.rotations, atol=1e-7)
    np.testing.assert_allclose(again.root, pose.root, atol=1e-7)
