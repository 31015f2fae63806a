import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dressform.runtime.motion.interpolate import Track, from_six, to_six


def samples(track, times):
    return np.stack([track.at(float(t)) for t in times])


def test_keys_are_met_and_never_overshot():
    keys = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
    track = Track(keys, 10.0, loop=True)
    np.testing.assert_allclose(samples(track, np.arange(24) / 10), np.tile(keys, (2, 1)), atol=1e-6)
    for first in range(12):
        between = samples(track, (first + np.linspace(0, 1, 21)) / 10)
        pair = np.stack([keys[first], keys[(first + 1) % 12]])
        assert (between >= pair.min(axis=0) - 1e-6).all()
        assert (between <= pair.max(axis=0) + 1e-6).all()


def test_still_keys_stay_still():
    keys = np.array([[0.0], [1.0], [3.0], [3.0], [3.0], [5.0]], dtype=np.float32)
    still = samples(Track(keys, 1.0, loop=False), np.linspace(2, 4, 33))
    np.testing.assert_array_equal(still, 3.0)


@pytest.mark.parametrize("loop", [True, False])
def test_velocity_is_continuous(loop):
    keys = np.sin(np.linspace(0, 2 * np.pi, 16, endpoint=False))[:, None].astype(np.float32)
    track = Track(keys, 16.0, loop=loop)
    h = 1e-3
    for key in range(0 if loop else 1, 15):
        before = (track.at(key / 16) - track.at(key / 16 - h)) / h
        after = (track.at(key / 16 + h) - track.at(key / 16)) / h
        assert abs(float(after[0] - before[0])) < 0.25  # speeds reach 2π


def test_ends_are_held_without_a_loop():
    track = Track(np.array([[1.0], [2.0]], dtype=np.float32), 1.0, loop=False)
    np.testing.assert_array_equal(samples(track, [-3.0, 0.0, 1.0, 9.0])[:, 0], [1, 1, 2, 2])


def test_rotations_survive_as_six_numbers():
    matrices = Rotation.random(50, random_state=1).as_matrix().astype(np.float32)
    np.testing.assert_allclose(from_six(to_six(matrices)), matrices, atol=1e-6)
    skewed = to_six(matrices) * 1.3 + 0.02
    back = from_six(skewed)
    np.testing.assert_allclose(back @ back.transpose(0, 2, 1), np.tile(np.eye(3), (50, 1, 1)), atol=1e-5)
