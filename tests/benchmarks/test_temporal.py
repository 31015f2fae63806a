"""What is measured of motion: flicker of what stands still, and what frames before do to a frame."""

from __future__ import annotations

import numpy as np

from dressform.benchmarks.temporal import SKIPPED, Floats, Seen, judge, with_history

SIZE = (24, 32)
ROWS, COLUMNS = np.indices(SIZE, np.float32)
STRIPES = np.repeat((0.5 + 0.4 * np.sin(COLUMNS))[..., None], 3, axis=-1).astype(np.float32)
ALL = np.ones(SIZE, np.bool_)


def moved(px: float) -> Floats:
    """Where each pixel was when all moved to the right by so much."""
    return np.stack([COLUMNS - px, ROWS], axis=-1).astype(np.float32)


def truth(frames: int = SKIPPED + 4) -> list[Seen]:
    return [Seen(255.0 * STRIPES, ALL, moved(0.0), ALL) for _ in range(frames)]


def test_the_reference_has_no_error_and_what_stands_still_does_not_flicker() -> None:
    score = judge([each.rgb for each in truth()], truth())
    assert (score.error, score.flicker, score.error_flicker) == (0.0, 0.0, 0.0)


def test_an_error_that_stays_is_no_flicker_and_one_that_comes_and_goes_is() -> None:
    steady = judge([each.rgb + 4.0 for each in truth()], truth())
    assert (steady.error, steady.error_flicker) == (4.0, 0.0)
    restless = judge([each.rgb + 4.0 * (-1.0) ** k for k, each in enumerate(truth())], truth())
    assert (restless.error, restless.error_flicker) == (4.0, 8.0)


def test_a_pattern_that_moves_as_told_does_not_flicker() -> None:
    frames = [np.roll(STRIPES, k, axis=1) * 255.0 for k in range(SKIPPED + 4)]
    seen = ALL & (COLUMNS > SKIPPED + 4)
    score = judge(frames, [Seen(frame, ALL, moved(1.0), seen) for frame in frames])
    assert score.flicker < 1e-3


def test_history_of_what_stands_still_changes_nothing() -> None:
    got = with_history(STRIPES, STRIPES, moved(0.0), ALL, 0.875)
    inner = np.s_[2:-2, 2:-2]
    np.testing.assert_allclose(got[inner], STRIPES[inner], atol=1e-6)


def test_where_another_surface_was_nothing_of_it_is_left() -> None:
    same = COLUMNS < 10
    got = with_history(STRIPES, np.ones_like(STRIPES), moved(3.0), same, 0.875)
    assert np.array_equal(got[~same], STRIPES[~same])


def test_history_stays_within_what_is_around_now() -> None:
    grey = np.full((*SIZE, 3), 0.25, np.float32)
    got = with_history(grey, np.ones_like(grey), moved(0.0), ALL, 0.875)
    assert np.abs(got - grey).max() < 1e-3
