"""The body brought into the pose that a garment was modelled in: arms and legs along its sleeves and trouser legs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.joints import CANONICAL_PARENTS, JOINT_INDEX
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.body.skinning import skin
from dressform.runtime.geometry.rotations import matrix_between

from ._place_openings import Opening

LIMBS: dict[str, tuple[str, ...]] = {
    "left_sleeve": ("left_shoulder", "left_elbow", "left_wrist"),
    "right_sleeve": ("right_shoulder", "right_elbow", "right_wrist"),
    "left_ankle": ("left_hip", "left_knee", "left_ankle"),
    "right_ankle": ("right_hip", "right_knee", "right_ankle"),
}

_SHORTEST = 0.09  # [m] an armhole nearer to the joint than this says nothing about the arm's direction
_MOST = {"sleeve": np.radians(75.0), "ankle": np.radians(25.0)}  # further from the rest pose is a misread opening


@dataclass(frozen=True)
class PosedBody:
    """The body in the garment's pose.

    Attributes:
        transforms: float32 [J, 4, 4] rest → posed, of the family's joints.
        points: float32 [V, 3] [m].
        turns_deg: Angle by which each limb was turned from the rest pose, by the name of its opening.
    """

    transforms: NDArray[np.float32]
    points: NDArray[np.float32]
    turns_deg: dict[str, float]


def point_at(chain: NDArray[np.floating], radius: float) -> NDArray[np.float64]:
    """Return the point of a polyline [n, 3] at this straight distance from its start (its end when it is too short)."""
    start = chain[0].astype(np.float64)
    for a, b in zip(chain[:-1].astype(np.float64), chain[1:].astype(np.float64), strict=True):
        if np.linalg.norm(b - start) >= radius:
            low, high = 0.0, 1.0
            for _ in range(40):
                middle = (low + high) / 2
                inside = np.linalg.norm(a + middle * (b - a) - start) < radius
                low, high = (middle, high) if inside else (low, middle)
            return np.asarray(a + low * (b - a), np.float64)
    return np.asarray(chain[-1], np.float64)


def limb_directions(rest: RestBody, openings: Sequence[Opening]) -> dict[str, NDArray[np.float64]]:
    """Return where the limb of each sleeve or leg opening should point: joint → opening, made left-right symmetric.

    Args:
        rest: The body in its rest pose.
        openings: Of the garment where it lies now.
    """
    joints = rest.canonical_joints()
    found: dict[str, NDArray[np.float64]] = {}
    for opening in openings:
        if opening.kind in LIMBS:
            way = opening.center - joints[JOINT_INDEX[LIMBS[opening.kind][0]]]
            if np.linalg.norm(way) > _SHORTEST:
                found[opening.kind] = way
    for limb in ("sleeve", "ankle"):
        left, right = found.get(f"left_{limb}"), found.get(f"right_{limb}")
        if left is not None and right is not None:
            mean = (left + right * (-1, 1, 1)) / 2
            found[f"left_{limb}"], found[f"right_{limb}"] = mean, mean * (-1, 1, 1)
    return found


def lowered(
    rest: RestBody, directions: Mapping[str, NDArray[np.float64]], angle: float
) -> dict[str, NDArray[np.float64]]:
    """Return the directions with the arms at this angle below the horizontal [rad], turned in the frontal plane."""
    joints = rest.canonical_joints()
    result = dict(directions)
    for kind, outward in (("left_sleeve", 1.0), ("right_sleeve", -1.0)):
        chain = joints[[JOINT_INDEX[name] for name in LIMBS[kind]]]
        length = (
            float(np.linalg.norm(directions[kind]))
            if kind in directions
            else float(np.linalg.norm(chain[1] - chain[0]))
        )
        way = point_at(chain, length) - chain[0]
        across = float(np.hypot(way[0], way[2]))
        result[kind] = np.array([outward * np.cos(angle) * across, way[1], -np.sin(angle) * across])
    return result


def pose_body(rest: RestBody, directions: Mapping[str, NDArray[np.float64]]) -> PosedBody:
    """Turn whole limbs at the shoulder or hip so that they point along what `limb_directions` gives."""
    joints = rest.canonical_joints()
    turns = np.tile(np.eye(3, dtype=np.float32), (len(CANONICAL_PARENTS), 1, 1))
    angles: dict[str, float] = {}
    for kind, way in directions.items():
        chain = [JOINT_INDEX[name] for name in LIMBS[kind]]
        at_rest = point_at(joints[chain], float(np.linalg.norm(way))) - joints[chain[0]]
        turn = matrix_between(at_rest, way)
        angle = float(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1.0, 1.0)))
        if angle > _MOST[kind.split("_")[1]]:
            continue
        angles[kind] = float(np.degrees(angle))
        followers = set(chain) | {j for j, parent in enumerate(CANONICAL_PARENTS) if parent in chain[1:]}
        turns[sorted(followers)] = turn
    pose = Pose(rest.rig.rotations_of(turns), rest.rest_pose().root)
    transforms = rest.skin_transforms(pose)
    points = skin(rest.vertices, rest.body.joint_indices, rest.body.joint_weights, transforms)
    return PosedBody(transforms, points, angles)


def unposed(
    points: NDArray[np.floating], weights: NDArray[np.float64], transforms: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the rest points that skinning would bring to `points`: each by the inverse of its own blended matrix.

    Args:
        points: Posed points [V, 3] [m].
        weights: Dense skin weights [V, J].
        transforms: rest → posed [J, 4, 4].
    """
    blended = np.einsum("vj,jab->vab", weights, transforms.astype(np.float64))
    moved = points - blended[:, :3, 3]
    return np.asarray(np.linalg.solve(blended[:, :3, :3], moved[:, :, None])[:, :, 0], np.float64)
