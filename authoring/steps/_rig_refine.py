"""Weights tuned over poses: cloth that stretches less and enters the body less under plain skinning.

The posed points are linear in the weights, so the energy below has a cheap exact gradient: one product with the bone
transforms of all poses. Steps are smoothed over the cloth before they are taken, so weights that were smooth stay so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from dressform.runtime.body.protocol import RestBody
from dressform.runtime.body.skinning import skin
from dressform.runtime.garment.facing import facing_closest
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.normals import vertex_normals
from dressform.runtime.motion.sweep_poses import turned_pose

from ._rig_operators import laplacian, vertex_masses
from ._rig_poses import TRAINING
from ._rig_transfer import diffused

Floats = NDArray[np.float64]

_GAP = 0.002  # [m] cloth is pushed to this height over the skin, or to its height at rest when that is less
_EASE = 0.2  # [m] of evening out for cloth at double length in some pose; from trials, see benchmarks/rig.py
_LONGEST_EASE = 0.25  # [m]
_MOST_STRAIN = 1.5
_STRAIN_SPREAD = 0.04  # [m]
_REACH = 0.1  # [m] a point may come to follow joints that points this near along the cloth follow ...
_NOTICED = 0.02  # ... with this weight at least
_SQUEEZE = 0.35  # a shortened edge counts this much of a lengthened one: cloth folds rather than being compressed


@dataclass(frozen=True)
class RefineOptions:
    """How weights are tuned.

    Attributes:
        rounds: Searches for the skin below, each followed by `steps` descent steps.
        steps: Descent steps a round.
        length: Length over which a step is smoothed along the cloth [m].
        slide: How far cloth that lies on the skin may leave its copied place before that costs as much as being
            stretched to double length [m]; loose cloth may go further, in proportion to its distance.
        contact: Weight of being inside the skin by 1 cm, against being stretched to double length.
    """

    rounds: int = 3
    steps: int = 7
    length: float = 0.06
    slide: float = 0.12
    contact: float = 4.0


class _Energy:
    """Stretch, contact and distance from the copied weights, over all training poses."""

    def __init__(
        self,
        points: NDArray[np.floating],
        faces: NDArray[np.int32],
        rest: RestBody,
        joints: NDArray[np.intp],
        away: NDArray[np.floating],
        options: RefineOptions,
    ) -> None:
        self.faces, self.rest, self.options = faces, rest, options
        transforms = np.stack([rest.skin_transforms(turned_pose(rest, turns)) for turns in TRAINING])
        self.poses = len(transforms)
        self.blend = transforms[:, joints, :3, :].transpose(1, 0, 2, 3).reshape(len(joints), -1).astype(np.float32)
        self.bodies = [
            skin(rest.vertices, rest.body.joint_indices, rest.body.joint_weights, each) for each in transforms
        ]
        self.homogeneous = np.concatenate([points, np.ones((len(points), 1))], axis=1).astype(np.float32)
        pairs = edges(faces).vertices
        self.pairs = pairs
        lengths = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
        self.lengths = np.maximum(lengths, max(1e-6, 0.05 * float(lengths.mean()))).astype(np.float32)
        masses = vertex_masses(points, faces)
        self.masses = (masses / masses.sum()).astype(np.float32)
        degree = np.bincount(pairs.ravel(), minlength=len(points))
        share = self.masses / np.maximum(degree, 1)
        self.edge_weights = (share[pairs[:, 0]] + share[pairs[:, 1]]).astype(np.float32)
        rows = np.repeat(np.arange(len(pairs)), 2)
        signs = np.tile(np.array([1.0, -1.0], np.float32), len(pairs))
        self.difference = sp.csr_matrix((signs, (rows, pairs.ravel())), shape=(len(pairs), len(points)))
        self.gather = self.difference.T.tocsr()
        self.anchor = (self.masses / (options.slide + 2.0 * away) ** 2).astype(np.float32)
        self.home: NDArray[np.float32] | None = None
        self.planes: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []

    def posed(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the points [V, P, 3] that weights [V, J] give."""
        blended = (weights @ self.blend).reshape(len(weights), self.poses, 3, 4)
        return np.asarray(np.einsum("vpcd,vd->vpc", blended, self.homogeneous), np.float32)

    def worst_strain(self, weights: NDArray[np.float32]) -> Floats:
        """Return the mean |length / rest length - 1| of the edges at each point in its worst pose [V]."""
        posed = self.posed(weights)
        spans = (self.difference @ posed.reshape(len(posed), -1)).reshape(-1, self.poses, 3)
        strain = np.abs(np.linalg.norm(spans, axis=2) / self.lengths[:, None] - 1).astype(np.float64)
        summed = abs(self.gather) @ strain
        degree = np.maximum(np.asarray(abs(self.gather).sum(axis=1)), 1)
        return np.asarray((summed / degree).max(axis=1), np.float64)

    def find_skin(self, posed: NDArray[np.float32], rest_heights: NDArray[np.floating]) -> None:
        """Take the skin under each point in each pose as a plane that it should stay above."""
        self.planes = []
        for pose, body in enumerate(self.bodies):
            cloth = np.ascontiguousarray(posed[:, pose])
            triangles, barycentrics = facing_closest(
                cloth, vertex_normals(cloth, self.faces), body, self.rest.body.faces
            )
            corners = self.rest.body.faces[triangles]
            below = np.einsum("vk,vkc->vc", barycentrics, body[corners])
            normals = np.einsum("vk,vkc->vc", barycentrics, vertex_normals(body, self.rest.body.faces)[corners])
            normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
            aside = cloth - below
            aside -= np.einsum("vc,vc->v", aside, normals)[:, None] * normals
            near = np.linalg.norm(aside, axis=1) < 0.03  # further aside the skin ends, and nothing is below
            gap = np.where(near, np.minimum(_GAP, rest_heights), -1.0)
            offset = np.einsum("vc,vc->v", below, normals) + gap
            self.planes.append((normals.astype(np.float32), offset.astype(np.float32)))

    def value(self, weights: NDArray[np.float32]) -> tuple[float, NDArray[np.float32]]:
        """Return the energy and its gradient [V, J]."""
        posed = self.posed(weights)
        flat = posed.reshape(len(posed), -1)
        spans = (self.difference @ flat).reshape(-1, self.poses, 3)
        now = np.maximum(np.linalg.norm(spans, axis=2), 1e-9)
        strain = now / self.lengths[:, None] - 1
        stiff = np.where(strain > 0, 1.0, _SQUEEZE).astype(np.float32) * self.edge_weights[:, None]
        total = float((stiff * strain**2).sum())
        pull = (2 * stiff * strain / self.lengths[:, None] / now)[:, :, None] * spans
        force = (self.gather @ pull.reshape(len(pull), -1)).reshape(posed.shape)
        assert self.home is not None
        moved = posed - self.home
        total += float((self.anchor[:, None, None] * moved**2).sum())
        force += 2 * self.anchor[:, None, None] * moved
        scale = self.options.contact / 0.01**2
        for pose, (normals, offset) in enumerate(self.planes):
            depth = np.minimum(np.einsum("vc,vc->v", posed[:, pose], normals) - offset, 0)
            total += scale * float((self.masses * depth**2).sum())
            force[:, pose] += (2 * scale * self.masses * depth)[:, None] * normals
        outer = np.einsum("vpc,vd->vpcd", force, self.homogeneous).reshape(len(force), -1)
        return total, np.asarray(outer @ self.blend.T, np.float32)


def eased(
    weights: Floats,
    points: NDArray[np.floating],
    faces: NDArray[np.int32],
    rest: RestBody,
    away: NDArray[np.floating],
) -> Floats:
    """Return weights evened out the further the more they strain the cloth in the training poses: at armpits and hips.

    Args:
        weights: [V, J].
        points: Garment points [V, 3] on the rest body [m].
        faces: int32 [F, 3].
        rest: The body.
        away: Distance of each point from the skin at rest [V] [m].
    """
    joints = np.flatnonzero(weights.max(axis=0) > 0)
    if len(faces) == 0 or len(joints) < 2:
        return weights
    energy = _Energy(points, faces, rest, joints, away, RefineOptions())
    strain = np.clip(energy.worst_strain(np.ascontiguousarray(weights[:, joints], np.float32)), 0, _MOST_STRAIN)
    strain = diffused(strain[:, None] / _MOST_STRAIN, points, faces, np.full(len(points), _STRAIN_SPREAD))[:, 0]
    lengths = np.minimum(_EASE * _MOST_STRAIN * strain, _LONGEST_EASE)
    result = diffused(weights, points, faces, lengths)
    return np.asarray(result / np.maximum(result.sum(axis=1, keepdims=True), 1e-9))


def refine(
    weights: Floats,
    points: NDArray[np.floating],
    faces: NDArray[np.int32],
    rest: RestBody,
    away: NDArray[np.floating],
    options: RefineOptions = RefineOptions(),
    *,
    free: NDArray[np.bool_] | None = None,
    home: Floats | None = None,
) -> Floats:
    """Return weights [V, J] tuned over the training poses.

    Args:
        weights: To begin with, non-negative rows that sum to 1, float64 [V, J].
        points: Garment points [V, 3] on the rest body [m].
        faces: int32 [F, 3].
        rest: The body.
        away: Distance of each point from the skin at rest, not negative [V] [m].
        options: See there.
        free: bool [V] points whose weights may change; None for all.
        home: Weights [V, J] whose places the cloth is held near; None for those to begin with.
    """
    home = weights if home is None else home
    joints = np.flatnonzero(np.maximum(weights, home).max(axis=0) > 1e-4)
    if len(joints) < 2 or len(faces) == 0:
        return weights
    energy = _Energy(points, faces, rest, joints, away, options)
    current = np.ascontiguousarray(weights[:, joints], np.float32)
    energy.home = energy.posed(np.ascontiguousarray(home[:, joints], np.float32))
    masses = sp.diags(energy.masses.astype(np.float64))
    smooth = options.length**2 / float(vertex_masses(points, faces).sum()) * laplacian(points, faces)
    solver = splu(sp.csc_matrix(masses + smooth))
    mask = np.ones(len(points), bool) if free is None else free
    around = diffused(home[:, joints], points, faces, np.full(len(points), _REACH))
    allowed = (around > _NOTICED) | (home[:, joints] > 1e-3) | ~mask[:, None]
    current = _onto_simplex(np.where(allowed, current, -1.0).astype(np.float32))
    step = 0.2
    for _ in range(options.rounds):
        energy.find_skin(energy.posed(current), np.maximum(away, 0))
        value, gradient = energy.value(current)
        for _ in range(options.steps):
            # masked on both sides of the solve, it stays a way down
            way = solver.solve(np.where(mask[:, None], gradient, 0).astype(np.float64))
            way[~mask] = 0
            for _ in range(10):  # halve the step until it helps
                ahead = _onto_simplex(np.where(allowed, current - np.float32(step) * way.astype(np.float32), -1.0))
                new_value, new_gradient = energy.value(ahead)
                if new_value < value:
                    break
                step *= 0.5
            else:
                break
            current, value, gradient = ahead, new_value, new_gradient
            step *= 1.4
    result = np.zeros_like(weights)
    result[:, joints] = current
    return result


def _onto_simplex(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the closest rows that are non-negative and sum to 1."""
    order = -np.sort(-weights, axis=1)
    excess = np.cumsum(order, axis=1) - 1
    counts = np.arange(1, weights.shape[1] + 1)
    last = (order - excess / counts > 0).sum(axis=1)
    shift = np.take_along_axis(excess, last[:, None] - 1, axis=1) / last[:, None]
    return np.asarray(np.maximum(weights - shift, 0), np.float32)
