from __future__ import annotations

import numpy as np
import pytest

from dressform.benchmarks import refine as benchmark
from dressform.runtime.body.protocol import Pose
from dressform.runtime.geometry.rotations import quat_from_rotvec, quat_multiply, rotvec_from_quat
from dressform.runtime.refine.one_euro import OneEuroFilter, OneEuroOptions
from dressform.schemas.errors import UsageError

DT = 1 / 30
RNG = np.random.default_rng(3)


def angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    inverse = np.asarray(a) * np.array([-1, -1, -1, 1])
    return np.linalg.norm(rotvec_from_quat(quat_multiply(inverse, np.asarray(b))), axis=-1)


def pose(rotvecs: np.ndarray, root: np.ndarray | None = None) -> Pose:
    rotations = np.asarray(quat_from_rotvec(rotvecs), np.float32)
    return Pose(rotations, np.zeros(3, np.float32) if root is None else root.astype(np.float32))


def test_a_still_pose_stays() -> None:
    smooth, still = OneEuroFilter(), pose(RNG.normal(0, 0.5, (22, 3)), np.array([1.0, 2.0, 3.0]))
    for _ in range(20):
        out = smooth(still, DT)
    assert angles(out.rotations, still.rotations).max() < 1e-3
    np.testing.assert_allclose(out.root, still.root, atol=1e-6)


def test_a_steady_turn_is_followed_without_lag() -> None:
    """The prediction takes the whole lag of a constant speed once the speed is known."""
    smooth, speed = OneEuroFilter(), np.array([0.0, 0.0, 2.0])
    for k in range(90):
        wanted = pose(np.tile(speed * k * DT, (22, 1)), np.array([1.2 * k * DT, 0, 0]))
        out = smooth(wanted, DT)
    assert angles(out.rotations, wanted.rotations).max() < 2e-3
    assert abs(out.root[0] - wanted.root[0]) < 2e-3


def test_it_works_on_the_group() -> None:
    """Turning every input by one rotation turns every output by it: no axis and no wrap is special."""
    plain, turned = OneEuroFilter(), OneEuroFilter()
    offset = np.asarray(quat_from_rotvec(np.array([2.0, -1.0, 0.7])))
    walk = np.cumsum(RNG.normal(0, 0.2, (40, 22, 3)), axis=0)
    for step in walk:
        source = pose(step)
        moved = Pose(np.asarray(quat_multiply(offset, source.rotations), np.float32), source.root)
        a, b = plain(source, DT), turned(moved, DT)
        assert angles(quat_multiply(offset, a.rotations), b.rotations).max() < 1e-3


def test_noise_is_halved_within_a_frame_of_lag() -> None:
    found = benchmark.run(seed=11)
    assert found["acceleration_error_ratio"] <= 0.5
    assert found["lag_frames"] <= 1
    assert found["error_after_mrad"] < found["error_before_mrad"]


def test_reset_forgets() -> None:
    smooth = OneEuroFilter()
    for k in range(10):
        smooth(pose(np.full((22, 3), 0.1 * k)), DT)
    smooth.reset()
    fresh = pose(np.full((22, 3), -0.5))
    assert angles(smooth(fresh, DT).rotations, fresh.rotations).max() == pytest.approx(0, abs=1e-6)


def test_wrong_use_is_said() -> None:
    with pytest.raises(UsageError, match="positive"):
        OneEuroFilter(OneEuroOptions(min_cutoff_hz=0))
    smooth = OneEuroFilter()
    smooth(pose(np.zeros((22, 3))), DT)
    with pytest.raises(UsageError, match="time step"):
        smooth(pose(np.zeros((22, 3))), 0.0)
