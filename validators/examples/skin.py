"""Examples that break the rules on the rig."""

from __future__ import annotations

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
