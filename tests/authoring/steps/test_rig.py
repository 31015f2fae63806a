from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.rig import Rig
from dressform.assets.library import Library
from dressform.authoring.draft import Draft
from dressform.authoring.steps._rig_hide import covered_faces
from dressform.authoring.steps._rig_operators import cotangent_weights, grown, laplacian, vertex_masses
from dressform.authoring.steps._rig_poses import QUICK, TRAINING
from dressform.authoring.steps._rig_transfer import (
    INFLUENCES,
    TransferOptions,
    cloth_joint_map,
    dense_weights,
    packed,
    strongest,
    transfer_weights,
)
from dressform.authoring.steps.rig import RigOptions, RigReport, rig, rig_mesh
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.body.skinning import skin
from dressform.runtime.garment.shape_transfer import Binding, unbind
from dressform.runtime.motion.sweep_poses import SWEEP, sweep_pose, turned_pose
from dressform.schemas.errors import InputError


@pytest.fixture(scope="module")
def rest() -> RestBody:
    return canonical_rest()


@pytest.fixture(scope="module")
def rigged(rest: RestBody, trousers: GarmentMesh) -> tuple[Rig, RigReport]:
    return rig_mesh(trousers, rest)


def tube(rings: int, around: int, radius: float, height: float) -> tuple[np.ndarray, np.ndarray]:
    """An open cylinder about z, seen from outside counter-clockwise."""
    turn = np.linspace(0, 2 * np.pi, around, endpoint=False)
    z = np.linspace(0, height, rings)
    points = np.stack(
        [np.tile(radius * np.cos(turn), rings), np.tile(radius * np.sin(turn), rings), z.repeat(around)], 1
    )
    ids = np.arange(rings * around).reshape(rings, around)
    a, b = ids[:-1], np.roll(ids, -1, axis=1)[:-1]
    c, d = np.roll(ids, -1, axis=1)[1:], ids[1:]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    return points.astype(np.float32), faces.astype(np.int32)


def two_bones(points: np.ndarray) -> np.ndarray:
    """Weights that go from joint 0 to joint 1 along z."""
    share = np.clip((points[:, 2] - 0.4) / 0.2, 0, 1)
    return np.stack([1 - share, share], axis=1).astype(np.float64)


def test_close_cloth_copies_the_skin_below() -> None:
    body, faces = tube(61, 32, 0.1, 1.0)
    cloth, cloth_faces = tube(41, 32, 0.105, 1.0)
    transfer = transfer_weights(cloth, cloth_faces, body, faces, two_bones(body), TransferOptions(smoothing=0.0))
    assert transfer.matched.all()
    assert np.abs(transfer.weights - two_bones(cloth)).max() < 1e-4


def test_cloth_that_faces_the_other_way_is_no_sure_match() -> None:
    body, faces = tube(61, 32, 0.1, 1.0)
    cloth, cloth_faces = tube(41, 32, 0.105, 1.0)
    assert not transfer_weights(cloth, cloth_faces[:, ::-1].copy(), body, faces, two_bones(body)).matched.any()


def test_far_cloth_is_solved_for_between_what_was_copied() -> None:
    body, faces = tube(61, 32, 0.1, 1.0)
    cloth, cloth_faces = tube(41, 32, 0.105, 1.0)
    bulge = 0.3 * np.exp(-(((cloth[:, 2] - 0.5) / 0.12) ** 2))
    cloth[:, :2] *= (1 + bulge / 0.105)[:, None]
    transfer = transfer_weights(cloth, cloth_faces, body, faces, two_bones(body), TransferOptions(smoothing=0.0))
    assert 0.3 < transfer.matched.mean() < 0.9
    assert transfer.weights.min() >= 0
    assert np.allclose(transfer.weights.sum(axis=1), 1)
    column = transfer.weights[:, 1].reshape(41, 32).mean(axis=1)
    assert (np.diff(column) > -0.02).all()
    assert column[0] < 0.01
    assert column[-1] > 0.99


def test_a_piece_without_any_match_takes_the_nearest_skin() -> None:
    body, faces = tube(61, 32, 0.1, 1.0)
    near, near_faces = tube(41, 32, 0.105, 1.0)
    flap = np.array([(0.9, 0, 0.9), (0.9, 0.02, 0.9), (0.9, 0, 0.92)], np.float32)
    points = np.concatenate([near, flap])
    joined = np.concatenate([near_faces, [[len(near), len(near) + 1, len(near) + 2]]]).astype(np.int32)
    transfer = transfer_weights(points, joined, body, faces, two_bones(body))
    assert np.array_equal(np.flatnonzero(transfer.lost), len(near) + np.arange(3))
    assert (transfer.weights[-3:, 1] > 0.99).all()


def test_loose_cloth_is_evened_out_more() -> None:
    body, faces = tube(61, 32, 0.1, 1.0)
    sharp = (two_bones(body) > 0.5).astype(np.float64)
    widths = []
    for radius in (0.104, 0.16):
        cloth, cloth_faces = tube(61, 32, radius, 1.0)
        weights = transfer_weights(
            cloth, cloth_faces, body, faces, sharp, TransferOptions(distance_fraction=0.2)
        ).weights
        column = weights[:, 1].reshape(61, 32).mean(axis=1)
        widths.append(np.interp(0.9, column, np.linspace(0, 1, 61)) - np.interp(0.1, column, np.linspace(0, 1, 61)))
    assert widths[1] > 2 * widths[0]


def test_only_the_strongest_joints_stay_and_sum_to_one() -> None:
    weights = np.random.default_rng(5).random((200, 30))
    kept = strongest(weights)
    assert ((kept > 0).sum(axis=1) == INFLUENCES).all()
    assert np.allclose(kept.sum(axis=1), 1)
    indices, values = packed(kept)
    assert values.dtype == np.float32
    assert np.allclose(values.sum(axis=1), 1, atol=1e-6)
    assert np.allclose(dense_weights(indices, values, np.arange(30, dtype=np.int32)), kept, atol=1e-6)
    indices, values = packed(np.eye(3))
    assert indices.shape == (3, INFLUENCES)
    assert np.array_equal(values[:, 0], np.ones(3, np.float32))
    assert not values[:, 1:].any()


def test_cloth_follows_neither_fingers_nor_face(rest: RestBody) -> None:
    names = rest.body.joint_names
    target = cloth_joint_map(names, rest.body.joint_parents)
    followed = {names[j] for j in target}
    assert not any("finger" in name or "eye" in name for name in followed)
    assert {"upperarm01.L", "spine01", "lowerleg01.R", "foot.L"} <= followed
    finger = next(j for j, name in enumerate(names) if name.startswith("finger3-2.L"))
    assert names[target[finger]] == "wrist.L"
    assert (target[target] == target).all()


def test_laplacian_is_symmetric_positive_and_blind_to_constants() -> None:
    points, faces = tube(9, 12, 0.1, 0.3)
    lap = laplacian(points, faces)
    assert abs(lap - lap.T).max() < 1e-12
    assert np.abs(lap @ np.ones(len(points))).max() < 1e-9
    probe = np.random.default_rng(1).standard_normal(len(points))
    assert probe @ (lap @ probe) > 0
    assert cotangent_weights(points, faces).data.min() > 0
    # the area of the cylinder's 12-sided prism
    assert vertex_masses(points, faces).sum() == pytest.approx(0.3 * 12 * 2 * 0.1 * np.sin(np.pi / 12), rel=1e-5)


def test_growing_and_shrinking_masks_count_rings() -> None:
    _, faces = tube(21, 8, 0.1, 1.0)
    row = np.minimum.reduce(faces // 8, axis=1)
    mask = (row >= 5) & (row < 15)
    assert np.array_equal(grown(mask, faces, 2), (row >= 3) & (row < 17))
    assert np.array_equal(grown(mask, faces, -2), (row >= 7) & (row < 13))


def test_only_skin_well_under_the_cloth_is_hidden() -> None:
    body, faces = tube(101, 32, 0.1, 1.0)
    cloth, cloth_faces = tube(41, 32, 0.12, 0.5)
    row = np.minimum.reduce(faces // 32, axis=1)
    hidden = covered_faces(cloth, cloth_faces, body, faces, margin=2)
    assert hidden[row < 47].all()
    assert not hidden[row >= 48].any()
    inside_out = covered_faces(cloth, cloth_faces[:, ::-1].copy(), body, faces)
    assert not inside_out.any()
    assert not covered_faces(cloth * (2.5, 2.5, 1), cloth_faces, body, faces, reach=0.06).any()


def test_rigged_trousers_hang_on_the_body(rest: RestBody, trousers: GarmentMesh, rigged: tuple[Rig, RigReport]) -> None:
    made, report = rigged
    assert made.body_digest == rest.body.topology_digest
    assert made.joints == rest.body.joint_names
    assert made.joint_weights.min() >= 0
    assert np.allclose(made.joint_weights.sum(axis=1), 1, atol=1e-5)
    assert report.matched > 0.8
    assert report.matched + report.inpainted == pytest.approx(1)
    still = skin(trousers.points, made.joint_indices, made.joint_weights, rest.skin_transforms(rest.rest_pose()))
    assert np.abs(still - trousers.points).max() < 1e-4
    binding = Binding(made.binding_triangles, made.binding_barycentrics, made.binding_offsets)
    assert np.abs(unbind(binding, rest.vertices, rest.body.faces) - trousers.points).max() < 1e-5
    assert report.sweep is None  # the step's, not the rig's


def test_no_leg_follows_the_other_one(trousers: GarmentMesh, rigged: tuple[Rig, RigReport]) -> None:
    made, _ = rigged
    names = np.array(made.joints)
    dense = dense_weights(made.joint_indices, made.joint_weights, np.arange(len(names), dtype=np.int32))
    shin = trousers.points[:, 2] < 0.45
    for side, wrong in ((trousers.points[:, 0] > 0, ".R"), (trousers.points[:, 0] < 0, ".L")):
        other = np.char.endswith(names, wrong)
        assert dense[np.ix_(shin & side, other)].max() < 1e-3
    mirror = np.argmin(((trousers.points[:, None] * (-1, 1, 1) - trousers.points[None]) ** 2).sum(axis=2)[:50], axis=1)
    left = dense[:50, names == "upperleg01.L"]
    assert np.allclose(left, dense[mirror][:, names == "upperleg01.R"], atol=0.05)


def test_hidden_skin_lies_under_the_trousers(
    rest: RestBody, trousers: GarmentMesh, rigged: tuple[Rig, RigReport]
) -> None:
    made, report = rigged
    heights = rest.vertices[rest.body.faces].mean(axis=1)[:, 2]
    assert not made.hide[heights > trousers.points[:, 2].max()].any()
    assert not made.hide[heights < trousers.points[:, 2].min()].any()
    assert report.hidden_fraction == pytest.approx(made.hide.mean())


def test_draped_trousers_hide_the_legs(rest: RestBody) -> None:
    worn = Library.embedded().resolve("trousers:M").mesh()
    covered = covered_faces(worn.points, worn.faces, rest.vertices, rest.body.faces)
    centers = rest.vertices[rest.body.faces].mean(axis=1)
    legs = (centers[:, 2] > 0.2) & (centers[:, 2] < 0.8) & (np.abs(centers[:, 0]) < 0.3)
    assert covered[legs].mean() > 0.99


def test_sweep_poses_do_what_they_say(rest: RestBody) -> None:
    at_rest = rest.canonical_joints()
    posed = {name: rest.posed_joints(sweep_pose(rest, name)) for name in SWEEP}
    assert posed["arms_up"][18, 2] > at_rest[16, 2] + 0.1
    assert posed["sit"][4, 1] < at_rest[4, 1] - 0.3
    assert np.allclose(posed["sit"][0], at_rest[0], atol=1e-4)
    assert np.ptp(posed["t_pose"][[16, 18, 20], 2]) < 1e-3
    assert posed["walk_left"][4, 1] < at_rest[4, 1] - 0.1 < at_rest[5, 1] < posed["walk_left"][5, 1]
    assert posed["walk_right"][5, 1] < at_rest[5, 1] - 0.1
    assert posed["bend"][15, 1] < at_rest[15, 1] - 0.3
    across = posed["twist"][17] - posed["twist"][16]
    assert abs(np.degrees(np.arctan2(across[1], across[0]))) == pytest.approx(180 - 42, abs=2)
    assert posed["squat"][4, 1] < at_rest[4, 1] - 0.3


def test_no_pose_is_both_tuned_on_and_judged_by(rest: RestBody) -> None:
    tuned = [turned_pose(rest, turns).rotations for turns in TRAINING]
    for name in SWEEP:
        judged = sweep_pose(rest, name).rotations
        assert min(float(np.abs(judged - one).max()) for one in tuned) > 0.05


def test_a_garment_that_was_never_placed_is_refused(rest: RestBody, trousers: GarmentMesh) -> None:
    ids = np.zeros(len(trousers.faces), np.int32)
    far = GarmentMesh(trousers.points + np.float32(3), trousers.faces, None, None, None, None, (Material(),), ids)
    with pytest.raises(InputError, match=r"`dressform garment place DRAFT`, .* --translate X Y Z"):
        rig_mesh(far, rest)


def draft_of(mesh: GarmentMesh, folder: Path) -> Draft:
    return Draft.create(folder).commit_step(
        "import", {}, {}, mesh=mesh, manifest={"name": "it", "category": "trousers"}
    )


def test_the_step_writes_the_rig_into_the_draft(tmp_path: Path, rest: RestBody, trousers: GarmentMesh) -> None:
    draft = Draft.open(rig(draft_of(trousers, tmp_path / "trousers"), RigOptions(tune=False, sweep="quick")).folder)
    assert draft.rig.joint_indices.shape == (len(trousers.points), INFLUENCES)
    report = draft.report("rig")
    assert report["matched"] > 0.8
    assert report["source_skin"] == "none"
    checks = {(check["body"], check["pose"]): check for check in report["poses"]}
    assert len(checks) == len(report["poses"]) == 4 * len(QUICK)
    assert checks["thin woman", "walk_left"]["stretch_p95"] < 0.3
    assert report["poses_gist"]["penetrating_after_mean"] < 0.02
    worst = (report["worst_pose"]["body"], report["worst_pose"]["pose"])
    assert checks[worst]["stretch_p95"] >= np.median([check["stretch_p95"] for check in checks.values()])
    for name in ("rig_match.png", "rig_weights.png", "rig_worst.png"):
        width, height = Image.open(draft.folder / name).size
        assert width > 1000
        assert height > 500
    again = rig(draft, RigOptions(tune=False, sweep="none"))
    assert not (again.folder / "rig_worst.png").exists()
    assert "poses" not in again.report("rig")
