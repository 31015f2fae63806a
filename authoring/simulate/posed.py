"""Garments simulated on a body: their rest drape, the drape in any pose by one fixed protocol, and in motion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.body.skinning import skin
from dressform.runtime.geometry.distance import Surface
from dressform.schemas.errors import InputError

from .membrane import Membrane
from .poses import blended, eased, levelled, moved
from .solver import FRAME, Anchors, ClothSimulation, Slack, SolverOptions
from .solvers import solver_kind
from .wearing import Wearing

Floats = NDArray[np.float32]

UP = np.array([0.0, 0.0, 1.0], np.float32)
BAND_SLACK = Slack(along=0.008, across=0.03)  # a waistband slips a little, and stands off where the body bends [m]
NEAR = 2.0  # [m]
DEEP, MOST_INSIDE = 0.01, 0.02  # so much of the cloth may be this deep inside the body [m]
TORN = 3.0  # a triangle stretched by so much more than its length is not cloth any more
FLOWN = 1.0  # cloth further than this from where skinning puts it has flown away [m]


@dataclass(frozen=True)
class CanonicalProtocol:
    """How a pose is reached, so that its drape is nearly a function of pose and body.

    The cloth is reset to its rest drape, the body moves along the short path with an easy start and end, then holds.

    Attributes:
        move: Frames of 1/60 s that the body moves for.
        hold: Frames that it then holds the pose for.
        settle: Frames that the rest drape is given to come to rest.
        calm: Share of the velocity taken away a frame while the body holds its pose.
        noise_mm: Standard deviation of noise on the start of each pose [mm]; to measure how repeatable a drape is.
        attempts: Substeps and iterations of each attempt, the next one finer.
    """

    move: int = 18
    hold: int = 18
    settle: int = 90
    calm: float = 0.05
    noise_mm: float = 0.0
    attempts: tuple[tuple[int, int], ...] = ((2, 4), (4, 6), (6, 10))


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


class Dropped(InputError):  # noqa: N818 (it says what became of the pose)
    """A pose that no attempt could simulate; `reason` says what went wrong last."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the pose cannot be simulated: {reason}; leave it out or make the cloth stiffer")
        self.reason = reason


class PosedCloth:
    """Garments on one body, simulated pose by pose or in motion.

    Args:
        wearings: On this body, innermost first; they collide with each other.
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
        self.wearings, self.rest, self.protocol = tuple(wearings), rest, protocol
        self._kind = solver_kind(solver)
        self._random = np.random.default_rng(seed)
        counts = [len(wearing.points) for wearing in wearings]
        self._starts = np.cumsum([0, *counts])
        pairs = list(zip(self.wearings, self._starts, strict=False))
        self._faces = np.concatenate([wearing.faces + start for wearing, start in pairs]).astype(np.int32)
        self._corners = np.concatenate([wearing.corners for wearing in wearings])
        firsts = np.cumsum([0, *(len(wearing.cloths) for wearing in wearings)])
        self._cloths = [cloth for wearing in wearings for cloth in wearing.cloths]
        self._cloth_of = np.concatenate(
            [wearing.cloth_of + first for wearing, first in zip(self.wearings, firsts, strict=False)]
        )
        self._band = np.concatenate([wearing.band + start for wearing, start in pairs])
        self._membrane = Membrane(self._corners, self._faces, int(self._starts[-1]))
        width = max(wearing.joint_indices.shape[1] for wearing in wearings)
        self._joint_indices = _stacked([wearing.joint_indices for wearing in wearings], width)
        self._joint_weights = _stacked([wearing.joint_weights for wearing in wearings], width)
        self._rest_pose = rest.rest_pose()
        self._rest_body = rest.posed_vertices(self._rest_pose)
        self._simulations: dict[int, ClothSimulation] = {}
        self._settled: Floats | None = None
        self._went: Floats = np.zeros((0, 3), np.float32)

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
        points, still_mm, attempts = self._reached(level)
        return Posed(self._expanded(place.world(points)), still_mm, attempts)

    def clip(self, poses: Iterable[Pose], fps: float) -> Iterator[list[Floats]]:
        """Yield the garments, float32 [V, 3] each [m], in motion: one item a pose.

        The cloth has come to hang in the first pose when the motion begins, and goes at the body's speed.

        Args:
            poses: At equal distances of time, as many as wanted.
            fps: Poses per second.

        Raises:
            Dropped: When the cloth flies apart and no finer attempt keeps it together.
        """
        coming = iter(poses)
        last = next(coming, None)
        if last is None:
            return
        level, place = levelled(last, self.rest)
        points = place.world(self._reached(level)[0])
        yield self._expanded(points)
        velocities: Floats | None = None
        origin = np.zeros(3, np.float32)  # far from it, single precision would tell on the folds
        for pose in coming:
            if velocities is None:
                velocities = np.tile((pose.root - last.root) * np.float32(fps), (len(points), 1))
            if float(np.linalg.norm(pose.root - origin)) > NEAR:
                origin = np.array([*pose.root[:2], 0.0], np.float32)
            here, there = moved(last, -origin), moved(pose, -origin)
            points, velocities = self._advanced(here, there, fps, points - origin, velocities)
            points, last = points + origin, pose
            yield self._expanded(points)

    def _rest_drape(self) -> Floats:
        """Return what is simulated at rest, [P, 3] [m]."""
        if self._settled is None:
            start = np.concatenate([wearing.fitted[wearing.points] for wearing in self.wearings])
            self._settled = self._attempted(lambda k: self._fallen(start, k), self._rest_pose)[0]
        return self._settled

    def _fallen(self, start: Floats, attempt: int) -> Floats:
        """Return the cloth come to rest from where the runtime fits it [P, 3] [m]."""
        simulation = self._simulation(attempt)
        still = Anchors(start[self._band], np.tile(UP, (len(self._band), 1)))
        simulation.set_body(self._rest_body, still)
        simulation.set(start)
        for frame in range(self.protocol.settle):
            simulation.step(damping=_lull(frame / self.protocol.settle))
        return simulation.points

    def _reached(self, pose: Pose) -> tuple[Floats, float, int]:
        """Return the cloth in a pose [P, 3] [m], how far it last went [mm], and the attempts it took."""
        drape, protocol = self._rest_drape(), self.protocol
        if protocol.noise_mm:
            drape = drape + self._random.normal(0, 1e-3 * protocol.noise_mm, drape.shape).astype(np.float32)

        def run(attempt: int) -> Floats:
            simulation = self._simulation(attempt)
            simulation.set_body(*self._body(self._rest_pose))
            simulation.set(drape)
            for frame in range(protocol.move):
                simulation.step(*self._body(blended(self._rest_pose, pose, eased((frame + 1) / protocol.move))))
            for _ in range(protocol.hold):
                before = simulation.points
                simulation.step(damping=protocol.calm)
            self._went = before
            return simulation.points

        points, attempts = self._attempted(run, pose)
        return points, 1e3 * float(np.linalg.norm(points - self._went, axis=1).max()), attempts

    def _advanced(
        self, last: Pose, pose: Pose, fps: float, points: Floats, velocities: Floats
    ) -> tuple[Floats, Floats]:
        """Return points and velocities [P, 3] one pose later."""
        frames = max(1, round(1 / (fps * FRAME)))
        reached = velocities

        def run(attempt: int) -> Floats:
            nonlocal reached
            simulation = self._simulation(attempt)
            simulation.set_body(*self._body(last))
            simulation.set(points, velocities)
            for k in range(frames):
                simulation.step(*self._body(blended(last, pose, (k + 1) / frames)), seconds=1 / (fps * frames))
            reached = simulation.velocities
            return simulation.points

        return self._attempted(run, pose)[0], reached

    def _attempted(self, run: Callable[[int], Floats], pose: Pose) -> tuple[Floats, int]:
        """Return what the first sound attempt gives, and how many it took."""
        fault = ""
        for attempt in range(len(self.protocol.attempts)):
            points = run(attempt)
            fault = self._fault(points, pose)
            if not fault:
                return points, attempt + 1
        raise Dropped(fault)

    def _fault(self, points: Floats, pose: Pose) -> str:
        """Say what shows that the simulation went wrong, or nothing."""
        if not np.isfinite(points).all():
            return "a coordinate of the cloth is not a number"
        worst = float(self._membrane.strains(points.astype(np.float64))[:, 0].max())
        if worst > TORN:
            return f"the cloth is torn (stretched by {100 * worst:.0f} %)"
        body = self.rest.posed_vertices(pose)
        low, high = body.min(axis=0) - FLOWN, body.max(axis=0) + FLOWN
        if (points < low).any() or (points > high).any():
            return f"cloth flew more than {FLOWN:g} m away from the body"
        depth = -Surface(body, self.rest.body.faces).signed_distance(points)
        deep = float((depth > DEEP).mean())
        return f"{100 * deep:.1f} % of the cloth is inside the body" if deep > MOST_INSIDE else ""

    def _simulation(self, attempt: int) -> ClothSimulation:
        """Return the simulation of an attempt, made when it is first needed."""
        if attempt not in self._simulations:
            substeps, iterations = self.protocol.attempts[attempt]
            start = np.concatenate([wearing.fitted[wearing.points] for wearing in self.wearings])
            simulation = self._kind(
                self._corners,
                self._faces,
                start,
                self._rest_body,
                self.rest.body.faces,
                self._cloths,
                self._cloth_of,
                options=SolverOptions(substeps=substeps, iterations=iterations),
            )
            if len(self._band):
                up = np.tile(UP, (len(self._band), 1))
                simulation.carry(self._band, Anchors(start[self._band], up), BAND_SLACK)
            self._simulations[attempt] = simulation
        return self._simulations[attempt]

    def _body(self, pose: Pose) -> tuple[Floats, Anchors | None]:
        """Return the posed body [V, 3] [m] and where it carries the waistbands."""
        transforms = self.rest.skin_transforms(pose)
        body = self.rest.body
        vertices = skin(self.rest.vertices, body.joint_indices, body.joint_weights, transforms)
        if not len(self._band):
            return vertices, None
        assert self._settled is not None
        indices, weights = self._joint_indices[self._band], self._joint_weights[self._band]
        matrices = np.einsum("hk,hkij->hij", weights, transforms[indices])
        points = np.einsum("hij,hj->hi", matrices[:, :3, :3], self._settled[self._band]) + matrices[:, :3, 3]
        up = matrices[:, :3, 2]
        return vertices, Anchors(points, up / np.linalg.norm(up, axis=1, keepdims=True))

    def _expanded(self, points: Floats) -> list[Floats]:
        parts = np.split(points, self._starts[1:-1])
        return [wearing.expand(part) for wearing, part in zip(self.wearings, parts, strict=True)]


def _stacked(tables: Sequence[NDArray[Any]], width: int) -> NDArray[Any]:
    return np.concatenate([np.pad(table, ((0, 0), (0, width - table.shape[1]))) for table in tables])


def _lull(share: float) -> float:
    """Return the share of the velocity taken away a frame on the way to the rest drape: much at first and at last."""
    return 0.5 if share < 0.2 else 0.1 if share < 0.6 else 0.1 + 1.5 * (share - 0.6)
