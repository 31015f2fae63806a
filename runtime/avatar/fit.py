"""Fit the body to the landmarks and the outline of one person in a photo.

A pose, a shape and a place before the camera minimise the rows of `fit_rows` by Levenberg's and Marquardt's method.
Poses have several minima, so that the fit starts from several directions of view and keeps the best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import roma
import torch
from numpy.typing import NDArray
from torch import Tensor

from dressform.schemas.progress import Progress, silent

from .fit_body import SHAPE_KEYS, FitBody
from .fit_rows import CAMERA_FROM_WORLD, JOINTS, SHAPES, TORSO, UNKNOWNS, Anchor, Evidence, FitRows, State

START_YAWS = (0.0, -0.6, 0.6, -1.3, 1.3)  # [rad] about the torso's direction in the detector's metric landmarks
KEPT = 3  # starts that go on to the second stage
SETTLED = 1e-3  # relative decrease of the energy below which a fit ends
STEP_LIMIT = 0.6  # no rotation vector changes more in one step [rad]


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


def fit_person(body: FitBody, evidence: Evidence, *, progress: Progress = silent) -> Fit:
    """Fit pose, shape and place; see the module's description.

    Args:
        body: From `load_fit_body`.
        evidence: Landmarks, mask and what the user told.
        progress: Told the finished fraction.
    """
    with torch.no_grad():
        far = FitRows(body, evidence, near=False)
        state, _ = _minimise(far, _starts(far, START_YAWS), shape=False, steps=12)
        progress(0.4, "fitting the pose")
        near = FitRows(body, evidence)
        energy, _ = near.trust(near(state, near.anchor(state)))
        state, energy = _minimise(near, state.pick(energy.argsort()[:KEPT]), shape=True, steps=20)
        progress(0.7, "fitting the shape")
        state = state.pick(energy.argsort()[:1])
        whole = FitRows(body, evidence, with_outline=True)
        if whole.outline is not None:
            state, energy = _minimise(whole, state, shape=True, steps=12)
        return _result(whole, state, float(energy.min()))


def refit(body: FitBody, evidence: Evidence, start: Fit, *, mass_ratio: float = 1.0) -> Fit:
    """Continue from a fit, for instance towards a corrected height or mass.

    Args:
        body: From `load_fit_body`.
        evidence: As for `fit_person`.
        start: A fit of the same person.
        mass_ratio: True mass over the baked body's mass at the start's shape.
    """
    with torch.no_grad():
        rows = FitRows(body, evidence, with_outline=True, mass_ratio=mass_ratio)
        rotations = torch.from_numpy(start.rotations)
        vectors = roma.rotmat_to_rotvec(rotations @ rows.prior.mean.transpose(-1, -2))
        vectors[0] = 0.0
        values = torch.tensor([start.shape[key] for key in SHAPE_KEYS])
        spread = torch.where(rows.shape_sigma > 0, rows.shape_sigma * 2.0, torch.inf)
        codes = 2.0 * torch.atanh(((values - rows.shape_mean) / spread).clamp(-0.95, 0.95))
        unknowns = torch.cat([vectors.flatten(), torch.from_numpy(start.pelvis), codes])
        state, energy = _minimise(rows, State(unknowns[None], rotations[None, 0]), shape=True, steps=15)
        return _result(rows, state, float(energy[0]))


def _starts(rows: FitRows, yaws: Sequence[float]) -> State:
    """Stand the body where the landmarks are, its torso turned as the metric landmarks say, and by `yaws` besides."""
    count = len(yaws)
    values = torch.zeros(count, UNKNOWNS)
    facing = State(values, torch.eye(3).repeat(count, 1, 1))
    torso, seen = rows.posed(facing).landmarks[0, TORSO], rows.world[TORSO]
    turn = roma.rigid_points_registration(torso - torso.mean(0), seen - seen.mean(0))[0]
    turn = CAMERA_FROM_WORLD.T @ turn @ CAMERA_FROM_WORLD
    spin = roma.rotvec_to_rotmat(torch.tensor([[0.0, 0.0, yaw] for yaw in yaws]))
    turned = State(values, turn @ spin)
    values = values.clone()
    values[:, 3 * JOINTS : 3 * JOINTS + 3] = _place(rows, rows.posed(turned).landmarks)
    return State(values, turned.turns)


def _place(rows: FitRows, landmarks: Tensor) -> Tensor:
    """Return the translation [B, 3] that best projects landmarks [B, K, 3] to where they are seen (linear)."""
    rays = (rows.points - rows.centre) / rows.evidence.focal_px
    lines = torch.zeros(len(rays), 2, 3)
    lines[:, 0, 0] = lines[:, 1, 1] = 1.0
    lines[..., 2] = -rays
    sides = rays * landmarks[..., 2:] - landmarks[..., :2]
    weighted = lines * rows.weights[:, None, None]
    normal = torch.einsum("kax,kay->xy", weighted, lines) + 1e-6 * torch.eye(3)
    place = torch.linalg.solve(normal, torch.einsum("kax,bka->bx", weighted, sides).T).T
    return torch.cat([place[:, :2], place[:, 2:].clamp(min=0.6)], 1)


def _minimise(rows: FitRows, state: State, *, shape: bool, steps: int) -> tuple[State, Tensor]:
    """Lower the energy of B fits at once; returns them with their energies [B]."""
    free = torch.arange(UNKNOWNS if shape else UNKNOWNS - SHAPES)
    damping = torch.full((len(state.values),), 1e-2)
    energy, _ = rows.trust(rows(state, rows.anchor(state)))
    for _ in range(steps):
        anchor = rows.anchor(state)
        residuals, jacobian = _linearise(rows, state, anchor, free)
        _, weights = rows.trust(residuals)
        weighted = jacobian * weights[..., None]
        normal = weighted.transpose(1, 2) @ jacobian
        slope = (weighted * residuals[..., None]).sum(1)
        stiffness = normal.diagonal(dim1=1, dim2=2).clamp(min=1e-3)
        step = -torch.linalg.solve(normal + torch.diag_embed(damping[:, None] * stiffness), slope)
        longest = step[:, : 3 * JOINTS].reshape(len(step), -1, 3).norm(dim=2).amax(1)
        step = step * (STEP_LIMIT / longest.clamp(min=STEP_LIMIT))[:, None]
        values = state.values.clone()
        values[:, free] += step
        tried = State(values, state.turns)
        lower, _ = rows.trust(rows(tried, rows.anchor(tried)))
        better = torch.isfinite(lower) & (lower < energy)
        gain = torch.where(better, (energy - lower) / energy.clamp(min=1e-6), torch.zeros_like(energy))
        state = State(torch.where(better[:, None], values, state.values), state.turns)
        energy = torch.where(better, lower, energy)
        damping = torch.where(better, damping * 0.3, damping * 6.0).clamp(1e-5, 1e4)
        if bool(((better & (gain < SETTLED)) | (damping > 1e3)).all()):
            break
    return state, energy


def _linearise(rows: FitRows, state: State, anchor: Anchor, free: Tensor) -> tuple[Tensor, Tensor]:
    """Return the rows [B, R] and their derivatives [B, R, U] by forward differentiation along each unknown at once."""

    def moved(values: Tensor) -> Tensor:
        return rows(State(values, state.turns), anchor)

    def along(direction: Tensor) -> Tensor:
        slope: Tensor = torch.func.jvp(moved, (state.values,), (direction.expand_as(state.values),))[1]
        return slope

    slopes: Tensor = torch.func.vmap(along)(torch.eye(UNKNOWNS)[free])
    return moved(state.values), slopes.permute(1, 2, 0)


def _result(rows: FitRows, state: State, energy: float) -> Fit:
    posed = rows.posed(state)
    return Fit(
        shape=dict(zip(SHAPE_KEYS, rows.shape(state.codes)[0].tolist(), strict=True)),
        rotations=rows.rotations(state)[0].numpy(),
        pelvis=state.pelvis[0].numpy(),
        points_px=rows.project(posed.landmarks)[0].numpy(),
        stature=float(posed.stature[0]),
        mass=float(posed.mass[0]),
        energy=energy,
    )
