"""The canonical body's surface laid onto a body of another family: which skin of one is which skin of the other.

Nothing but the two surfaces and the 22 canonical joints is looked at, so the two may have any topology.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.joints import CANONICAL_JOINTS, JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.garment.facing import facing_closest
from dressform.runtime.garment.shape_transfer import smooth_field
from dressform.runtime.geometry.adjacency import components
from dressform.runtime.geometry.normals import vertex_normals

Floats = NDArray[np.floating]
Integers = NDArray[np.int32]

# each round the skin may bend over shorter lengths [m], and matches further away than the reach [m] count for nothing
_ROUNDS = (
    (0.40, 0.20), (0.30, 0.15), (0.20, 0.12), (0.12, 0.10), (0.08, 0.08), (0.05, 0.06), (0.03, 0.05), (0.02, 0.04),
)  # fmt: skip
_FACING = 0.5  # least cosine between matched skins
_HANDS_AND_FACE = ("left_wrist", "right_wrist", "head")  # too finely shaped to be matched by closest points
_FINE_TRUST = 0.02

# limbs and shoulders are stretched from joint to joint; along the trunk only its two ends count, for families agree on
# hips and neck, and not on where a spine bends
_TRUNK = ("pelvis", "spine1", "spine2", "spine3")
_NEXT = {"neck": "head"} | {
    f"{side}_{start}": f"{side}_{end}"
    for side in ("left", "right")
    for start, end in (
        ("hip", "knee"),
        ("knee", "ankle"),
        ("ankle", "foot"),
        ("collar", "shoulder"),
        ("shoulder", "elbow"),
        ("elbow", "wrist"),
    )
}


@dataclass(frozen=True)
class Wrap:
    """The canonical surface on another body.

    Attributes:
        wrapped: The canonical body's vertices on the other body's skin [V, 3] [m].
        residual_p95: 95th percentile of how far trunk and limbs are still off that skin [m].
    """

    wrapped: NDArray[np.float32]
    residual_p95: float


def wrap(canonical: RestBody, other: RestBody) -> Wrap:
    """Lay the canonical body's surface onto another body that rests in the same pose.

    Args:
        canonical: The body that garments are made on.
        other: Any body whose limbs point the same ways.
    """
    points = canonical.vertices + _joint_moves(canonical, other)
    faces = canonical.body.faces
    fine = np.isin(canonical.vertex_segments, [JOINT_INDEX[name] for name in _HANDS_AND_FACE])
    outer = _largest_piece(faces, len(points))
    skin = vertex_normals(other.vertices, other.body.faces)
    for length, reach in _ROUNDS:
        goals, trust = _matches(points, faces, other, skin, reach)
        trust[fine] *= _FINE_TRUST
        trust[~outer] = 0.0
        points = points + smooth_field(goals - points, points, faces, trust, length)
    goals, _ = _matches(points, faces, other, skin, _ROUNDS[0][1])
    off = np.linalg.norm(goals - points, axis=1)[outer & ~fine]
    return Wrap(points.astype(np.float32), float(np.quantile(off, 0.95)))


def _joint_moves(canonical: RestBody, other: RestBody) -> NDArray[np.float64]:
    """Return how bones of another length move the canonical skin along them [V, 3] [m]."""
    body, posed, joints = canonical.body, canonical.vertices, canonical.canonical_joints()
    weights = np.zeros((len(posed), len(CANONICAL_JOINTS)))
    segments = canonical.rig.segment_of_bone[body.joint_indices]
    np.add.at(weights, (np.arange(len(posed))[:, None], segments), body.joint_weights)
    steps = other.canonical_joints().astype(np.float64) - joints
    hips = (steps[JOINT_INDEX["left_hip"]] + steps[JOINT_INDEX["right_hip"]]) / 2
    neck = JOINT_INDEX["neck"]
    rise = np.clip((posed[:, 2] - joints[0, 2]) / (joints[neck, 2] - joints[0, 2]), 0.0, 1.0)[:, None]
    trunk = hips + rise * (steps[neck] - hips)
    moves = np.zeros((len(posed), 3))
    for joint, name in enumerate(CANONICAL_JOINTS):
        share = weights[:, joint, None]
        end = _NEXT.get(name)
        if name in _TRUNK:
            moves += share * trunk
        elif end is None:
            moves += share * steps[joint]
        else:
            stop = JOINT_INDEX[end]
            way = joints[stop] - joints[joint]
            along = np.clip((posed - joints[joint]) @ way / (way @ way), 0.0, 1.0)[:, None]
            moves += share * (steps[joint] + along * (steps[stop] - steps[joint]))
    return moves


def _matches(points: Floats, faces: Integers, other: RestBody, skin: Floats, reach: float) -> tuple[Floats, Floats]:
    """Return the place on the other skin [V, 3] that each point belongs to, and how sure that is [V], 0 to 1."""
    normals = vertex_normals(points, faces)
    triangles, barycentrics = facing_closest(points, normals, other.vertices, other.body.faces)
    corners = other.body.faces[triangles]
    goals = np.einsum("vk,vkc->vc", barycentrics, other.vertices[corners]).astype(np.float64)
    agree = np.einsum("vc,vc->v", normals, np.einsum("vk,vkc->vc", barycentrics, skin[corners]))
    far = np.linalg.norm(goals - points, axis=1) / reach
    trust = np.clip(1 - far, 0, 1) * (agree > _FACING)
    return goals, np.asarray(trust, np.float64)


def _largest_piece(faces: Integers, count: int) -> NDArray[np.bool_]:
    """Return the vertices bool [V] of the skin itself, without eyes and teeth."""
    _, label = components(faces, count)
    return np.asarray(label == np.bincount(label).argmax(), np.bool_)
