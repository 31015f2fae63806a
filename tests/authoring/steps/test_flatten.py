from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dressform.authoring.steps._flatten import flatten, signed_areas, stretches

UP = np.array([0.0, 0.0, 1.0])


def sheet(bend: float, n: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """A 0.6 × 0.4 m sheet, facing -y, rolled about z to a radius of 1 / bend."""
    u, z = np.meshgrid(np.linspace(-0.3, 0.3, n + 1), np.linspace(0, 0.4, n + 1), indexing="ij")
    if bend:
        x, y = np.sin(u * bend) / bend, (1 - np.cos(u * bend)) / bend
    else:
        x, y = u, np.zeros_like(u)
    k = np.arange((n + 1) ** 2).reshape(n + 1, n + 1)
    a, b, c, d = k[:-1, :-1].ravel(), k[1:, :-1].ravel(), k[1:, 1:].ravel(), k[:-1, 1:].ravel()
    return np.stack([x, y, z], -1).reshape(-1, 3), np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


@pytest.mark.parametrize("bend", [0.0, 2.0, 5.0])
def test_what_can_be_unrolled_is_unrolled_upright_and_true_to_size(bend: float) -> None:
    points, faces = sheet(bend)
    flat = flatten(points, faces, UP)
    assert signed_areas(flat, faces).min() > 0
    high, low = stretches(points, faces, flat)
    assert high.max() < 1.01
    assert low.min() > 0.99
    np.testing.assert_allclose(np.ptp(flat, axis=0), [0.6, 0.4], rtol=0.02)
    # the front of a garment reads as it is seen: x to the right, z up
    low_left, low_right = flat[np.argmin(points @ (1, 0, 1))], flat[np.argmax(points @ (1, 0, -1))]
    assert low_right[0] - low_left[0] == pytest.approx(0.6, rel=0.02)
    assert low_right[1] - low_left[1] == pytest.approx(0.0, abs=0.01)


def test_a_dome_is_laid_without_folds() -> None:
    points, faces = sheet(0.0, 16)
    points = points * 2
    points[:, 1] = -0.5 * np.exp(-((points[:, 0] / 0.25) ** 2) - (((points[:, 2] - 0.4) / 0.25) ** 2))
    flat = flatten(points, faces, UP)
    assert signed_areas(flat, faces).min() > 0
    area = np.linalg.norm(
        np.cross(points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]]), axis=1
    )
    assert signed_areas(flat, faces).sum() == pytest.approx(area.sum() / 2, rel=0.15)


def test_stretches_are_the_singular_values() -> None:
    random = np.random.default_rng(2)
    scale = np.array([[1.7, 0.4], [0.0, 0.6]])
    flat = random.random((30, 2))
    faces = np.arange(30).reshape(10, 3)
    turn = Rotation.random(random_state=3).as_matrix()
    points = np.column_stack([flat, np.zeros(30)]) @ turn.T
    high, low = stretches(points, faces, flat @ scale.T)
    expected = np.linalg.svd(scale, compute_uv=False)
    np.testing.assert_allclose(high, expected[0], rtol=1e-6)
    np.testing.assert_allclose(low, expected[1], rtol=1e-6)
