"""Cloth on a moving body, step by step: what every solver shares, and the solvers by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.schemas.errors import InputError

from .cloth import Cloth

Floats = NDArray[np.floating]
Integers = NDArray[np.integer]

FRAME = 1 / 60  # [s]
GRAVITY = 9.81  # [m/s²]
# A held point weighs so much in the solver [kg] that the cloth beside it is solved for as hanging from something firm,
# at 60 frames of two substeps some four times its stiffness; it still slides in its level.
HELD_MASS = 0.5
REACH = 4.0  # the collider's bounds as the solver sees them; it would not widen them as the body moves [m]
CONTACT_GAP = 0.02  # cloth that is this much further in or off than its radius meets the body [m]
CONTACT_DAMPING = 1e-2
NO_NEWTON = 'cloth simulation needs the engine newton, which is not installed; run `pip install "dressform[sim]"`'


@dataclass(frozen=True)
class SolverOptions:
    """How closely the motion is computed.

    Attributes:
        substeps: Of a frame of 1/60 s.
        iterations: Of the nonlinear solve in a substep.
        radius: Distance that the cloth keeps from the body [m].
        self_gap: Half the distance that the cloth keeps from itself [m]; 0 lets it pass through itself.
        contact: Stiffness of the contact with the body [N/m].
    """

    substeps: int = 2
    iterations: int = 4
    radius: float = 0.004
    self_gap: float = 0.002
    contact: float = 1e3


DEFAULTS = SolverOptions()


class Anchors(NamedTuple):
    """Where a moving body carries the points of a waistband.

    Attributes:
        points: float [H, 3] [m].
        up: float [H, 3] unit, along which the band must not slip.
    """

    points: Floats
    up: Floats


@dataclass(frozen=True)
class Slack:
    """How far a carried point may be from its anchor.

    Attributes:
        along: Up and down the body [m].
        across: Around and away from it [m].
    """

    along: float
    across: float


class ClothSimulation(ABC):
    """Cloth in motion on a body; a child class knows one solver.

    Args:
        corners: float [F, 3, 2] each triangle's corners in the flat panel: the rest metric [m].
        faces: int [F, 3] into the points.
        start: [P, 3] [m].
        body: [V, 3] the collider's vertices at first [m].
        body_faces: [F_body, 3].
        cloths: The cloths it is made of.
        cloth_of: int [F] into `cloths`, or None where there is one.
        options: Of the solver.
    """

    attempts: tuple[tuple[int, int], ...]  # substeps and iterations that are tried in order, each finer than the last

    def __init__(
        self,
        corners: Floats,
        faces: Integers,
        start: Floats,
        body: Floats,
        body_faces: Integers,
        cloths: Sequence[Cloth],
        cloth_of: Integers | None = None,
        *,
        options: SolverOptions = DEFAULTS,
    ) -> None:
        self._newton = import_newton()
        self.options = options
        kinds = [0] * len(faces) if cloth_of is None else np.asarray(cloth_of).tolist()
        friction = float(np.mean([cloths[k].friction for k in sorted(set(kinds))]))
        own, flat = [cloths[k] for k in kinds], np.asarray(corners, np.float64)
        builder = self._newton.ModelBuilder(up_axis=self._newton.Axis.Z)
        self._add_cloth(builder, flat, faces, np.asarray(start, np.float64), own)
        builder.particle_mass[:] = _point_masses(flat, faces, own, len(start)).tolist()
        shape = self._newton.ModelBuilder.ShapeConfig(mu=friction, ke=options.contact, kd=CONTACT_DAMPING, margin=0.0)
        collider = self._newton.Mesh(
            np.ascontiguousarray(body, np.float32), body_faces.reshape(-1).astype(np.int32), compute_inertia=False
        )
        builder.add_shape_mesh(body=-1, mesh=collider, cfg=shape)
        model = self._finalized(builder)
        model.soft_contact_ke, model.soft_contact_kd, model.soft_contact_mu = options.contact, CONTACT_DAMPING, friction
        model.set_gravity((0.0, 0.0, 0.0))  # `step` adds it to the velocities
        model.shape_collision_aabb_lower.fill_(wp.vec3(-REACH, -REACH, -REACH))
        model.shape_collision_aabb_upper.fill_(wp.vec3(REACH, REACH, REACH))
        self._model = model
        self._pipeline = self._newton.CollisionPipeline(model, soft_contact_gap=CONTACT_GAP)
        self._contacts = self._pipeline.contacts()
        self._solver = self._made_solver(model)
        self._states = [model.state(), model.state()]
        self._control = model.control()
        self._mesh = model.shape_source[0].mesh
        self._body = np.ascontiguousarray(body, np.float32)
        self._body_moves = True  # until the velocities were written once
        self._held = np.zeros(0, np.intp)
        self._heights: Floats | None = None
        self._anchors: Anchors | None = None
        self._slack = Slack(0.0, 0.0)
        self.frames = 0

    @abstractmethod
    def refine(self, iterations: int) -> None:
        """Solve the following frames with another number of iterations."""

    @abstractmethod
    def _add_cloth(
        self,
        builder: Any,
        corners: NDArray[np.float64],
        faces: Integers,
        start: NDArray[np.float64],
        own: Sequence[Cloth],
    ) -> None:
        """Tell newton's builder of the cloth, all but its mass; `own` [F] is what each triangle is made of."""

    @abstractmethod
    def _made_solver(self, model: Any) -> Any:
        """Return newton's solver for a finished model."""

    def _finalized(self, builder: Any) -> Any:
        return builder.finalize(device="cpu")

    @property
    def points(self) -> NDArray[np.float32]:
        """Where the cloth is, [P, 3] [m]."""
        return np.array(self._states[0].particle_q.numpy())

    @property
    def velocities(self) -> NDArray[np.float32]:
        """[P, 3] [m/s]."""
        return np.array(self._states[0].particle_qd.numpy())

    def set(self, points: Floats, velocities: Floats | None = None) -> None:
        """Move the cloth [P, 3] [m], at rest unless velocities [P, 3] [m/s] are given."""
        self._states[0].particle_q.assign(np.ascontiguousarray(points, np.float32))
        if velocities is None:
            self._states[0].particle_qd.zero_()
        else:
            self._states[0].particle_qd.assign(np.ascontiguousarray(velocities, np.float32))

    def set_body(self, body: Floats, anchors: Anchors | None = None) -> None:
        """Put the body [V, 3] [m] and what it carries elsewhere at once, at rest."""
        self._body = np.ascontiguousarray(body, np.float32)
        self._anchors = anchors if anchors is not None else self._anchors
        self._mesh.points.assign(self._body)
        self._mesh.refit()
        self._body_moves = True

    def hold(self, points: Integers, heights: Floats) -> None:
        """Keep points at heights above the ground [m]; they slide freely in the level."""
        self._hold(points)
        self._heights = np.asarray(heights, np.float32)

    def carry(self, points: Integers, anchors: Anchors, slack: Slack) -> None:
        """Keep points within reach of anchors, which `step` moves."""
        self._hold(points)
        self._anchors, self._slack = anchors, slack

    def _hold(self, points: Integers) -> None:
        self._held = np.asarray(points, np.intp)
        self._model.particle_mass.numpy()[self._held] = HELD_MASS

    def step(
        self,
        body: Floats | None = None,
        anchors: Anchors | None = None,
        *,
        damping: float = 0.0,
        seconds: float = FRAME,
        substeps: int | None = None,
    ) -> None:
        """Advance by one frame.

        Args:
            body: Where the body is at the frame's end [V, 3] [m]; None leaves it where it is.
            anchors: Where what is carried is at the frame's end; None leaves them where they are.
            damping: Share of the velocity that is taken away at the end of the frame.
            seconds: Length of the frame [s].
            substeps: Of this frame; None takes the options'.
        """
        then = self._body if body is None else np.ascontiguousarray(body, np.float32)
        now, count = self._body, self.options.substeps if substeps is None else substeps
        from_, to = self._anchors, self._anchors if anchors is None else anchors
        if body is not None or self._body_moves:
            self._mesh.velocities.assign((then - now) / np.float32(seconds))
        self._body_moves = body is not None
        for k in range(count):
            share = (k + 1) / count
            if body is not None:
                self._mesh.points.assign(now * (1 - share) + then * share)
                self._mesh.refit()
            first, second = self._states
            # The solver guesses that a point goes on as it moved; with few iterations it would never make up for a
            # gravity that the guess leaves out, and cloth would fall as if under water.
            velocities = first.particle_qd.numpy()
            velocities[:, 2] -= GRAVITY * seconds / count
            if self._heights is not None:
                velocities[self._held, 2] = 0.0
            if from_ is not None and to is not None:
                velocities[self._held] = (to.points - from_.points) / seconds
            self._substep(first, second, seconds / count)
            self._states = [second, first]
            self._keep(second, from_, to, share)
        self._body, self._anchors = then, to
        if damping:
            state = self._states[0]
            state.particle_qd.assign(state.particle_qd.numpy() * np.float32(1 - damping))
        self.frames += 1

    def _substep(self, first: Any, second: Any, seconds: float) -> None:
        """Advance from one state into another."""
        first.clear_forces()
        self._pipeline.collide(first, self._contacts)
        self._solver.step(first, second, self._control, self._contacts, seconds)

    def _keep(self, state: Any, from_: Anchors | None, to: Anchors | None, share: float) -> None:
        """Put held points back where they belong; arrays on the CPU are views, so this writes into the state."""
        points = state.particle_q.numpy()
        if self._heights is not None:
            points[self._held, 2] = self._heights
        if from_ is None or to is None:
            return
        target = from_.points * (1 - share) + to.points * share
        off = points[self._held] - target
        along = np.einsum("hk,hk->h", off, to.up)
        across = off - along[:, None] * to.up
        far = np.linalg.norm(across, axis=1, keepdims=True)
        across *= np.minimum(1.0, self._slack.across / np.maximum(far, 1e-9))
        along = np.clip(along, -self._slack.along, self._slack.along)
        points[self._held] = target + across + along[:, None] * to.up


def import_newton() -> Any:
    """Return the physics engine, or raise an InputError that says how to install it."""
    try:
        wp.config.quiet = True
        import newton
        import newton.solvers
    except ImportError as error:
        raise InputError(NO_NEWTON) from error
    return newton


def flat_areas(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area of each triangle [F] whose corners [F, 3, 2] are laid flat [m²]."""
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]) / 2)


def _point_masses(
    corners: NDArray[np.float64], faces: Integers, own: Sequence[Cloth], count: int
) -> NDArray[np.float64]:
    """Return the mass of each point [kg], a third of each triangle around it."""
    masses = np.zeros(count)
    np.add.at(masses, faces, (flat_areas(corners) * [cloth.density for cloth in own] / 3)[:, None])
    return masses
