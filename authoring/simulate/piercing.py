"""Whether limbs run through cloth: the surest sign that a sleeve came off its arm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.joints import CANONICAL_JOINTS, CANONICAL_PARENTS
from dressform.runtime.body.protocol import Pose, RestBody

Floats = NDArray[np.floating]

# Bones between these joints lie inside what is worn; the outermost ones (hands, toes, the head) need not.
_INNER = [
    joint
    for joint, name in enumerate(CANONICAL_JOINTS)
    if joint and not name.endswith(("head", "wrist", "foot", "ankle"))
]


def bones(rest: RestBody, pose: Pose) -> tuple[Floats, Floats]:
    """Return where the inner bones of a posed body start and end, [S, 3] each [m]."""
    joints = rest.posed_joints(pose).astype(np.float64)
    return joints[[CANONICAL_PARENTS[joint] for joint in _INNER]], joints[_INNER]


def piercings(starts: Floats, ends: Floats, points: Floats, faces: NDArray[np.integer]) -> int:
    """Return how often line segments [S, 3] run through triangles [F, 3] over points [P, 3] [m]."""
    a, b, c = (np.asarray(points, np.float64)[faces[:, k]] for k in range(3))
    one, two = b - a, c - a
    count = 0
    for start, end in zip(starts, ends, strict=True):
        # Möller and Trumbore (1997)
        way = end - start
        across = np.cross(way, two)
        volume = np.einsum("fk,fk->f", one, across)
        with np.errstate(divide="ignore", invalid="ignore"):
            off = start - a
            u = np.einsum("fk,fk->f", off, across) / volume
            aside = np.cross(off, one)
            v = aside @ way / volume
            t = np.einsum("fk,fk->f", two, aside) / volume
            count += int(((u >= 0) & (v >= 0) & (u + v <= 1) & (t >= 0) & (t <= 1)).sum())
    return count
