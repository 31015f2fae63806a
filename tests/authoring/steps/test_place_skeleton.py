from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from dressform.assets.files.garment import GarmentMesh, Layer, Material, SourceSkin
from dressform.authoring.steps._carry import carried, restored
from dressform.authoring.steps._place_skeleton import led
from dressform.authoring.steps.place import PlaceOptions, place_mesh
from dressform.benchmarks.place_trials import garment, wearer
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import CANONICAL_PARENTS, JOINT_INDEX

# the names of another tool's skeleton, in the order of the canonical joints
MIXAMO = [
    "Hips",
    "LeftUpLeg",
    "RightUpLeg",
    "Spine",
    "LeftLeg",
    "RightLeg",
    "Spine1",
    "LeftFoot",
    "RightFoot",
    "Spine2",
    "LeftToeBase",
    "RightToeBase",
    "Neck",
    "LeftShoulder",
    "RightShoulder",
    "Head",
    "LeftArm",
    "RightArm",
    "LeftForeArm",
    "RightForeArm",
    "LeftHand",
    "RightHand",
]
QUARTER = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])


def skinned(body: str, pose: str, names: list[str], size: float = 1.3) -> GarmentMesh:
    """A tee made on another body in another pose, larger, turned a quarter and off the ground, with its skeleton."""
    made, worn = garment("tee"), wearer(body, pose)
    points = made.on(worn)
    near = cKDTree(worn.points).query(points)[1]
    family = worn.rest.body
    joints = np.tile(np.eye(4, dtype=np.float32), (len(names), 1, 1))
    joints[:, :3, 3] = ((worn.joints @ QUARTER.T) + (0.5, 0.2, -1.0)) * size
    skin = SourceSkin(
        tuple(f"mixamorig:{name}" for name in names),
        np.array(CANONICAL_PARENTS, np.int32),
        joints,
        worn.rest.rig.segment_of_bone[family.joint_indices[near]].astype(np.int32),
        family.joint_weights[near].astype(np.float32),
    )
    moved = (((points @ QUARTER.T) + (0.5, 0.2, -1.0)) * size).astype(np.float32)
    ids = np.zeros(len(made.faces), np.int32)
    return GarmentMesh(moved, made.faces, None, None, None, None, (Material(),), ids, skin=skin)


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    return garment("tee").on(wearer("canonical", "rest"))


@pytest.mark.parametrize(("body", "pose"), [("tall man", "T"), ("thin woman", "A")])
def test_a_known_skeleton_says_size_facing_and_pose(body: str, pose: str, truth: np.ndarray) -> None:
    placed = place_mesh(skinned(body, pose, MIXAMO), "tee", canonical_rest())
    assert np.linalg.norm(placed.mesh.points - truth, axis=1).mean() < 0.015
    assert "its skeleton says so" in placed.report.reason
    assert placed.report.inside_after == 0.0
    assert placed.confidence > 0.8
    assert abs(abs(placed.report.yaw_deg) - 90) < 3
    moved = placed.mesh.skin
    assert moved is not None  # the artist's joints came along
    neck = canonical_rest().canonical_joints()[JOINT_INDEX["neck"]]
    assert np.linalg.norm(moved.rest[JOINT_INDEX["neck"], :3, 3] - neck) < 0.05


def test_a_stated_size_is_used_with_the_skeleton() -> None:
    mesh = skinned("tall man", "T", MIXAMO, size=1.0)
    placed = place_mesh(mesh, "tee", canonical_rest(), PlaceOptions(scale=0.9))
    assert placed.report.scale == pytest.approx(0.9)
    assert "its skeleton says so" in placed.report.reason


def test_names_that_mean_nothing_or_joints_that_form_no_body_lead_nowhere() -> None:
    mesh, rest = skinned("canonical", "rest", MIXAMO), canonical_rest()
    assert led(None, mesh.points, rest) is None
    assert mesh.skin is not None
    assert led(mesh.skin, mesh.points, rest) is not None
    strange = replace(mesh.skin, joints=tuple(f"b{k}" for k in range(22)))
    assert led(strange, mesh.points, rest) is None
    shuffled = mesh.skin.rest.copy()
    shuffled[:, :3, 3] = np.random.default_rng(2).permutation(shuffled[:, :3, 3])
    assert led(replace(mesh.skin, rest=shuffled), mesh.points, rest) is None
    together = mesh.skin.rest.copy()
    together[:, :3, 3] = 0.0
    assert led(replace(mesh.skin, rest=together), mesh.points, rest) is None


def test_what_was_carried_can_be_put_back_to_be_placed_again() -> None:
    mesh = skinned("canonical", "rest", MIXAMO)
    normals = Layer("n", "normal", np.tile(np.float32((1, 0, 0)), (len(mesh.points), 1)), mesh.faces)
    uv = Layer("own", "uv", np.zeros((len(mesh.points), 2), np.float32), mesh.faces)
    before = replace(mesh, layers=(normals,))
    after = replace(carried(before, mesh.points @ QUARTER), layers=(*carried(before, mesh.points @ QUARTER).layers, uv))
    assert not np.allclose(after.layers[0].values, normals.values, atol=0.5)
    again = restored(after, before)
    assert np.array_equal(again.points, mesh.points)
    assert np.array_equal(again.layers[0].values, normals.values)
    assert again.layers[1] is uv
    assert again.skin is mesh.skin
