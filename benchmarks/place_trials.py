"""Garments whose right place is known: cut from the body's surface or hung around it, on many bodies and poses."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.body.skinning import skin
from dressform.runtime.geometry.normals import vertex_normals

Points = NDArray[np.float32]

BODIES: dict[str, dict[str, float]] = {
    "canonical": {},
    "thin woman": {"gender": 1.0, "weight": 0.2, "height": 0.4},
    "heavy woman": {"gender": 1.0, "weight": 0.85},
    "tall man": {"gender": 0.0, "height": 0.75, "muscle": 0.7},
    "short man": {"gender": 0.0, "height": 0.3, "weight": 0.6},
}
POSES = ("rest", "T", "A", "down")
_BELOW_DEG = {"T": 0.0, "A": 45.0, "down": 78.0}
_AROUND = 64  # points of a ring


@dataclass(frozen=True)
class Wearer:
    """A body in a pose.

    Attributes:
        rest: The body at rest.
        points: float32 [V, 3] posed [m].
        joints: float32 [22, 3] posed [m].
        transforms: float32 [J, 4, 4] rest → posed.
    """

    rest: RestBody
    points: Points
    joints: Points
    transforms: NDArray[np.float32]


def wearer(body: str, pose: str) -> Wearer:
    """Return one of `BODIES` in one of `POSES`."""
    rest = canonical_rest().body.rest({**CANONICAL_SHAPE, **BODIES[body]})
    if pose == "rest":
        still = np.tile(np.eye(4, dtype=np.float32), (len(rest.joint_poses), 1, 1))
        return Wearer(rest, rest.vertices, rest.canonical_joints(), still)
    chosen = Pose.t_pose()
    half = np.radians(_BELOW_DEG[pose]) / 2
    for side, sign in (("left", 1.0), ("right", -1.0)):
        chosen.rotations[JOINT_INDEX[f"{side}_shoulder"]] = (0.0, sign * np.sin(half), 0.0, np.cos(half))
    transforms = rest.skin_transforms(chosen)
    points = skin(rest.vertices, rest.body.joint_indices, rest.body.joint_weights, transforms)
    return Wearer(rest, points, rest.posed_joints(chosen), transforms)


@dataclass(frozen=True)
class _Map:
    """The canonical rest body as a map to cut garments from.

    Attributes:
        at: float32 [V, 3].
        arm: float [V] 0 at the shoulder, 1 at the elbow, 2 at the wrist, 3 beyond; −1 off the arms.
        leg: float [V] 0 at the hip, 1 at the knee, 2 at the ankle, 3 beyond; −1 off the legs.
        head: bool [V] head or neck.
    """

    at: Points
    arm: NDArray[np.float64]
    leg: NDArray[np.float64]
    head: NDArray[np.bool_]


def _map() -> _Map:
    rest = canonical_rest()
    points, joints, segments = rest.vertices, rest.canonical_joints(), rest.vertex_segments
    arm, leg = np.full(len(points), -1.0), np.full(len(points), -1.0)
    for side in ("left", "right"):
        for out, names in (
            (arm, ("shoulder", "elbow", "wrist")),
            (leg, ("hip", "knee", "ankle", "foot")),
        ):
            numbers = [JOINT_INDEX[f"{side}_{name}"] for name in names]
            for k, (a, b) in enumerate(itertools.pairwise(numbers[:3])):
                of = segments == a
                way = joints[b] - joints[a]
                out[of] = k + np.clip((points[of] - joints[a]) @ way / (way @ way), -0.3 if k == 0 else 0.0, 1.0)
            out[np.isin(segments, numbers[2:])] = 3.0
    return _Map(points, arm, leg, np.isin(segments, [JOINT_INDEX["neck"], JOINT_INDEX["head"]]))


def _neckline(m: _Map, drop: float = 0.0) -> NDArray[np.bool_]:
    """Return what lies below a neckline that is lower in front."""
    middle = np.abs(m.at[:, 0]) < 0.09
    return np.asarray(m.at[:, 2] < 1.575 - drop * middle + 0.9 * np.minimum(m.at[:, 1], 0.03))


def _upper(m: _Map, *, hem: float, sleeve: float, drop: float = 0.0) -> NDArray[np.bool_]:
    torso = (m.arm < 0) & (m.leg < 0.3) & ~(m.head & (m.at[:, 2] > 1.57))
    return np.asarray(
        (torso | ((m.arm >= -0.3) & (m.arm < sleeve) & (m.arm > -1))) & (m.at[:, 2] > hem) & _neckline(m, drop)
    )


def _lower(m: _Map, *, waist: float, leg: float) -> NDArray[np.bool_]:
    return np.asarray((m.arm < 0) & (m.at[:, 2] < waist) & (m.leg < leg) & ~m.head & (m.arm == -1))


def _front_open(m: _Map) -> NDArray[np.bool_]:
    return np.asarray(~((np.abs(m.at[:, 0]) < 0.025) & (m.at[:, 1] < 0.0)))


# name → gap to the skin [m] and which points of the canonical body it covers
CUT: dict[str, tuple[float, Callable[[_Map], NDArray[np.bool_]]]] = {
    "tank_top": (0.006, lambda m: _upper(m, hem=0.95, sleeve=0.0, drop=0.06)),
    "tee": (0.012, lambda m: _upper(m, hem=0.93, sleeve=0.6)),
    "sweater": (0.015, lambda m: _upper(m, hem=0.93, sleeve=1.9)),
    "jacket_open": (0.018, lambda m: _upper(m, hem=0.93, sleeve=1.9) & _front_open(m)),
    "vest_open": (0.014, lambda m: _upper(m, hem=0.95, sleeve=0.05) & _front_open(m)),
    "hoodie": (
        0.018,
        lambda m: (_upper(m, hem=0.93, sleeve=1.9) | m.head | ((m.at[:, 2] > 1.45) & (m.arm < 0)))
        & ~(m.head & (m.at[:, 1] < -0.06)),
    ),
    "leggings": (0.004, lambda m: _lower(m, waist=1.08, leg=1.9)),
    "shorts": (0.012, lambda m: _lower(m, waist=1.06, leg=0.6)),
    "bra": (0.005, lambda m: _upper(m, hem=1.22, sleeve=0.0, drop=0.12) & ~((m.at[:, 2] > 1.38) & (m.at[:, 1] > 0.05))),
    "swimsuit": (0.004, lambda m: _upper(m, hem=0.0, sleeve=0.0, drop=0.12) & (m.leg < 0.08)),
    "gloves": (0.003, lambda m: m.arm > 1.85),
    "socks": (0.003, lambda m: m.leg > 1.6),
    "boots": (0.010, lambda m: m.leg > 1.4),
    "beanie": (0.008, lambda m: m.head & (m.at[:, 2] > 1.735 - 0.35 * np.minimum(m.at[:, 1], 0.04))),
    "scarf": (0.015, lambda m: (m.arm < 0) & (np.abs(m.at[:, 2] - 1.54 - 0.4 * m.at[:, 1]) < 0.045)),
    "belt": (0.012, lambda m: (m.arm == -1) & (m.at[:, 2] > 1.02) & (m.at[:, 2] < 1.08)),
    "sleeve_left": (0.006, lambda m: (m.arm > 0.2) & (m.arm < 1.8) & (m.at[:, 0] > 0)),
    "wrist_cuff": (0.005, lambda m: (m.arm > 1.6) & (m.arm < 2.0) & (m.at[:, 0] < 0)),
}  # fmt: skip
# name → height of the top and the bottom in joints (0 ankle … 1 hip … 2 shoulder), room at the top and flare [m per m]
HUNG: dict[str, tuple[float, float, float, float]] = {
    "skirt": (1.17, 0.62, 0.006, 0.25),
    "maxi_skirt": (1.17, 0.10, 0.006, 0.12),
    "strapless_dress": (1.72, 0.55, 0.008, 0.15),
}
NAMES = (*CUT, *HUNG)


@dataclass(frozen=True)
class TrialGarment:
    """A garment that can be put on any body.

    Attributes:
        name: Also the name of its file.
        faces: int32 [F, 3].
        on: Returns its points [V, 3] on a wearer [m].
    """

    name: str
    faces: NDArray[np.int32]
    on: Callable[[Wearer], Points]


def garment(name: str) -> TrialGarment:
    """Return one of `NAMES`."""
    return _cut(name) if name in CUT else _hung(name)


def _cut(name: str) -> TrialGarment:
    gap, chosen = CUT[name]
    covered = chosen(_map())
    body = canonical_rest().body
    faces = body.faces[covered[body.faces].all(axis=1)]
    used, compact = np.unique(faces, return_inverse=True)

    def on(worn: Wearer) -> Points:
        return np.asarray((worn.points + gap * vertex_normals(worn.points, body.faces))[used], np.float32)

    return TrialGarment(name, compact.reshape(-1, 3).astype(np.int32), on)


def _hung(name: str) -> TrialGarment:
    top, bottom, room, flare = HUNG[name]
    rings = round(24 * (top - bottom)) + 6
    k, j = np.meshgrid(np.arange(rings - 1), np.arange(_AROUND), indexing="ij")
    a, b = k * _AROUND + j, k * _AROUND + (j + 1) % _AROUND
    faces = np.concatenate(
        [np.stack([a, a + _AROUND, b], -1).reshape(-1, 3), np.stack([b, a + _AROUND, b + _AROUND], -1).reshape(-1, 3)]
    )

    def on(worn: Wearer) -> Points:
        rest = worn.rest
        marks = [
            (worn.joints[JOINT_INDEX[f"left_{n}"]] + worn.joints[JOINT_INDEX[f"right_{n}"]]) / 2
            for n in ("ankle", "hip", "shoulder")
        ]
        heights = np.interp(np.linspace(top, bottom, rings), [0, 1, 2], [mark[2] for mark in marks])
        trunk = worn.points[(np.abs(_map().arm + 1) < 1e-9) & (rest.vertex_segments != JOINT_INDEX["head"])]
        angle = 2 * np.pi * np.arange(_AROUND) / _AROUND
        way = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        middle = marks[1][:2]
        radius, result = np.zeros(_AROUND), []
        for z in heights:
            near = trunk[np.abs(trunk[:, 2] - z) < 0.025][:, :2] - middle
            wanted = (near @ way.T).max(axis=0) + room if len(near) else radius
            radius = np.maximum(radius, wanted) if top < 1.5 else np.maximum(radius * (z < marks[1][2]), wanted)
            ring = middle + (radius + flare * max(0.0, float(marks[1][2]) - z))[:, None] * way
            result.append(np.column_stack([ring, np.full(_AROUND, z)]))
        return np.concatenate(result).astype(np.float32)

    return TrialGarment(name, faces.astype(np.int32), on)


def exported(
    points: Points, *, metres_per_unit: float, origin: str, up: str, yaw_deg: float, mirrored: bool = False
) -> NDArray[np.float64]:
    """Return points [V, 3] as another tool would write them.

    Args:
        points: z up, facing −y, standing on z = 0 [m].
        metres_per_unit: Of the file.
        origin: "feet" as they are, "pelvis" about 0.95 m lower, "centre" about the middle of the bounding box.
        up: "y" or "z".
        yaw_deg: Turn about the vertical.
        mirrored: Written through a negative scale along x.
    """
    moved = points.astype(np.float64)
    if origin == "pelvis":
        moved = moved - (0, 0, 0.95)
    elif origin == "centre":
        moved = moved - (moved.min(axis=0) + moved.max(axis=0)) / 2
    c, s = np.cos(np.radians(yaw_deg)), np.sin(np.radians(yaw_deg))
    moved = moved @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    if mirrored:
        moved = moved * (-1, 1, 1)
    if up == "y":
        moved = np.stack([moved[:, 0], moved[:, 2], -moved[:, 1]], axis=1)
    return np.asarray(moved / metres_per_unit, np.float64)


def obj_text(points: NDArray[np.float64], faces: NDArray[np.int32]) -> str:
    """Return the mesh as an OBJ file that says nothing of units or axes."""
    lines = [f"v {x:.6g} {y:.6g} {z:.6g}" for x, y, z in points]
    return "\n".join([*lines, *(f"f {a} {b} {c}" for a, b, c in faces + 1)]) + "\n"
