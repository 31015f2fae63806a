"""A causal, low-lag adaptive filter on joint rotations and the root.

The One-Euro filter (Casiez, Roussel and Vogel, CHI 2012) smooths strongly when a signal is slow and lets it through
when it is fast. Here it works on the rotation group: the error is the rotation vector between prediction and
measurement, the state carries an angular velocity, and the prediction moves on with it, which takes most of the lag.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.protocol import Pose
from dressform.runtime.geometry.rotations import quat_from_rotvec, quat_multiply, rotvec_from_quat
from dressform.schemas.errors import UsageError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class OneEuroOptions:
    """How strongly to smooth.

    Attributes:
        min_cutoff_hz: Cut-off for a still joint; lower is smoother.
        speed_gain: Cut-off added per rad/s (per m/s for the root) of filtered speed.
        speed_cutoff_hz: Cut-off of the speed estimate itself.
    """

    min_cutoff_hz: float = 4.0
    speed_gain: float = 3.0
    speed_cutoff_hz: float = 9.0


def _blend(cutoff_hz: FloatArray | float, dt: float) -> FloatArray:
    """Return the weight of a new sample in a first-order low pass, in (0, 1)."""
    tau = 1.0 / (2.0 * math.pi * np.asarray(cutoff_hz, dtype=np.float64))
    return np.asarray(1.0 / (1.0 + tau / dt))


class OneEuroFilter:
    """Filters a stream of poses, one call a frame; nothing but the last state is kept."""

    def __init__(self, options: OneEuroOptions = OneEuroOptions()):
        if min(options.min_cutoff_hz, options.speed_cutoff_hz) <= 0 or options.speed_gain < 0:
            raise UsageError(f"One-Euro cut-offs must be positive and the gain not negative, got {options}")
        self._options = options
        self.reset()

    def reset(self) -> None:
        """Forget the past, as before a new clip or after a cut."""
        self._rotations: FloatArray | None = None
        self._root: FloatArray = np.zeros(3)
        self._spin: FloatArray = np.zeros((0, 3))
        self._speed: FloatArray = np.zeros(3)

    def __call__(self, pose: Pose, dt: float) -> Pose:
        """Return the smoothed pose.

        Args:
            pose: This frame's measurement.
            dt: Time since the last frame [s], above zero.
        """
        measured = np.asarray(pose.rotations, dtype=np.float64)
        root = np.asarray(pose.root, dtype=np.float64)
        if self._rotations is None:
            self._rotations, self._root = measured, root
            self._spin = np.zeros((len(measured), 3))
            return pose
        if not dt > 0:
            raise UsageError(f"the time step must be above zero, got {dt} s")
        self._rotations, self._spin = self._rotate(measured, dt)
        self._root, self._speed = self._move(root, dt)
        return Pose(self._rotations.astype(np.float32), self._root.astype(np.float32))

    def _rotate(self, measured: FloatArray, dt: float) -> tuple[FloatArray, FloatArray]:
        assert self._rotations is not None
        predicted = quat_multiply(self._rotations, quat_from_rotvec(self._spin * dt))
        conjugate = predicted * np.array([-1.0, -1.0, -1.0, 1.0])
        error = rotvec_from_quat(quat_multiply(conjugate, measured))
        spin = self._spin + _blend(self._options.speed_cutoff_hz, dt) * error / dt * self._damping(dt)
        alpha = self._weights(np.linalg.norm(spin, axis=1), dt)
        rotations = quat_multiply(predicted, quat_from_rotvec(error * alpha[:, None]))
        return np.asarray(rotations / np.linalg.norm(rotations, axis=1, keepdims=True)), np.asarray(spin)

    def _move(self, root: FloatArray, dt: float) -> tuple[FloatArray, FloatArray]:
        predicted = self._root + self._speed * dt
        error = root - predicted
        speed = self._speed + _blend(self._options.speed_cutoff_hz, dt) * error / dt * self._damping(dt)
        alpha = float(self._weights(np.linalg.norm(speed), dt))
        return predicted + alpha * error, speed

    def _damping(self, dt: float) -> FloatArray:
        """Return the share of a residual that changes the speed: critical damping of the position-speed pair."""
        return _blend(self._options.min_cutoff_hz, dt)

    def _weights(self, speed: FloatArray | np.floating, dt: float) -> FloatArray:
        return _blend(self._options.min_cutoff_hz + self._options.speed_gain * np.asarray(speed), dt)
