"""Examples that break the rules on the rig."""

from __future__ import annotations

import numpy as np

from .broken import breaks
from .builder import Parts


@breaks("skin.sum", at="rig.anny", place={"vertices": [11]})
def break_sum(parts: Parts) -> None:
    """Weights that do not sum to one."""
    weights = parts.rig.joint_weights.copy()
    weights[11] = 0.4
    parts.change_rig(joint_weights=weights)


@breaks("skin.negative", at="rig.anny", place={"vertices": [11]})
def break_negative(parts: Parts) -> None:
    """A weight below zero."""
    weights = parts.rig.joint_weights.copy()
    weights[11, :2] = [1.5, -0.5]
    parts.change_rig(joint_weights=weights)


@breaks("skin.joints", at="rig.anny")
def break_joints(parts: Parts) -> None:
    """A joint that the body does not have."""
    parts.change_rig(joints=("tail", *parts.rig.joints[1:]))


@breaks("skin.body", at="rig.anny")
def break_body(parts: Parts) -> None:
    """A rig for another body."""
    parts.change_rig(body_digest="another")


@breaks("skin.binding", at="rig.anny", place={"vertices": [3]})
def break_binding(parts: Parts) -> None:
    """A point bound to thin air."""
    offsets = parts.rig.binding_offsets.copy()
    offsets[3] = [0, 0, 5]
    parts.change_rig(binding_offsets=offsets)


@breaks("skin.count", at="rig.anny")
def break_count(parts: Parts) -> None:
    """A rig with a point too few."""
    rig = parts.rig
    names = ["joint_indices", "joint_weights", "binding_triangles", "binding_barycentrics", "binding_offsets"]
    parts.change_rig(**{name: getattr(rig, name)[:-1] for name in names})


@breaks("skin.file", at="sizes/M/garment.glb", place={"size": "M", "vertices": [30]})
def break_file(parts: Parts) -> None:
    """A rig that was changed after the garment was written."""
    weights = parts.rig.joint_weights.copy()
    weights[30, :2] = weights[30, 1::-1] + np.array([0.2, -0.2], np.float32)
    parts.change_rig(joint_weights=np.clip(weights, 0, 1) / np.clip(weights, 0, 1).sum(axis=1, keepdims=True))


def _follow(parts: Parts, points: list[int], joint: str, share: float) -> None:
    """Let points follow another joint of the body by a share, in the rig and in the garment's file."""
    indices, weights = parts.rig.joint_indices.copy(), parts.rig.joint_weights.copy()
    indices[points, 2] = parts.rig.joints.index(joint)
    weights[points] *= 1 - share
    weights[points, 2] = share
    parts.change_rig(joint_indices=indices, joint_weights=weights)
    parts.skin = parts.rig


@breaks("skin.island", at="rig.anny", place={"vertices": [50, 51]})
def break_island(parts: Parts) -> None:
    """A patch of the chest that follows the left hand a little more than the spine."""
    _follow(parts, [50, 51], "wrist.L", 0.5)


@breaks("skin.jump", at="rig.anny")
def break_jump(parts: Parts) -> None:
    """A seam at which the weights change at once."""
    low = np.flatnonzero(parts.mesh.points[:, 2] < 1.1)
    weights = np.zeros_like(parts.rig.joint_weights)
    weights[:, 1] = 1
    weights[low, :2] = [1, 0]
    parts.change_rig(joint_weights=weights)
    parts.skin = parts.rig


@breaks("skin.far", at="rig.anny", place={"vertices": [50]})
def break_far(parts: Parts) -> None:
    """A point of the chest that follows a foot by a fifth."""
    _follow(parts, [50], "foot.R", 0.2)
