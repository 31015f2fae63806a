"""One garment of an outfit in simulation: its solver, its waistband, and what it is to the garments over it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals

from .membrane import Membrane
from .piercing import bones, piercings
from .solver import Anchors, ClothSimulation, Slack, SolverOptions
from .wearing import Wearing

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]

UP = np.array([0.0, 0.0, 1.0], np.float32)
BAND_SLACK = Slack(along=0.008, across=0.03)  # a waistband slips a little, and stands off where the body bends [m]
HEM = 0.04  # depth of the strip that closes the space under a border, as outer garments meet it [m]
NEAR_CLOTH = 0.06  # body this near to the cloth is what it meets [m]
TORN = 3.0  # a triangle stretched by so much more than its length is not cloth any more
FLOWN = 1.0  # cloth further than this from all of the body has flown away [m]
DEEP, MOST_INSIDE = 0.01, 0.02  # more cloth than this share, this deep inside the body, lies on its wrong side [m]


class ClothLayer:
    """One garment with its solver at each fineness.

    Attributes:
        wearing: The garment on the body.
        drape: float32 [P, 3] its rest drape on this body, None before it is known [m].
        near: int [N] the body's points that lie near it at rest.

    Args:
        wearing: The garment on the body.
        rest: The body.
        kind: The solver's class.
        below: The layers that it lies over, innermost first.
    """

    def __init__(
        self, wearing: Wearing, rest: RestBody, kind: type[ClothSimulation], below: tuple[ClothLayer, ...]
    ) -> None:
        self.wearing, self.rest, self._kind = wearing, rest, kind
        self.start: Floats = wearing.fitted[wearing.points]
        self.drape: Floats | None = None
        self._membrane = Membrane(wearing.corners, wearing.faces, len(self.start))
        self._border, self.shell_faces = _with_hems(wearing.faces, len(self.start))
        self._pierced_at_first = piercings(*bones(rest, rest.rest_pose()), self.start, wearing.faces)
        counts = np.cumsum([len(rest.vertices), *(layer.shell_count for layer in below)])
        obstacles = [rest.body.faces, *(layer.shell_faces + n for layer, n in zip(below, counts, strict=False))]
        self._obstacle_faces = np.concatenate(obstacles).astype(np.int32)
        self._obstacle_start = np.concatenate([rest.vertices, *(layer.shell(layer.start) for layer in below)])
        self._simulations: dict[tuple[int, int], ClothSimulation] = {}
        self.near = np.flatnonzero(cKDTree(self.start).query(rest.vertices)[0] < NEAR_CLOTH)

    def simulation(self, fineness: tuple[int, int]) -> ClothSimulation:
        """Return the simulation of some substeps and iterations, made when it is first needed."""
        if fineness not in self._simulations:
            wearing, (substeps, iterations) = self.wearing, fineness
            simulation = self._kind(
                wearing.corners,
                wearing.faces,
                self.start,
                self._obstacle_start,
                self._obstacle_faces,
                wearing.cloths,
                wearing.cloth_of,
                options=SolverOptions(substeps=substeps, iterations=iterations),
            )
            if len(wearing.band):
                simulation.carry(wearing.band, self.resting_anchors(), BAND_SLACK)
            self._simulations[fineness] = simulation
        return self._simulations[fineness]

    def resting_anchors(self) -> Anchors:
        """Return where the waistband is fitted."""
        band = self.wearing.band
        return Anchors(self.start[band], np.tile(UP, (len(band), 1)))

    def anchors(self, transforms: Floats) -> Anchors | None:
        """Return where a posed body (rest → world [J, 4, 4]) carries the waistband of the rest drape."""
        band = self.wearing.band
        if not len(band):
            return None
        if self.drape is None:
            return self.resting_anchors()
        indices, weights = self.wearing.joint_indices[band], self.wearing.joint_weights[band]
        matrices = np.einsum("hk,hkij->hij", weights, transforms[indices])
        points = np.einsum("hij,hj->hi", matrices[:, :3, :3], self.drape[band]) + matrices[:, :3, 3]
        up = matrices[:, :3, 2]
        return Anchors(points, up / np.linalg.norm(up, axis=1, keepdims=True))

    @property
    def shell_count(self) -> int:
        """How many points `shell` has."""
        return len(self.start) + len(self._border)

    def shell(self, points: Floats) -> Floats:
        """Return the surface that outer garments meet, over `shell_faces` [m]: this cloth, and a strip under its hems.

        Beyond the border of an open surface its two sides cannot be told apart; a strip that runs from the border
        towards the body leaves no such place.
        """
        inwards = vertex_normals(points, self.wearing.faces)[self._border]
        return np.concatenate([points, points[self._border] - HEM * inwards]).astype(np.float32)

    def stretches(self, points: Floats) -> NDArray[np.float64]:
        """Return the larger principal stretch less 1 of each triangle [F], against the size's own metric."""
        return np.asarray(self._membrane.strains(points.astype(np.float64))[:, 0])

    def fault(self, points: Floats, pose: Pose, body: Floats) -> str:
        """Say what shows that simulated points [P, 3] went wrong on a posed body [V, 3] [m]; nothing if all is well."""
        name = self.wearing.garment.name
        if not np.isfinite(points).all():
            return f"{name}: a coordinate is not a number"
        worst = float(self.stretches(points).max())
        if worst > TORN:
            return f"{name} is torn (stretched by {100 * worst:.0f} %)"
        if (points < body.min(axis=0) - FLOWN).any() or (points > body.max(axis=0) + FLOWN).any():
            return f"{name} flew more than {FLOWN:g} m away from the body"
        if piercings(*bones(self.rest, pose), points, self.wearing.faces) > self._pierced_at_first:
            return f"{name}: a limb came through the cloth"
        depth = -Surface(body, self.rest.body.faces).signed_distance(points)
        inside = float((depth > DEEP).mean())
        return f"{100 * inside:.1f} % of {name} is inside the body" if inside > MOST_INSIDE else ""


def _with_hems(faces: Integers, count: int) -> tuple[NDArray[np.intp], Integers]:
    """Return the points of borders [H], and the triangles with a strip to as many further points, int32 [F + …, 3]."""
    found = edges(faces)
    triangle, corner = np.nonzero((found.face_counts == 1)[found.face_edges])
    first, second = faces[triangle, corner], faces[triangle, (corner + 1) % 3]
    border = np.unique(np.concatenate([first, second])).astype(np.intp)
    under = np.zeros(count, np.int32)
    under[border] = count + np.arange(len(border))
    strip = [np.stack([second, first, under[first]], axis=1), np.stack([second, under[first], under[second]], axis=1)]
    return border, np.concatenate([faces, *strip]).astype(np.int32)
