"""Cloth by newton's SolverStyle3D: fast projective dynamics, the default."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.geometry.adjacency import edges

from .cloth import Cloth
from .solver import ClothSimulation, Integers


class Simulation(ClothSimulation):
    """A garment in motion by projective dynamics; arguments as in `ClothSimulation`."""

    attempts = ((2, 8), (4, 8), (6, 12))

    def refine(self, iterations: int) -> None:
        """Solve the following frames with another number of iterations."""
        self._solver.config.iterations = iterations

    def _substep(self, first: Any, second: Any, seconds: float) -> None:
        # A substep is some 250 small launches; replayed as one graph they cost a quarter less.
        key = (id(first), round(1e9 * seconds), self._solver.config.iterations)
        if key not in self._graphs:
            with wp.ScopedCapture(device="cpu") as capture:
                super()._substep(first, second, seconds)
            self._graphs[key] = capture.graph
        wp.capture_launch(self._graphs[key])

    def _made_solver(self, model: Any) -> Any:
        self._graphs: dict[tuple[int, int, int], Any] = {}
        solvers = self._newton.solvers
        config = solvers.SolverStyle3D.Config(iterations=self.options.iterations)
        with redirect_stdout(StringIO()):  # it prints a time
            solver = solvers.SolverStyle3D(model, config=config)
        collision = solver.collision
        collision.radius = max(self.options.self_gap, 1e-4)
        if self.options.self_gap <= 0:
            collision.stiff_vf = collision.stiff_ee = collision.stiff_ef = 0.0
        return solver

    def _add_cloth(
        self,
        builder: Any,
        corners: NDArray[np.float64],
        faces: Integers,
        start: NDArray[np.float64],
        own: Sequence[Cloth],
    ) -> None:
        from newton.solvers import style3d

        self._newton.solvers.SolverStyle3D.register_custom_attributes(builder)
        style3d.add_cloth_mesh(
            builder,
            pos=wp.vec3(0.0, 0.0, 0.0),
            rot=wp.quat_identity(),
            vel=wp.vec3(0.0, 0.0, 0.0),
            vertices=start.tolist(),
            indices=faces.reshape(-1).tolist(),
            density=1.0,
            particle_radius=self.options.radius,
            panel_verts=corners.reshape(-1, 2).tolist(),
            panel_indices=list(range(3 * len(faces))),
            tri_aniso_ke=[wp.vec3(*cloth.stretch) for cloth in own],
            edge_aniso_ke=wp.vec3(1.0, 1.0, 1.0),
        )
        found = edges(faces)
        bending = np.zeros(len(found.vertices))
        np.add.at(bending, found.face_edges, np.array([cloth.bending for cloth in own])[:, None])
        bending /= found.face_counts
        index = {tuple(pair): k for k, pair in enumerate(found.vertices.tolist())}
        builder.edge_bending_properties[:] = [
            (bending[index[min(a, b), max(a, b)]], 0.0) for _, _, a, b in builder.edge_indices
        ]
