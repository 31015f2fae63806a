"""The residuals of a fit: what is wrong with a pose, a shape and a place, in standard deviations.

Every row is one measurement or one habit of human bodies. Landmarks and outlines have outliers, so that their rows
count less the larger they are (Geman and McClure).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dressform.runtime.body.joints import CANONICAL_JOINTS

from .fit_body import FIT_LANDMARKS, SHAPE_KEYS, FitBody, pose_joints, pose_landmarks, pose_surface, shaped
from .fit_prior import LIMIT_SIGMA, pose_prior, shape_prior
from .landmark_offsets import landmark_offsets

LANDMARK_SIGMA = 0.015  # what a detector's pixel error means on the body [m]
DEPTH_SIGMA = 0.2  # its depth is a hint, no measurement [m]
STATURE_SIGMA = 0.005  # [m]
MASS_SIGMA = 0.7  # [kg]
POSE_WEIGHT, SHAPE_WEIGHT = 2.0, 4.0
UPRIGHT_SIGMA = 0.12  # sine of the pelvis' tilt against the picture's vertical; cut soon, for who sits or bends
OUTSIDE_WEIGHT, OUTLINE_WEIGHT = 200.0, 12.0
# Residuals of landmarks count no more beyond this many standard deviations: while searching, at the end.
REACH_FAR, REACH_NEAR = 40.0, 8.0
DEPTH_REACH, UPRIGHT_REACH, OUTSIDE_REACH, OUTLINE_REACH = 4.0, 3.0, 5.0, 4.0
OUTLINE_POINTS = 300
OUTLINE_SIDE_PX = 512
# body axes (z up, facing −y) -> camera axes (x right, y down, z forward)
CAMERA_FROM_WORLD = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
_FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_LOOSE = (*_FACE[1:], *(n for n in FIT_LANDMARKS if n.split("_")[1:] in (["pinky"], ["index"], ["thumb"])))
TORSO = [FIT_LANDMARKS.index(n) for n in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")]
HIPS = TORSO[2:]
JOINTS, SHAPES = len(CANONICAL_JOINTS), len(SHAPE_KEYS)
UNKNOWNS = 3 * JOINTS + 3 + SHAPES


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
class State:
    """The unknowns of B fits.

    Attributes:
        values: Rotation vectors on the standing pose [3 J], pelvis in camera axes [3] [m], shape codes [S]; [B, U].
        turns: Pelvis rotation that its rotation vector starts from, [B, 3, 3]; fixed.
    """

    values: Tensor
    turns: Tensor

    def pick(self, rows: Tensor) -> State:
        """Return some of the fits."""
        return State(self.values[rows], self.turns[rows])

    @property
    def vectors(self) -> Tensor:
        """Rotation vectors, [B, J, 3]."""
        return self.values[:, : 3 * JOINTS].reshape(-1, JOINTS, 3)

    @property
    def pelvis(self) -> Tensor:
        """Pelvis, [B, 3] [m]."""
        return self.values[:, 3 * JOINTS : 3 * JOINTS + 3]

    @property
    def codes(self) -> Tensor:
        """Shape codes, [B, S]."""
        return self.values[:, 3 * JOINTS + 3 :]


@dataclass(frozen=True)
class Posed:
    """B posed bodies in camera axes.

    Attributes:
        landmarks: As the detector would mark them, [B, K, 3] [m].
        surface: Points of the skin, [B, P, 3] [m], or None when no outline asks for them.
        stature: [B] [m].
        mass: [B] [kg].
    """

    landmarks: Tensor
    surface: Tensor | None
    stature: Tensor
    mass: Tensor


@dataclass(frozen=True)
class Outline:
    """The person's mask at reduced size.

    Attributes:
        distance: Of each pixel outside the mask to it, [H, W] [px].
        slope: Its gradient, [H, W, 2].
        rim: Points on the mask's edge, [C, 2] [px].
        scale: Pixels here per pixel of the photo.
    """

    distance: Tensor
    slope: Tensor
    rim: Tensor
    scale: float


@dataclass(frozen=True)
class Anchor:
    """What is held still while the rows are linearised: pixel scale and which skin answers to which edge.

    Attributes:
        sigma_px: A landmark's standard deviation, [B].
        surface_px: Projected skin points, [B, P, 2], and there distance to the mask, [B, P], and slope, [B, P, 2].
        nearest: Skin point nearest to each point of the rim, [B, C].
    """

    sigma_px: Tensor
    surface_px: Tensor | None = None
    outside: Tensor | None = None
    slope: Tensor | None = None
    nearest: Tensor | None = None


class FitRows:
    """The residuals of fits of one person.

    Args:
        body: From `load_fit_body`.
        evidence: What is known.
        near: Whether outliers are cut closely.
        with_outline: Whether the mask takes part.
        mass_ratio: True mass over the baked body's, near the shape looked for.
    """

    def __init__(
        self,
        body: FitBody,
        evidence: Evidence,
        *,
        near: bool = True,
        with_outline: bool = False,
        mass_ratio: float = 1.0,
    ) -> None:
        self.body = body
        self.evidence = evidence
        self.mass_ratio = mass_ratio
        self.reach = REACH_NEAR if near else REACH_FAR
        self.points = torch.from_numpy(np.asarray(evidence.points_px, np.float32))
        self.world = torch.from_numpy(np.asarray(evidence.world, np.float32))
        self.centre = torch.tensor(evidence.centre_px)
        weights = np.asarray(evidence.visibility, np.float32).copy()
        weights[[FIT_LANDMARKS.index(n) for n in _LOOSE]] *= 0.5
        depth = weights.copy()
        depth[[FIT_LANDMARKS.index(n) for n in _FACE]] = 0.0
        self.weights, self.depth_weights = torch.from_numpy(weights), torch.from_numpy(depth)
        self.prior = pose_prior(evidence.visibility)
        self.shape_mean, self.shape_sigma = informed_shape_prior(evidence)
        self.outline = None if evidence.mask is None or not with_outline else trace_outline(evidence.mask)
        self.offsets = landmark_offsets()

    def shape(self, codes: Tensor) -> Tensor:
        """Return shape values from unbounded codes, within two standard deviations of the mean."""
        return (self.shape_mean + self.shape_sigma * 2.0 * torch.tanh(codes / 2.0)).clamp(0.0, 1.0)

    def rotations(self, state: State) -> Tensor:
        """Return local rotations from the T-pose, [B, J, 3, 3]."""
        turned = rotation_matrices(state.vectors)
        return torch.cat([turned[:, :1] @ state.turns[:, None], turned[:, 1:] @ self.prior.mean[1:]], 1)

    def posed(self, state: State) -> Posed:
        """Return the posed bodies."""
        body = shaped(self.body, self.shape(state.codes))
        moves, places = pose_joints(body, self.rotations(state))
        landmarks = pose_landmarks(body, moves, places, self.offsets) @ CAMERA_FROM_WORLD.T + state.pelvis[:, None]
        surface = None
        if self.outline is not None:
            surface = pose_surface(body, moves, places) @ CAMERA_FROM_WORLD.T + state.pelvis[:, None]
        return Posed(landmarks, surface, body.stature, body.mass)

    def project(self, points: Tensor) -> Tensor:
        """Return pixels [B, N, 2] of points in camera axes."""
        return points[..., :2] / points[..., 2:].clamp(min=0.1) * self.evidence.focal_px + self.centre

    def anchor(self, state: State) -> Anchor:
        """Return what to hold still around a state."""
        # a pixel error is worth what it means at the person's distance, so that half bodies weigh like whole ones
        sigma_px = LANDMARK_SIGMA * self.evidence.focal_px / state.pelvis[:, 2].clamp(min=0.3)
        if self.outline is None:
            return Anchor(sigma_px)
        surface = self.posed(state).surface
        assert surface is not None
        places = self.project(surface) * self.outline.scale
        height, width = self.outline.distance.shape
        column = places[..., 0].floor().long().clamp(0, width - 1)
        row = places[..., 1].floor().long().clamp(0, height - 1)
        nearest = torch.cdist(self.outline.rim.expand(len(places), -1, -1), places).argmin(2)
        return Anchor(sigma_px, places, self.outline.distance[row, column], self.outline.slope[row, column], nearest)

    def __call__(self, state: State, anchor: Anchor) -> Tensor:
        """Return the rows [B, R], before outliers are cut."""
        posed = self.posed(state)
        sigma = anchor.sigma_px[:, None, None]
        points = self.weights.sqrt()[:, None] * (self.project(posed.landmarks) - self.points) / sigma
        relative = posed.landmarks[..., 2] - posed.landmarks[:, HIPS, 2].mean(1, keepdim=True)
        depth = relative - (self.world[:, 2] - self.world[HIPS, 2].mean())
        bend = state.vectors[:, self.prior.hinge_joints, self.prior.hinge_axes] * self.prior.hinge_signs
        beyond = torch.relu(bend - self.prior.hinge_high) + torch.relu(self.prior.hinge_low - bend)
        rows = [
            points.flatten(1),
            self.depth_weights.sqrt() * depth / DEPTH_SIGMA,
            self.rotations(state)[:, 0, :2, 2] / UPRIGHT_SIGMA,
            POSE_WEIGHT**0.5 * (state.vectors / self.prior.sigma).flatten(1),
            beyond / LIMIT_SIGMA,
            SHAPE_WEIGHT**0.5 * state.codes,
        ]
        if self.evidence.height_m is not None:
            rows.append((posed.stature - self.evidence.height_m)[:, None] / STATURE_SIGMA)
        if self.evidence.mass_kg is not None:
            rows.append((posed.mass * self.mass_ratio - self.evidence.mass_kg)[:, None] / MASS_SIGMA)
        if self.outline is not None:
            rows += self._outline_rows(posed, anchor, self.outline)
        return torch.cat(rows, 1)

    def _outline_rows(self, posed: Posed, anchor: Anchor, outline: Outline) -> list[Tensor]:
        """Skin outside the mask, and weakly and soon cut off (clothes are loose) edges without skin."""
        assert posed.surface is not None
        assert anchor.surface_px is not None
        assert anchor.outside is not None
        assert anchor.slope is not None
        assert anchor.nearest is not None
        places = self.project(posed.surface) * outline.scale
        sigma = anchor.sigma_px[:, None] * outline.scale
        outside = anchor.outside + (anchor.slope * (places - anchor.surface_px)).sum(-1)
        gap = places.gather(1, anchor.nearest[..., None].expand(-1, -1, 2)) - outline.rim
        count, rim = outside.shape[1], outline.rim.shape[0]
        return [
            (OUTSIDE_WEIGHT / count) ** 0.5 * outside / sigma,
            ((OUTLINE_WEIGHT / rim) ** 0.5 * gap / sigma[..., None]).flatten(1),
        ]

    def trust(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Cut outliers.

        Args:
            rows: From a call, [B, R].

        Returns:
            Energy of each fit, [B], and the weights with which squared rows lead to a lower one, [B, R].
        """
        weights = torch.ones_like(rows)
        energy = torch.zeros(len(rows))
        start = 0
        for count, width, scale, reach in self._cut_blocks():
            stop = start + count * width
            block = rows[:, start:stop].reshape(len(rows), count, width)
            squares = block.square().sum(-1)
            limit = scale * reach**2
            share = limit / (limit + squares).clamp(min=1e-12)
            energy = energy + (squares * share).sum(1)
            weights[:, start:stop] = share.square()[..., None].expand_as(block).flatten(1)
            start = stop
            if reach == UPRIGHT_REACH:  # the habits of bodies follow; they are never cut
                plain = rows[:, start : start + self._plain_rows()]
                energy = energy + plain.square().sum(1)
                start += plain.shape[1]
        return energy, weights

    def _plain_rows(self) -> int:
        told = (self.evidence.height_m is not None) + (self.evidence.mass_kg is not None)
        return 3 * JOINTS + len(self.prior.hinge_joints) + SHAPES + told

    def _cut_blocks(self) -> list[tuple[int, int, Tensor | float, float]]:
        """Return (residuals, rows each, weight already in them, reach) of what is cut, in the rows' order."""
        blocks: list[tuple[int, int, Tensor | float, float]] = [
            (len(self.points), 2, self.weights, self.reach),
            (len(self.points), 1, self.depth_weights, DEPTH_REACH),
            (1, 2, 1.0, UPRIGHT_REACH),
        ]
        if self.outline is not None:
            count, rim = self.body.surface.shape[1], len(self.outline.rim)
            blocks += [(count, 1, OUTSIDE_WEIGHT / count, OUTSIDE_REACH), (rim, 2, OUTLINE_WEIGHT / rim, OUTLINE_REACH)]
        return blocks


def rotation_matrices(vectors: Tensor) -> Tensor:
    """Return rotations [..., 3, 3] of rotation vectors [..., 3] (Rodrigues); smooth at zero."""
    angle = (vectors.square().sum(-1) + 1e-12).sqrt()[..., None, None]
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    return torch.eye(3) + angle.sin() / angle * skew + (1.0 - angle.cos()) / angle.square() * (skew @ skew)


def informed_shape_prior(evidence: Evidence) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of the shape parameters, with what the user told, each [S]."""
    mean, sigma = shape_prior()
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


def trace_outline(mask: NDArray[np.float32]) -> Outline | None:
    """Reduce the mask, measure the distance to it and trace its edge; None for an empty mask."""
    scale = min(1.0, OUTLINE_SIDE_PX / max(mask.shape))
    size = (max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale)))
    inside = (cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 0.5).astype(np.uint8)
    contours, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    rim = max(contours, key=len)[:, 0].astype(np.float32) + 0.5
    # the edge of the picture is no edge of the body
    edge = (rim < 2.0).any(1) | (rim > np.array(size, np.float32) - 2.0).any(1)
    rim = rim[~edge] if (~edge).sum() > 20 else rim
    rim = rim[np.linspace(0, len(rim) - 1, min(OUTLINE_POINTS, len(rim))).astype(int)]
    distance = np.asarray(cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5), np.float32)
    down, right = np.gradient(distance)
    slope = np.stack([right, down], -1).astype(np.float32)
    return Outline(torch.from_numpy(distance), torch.from_numpy(slope), torch.from_numpy(rim), scale)
