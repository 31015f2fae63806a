"""How a family's many bones follow the 22 canonical joints.

Every bone belongs to the segment of one canonical joint and moves rigidly with it, except *soft* bones that share a
bend or a twist between two segments, so that a spine curves and a forearm does not wring like a candy wrapper.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.rotations import (
    matrix_between,
    matrix_to_quat,
    normalize,
    quat_conjugate,
    quat_multiply,
    quat_to_matrix,
    slerp,
    twist_about,
)

from .joints import CANONICAL_JOINTS, CANONICAL_PARENTS, JOINT_INDEX

Floats = NDArray[np.float32]
_JOINTS = len(CANONICAL_JOINTS)
PARENT_OF_CHILD = np.array(CANONICAL_PARENTS[1:])


@dataclass(frozen=True)
class Bend:
    """A bone that takes `fraction` of the bend from a joint's parent segment to its own, about that joint."""

    bone: str
    joint: str
    fraction: float


@dataclass(frozen=True)
class Twist:
    """A bone that takes `fraction` of a joint's twist about the limb.

    With `above` the bone lies in the parent's segment and gains twist (a forearm under a turning hand);
    without, it lies in the joint's own segment and gives some of its twist back (a shoulder).
    """

    bone: str
    joint: str
    fraction: float
    above: bool


@dataclass(frozen=True)
class SegmentMap:
    """A family's table of bones.

    Attributes:
        segments: For each bone of the family the canonical joint that it follows.
        bends: Soft bones of the spine and neck.
        twists: Soft bones of the limbs.
    """

    segments: tuple[str, ...]
    bends: tuple[Bend, ...] = ()
    twists: tuple[Twist, ...] = ()


@dataclass(frozen=True)
class Hands:
    """Points of the rest pose that tell how the two hands lie, each [2, 3] (left, right) [m]."""

    middle: Floats
    index: Floats
    pinky: Floats


def t_pose_alignment(joints: Floats, hands: Hands) -> Floats:
    """Return for each canonical joint the rotation [22, 3, 3] that turns its rest segment to the T-pose.

    In the T-pose legs point down, arms point along ±x with palms down, and everything else is as at rest.

    Args:
        joints: Canonical joints of the rest pose [22, 3] [m].
        hands: Where the hands' knuckles are.
    """
    turns = np.tile(np.eye(3, dtype=np.float32), (_JOINTS, 1, 1))
    for side, name in enumerate(("left", "right")):
        hip, knee, ankle = (JOINT_INDEX[f"{name}_{part}"] for part in ("hip", "knee", "ankle"))
        shoulder, elbow, wrist = (JOINT_INDEX[f"{name}_{part}"] for part in ("shoulder", "elbow", "wrist"))
        outward = np.array([1.0 if side == 0 else -1.0, 0, 0], dtype=np.float32)
        down = np.array([0, 0, -1], dtype=np.float32)
        for start, end, target in (
            (hip, knee, down),
            (knee, ankle, down),
            (shoulder, elbow, outward),
            (elbow, wrist, outward),
        ):
            turns[start] = matrix_between(joints[end] - joints[start], target)
        along = normalize(hands.middle[side] - joints[wrist])
        across = hands.pinky[side] - hands.index[side]
        across = normalize(across - along * np.dot(across, along))
        rest = np.stack([along, across, np.cross(along, across)], axis=1)
        backward = np.array([0, 1, 0], dtype=np.float32)
        straight = np.stack([outward, backward, np.cross(outward, backward)], axis=1)
        turns[wrist] = straight @ rest.T
    return turns


class SegmentRig:
    """The canonical skeleton of one shaped body: poses in, bone transforms out.

    Args:
        joints: Canonical joints of the rest pose [22, 3] [m].
        alignment: From `t_pose_alignment` [22, 3, 3].
        bone_names: The family's bones.
        segment_map: How they follow.
        fingers: What each bone does before it follows, rest → rest [J, 4, 4], such as curling the fingers; None for
            nothing. No pose takes it back.
    """

    def __init__(
        self,
        joints: Floats,
        alignment: Floats,
        bone_names: Sequence[str],
        segment_map: SegmentMap,
        fingers: Floats | None = None,
    ) -> None:
        self.joints = joints.astype(np.float32)
        self.alignment = alignment.astype(np.float32)
        self._fingers = fingers
        # pelvis of the standing T-pose; `protocol.stand` sets it once the soles are known
        self.t_pelvis = self.joints[0].copy()
        self._offsets = self.joints[1:] - self.joints[PARENT_OF_CHILD]
        self.segment_of_bone = np.array([JOINT_INDEX[name] for name in segment_map.segments])
        soft = {b.bone for b in segment_map.bends} | {t.bone for t in segment_map.twists}
        rigid = [name not in soft for name in bone_names]
        # the first rigid bone of each segment speaks for it
        self.leaders = np.array([np.flatnonzero((self.segment_of_bone == j) & rigid)[0] for j in range(_JOINTS)])
        index = {name: i for i, name in enumerate(bone_names)}
        self._bend_bones = np.array([index[b.bone] for b in segment_map.bends], dtype=np.intp)
        self._bend_joints = np.array([JOINT_INDEX[b.joint] for b in segment_map.bends], dtype=np.intp)
        self._bend_fractions = np.array([b.fraction for b in segment_map.bends], dtype=np.float32)
        self._twist_bones = np.array([index[t.bone] for t in segment_map.twists], dtype=np.intp)
        self._twist_joints = np.array([JOINT_INDEX[t.joint] for t in segment_map.twists], dtype=np.intp)
        self._twist_fractions = np.array([t.fraction for t in segment_map.twists], dtype=np.float32)
        self._twist_above = np.array([t.above for t in segment_map.twists], dtype=bool)
        self._parents = np.array(CANONICAL_PARENTS)
        self._twist_parents = self._parents[self._twist_joints]
        child_of = {parent: child for child, parent in enumerate(CANONICAL_PARENTS)}
        ends = [
            (p, j) if a else (j, child_of[j])
            for j, p, a in zip(self._twist_joints, self._twist_parents, self._twist_above, strict=True)
        ]
        starts, stops = np.array(ends, dtype=np.intp).reshape(-1, 2).T
        self._twist_pivots = starts
        self._twist_axes = normalize(self.joints[stops] - self.joints[starts]).astype(np.float32)

    def posed(self, rotations: Floats, root: Floats) -> tuple[Floats, Floats]:
        """Return world rotations rest → posed [..., 22, 3, 3] and joint positions [..., 22, 3] [m].

        Args:
            rotations: Local canonical rotations [..., 22, 4] xyzw.
            root: Pelvis offset from the standing T-pose [..., 3] [m].
        """
        turned = world_rotations(rotations) @ self.alignment
        return turned, chain_positions(turned, self._offsets, self.t_pelvis + root)

    def bone_transforms(self, rotations: Floats, root: Floats) -> Floats:
        """Return rest → world transforms of the family's bones, float32 [J, 4, 4]."""
        turned, places = self.posed(rotations, root)
        bone_turns = turned[self.segment_of_bone]
        pivots = self.segment_of_bone.copy()
        soft = self._soft_rotations(turned)
        if soft is not None:
            bones, soft_turns, soft_pivots = soft
            bone_turns[bones] = soft_turns
            pivots[bones] = soft_pivots
        transforms = np.zeros((len(pivots), 4, 4), dtype=np.float32)
        transforms[:, :3, :3] = bone_turns
        transforms[:, :3, 3] = places[pivots] - np.einsum("jab,jb->ja", bone_turns, self.joints[pivots])
        transforms[:, 3, 3] = 1
        return transforms if self._fingers is None else transforms @ self._fingers

    def rested(self, rotations: Floats, root: Floats) -> SegmentRig:
        """Return the skeleton of the same body, skinned anew in a pose; only for families whose bones are all rigid.

        Args:
            rotations: Local canonical rotations [22, 4] xyzw.
            root: Pelvis offset from the standing T-pose [3] [m].
        """
        if len(self._bend_bones) or len(self._twist_bones):
            raise ValueError("bones that share a bend or a twist have no rest of their own in another pose")
        turned, places = self.posed(rotations, root)
        rig = copy.copy(self)
        rig.joints = places.astype(np.float32)
        rig.alignment = np.asarray(self.alignment @ turned.transpose(0, 2, 1), np.float32)
        rig.t_pelvis = self.t_pelvis.copy()
        rig._offsets = rig.joints[1:] - rig.joints[PARENT_OF_CHILD]
        rig._fingers = None  # they have done what they do at rest
        return rig

    def _soft_rotations(self, turned: Floats) -> tuple[NDArray[np.intp], Floats, NDArray[np.intp]] | None:
        if not len(self._bend_bones) and not len(self._twist_bones):
            return None
        quats = matrix_to_quat(turned)
        bends = slerp(quats[self._parents[self._bend_joints]], quats[self._bend_joints], self._bend_fractions)
        upper, lower = quats[self._twist_parents], quats[self._twist_joints]
        twist = twist_about(quat_multiply(quat_conjugate(upper), lower), self._twist_axes)
        none = np.broadcast_to(np.array([0, 0, 0, 1], dtype=np.float32), twist.shape)
        gained = quat_multiply(upper, slerp(none, twist, self._twist_fractions))
        given = quat_multiply(lower, quat_conjugate(slerp(none, twist, 1 - self._twist_fractions)))
        twists = np.where(self._twist_above[:, None], gained, given)
        bones = np.concatenate([self._bend_bones, self._twist_bones])
        turns = quat_to_matrix(np.concatenate([bends, twists])).astype(np.float32)
        return bones, turns, np.concatenate([self._bend_joints, self._twist_pivots])

    def rotations_of(self, segment_turns: Floats) -> Floats:
        """Return local canonical rotations [22, 4] of segments turned rest → posed by `segment_turns` [22, 3, 3]."""
        return local_rotations(segment_turns @ self.alignment.transpose(0, 2, 1))


def world_rotations(rotations: Floats) -> Floats:
    """Return world matrices [..., 22, 3, 3] of local canonical rotations [..., 22, 4] xyzw."""
    local = quat_to_matrix(rotations.astype(np.float32))
    world = np.empty_like(local)
    world[..., 0, :, :] = local[..., 0, :, :]
    for joint in range(1, _JOINTS):
        world[..., joint, :, :] = world[..., CANONICAL_PARENTS[joint], :, :] @ local[..., joint, :, :]
    return world.astype(np.float32)


def local_rotations(world: Floats) -> Floats:
    """Return local canonical rotations [..., 22, 4] xyzw of world matrices [..., 22, 3, 3]."""
    local = world.copy()
    local[..., 1:, :, :] = np.swapaxes(world[..., PARENT_OF_CHILD, :, :], -1, -2) @ world[..., 1:, :, :]
    return matrix_to_quat(local).astype(np.float32)


def chain_positions(turned: Floats, offsets: Floats, pelvis: Floats) -> Floats:
    """Return joint positions [..., 22, 3] of a chain.

    Args:
        turned: World rotation of each segment [..., 22, 3, 3].
        offsets: Joint minus parent joint of all but the pelvis [21, 3], where `turned` is the identity [m].
        pelvis: Its position [..., 3] [m].
    """
    steps = np.einsum("...jab,jb->...ja", turned[..., PARENT_OF_CHILD, :, :], offsets)
    places = np.empty((*turned.shape[:-3], _JOINTS, 3), dtype=np.float32)
    places[..., 0, :] = pelvis
    for joint in range(1, _JOINTS):
        places[..., joint, :] = places[..., CANONICAL_PARENTS[joint], :] + steps[..., joint - 1, :]
    return places


def segments_from_parents(
    bone_names: Sequence[str], bone_parents: Sequence[int], named: Mapping[str, str]
) -> tuple[str, ...]:
    """Return each bone's canonical joint: the one in `named`, else its parent's.

    Args:
        bone_names: The family's bones, parents before children.
        bone_parents: Index of each bone's parent, −1 for the root.
        named: Canonical joint of the bones that start a segment.
    """
    segments: list[str] = []
    for name, parent in zip(bone_names, bone_parents, strict=True):
        segments.append(named[name] if name in named else segments[parent])
    return tuple(segments)
