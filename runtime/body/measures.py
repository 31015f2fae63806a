"""A tailor's measures, taken from the mesh."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from .joints import JOINT_INDEX

Floats = NDArray[np.float32]

BODY_DENSITY = 985.0  # [kg/m³], lungs half full

_WAIST = 0.8  # share of the way from hip joints to the middle spine joint
_STEP = 0.01  # spacing of the sections that are searched for the widest or narrowest [m]


@dataclass(frozen=True)
class Measures:
    """Lengths and girths of a body [m] and its mass [kg].

    Girths are the tape's: around the convex hull of a section.

    Attributes:
        height: Sole to crown, standing straight.
        mass: Volume × 985 kg/m³.
        neck: Girth at mid-neck, across the neck's axis.
        chest: Largest girth of the torso between armpits and lowest rib.
        waist: Girth at the natural waist, at 0.8 of the way from the hip joints to the middle spine joint (where the
            narrowest girth lies on average; a fixed level does not jump as a body grows stouter).
        hip: Largest girth between waist and crotch.
        thigh: Girth of the left thigh 4 cm below the crotch, across the thigh.
        knee: Girth at the left knee.
        calf: Largest girth of the left lower leg.
        ankle: Smallest girth of the left lower leg.
        upper_arm: Girth midway between left shoulder and elbow.
        wrist: Girth just above the left wrist.
        inseam: Crotch to sole.
        shoulder: Breadth between the two shoulder joints.
        arm: Left shoulder joint to wrist, along the arm.
        back: Base of the neck to waist level.
    """

    height: float
    mass: float
    neck: float
    chest: float
    waist: float
    hip: float
    thigh: float
    knee: float
    calf: float
    ankle: float
    upper_arm: float
    wrist: float
    inseam: float
    shoulder: float
    arm: float
    back: float

    def as_dict(self) -> dict[str, float]:
        """Return the measures by name."""
        return {name: float(value) for name, value in asdict(self).items()}


def volume(vertices: Floats, faces: NDArray[np.int32]) -> float:
    """Return the volume enclosed by a closed surface [m³], by the divergence theorem."""
    a, b, c = vertices[faces].astype(np.float64).transpose(1, 0, 2)
    return float(np.einsum("fa,fa->", a, np.cross(b, c)) / 6)


def section(vertices: Floats, faces: NDArray[np.int32], origin: Floats, normal: Floats) -> Floats:
    """Return the points [N, 3] where a plane cuts the edges of the faces."""
    heights = (vertices - origin) @ normal
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    start, end = heights[edges[:, 0]], heights[edges[:, 1]]
    cut = (start < 0) != (end < 0)
    fraction = (start[cut] / (start[cut] - end[cut]))[:, None]
    a, b = vertices[edges[cut, 0]], vertices[edges[cut, 1]]
    return np.asarray(a + fraction * (b - a), dtype=np.float32)


def girth(vertices: Floats, faces: NDArray[np.int32], origin: Floats, normal: Floats) -> float:
    """Return the length of a tape pulled tight around the section of the faces with a plane [m]; 0 where it misses."""
    points = section(vertices, faces, origin, normal)
    if len(points) < 3:
        return 0.0
    helper = np.array([1.0, 0, 0]) if abs(normal[0]) < 0.9 else np.array([0, 1.0, 0])
    first = np.cross(normal, helper)
    first /= np.linalg.norm(first)
    second = np.cross(normal, first)
    try:
        return float(
            ConvexHull(np.stack([points @ first, points @ second], axis=1)).area
        )  # in 2D the area is the perimeter
    except QhullError:
        return 0.0


class _Tape:
    """Takes girths on parts of one body; parts are chosen by the segments that their vertices follow most."""

    def __init__(self, vertices: Floats, faces: NDArray[np.int32], segments: NDArray[np.intp], joints: Floats) -> None:
        self.vertices, self.faces, self.joints = vertices, faces, joints
        self._face_segments = segments[faces]

    def part(self, *names: str) -> NDArray[np.int32]:
        """Return the faces that touch these segments only."""
        wanted = [JOINT_INDEX[name] for name in names]
        return self.faces[np.isin(self._face_segments, wanted).all(axis=1)]

    def joint(self, name: str) -> Floats:
        return np.asarray(self.joints[JOINT_INDEX[name]])

    def level(self, faces: NDArray[np.int32], height: float) -> float:
        """Return the girth at a height [m]."""
        return girth(self.vertices, faces, np.array([0, 0, height], np.float32), np.array([0, 0, 1], np.float32))

    def along(self, faces: NDArray[np.int32], start: str, end: str, fraction: float) -> float:
        """Return the girth across the line between two joints, at a fraction of it."""
        a, b = self.joint(start), self.joint(end)
        normal = (b - a) / np.linalg.norm(b - a)
        return girth(self.vertices, faces, (a + fraction * (b - a)).astype(np.float32), normal.astype(np.float32))

    def levels(
        self, faces: NDArray[np.int32], low: float, high: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return heights between two bounds, and the girths there."""
        heights = np.linspace(low, high, max(2, int((high - low) / _STEP) + 1))
        return heights, np.array([self.level(faces, float(h)) for h in heights])


def _crotch_height(tape: _Tape) -> float:
    """Return the lowest point of the trunk in the body's mid plane [m]."""
    trunk = tape.part("pelvis", "left_hip", "right_hip", "spine1", "spine2")
    points = section(tape.vertices, trunk, np.zeros(3, np.float32), np.array([1, 0, 0], np.float32))
    return float(points[:, 2].min())


def measure(
    vertices: Floats, faces: NDArray[np.int32], segments: NDArray[np.intp], joints: Floats, *, height: float
) -> Measures:
    """Measure a body in its rest pose.

    Args:
        vertices: Rest vertices [V, 3], standing on z = 0 [m].
        faces: [F, 3].
        segments: For each vertex the canonical joint [V] that it follows most.
        joints: Canonical joints in the rest pose [22, 3] [m].
        height: Standing height [m].
    """
    tape = _Tape(vertices, faces, segments, joints)
    trunk = tape.part("pelvis", "left_hip", "right_hip", "spine1", "spine2", "spine3", "left_collar", "right_collar")
    crotch = _crotch_height(tape)
    armpit = (
        float(tape.joint("left_shoulder")[2])
        - 0.10 * float(np.linalg.norm(tape.joint("neck") - tape.joint("pelvis"))) / 0.55
    )
    spine2, hips = float(tape.joint("spine2")[2]), float(tape.joint("left_hip")[2])
    _, chest = tape.levels(trunk, (spine2 + armpit) / 2, armpit)
    waist_height = hips + _WAIST * (spine2 - hips)
    _, hip = tape.levels(trunk, crotch + 0.02, (hips + waist_height) / 2)
    thigh = tape.part("left_hip", "left_knee")
    shin = tape.part("left_knee", "left_ankle")
    arm = tape.part("left_shoulder", "left_elbow")
    forearm = tape.part("left_elbow", "left_wrist")
    throat = tape.part("neck", "head", "spine3", "left_collar", "right_collar")
    shins = np.array([tape.along(shin, "left_knee", "left_ankle", f) for f in np.linspace(0.1, 0.95, 18)])
    leg = float(tape.joint("left_hip")[2] - tape.joint("left_knee")[2])
    below_crotch = (float(tape.joint("left_hip")[2]) - crotch + 0.04) / leg
    lengths = [
        np.linalg.norm(tape.joint(a) - tape.joint(b))
        for a, b in (("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"))
    ]
    return Measures(
        height=height,
        mass=volume(vertices, faces) * BODY_DENSITY,
        neck=tape.along(throat, "neck", "head", 0.5),
        chest=float(chest.max()),
        waist=tape.level(trunk, waist_height),
        hip=float(hip.max()),
        thigh=tape.along(thigh, "left_hip", "left_knee", below_crotch),
        knee=tape.along(tape.part("left_hip", "left_knee"), "left_hip", "left_knee", 1.0),
        calf=float(shins[:12].max()),
        ankle=float(shins[9:].min()),
        upper_arm=tape.along(arm, "left_shoulder", "left_elbow", 0.5),
        wrist=tape.along(forearm, "left_elbow", "left_wrist", 0.95),
        inseam=crotch,
        shoulder=float(np.linalg.norm(tape.joint("left_shoulder") - tape.joint("right_shoulder"))),
        arm=float(sum(lengths)),
        back=float(tape.joint("neck")[2]) - waist_height,
    )
