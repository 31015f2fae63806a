"""Cloth on a moving body by newton's SolverStyle3D, behind one small class."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.geometry.adjacency import edges
from dressform.schemas.errors import InputError

from .cloth import Cloth

Floats = NDArray[np.floating]
Integers = NDArray[np.integer]

FRAME = 1 / 60  # [s]
GRAVITY = 9.81  # [m/s²]
# A held point weighs so much in the solver [kg] that the cloth beside it is solved for as hanging from something firm,
# at 60 frames of two substeps some four times its stiffness; it still slides in its level.
HELD_MASS = 0.5
REACH = 3.0  # the collider's bounds as the solver sees them; it would not widen them as the body moves [m]
NO_NEWTON = 'draping needs the physics engine newton, which is not installed; run `pip install "dressform[sim]"`'


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


class Simulation:
    """A garment in motion.

    Args:
        corners: float [F, 3, 2] each triangle's corners in the flat panel: the rest metric [m].
        faces: int [F, 3] into the points.
        start: [P, 3] [m].
        body: [V, 3] the collider's vertices at first [m].
        body_faces: [F_body, 3].
        cloths: The cloth of each triangle, or one for all.
        cloth_of: int [F] into `cloths`, or None.
        options: Of the solver.
    """

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
        newton = _newton()
        kinds = np.zeros(len(faces), int) if cloth_of is None else np.asarray(cloth_of)
        friction = float(np.mean([cloths[k].friction for k in sorted(set(kinds.tolist()))]))
        builder = newton.ModelBuilder(up_axis=newton.Axis.Z)
        newton.solvers.SolverStyle3D.register_custom_attributes(builder)
        _add_cloth(builder, np.asarray(corners, np.float64), faces, start, cloths, kinds, options.radius)
        shape = newton.ModelBuilder.ShapeConfig(mu=friction, ke=options.contact, kd=1e-2, margin=0.0)
        collider = newton.Mesh(
            np.ascontiguousarray(body, np.float32), body_faces.reshape(-1).astype(np.int32), compute_inertia=False
        )
        builder.add_shape_mesh(body=-1, mesh=collider, cfg=shape)
        model = builder.finalize(device="cpu")
        model.soft_contact_ke, model.soft_contact_kd, model.soft_contact_mu = options.contact, 1e-2, friction
        model.set_gravity((0.0, 0.0, 0.0))  # `step` adds it to the velocities
        model.shape_collision_aabb_lower.fill_(wp.vec3(-REACH, -REACH, -REACH))
        model.shape_collision_aabb_upper.fill_(wp.vec3(REACH, REACH, REACH))
        self._pipeline = newton.CollisionPipeline(model, soft_contact_gap=0.01)
        self._contacts = self._pipeline.contacts()
        config = newton.solvers.SolverStyle3D.Config(iterations=options.iterations)
        with redirect_stdout(StringIO()):  # it prints a time
            self._solver = newton.solvers.SolverStyle3D(model, config=config)
        collision = self._solver.collision
        collision.radius = max(options.self_gap, 1e-4)
        if options.self_gap <= 0:
            collision.stiff_vf = collision.stiff_ee = collision.stiff_ef = 0.0
        self._model, self._options = model, options
        self._states = [model.state(), model.state()]
        self._control = model.control()
        self._mesh = model.shape_source[0].mesh
        self._body = np.ascontiguousarray(body, np.float32)
        self._held = np.zeros(0, np.intp)
        self._heights = np.zeros(0, np.float32)
        self.frames = 0

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

    def refine(self, iterations: int) -> None:
        """Solve the following frames with another number of iterations."""
        self._solver.config.iterations = iterations

    def hold(self, points: Integers, heights: Floats) -> None:
        """Keep points at heights above the ground [m]; they slide freely in the level."""
        self._model.particle_mass.numpy()[points] = HELD_MASS
        self._held, self._heights = np.asarray(points, np.intp), np.asarray(heights, np.float32)

    def step(self, body: Floats | None = None, *, damping: float = 0.0) -> None:
        """Advance by one frame.

        Args:
            body: Where the body is at the frame's end [V, 3] [m]; None leaves it where it is.
            damping: Share of the velocity that is taken away at the end of the frame.
        """
        then = self._body if body is None else np.ascontiguousarray(body, np.float32)
        now, count = self._body, self._options.substeps
        if body is not None or self.frames == 0:
            self._mesh.velocities.assign((then - now) / FRAME)
        for k in range(count):
            if body is not None:
                share = (k + 1) / count
                self._mesh.points.assign(now * (1 - share) + then * share)
                self._mesh.refit()
            first, second = self._states
            # The solver guesses that a point goes on as it moved; with few iterations it would never make up for a
            # gravity that the guess leaves out, and cloth would fall as if under water.
            first.particle_qd.numpy()[:, 2] -= GRAVITY * FRAME / count
            first.particle_qd.numpy()[self._held, 2] = 0.0
            first.clear_forces()
            self._pipeline.collide(first, self._contacts)
            self._solver.step(first, second, self._control, self._contacts, FRAME / count)
            self._states = [second, first]
            self._keep(second)
        self._body = then
        if damping:
            state = self._states[0]
            state.particle_qd.assign(state.particle_qd.numpy() * np.float32(1 - damping))
        self.frames += 1

    def _keep(self, state: Any) -> None:
        """Put held points back to their height; arrays on the CPU are views, so this writes into the state."""
        state.particle_q.numpy()[self._held, 2] = self._heights


def _newton() -> Any:
    try:
        wp.config.quiet = True
        import newton
        import newton.solvers
    except ImportError as error:
        raise InputError(NO_NEWTON) from error
    return newton


def _add_cloth(
    builder: Any,
    corners: NDArray[np.float64],
    faces: Integers,
    start: Floats,
    cloths: Sequence[Cloth],
    kinds: Integers,
    radius: float,
) -> None:
    from newton.solvers import style3d

    style3d.add_cloth_mesh(
        builder,
        pos=wp.vec3(0.0, 0.0, 0.0),
        rot=wp.quat_identity(),
        vel=wp.vec3(0.0, 0.0, 0.0),
        vertices=np.asarray(start, np.float64).tolist(),
        indices=faces.reshape(-1).tolist(),
        density=1.0,
        particle_radius=radius,
        panel_verts=corners.reshape(-1, 2).tolist(),
        panel_indices=list(range(3 * len(faces))),
        tri_aniso_ke=[wp.vec3(*cloths[k].stretch) for k in kinds],
        edge_aniso_ke=wp.vec3(1.0, 1.0, 1.0),
    )
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    areas = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]) / 2
    masses = np.zeros(len(start))
    np.add.at(masses, faces, (areas * np.array([cloths[k].density for k in kinds]) / 3)[:, None])
    builder.particle_mass[:] = masses.tolist()
    found = edges(faces)
    bending = np.zeros(len(found.vertices))
    np.add.at(bending, found.face_edges, np.array([cloths[k].bending for k in kinds])[:, None])
    bending /= found.face_counts
    index = {tuple(pair): k for k, pair in enumerate(found.vertices.tolist())}
    builder.edge_bending_properties[:] = [
        (bending[index[min(a, b), max(a, b)]], 0.0) for _, _, a, b in builder.edge_indices
    ]
