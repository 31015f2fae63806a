"""The motions that come with dressform, made on the canonical body."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import Pose
from dressform.schemas.errors import UsageError

from .clip import MotionClip
from .stands import arms_raise, idle
from .walks import catwalk, turn

Floats = NDArray[np.floating[Any]]

MOTIONS: dict[str, Callable[[Floats], MotionClip]] = {
    "catwalk": catwalk,
    "turn": turn,
    "arms-raise": arms_raise,
    "idle": idle,
}

DESCRIPTIONS: dict[str, str] = {
    "catwalk": "walks towards the camera, turns, walks back and turns again",
    "turn": "turns around on the spot in small steps",
    "arms-raise": "raises both arms sideways overhead and lowers them",
    "idle": "stands, breathes and shifts weight",
}


@functools.cache
def _made(name: str) -> MotionClip:
    return MOTIONS[name](canonical_rest().posed_joints(Pose.t_pose()))


def motion(name: str) -> MotionClip:
    """Return a motion by name: catwalk, turn, arms-raise or idle."""
    known = name.replace("_", "-")
    if known not in MOTIONS:
        raise UsageError(f"motion: there is no {name!r}; use one of {', '.join(MOTIONS)}, or a clip file")
    return _made(known)
