"""Closed forms against refits, and what the search finds."""

import numpy as np
import pytest

from dressform.authoring.learn.ridge import Kernel, fit_ridge, folds, left_out

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


def test_it_predicts_what_it_never_saw_and_ignores_what_does_not_matter() -> None:
    inputs, targets = _waves(150)
    ridge = fit_ridge(inputs, np.array([0, 1, 2]), targets, [np.arange(150)], rounds=80)
    fresh, truth = _waves(200)
    assert np.sqrt(np.mean((ridge.predict(fresh) - truth) ** 2)) < 0.03
    lengths = 1 / ridge.kernel.inverse_lengths
    assert lengths[2] > 5 * lengths[0]


def test_predictions_of_left_out_samples_are_worse_than_of_known_ones() -> None:
    inputs, targets = _waves(150)
    ridge = fit_ridge(inputs, np.array([0, 0, 0]), targets, [np.arange(150), np.arange(150) // 5], rounds=30)
    known, *unseen = (np.abs(guess - targets).mean() for guess in (ridge.predict(inputs), *ridge.unseen))
    assert known < unseen[0] < unseen[1]


def test_the_search_leaves_out_whole_folds() -> None:
    """Each sample comes twice: leaving out one alone would call any noise-free memory perfect."""
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1, 1, (60, 2))
    targets = inputs[:, :1] + rng.normal(0, 0.5, (60, 1))
    twice, both = np.concatenate([inputs, inputs]), np.concatenate([targets, targets])
    alone = fit_ridge(twice, np.array([0, 0]), both, [np.arange(120)], rounds=60)
    paired = fit_ridge(twice, np.array([0, 0]), both, [np.arange(120) % 60], rounds=60)
    told_alone, told_paired = (np.sqrt(np.mean((ridge.unseen[0] - both) ** 2)) for ridge in (alone, paired))
    assert told_alone < 0.4
    assert 0.45 < told_paired < 0.65


@pytest.mark.parametrize("labels", [np.array([0, 0, 1, 1, 2]), np.array([5, 3, 3, 5, 9])])
def test_folds_of_one_size_come_together(labels: np.ndarray) -> None:
    found = folds(labels)
    assert [fold.shape for fold in found] == [(1, 1), (2, 2)]
    assert sorted(int(i) for fold in found for i in fold.reshape(-1)) == list(range(5))
    assert all(len(set(labels[members])) == 1 for fold in found for members in fold)
