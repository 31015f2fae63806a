"""A camera that keeps a walking person in the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .scene import Camera


@dataclass(frozen=True)
class Framing:
    """How the person sits in the picture.

    Attributes:
        vertical_fov_rad: Vertical angle of view.
        margin: Height of the picture over the height of the person, at the person.
        eye_height: Height of the lens over the ground as a share of the person's height.
        settle_s: Time in which the camera makes up most of a sudden move of the person [s].
        turn_rad: Where the camera stands around the person; 0 is in front (−y), positive to the person's left (+x).
    """

    vertical_fov_rad: float = math.radians(24.0)
    margin: float = 1.2
    eye_height: float = 0.66
    settle_s: float = 0.3
    turn_rad: float = 0.0


class FollowCamera:
    """Follows a point on the ground with a critically damped spring, which neither jumps nor swings past.

    Args:
        height: Height of the person, sole to crown [m].
        size: (width, height) [px].
        framing: How the person sits in the picture.
    """

    def __init__(self, height: float, size: tuple[int, int], framing: Framing = Framing()):
        self._size, self._framing, self._height = size, framing, height
        aspect = size[0] / size[1]
        seen = height * max(framing.margin, 0.62 * framing.margin / aspect)  # a narrow picture still holds the arms
        self._distance = 0.5 * seen / math.tan(0.5 * framing.vertical_fov_rad)
        self._at: NDArray[np.float64] | None = None
        self._speed: NDArray[np.float64] = np.zeros(2)

    @property
    def pixels_per_metre(self) -> float:
        """At the person."""
        return 0.5 * self._size[1] / (math.tan(0.5 * self._framing.vertical_fov_rad) * self._distance)

    def reset(self) -> None:
        """Stand in front of wherever the person is next."""
        self._at = None
        self._speed = np.zeros(2)

    def follow(self, ground_point: ArrayLike, dt: float, turn_rad: float = 0.0) -> Camera:
        """Move on by one frame and return the camera.

        Args:
            ground_point: Where the person is, world (x, y) [m].
            dt: Time since the last frame [s].
            turn_rad: How far it has gone around the person, besides where the framing has it stand.
        """
        wanted = np.asarray(ground_point, np.float64)[:2]
        if not np.isfinite(wanted).all():  # of a broken pose: stay, or it would be lost for good
            wanted = np.zeros(2) if self._at is None else self._at
        if self._at is None:
            self._at = wanted.copy()
        else:
            # exact step of x'' = ω² (wanted - x) - 2 ω x', stable for every dt
            omega = 4.0 / self._framing.settle_s
            offset = self._at - wanted
            decay = math.exp(-omega * dt)
            drift = self._speed + omega * offset
            self._at = wanted + (offset + drift * dt) * decay
            self._speed = (self._speed - omega * drift * dt) * decay
        return self._camera(self._at, turn_rad)

    def _camera(self, at: NDArray[np.float64], turn_rad: float) -> Camera:
        framing, turn = self._framing, self._framing.turn_rad + turn_rad
        target = np.array([at[0], at[1], 0.5 * self._height])
        toward = np.array([math.sin(turn), -math.cos(turn), 0.0])
        eye = target + toward * self._distance
        eye[2] = framing.eye_height * self._height
        return Camera.look_at(eye, target, framing.vertical_fov_rad, self._size)
