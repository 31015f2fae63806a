"""Wrinkles fitted to a square of cloth with folds of known shape."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.authoring.learn.gather import Gathered
from dressform.authoring.learn.modes import find_modes
from dressform.authoring.learn.wrinkles import MOST_WRINKLES, SHARE, fit_wrinkles
from dressform.runtime.garment.field_base import FieldBase
from dressform.runtime.garment.wrinkles import shaded_normals, wrinkle_normals
from dressform.runtime.geometry.normals import vertex_normals

SIDE, SAMPLES = 24, 32
EDGE = 0.015  # [m]


def cloth() -> tuple[np.ndarray, np.ndarray]:
    """Points and triangles of a square in the xz plane that faces -y."""
    column, row = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    points = EDGE * np.stack([column, 0 * column, row], axis=-1).reshape(-1, 3)
    a = (row * SIDE + column)[:-1, :-1].ravel()
    faces = np.concatenate([np.stack([a, a + 1, a + SIDE + 1], 1), np.stack([a, a + SIDE + 1, a + SIDE], 1)])
    return points.astype(np.float32), faces.astype(np.int32)


@pytest.fixture(scope="module")
def gathered() -> Gathered:
    rest, faces = cloth()
    amounts = np.random.default_rng(0).normal(size=(SAMPLES, 3))
    wide, narrow = np.sin(2 * np.pi * rest[:, 0] / 0.3), np.sin(2 * np.pi * rest[:, 2] / (6 * EDGE))
    folds = np.stack([0.012 * wide, 0.003 * narrow, 0.004 * np.sin(2 * np.pi * (rest[:, 0] + rest[:, 2]) / 0.12)])
    moves = np.zeros((SAMPLES, len(rest), 3), np.float32)
    moves[..., 1] = amounts @ folds
    every = np.arange(len(rest), dtype=np.int32)
    zero, one = np.zeros((len(rest), 1), np.int32), np.ones((len(rest), 1), np.float32)
    return Gathered(
        base=FieldBase(every, ("hip",), zero, one),
        ratios={"M": 1.0},
        features=amounts.astype(np.float32),
        displacements=moves,
        normals=np.stack([vertex_normals(rest + move, faces) for move in moves]),
        rest=rest,
        faces=faces,
        of_sample=np.arange(SAMPLES),
        of_body=np.zeros(SAMPLES, np.intp),
        plain_errors=np.ones(SAMPLES),
        farthest=0.05,
        joints=np.zeros((SAMPLES, 22), np.float32),
        measures={},
        mirrored=False,
    )


def fitted(gathered: Gathered, kept: float):
    """Fit with left-out predictions that keep this share of each fold's depth."""
    modes = find_modes(gathered.displacements)
    codes = modes.coefficients(gathered.displacements)
    return fit_wrinkles(gathered, modes, codes, [kept * codes], [gathered.of_sample]), modes, codes


def turned(normals: np.ndarray, truth: np.ndarray) -> float:
    return float(np.degrees(np.arccos((normals * truth).sum(axis=-1).clip(-1, 1))).mean())


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_they_are_the_normals_of_the_simulated_cloth(gathered):
    wrinkles, _, codes = fitted(gathered, 1.0)
    assert len(wrinkles.modes) <= min(MOST_WRINKLES, codes.shape[1])
    assert wrinkles.mix.shape == (len(wrinkles.modes), codes.shape[1])
    assert wrinkles.share == SHARE
    flat = turned(np.broadcast_to([0.0, -1.0, 0.0], gathered.normals.shape), gathered.normals)
    found = np.stack([unit(wrinkle_normals(wrinkles, code)) for code in codes.astype(np.float32)])
    assert turned(found, gathered.normals) < 0.25 * flat


def test_folds_that_regression_flattens_are_as_deep_again(gathered):
    """Predictions with 0.7 of the depth: what is shaded by has more of it than the points have, and errs less."""
    wrinkles, modes, codes = fitted(gathered, 0.7)
    unseen = (0.7 * codes).astype(np.float32)
    mesh = np.stack([vertex_normals(gathered.rest + move, gathered.faces) for move in modes.displacements(unseen)])
    shaded = np.stack(
        [shaded_normals(own, wrinkle_normals(wrinkles, code), SHARE) for own, code in zip(mesh, unseen, strict=True)]
    )
    depth = [np.var(normals, axis=1).sum() for normals in (mesh, shaded, gathered.normals)]
    assert depth[0] < 0.6 * depth[2]
    assert depth[0] + 0.4 * (depth[2] - depth[0]) < depth[1] < 1.1 * depth[2]
    assert turned(shaded, gathered.normals) < 0.85 * turned(mesh, gathered.normals)


def test_the_same_samples_give_the_same_wrinkles(gathered):
    one, other = (fitted(gathered, 0.8)[0] for _ in range(2))
    for name in ("mean", "modes", "mix"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_without_folds_to_leave_out_they_are_fitted_as_they_are(gathered):
    modes = find_modes(gathered.displacements)
    codes = modes.coefficients(gathered.displacements)
    wrinkles = fit_wrinkles(gathered, modes, codes, [], [])
    np.testing.assert_allclose(wrinkles.mean, gathered.normals.mean(axis=0), atol=1e-6)
