"""Wrinkles are synthetic here: random modes on a synthetic field."""

import dataclasses
import itertools

import numpy as np
import pytest
import warp as wp

from dressform.assets.files.field import lod_field, wrinkles_at
from dressform.assets.files.garment import outer_faces
from dressform.assets.files.lod import lod_rig
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.field_base import FieldBase, carry
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.garment.wrinkles import shaded_normals, wrinkle_normals
from dressform.runtime.geometry.rotations import quat_to_matrix
from dressform.runtime.motion.playback import play
from dressform.runtime.motion.procedural import motion

from .field_maker import make_field, make_wrinkles, some_poses


@pytest.fixture(scope="module")
def garment(rest, top):
    mesh, rig = top
    atlas = np.stack([mesh.points[:, 0] * 0.4 + 0.5, mesh.points[:, 2] * 0.4 + 0.5], axis=1)  # seen from in front
    front = mesh.points[mesh.faces].mean(axis=1)[:, 1] < 0
    mesh = dataclasses.replace(mesh, faces=mesh.faces[front], material_ids=mesh.material_ids[front])
    mesh = dataclasses.replace(mesh, uv1=atlas.astype(np.float32), uv1_faces=mesh.faces)
    field = make_field(rest, mesh, rig, amplitude=0.005)
    return DressedGarment("top", mesh, rig, 0, field=dataclasses.replace(field, wrinkles=make_wrinkles(field)))


@pytest.fixture(scope="module")
def worn(rest, garment):
    return Outfit(rest, [garment])


def shown(outfit, rest, pose, **options):
    out = wp.zeros(sum(outfit.vertex_counts), dtype=wp.vec3, device="cpu")
    relief = outfit.relief()
    relief.turns.fill_(7.0)
    transforms = rest.skin_transforms(pose)
    outfit.pose(transforms, out, relief=relief, **options)
    return outfit.split(relief.turns.numpy())[1], relief.texels.numpy(), transforms


def test_texels_hold_what_the_file_says_of_their_places(worn, garment, rest):
    field, (side,) = garment.field, worn.wrinkle_sides
    for pose in some_poses(rest, 4):
        _, texels, _ = shown(worn, rest, pose)
        code = worn._fields[0].coefficients
        texel = np.flatnonzero(np.linalg.norm(texels, axis=1) > 0)[::50]
        centres = (np.stack([texel % side, texel // side], axis=1) + 0.5) / side
        corners = garment.mesh.uv1[garment.mesh.uv1_faces].astype(np.float64)
        for at, found in zip(centres, texels[texel], strict=True):
            solved = np.linalg.solve(
                np.stack([corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]], axis=2),
                (at - corners[:, 0])[..., None],
            )[..., 0]
            weights = np.column_stack([1 - solved.sum(axis=1), solved])
            inside = np.flatnonzero((weights > 1e-4).all(axis=1))
            if len(inside) != 1:  # on an edge, or where the front is seen through itself
                continue
            mean, modes = wrinkles_at(field.wrinkles, garment.mesh.faces[inside], weights[inside].astype(np.float32))
            expected = mean + np.einsum("r,rnx->nx", field.wrinkles.mix @ code, modes)
            np.testing.assert_allclose(found, expected[0], atol=2e-4)


def test_turns_are_those_of_the_carried_cloth_and_as_long_as_the_share(worn, garment, rest):
    field = garment.field
    base = FieldBase(field.points, field.joints, field.joint_indices, field.joint_weights)
    for pose in some_poses(rest, 4):
        turns, _, transforms = shown(worn, rest, pose)
        share = field.wrinkles.share * worn._fields[0].confidence
        np.testing.assert_allclose(np.linalg.norm(turns[field.points], axis=1), share, atol=1e-5)
        carried = carry(base, worn.rest_points[0], transforms).turns
        np.testing.assert_allclose(quat_to_matrix(turns[field.points] / share), carried, atol=2e-4)


@pytest.mark.parametrize("options", [{"fields": False}, {}])
def test_without_the_field_there_are_no_wrinkles(worn, garment, rest, options):
    pose = rest.rest_pose()
    if not options:  # far beyond the training the field does not act
        pose = dataclasses.replace(
            pose, rotations=np.roll(some_poses(rest, 2)[1].rotations, 1, axis=0)[:, [3, 0, 1, 2]]
        )
    turns, _, _ = shown(worn, rest, pose, **options)
    if not options:
        assert worn._fields[0].confidence == 0
    assert np.abs(turns[garment.field.points]).max() == 0


def test_simulated_cloth_is_shaded_by_its_own_folds(worn, rest):
    relief = worn.relief()
    relief.turns.fill_(1.0)
    out = wp.zeros(sum(worn.vertex_counts), dtype=wp.vec3, device="cpu")
    transforms = rest.skin_transforms(rest.rest_pose())
    worn.lay(transforms, [worn.rest_points[0]], np.zeros(3, np.float32), out, relief=relief)
    assert np.abs(relief.turns.numpy()).max() == 0


def test_vertices_are_the_same_with_and_without(worn, rest):
    out = [wp.zeros(sum(worn.vertex_counts), dtype=wp.vec3, device="cpu") for _ in range(2)]
    transforms = rest.skin_transforms(some_poses(rest, 2)[1])
    worn.pose(transforms, out[0])
    worn.pose(transforms, out[1], relief=worn.relief())
    np.testing.assert_array_equal(out[0].numpy(), out[1].numpy())


def test_a_level_of_detail_reads_the_same_texels(worn, garment, rest):
    points = np.unique(garment.mesh.faces[: len(garment.mesh.faces) // 2])
    row = np.full(len(garment.mesh.points), -1, np.int32)
    row[points] = np.arange(len(points))
    faces = row[garment.mesh.faces]
    kept = (faces >= 0).all(axis=1)
    level = DressedGarment(
        *("top", dataclasses.replace(
            garment.mesh, points=garment.mesh.points[points], faces=faces[kept],
            uv1_faces=garment.mesh.uv1_faces[kept], material_ids=garment.mesh.material_ids[kept],
        ), lod_rig(garment.rig, points), 0),
        field=lod_field(garment.field, points.astype(np.int32)), whole=garment.mesh,
    )  # fmt: skip
    coarse = Outfit(rest, [level])
    pose = some_poses(rest, 3)[2]
    assert coarse.wrinkle_sides == worn.wrinkle_sides
    np.testing.assert_array_equal(shown(coarse, rest, pose)[1], shown(worn, rest, pose)[1])


def test_nothing_jumps_from_frame_to_frame(worn, garment, rest):
    """Wrinkles are smooth in the code, and the code in the pose."""
    steps = {}
    for rate in (30, 60):
        texels = [shown(worn, rest, pose)[1] for pose in play(motion("turn"), rest, rate, 0.3)]
        steps[rate] = max(np.abs(after - before).max() for before, after in itertools.pairwise(texels))
    assert steps[60] < 0.65 * steps[30] + 1e-4


def test_an_outfit_without_wrinkles_needs_no_room(rest, garment):
    plain = Outfit(rest, [dataclasses.replace(garment, field=dataclasses.replace(garment.field, wrinkles=None))])
    assert plain.wrinkle_sides == (0,)
    assert len(plain.relief().turns) == len(plain.relief().texels) == 1


def test_the_reference_is_the_formula(garment):
    wrinkles = garment.field.wrinkles
    code = np.linspace(-1, 1, wrinkles.mix.shape[1]).astype(np.float32)
    expected = wrinkles.mean + sum((wrinkles.mix[r] @ code) * wrinkles.modes[r] for r in range(len(wrinkles.modes)))
    np.testing.assert_allclose(wrinkle_normals(wrinkles, code), expected, atol=1e-5)


def test_a_normal_that_looks_another_way_has_no_say():
    up, aside, down, lean = np.eye(3)[2], np.eye(3)[0], -np.eye(3)[2], np.array([0.6, 0, 0.8])
    mesh = np.tile(up, (4, 1))
    found = shaded_normals(mesh, np.stack([aside, down, 3 * lean, np.zeros(3)]), 0.5)
    half = 0.5 * (up + lean)
    np.testing.assert_allclose(found, [up, up, half / np.linalg.norm(half), up], atol=1e-6)


def test_outer_cloth_alone_has_wrinkles(garment):
    assert set(garment.field.wrinkles.points) <= set(np.unique(outer_faces(garment.mesh)))
