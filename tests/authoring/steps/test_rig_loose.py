from __future__ import annotations

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.authoring.steps._rig_loose import crotch_height, spanning
from dressform.authoring.steps._rig_weights import Origin
from dressform.authoring.steps.rig import RigOptions, rig_mesh
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.body.skinning import skin
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.motion.sweep_poses import sweep_pose


@pytest.fixture(scope="module")
def rest() -> RestBody:
    return canonical_rest()


def cone(bottom: float, *, around: int = 48, rings: int = 30, open_front: bool = False) -> GarmentMesh:
    """A skirt from the waist down to a height, open at the front like a coat if wanted; wound outward."""
    turn = np.linspace(0.15, 2 * np.pi - 0.15, around) if open_front else np.linspace(0, 2 * np.pi, around + 1)[:-1]
    t = np.linspace(0, 1, rings)[:, None]
    wide = 0.19 + 0.16 * t
    points = np.stack(
        [
            wide * np.sin(turn),
            -(wide - 0.03) * np.cos(turn),
            np.broadcast_to(1.06 + (bottom - 1.06) * t, wide.shape) + 0 * turn,
        ],
        axis=-1,
    )
    ids = np.arange(rings * around).reshape(rings, around)
    nxt = np.roll(ids, -1, axis=1)
    a, b, c, d = ids[:-1], ids[1:], nxt[1:], nxt[:-1]
    quads = [part[:, :-1] if open_front else part for part in (a, b, c, d)]
    a, b, c, d = quads
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    flat = points.reshape(-1, 3).astype(np.float32)
    ids32 = np.zeros(len(faces), np.int32)
    return GarmentMesh(flat, faces.astype(np.int32), None, None, None, None, (Material(),), ids32)


def test_the_crotch_lies_between_hips_and_knees(rest: RestBody) -> None:
    joints = rest.canonical_joints()
    assert joints[1, 2] - 0.15 < crotch_height(rest) < joints[1, 2]


@pytest.mark.parametrize("open_front", [False, True])
def test_a_skirt_and_a_coat_span_both_legs_and_trousers_do_not(
    rest: RestBody, trousers: GarmentMesh, open_front: bool
) -> None:
    skirt = cone(0.4, open_front=open_front)
    found = spanning(skirt.points, skirt.faces, rest)
    below = skirt.points[:, 2] < crotch_height(rest) - 0.05
    assert found[below].all()
    assert not found[skirt.points[:, 2] > crotch_height(rest)].any()
    assert spanning(trousers.points, trousers.faces, rest).mean() < 0.02


def test_a_skirt_follows_left_and_right_alike_in_the_middle(rest: RestBody) -> None:
    skirt = cone(0.5)
    made, report = rig_mesh(skirt, rest, RigOptions(tune=False))
    assert (report.origins == Origin.HANGING).mean() > 0.4
    names = np.array(made.joints)
    rows = np.zeros((len(skirt.points), len(names)))
    np.add.at(rows, (np.arange(len(rows))[:, None], made.joint_indices), made.joint_weights)
    hem = skirt.points[:, 2] < 0.6
    left = rows[:, np.char.endswith(names, ".L")].sum(axis=1)
    right = rows[:, np.char.endswith(names, ".R")].sum(axis=1)
    middle = hem & (np.abs(skirt.points[:, 0]) < 0.01)
    assert np.allclose(left[middle], right[middle], atol=0.1)
    order = np.argsort(skirt.points[hem, 0])
    assert (np.diff(left[hem][order].reshape(-1, 4).mean(axis=1)) > -0.05).all()


@pytest.mark.parametrize("pose", ["walk_left", "sit"])
def test_a_long_dress_stays_one_tube(rest: RestBody, pose: str) -> None:
    """Walking stretches no edge to double length; sitting, the hem hangs below the knees."""
    dress = cone(0.2, rings=44)
    made, _ = rig_mesh(dress, rest)
    posed = skin(dress.points, made.joint_indices, made.joint_weights, rest.skin_transforms(sweep_pose(rest, pose)))
    pairs = edges(dress.faces).vertices
    lengths = [np.linalg.norm(at[pairs[:, 0]] - at[pairs[:, 1]], axis=1) for at in (dress.points, posed)]
    assert np.quantile(lengths[1] / lengths[0], 0.995) < 2
    if pose == "sit":
        knees = rest.posed_joints(sweep_pose(rest, pose))[4, 2]
        assert posed[-48:, 2].max() < knees
