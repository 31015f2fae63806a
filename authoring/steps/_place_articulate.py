"""A garment and a jointed body brought together: the garment moves as one, the body's limbs follow its tubes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.joints import CANONICAL_JOINTS, CANONICAL_PARENTS, JOINT_INDEX
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.body.skinning import skin
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals
from dressform.runtime.geometry.rotations import quat_from_rotvec, quat_to_matrix

Floats = NDArray[np.float64]

GAP = 0.005  # [m] between cloth that rests on the body and the skin
_LOOSE = 0.03  # [m] cloth this far out is followed half as much as cloth on the skin
_FAR = 0.07  # [m] beyond this it hardly matters how far out cloth is
_YOKE, _CARRYING = 0.12, 3.0  # part of the height that carries a garment, and how much more it counts
_FREE = 0.1  # how much the distance of cloth that hangs free counts
_OUTSIDE = 0.35  # weight of cloth outside the skin against cloth inside it
# what costs as much as a misfit of 1 cm everywhere: leans [rad], log of the scale, and turns of limbs [rad]
_PITCH, _ROLL, _YAW = np.radians((8.0, 4.0, 4.0)).tolist()
_SCALE, _LIMB = 0.07, float(np.radians(40.0))
_SIDEWAYS = 0.02  # [m] off the body's middle
_PAIRS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_OCTANTS = 6  # of eight around a limb that cloth must fill to tell how the limb lies
_LOPSIDED = 0.45  # of cloth all on one side it is 1, of half a tube 0.64
_MIRROR = np.array([1.0, -1.0, -1.0])  # of a turn, seen in the mirror plane x = 0


def _descendants() -> NDArray[np.bool_]:
    """Return bool [22, 22]: whether the second joint hangs on the first (or is it)."""
    under = np.eye(len(CANONICAL_JOINTS), dtype=bool)
    for joint, parent in enumerate(CANONICAL_PARENTS):
        if parent >= 0:
            under[:, joint] |= under[:, parent]
    return under


_UNDER = _descendants()


@dataclass(frozen=True)
class JointedBody:
    """The body in a pose, with what a fit needs of it.

    Attributes:
        rest: The body at rest.
        turns: float64 [22, 3, 3] rest → posed turn of each canonical segment.
        transforms: float32 [J, 4, 4] rest → posed of the family's joints.
        points: float32 [V, 3] [m].
        joints: float64 [22, 3] [m].
    """

    rest: RestBody
    turns: Floats
    transforms: NDArray[np.float32]
    points: NDArray[np.float32]
    joints: Floats

    @classmethod
    def posed(cls, rest: RestBody, turns: Floats) -> JointedBody:
        """Pose the body by the turn of each segment [22, 3, 3]."""
        if np.allclose(turns, np.eye(3), atol=1e-6):
            still = np.tile(np.eye(4, dtype=np.float32), (len(rest.joint_poses), 1, 1))
            return cls(rest, turns, still, rest.vertices, rest.canonical_joints().astype(np.float64))
        pose = Pose(rest.rig.rotations_of(turns.astype(np.float32)), rest.rest_pose().root)
        transforms = rest.skin_transforms(pose)
        points = skin(rest.vertices, rest.body.joint_indices, rest.body.joint_weights, transforms)
        return cls(rest, turns, transforms, points, rest.posed_joints(pose).astype(np.float64))

    def surface(self) -> Surface:
        """Return it as an obstacle whose inside is told the quick way."""
        return Surface(self.points, self.rest.body.faces, sign="normal")

    def turns_deg(self) -> dict[str, float]:
        """Return by how much each jointed limb is turned against its parent segment, where it is by a degree."""
        found = {}
        for pair in _PAIRS:
            for side in ("left", "right"):
                joint = JOINT_INDEX[f"{side}_{pair}"]
                local = self.turns[CANONICAL_PARENTS[joint]].T @ self.turns[joint]
                angle = float(np.degrees(np.arccos(np.clip((np.trace(local) - 1) / 2, -1, 1))))
                if angle > 1.0:
                    found[f"{side}_{pair}"] = round(angle, 1)
        return found


@dataclass(frozen=True)
class Stand:
    """Where a garment stands: x → scale · turn · (x − pivot) + target."""

    pivot: Floats
    target: Floats
    turn: Floats
    scale: float = 1.0

    def apply(self, points: NDArray[np.floating]) -> Floats:
        """Return transformed points [V, 3] [m]."""
        return np.asarray(self.scale * (points - self.pivot) @ self.turn.T + self.target, np.float64)


@dataclass(frozen=True)
class Cloth:
    """Samples that stand for a garment in a fit, in its own frame.

    Attributes:
        points: [n, 3] [m].
        normals: Of the cloth there [n, 3].
        weights: [n] mean 1: cloth at the upper end carries the garment and must lie on the body.
        clings: [n] how much it counts that cloth is off the skin: little where a skirt hangs free.
    """

    points: Floats
    normals: Floats
    weights: Floats
    clings: Floats

    @classmethod
    def sampled(
        cls, points: NDArray[np.floating], faces: NDArray[np.int32], count: int, *, hanging: float = 0.0
    ) -> Cloth:
        """Pick points so that each stands for about the same area; `hanging` is the part of its height that is free."""
        corners = points[faces].astype(np.float64)
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        areas = np.linalg.norm(across, axis=1)
        total = np.cumsum(areas)
        picked = np.searchsorted(total, (np.arange(count) + 0.5) / count * total[-1])
        picked = np.minimum(picked, len(faces) - 1)
        smooth = vertex_normals(points, faces)[faces[picked]].sum(axis=1).astype(np.float64)
        smooth /= np.maximum(np.linalg.norm(smooth, axis=1, keepdims=True), 1e-12)
        centers = corners[picked].mean(axis=1)
        low, high = float(centers[:, 2].min()), float(centers[:, 2].max())
        weights = np.where(centers[:, 2] > high - _YOKE * (high - low), _CARRYING, 1.0)
        clings = np.where(centers[:, 2] < low + hanging * (high - low), _FREE, 1.0)
        return cls(centers, smooth, weights / weights.mean(), clings)

    def thinned(self, count: int) -> Cloth:
        """Return about this many of the samples."""
        every = max(1, len(self.points) // count)
        weights = self.weights[::every]
        return Cloth(self.points[::every], self.normals[::every], weights / weights.mean(), self.clings[::every])


def misfit(distance: NDArray[np.floating], facing: NDArray[np.floating], cloth: Cloth) -> float:
    """Return how badly cloth fits [cm]: inside counts four times, ever less the further out, wrong sides some.

    Args:
        distance: Signed distance of each sample to the skin [n] [m].
        facing: Cosine between the normals of cloth and skin [n].
        cloth: The samples.
    """
    out, deep = np.maximum(distance - GAP, 0.0), np.clip(GAP - distance, 0.0, 0.08)
    off = cloth.clings * (_FAR * (1 - np.exp(-out / _FAR)) + 0.02 * (1 - facing))
    return float(100 * (cloth.weights * (off + 4 * deep)).mean())


class Contact:
    """Samples of a standing garment against a posed body.

    Attributes:
        triangles: Of the skin, closest to each sample [n].
        points: Of the skin, closest to each sample [n, 3] [m].
        normals: Of the skin there, smooth, [n, 3].
        height: Of the sample over the skin along that normal [n] [m].
        facing: Cosine of the two normals [n].
        weights: Of the samples [n].
        clings: Of the samples [n].
        follows: float [n, 22] how much the skin there follows each canonical segment.
    """

    def __init__(self, cloth: Cloth, stand: Stand, body: JointedBody, surface: Surface, normals: Floats) -> None:
        self.placed = stand.apply(cloth.points)
        self.weights, self.clings = cloth.weights, cloth.clings
        closest = surface.closest(self.placed)
        self.triangles = closest.triangles
        corners = body.rest.body.faces[closest.triangles]
        bary = closest.barycentrics.astype(np.float64)
        self.points = closest.points.astype(np.float64)
        smooth = np.einsum("qc,qcx->qx", bary, normals[corners])
        self.normals = smooth / np.maximum(np.linalg.norm(smooth, axis=1, keepdims=True), 1e-9)
        self.height = np.einsum("qx,qx->q", self.placed - self.points, self.normals)
        self.facing = np.einsum("qx,qx->q", self.normals, cloth.normals @ stand.turn.T)
        away = np.sign(self.height) * closest.distances
        self.misfit = misfit(away, self.facing, cloth)
        self.distance = away
        self.follows = np.einsum("qc,qcj->qj", bary, segment_weights(body.rest)[corners])


def segment_weights(rest: RestBody) -> NDArray[np.float32]:
    """Return how much each vertex follows each canonical segment, float32 [V, 22]."""
    known: Mapping[int, NDArray[np.float32]] = _WEIGHTS
    if id(rest) not in known:
        weights = np.zeros((len(rest.vertices), len(CANONICAL_JOINTS)), np.float32)
        segments = rest.rig.segment_of_bone[rest.body.joint_indices]
        np.add.at(weights, (np.arange(len(weights))[:, None], segments), rest.body.joint_weights)
        _WEIGHTS.clear()
        _WEIGHTS[id(rest)] = weights
    return _WEIGHTS[id(rest)]


_WEIGHTS: dict[int, NDArray[np.float32]] = {}


def tubes(contact: Contact, body: JointedBody) -> list[str]:
    """Return the pairs of limb joints that cloth goes round, so that it tells how they lie."""
    found = []
    strongest = contact.follows.argmax(axis=1)
    for pair in _PAIRS:
        for side in ("left", "right"):
            joint = JOINT_INDEX[f"{side}_{pair}"]
            child = next((c for c, p in enumerate(CANONICAL_PARENTS) if p == joint), None)
            own = (strongest == joint) & (np.abs(contact.distance) < 0.15)
            if own.sum() < 12:
                continue
            start = body.joints[joint]
            # a hand ends in no joint; it goes on where the lower arm went
            way = (body.joints[child] - start) if child is not None else start - body.joints[CANONICAL_PARENTS[joint]]
            way = way / np.linalg.norm(way)
            off = contact.placed[own] - start
            across = np.cross(way, [0.0, 1.0, 0.0] if abs(way[1]) < 0.9 else [1.0, 0.0, 0.0])
            across /= np.linalg.norm(across)
            turn = np.arctan2(off @ np.cross(way, across), off @ across)
            filled = np.bincount(((turn + np.pi) / (2 * np.pi) * 8).astype(int) % 8, minlength=8) >= 0.02 * own.sum()
            lopsided = float(np.hypot(np.cos(turn).mean(), np.sin(turn).mean()))
            if filled.sum() >= _OCTANTS and lopsided < _LOPSIDED:
                found.append(pair)
                break
    # what moves a hand or a foot lies further up
    arm, leg = _PAIRS[:3], _PAIRS[3:]
    last = {limb: max((limb.index(pair) for pair in found if pair in limb), default=-1) for limb in (arm, leg)}
    return [pair for limb in (arm, leg) for pair in limb[: last[limb] + 1]]


@dataclass(frozen=True)
class Fit:
    """A garment on a posed body and how well it fits [cm]."""

    stand: Stand
    body: JointedBody
    misfit: float
    contact: Contact


def fit(
    cloth: Cloth,
    stand: Stand,
    body: JointedBody,
    *,
    rounds: int,
    limbs: bool = True,
    legs: bool = True,
    scaled: bool = True,
) -> Fit:
    """Return garment and body brought together from a near start, left and right limbs turning alike.

    Args:
        cloth: Samples of the garment.
        stand: Where it stands now.
        body: In about the garment's pose.
        rounds: Gauss-Newton steps.
        limbs: Whether limbs may turn.
        legs: Whether legs may, too.
        scaled: Whether the garment may change its size.
    """
    surface = body.surface()
    normals = vertex_normals(body.points, body.rest.body.faces).astype(np.float64)
    contact = Contact(cloth, stand, body, surface, normals)
    best = Fit(stand, body, contact.misfit, contact)
    spent = np.zeros(7 + 3 * len(_PAIRS))
    free: list[str] = []
    for count in range(rounds):
        if limbs and count % 4 == 2:
            free = [pair for pair in tubes(contact, body) if legs or pair in _PAIRS[:3]]
        step = _step(contact, stand, body, free, spent, scaled=scaled)
        spent = spent + step
        stand = _moved(stand, step)
        turned = _turned(body, step, free) if free else body
        if turned is not body:
            body = turned
            surface.move(body.points)
            normals = vertex_normals(body.points, body.rest.body.faces).astype(np.float64)
        contact = Contact(cloth, stand, body, surface, normals)
        if contact.misfit < best.misfit:
            best = Fit(stand, body, contact.misfit, contact)
    return best


def _step(contact: Contact, stand: Stand, body: JointedBody, free: list[str], spent: Floats, *, scaled: bool) -> Floats:
    """Return the least-squares step: turn [3], shift [3], log scale, then a turn [3] of each pair of limbs."""
    lever = contact.placed - stand.target
    n = contact.normals
    rows = np.zeros((len(n), len(spent)))
    rows[:, 0:3] = np.cross(lever, n)
    rows[:, 3:6] = n
    rows[:, 6] = np.einsum("qx,qx->q", lever, n)
    for k, pair in enumerate(_PAIRS):
        if pair not in free:
            continue
        for side, mirror in (("left", np.ones(3)), ("right", _MIRROR)):
            joint = JOINT_INDEX[f"{side}_{pair}"]
            carried = contact.follows @ _UNDER[joint].astype(np.float64)
            arm = np.cross(contact.points - body.joints[joint], n)
            rows[:, 7 + 3 * k : 10 + 3 * k] -= carried[:, None] * arm * mirror
    inside = contact.height < GAP
    near = contact.clings * _OUTSIDE / (1 + (contact.height / _LOOSE) ** 2) * np.clip(contact.facing, 0.0, 1.0)
    deep = np.where(contact.distance < -0.08, 0.2, 1.0)  # so deep that the nearest skin may be the wrong one
    weight = np.where(inside, deep, near) * contact.weights
    rest = np.array([_PITCH, _ROLL, _YAW, _SIDEWAYS, 1e3, 1e3, _SCALE if scaled else 1e-6] + [_LIMB] * (len(spent) - 7))
    stiff = (0.01 / rest) ** 2 * len(n) * 0.3
    stiff[7:] += np.repeat([0.0 if pair in free else 1e9 for pair in _PAIRS], 3)
    system = rows.T @ (weight[:, None] * rows) + np.diag(stiff + 1e-9)
    right = rows.T @ (weight * (GAP - contact.height)) - stiff * spent * (np.abs(spent) > 0)
    step = np.linalg.solve(system, right)
    limit = np.concatenate([np.full(3, 0.15), np.full(3, 0.06), [0.08], np.full(len(spent) - 7, 0.3)])
    return np.asarray(np.clip(step, -limit, limit), np.float64)


def _matrix(turn: Floats) -> Floats:
    return np.asarray(quat_to_matrix(quat_from_rotvec(turn)), np.float64)


def _moved(stand: Stand, step: Floats) -> Stand:
    return replace(
        stand,
        turn=_matrix(step[:3]) @ stand.turn,
        target=stand.target + step[3:6],
        scale=stand.scale * float(np.exp(step[6])),
    )


def _turned(body: JointedBody, step: Floats, free: list[str]) -> JointedBody:
    turns = body.turns.copy()
    for k, pair in enumerate(_PAIRS):
        if pair in free:
            for side, mirror in (("left", np.ones(3)), ("right", _MIRROR)):
                under = _UNDER[JOINT_INDEX[f"{side}_{pair}"]]
                turns[under] = _matrix(step[7 + 3 * k : 10 + 3 * k] * mirror) @ turns[under]
    return JointedBody.posed(body.rest, turns)
