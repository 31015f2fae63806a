"""A field fitted to displacements that are a known function of pose and body."""

import functools

import numpy as np
import pytest

from dressform.assets.files.digests import topology_digest
from dressform.assets.files.field_file import field_bytes
from dressform.assets.library import STARTER, Library
from dressform.authoring.learn.fit_field import (
    LEAST_MODES,
    MOST_BYTES,
    FieldOptions,
    FittedField,
    affordable_modes,
    feature_groups,
    fit_field,
    trusted_doubt,
)
from dressform.authoring.learn.gather import Gathered
from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.field_base import field_base
from dressform.runtime.garment.field_code import read_model
from dressform.runtime.garment.field_features import FEATURES, body_features, pose_features
from dressform.runtime.garment.wrinkles import wrinkle_normals
from dressform.runtime.geometry.normals import vertex_normals
from dressform.runtime.geometry.rotations import quat_from_rotvec, quat_multiply

WEIGHTS = (0.1, 0.5, 0.9)


@functools.cache
def _tee() -> DressedGarment:
    version = Library.open(STARTER).resolve("tee")
    return DressedGarment("tee", version.mesh(), version.rig(), 1)


@functools.cache
def _body(weight: float) -> RestBody:
    return canonical_rest().body.rest({**CANONICAL_SHAPE, "weight": weight})


def _poses(rest: RestBody, count: int, seed: int) -> list[Pose]:
    rng = np.random.default_rng(seed)
    base = rest.rest_pose()
    turns = quat_from_rotvec(rng.normal(0, 0.3, (count, 22, 3)))
    return [Pose(quat_multiply(base.rotations, turn).astype(np.float32), base.root) for turn in turns]


def _features(weight: float, poses: list[Pose]) -> np.ndarray:
    rest = _body(weight)
    of_body = body_features(rest, 1.0)
    return np.stack([np.concatenate([pose_features(rest, pose), of_body]) for pose in poses])


def _displacements(features: np.ndarray) -> np.ndarray:
    """Return cloth that swells with the left shoulder's turn and, for a heavier body, all over [m]."""
    points = _tee().mesh.points[field_base(_tee(), canonical_rest().body, rounds=1).points]
    turn = features[:, [FEATURES.index("left_shoulder.turn2")]]
    hip = features[:, [FEATURES.index("hip")]]
    swell = 0.03 * np.sin(3 * turn) * np.maximum(points[:, 0], 0)[None] * 3 + 0.05 * hip
    return (swell[..., None] * np.array([0.3, 0.9, 0.3])).astype(np.float32)


@pytest.fixture(scope="module")
def trained() -> tuple[FittedField, Gathered]:
    features = np.concatenate([_features(weight, _poses(_body(weight), 24, k)) for k, weight in enumerate(WEIGHTS)])
    moves = _displacements(features)
    count = len(features)
    base = field_base(_tee(), canonical_rest().body, rounds=1)
    row = np.full(len(_tee().mesh.points), -1, np.int32)
    row[base.points] = np.arange(len(base.points))
    faces = row[_tee().mesh.faces]
    faces, rest = faces[(faces >= 0).all(axis=1)], _tee().mesh.points[base.points]
    gathered = Gathered(
        base=base,
        ratios={"M": 1.0},
        features=features,
        displacements=moves,
        normals=np.stack([vertex_normals(rest + move, faces) for move in moves]),
        rest=rest,
        faces=faces,
        of_sample=np.arange(count),
        of_body=np.repeat(np.arange(3), 24),
        plain_errors=(moves.astype(np.float64) ** 2).sum(axis=(1, 2)),
        farthest=0.05,
        joints=np.zeros((count, 22), np.float32),
        measures={},
        mirrored=False,
    )
    body, mesh = canonical_rest().body, _tee().mesh
    return fit_field(
        gathered,
        body="anny",
        body_digest=body.topology_digest,
        topology=topology_digest(mesh),
        options=FieldOptions(rounds=40),
    ), gathered


def test_it_predicts_poses_that_it_never_saw(trained: tuple[FittedField, Gathered]) -> None:
    field = trained[0].field
    fresh = _features(0.5, _poses(_body(0.5), 20, 99))
    truth = _displacements(fresh)
    code = np.stack([read_model(field.model, row).coefficients for row in fresh])
    guess = field.mean + np.einsum("nk,kpc->npc", code, field.modes)
    assert np.linalg.norm(guess - truth, axis=2).mean() < 0.25 * np.linalg.norm(truth - field.mean, axis=2).mean()


def test_it_acts_whole_on_its_samples_and_not_at_all_far_from_them(trained: tuple[FittedField, Gathered]) -> None:
    fitted, gathered = trained
    assert all(read_model(fitted.field.model, row).confidence == 1 for row in gathered.features)
    assert read_model(fitted.field.model, gathered.features[0] + 3).confidence == 0


def test_what_it_was_told_of_left_out_samples_is_worse_than_what_it_knows(
    trained: tuple[FittedField, Gathered],
) -> None:
    fitted, gathered = trained
    code = np.stack([read_model(fitted.field.model, row).coefficients for row in gathered.features])
    known = fitted.field.mean + np.einsum("nk,kpc->npc", code, fitted.field.modes)
    off_mm = 1e3 * np.sqrt(((known - gathered.displacements) ** 2).sum(axis=2).mean())
    poses, bodies = fitted.unseen_mm
    assert off_mm < poses < bodies < 15


def test_the_same_samples_give_the_same_field(trained: tuple[FittedField, Gathered]) -> None:
    fitted, gathered = trained
    again = fit_field(
        gathered,
        body="anny",
        body_digest=fitted.field.body_digest,
        topology=fitted.field.topology,
        options=FieldOptions(rounds=40),
    ).field
    np.testing.assert_array_equal(again.modes, fitted.field.modes)
    np.testing.assert_array_equal(again.model.coefficients, fitted.field.model.coefficients)
    assert again.model.doubt_full == fitted.field.model.doubt_full


def test_both_sides_of_the_body_share_their_length_scales() -> None:
    groups = feature_groups()
    assert groups[FEATURES.index("left_knee.turn0")] == groups[FEATURES.index("right_knee.turn0")]
    assert groups[FEATURES.index("left_knee.turn0")] != groups[FEATURES.index("left_hip.turn0")]
    assert set(groups) == set(range(groups.max() + 1))


def test_doubt_is_trusted_as_far_as_predictions_gain_over_plain_skinning() -> None:
    doubts = np.array([0.1, 0.2, 0.3, 0.4])
    assert trusted_doubt(doubts, np.array([1.0, 1, 1, 9]), np.full(4, 2.0)) == 0.3
    assert trusted_doubt(doubts, np.full(4, 3.0), np.full(4, 2.0)) == 0.0


def test_its_wrinkles_are_the_normals_of_the_cloth(trained: tuple[FittedField, Gathered]) -> None:
    fitted, gathered = trained
    wrinkles = fitted.field.wrinkles
    assert wrinkles is not None
    np.testing.assert_array_equal(wrinkles.points, fitted.field.points)
    cosines = []
    for features, normals in zip(gathered.features[::9], gathered.normals[::9], strict=True):
        found = wrinkle_normals(wrinkles, read_model(fitted.field.model, features).coefficients)
        cosines.append((found * normals).sum(axis=1) / np.linalg.norm(found, axis=1))
    assert np.degrees(np.arccos(np.clip(cosines, -1, 1))).mean() < 3


@pytest.mark.parametrize("name", ["tee", "trousers", "shirt"])
def test_a_field_has_as_many_modes_as_its_file_can_hold(name: str) -> None:
    field = Library.open(STARTER).resolve(name).field()
    assert field is not None
    spare = MOST_BYTES - len(field_bytes(field))
    per_mode = len(field_bytes(field)) / len(field.modes)
    affordable = affordable_modes(len(field.points), len(field.model.centres))
    assert affordable >= len(field.modes)
    assert (affordable - len(field.modes)) * 3 * len(field.points) <= spare
    assert spare < (affordable + 6 - len(field.modes)) * per_mode


def test_a_garment_of_very_many_points_still_folds() -> None:
    assert affordable_modes(40_000, 240) == LEAST_MODES
