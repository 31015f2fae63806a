"""How much noise the temporal filter takes out of a walk, and how late it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import Pose
from dressform.runtime.geometry.rotations import quat_from_rotvec, quat_multiply, rotvec_from_quat
from dressform.runtime.motion.playback import Player
from dressform.runtime.motion.procedural import motion
from dressform.runtime.refine.one_euro import OneEuroFilter

FPS = 30
FRAMES = 600
NOISE_RAD = 0.03
WARM_UP = 30

FloatArray = NDArray[np.float64]


def _rotations(player: Player, shift: float = 0.0) -> FloatArray:
    """Return the local rotations of a motion `shift` frames late, float64 [T, 22, 4]."""
    times = (np.arange(FRAMES) - shift) / FPS % player.clip.seconds
    return np.stack([player.pose_at(float(time)).rotations for time in times]).astype(np.float64)


def _acceleration(rotations: FloatArray) -> FloatArray:
    """Return the change of angular velocity in the joint's own frame [rad/s²], [T - 2, 22, 3]."""
    conjugate = rotations[:-1] * np.array([-1.0, -1.0, -1.0, 1.0])
    velocity = rotvec_from_quat(quat_multiply(conjugate, rotations[1:])) * FPS
    return np.asarray(np.diff(velocity, axis=0) * FPS)


def _angle(a: FloatArray, b: FloatArray) -> float:
    """Return the root mean square angle between two rotation streams [rad]."""
    difference = rotvec_from_quat(quat_multiply(a * np.array([-1.0, -1.0, -1.0, 1.0]), b))
    return float(np.sqrt((np.asarray(difference)[WARM_UP:] ** 2).sum(axis=-1).mean()))


def run(seed: int = 7) -> dict[str, float | int | str]:
    """Filter the catwalk with seeded noise on every joint; report errors before and after, and the lag in frames."""
    player = Player(motion("catwalk"), canonical_rest())
    truth = _rotations(player)
    rng = np.random.default_rng(seed)
    noise = quat_from_rotvec(rng.normal(0, NOISE_RAD / np.sqrt(3), (FRAMES, truth.shape[1], 3)))
    noisy = np.asarray(quat_multiply(truth, noise), np.float64)
    smooth = OneEuroFilter()
    root = np.zeros(3, np.float32)
    filtered = np.stack([smooth(Pose(frame.astype(np.float32), root), 1 / FPS).rotations for frame in noisy]).astype(
        np.float64
    )
    wanted = _acceleration(truth)
    before = float(np.linalg.norm(_acceleration(noisy) - wanted, axis=-1)[WARM_UP:].mean())
    after = float(np.linalg.norm(_acceleration(filtered) - wanted, axis=-1)[WARM_UP:].mean())
    lags = np.arange(0, 3.01, 0.25)
    lag = float(min(lags, key=lambda late: _angle(filtered, _rotations(player, late))))
    return {
        "acceleration_error_before": round(before, 2),
        "acceleration_error_after": round(after, 2),
        "acceleration_error_ratio": round(after / before, 3),
        "lag_frames": lag,
        "error_before_mrad": round(1e3 * _angle(noisy, truth), 1),
        "error_after_mrad": round(1e3 * _angle(filtered, truth), 1),
        "noise_rad": NOISE_RAD,
        "seed": seed,
    }
