"""Fields are synthetic here: smooth random modes (`field_maker`), nothing is learned."""

import dataclasses

import numpy as np
import pytest
import warp as wp

from dressform.assets.files.field_file import as_written
from dressform.runtime.body.canonical import CANONICAL_SHAPE
from dressform.runtime.body.protocol import Pose
from dressform.runtime.body.skinning import skin
from dressform.runtime.garment import _field_reference as reference
from dressform.runtime.garment.candidates import sample_transforms
from dressform.runtime.garment.field import FieldOnBody
from dressform.runtime.garment.field_base import FieldBase, carry
from dressform.runtime.garment.field_code import read_model
from dressform.runtime.garment.field_features import FEATURES, body_features, pose_features
from dressform.schemas.errors import AssetError

from .field_maker import make_field, some_poses

START = 100  # vertices of others before the garment's
DEVICES = ["cpu", *(["cuda:0"] if wp.is_cuda_available() else [])]


@pytest.fixture(scope="module")
def field(rest, top):
    return as_written(make_field(rest, *top, sizes={"S": 0.93, "M": 1.0}))


class Worn:
    """A field on a body, with the buffers that an outfit would hold."""

    def __init__(self, field, rest, top, size="M", device="cpu"):
        mesh, rig = top
        self.field, self.rest, self.points, self.rig, self.size = field, rest, mesh.points, rig, size
        everything = np.concatenate([np.zeros((START, 3), np.float32), mesh.points])
        self.transforms = wp.zeros(len(rest.body.joint_names), dtype=wp.mat44, device=device)
        self.buffer = wp.array(everything, dtype=wp.vec3, device=device)
        self.out = wp.zeros(len(everything), dtype=wp.vec3, device=device)
        self.on = FieldOnBody(
            field, rest, size, self.buffer, START, self.transforms, name="top", device=device
        )  # fmt: skip

    def plain(self, transforms):
        return skin(self.points, self.rig.joint_indices, self.rig.joint_weights, transforms)

    def pose(self, pose):
        transforms = self.rest.skin_transforms(pose)
        self.transforms.assign(transforms)
        self.out.assign(np.concatenate([np.ones((START, 3), np.float32), self.plain(transforms)]))
        self.on.launch(transforms, self.out)
        return self.out.numpy()

    def expected(self, pose):
        transforms, field = self.rest.skin_transforms(pose), self.field
        features = np.concatenate([pose_features(self.rest, pose), body_features(self.rest, field.sizes[self.size])])
        base = FieldBase(field.points, field.joints, field.joint_indices, field.joint_weights)
        plain = self.plain(transforms)
        code = read_model(field.model, features)
        moved = plain.copy()
        moved[field.points] = reference.moved(field, code, carry(base, self.points, transforms), plain[field.points])
        return moved, code


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("shape", [{}, {"weight": 0.9, "gender": 1.0}])
@pytest.mark.parametrize("size", ["S", "M"])
def test_kernels_match_the_reference(field, rest, top, shape, size, device):
    worn = Worn(field, rest.body.rest({**CANONICAL_SHAPE, **shape}), top, size, device)
    for pose in some_poses(rest, 12, seed=3):
        expected, code = worn.expected(pose)
        found = worn.pose(pose)
        np.testing.assert_allclose(found[START:], expected, atol=2e-5)
        np.testing.assert_allclose(worn.on.coefficients, code.coefficients, atol=1e-4)
        assert worn.on.confidence == pytest.approx(code.confidence, abs=1e-3)
        np.testing.assert_array_equal(found[:START], 1)


def test_the_cloth_moves_by_what_the_modes_say(field, rest, top):
    worn = Worn(field, rest, top)
    pose = rest.rest_pose()
    code = read_model(field.model, np.concatenate([pose_features(rest, pose), body_features(rest, 1.0)]))
    assert code.confidence == 1
    displacement = field.mean + np.einsum("k,kpx->px", code.coefficients, field.modes)
    assert np.abs(displacement).max() > 0.01
    # at rest nothing is turned and the smooth weights carry nothing anywhere
    found = worn.pose(pose)[START:]
    np.testing.assert_allclose(found[field.points], top[0].points[field.points] + displacement, atol=2e-5)


def test_beyond_the_trained_range_it_is_plain_skinning(field, rest, top):
    worn = Worn(field, rest, top)
    away = sample_transforms(rest)[-1]  # sitting
    worn.transforms.assign(away)
    plain = np.concatenate([np.ones((START, 3), np.float32), worn.plain(away)])
    worn.out.assign(plain)
    worn.on.launch(away, worn.out)
    assert worn.on.confidence == 0
    np.testing.assert_array_equal(worn.out.numpy(), plain)


def test_no_point_is_moved_beyond_the_bound(field, rest, top):
    wild = dataclasses.replace(field, modes=30 * field.modes, bound=0.03)
    worn = Worn(wild, rest, top)
    for pose in some_poses(rest, 4):
        plain = worn.plain(rest.skin_transforms(pose))
        lengths = np.linalg.norm(worn.pose(pose)[START:] - plain, axis=1)
        assert 0.029 < lengths.max() < 0.03001


def test_frames_repeat_to_the_bit_whatever_came_between(field, rest, top):
    worn = Worn(field, rest, top)
    first, second = some_poses(rest, 3)[1:]
    expected = worn.pose(first).copy()
    worn.pose(second)
    np.testing.assert_array_equal(worn.pose(first), expected)


def test_where_the_person_stands_changes_nothing_but_the_place(field, rest, top):
    worn = Worn(field, rest, top)
    pose = some_poses(rest, 2)[1]
    shift = np.array([2.0, -1.0, 0.0], np.float32)
    here = worn.pose(pose)[START:].copy()
    np.testing.assert_allclose(worn.pose(Pose(pose.rotations, pose.root + shift))[START:], here + shift, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"body": "smplx"}, r"top: its field is for the body smplx"),
        ({"body_digest": "0" * 64}, r"needed anny"),
        ({"sizes": {"L": 1.1}}, "top: its field knows the sizes L, not M"),
        ({"features": FEATURES[::-1]}, "top: its field was trained on other features"),
        ({"joints": ("tail",)}, "names the joint tail, which the anny body lacks"),
    ],
)
def test_a_field_that_does_not_belong_here_is_refused(field, rest, top, changes, message):
    with pytest.raises(AssetError, match=message):
        Worn(dataclasses.replace(field, **changes), rest, top)
