"""Fit the body to the landmarks and the outline of one person in a photo.

A pose, a shape and a place before the camera minimise a sum of squares: landmarks where the detector saw them, its weak
idea of their depth, the outline one-sidedly (clothes are wider than the body), and what people look like at all. Poses
have several minima, so that the fit starts from three directions of view and keeps the best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import roma
import torch
from numpy.typing import NDArray
from torch import Tensor

from dressform.runtime.body.joints import CANONICAL_JOINTS
from dressform.schemas.progress import Progress, silent

from .fit_body import (
    ADULT_AGE,
    FIT_LANDMARKS,
    SHAPE_KEYS,
    FitBody,
    ShapedFitBody,
    pose_joints,
    pose_landmarks,
    pose_surface,
    shaped,
)
from .fit_prior import PosePrior, pose_prior, shape_prior
from .landmark_offsets import landmark_offsets

START_YAWS = (0.0, -1.0, 1.0)  # [rad] about the torso's direction in the detector's metric landmarks
LANDMARK_SIGMA = 0.012  # what a detector's pixel error means on the body [m]
DEPTH_SIGMA = 0.2  # its depth is a hint, no measurement [m]
STATURE_SIGMA = 0.005  # [m]
MASS_SIGMA = 0.7  # [kg]
ROBUST_FAR, ROBUST_NEAR = 60.0, 12.0  # residuals count no more beyond this many sigmas: while searching, at the end
OUTSIDE_WEIGHT, OUTLINE_WEIGHT = 200.0, 12.0
OUTLINE_POINTS = 300
# body axes (z up, facing −y) -> camera axes (x right, y down, z forward)
CAMERA_FROM_WORLD = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
_FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_LOOSE = (
    *_FACE[1:],
    *(n for n in FIT_LANDMARKS if n.split("_")[-1] in ("pinky", "index", "thumb") and "foot" not in n),
)
_TORSO = [FIT_LANDMARKS.index(n) for n in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")]
_HIPS = _TORSO[2:]


@dataclass(frozen=True)
class Evidence:
    """What is known of one person. K landmarks in the order of `FIT_LANDMARKS`.

    Attributes:
        points_px: Where they are seen, [K, 2].
        visibility: How sure that is, in [0, 1], [K].
        world: Metric landmarks in camera axes, [K, 3] [m].
        focal_px: Focal length.
        centre_px: Where the optical axis meets the picture, [2].
        mask: Person probability, [H, W], or None.
        height_m, mass_kg, gender: What the user told, or None; gender 0 is male, 1 female.
    """

    points_px: NDArray[np.float32]
    visibility: NDArray[np.float32]
    world: NDArray[np.float32]
    focal_px: float
    centre_px: tuple[float, float]
    mask: NDArray[np.float32] | None = None
    height_m: float | None = None
    mass_kg: float | None = None
    gender: float | None = None


@dataclass(frozen=True)
class Fit:
    """The fitted body.

    Attributes:
        shape: Values of `SHAPE_KEYS`.
        rotations: Local rotations of the canonical joints from the T-pose, [J, 3, 3]; the pelvis' turns the body from
            facing the camera.
        pelvis: Position of the pelvis in camera axes, [3] [m].
        points_px: The body's landmarks in the picture, [K, 2].
        stature: Standing height of the baked body, within some millimetres of the true one [m].
        mass: Its mass, within some kilograms of the true one [kg].
        energy: The minimum reached.
    """

    shape: dict[str, float]
    rotations: NDArray[np.float32]
    pelvis: NDArray[np.float32]
    points_px: NDArray[np.float32]
    stature: float
    mass: float
    energy: float


@dataclass(frozen=True)
class _State:
    """The unknowns of B fits: rotation vectors on the standing pose [B, J, 3], pelvis [B, 3], shape codes [B, S]."""

    vectors: Tensor
    pelvis: Tensor
    codes: Tensor
    turns: Tensor  # pelvis rotation that the vectors start from, [B, 3, 3]; fixed

    def pick(self, rows: Tensor) -> _State:
        return _State(self.vectors[rows], self.pelvis[rows], self.codes[rows], self.turns[rows])


@dataclass(frozen=True)
class _Outline:
    """Distance to the mask [1, 1, H, W] and points on its rim [C, 2], in pixels of a reduced picture."""

    distance: Tensor
    rim: Tensor
    scale: float


@dataclass(frozen=True)
class _Posed:
    landmarks: Tensor  # camera axes, as the detector would mark them
    moves: Tensor
    places: Tensor
    body: ShapedFitBody


class _Energy:
    """The sum of squares of B fits of one person."""

    def __init__(self, body: FitBody, evidence: Evidence, age: float = ADULT_AGE) -> None:
        self.body = body
        self.evidence = evidence
        self.points = torch.from_numpy(np.asarray(evidence.points_px, np.float32))
        self.world = torch.from_numpy(np.asarray(evidence.world, np.float32))
        self.centre = torch.tensor(evidence.centre_px)
        weights = np.asarray(evidence.visibility, np.float32).copy()
        weights[[FIT_LANDMARKS.index(n) for n in _LOOSE]] *= 0.5
        self.weights = torch.from_numpy(weights)
        depth = weights.copy()
        depth[[FIT_LANDMARKS.index(n) for n in _FACE]] = 0.0
        self.depth_weights = torch.from_numpy(depth)
        self.prior: PosePrior = pose_prior(evidence.visibility)
        self.shape_mean, self.shape_sigma = _informed_shape_prior(evidence, age)
        self.outline: _Outline | None = None
        self.mass_ratio = 1.0  # true mass over the baked approximation, near the current shape
        self.offsets = landmark_offsets()

    def shape(self, codes: Tensor) -> Tensor:
        """Return shape values from unbounded codes, within two standard deviations of the mean."""
        return (self.shape_mean + self.shape_sigma * 2.0 * torch.tanh(codes / 2.0)).clamp(0.0, 1.0)

    def rotations(self, state: _State) -> Tensor:
        turned = roma.rotvec_to_rotmat(state.vectors)
        first = turned[:, :1] @ state.turns[:, None]
        return torch.cat([first, turned[:, 1:] @ self.prior.mean[1:]], 1)

    def posed(self, state: _State) -> _Posed:
        body = shaped(self.body, self.shape(state.codes))
        moves, places = pose_joints(body, self.rotations(state))
        points = pose_landmarks(body, moves, places, self.offsets)
        return _Posed(points @ CAMERA_FROM_WORLD.T + state.pelvis[:, None], moves, places, body)

    def project(self, points: Tensor) -> Tensor:
        return points[..., :2] / points[..., 2:].clamp(min=0.1) * self.evidence.focal_px + self.centre

    def __call__(self, state: _State, near: bool) -> Tensor:
        posed = self.posed(state)
        reach = ROBUST_NEAR if near else ROBUST_FAR
        # a pixel error is worth what it means at the person's distance, so that half bodies weigh like whole ones
        sigma_px = LANDMARK_SIGMA * self.evidence.focal_px / state.pelvis[:, 2].detach().clamp(min=0.3)
        residual = (self.project(posed.landmarks) - self.points) / sigma_px[:, None, None]
        total = (self.weights * _robust(residual.square().sum(-1), reach)).sum(1)
        relative = posed.landmarks - posed.landmarks[:, _HIPS].mean(1, keepdim=True)
        depth = (relative[..., 2] - (self.world - self.world[_HIPS].mean(0))[:, 2]) / DEPTH_SIGMA
        total = total + (self.depth_weights * _robust(depth.square(), 4.0)).sum(1)
        total = total + self.prior.energy(state.vectors) + state.codes.square().sum(1)
        if self.evidence.height_m is not None:
            total = total + ((posed.body.stature - self.evidence.height_m) / STATURE_SIGMA).square()
        if self.evidence.mass_kg is not None:
            total = total + ((posed.body.mass * self.mass_ratio - self.evidence.mass_kg) / MASS_SIGMA).square()
        if self.outline is not None:
            total = total + self._outline_energy(posed, state, sigma_px)
        return total

    def _outline_energy(self, posed: _Posed, state: _State, sigma_px: Tensor) -> Tensor:
        outline = self.outline
        assert outline is not None
        surface = pose_surface(posed.body, posed.moves, posed.places) @ CAMERA_FROM_WORLD.T + state.pelvis[:, None]
        points = self.project(surface) * outline.scale
        sigma = sigma_px[:, None] * outline.scale
        height, width = outline.distance.shape[-2:]
        grid = points / torch.tensor([width, height]) * 2.0 - 1.0
        outside = torch.nn.functional.grid_sample(
            outline.distance.expand(len(points), -1, -1, -1), grid[:, None], align_corners=False, padding_mode="border"
        )[:, 0, 0]
        energy = OUTSIDE_WEIGHT * _robust((outside / sigma).square(), 5.0).mean(1)
        with torch.no_grad():
            nearest = torch.cdist(outline.rim.expand(len(points), -1, -1), points).argmin(2)
        gap = points.gather(1, nearest[..., None].expand(-1, -1, 2)) - outline.rim
        # weak and soon saturated: loose clothes and hair lie outside the body
        return energy + OUTLINE_WEIGHT * _robust((gap / sigma[..., None]).square().sum(-1), 2.0).mean(1)


def fit_person(body: FitBody, evidence: Evidence, *, progress: Progress = silent) -> Fit:
    """Fit pose, shape and place; see the module's description.

    Args:
        body: From `load_fit_body`.
        evidence: Landmarks, mask and what the user told.
        progress: Told the finished fraction.
    """
    energy = _Energy(body, evidence)
    state = _starts(energy)
    state = _minimise(energy, state, ("vectors", "pelvis"), steps=35, near=False)
    progress(0.35, "fitting the pose")
    state = state.pick(energy(state, True).argsort()[:2])
    state = _minimise(energy, state, ("vectors", "pelvis", "codes"), steps=60, near=True)
    progress(0.7, "fitting the shape")
    state = state.pick(energy(state, True).argsort()[:1])
    if evidence.mask is not None:
        energy.outline = _outline(evidence.mask)
        state = _minimise(energy, state, ("vectors", "pelvis", "codes"), steps=30, near=True)
    return _result(energy, state)


def refit(body: FitBody, evidence: Evidence, start: Fit, *, age: float = ADULT_AGE, mass_ratio: float = 1.0) -> Fit:
    """Continue from a fit, for instance with another age.

    Args:
        body: From `load_fit_body`.
        evidence: As for `fit_person`.
        start: A fit of the same person.
        age: Anny's age that is held.
        mass_ratio: True mass over the baked body's mass at the start's shape.
    """
    energy = _Energy(body, evidence, age)
    energy.outline = None if evidence.mask is None else _outline(evidence.mask)
    energy.mass_ratio = mass_ratio
    rotations = torch.from_numpy(start.rotations)
    local = rotations @ energy.prior.mean.transpose(-1, -2)
    vectors = roma.rotmat_to_rotvec(local)[None]
    vectors[:, 0] = 0.0
    values = torch.tensor([start.shape[key] for key in SHAPE_KEYS])
    spread = torch.where(energy.shape_sigma > 0, energy.shape_sigma * 2.0, torch.inf)
    codes = 2.0 * torch.atanh(((values - energy.shape_mean) / spread).clamp(-0.95, 0.95))[None]
    state = _State(vectors, torch.from_numpy(start.pelvis)[None], codes, rotations[None, 0])
    state = _minimise(energy, state, ("pelvis", "codes"), steps=15, near=True)
    state = _minimise(energy, state, ("vectors", "pelvis", "codes"), steps=30, near=True)
    return _result(energy, state)


def _robust(squares: Tensor, reach: float) -> Tensor:
    """Geman and McClure's: like the square near 0, never more than `reach`²."""
    return reach**2 * squares / (reach**2 + squares)


def _informed_shape_prior(evidence: Evidence, age: float) -> tuple[Tensor, Tensor]:
    mean, sigma = shape_prior()
    mean[SHAPE_KEYS.index("age")] = age
    if evidence.gender is not None:
        mean[SHAPE_KEYS.index("gender")] = evidence.gender
        sigma[SHAPE_KEYS.index("gender")] = 0.0
    # a told value must be reachable: it replaces what the parameter's prior says
    if evidence.height_m is not None:
        sigma[SHAPE_KEYS.index("height")] = 0.5
    if evidence.mass_kg is not None:
        sigma[SHAPE_KEYS.index("weight")] = 0.5
        sigma[SHAPE_KEYS.index("muscle")] = 0.3  # the heaviest bodies are those of much weight and little muscle
    return mean, sigma


def _starts(energy: _Energy, yaws: Sequence[float] = START_YAWS) -> _State:
    """Stand the body where the landmarks are, its torso turned as the metric landmarks say, and by `yaws` besides."""
    count = len(yaws)
    zeros = torch.zeros(count, len(CANONICAL_JOINTS), 3)
    codes = torch.zeros(count, len(SHAPE_KEYS))
    eye = torch.eye(3).repeat(count, 1, 1)
    facing = _State(zeros, torch.zeros(count, 3), codes, eye)
    with torch.no_grad():
        rest = energy.posed(facing).landmarks[0]
        torso, seen = rest[_TORSO], energy.world[_TORSO]
        turn = roma.rigid_points_registration(torso - torso.mean(0), seen - seen.mean(0))[0]
        turn = CAMERA_FROM_WORLD.T @ turn @ CAMERA_FROM_WORLD
        spin = roma.rotvec_to_rotmat(torch.tensor([[0.0, 0.0, yaw] for yaw in yaws]))
        turned = replace(facing, turns=turn @ spin)
        return replace(turned, pelvis=_place(energy, energy.posed(turned).landmarks))


def _place(energy: _Energy, landmarks: Tensor) -> Tensor:
    """Return the translation [B, 3] that best projects landmarks [B, K, 3] to where they are seen (linear)."""
    rays = (energy.points - energy.centre) / energy.evidence.focal_px
    rows = torch.zeros(len(rays), 2, 3)
    rows[:, 0, 0] = rows[:, 1, 1] = 1.0
    rows[..., 2] = -rays
    sides = rays * landmarks[..., 2:] - landmarks[..., :2]
    weighted = rows * energy.weights[:, None, None]
    normal = torch.einsum("kax,kay->xy", weighted, rows) + 1e-6 * torch.eye(3)
    place = torch.linalg.solve(normal, torch.einsum("kax,bka->bx", weighted, sides).T).T
    return torch.cat([place[:, :2], place[:, 2:].clamp(min=0.6)], 1)


def _minimise(energy: _Energy, state: _State, names: Sequence[str], *, steps: int, near: bool) -> _State:
    """Run L-BFGS over the named unknowns of all B fits at once."""
    free = {name: getattr(state, name).detach().clone().requires_grad_() for name in names}
    moving = replace(state, **free)
    optimiser = torch.optim.LBFGS(
        list(free.values()), max_iter=steps, history_size=20, tolerance_change=1e-5, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        total = energy(moving, near).sum()
        torch.autograd.backward(total)
        return total

    step: Callable[[Callable[[], Tensor]], Tensor] = optimiser.step
    step(closure)
    return replace(state, **{name: value.detach() for name, value in free.items()})


def _outline(mask: NDArray[np.float32]) -> _Outline | None:
    """Reduce the mask to at most 512 pixels, measure the distance to it and trace its rim."""
    scale = min(1.0, 512.0 / max(mask.shape))
    size = (max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale)))
    inside = (cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 0.5).astype(np.uint8)
    contours, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    rim = max(contours, key=len)[:, 0].astype(np.float32) + 0.5
    # the rim of the picture is no rim of the body
    edge = (rim < 2.0).any(1) | (rim > np.array(size, np.float32) - 2.0).any(1)
    rim = rim[~edge] if (~edge).sum() > 20 else rim
    rim = rim[np.linspace(0, len(rim) - 1, min(OUTLINE_POINTS, len(rim))).astype(int)]
    distance = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5).astype(np.float32)
    return _Outline(torch.from_numpy(distance)[None, None], torch.from_numpy(rim), scale)


def _result(energy: _Energy, state: _State) -> Fit:
    with torch.no_grad():
        values = energy.shape(state.codes)[0].tolist()
        posed = energy.posed(state)
        return Fit(
            shape=dict(zip(SHAPE_KEYS, values, strict=True)),
            rotations=energy.rotations(state)[0].numpy(),
            pelvis=state.pelvis[0].numpy(),
            points_px=energy.project(posed.landmarks)[0].numpy(),
            stature=float(posed.body.stature[0]),
            mass=float(posed.body.mass[0]),
            energy=float(energy(state, True)[0]),
        )
