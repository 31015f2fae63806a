"""Moving cloth out of what it must not enter, every frame, without searching.

What each cloth point can meet is found once (`candidates`); a frame only tests those few triangles where they are now.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.geometry.adjacency import vertex_faces

from ._kernels import apply_moves, corner_normals, diffuse, face_frames, push

KEPT_BUFFERS = 4  # vertex buffers whose launches are kept ready, for callers that use them in turn


class Fade(NamedTuple):
    """Where a triangle no longer concerns a point, so that pushes come and go gradually.

    Attributes:
        begin: Beside the triangle by this, pushes begin to fade [m].
        end: Beside it by this, they are gone [m].
        depth: Under it by this, they are gone: the point is not in but behind; they fade over its last third [m].
    """

    begin: float
    end: float
    depth: float


class Side(NamedTuple):
    """What cloth points can meet on one side.

    Attributes:
        candidates: int32 [M, K] the triangles each point may meet; −1 for none.
        gap: Least height over the triangles [m].
        fade: Where a triangle no longer concerns a point.
    """

    candidates: NDArray[np.int32]
    gap: float
    fade: Fade


class PushOut:
    """Pushes some points of a vertex buffer out of some triangles of the same buffer.

    On either side a point is tested against the nearest two of its candidate triangles, by the mean height over their
    smooth normals, the closer one counting more, so that no push jumps from one frame to the next. Both sides are
    cleared by one move: under an arm, pushing out of the arm and then out of the chest would undo each other. Pushes
    are diffused over the cloth so that nothing jags, but never fall short of what a point needs.

    Args:
        moved: int32 [M] the points that may move, indices into the buffer.
        below: What they lie on.
        facing: What they may run into, or None.
        faces: int32 [F, 3] triangles to stay out of, indices into the buffer; what candidates are rows of.
        starts: int32 [M + 1] and
        neighbours: int32, the moved points' neighbours in compressed rows, numbered like `moved`.
        passes: Diffusions of the pushes, for each round of pushing.
        device: Warp device.
    """

    def __init__(
        self,
        moved: NDArray[np.int32],
        below: Side,
        facing: Side | None,
        faces: NDArray[np.int32],
        starts: NDArray[np.int32],
        neighbours: NDArray[np.int32],
        *,
        passes: tuple[int, ...] = (2,),
        device: str = "cpu",
    ) -> None:
        self.device = device
        self._passes = passes
        nothing = np.full((len(moved), 1), -1, np.int32)
        sides = (below, Side(nothing, 0.0, below.fade) if facing is None else facing)
        used = _UsedFaces.of(faces, np.concatenate([side.candidates for side in sides], axis=1))

        def integers(values: NDArray[np.int32]) -> Any:
            return wp.array(np.ascontiguousarray(values, np.int32), dtype=wp.int32, device=device)

        def vectors(count: int) -> Any:
            return wp.zeros(count, dtype=wp.vec3, device=device)

        self._moved = integers(moved)
        parted = np.split(used.candidates, [below.candidates.shape[1]], axis=1)
        self._sides: list[Any] = []
        for candidates, side in zip(parted, sides, strict=True):
            self._sides += [integers(candidates), side.gap, wp.vec3(*side.fade)]
        self._faces, self._corners = integers(used.faces), integers(used.corners)
        self._around_starts, self._around = integers(used.around_starts), integers(used.around)
        self._starts, self._neighbours = integers(starts), integers(neighbours)
        self._centres, self._area_vectors = vectors(len(used.faces)), vectors(len(used.faces))
        self._normals = vectors(len(used.around_starts) - 1)
        self._pushes, self._moves, self._other = (vectors(len(moved)) for _ in range(3))
        self._commands: dict[int, list[Any]] = {}

    def launch(self, points: Any) -> None:
        """Push the points of this Warp vec3 buffer out, in place; the first call prepares its launches."""
        if points.ptr not in self._commands:
            if len(self._commands) == KEPT_BUFFERS:
                self._commands.clear()
            self._commands[points.ptr] = self._record(points)
        for command in self._commands[points.ptr]:
            command.launch()

    def _record(self, points: Any) -> list[Any]:
        def command(kernel: Any, dim: int, inputs: list[Any], outputs: list[Any]) -> Any:
            return wp.launch(kernel, dim=dim, inputs=inputs, outputs=outputs, device=self.device, record_cmd=True)

        count = len(self._moved)
        commands = [
            command(face_frames, len(self._faces), [points, self._faces], [self._centres, self._area_vectors]),
            command(
                corner_normals,
                len(self._normals),
                [self._area_vectors, self._around_starts, self._around],
                [self._normals],
            ),
        ]
        table = [self._faces, self._corners, self._centres, self._normals]
        for passes in self._passes:
            moves, other = self._moves, self._other
            commands.append(command(push, count, [points, self._moved, *self._sides, *table], [self._pushes, moves]))
            for _ in range(passes):
                commands.append(command(diffuse, count, [self._pushes, moves, self._starts, self._neighbours], [other]))
                moves, other = other, moves
            commands.append(command(apply_moves, count, [moves, self._moved], [points]))
        return commands


class _UsedFaces(NamedTuple):
    """The triangles that any point may meet and those around their corners, renumbered without gaps."""

    faces: NDArray[np.int32]  # [U, 3] into the buffer
    corners: NDArray[np.int32]  # [U, 3] into the used corners
    candidates: NDArray[np.int32]  # [M, K] into `faces`
    around_starts: NDArray[np.int32]  # the faces at each used corner, compressed rows
    around: NDArray[np.int32]

    @classmethod
    def of(cls, faces: NDArray[np.int32], candidates: NDArray[np.int32]) -> _UsedFaces:
        met = np.unique(candidates[candidates >= 0])
        corner_points = np.unique(faces[met])
        # the corners of the candidates come first: only they need normals, which need every face around them
        wanted = np.zeros(int(faces.max(initial=0)) + 1, bool)
        wanted[corner_points] = True
        touching = np.flatnonzero(wanted[faces].any(axis=1))
        others = np.setdiff1d(np.unique(faces[touching]), corner_points)
        number = np.full(len(wanted), -1, np.int32)
        number[np.concatenate([corner_points, others])] = np.arange(len(corner_points) + len(others))
        face_number = np.full(len(faces) + 1, -1, np.int32)  # the last entry keeps −1 for "none"
        face_number[touching] = np.arange(len(touching))
        corners = number[faces[touching]]
        starts, around = vertex_faces(corners, len(corner_points) + len(others))
        starts = starts[: len(corner_points) + 1]
        return cls(faces[touching], corners, face_number[candidates], starts, around[: starts[-1]])
