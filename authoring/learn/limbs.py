"""Whether a posed body's limbs keep clear of its trunk and of each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.geometry.distance import Surface

Floats = NDArray[np.float32]

APART = 0.008  # of forearms, hands, shins and feet from all else: two layers of cloth [m]
PRESSED = 0.02  # upper arms and thighs press into the body beside them in life, up to this depth [m]

_LIMBS = {"arm": ("shoulder", "elbow", "wrist"), "leg": ("hip", "knee", "ankle", "foot")}
_BEYOND = 0.45  # share of the upper arm, and of the thigh, that always meets the trunk at its joint


def is_clear(rest: RestBody, pose: Pose) -> bool:
    """Say whether forearms and shins stay apart from the rest, and upper arms and thighs are not pressed in deep."""
    vertices, joints = rest.posed_vertices(pose), rest.posed_joints(pose)
    segments, faces = rest.vertex_segments, rest.body.faces

    def keeps_off(limb: str, side: str) -> bool:
        first, second, *_ = joined = _LIMBS[limb]
        own = _of(segments, side, joined)
        surface = Surface(vertices, faces[~own[faces].any(axis=1)])
        upper = _beyond_the_joint(vertices, segments, joints, f"{side}_{first}", f"{side}_{second}")
        return (
            _nearest(surface, vertices[_of(segments, side, joined[1:])]) >= APART
            and _nearest(surface, upper) >= -PRESSED
        )

    return all(keeps_off(limb, side) for limb in _LIMBS for side in ("left", "right"))


def _of(segments: NDArray[np.intp], side: str, names: tuple[str, ...]) -> NDArray[np.bool_]:
    return np.isin(segments, [JOINT_INDEX[f"{side}_{name}"] for name in names])


def _beyond_the_joint(vertices: Floats, segments: NDArray[np.intp], joints: Floats, start: str, end: str) -> Floats:
    """Return the vertices of a limb's upper part that are far enough from where it joins the trunk."""
    own = vertices[segments == JOINT_INDEX[start]]
    a, b = joints[JOINT_INDEX[start]], joints[JOINT_INDEX[end]]
    along = (own - a) @ (b - a) / float((b - a) @ (b - a))
    return np.asarray(own[along > _BEYOND])


def _nearest(surface: Surface, points: Floats) -> float:
    """Return the least signed distance of points to a surface [m]."""
    return float(surface.signed_distance(points).min())
