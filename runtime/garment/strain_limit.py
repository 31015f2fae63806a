"""Cloth that resists being stretched: what a field or skin weights draw out is drawn together again, every frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.assets.files.field import Field
from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.geometry.adjacency import neighbours as neighbours_of
from dressform.runtime.geometry.simd.code import lanes_on

from ._kernels_strain import put_points, shorten, take_points
from .launches import Launches

ROUNDS = 5
MOST = 0.01  # what an edge may be longer than it was cut; where it is longer at rest, no more than there
SHARE = 0.25  # of what its edges are too long by, that a point goes in a round; more than 0.3 overshoots
USUAL_EDGES = 6.0  # that meet at a point
ONWARD = 0.5  # of its last move, that a point makes again: as good as twice the rounds


def moved_faces(mesh: GarmentMesh, field: Field) -> NDArray[np.int32]:
    """Return a garment's triangles [F, 3] all of whose corners its field moves."""
    moved = np.zeros(len(mesh.points), np.bool_)
    moved[field.points] = True
    return mesh.faces[moved[mesh.faces].all(axis=1)]


class StrainLimit:
    """Shortens edges of a garment's cloth that are too long, in a buffer of all vertices.

    Rounds of strain limiting (Provot, "Deformation constraints in a mass-spring model", 1995), all edges at once, with
    momentum (Polyak, 1964): a few take out the sharp stretches, and the result depends on nothing but the pose.

    Args:
        faces: int32 [F, 3] the triangles of the cloth, indices into the garment's points.
        cut: float32 [V, 3] the garment's points in its own shape, which its edges' lengths are from [m].
        rest: float32 [V, 3] the garment's points on the body [m].
        start: The garment's first vertex in the buffers.
        acting: Warp array [1] of the share in [0, 1] with which the limit acts when `launch` is called.
        device: Warp device.
    """

    def __init__(
        self,
        faces: NDArray[np.int32],
        cut: NDArray[np.float32],
        rest: NDArray[np.float32],
        start: int,
        acting: Any,
        *,
        device: str = "cpu",
    ) -> None:
        self.device = device
        used, local = np.unique(faces, return_inverse=True)
        starts, neighbours = neighbours_of(local.reshape(faces.shape), len(used))
        count = np.diff(starts)
        owner = np.repeat(np.arange(len(used)), count)
        own, fitted = (np.linalg.norm(p[used[owner]] - p[used[neighbours]], axis=1) for p in (cut, rest))
        # a row for each point's first edge, one for each second, and so on; −1 where there is none
        slot = np.arange(len(owner)) - starts[owner]
        ends = np.full((int(count.max(initial=0)), len(used)), -1, np.int32)
        longest = np.zeros(ends.shape, np.float32)
        ends[slot, owner] = neighbours
        longest[slot, owner] = np.maximum((1 + MOST) * own, fitted)

        def floats(values: NDArray[Any]) -> Any:
            return wp.array(values.astype(np.float32), dtype=wp.float32, device=device)

        self._places = wp.array((used + start).astype(np.int32), dtype=wp.int32, device=device)
        self._lanes = lanes_on(device)
        # where very many edges meet, each counts less: together they would pull the point past all of their other ends
        parts = floats(np.minimum(USUAL_EDGES / np.maximum(count, 1), 1.0))
        ends_there = wp.array(ends, dtype=wp.int32, device=device)
        self._rows = [ends_there, floats(longest), parts, acting, SHARE, ONWARD, self._lanes]
        self._one, self._other = (wp.zeros(len(used), dtype=wp.vec3, device=device) for _ in range(2))
        self._launches = Launches(self._record)

    def launch(self, points: Any) -> None:
        """Shorten the edges in this Warp vec3 buffer, in place; the first call prepares its launches."""
        self._launches.run(points)

    def _record(self, points: Any) -> list[Any]:
        count = len(self._places)
        if not count:
            return []

        def command(kernel: Any, inputs: list[Any], *outputs: Any, dim: int = count) -> Any:
            return wp.launch(kernel, dim=dim, inputs=inputs, outputs=outputs, device=self.device, record_cmd=True)

        one, other = self._one, self._other
        commands = [command(take_points, [points, self._places], one, other)]
        for _ in range(ROUNDS):
            commands.append(command(shorten, [one, *self._rows], other, dim=-(-count // self._lanes)))
            one, other = other, one
        return [*commands, command(put_points, [one, self._places], points)]
