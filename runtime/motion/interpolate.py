"""Sampling of tracks between their keys: C1 continuous, and exactly still where the keys are still."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.rotations import cross

Floats = NDArray[np.floating[Any]]


class Track:
    """Keys at a fixed rate, joined by monotone cubic Hermite pieces.

    A tangent is the harmonic mean of its two neighbouring slopes and zero where they disagree in sign, so a channel
    that rests over two keys rests between them too (a planted foot stays planted), and none overshoots its keys.

    Args:
        keys: Values [T, C].
        rate: Keys per second.
        loop: Whether the last key is followed by the first.
    """

    def __init__(self, keys: Floats, rate: float, *, loop: bool) -> None:
        self._rate, self._loop = rate, loop
        self._keys = keys.astype(np.float32)
        ahead = np.roll(self._keys, -1, axis=0) - self._keys
        if not loop:
            ahead[-1] = 0
        behind = np.roll(ahead, 1, axis=0)
        product = ahead * behind
        total = ahead + behind
        agree = product > 0
        self._tangents = np.where(agree, 2 * product / np.where(agree, total, 1), 0).astype(np.float32)

    def at(self, time: float) -> Floats:
        """Return the channels [C] at a time [s]; a loop wraps around, otherwise the ends are held."""
        count = len(self._keys)
        place = time * self._rate
        if self._loop:
            place %= count
        else:
            place = min(max(place, 0.0), count - 1.0)
        first = min(int(place), count - 1)
        second = (first + 1) % count if self._loop else min(first + 1, count - 1)
        u = place - first
        u2, u3 = u * u, u * u * u
        values: Floats = (
            (2 * u3 - 3 * u2 + 1) * self._keys[first]
            + (u3 - 2 * u2 + u) * self._tangents[first]
            + (3 * u2 - 2 * u3) * self._keys[second]
            + (u3 - u2) * self._tangents[second]
        )
        return values


def to_six(matrices: Floats) -> Floats:
    """Return the first two columns [..., 6] of rotation matrices [..., 3, 3]: channels without sign flips or seams."""
    columns = np.swapaxes(matrices[..., :2], -1, -2)
    return np.ascontiguousarray(columns).reshape(*matrices.shape[:-2], 6).astype(np.float32)


def from_six(six: Floats) -> Floats:
    """Return the rotation matrices [..., 3, 3] of (not quite orthonormal) pairs of columns [..., 6]."""
    first = six[..., :3] / np.linalg.norm(six[..., :3], axis=-1, keepdims=True)
    second = six[..., 3:] - first * np.sum(first * six[..., 3:], axis=-1, keepdims=True)
    second = second / np.linalg.norm(second, axis=-1, keepdims=True)
    return np.stack([first, second, cross(first, second)], axis=-1).astype(np.float32)
