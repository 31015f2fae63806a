import numpy as np
import pytest

from dressform.runtime.body.protocol import Pose
from dressform.runtime.body.skinning import skin
from dressform.runtime.garment.candidates import sample_transforms
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.field_base import carry, cloth_points, displacements, field_base


@pytest.fixture(scope="module")
def base(rest, top):
    return field_base(DressedGarment("top", *top, 1), rest.body)


def test_it_is_the_cloth_that_neither_goes_with_other_cloth_nor_is_stiff(top, base):
    garment = DressedGarment("top", *top, 1)
    left = np.setdiff1d(np.arange(len(top[0].points)), base.points)
    np.testing.assert_array_equal(left, np.unique(garment.under.points))
    assert len(left) < 0.1 * len(top[0].points)

    class Buttoned:
        mesh, rig, under, stiff = garment.mesh, garment.rig, garment.under, [base.points[:9].astype(np.int64)]

    np.testing.assert_array_equal(cloth_points(Buttoned()), base.points[9:])


def test_weights_sum_to_one_and_are_smoother_than_the_rigs(rest, top, base):
    _, rig = top
    np.testing.assert_allclose(base.joint_weights.sum(axis=1), 1, atol=1e-5)

    def roughness(indices, weights):
        dense = np.zeros((len(top[0].points), len(rest.body.joint_names)))
        np.add.at(dense, (base.points[:, None], indices), weights)
        ends = top[0].faces[np.isin(top[0].faces, base.points).all(axis=1)][:, [0, 1]]
        return np.abs(dense[ends[:, 0]] - dense[ends[:, 1]]).sum(axis=1).mean()

    smooth = roughness(base.joint_indices, base.joint_weights)
    assert smooth < 0.7 * roughness(rig.joint_indices[base.points], rig.joint_weights[base.points])


def test_without_smoothing_it_carries_as_skinning(rest, top):
    mesh, rig = top
    rigged = field_base(DressedGarment("top", *top, 1), rest.body, rounds=0)
    transforms = rest.skin_transforms(Pose.t_pose())
    expected = skin(mesh.points, rig.joint_indices, rig.joint_weights, transforms)[rigged.points]
    np.testing.assert_allclose(carry(rigged, mesh.points, transforms).points, expected, atol=2e-6)


def test_turned_frames_are_rotations_and_give_back_what_was_displaced(rest, top, base):
    points = top[0].points
    for transforms in sample_transforms(rest):
        carried = carry(base, points, transforms)
        unit = carried.turns @ np.swapaxes(carried.turns, 1, 2)
        np.testing.assert_allclose(unit, np.broadcast_to(np.eye(3), unit.shape), atol=1e-5)
        own = np.random.default_rng(0).normal(0, 0.02, carried.points.shape)
        world = carried.points + np.einsum("pab,pb->pa", carried.turns, own)
        np.testing.assert_allclose(displacements(carried, world), own, atol=1e-6)
    resting = carry(base, points, sample_transforms(rest)[0])
    np.testing.assert_allclose(resting.points, points[base.points], atol=1e-5)
