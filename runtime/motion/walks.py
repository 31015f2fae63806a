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


def catwalk(joints: Floats) -> MotionClip:
    """Return a walk towards −y, a half turn to the left, the walk back and another half turn."""
    straight, bend, radius, period = 6, 5, 0.48, 0.53
    spacing = np.repeat([0.60, np.pi * radius / bend, 0.60, np.pi * radius / bend], [straight, bend, straight, bend])
    spacing = np.convolve(np.concatenate([spacing[-1:], spacing, spacing[:1]]), [0.25, 0.5, 0.25], mode="valid")
    along = np.cumsum(spacing) + 0.6  # begins where the turn is over
    run = (spacing.sum() - 2 * np.pi * radius) / 2
    ways, headings = _stadium(along, run, radius)
    half_widths = 0.092 + 0.035 * (1 - spacing / spacing.max())  # legs must not brush in the bends
    return _walk("catwalk", joints, _steps_on(ways, headings, half_widths, period), sway=1.25)


def turn(joints: Floats) -> MotionClip:
    """Return a whole turn to the left on the spot, in small steps."""
    count, period = 14, 0.6
    headings = 2 * np.pi * np.arange(count) / count
    return _walk("turn", joints, _steps_on(np.zeros((count, 2)), headings, np.full(count, 0.105), period), sway=0.6)


def _stadium(along: Floats, run: float, radius: float) -> tuple[Floats, Floats]:
    """Return points [K, 2] and headings [K] on two straights joined by half circles, from the start of the first."""
    arc = np.pi * radius
    whole = 2 * (run + arc)
    place = np.mod(along, whole)
    lap = np.floor(along / whole)
    points, headings = np.empty((len(along), 2)), np.empty(len(along))
    for k, s in enumerate(place):
        half, s = (0, s) if s < run + arc else (1, s - run - arc)
        if s < run:
            point, heading = np.array([-radius, run / 2 - s]), 0.0
        else:
            heading = (s - run) / radius
            point = np.array([-radius * np.cos(heading), -run / 2 - radius * np.sin(heading)])
        points[k] = point if half == 0 else -point
        headings[k] = heading + half * np.pi + 2 * np.pi * lap[k]
    return points, headings


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
