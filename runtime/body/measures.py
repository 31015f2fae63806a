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


# how a tailor says where each is taken
WHERE = {
    "height": "sole to crown",
    "mass": "volume × 985 kg/m³",
    "neck": "around mid-neck",
    "chest": "around the fullest chest",
    "waist": "around the natural waist",
    "hip": "around the fullest seat",
    "thigh": "around the left thigh, 4 cm below the crotch",
    "knee": "around the left knee",
    "calf": "around the fullest calf",
    "ankle": "around the narrowest ankle",
    "upper_arm": "around the left arm, between shoulder and elbow",
    "wrist": "around the left wrist",
    "inseam": "crotch to sole",
    "shoulder": "shoulder joint to shoulder joint",
    "arm": "left shoulder joint to wrist",
    "back": "base of the neck to the waist",
}


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


def tape(vertices: Floats, faces: NDArray[np.int32], origin: Floats, normal: Floats) -> Floats:
    """Return where a tape lies that is pulled tight around the section of the faces with a plane.

    Returns:
        A closed line float32 [N, 3], its first point once more at the end [m]; empty where the plane misses.
    """
    points = section(vertices, faces, origin, normal)
    if len(points) < 3:
        return np.empty((0, 3), np.float32)
    helper = np.array([1.0, 0, 0]) if abs(normal[0]) < 0.9 else np.array([0, 1.0, 0])
    first = np.cross(normal, helper)
    first /= np.linalg.norm(first)
    second = np.cross(normal, first)
    try:
        corners = ConvexHull(np.stack([points @ first, points @ second], axis=1)).vertices
    except QhullError:
        return np.empty((0, 3), np.float32)
    return np.asarray(points[[*corners, corners[0]]], np.float32)


def length(line: Floats) -> float:
    """Return the length of a line [N, 3] [m]."""
    return float(np.linalg.norm(np.diff(line.astype(np.float64), axis=0), axis=1).sum())


def girth(vertices: Floats, faces: NDArray[np.int32], origin: Floats, normal: Floats) -> float:
    """Return the length of a tape pulled tight around the section of the faces with a plane [m]; 0 where it misses."""
    return length(tape(vertices, faces, origin, normal))


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

    def level(self, faces: NDArray[np.int32], height: float) -> Floats:
        """Return the tape at a height [m]."""
        return tape(self.vertices, faces, np.array([0, 0, height], np.float32), np.array([0, 0, 1], np.float32))

    def along(self, faces: NDArray[np.int32], start: str, end: str, fraction: float) -> Floats:
        """Return the tape across the line between two joints, at a fraction of it."""
        a, b = self.joint(start), self.joint(end)
        normal = (b - a) / np.linalg.norm(b - a)
        return tape(self.vertices, faces, (a + fraction * (b - a)).astype(np.float32), normal.astype(np.float32))

    def widest(self, faces: NDArray[np.int32], low: float, high: float) -> Floats:
        """Return the longest tape between two heights [m]."""
        heights = np.linspace(low, high, max(2, int((high - low) / _STEP) + 1))
        return max((self.level(faces, float(height)) for height in heights), key=length)


def _crotch_height(tape: _Tape) -> float:
    """Return the lowest point of the trunk in the body's mid plane [m]."""
    trunk = tape.part("pelvis", "left_hip", "right_hip", "spine1", "spine2")
    points = section(tape.vertices, trunk, np.zeros(3, np.float32), np.array([1, 0, 0], np.float32))
    return float(points[:, 2].min())


def lines(vertices: Floats, faces: NDArray[np.int32], segments: NDArray[np.intp], joints: Floats) -> dict[str, Floats]:
    """Return where each of a tailor's lengths and girths is taken on a body in its rest pose.

    Args:
        vertices: Rest vertices [V, 3], standing on z = 0 [m].
        faces: [F, 3].
        segments: For each vertex the canonical joint [V] that it follows most.
        joints: Canonical joints in the rest pose [22, 3] [m].

    Returns:
        By the names of `Measures` (but height and mass): a line [N, 3], closed where it goes around [m].
    """
    body = _Tape(vertices, faces, segments, joints)
    trunk = body.part("pelvis", "left_hip", "right_hip", "spine1", "spine2", "spine3", "left_collar", "right_collar")
    crotch = _crotch_height(body)
    neck_to_pelvis = float(np.linalg.norm(body.joint("neck") - body.joint("pelvis")))
    armpit = float(body.joint("left_shoulder")[2]) - 0.10 * neck_to_pelvis / 0.55
    spine2, hips = float(body.joint("spine2")[2]), float(body.joint("left_hip")[2])
    waist_height = hips + _WAIST * (spine2 - hips)
    thigh, shin = body.part("left_hip", "left_knee"), body.part("left_knee", "left_ankle")
    arm, forearm = body.part("left_shoulder", "left_elbow"), body.part("left_elbow", "left_wrist")
    throat = body.part("neck", "head", "spine3", "left_collar", "right_collar")
    shins = [body.along(shin, "left_knee", "left_ankle", f) for f in np.linspace(0.1, 0.95, 18)]
    below_crotch = (hips - crotch + 0.04) / float(hips - body.joint("left_knee")[2])
    shoulder, nape = body.joint("left_shoulder"), body.joint("neck")
    inside = np.array([0.0, float(body.joint("left_hip")[1]), crotch], np.float32)
    return {
        "neck": body.along(throat, "neck", "head", 0.5),
        "chest": body.widest(trunk, (spine2 + armpit) / 2, armpit),
        "waist": body.level(trunk, waist_height),
        "hip": body.widest(trunk, crotch + 0.02, (hips + waist_height) / 2),
        "thigh": body.along(thigh, "left_hip", "left_knee", below_crotch),
        "knee": body.along(thigh, "left_hip", "left_knee", 1.0),
        "calf": max(shins[:12], key=length),
        "ankle": min(shins[9:], key=length),
        "upper_arm": body.along(arm, "left_shoulder", "left_elbow", 0.5),
        "wrist": body.along(forearm, "left_elbow", "left_wrist", 0.95),
        "inseam": np.stack([inside, inside * (1, 1, 0)]).astype(np.float32),
        "shoulder": np.stack([shoulder, body.joint("right_shoulder")]),
        "arm": np.stack([shoulder, body.joint("left_elbow"), body.joint("left_wrist")]),
        "back": np.stack([nape, np.array([nape[0], nape[1], waist_height], np.float32)]),
    }


def measure(
    vertices: Floats, faces: NDArray[np.int32], segments: NDArray[np.intp], joints: Floats, *, height: float
) -> Measures:
    """Measure a body in its rest pose: the lengths of `lines`, with height and mass.

    Args:
        vertices: Rest vertices [V, 3], standing on z = 0 [m].
        faces: [F, 3].
        segments: For each vertex the canonical joint [V] that it follows most.
        joints: Canonical joints in the rest pose [22, 3] [m].
        height: Standing height [m].
    """
    taken = {name: length(line) for name, line in lines(vertices, faces, segments, joints).items()}
    return Measures(height=height, mass=volume(vertices, faces) * BODY_DENSITY, **taken)
