from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from dressform.runtime.avatar.fit import _linearise, fit_person, refit
from dressform.runtime.avatar.fit_body import (
    ANCHORS,
    FIT_LANDMARKS,
    SHAPE_KEYS,
    grid_weights,
    load_fit_body,
    pose_joints,
    pose_landmarks,
    pose_surface,
    shaped,
)
from dressform.runtime.avatar.fit_prior import HINGES, pose_prior, shape_prior
from dressform.runtime.avatar.fit_rows import (
    CAMERA_FROM_WORLD,
    JOINTS,
    UNKNOWNS,
    Evidence,
    FitRows,
    State,
    rotation_matrices,
)
from dressform.runtime.avatar.landmark_offsets import landmark_offsets
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Pose
from dressform.runtime.geometry.rotations import matrix_to_quat, quat_from_rotvec, quat_to_matrix

FOCAL, CENTRE = 900.0, (300.0, 400.0)
SHAPE = {"gender": 0.3, "muscle": 0.6, "weight": 0.8, "height": 0.35, "proportions": 0.7}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def person(seed: int, spread: float = 0.5) -> tuple[torch.Tensor, torch.Tensor]:
    """Return shape values [1, S] and local rotations [1, J, 3, 3] of someone standing more or less freely."""
    rng = np.random.default_rng(seed)
    prior = pose_prior()
    sigma = np.where(np.isfinite(prior.sigma.numpy()), prior.sigma.numpy(), 0.0)
    vectors = rng.normal(0, spread, (JOINTS, 3)) * sigma
    for joint, (axis, sign, _, _) in HINGES.items():
        vectors[JOINT_INDEX[joint], axis] = sign * abs(vectors[JOINT_INDEX[joint], axis])
    vectors[0] = (0, 0, rng.normal(0, 0.5))
    rotations = rotation_matrices(torch.tensor(vectors, dtype=torch.float32)) @ prior.mean
    mean, spread_of_shape = shape_prior()
    values = (mean + spread_of_shape * torch.tensor(rng.normal(0, 0.7, len(mean)), dtype=torch.float32)).clamp(0, 1)
    return values[None].float(), rotations[None]


def seen(seed: int, noise_px: float = 0.0) -> tuple[Evidence, torch.Tensor, torch.Tensor]:
    """Return evidence of a known person, their landmarks in camera axes about the pelvis, and their stature."""
    values, rotations = person(seed)
    body = shaped(load_fit_body(), values)
    moves, places = pose_joints(body, rotations)
    marks = pose_landmarks(body, moves, places, landmark_offsets())[0] @ CAMERA_FROM_WORLD.T
    true = pose_landmarks(body, moves, places)[0] @ CAMERA_FROM_WORLD.T
    rng = np.random.default_rng(seed + 1000)
    place = torch.tensor([0.1, 0.05, 2.6])
    pixels = (marks + place)[:, :2] / (marks + place)[:, 2:] * FOCAL + torch.tensor(CENTRE)
    pixels = pixels.numpy() + rng.normal(0, noise_px, pixels.shape)
    world = marks.numpy() + rng.normal(0, 0.05, marks.shape)
    sight = np.ones(len(FIT_LANDMARKS), np.float32)
    return (
        Evidence(pixels.astype(np.float32), sight, world.astype(np.float32), FOCAL, CENTRE),
        true,
        body.stature[0],
    )


def fitted_landmarks(fit) -> torch.Tensor:
    body = shaped(load_fit_body(), torch.tensor([[fit.shape[key] for key in SHAPE_KEYS]]))
    moves, places = pose_joints(body, torch.from_numpy(fit.rotations)[None])
    return pose_landmarks(body, moves, places)[0] @ CAMERA_FROM_WORLD.T


def test_grid_weights_are_linear_interpolation():
    values = torch.tensor([[0.25, 0.1, 0.5, 1.0, 0.3], [1.0, 0.75, 0.0, 0.0, 1.0]])
    weights = grid_weights(values)
    np.testing.assert_allclose(weights.sum(1), 1.0, atol=1e-6)
    nodes = np.stack(np.meshgrid(*ANCHORS.values(), indexing="ij"), -1).reshape(-1, len(ANCHORS))
    np.testing.assert_allclose(weights.numpy() @ nodes, values.numpy(), atol=1e-6)


def test_baked_body_follows_anny():
    rest = load_anny().rest(SHAPE)
    body = shaped(load_fit_body(), torch.tensor([[SHAPE[key] for key in SHAPE_KEYS]]))
    # Anny stands on its lowest point, the mixture on a mean of lowest points
    gap = body.joints[0].numpy() - rest.rig.joints
    np.testing.assert_allclose(gap - gap[0], 0.0, atol=1e-4)
    assert float(body.stature[0]) == pytest.approx(rest.measures().height, abs=0.004)
    assert float(body.mass[0]) == pytest.approx(rest.measures().mass, abs=1.0)


def test_posed_landmarks_and_skin_follow_anny():
    rest = load_anny().rest(SHAPE)
    rng = np.random.default_rng(4)
    turns = quat_from_rotvec(rng.normal(0, 0.3, (JOINTS, 3))).astype(np.float32)
    body = shaped(load_fit_body(), torch.tensor([[SHAPE[key] for key in SHAPE_KEYS]]))
    moves, places = pose_joints(body, torch.tensor(quat_to_matrix(turns)[None].astype(np.float32)))
    pose = Pose(turns, -rest.rig.t_pelvis)
    np.testing.assert_allclose(places[0], rest.posed_joints(pose), atol=1e-5)
    vertices = rest.posed_vertices(pose)
    skin = pose_surface(body, moves, places)[0].numpy()
    gaps = np.linalg.norm(skin[:, None] - vertices[None], axis=-1).min(1)
    assert np.median(gaps) < 0.004  # soft bones of spine and limbs are left out


def test_jacobian_is_the_derivative():
    evidence, _, _ = seen(3)
    mask = np.zeros((800, 600), np.float32)
    mask[100:700, 200:400] = 1.0
    rows = FitRows(load_fit_body(), replace(evidence, mask=mask, height_m=1.7, mass_kg=70.0), with_outline=True)
    torch.manual_seed(0)
    values = 0.2 * torch.randn(1, UNKNOWNS)
    values[:, 3 * JOINTS : 3 * JOINTS + 3] += torch.tensor([0.0, 0.0, 2.5])
    state = State(values, torch.eye(3)[None])
    with torch.no_grad():
        anchor = rows.anchor(state)
        _, jacobian = _linearise(rows, state, anchor, torch.arange(UNKNOWNS))
        direction = torch.randn(1, UNKNOWNS)
        step = 1e-3
        ahead = rows(State(values + step * direction, state.turns), anchor)
        behind = rows(State(values - step * direction, state.turns), anchor)
    numeric = (ahead - behind)[0] / (2 * step)
    analytic = (jacobian[0] @ direction[0, :, None])[:, 0]
    assert (numeric - analytic).norm() < 0.02 * analytic.norm()


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_fit_finds_a_person(seed):
    evidence, true, stature = seen(seed, noise_px=2.0)
    fit = fit_person(load_fit_body(), replace(evidence, height_m=float(stature)))
    found = fitted_landmarks(fit)
    error = (found - found[11:13].mean(0) - (true - true[11:13].mean(0))).norm(dim=1)[:21]
    assert float(error.mean()) < 0.065
    assert np.linalg.norm(fit.points_px - evidence.points_px, axis=1).mean() < 8.0
    assert fit.stature == pytest.approx(float(stature), abs=0.004)
    assert fit.pelvis[2] == pytest.approx(2.6, rel=0.08)


def test_unseen_legs_stay_straight():
    evidence, _, _ = seen(2)
    sight = evidence.visibility.copy()
    hidden = [i for i, n in enumerate(FIT_LANDMARKS) if n.endswith(("knee", "ankle", "heel", "foot_index"))]
    sight[hidden] = 0.0
    points = evidence.points_px.copy()
    points[hidden] = 0.0
    fit = fit_person(load_fit_body(), replace(evidence, visibility=sight, points_px=points))
    knees = fit.rotations[[JOINT_INDEX["left_knee"], JOINT_INDEX["right_knee"]]]
    angles = 2 * np.arccos(np.clip(np.abs(matrix_to_quat(knees)[:, 3]), 0, 1))
    assert np.degrees(angles).max() < 12.0


def test_an_outlier_does_not_pull_the_body():
    evidence, _, _ = seen(1)
    points = evidence.points_px.copy()
    points[FIT_LANDMARKS.index("left_wrist")] += (250.0, -200.0)
    clean = fitted_landmarks(fit_person(load_fit_body(), evidence))
    pulled = fitted_landmarks(fit_person(load_fit_body(), replace(evidence, points_px=points)))
    torso = [FIT_LANDMARKS.index(n) for n in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")]
    assert float((clean - pulled)[torso].norm(dim=1).max()) < 0.02


def test_refit_reaches_a_told_height():
    evidence, _, _ = seen(5)
    body = load_fit_body()
    fit = refit(body, replace(evidence, height_m=1.85, gender=1.0), fit_person(body, replace(evidence, gender=1.0)))
    assert fit.stature == pytest.approx(1.85, abs=0.01)
    assert fit.shape["gender"] == pytest.approx(1.0)


def test_a_wide_outline_does_not_inflate_the_body():
    # clothes are wider than bodies
    evidence, _, _ = seen(1)
    told = replace(evidence, gender=0.5)
    shape = fit_person(load_fit_body(), told).shape
    wide = fit_person(load_fit_body(), replace(told, mask=np.ones((800, 600), np.float32))).shape
    assert wide["weight"] - shape["weight"] < 0.1
