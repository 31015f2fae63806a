"""Moving cloth out of what it must not enter, every frame, without searching all of it.

What each cloth point can meet is found once (`candidates`); a frame only tests those few triangles where they are now.
Cloth that slides, because a learned field moves it, comes to lie elsewhere: a frame walks there over the surface from
what is beneath it at rest.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.geometry.adjacency import Neighbours, vertex_faces
from dressform.runtime.geometry.adjacency import neighbours as neighbours_of
from dressform.runtime.geometry.simd.code import lanes_on

from ._kernels import STEPS, Planes, apply_moves, diffuse, face_planes, push, seek
from .launches import Launches


class Fade(NamedTuple):
    """Where a triangle no longer concerns a point, so that pushes come and go gradually.

    Attributes:
        begin: Beside its centre by this, pushes begin to fade [m].
        end: Beside its centre by this, they are gone [m].
        depth: Under it by this, they are gone: the point is not in but behind; they fade over its last third [m].
    """

    begin: float
    end: float
    depth: float


class Side(NamedTuple):
    """What cloth points can meet on one side.

    Attributes:
        candidates: int32 [M, K] the triangles each point may meet, the nearest at rest first; −1 for none.
        gap: Least height over the triangles [m].
        fade: Where a triangle no longer concerns a point.
        slides: Which points slide over the surface, further than their candidates reach: bool [M], or for all of them.
    """

    candidates: NDArray[np.int32]
    gap: float
    fade: Fade
    slides: NDArray[np.bool_] | bool = False


class PushOut:
    """Pushes some points of a vertex buffer out of some triangles of the same buffer.

    On either side a point is tested against the mean plane of some triangles, the nearer counting more and the more of
    them the deeper it is. Their shares change gradually as it moves, so that no push jumps from one frame to the next.
    The triangles are its candidates or, where it slides over what it lies on, those around the nearest corner. Both
    sides are cleared by one move: under an arm, pushing out of the arm and then out of the chest would undo each other.
    Moves are diffused over the cloth so that nothing jags, but never bring a point back into either side.

    Args:
        moved: int32 [M] the points that may move, indices into the buffer.
        below: What they lie on; a walk to it begins at the first of a point's candidates.
        facing: What they may run into, or None; they do not slide on it.
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
        beyond = Side(nothing, 0.0, below.fade) if facing is None else facing
        slides = np.broadcast_to(below.slides, len(moved))
        first = np.where(slides, below.candidates[:, 0], -1)
        used = _UsedFaces.of(faces, first, below.candidates, beyond.candidates)

        def integers(values: NDArray[np.int32]) -> Any:
            return wp.array(np.ascontiguousarray(values, np.int32), dtype=wp.int32, device=device)

        def vectors(count: int) -> Any:
            return wp.zeros(count, dtype=wp.vec3, device=device)

        self._moved = integers(moved)
        walks = bool(slides.any())
        width = used.below.shape[1]
        room = np.full((len(moved), max(width, used.most_around) if walks else width), -1, np.int32)
        room[~slides, :width] = used.below[~slides]  # the other rows are for what is around the end of a walk
        self._below = integers(room)
        self._sides: list[Any] = []
        for candidates, side in ((self._below, below), (integers(used.beyond), beyond)):
            self._sides += [candidates, side.gap, wp.vec3(*side.fade)]
        self._walk = [integers(values) for values in (used.begins, used.points, *used.ways)] if walks else []
        self._faces = integers(used.faces)
        self._around_starts, self._around = integers(used.around_starts), integers(used.around)
        self._starts, self._neighbours = integers(starts), integers(neighbours)
        self._centres, self._normals = vectors(len(used.faces)), vectors(len(used.faces))
        self._met = wp.zeros(len(moved), dtype=Planes, device=device)
        self._moves, self._other = vectors(len(moved)), vectors(len(moved))
        self._launches = Launches(self._record)

    def launch(self, points: Any) -> None:
        """Push the points of this Warp vec3 buffer out, in place; the first call prepares its launches."""
        self._launches.run(points)

    def _record(self, points: Any) -> list[Any]:
        def command(kernel: Any, dim: int, inputs: list[Any], outputs: list[Any]) -> Any:
            return wp.launch(kernel, dim=dim, inputs=inputs, outputs=outputs, device=self.device, record_cmd=True)

        count, lanes = len(self._moved), lanes_on(self.device)
        blocks = -(-count // lanes)
        planes = [self._centres, self._normals]
        commands = [command(face_planes, len(self._faces), [points, self._faces], planes)]
        if self._walk:
            around = [self._around_starts, self._around, lanes]
            commands.append(command(seek, blocks, [points, self._moved, *self._walk, *around], [self._below]))
        for passes in self._passes:
            moves, other = self._moves, self._other
            pushed = [points, self._moved, *self._sides, *planes, lanes]
            commands.append(command(push, blocks, pushed, [self._met, moves]))
            for _ in range(passes):
                spread = [self._met, moves, self._starts, self._neighbours, lanes]
                commands.append(command(diffuse, blocks, spread, [other]))
                moves, other = other, moves
            commands.append(command(apply_moves, count, [moves, self._moved], [points]))
        return commands


class _UsedFaces(NamedTuple):
    """The triangles that any point may meet, for walks those around their corners too, renumbered without gaps."""

    faces: NDArray[np.int32]  # [U, 3] into the buffer
    points: NDArray[np.int32]  # the used corners, into the buffer
    begins: NDArray[np.int32]  # [M] the used corner where each point's walk begins; −1 for none
    ways: Neighbours  # from used corner to used corner
    below: NDArray[np.int32]  # [M, K] candidates, into `faces`; −1 for none
    beyond: NDArray[np.int32]
    around_starts: NDArray[np.int32]  # the faces at each used corner, compressed rows
    around: NDArray[np.int32]

    @property
    def most_around(self) -> int:
        """The most faces around one corner."""
        return int(np.diff(self.around_starts).max(initial=1))

    @classmethod
    def of(
        cls, faces: NDArray[np.int32], first: NDArray[np.int32], below: NDArray[np.int32], beyond: NDArray[np.int32]
    ) -> _UsedFaces:
        begins = np.where(first >= 0, faces[first, 0], -1)
        reached = _reached(faces, begins[begins >= 0])
        known = np.union1d(below, beyond)
        met = np.union1d(known[known >= 0], np.flatnonzero(reached[faces].any(axis=1)))
        # the corners of what is met come first: only there do walks end
        points = np.unique(faces[met])
        wanted = np.zeros(len(reached), bool)
        wanted[points] = True
        touching = np.flatnonzero(wanted[faces].any(axis=1)) if reached.any() else met
        others = np.setdiff1d(np.unique(faces[touching]), points)
        number = np.full(len(reached) + 1, -1, np.int32)  # the last entry keeps −1 for "none"
        number[np.concatenate([points, others])] = np.arange(len(points) + len(others))
        face_number = np.full(len(faces) + 1, -1, np.int32)
        face_number[touching] = np.arange(len(touching))
        corners = number[faces[touching]]
        starts, around = vertex_faces(corners, len(points) + len(others))
        starts = starts[: len(points) + 1]
        ways = neighbours_of(number[faces[reached[faces].all(axis=1)]], len(points))
        return cls(
            faces=faces[touching],
            points=points,
            begins=number[begins],
            ways=ways,
            below=face_number[below],
            beyond=face_number[beyond],
            around_starts=starts,
            around=around[: starts[-1]],
        )


def _reached(faces: NDArray[np.int32], begins: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which points walks from some of them can come to."""
    reached = np.zeros(int(faces.max(initial=0)) + 1, bool)
    reached[begins] = True
    for _ in range(STEPS):
        reached[faces[reached[faces].any(axis=1)]] = True
    return reached
