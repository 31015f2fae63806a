"""The clips that step: the catwalk and the turn on the spot."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .clip import MotionClip
from .gait import Ride, Steps, move_feet, ride
from .legs import FeetShape, turn_z
from .posture import Arm, Posture, Turn, make_clip

Floats = NDArray[np.floating[Any]]

FPS = 60.0
_TOE_OUT = np.radians(5.0)
_STRIDE, _SHORT = 0.60, 0.31  # length of a step straight on and in a bend [m]
# heading gained with each step of half the catwalk, left foot first [degrees]: it opens with the inner foot
_BEND = (0, 0, 0, 0, 0, 0, 18, 24, 42, 32, 40, 24)


def catwalk(joints: Floats) -> MotionClip:
    """Return a walk towards −y, a half turn to the left, the walk back and another half turn."""
    ways, headings, lengths = _there_and_back()
    half_widths = 0.092 + 0.035 * (1 - lengths / lengths.max())  # legs must not brush in the bends
    return _walk("catwalk", joints, _steps_on(ways, headings, half_widths, 0.525), sway=1.25)


def turn(joints: Floats) -> MotionClip:
    """Return a whole turn to the left on the spot, in small steps."""
    count, period = 14, 0.6
    headings = 2 * np.pi * np.arange(count) / count
    return _walk("turn", joints, _steps_on(np.zeros((count, 2)), headings, np.full(count, 0.105), period), sway=0.6)


def _there_and_back() -> tuple[Floats, Floats, Floats]:
    """Return points [K, 2], headings [K] and lengths [K] of steps that go and come back around two left half turns."""
    half = np.radians(_BEND)
    turned = np.tile(half, 2)
    headings = np.cumsum(turned)
    short = np.convolve(np.concatenate([turned[-1:], turned, turned[:1]]) > 0, [0.25, 0.5, 0.25], mode="valid")
    lengths = _STRIDE - (_STRIDE - _SHORT) * short
    between = headings - turned / 2
    points = np.cumsum(lengths[:, None] * np.stack([np.sin(between), -np.cos(between)], axis=1), axis=0)
    return points - points.mean(axis=0), headings, lengths


def _steps_on(ways: Floats, headings: Floats, half_widths: Floats, period: float) -> Steps:
    sides = np.where(np.arange(len(ways)) % 2 == 0, 1.0, -1.0)  # left first
    left = np.stack([np.cos(headings), np.sin(headings)], axis=1)
    return Steps(ways + (sides * half_widths)[:, None] * left, headings + sides * _TOE_OUT, period, 2 * np.pi)


def _walk(name: str, joints: Floats, steps: Steps, *, sway: float) -> MotionClip:
    times = np.arange(round(steps.seconds * FPS)) / FPS
    feet = move_feet(steps, FeetShape.of_skeleton(joints), times)
    way = ride(steps, times)
    rate = np.gradient(np.concatenate([way.heading[-1:] - steps.turns, way.heading, way.heading[:1] + steps.turns]))
    turning = rate[1:-1] * FPS  # [rad/s]
    posture = Posture(
        pelvis_ground=_sway_aside(way, sway),
        bob=-0.006 * way.vigour * np.cos(2 * way.phase - 0.35),
        pelvis=_pelvis(way, sway),
        chest=_chest(way, turning),
        head=_head(way, turning),
        arms=(_swinging_arm(way, 0), _swinging_arm(way, 1)),
    )
    return make_clip(name, FPS, posture, feet, joints)


def _sway_aside(way: Ride, sway: float) -> Floats:
    """Return the ground point moved over the standing leg [T, 2]."""
    aside = 0.020 * sway * np.sin(way.phase - 0.15)
    left = turn_z(way.heading)[:, :2, 0]
    return np.asarray(way.ground + aside[:, None] * left)


def _pelvis(way: Ride, sway: float) -> Turn:
    vigour, phase = way.vigour, way.phase
    return Turn(
        yaw=way.heading - np.radians(7.0) * vigour * np.cos(phase),
        roll=-np.radians(4.2) * sway * (0.35 + 0.65 * vigour) * np.sin(phase + 0.25),
        pitch=np.radians(2.0) + np.radians(0.8) * vigour * np.cos(2 * phase),
    )


def _chest(way: Ride, turning: Floats) -> Turn:
    vigour, phase = way.vigour, way.phase
    return Turn(
        yaw=way.heading + 0.06 * turning + np.radians(5.5) * vigour * np.cos(phase - 0.15),
        roll=np.radians(1.8) * vigour * np.sin(phase + 0.1) - 0.02 * turning,
        pitch=np.radians(1.0) + np.radians(0.7) * vigour * np.cos(2 * phase - 0.6),
    )


def _head(way: Ride, turning: Floats) -> Turn:
    """Return a head that looks where the walk goes, and leads the turn."""
    phase = way.phase
    return Turn(
        yaw=way.heading + 0.22 * np.tanh(turning),
        roll=np.radians(0.6) * way.vigour * np.sin(phase),
        pitch=np.radians(1.0) + np.radians(0.6) * way.vigour * np.cos(2 * phase - 0.8),
    )


def _swinging_arm(way: Ride, side: int) -> Arm:
    """Return an arm that swings against its leg; the forearm follows the upper arm a little late."""
    sign = 1.0 if side == 0 else -1.0
    vigour = 0.15 + 0.85 * way.vigour
    swing = sign * vigour * np.cos(way.phase - 0.12)  # 1 far back
    late = sign * vigour * np.cos(way.phase - 0.55)
    zero = np.zeros_like(swing)
    return Arm(
        raise_=np.radians(9.0) + np.radians(1.5) * np.abs(swing),
        swing=np.radians(17.0) * swing - np.radians(1.0),
        plane=zero,
        twist=np.radians(10.0) - np.radians(4.0) * swing,
        flex=np.radians(15.0) - np.radians(9.0) * late,
        forearm_twist=np.radians(2.0) - np.radians(4.0) * late,
        wrist=np.radians(5.0) + np.radians(4.0) * late,
        shrug=np.radians(0.8) * np.sin(way.phase + (0 if side == 0 else np.pi)),
    )
