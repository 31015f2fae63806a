"""What is known of a pose, and what is not."""

import numpy as np
import pytest

from dressform.authoring.learn.doubt import HALF, NOISE, Doubt, find_doubt

RNG = np.random.default_rng(8)
SAMPLES = RNG.normal(0, 1, (80, 30))
BODIES = np.arange(80) // 20


@pytest.fixture(scope="module")
def doubt() -> Doubt:
    return find_doubt(SAMPLES, [np.arange(80), BODIES])


def test_there_is_none_about_samples_and_nothing_else_far_away(doubt: Doubt) -> None:
    assert doubt.of(SAMPLES).max() < 0.05
    assert doubt.of(SAMPLES + 40).min() > 0.999


def test_a_new_sample_is_doubted_less_than_a_senseless_one(doubt: Doubt) -> None:
    assert doubt.of(RNG.normal(0, 1, (40, 30))).max() < doubt.of(RNG.normal(0, 3, (40, 30))).min()


def test_left_out_samples_are_doubted_as_by_a_refit_without_them(doubt: Doubt) -> None:
    kept = BODIES != 2
    without = Doubt(SAMPLES[kept], doubt.reach)
    np.testing.assert_allclose(doubt.left_out(BODIES)[~kept], without.of(SAMPLES[~kept]), atol=1e-8)


def test_it_is_as_wide_as_makes_left_out_samples_half_doubted(doubt: Doubt) -> None:
    left_out = np.concatenate([doubt.left_out(np.arange(80)), doubt.left_out(BODIES)])
    assert np.quantile(left_out, 0.95) == pytest.approx(HALF, abs=1e-3)


def test_few_directions_say_nearly_the_same(doubt: Doubt) -> None:
    fresh = RNG.normal(0, 1, (40, 30))
    near = doubt.near(fresh)
    support = doubt.support(0.999, 128)
    assert support.shape[1] <= 80
    np.testing.assert_allclose(1 - ((near @ support) ** 2).sum(axis=1), doubt.of(fresh), atol=NOISE)
