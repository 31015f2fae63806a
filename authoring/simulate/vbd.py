"""Cloth by newton's SolverVBD: vertex block descent with self-contact, the slower reference."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from .cloth import Cloth
from .solver import ClothSimulation, Floats, Integers, flat_areas

RUBBER = 1e-6  # damping beside stiffness [s]
NEIGHBOURS = 2  # rings of cloth around a point that it does not collide with


class Simulation(ClothSimulation):
    """A garment in motion by vertex block descent; arguments as in `ClothSimulation`.

    Its membrane is isotropic: warp and weft get their mean stiffness.
    """

    attempts = ((6, 8), (10, 12))

    def refine(self, iterations: int) -> None:
        """Solve the following frames with another number of iterations."""
        self._solver.iterations = iterations

    def _finalized(self, builder: Any) -> Any:
        builder.color(include_bending=True)
        return super()._finalized(builder)

    def _made_solver(self, model: Any) -> Any:
        gap = self.options.self_gap
        with redirect_stdout(StringIO()):
            return self._newton.solvers.SolverVBD(
                model,
                iterations=self.options.iterations,
                particle_enable_self_contact=gap > 0,
                particle_self_contact_margin=max(gap, 1e-4),
                particle_self_contact_gap=max(gap, 1e-4),
                particle_topological_contact_filter_threshold=NEIGHBOURS,
                particle_rest_shape_contact_exclusion_radius=max(gap, 1e-4),
            )

    def _add_cloth(
        self,
        builder: Any,
        corners: NDArray[np.float64],
        faces: Integers,
        start: NDArray[np.float64],
        own: Sequence[Cloth],
    ) -> None:
        builder.add_cloth_mesh(
            pos=wp.vec3(0.0, 0.0, 0.0),
            rot=wp.quat_identity(),
            scale=1.0,
            vel=wp.vec3(0.0, 0.0, 0.0),
            vertices=start.tolist(),
            indices=faces.reshape(-1).tolist(),
            density=1.0,
            edge_ke=1.0,
            edge_kd=0.0,
            particle_radius=self.options.radius,
        )
        one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        areas = flat_areas(corners)
        builder.tri_poses[:] = np.linalg.inv(np.stack([one, two], axis=2)).tolist()
        builder.tri_areas[:] = areas.tolist()
        builder.tri_materials[:] = [(*_lame(cloth), RUBBER, 0.0, 0.0) for cloth in own]
        self._bend(builder, corners, faces, areas, np.array([cloth.bending for cloth in own]))

    def _bend(
        self, builder: Any, corners: NDArray[np.float64], faces: Integers, areas: Floats, bending: Floats
    ) -> None:
        """Give each edge the flat rest angle and its fabric's stiffness.

        A hinge of rigidity B [N·m] between triangles of areas A stores ½ B · 3 l² / ΣA · θ² (Grinspun et al. 2003,
        "Discrete Shells"); the solver stores ½ k l θ².
        """
        lengths = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2)
        around: dict[tuple[int, int], list[tuple[float, float, float]]] = {}
        for face, (corner, length) in enumerate(zip(faces.tolist(), lengths.tolist(), strict=True)):
            for k in range(3):
                pair = (min(corner[k], corner[(k + 1) % 3]), max(corner[k], corner[(k + 1) % 3]))
                around.setdefault(pair, []).append((length[k], float(areas[face]), float(bending[face])))
        for edge, (_, _, a, b) in enumerate(builder.edge_indices):
            found = np.array(around[min(a, b), max(a, b)])
            length, area, rigidity = found[:, 0].mean(), found[:, 1].sum(), found[:, 2].mean()
            builder.edge_rest_angle[edge] = 0.0
            builder.edge_rest_length[edge] = float(length)
            builder.edge_bending_properties[edge] = (float(rigidity * 3 * length / area), 0.0)


def _lame(cloth: Cloth) -> tuple[float, float]:
    """Return Lamé's coefficients of the plane [N/m] whose shear and stretch are the cloth's."""
    weft, warp, shear = cloth.stretch
    return shear, max((weft + warp) / 2 - 2 * shear, 0.0)
