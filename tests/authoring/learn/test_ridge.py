"""Closed forms against refits, and what the search finds."""

import numpy as np
import pytest

from dressform.authoring.learn.ridge import JITTER, Kernel, fit_ridge, folds, left_out

RNG = np.random.default_rng(3)


def _waves(count: int) -> tuple[np.ndarray, np.ndarray]:
    inputs = RNG.uniform(-1, 1, (count, 3))
    targets = np.stack([np.sin(3 * inputs[:, 0]) + inputs[:, 1], inputs[:, 0] * inputs[:, 1]], axis=1)
    return inputs, targets


def test_left_out_errors_equal_those_of_a_refit_without_the_fold() -> None:
    inputs, targets = _waves(30)
    labels = np.arange(30) % 7
    kernel, noise = Kernel(np.array([1.0, 2.0, 0.5]), 0.1), 0.01
    inverse = np.linalg.inv(kernel(inputs, inputs) + noise * np.eye(30))
    errors = left_out(inverse, inverse @ targets, labels)
    for label in range(7):
        out, kept = labels == label, labels != label
        alone = kernel(inputs[kept], inputs[kept]) + noise * np.eye(kept.sum())
        predicted = kernel(inputs[out], inputs[kept]) @ np.linalg.solve(alone, targets[kept])
        np.testing.assert_allclose(errors[out], targets[out] - predicted, atol=1e-9)


def test_the_doubt_of_a_left_out_sample_is_the_variance_of_a_refit() -> None:
    inputs, targets = _waves(24)
    labels = np.arange(24) // 2
    ridge = fit_ridge(inputs, np.array([0, 0, 1]), targets, [labels], rounds=5)
    kept = labels != 4
    gaussian = ridge.kernel.gaussian(inputs[kept], inputs[kept]) + (ridge.noise + JITTER) * np.eye(kept.sum())
    near = ridge.kernel.gaussian(inputs[~kept], inputs[kept])
    expected = 1 - np.einsum("mn,nm->m", near, np.linalg.solve(gaussian, near.T))
    np.testing.assert_allclose(ridge.doubt[0][~kept], expected, atol=1e-6)


def test_it_predicts_what_it_never_saw_and_ignores_what_does_not_matter() -> None:
    inputs, targets = _waves(150)
    ridge = fit_ridge(inputs, np.array([0, 1, 2]), targets, [np.arange(150)], rounds=80)
    fresh, truth = _waves(200)
    assert np.sqrt(np.mean((ridge.predict(fresh) - truth) ** 2)) < 0.03
    lengths = 1 / ridge.kernel.inverse_lengths
    assert lengths[2] > 5 * lengths[0]


def test_it_knows_what_it_does_not_know() -> None:
    inputs, targets = _waves(150)
    ridge = fit_ridge(inputs, np.array([0, 0, 0]), targets, [np.arange(150)], rounds=30)
    assert ridge.variance(inputs[:20]).max() < 0.05
    assert ridge.variance(inputs[:20] + 100.0).min() > 0.999
    assert len(ridge.unseen) == 1
    assert np.abs(ridge.unseen[0] - targets).mean() > np.abs(ridge.predict(inputs) - targets).mean()


def test_the_search_leaves_out_whole_folds() -> None:
    """Each sample comes twice: leaving out one alone would call any noise-free memory perfect."""
    inputs = RNG.uniform(-1, 1, (60, 2))
    targets = inputs[:, :1] + RNG.normal(0, 0.5, (60, 1))
    twice, both = np.concatenate([inputs, inputs]), np.concatenate([targets, targets])
    alone = fit_ridge(twice, np.array([0, 0]), both, [np.arange(120)], rounds=60)
    paired = fit_ridge(twice, np.array([0, 0]), both, [np.arange(120) % 60], rounds=60)
    assert paired.noise > 10 * alone.noise


@pytest.mark.parametrize("labels", [np.array([0, 0, 1, 1, 2]), np.array([5, 3, 3, 5, 9])])
def test_folds_of_one_size_come_together(labels: np.ndarray) -> None:
    found = folds(labels)
    assert [fold.shape for fold in found] == [(1, 1), (2, 2)]
    assert sorted(int(i) for fold in found for i in fold.reshape(-1)) == list(range(5))
    assert all(len(set(labels[members])) == 1 for fold in found for members in fold)
