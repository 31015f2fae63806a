"""Where a garment belongs by the artist's own skeleton: its joints tell size, facing and pose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from dressform.assets.files.garment import SourceSkin
from dressform.authoring.formats.skeleton_map import canonical_joints_of, canonical_weights
from dressform.runtime.body.joints import CANONICAL_JOINTS, CANONICAL_PARENTS, JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.rotations import nearest_rotations

from ._place_articulate import JointedBody, Stand
from ._place_seeds import Seed

Floats = NDArray[np.float64]

ITS_SKELETON = "its skeleton"  # the name of the pose of a seed from here
_TRUNK = ("left_hip", "right_hip", "left_shoulder", "right_shoulder", "neck", "head")  # others differ by convention
_LEAST = 4  # of these must be there
_CHAINS = ("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle", "foot")
_UNLIKE = 0.12  # part of the trunk's size that its joints may be off, in root mean square
_MOST_OFF = 0.10  # [m] that a joint brings cloth along to make up for other proportions
_BARE = 0.02  # share of a garment's weight below which a joint says little about where it lies


@dataclass(frozen=True)
class Led:
    """Where a skeleton leads its garment.

    Attributes:
        seed: Where it stands, and the body in its pose.
        points: float64 [V, 3] of the garment in its own frame, its limbs and trunk as long as the body's [m].
    """

    seed: Seed
    points: Floats


def led(
    skin: SourceSkin | None,
    points: NDArray[np.floating],
    rest: RestBody,
    *,
    scale: float | None = None,
    rigid: bool = False,
) -> Led | None:
    """Return where a garment stands so that the joints of its own skeleton meet the body's, and the body in its pose.

    Args:
        skin: The artist's; its joints in the frame of the garment.
        points: Of the garment [V, 3] [m].
        rest: The canonical body.
        scale: Uniform scale to use; None takes it from the skeleton.
        rigid: Leave its proportions alone.

    Returns:
        The guess, or None when the joints are not understood, are too few or form no body.
    """
    if skin is None:
        return None
    named = canonical_joints_of(skin.joints, skin.parents)
    own = {name: skin.rest[joint, :3, 3].astype(np.float64) for name, joint in named.items()}
    trunk = [name for name in _TRUNK if name in own]
    if len(trunk) < _LEAST or not np.isfinite(list(own.values())).all():
        return None
    body_joints = rest.canonical_joints().astype(np.float64)
    at = np.array([own[name] for name in trunk])
    to = body_joints[[JOINT_INDEX[name] for name in trunk]]
    turn, first_scale, off = _similar(at, to)
    if not off < _UNLIKE:
        return None
    body = JointedBody.posed(rest, _turns({name: turn @ point for name, point in own.items()}, body_joints))
    weights = canonical_weights(skin, named).astype(np.float64)
    counts = _held(weights)
    size = scale or _size(own, body.joints, counts) or first_scale
    meeting = [name for name in _MEETING if name in own]
    share = np.array([counts[JOINT_INDEX[name]] for name in meeting])
    shift = np.array([body.joints[JOINT_INDEX[name]] - size * turn @ own[name] for name in meeting])
    pivot = (points.min(axis=0) + points.max(axis=0)).astype(np.float64) / 2
    target = size * turn @ pivot + (share @ shift) / share.sum()
    yaw = round(float(np.degrees(np.arctan2(turn[1, 0], turn[0, 0]))), 1)
    stand = Stand(pivot, target, turn, size)
    moved = points.astype(np.float64)
    if not rigid:
        standing = {name: stand.apply(point) for name, point in own.items()}
        moved = moved + _proportioned(stand.apply(points), weights, standing, body.joints) @ turn / size
    return Led(Seed(stand, body, ITS_SKELETON, yaw, 0.0), moved)


_MEETING = (*_TRUNK, *(f"{side}_{part}" for side in ("left", "right") for part in ("elbow", "wrist", "knee", "ankle")))


def _similar(at: Floats, to: Floats) -> tuple[Floats, float, float]:
    """Return turn and scale that bring points [n, 3] nearest to others, and what part of their size they stay off."""
    a, b = at - at.mean(axis=0), to - to.mean(axis=0)
    turn = np.asarray(nearest_rotations((b.T @ a)[None])[0], np.float64)
    turned = a @ turn.T
    spread = float((a * a).sum())
    if spread < 1e-12:
        return turn, 1.0, np.inf
    scale = float((turned * b).sum()) / spread
    off = np.sqrt(float(((scale * turned - b) ** 2).sum() / (b * b).sum()))
    return turn, scale, off if scale > 0 else np.inf


def _turns(aligned: Mapping[str, Floats], joints: Floats) -> Floats:
    """Return the turn of each segment [22, 3, 3] that points the body's limbs where the joints' limbs point."""
    turns = np.tile(np.eye(3), (len(CANONICAL_JOINTS), 1, 1))
    for side in ("left", "right"):
        for chain in _CHAINS:
            numbers = [JOINT_INDEX[f"{side}_{part}"] for part in chain]
            for k, joint in enumerate(numbers):
                turns[joint] = turns[CANONICAL_PARENTS[joint]]
                names = [f"{side}_{part}" for part in chain[k : k + 2]]
                if len(names) < 2 or not all(name in aligned for name in names):
                    continue
                way = aligned[names[1]] - aligned[names[0]]
                usual = turns[joint] @ (joints[numbers[k + 1]] - joints[joint])
                if np.linalg.norm(way) > 1e-9:
                    turns[joint] = _shortest(usual, way) @ turns[joint]
    return turns


def _shortest(a: Floats, b: Floats) -> Floats:
    """Return the least turn [3, 3] that brings one direction to another."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    axis = np.cross(a, b)
    sine = float(np.linalg.norm(axis))
    angle = float(np.arctan2(sine, a @ b))
    if sine < 1e-9:
        axis, sine = np.array([0.0, 1.0, 0.0]), 1.0  # straight back: any axis will do
    return np.asarray(Rotation.from_rotvec(axis / sine * angle).as_matrix(), np.float64)


def _held(weights: Floats) -> Floats:
    """Return the share of the garment's weight [V, 22] around each canonical joint [22], never quite none."""
    share = weights.sum(axis=0)
    share /= max(float(share.sum()), 1e-9)
    around = share.copy()
    for joint, parent in enumerate(CANONICAL_PARENTS):  # a joint lies at the end of the segment above, too
        if parent >= 0:
            around[joint] += share[parent] / 2
    return np.asarray(around + 1e-3, np.float64)


def _proportioned(placed: Floats, weights: Floats, standing: Mapping[str, Floats], joints: Floats) -> Floats:
    """Return the way of each point [V, 3] that makes limbs and trunk as long as the body's.

    Along a bone the way changes from that of one joint to that of the next.

    Args:
        placed: Points of the garment [V, 3].
        weights: On the canonical joints [V, 22].
        standing: The skeleton's joints.
        joints: The body's [22, 3].
    """
    off = {name: _limited(joints[JOINT_INDEX[name]] - point) for name, point in standing.items()}
    result = np.zeros_like(placed)
    for name in CANONICAL_JOINTS:
        share = weights[:, JOINT_INDEX[name]]
        start, end = _bone(name, standing)
        if not start or not share.any():
            continue
        first, second = (np.mean([off[joint] for joint in ends], axis=0) for ends in (start, end))
        a, b = (np.mean([standing[joint] for joint in ends], axis=0) for ends in (start, end))
        way = b - a
        along = np.clip((placed - a) @ way / max(float(way @ way), 1e-9), 0.0, 1.0)
        result += (share * (1 - along))[:, None] * first + (share * along)[:, None] * second
    return np.asarray(result / np.maximum(weights.sum(axis=1), 1e-3)[:, None], np.float64)


def _limited(way: Floats) -> Floats:
    return way * min(1.0, _MOST_OFF / max(float(np.linalg.norm(way)), 1e-9))


def _bone(name: str, standing: Mapping[str, Floats]) -> tuple[list[str], list[str]]:
    """Return the joints between whose middles what follows a canonical joint lies; none when they are not known."""
    side, _, part = name.partition("_")
    for chain in _CHAINS:
        if part in chain:
            k = chain.index(part)
            known = [f"{side}_{other}" for other in chain[: k + 2] if f"{side}_{other}" in standing and other != "foot"]
            return known[-2:-1] if len(known) == k + 2 else known[-1:], known[-1:]
    if name == "head":
        return (["head"], ["head"]) if "head" in standing else ([], [])
    hips, shoulders = ([f"{s}_{joint}" for s in ("left", "right")] for joint in ("hip", "shoulder"))
    top = ["neck"] if name == "neck" else [f"{side}_shoulder"] if part == "collar" else shoulders
    found = [[joint for joint in ends if joint in standing] for ends in (hips, top)]
    return (found[0], found[1]) if all(found) else ([], [])


def _size(own: Mapping[str, Floats], joints: Floats, counts: Floats) -> float | None:
    """Return body length / skeleton length over the bones that the garment lies on, poses aside."""
    here = there = 0.0
    pairs = [("hip", "shoulder"), ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")]
    for side in ("left", "right"):
        for a, b in pairs:
            first, second = f"{side}_{a}", f"{side}_{b}"
            weight = float(counts[JOINT_INDEX[first]])
            if first not in own or second not in own or weight < _BARE:
                continue
            here += weight * float(np.linalg.norm(own[first] - own[second]))
            there += weight * float(np.linalg.norm(joints[JOINT_INDEX[first]] - joints[JOINT_INDEX[second]]))
    return there / here if here > 0 else None
