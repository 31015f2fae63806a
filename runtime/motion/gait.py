"""Walking from footsteps: feet that roll over heel and ball, and a pelvis that rides on them.

Angles and timings follow descriptions of normal walking (Perry & Burnfield, Gait Analysis, 2010): stance takes 60 % of
a stride, the pelvis is lowest in double support and highest over the stance leg, drops on the swinging side and turns
with the leading leg.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from .legs import FeetShape, turn_x, turn_z

Floats = NDArray[np.floating[Any]]

OVERLAP = 0.22  # double support, as a share of a step's time
_FULL_STEP = 0.60  # the step for which the angles below hold [m]
_STRIKE = np.radians(17.0)  # toes up at heel strike
_FLAT_AT = 0.24  # the foot is flat this share of a step after its strike
_HEEL_OFF = 0.62  # and its heel leaves the ground this share of a step after its strike
_TOE_OFF = np.radians(48.0)  # heel up at toe off
_PASS, _PASS_AT = 0.028, 0.58  # height of the ankle above its standing height, and when in the swing [m], share
_CLEARANCE = 0.014  # of the toes above the ground in mid swing [m]


@dataclass(frozen=True)
class Steps:
    """Footsteps of a looping walk: step k is planted at time k · period, left feet at even k.

    Attributes:
        places: Where the ankles stand, on the ground [K, 2] [m], K even.
        yaws: Their headings, running on without wrapping [K] [rad]; after the loop they have grown by `turns`.
        period: Time of a step [s].
        turns: Heading gained over the loop [rad].
    """

    places: Floats
    yaws: Floats
    period: float
    turns: float

    def __len__(self) -> int:
        return len(self.places)

    @property
    def seconds(self) -> float:
        """Length of the loop [s]."""
        return len(self) * self.period

    def place(self, step: int) -> Floats:
        """Return the place [2] of any step, the loop running on."""
        return np.asarray(self.places[step % len(self)])

    def yaw(self, step: int) -> float:
        """Return the heading of any step, the loop running on [rad]."""
        return float(self.yaws[step % len(self)] + self.turns * (step // len(self)))

    def vigour(self, step: int) -> float:
        """Return how long the stride into a step is, as a share of a full one, in [0.25, 1.1]."""
        length = np.linalg.norm(self.place(step) - self.place(step - 2)) / (2 * _FULL_STEP)
        return float(np.clip(length, 0.25, 1.1))


@dataclass(frozen=True)
class FeetMotion:
    """Both feet over time.

    Attributes:
        ankles: [T, 2, 3] [m].
        rotations: World rotations of the feet [T, 2, 3, 3].
        toes: World rotations of the toes [T, 2, 3, 3].
        planted: bool [T, 2].
    """

    ankles: Floats
    rotations: Floats
    toes: Floats
    planted: NDArray[np.bool_]


def ease(x: Floats) -> Floats:
    """Return a smooth step from 0 to 1 over x in [0, 1]."""
    x = np.clip(x, 0, 1)
    return np.asarray(x * x * x * (10 + x * (6 * x - 15)))


def _hermite(u: Floats, start: Floats, start_slope: Floats, end: Floats, end_slope: Floats) -> Floats:
    u = u.reshape(-1, *([1] * np.ndim(start)))
    return np.asarray(
        (2 * u**3 - 3 * u**2 + 1) * start
        + (u**3 - 2 * u**2 + u) * start_slope
        + (3 * u**2 - 2 * u**3) * end
        + (u**3 - u**2) * end_slope
    )


class _Foot:
    """One foot's way from footprint to footprint."""

    def __init__(self, steps: Steps, shape: FeetShape, side: int) -> None:
        self.steps, self.side = steps, side
        self.ankle, self.ball, self.heel = shape.ankle[side], shape.ball[side], shape.heel[side]
        self._shape = FeetShape(*(np.stack([point, point]) for point in (self.ankle, self.ball, self.heel)))

    def pitch_planted(self, step: int, since: Floats) -> Floats:
        """Return the lift of the heel [rad] while planted; `since` counts from the strike in steps."""
        strike, off = self.strike_pitch(step), self.off_pitch(step)
        rise = np.clip((since - _HEEL_OFF) / (1 + OVERLAP - _HEEL_OFF), 0, 1)
        return np.asarray(-strike * (1 - ease(since / _FLAT_AT)) + off * rise**2.2)

    def strike_pitch(self, step: int) -> float:
        return float(_STRIKE * (self.steps.vigour(step) - 0.25) / 0.75)

    def off_pitch(self, step: int) -> float:
        return float(_TOE_OFF * self.steps.vigour(step + 2))

    def planted(self, step: int, since: Floats) -> tuple[Floats, Floats]:
        """Return ankles [N, 3] and lifts of the heel [N] of a planted foot."""
        pitch = self.pitch_planted(step, since)
        yaw = self.steps.yaw(step)
        footprint = turn_z(np.array(yaw)) @ (self.ball - self.ankle)
        footprint[:2] += self.steps.place(step)
        footprint[2] = self.ball[2]
        return self._ankles(np.broadcast_to(footprint, (len(since), 3)), yaw, pitch), pitch

    def _ankles(self, footprints: Floats, yaw: float, pitch: Floats) -> Floats:
        rotations = turn_z(np.full_like(pitch, yaw)) @ turn_x(pitch)
        pair = self._shape.ankles_at(np.stack([footprints] * 2, axis=1), np.stack([rotations] * 2, axis=1))
        return pair[:, 0].astype(np.float64)

    def swinging(self, step: int, u: Floats) -> tuple[Floats, Floats, Floats]:
        """Return ankles [N, 3], lifts of the heel [N] and headings [N], u in [0, 1] on the way to step + 2."""
        h = 1e-3
        span = 1 - OVERLAP  # a swing's length in steps
        before, pitch_before = self.planted(step, np.array([1 + OVERLAP - h, 1 + OVERLAP]))
        after, pitch_after = self.planted(step + 2, np.array([0.0, h]))
        leave = (before[1] - before[0]) / h * span
        arrive = (after[1] - after[0]) / h * span
        ankles = _hermite(u, before[1], leave, after[0], arrive)
        ankles[:, 2] = self._height(u, before[1, 2], leave[2], after[0, 2], arrive[2])
        pitch_leave = (pitch_before[1] - pitch_before[0]) / h * span
        middle, at = np.radians(6.0) * self.steps.vigour(step + 2), 0.55  # toes still low as the foot passes
        early = _hermite(u / at, pitch_before[1], pitch_leave * at * 0.25, middle, np.array(-1.1 * at))
        late = _hermite((u - at) / (1 - at), np.array(middle), np.array(-1.1 * (1 - at)), pitch_after[0], np.array(0.0))
        pitch = np.where(u < at, early, late)
        yaw = self.steps.yaw(step) + ease(u) * (self.steps.yaw(step + 2) - self.steps.yaw(step))
        ankles[:, 2] += self._lift(ankles[:, 2], pitch, self.toe_fall(step, u), u)
        return ankles, pitch, yaw

    def _height(self, u: Floats, start: float, leave: float, end: float, arrive: float) -> Floats:
        """Return the ankle's height over the swing [N]: it falls early, and passes the standing leg low."""
        low = float(self.ankle[2]) + _PASS
        early = _hermite(u / _PASS_AT, np.array(start), np.array(0.7 * leave * _PASS_AT), np.array(low), np.array(0.0))
        rest = 1 - _PASS_AT
        late = _hermite((u - _PASS_AT) / rest, np.array(low), np.array(0.0), np.array(end), np.array(arrive * rest))
        return np.where(u < _PASS_AT, early, late)

    def toe_fall(self, step: int, u: Floats) -> Floats:
        """Return the bend of the toes [N] [rad] over the swing; they soon fall in line with the foot."""
        return np.asarray(self.off_pitch(step) * (1 - ease(u / 0.55)))

    def _lift(self, heights: Floats, pitch: Floats, bend: Floats, u: Floats) -> Floats:
        """Return what to add to the ankle's height so that heel, ball and toes clear the ground."""
        flat = np.array([1, 1, 0])
        to_ball = self.ball - self.ankle
        ball = (turn_x(pitch) @ to_ball)[:, 2]
        toes = ball + (turn_x(pitch - bend) @ (0.45 * to_ball * flat))[:, 2]
        heel = (turn_x(pitch) @ (self.heel - self.ankle))[:, 2]
        lowest = np.minimum(np.minimum(ball, toes) - self.ball[2], heel)
        bump = np.sin(np.pi * u) ** 2
        inner = (u > 0.15) & (u < 0.85)
        missing = _CLEARANCE * bump - (heights + lowest)
        need = float(np.max(missing[inner] / bump[inner], initial=0.0))
        return np.asarray(need * bump)


def move_feet(steps: Steps, shape: FeetShape, times: Floats) -> FeetMotion:
    """Return both feet at times [T] of a looping walk [s]."""
    count = len(times)
    ankles, pitch, yaw = np.zeros((count, 2, 3)), np.zeros((count, 2)), np.zeros((count, 2))
    toe_lift = np.zeros((count, 2))
    planted = np.zeros((count, 2), dtype=bool)
    clock = times / steps.period
    for side in (0, 1):
        foot = _Foot(steps, shape, side)
        for step in range(side - 2, len(steps), 2):
            since = clock - step
            stands = (since >= 0) & (since < 1 + OVERLAP)
            if stands.any():
                ankles[stands, side], pitch[stands, side] = foot.planted(step, since[stands])
                yaw[stands, side] = steps.yaw(step)
                toe_lift[stands, side] = np.maximum(pitch[stands, side], 0)
                planted[stands, side] = True
            swings = (since >= 1 + OVERLAP) & (since < 2)
            if swings.any():
                u = (since[swings] - 1 - OVERLAP) / (1 - OVERLAP)
                ankles[swings, side], pitch[swings, side], yaw[swings, side] = foot.swinging(step, u)
                toe_lift[swings, side] = foot.toe_fall(step, u)
    rotations = turn_z(yaw) @ turn_x(pitch)
    return FeetMotion(ankles, rotations, rotations @ turn_x(-toe_lift), planted)


@dataclass(frozen=True)
class Ride:
    """The body's smooth way over the feet.

    Attributes:
        ground: Point on the ground under the pelvis [T, 2] [m].
        heading: Running on without wrapping [T] [rad].
        vigour: Share of a full stride [T].
        phase: π per step; left strikes at even multiples [T] [rad].
    """

    ground: Floats
    heading: Floats
    vigour: Floats
    phase: Floats


def ride(steps: Steps, times: Floats, *, smooth: float = 0.22) -> Ride:
    """Return the body's way at evenly spaced times [T] of one whole loop.

    Args:
        steps: The footsteps.
        times: From 0 on, one loop, evenly spaced [s].
        smooth: Width of the averaging over time [s].
    """
    knots = range(-2, len(steps) + 3)
    centres = np.stack([(steps.place(k) + steps.place(k - 1)) / 2 for k in knots])
    yaws = np.array([(steps.yaw(k) + steps.yaw(k - 1)) / 2 for k in knots])
    vigours = np.array([steps.vigour(k) for k in knots])
    clock = times / steps.period
    sigma = smooth / (times[1] - times[0])
    trend = steps.turns * times / steps.seconds  # what is periodic is the heading less its trend

    def track(values: Floats) -> Floats:
        return np.asarray(gaussian_filter1d(np.interp(clock, np.asarray(knots), values), sigma, mode="wrap"))

    ground = np.stack([track(centres[:, 0]), track(centres[:, 1])], axis=-1)
    heading = gaussian_filter1d(np.interp(clock, np.asarray(knots), yaws) - trend, sigma, mode="wrap") + trend
    return Ride(ground, heading, track(vigours), np.pi * clock)
