"""Smooth tubes around the parts of a body, on which flat panels are laid before they are sewn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import ConvexHull, QhullError

from dressform.authoring.patterns.pattern import Limb
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.measures import section
from dressform.runtime.body.protocol import RestBody

Floats = NDArray[np.float64]

DIRECTIONS = 180  # of a ring
STATION = 0.01  # between two rings [m]
SMOOTHING = 2.0  # standard deviation along the tube [stations]

ARMS = ("shoulder", "elbow", "wrist")
LEGS = ("hip", "knee", "ankle", "foot")
TRUNK = ("pelvis", "spine1", "spine2", "spine3", "left_collar", "right_collar")
NECK = ("neck", "head")


@dataclass(frozen=True)
class Tube:
    """Rings around a limb's axis; each ring starts at the limb's angle 0 and runs the way that x grows on a panel.

    Attributes:
        stations: float64 [K] ascending: heights above the ground of torso, neck and legs; minus the distance from the
            shoulder joint along an arm, so that a panel's y grows with them [m].
        centers: float64 [K, 3] [m].
        first: float64 [K, 3] unit, where angle 0 looks.
        second: float64 [K, 3] unit, a quarter turn further the way that x grows.
        radii: float64 [K, DIRECTIONS] of the body's convex section [m].
        turn: +1 where angles of a placement grow with x, −1 where they fall.
    """

    stations: Floats
    centers: Floats
    first: Floats
    second: Floats
    radii: Floats
    turn: float

    def girths(self, clearance: float) -> Floats:
        """Return the length of each ring [K] that keeps a distance from the body [m]."""
        points = self._rings(self.radii + clearance)
        return np.asarray(np.linalg.norm(np.roll(points, -1, axis=1) - points, axis=2).sum(axis=1))

    def at(self, stations: Floats, along: Floats, angle: float, offsets: Floats) -> Floats:
        """Return points [N, 3] on the tube.

        Args:
            stations: [N] beyond the last ring the tube goes on straight [m].
            along: Length around the ring from the placement's angle [N] [m].
            angle: Of the placement [rad].
            offsets: Distance of each ring from the body [K] [m].
        """
        rings = self._rings(self.radii + offsets[:, None])
        closed = np.concatenate([rings, rings[:, :1]], axis=1)
        lengths = np.linalg.norm(np.diff(closed, axis=1), axis=2)
        marks = np.concatenate([np.zeros((len(rings), 1)), np.cumsum(lengths, axis=1)], axis=1)
        share = (self.turn * angle / (2 * np.pi)) % 1.0 * DIRECTIONS
        low = int(share)
        start = marks[:, low] + (share - low) * (marks[:, low + 1] - marks[:, low])
        inside = np.clip(stations, self.stations[0], self.stations[-1])
        index = np.clip(np.searchsorted(self.stations, inside) - 1, 0, len(self.stations) - 2)
        t = ((inside - self.stations[index]) / (self.stations[index + 1] - self.stations[index]))[:, None]
        below = _around(closed, marks, start, index, along)
        above = _around(closed, marks, start, index + 1, along)
        ends = np.where((stations > inside)[:, None], self._direction(-1), self._direction(0))
        return (1 - t) * below + t * above + (stations - inside)[:, None] * ends

    def _rings(self, radii: Floats) -> Floats:
        angles = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
        outward = np.cos(angles)[:, None] * self.first[:, None] + np.sin(angles)[:, None] * self.second[:, None]
        return np.asarray(self.centers[:, None] + radii[..., None] * outward)

    def _direction(self, end: int) -> Floats:
        """Return the unit way in which the stations grow at an end."""
        return np.asarray(np.cross(self.first[end], self.second[end]))


def _around(closed: Floats, marks: Floats, start: Floats, index: NDArray[np.intp], along: Floats) -> Floats:
    """Return the points at a length around chosen rings [N, 3]."""
    girth = marks[index, -1]
    wanted = (start[index] + along) % girth
    # rings are stacked end to end so that one search serves all of them
    shift = np.concatenate([[0.0], np.cumsum(marks[:, -1] + 1.0)])[:-1]
    stacked = (marks + shift[:, None]).reshape(-1)
    position = np.searchsorted(stacked, wanted + shift[index], side="right") - 1 - index * marks.shape[1]
    position = np.clip(position, 0, DIRECTIONS - 1)
    low, high = marks[index, position], marks[index, position + 1]
    t = ((wanted - low) / np.maximum(high - low, 1e-9))[:, None]
    return np.asarray((1 - t) * closed[index, position] + t * closed[index, position + 1])


class Tubes:
    """The tubes around one body, each made when it is first asked for."""

    def __init__(self, rest: RestBody) -> None:
        self.rest = rest
        self._made: dict[Limb, Tube] = {}

    def __getitem__(self, limb: Limb) -> Tube:
        if limb not in self._made:
            self._made[limb] = _around_limb(self.rest, limb)
        return self._made[limb]


def _around_limb(rest: RestBody, limb: Limb) -> Tube:
    if limb in ("left_arm", "right_arm"):
        return _arm(rest, limb.removesuffix("_arm"))
    joints = {name: rest.canonical_joints()[index] for name, index in JOINT_INDEX.items()}
    crotch = rest.measures().inseam
    if limb == "neck":
        low, high = float(joints["neck"][2]) + 0.01, float(joints["head"][2]) - 0.02
        return _upright(rest, (*TRUNK, *NECK), np.arange(low, high, STATION))
    if limb == "torso":
        armpit = float(joints["left_shoulder"][2]) - 0.10
        legs = tuple(f"{side}_{part}" for side in ("left", "right") for part in LEGS)
        return _upright(rest, (*TRUNK, *legs), np.arange(0.02, armpit, STATION))
    side = limb.removesuffix("_leg")
    return _upright(rest, tuple(f"{side}_{part}" for part in LEGS), np.arange(0.10, crotch - 0.02, STATION))


def part_faces(rest: RestBody, names: tuple[str, ...]) -> NDArray[np.int32]:
    """Return the body's triangles all of whose corners follow these canonical joints most, int32 [F, 3]."""
    wanted = [JOINT_INDEX[name] for name in names]
    faces = rest.body.faces
    return np.asarray(faces[np.isin(rest.vertex_segments[faces], wanted).all(axis=1)], np.int32)


def _upright(rest: RestBody, names: tuple[str, ...], heights: Floats) -> Tube:
    faces = part_faces(rest, names)
    ahead, left, up = np.array([0.0, -1.0, 0.0]), np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    count = len(heights)
    origins = np.zeros((count, 3)) + heights[:, None] * up
    frames = np.tile(ahead, (count, 1)), np.tile(left, (count, 1)), np.tile(up, (count, 1))
    return _tube(rest, faces, heights, origins, frames, 1.0)


def _arm(rest: RestBody, side: str) -> Tube:
    joints = rest.canonical_joints().astype(np.float64)
    chain = joints[[JOINT_INDEX[f"{side}_{name}"] for name in ARMS]]
    upper, lower = np.linalg.norm(np.diff(chain, axis=0), axis=1)
    # from 6 cm below the joint, where a section across the arm no longer cuts into the trunk
    distances = np.arange(0.06, upper + lower + 0.02, STATION)
    ways = np.diff(chain, axis=0) / np.array([[upper], [lower]])
    blend = np.clip((distances - upper + 0.05) / 0.10, 0, 1)[:, None]  # the bend at the elbow is rounded over 10 cm
    tangents = (1 - blend) * ways[0] + blend * ways[1]
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    before = distances[:, None] <= upper
    origins = np.where(
        before, chain[0] + distances[:, None] * ways[0], chain[1] + (distances[:, None] - upper) * ways[1]
    )
    front = np.array([0.0, -1.0, 0.0]) - tangents[0] * -tangents[0, 1]
    fronts = np.empty_like(tangents)
    for k, tangent in enumerate(tangents):  # carried along without twist
        front = front - tangent * (tangent @ front)
        front /= np.linalg.norm(front)
        fronts[k] = front
    turn = -1.0 if side == "left" else 1.0
    # the panel's y looks up the arm and its outside away from it, so x runs along y × outside
    second = turn * fronts
    first = np.cross(second, -tangents)
    faces = part_faces(rest, tuple(f"{side}_{name}" for name in ARMS))
    order = slice(None, None, -1)
    frames = first[order], second[order], -tangents[order]
    return _tube(rest, faces, -distances[order], origins[order], frames, turn)


def _tube(
    rest: RestBody,
    faces: NDArray[np.int32],
    stations: Floats,
    origins: Floats,
    frames: tuple[Floats, Floats, Floats],
    turn: float,
) -> Tube:
    first, second, normals = frames
    middles = np.full((len(stations), 2), np.nan)
    hulls: list[Floats | None] = []
    for k, origin in enumerate(origins):
        cut = section(rest.vertices, faces, origin.astype(np.float32), normals[k].astype(np.float32)) - origin
        flat = np.stack([cut @ first[k], cut @ second[k]], axis=1).astype(np.float64)
        hull = _hull(flat)
        hulls.append(hull)
        if hull is not None:
            middles[k] = (hull.min(axis=0) + hull.max(axis=0)) / 2
    middles = gaussian_filter1d(_filled(middles), SMOOTHING, axis=0, mode="nearest")
    angles = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    ways = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    radii = np.full((len(stations), DIRECTIONS), np.nan)
    for k, hull in enumerate(hulls):
        if hull is not None:
            radii[k] = _radii(hull - middles[k], ways)
    radii = gaussian_filter1d(_filled(radii), SMOOTHING, axis=0, mode="nearest")
    centers = origins + middles[:, :1] * first + middles[:, 1:] * second
    return Tube(stations, centers, first, second, radii, turn)


def _hull(points: Floats) -> Floats | None:
    if len(points) < 3:
        return None
    try:
        return np.asarray(points[ConvexHull(points).vertices])
    except QhullError:
        return None


def _radii(hull: Floats, ways: Floats) -> Floats:
    """Return how far a convex polygon around the origin reaches in each direction."""
    edge = np.roll(hull, -1, axis=0) - hull
    outward = np.stack([edge[:, 1], -edge[:, 0]], axis=1)
    reach = np.einsum("ek,ek->e", outward, hull)
    facing = ways @ outward.T
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = np.where(facing > 1e-12, np.maximum(reach, 0) / facing, np.inf)
    return np.asarray(hits.min(axis=1))


def _filled(rows: Floats) -> Floats:
    """Return rows with those that are not a number taken from the nearest row that is one."""
    known = np.flatnonzero(np.isfinite(rows).all(axis=1))
    assert len(known), "no section of the limb was found"
    nearest = known[np.abs(np.arange(len(rows))[:, None] - known[None]).argmin(axis=1)]
    return np.asarray(rows[nearest])
