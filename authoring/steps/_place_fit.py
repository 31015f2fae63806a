"""The similarity transform that brings a garment onto a body: turned to face the front, hung on shoulders or waist."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals

from ._place_limbs import PosedBody, limb_directions, lowered, pose_body
from ._place_openings import Opening, asymmetry, find_openings, front_tilt

_SAMPLES = 900
_TELLING_TILT = 0.05  # sine of the lean of a neckline or waist that tells front from back
_GAP = 0.004  # [m] between cloth that rests on the body and the skin
_YOKE_DEPTH = {"neck": 0.14, "waist": 0.09}  # [m] of cloth below the opening that carries the garment
_PITCH_PRIOR = 0.05  # [rad] garments are modelled upright: a lean this large costs as much as 1 cm of misfit
_SCALE_PRIOR = 0.25  # log of the scale at which changing the size costs as much as 1 cm of misfit
_SCALE_GAIN = 0.7  # another scale is taken only when it brings the energy below this fraction
_SCALE_LEAST = 0.04  # and differs by more than this


@dataclass(frozen=True)
class Similarity:
    """x → scale · R_x(pitch) · (x − pivot) + target.

    Attributes:
        pivot: In the garment's own frame [m], [3].
        target: Where the pivot goes [m], [3].
        pitch: About x [rad].
        scale: Uniform.
    """

    pivot: NDArray[np.float64]
    target: NDArray[np.float64]
    pitch: float = 0.0
    scale: float = 1.0

    def rotation(self) -> NDArray[np.float64]:
        """Return R_x(pitch), [3, 3]."""
        c, s = np.cos(self.pitch), np.sin(self.pitch)
        return np.array([[1, 0, 0], [0, c, -s], [0, s, c]], np.float64)

    def apply(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return transformed points [V, 3] [m]."""
        return np.asarray(self.scale * (points - self.pivot) @ self.rotation().T + self.target, np.float64)

    def apply_openings(self, openings: list[Opening]) -> list[Opening]:
        """Return the openings where the transform takes them."""
        turn = self.rotation()
        return [
            replace(o, center=self.apply(o.center[None])[0], normal=turn @ o.normal, girth=o.girth * self.scale)
            for o in openings
        ]


def anchor(openings: list[Opening]) -> Opening | None:
    """Return the opening that the garment hangs from, if it has one."""
    for kind in ("neck", "waist"):
        for opening in openings:
            if opening.kind == kind:
                return opening
    return None


def anchor_on_body(rest: RestBody, opening: Opening) -> NDArray[np.float64]:
    """Return about where the centre of a neck or waist opening sits on the body [m], [3]."""
    joints = rest.canonical_joints().astype(np.float64)
    if opening.kind == "neck":
        between = (joints[JOINT_INDEX["left_shoulder"]] + joints[JOINT_INDEX["right_shoulder"]]) / 2
        return np.asarray(0.7 * joints[JOINT_INDEX["neck"]] + 0.3 * between, np.float64)
    return np.asarray(0.5 * joints[JOINT_INDEX["pelvis"]] + 0.5 * joints[JOINT_INDEX["spine1"]], np.float64)


class HangEnergy:
    """How badly a garment hangs: cloth inside the body, and a yoke or waistband that does not lie on it.

    Args:
        points: Garment points in its own frame [V, 3] [m].
        faces: int32 [F, 3].
        hanger: The opening it hangs from, in the same frame.
        limb_weight: float [V], how much each point's penetration counts (sleeves less: their pose is a guess).
    """

    def __init__(
        self, points: NDArray[np.float64], faces: NDArray[np.int32], hanger: Opening, limb_weight: NDArray[np.float64]
    ) -> None:
        used = np.unique(faces)
        picked = used[:: max(1, len(used) // _SAMPLES)]
        self.points = points[picked]
        self.weights = limb_weight[picked]
        below = hanger.center[2] - self.points[:, 2]
        near = below < _YOKE_DEPTH[hanger.kind]
        if hanger.kind == "neck":
            near &= vertex_normals(points, faces)[picked, 2] > 0.35
        self.yoke = near & (self.weights > 0.5)

    def __call__(self, transform: Similarity, surface: Surface) -> float:
        """Return the energy (a squared length in cm²) against a body surface."""
        distance = surface.signed_distance(transform.apply(self.points)).astype(np.float64) * 100
        gap = _GAP * 100
        inside = np.maximum(gap - distance, 0.0)
        energy = float((self.weights * inside**2).mean()) * 4
        if self.yoke.any():
            away = np.abs(distance[self.yoke] - gap)
            energy += float(np.where(away < 1.0, away**2 / 2, away - 0.5).mean()) * 2
        return energy + (transform.pitch / _PITCH_PRIOR) ** 2


def turned(points: NDArray[np.floating], yaw: float) -> NDArray[np.float64]:
    """Return points [V, 3] turned about the vertical by `yaw` [rad]."""
    c, s = np.cos(yaw), np.sin(yaw)
    return np.asarray(points @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]), np.float64)


def facing(
    points: NDArray[np.float64], faces: NDArray[np.int32], category: str
) -> tuple[float, NDArray[np.float64], list[Opening]]:
    """Turn a garment so that its mirror plane is x = 0 and its front looks to -y.

    Returns:
        The turn about z [rad] (a multiple of a quarter), the turned points, centred in x, and their openings.
    """
    quarter = np.pi / 2
    # the quarter turn must be clearly more symmetric: many garments are nearly so from the side as well
    yaw = quarter if asymmetry(turned(points, quarter)) < 0.6 * asymmetry(points) else 0.0
    around = turned(points, yaw)
    openings = find_openings(around, faces, category)
    if front_tilt(openings) < -_TELLING_TILT:
        yaw += np.pi
        around = turned(points, yaw)
        openings = find_openings(around, faces, category)
    return yaw, around, openings


def hang(
    points: NDArray[np.float64],
    faces: NDArray[np.int32],
    openings: list[Opening],
    hanger: Opening,
    rest: RestBody,
    *,
    scale: float | None = None,
    arm_angle: float | None = None,
) -> tuple[Similarity, PosedBody]:
    """Return the transform that hangs a garment on the body, and the body posed as the garment was.

    Args:
        points: Facing -y [V, 3] [m].
        faces: int32 [F, 3].
        openings: Of these points.
        hanger: The opening it hangs from.
        rest: The body.
        scale: Uniform scale to use, or None to find out.
        arm_angle: Of the sleeves below the horizontal [rad], or None to find out.
    """
    middle = (points[:, 0].min() + points[:, 0].max()) / 2
    pivot = np.array([middle, hanger.center[1], hanger.center[2]])
    transform = Similarity(pivot, anchor_on_body(rest, hanger), scale=scale or 1.0)
    joints = rest.canonical_joints()
    posed = pose_body(rest, {})
    for last in (False, False, True):
        directions = limb_directions(rest, transform.apply_openings(openings))
        if arm_angle is not None:
            directions = lowered(rest, directions, arm_angle)
        posed = pose_body(rest, directions)
        # hundreds of queries: the quicker sign does, for limbs and torso are apart in a garment's pose
        surface = Surface(posed.points, rest.body.faces, sign="normal")
        beyond = np.abs(transform.apply(points)[:, 0]) > joints[JOINT_INDEX["left_shoulder"], 0]
        energy = HangEnergy(points, faces, hanger, np.where(beyond & (hanger.kind == "neck"), 0.3, 1.0))
        fixed = refine(energy, transform, surface, free_scale=False)
        if scale is None and not last:
            free = refine(energy, fixed, surface, free_scale=True)
            far = abs(np.log(free.scale / fixed.scale)) > _SCALE_LEAST
            fixed = free if far and energy(free, surface) < _SCALE_GAIN * energy(fixed, surface) else fixed
        transform = fixed
    return transform, posed


def refine(
    energy: HangEnergy, start: Similarity, surface: Surface, *, free_scale: bool, rounds: int = 70
) -> Similarity:
    """Return the transform near `start` with the least energy; it moves along y and z, pitches, and may scale."""
    steps = np.array([0.02, 0.02, 0.03] + ([0.05] if free_scale else []))

    def moved(x: NDArray[np.float64]) -> Similarity:
        scale = start.scale * float(np.exp(x[3])) if free_scale else start.scale
        target = start.target + np.array([0.0, x[0], x[1]])
        return replace(start, target=target, pitch=start.pitch + float(x[2]), scale=scale)

    def cost(x: NDArray[np.float64]) -> float:
        prior = (float(np.log(moved(x).scale)) / _SCALE_PRIOR) ** 2 if free_scale else 0.0
        return energy(moved(x), surface) + prior

    simplex = np.concatenate([np.zeros((1, len(steps))), np.diag(steps)])
    best = minimize(
        cost, np.zeros(len(steps)), method="Nelder-Mead",
        options={"initial_simplex": simplex, "maxfev": rounds, "xatol": 5e-4, "fatol": 1e-4},
    )  # fmt: skip
    return moved(best.x)
