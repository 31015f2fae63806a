from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, SourceSkin
from dressform.authoring.steps._rig_weights import Origin
from dressform.authoring.steps.rig import RigOptions, rig_mesh
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody

MIXAMO = ("Hips", "Spine", "LeftUpLeg", "LeftLeg", "LeftFoot", "RightUpLeg", "RightLeg", "RightFoot")
PARENTS = np.array([-1, 0, 0, 2, 3, 0, 5, 6], np.int32)


@pytest.fixture(scope="module")
def rest() -> RestBody:
    return canonical_rest()


def skinned(mesh: GarmentMesh, names: tuple[str, ...]) -> GarmentMesh:
    """An artist who lets each leg follow its upper joint down to the hem and the rest the hips."""
    z, x = mesh.points[:, 2], mesh.points[:, 0]
    joint = np.where(z > 0.85, 0, np.where(x > 0, 2, 5))
    poses = np.tile(np.eye(4, dtype=np.float32), (len(names), 1, 1))
    skin = SourceSkin(names, PARENTS, poses, joint[:, None].astype(np.int32), np.ones((len(z), 1), np.float32))
    return replace(mesh, skin=skin)


def test_the_artists_shares_are_kept_and_spread_over_the_bodys_joints(rest: RestBody, trousers: GarmentMesh) -> None:
    made, report = rig_mesh(skinned(trousers, tuple(f"mixamorig:{n}" for n in MIXAMO)), rest, RigOptions(tune=False))
    assert report.source_skin.state == "used"
    assert report.source_skin.mapped >= 7
    assert trousers.part_ids is not None
    hems = np.unique(trousers.faces[trousers.part_ids == 1])  # turned under the cloth, they follow it
    cloth = np.setdiff1d(np.arange(len(trousers.points)), hems)
    assert (report.origins[cloth] == Origin.SOURCE).all()
    names = np.array(made.joints)
    rows = np.zeros((len(trousers.points), len(names)))
    np.add.at(rows, (np.arange(len(rows))[:, None], made.joint_indices), made.joint_weights)
    left_leg = (trousers.points[:, 2] < 0.8) & (trousers.points[:, 0] > 0)
    upper = np.char.startswith(names, "upperleg") & np.char.endswith(names, ".L")
    assert rows[left_leg][:, upper].sum(axis=1).min() > 0.99  # no shin, as the artist had it
    both = rows[left_leg][:, upper].max(axis=0)
    assert (both > 0.3).all()  # upper and lower half of the thigh share it


def test_a_skeleton_that_is_not_understood_is_said_and_left(rest: RestBody, trousers: GarmentMesh) -> None:
    strange = skinned(trousers, tuple(f"thing{k}" for k in range(8)))
    made, report = rig_mesh(strange, rest, RigOptions(tune=False))
    plain, _ = rig_mesh(trousers, rest, RigOptions(tune=False))
    assert report.source_skin.state == "unmapped"
    assert np.array_equal(made.joint_weights, plain.joint_weights)
