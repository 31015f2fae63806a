"""Garments simulated on a body: their rest drape, the drape in any pose by one fixed protocol, and in motion."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.protocol import Pose, RestBody
from dressform.schemas.errors import InputError

from .layer import ClothLayer
from .poses import blended, eased, levelled, moved
from .solver import FRAME
from .solvers import solver_kind
from .wearing import Wearing

Floats = NDArray[np.float32]

NEAR = 1.0  # a body that travels is simulated within about this of the origin [m]
SWEEP = 0.012  # the body moves no further against the cloth in a substep [m]
MOST_SUBSTEPS = 8


@dataclass(frozen=True)
class CanonicalProtocol:
    """How a pose is reached, so that its drape is nearly a function of pose and body.

    The cloth is reset to its rest drape, the body moves along the short path with an easy start and end, then holds.

    Attributes:
        move: Frames of 1/60 s that the body moves for.
        hold: Frames that it then holds the pose for.
        settle: Frames that the rest drape is given to come to rest.
        calm: Share of the velocity taken away a frame while the body holds its pose.
        finish: Iterations of the solver while the body holds its pose: a solver that stops early lets cloth sag.
        noise_mm: Standard deviation of noise on the start of each pose [mm]; to measure how repeatable a drape is.
        attempts: Substeps and iterations of each attempt, the next one finer; None takes the solver's own.
    """

    move: int = 18
    hold: int = 18
    settle: int = 50
    calm: float = 0.05
    finish: int = 12
    noise_mm: float = 0.0
    attempts: tuple[tuple[int, int], ...] | None = None


CANONICAL = CanonicalProtocol()


class Posed(NamedTuple):
    """Garments simulated in one pose.

    Attributes:
        points: float32 [V, 3] of each whole garment in the world [m].
        still_mm: How far the cloth that moved most went in the last frame [mm].
        attempts: How many it took; 1 when nothing went wrong.
    """

    points: list[Floats]
    still_mm: float
    attempts: int


class Moment(NamedTuple):
    """A moment of a motion: all that the next one follows from.

    Attributes:
        pose: Of the body.
        points: float32 [P, 3] of each garment, what is simulated [m].
        speeds: float32 [P, 3] of each garment [m/s]; None before the first step.
    """

    pose: Pose
    points: list[Floats]
    speeds: list[Floats] | None


class Dropped(InputError):  # noqa: N818 (it says what became of the pose)
    """A pose that no attempt could simulate; `reason` says what went wrong last."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the pose cannot be simulated: {reason}; leave it out or make the cloth stiffer")
        self.reason = reason


class PosedCloth:
    """Garments on one body, simulated pose by pose or in motion.

    Attributes:
        layers: The garments, innermost first.
        moment: The last of `clip`, or None.

    Args:
        wearings: On this body, innermost first; each meets the body and the garments below it.
        rest: The body.
        solver: "style3d" (fast) or "vbd" (finer, slower).
        protocol: How a pose is reached.
        seed: Of the protocol's noise.

    Raises:
        InputError: When newton is not installed.
    """

    def __init__(
        self,
        wearings: Sequence[Wearing],
        rest: RestBody,
        *,
        solver: str = "style3d",
        protocol: CanonicalProtocol = CANONICAL,
        seed: int = 0,
    ) -> None:
        if not wearings:
            raise InputError("there is nothing to simulate: give at least one garment")
        kind = solver_kind(solver)
        self.wearings, self.rest, self.protocol, self.seed = tuple(wearings), rest, protocol, seed
        self._attempts = protocol.attempts or kind.attempts
        self.layers: tuple[ClothLayer, ...] = ()
        for wearing in wearings:
            self.layers = (*self.layers, ClothLayer(wearing, rest, kind, self.layers))
        self._near = np.unique(np.concatenate([layer.near for layer in self.layers]))
        self._rest_pose = rest.rest_pose()
        self.moment: Moment | None = None

    def settle(self) -> list[Floats]:
        """Return the rest drape on this body, float32 [V, 3] of each whole garment [m]; computed once.

        Raises:
            Dropped: When the garments cannot be worn on this body.
        """
        return self._expanded(self._rest_drape())

    def pose(self, pose: Pose) -> Posed:
        """Return the garments in a pose by the canonical protocol.

        Where the body stands and which way it faces change nothing but where the result lies.

        Args:
            pose: Of the body.

        Raises:
            Dropped: When no attempt gives a sound drape.
        """
        level, place = levelled(pose, self.rest)
        cloth, still_mm, attempts = self._reached(level)
        return Posed(self._expanded([place.world(points) for points in cloth]), still_mm, attempts)

    def clip(self, poses: Iterable[Pose], fps: float, *, after: Moment | None = None) -> Iterator[list[Floats]]:
        """Yield the garments, float32 [V, 3] each [m], in motion: one item a pose.

        The cloth has come to hang in the first pose when the motion begins, and goes at the body's speed. `moment` says
        after each item what the next one follows from.

        Args:
            poses: At equal distances of time, as many as wanted.
            fps: Poses per second.
            after: The moment before the first pose, to go on with a motion that was interrupted, to the same bits.

        Raises:
            Dropped: When the cloth flies apart and no finer attempt keeps it together.
        """
        self._rest_drape()
        self.moment = after
        for pose in poses:
            self.moment = self._first(pose) if self.moment is None else self._next(self.moment, pose, fps)
            yield self._expanded(self.moment.points)

    def _first(self, pose: Pose) -> Moment:
        level, place = levelled(pose, self.rest)
        return Moment(pose, [place.world(points) for points in self._reached(level)[0]], None)

    def _next(self, moment: Moment, pose: Pose, fps: float) -> Moment:
        """Return the moment at a pose that follows another by a frame."""
        last, speeds = moment.pose, moment.speeds
        if speeds is None:
            speed = (pose.root - last.root) * np.float32(fps)
            speeds = [np.tile(speed, (len(points), 1)) for points in moment.points]
        # far from the origin, single precision would tell on the folds
        origin = np.array([*np.round(last.root[:2] / NEAR) * NEAR, 0.0], np.float32)
        here = [points - origin for points in moment.points]
        here, speeds = self._advanced(moved(last, -origin), moved(pose, -origin), fps, here, speeds)
        return Moment(pose, [points + origin for points in here], speeds)

    def _rest_drape(self) -> list[Floats]:
        """Return what is simulated of each garment at rest, [P, 3] [m]."""
        if any(layer.drape is None for layer in self.layers):
            frames = self.protocol.settle

            def run(fineness: tuple[int, int]) -> list[Floats]:
                self._begin(fineness, self._rest_pose, [layer.start for layer in self.layers])
                for frame in range(frames):
                    if frame == frames // 2:
                        self._finish(fineness)
                    self._step(fineness, self._rest_pose, self._rest_pose, damping=_lull(frame / frames))
                return self._points(fineness)

            for layer, points in zip(self.layers, self._attempted(run, self._rest_pose)[0], strict=True):
                layer.drape = points
        return [layer.drape for layer in self.layers if layer.drape is not None]

    def _reached(self, pose: Pose) -> tuple[list[Floats], float, int]:
        """Return the cloth in a levelled pose, how far it last went [mm], and the attempts it took."""
        drape, protocol = self._rest_drape(), self.protocol
        if protocol.noise_mm:
            random = np.random.default_rng(self.seed)
            noise = [random.normal(0, 1e-3 * protocol.noise_mm, points.shape) for points in drape]
            drape = [(points + off).astype(np.float32) for points, off in zip(drape, noise, strict=True)]
        before: list[Floats] = drape

        def run(fineness: tuple[int, int]) -> list[Floats]:
            nonlocal before
            self._begin(fineness, self._rest_pose, drape)
            last = self._rest_pose
            for frame in range(protocol.move):
                coming = blended(self._rest_pose, pose, eased((frame + 1) / protocol.move))
                self._step(fineness, last, coming)
                last = coming
            self._finish(fineness)
            for _ in range(protocol.hold):
                before = self._points(fineness)
                self._step(fineness, pose, pose, damping=protocol.calm)
            return self._points(fineness)

        cloth, attempts = self._attempted(run, pose)
        went = max(float(np.linalg.norm(a - b, axis=1).max()) for a, b in zip(cloth, before, strict=True))
        return cloth, 1e3 * went, attempts

    def _advanced(
        self, last: Pose, pose: Pose, fps: float, cloth: list[Floats], speeds: list[Floats]
    ) -> tuple[list[Floats], list[Floats]]:
        """Return points and velocities of each garment one pose later."""
        frames = max(1, round(1 / (fps * FRAME)))
        reached = speeds

        def run(fineness: tuple[int, int]) -> list[Floats]:
            nonlocal reached
            self._begin(fineness, last, cloth, speeds)
            here = last
            for frame in range(frames):
                coming = blended(last, pose, (frame + 1) / frames)
                self._step(fineness, here, coming, seconds=1 / (fps * frames))
                here = coming
            reached = [layer.simulation(fineness).velocities for layer in self.layers]
            return self._points(fineness)

        return self._attempted(run, pose)[0], reached

    def _attempted(self, run: Callable[[tuple[int, int]], list[Floats]], pose: Pose) -> tuple[list[Floats], int]:
        """Return what the first sound attempt gives, and how many it took."""
        fault, body = "", self.rest.posed_vertices(pose)
        for number, fineness in enumerate(self._attempts):
            cloth = run(fineness)
            faults = (layer.fault(points, pose, body) for layer, points in zip(self.layers, cloth, strict=True))
            fault = next(filter(None, faults), "")
            if not fault:
                return cloth, number + 1
        raise Dropped(fault)

    def _begin(
        self, fineness: tuple[int, int], pose: Pose, cloth: list[Floats], speeds: list[Floats] | None = None
    ) -> None:
        """Put body and cloth where a motion starts."""
        transforms = self.rest.skin_transforms(pose)
        met = [self.rest.posed_vertices(pose)]
        for k, (layer, points) in enumerate(zip(self.layers, cloth, strict=True)):
            simulation = layer.simulation(fineness)
            simulation.refine(fineness[1])
            simulation.set_body(np.concatenate(met), layer.anchors(transforms))
            simulation.set(points, None if speeds is None else speeds[k])
            met.append(layer.shell(points))

    def _finish(self, fineness: tuple[int, int]) -> None:
        """Solve the following frames, in which the body is still, closer to the end."""
        for layer in self.layers:
            layer.simulation(fineness).refine(max(fineness[1], self.protocol.finish))

    def _step(
        self, fineness: tuple[int, int], last: Pose, pose: Pose, *, damping: float = 0.0, seconds: float = FRAME
    ) -> None:
        """Advance all garments by one frame, the inner ones first."""
        transforms = self.rest.skin_transforms(pose)
        met = [self.rest.posed_vertices(pose)]
        substeps = fineness[0]
        if pose is not last:
            went = float(np.linalg.norm((met[0] - self.rest.posed_vertices(last))[self._near], axis=1).max())
            substeps = max(substeps, min(math.ceil(went / SWEEP), MOST_SUBSTEPS))
        for layer in self.layers:
            simulation = layer.simulation(fineness)
            anchors = layer.anchors(transforms)
            simulation.step(np.concatenate(met), anchors, damping=damping, seconds=seconds, substeps=substeps)
            met.append(layer.shell(simulation.points))

    def _points(self, fineness: tuple[int, int]) -> list[Floats]:
        return [layer.simulation(fineness).points for layer in self.layers]

    def _expanded(self, cloth: Sequence[Floats]) -> list[Floats]:
        return [wearing.expand(points) for wearing, points in zip(self.wearings, cloth, strict=True)]


def _lull(share: float) -> float:
    """Return the share of the velocity taken away a frame on the way to the rest drape: much at first and at last."""
    return 0.5 if share < 0.2 else 0.1 if share < 0.6 else 0.1 + 1.5 * (share - 0.6)
