"""Where a garment might belong: every way it may face, every height it may hang at, several poses of the arms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.joints import CANONICAL_JOINTS, JOINT_INDEX
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.geometry.distance import Surface

from ._place_articulate import Cloth, JointedBody, Stand, misfit, segment_weights
from ._place_hang import Hang

Floats = NDArray[np.float64]

ARMS_DEG = {"level": 0.0, "lowered": 45.0, "hanging": 78.0}  # below the horizontal, straight
_BATCH = 64  # seeds judged at a time
_HOPELESS = 0.5  # [cm] what speaks against a seed beyond the best cost so far
_ROUGH, _KEPT = 70, 120  # samples of the first look, and seeds that get a second
_UNLIKELY = 0.8  # [cm] against a size that is less likely by a factor of e
_STEP = 0.07  # [m] between heights tried
_TRUNK = ("pelvis", "spine1", "spine2", "spine3", "left_collar", "right_collar")
_ARMS = ("left_shoulder", "right_shoulder", "left_elbow", "right_elbow")
_LEGS = ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle")
_TOP = (*_TRUNK, *_ARMS, "neck", "left_hip", "right_hip")
_BOTTOM = ("pelvis", "spine1", *_LEGS)
# where a garment of each kind may lie: the segments of the skin nearest to it
BELONGS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("tee", "shirt", "top", "vest", "jacket"), _TOP),
    "sweater": (*_TOP, "head"),
    **dict.fromkeys(("coat", "dress"), (*_TOP, *_LEGS, "head")),
    **dict.fromkeys(("suit",), (*_TOP, *_LEGS)),
    **dict.fromkeys(("trousers", "shorts", "skirt"), _BOTTOM),
    "underwear": (*_TRUNK, "left_hip", "right_hip", "left_shoulder", "right_shoulder"),
    "hat": ("head",),
    "shoes": ("left_ankle", "right_ankle", "left_foot", "right_foot", "left_knee", "right_knee"),
    "socks": ("left_ankle", "right_ankle", "left_foot", "right_foot", "left_knee", "right_knee"),
    "gloves": ("left_wrist", "right_wrist", "left_elbow", "right_elbow"),
}


_ARMLESS = ("hat", "shoes", "socks", "trousers", "shorts", "skirt")


@dataclass(frozen=True)
class Seed:
    """A guess at where a garment belongs.

    Attributes:
        stand: Where it would stand.
        body: The body in the garment's pose.
        arms: Name of that pose.
        yaw_deg: How it would be turned.
        prior: What speaks against it before looking at the fit [cm].
        cost: Misfit at once plus `prior` [cm].
    """

    stand: Stand
    body: JointedBody
    arms: str
    yaw_deg: float
    prior: float
    cost: float = np.inf


def arm_poses(rest: RestBody, category: str = "", below_deg: float | None = None) -> dict[str, JointedBody]:
    """Return the body at rest and with its arms straight at some angles below the horizontal, or at one stated.

    For what lies nowhere near the arms there is only the rest pose.
    """
    if category in _ARMLESS:
        return {"rest": JointedBody.posed(rest, _still())}
    found = {} if below_deg is not None else {"rest": JointedBody.posed(rest, _still())}
    angles = ARMS_DEG if below_deg is None else {"stated": below_deg}
    arms = [JOINT_INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ("shoulder", "elbow", "wrist")]
    for name, angle in angles.items():
        pose = Pose.t_pose()
        half = np.radians(angle) / 2
        for side, sign in (("left", 1.0), ("right", -1.0)):
            pose.rotations[JOINT_INDEX[f"{side}_shoulder"]] = (0.0, sign * np.sin(half), 0.0, np.cos(half))
        turned, _ = rest.rig.posed(pose.rotations, pose.root)
        turns = _still()
        turns[arms] = turned[arms]
        found[name] = JointedBody.posed(rest, turns)
    return found


def _still() -> Floats:
    return np.tile(np.eye(3), (len(CANONICAL_JOINTS), 1, 1))


def misplaced(category: str, follows: NDArray[np.floating]) -> float:
    """Return the fraction of samples that lie where this kind of garment does not.

    Args:
        category: Such as "hat"; other words may lie anywhere.
        follows: float [n, 22] how much the skin at each sample follows each canonical segment.
    """
    if category not in BELONGS:
        return 0.0
    allowed = [JOINT_INDEX[name] for name in set(BELONGS[category])]
    return float(np.mean(1.0 - follows[:, allowed].sum(axis=1)))


def seeds(
    bodies: dict[str, JointedBody],
    turned: Sequence[tuple[float, Floats, float]],
    points: Floats,
    scales: Sequence[tuple[float, float]],
) -> Iterator[Seed]:
    """Yield every guess, not yet judged.

    Args:
        bodies: From `arm_poses`.
        turned: Each way the garment may face: yaw [degrees], turn [3, 3], and what speaks against it [cm].
        points: Of the garment in its own frame [V, 3].
        scales: Sizes to try, each with how unlikely it is.
    """
    for yaw, turn, against in turned:
        for scale, unlikely in scales:
            as_made = scale * points @ turn.T
            low, high = as_made.min(axis=0), as_made.max(axis=0)
            size, middle = high - low, (low + high) / 2
            for arms, body in bodies.items():
                prior = against + (0.0 if arms == "rest" else 0.05) + (_UNLIKELY * unlikely if unlikely else 0.0)
                for target, more in _targets(size, middle, body):
                    # the pivot is the middle of the garment: it stays in place under turns and changes of size
                    pivot = (points.min(axis=0) + points.max(axis=0)) / 2
                    shift = scale * turn @ pivot - middle
                    yield Seed(Stand(pivot, target + shift, turn, scale), body, arms, yaw, prior + more)


def _targets(size: Floats, middle: Floats, body: JointedBody) -> Iterator[tuple[Floats, float]]:
    """Yield where the middle of a garment's box may go, with what speaks against it [cm]."""
    for lift in (0.0, float(body.joints[0, 2])):  # as it was made: on the ground, or about the pelvis
        yield middle + np.array([0, 0, lift]), 0.0 if lift == 0.0 else 0.05
    skin = body.points[::12]
    tops = skin[:, 2]
    low, high = float(tops.min()) + size[2] / 2 - 0.06, float(tops.max()) - size[2] / 2 + 0.10
    if high < low:
        low = high = (low + high) / 2
    for z in np.arange(low, high + _STEP, _STEP):
        level = np.abs(tops - z) < max(size[2] / 2, 0.03)
        within = level & (np.abs(skin[:, 0]) < max(size[0] / 2, 0.05))
        if within.any():
            y = skin[within, 1]
            yield np.array([0.0, (y.min() + y.max()) / 2, z]), 0.1
    if size[0] < 0.6 and size[1] < 0.6:  # it may be for one limb
        weights = segment_weights(body.rest)
        for side in ("left", "right"):
            for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot"):
                own = body.points[weights[:, JOINT_INDEX[f"{side}_{name}"]] > 0.5].astype(np.float64)
                yield (own.min(axis=0) + own.max(axis=0)) / 2, 0.3
    for name in ("wrist", "foot"):  # a pair of gloves or shoes
        weights = segment_weights(body.rest)
        own = body.points[weights[:, [JOINT_INDEX[f"left_{name}"], JOINT_INDEX[f"right_{name}"]]].sum(axis=1) > 0.5]
        yield (own.min(axis=0) + own.max(axis=0)).astype(np.float64) / 2, 0.1


def judged(found: Sequence[Seed], cloth: Cloth, category: str, *, trust: float, hang: Hang) -> list[Seed]:
    """Return the likelier seeds with their cost, the best first.

    Args:
        found: From `seeds`.
        cloth: A few hundred samples of the garment.
        category: What it is.
        trust: Cost of lying wholly where this kind of garment does not [cm].
        hang: Judges how it hangs.
    """
    judge = _Judge(category, trust, hang)
    rough = sorted(judge.costs(sorted(found, key=lambda seed: seed.prior), cloth.thinned(_ROUGH)), key=lambda s: s.cost)
    return sorted(judge.costs(rough[:_KEPT], cloth), key=lambda seed: seed.cost)


class _Judge:
    """Costs of seeds, many of one body at a time."""

    def __init__(self, category: str, trust: float, hang: Hang) -> None:
        self._category, self._trust, self._hang = category, trust, hang
        self._bodies: dict[int, tuple[Surface, Floats]] = {}

    def costs(self, found: Sequence[Seed], cloth: Cloth) -> list[Seed]:
        """Return the seeds with their costs; those that cannot win for what speaks against them are left out."""
        result: list[Seed] = []
        best = np.inf
        for start in range(0, len(found), _BATCH):
            batch = [seed for seed in found[start : start + _BATCH] if seed.prior < best + _HOPELESS]
            for body in {id(seed.body): seed.body for seed in batch}.values():
                own = self._of_body(body, [seed for seed in batch if seed.body is body], cloth)
                result += own
                best = min(best, *(seed.cost for seed in own))
        return result

    def _of_body(self, body: JointedBody, batch: Sequence[Seed], cloth: Cloth) -> list[Seed]:
        faces = body.rest.body.faces
        if id(body) not in self._bodies:
            corners = body.points[faces].astype(np.float64)
            across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
            self._bodies[id(body)] = (body.surface(), across)
        surface, normals = self._bodies[id(body)]
        count = len(cloth.points)
        placed = np.concatenate([seed.stand.apply(cloth.points) for seed in batch])
        cloth_normals = np.concatenate([cloth.normals @ seed.stand.turn.T for seed in batch])
        closest = surface.closest(placed)
        there = normals[closest.triangles]
        side = np.sign(np.einsum("qx,qx->q", placed - closest.points, there)) * closest.distances
        facing = np.einsum("qx,qx->q", there, cloth_normals)
        weights = segment_weights(body.rest)
        result = []
        for k, seed in enumerate(batch):
            own = slice(k * count, (k + 1) * count)
            wrong = misplaced(self._category, weights[faces[closest.triangles[own], 0]])
            cost = misfit(side[own], facing[own], cloth) + seed.prior + self._trust * wrong
            cost += self._hang.cost(seed.stand)
            result.append(replace(seed, cost=cost))
        return result


def varied(found: Sequence[Seed], count: int) -> list[Seed]:
    """Return the best seeds that differ from one another; of each way to face at least the two best."""
    kept: list[Seed] = []
    facing: dict[bytes, int] = {}
    for seed in found:
        if any(_alike(seed, other) for other in kept):
            continue
        way = seed.stand.turn.tobytes()
        if len(kept) < count // 2 or (len(kept) < count and facing.get(way, 0) < 3):
            kept.append(seed)
            facing[way] = facing.get(way, 0) + 1
    return kept


def _alike(a: Seed, b: Seed) -> bool:
    return (
        a.arms == b.arms
        and np.array_equal(a.stand.turn, b.stand.turn)
        and abs(np.log(a.stand.scale / b.stand.scale)) < 0.02
        and float(np.linalg.norm(a.stand.target - b.stand.target)) < 0.12
    )
