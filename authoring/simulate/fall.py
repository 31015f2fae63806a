"""Letting a garment fall on the body until it rests, and judging how it rests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dressform.assets.atomic import write_bytes
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.garment.rest_fit import settle
from dressform.runtime.geometry.distance import Surface
from dressform.schemas.errors import InputError, UsageError
from dressform.schemas.progress import Progress, silent

from .cloth import Cloth
from .drape_picture import drape_picture
from .figures import Opening, measure
from .membrane import Membrane
from .mirror import Mirror
from .solver import SolverOptions
from .style3d import Simulation

Floats = NDArray[np.float64]
Integers = NDArray[np.integer]

WINDOW = 10  # frames between two looks at whether it rests
CALM_FRAMES = 20  # strongly damped at first, while arranged panels find their true size
CALM, BREEZE = 0.5, 0.1  # share of the velocity taken away a frame, at first and later
# Loose cloth sways on and on: from this share of the frames on it is slowed more and more, and creeps to its rest.
LULL, STILL = 0.45, 0.85
EVEN_EVERY = 5  # frames between two evenings of both sides
# Few iterations act like stiffness and hide folds: once the cloth rests, it is solved more closely.
FINE_ITERATIONS, FINE_FRAMES = 8, 20
NEARLY_REST = 0.004  # … that is, 99 % of the points moved less in a window [m]
REST_MOVE = 0.002  # 99 % of the points moved less in a window when it rests [m]
REST_MOVE_MAX = 0.006  # … and all of them
# Wide skirts go on creeping under their own weight; at the last frame this much counts as hanging still.
CREEP, CREEP_MAX = 0.004, 0.012  # 99 % and all of the points, in a window [m]
GROUND = 0.005  # a garment below this lies on the floor [m]
RESTLESS = "it did not come to rest"
PENETRATING = 0.5  # share of points and triangles that may be inside the body [%]
LOST = 2.0  # an opening that sank by so many times what is allowed slides off for good


@dataclass(frozen=True)
class DrapeOptions:
    """How a garment is draped.

    Attributes:
        frames: Of 1/60 s at most.
        symmetric: Keep both sides alike where the pattern mirrors itself.
        gap: Least distance of the drape from the skin [m].
        stretch_limit: Largest 95th percentile of the stretch that counts as worn, not as torn.
        drop_limit: How far an opening may sink from where it was arranged before the garment counts as slid off [m].
    """

    frames: int = 240
    symmetric: bool = True
    gap: float = 0.004
    stretch_limit: float = 0.10
    drop_limit: float = 0.15

    def __post_init__(self) -> None:
        if not 10 <= self.frames <= 2000:
            raise UsageError(f"frames {self.frames}: needed 10 to 2000 of 1/60 s")
        if not 0 <= self.gap <= 0.03:
            raise UsageError(f"gap {self.gap * 1000:g} mm: needed 0 to 30 mm")


AS_WORN = DrapeOptions()


@dataclass(frozen=True)
class Piece:
    """What is simulated: cloth with its rest metric and where it starts.

    Attributes:
        corners: float64 [F, 3, 2] each triangle's corners laid flat [m].
        faces: int32 [F, 3].
        start: float64 [P, 3] [m].
        cloths: The cloths it is made of.
        cloth_of: int [F] into `cloths`.
        borders: Its free borders.
        held: int [H] points kept at a height.
        heights: float [H] above the ground [m].
        mirror: What answers what across the middle, or None.
    """

    corners: Floats
    faces: Integers
    start: Floats
    cloths: tuple[Cloth, ...]
    cloth_of: Integers
    borders: tuple[Opening, ...] = ()
    held: Integers = field(default_factory=lambda: np.zeros(0, np.intp))
    heights: Floats = field(default_factory=lambda: np.zeros(0))
    mirror: Mirror | None = None


class Fallen(NamedTuple):
    """A piece at rest.

    Attributes:
        points: float64 [P, 3] [m].
        report: JSON values.
    """

    points: Floats
    report: dict[str, Any]


# What is tried, in order: the next one is slower and calmer.
ATTEMPTS = (
    (SolverOptions(substeps=2, iterations=4), CALM_FRAMES),
    (SolverOptions(substeps=4, iterations=6), 2 * CALM_FRAMES),
    (SolverOptions(substeps=6, iterations=10, contact=3e3), 3 * CALM_FRAMES),
)


def let_fall(
    piece: Piece,
    rest: RestBody,
    options: DrapeOptions = AS_WORN,
    *,
    name: str = "the garment",
    picture: Path | None = None,
    progress: Progress = silent,
) -> Fallen:
    """Drape a piece on a body, trying calmer settings when something goes wrong.

    Args:
        piece: The cloth.
        rest: The body in its rest pose.
        options: Of the drape.
        name: For messages.
        picture: Where to save a picture of the last attempt when all fail.
        progress: Told how far it is.

    Raises:
        InputError: When no attempt gives a drape that can be worn; it says what was measured.
    """
    begun = time.perf_counter()
    membrane = Membrane(piece.corners, np.asarray(piece.faces, np.int32), len(piece.start))
    body = Surface(rest.vertices, rest.body.faces)
    faults: list[str] = []
    points = begin = piece.start
    for number, (solver, calm) in enumerate(ATTEMPTS):
        frames, settled = 0, False
        for state in _frames(piece, begin, rest, options, solver, calm):
            points, frames, settled = state
            progress(min(frames / options.frames, 0.99), f"draping, frame {frames}")
            if any(o.height(piece.start) - o.height(points) > LOST * options.drop_limit for o in piece.borders):
                break  # it slides off: no later frame brings it back
        wrong = _broken(membrane, points)
        if wrong is None:
            points = _cleared(piece, rest, points, options.gap)
            report = measure(membrane, points, piece.start, body, piece.borders)
            report |= {"frames": frames, "settled": settled, "attempt": number + 1, "earlier": list(faults)}
            report["symmetry_mm"] = _asymmetry(piece, points)
            report["seconds"] = round(time.perf_counter() - begun, 1)
            wrong = _unwearable(report, options)
            if wrong is None:
                return Fallen(points, report)
            if wrong.startswith(RESTLESS):
                begin = points  # all is well but for the time it takes
        faults.append(wrong)
    saved = ""
    if picture is not None:
        write_bytes(picture, drape_picture(points, piece.faces, rest))
        saved = f" (see {picture})"
    raise InputError(f"{name} does not drape: {faults[-1]}{saved}")


def _frames(
    piece: Piece, begin: Floats, rest: RestBody, options: DrapeOptions, solver: SolverOptions, calm: int
) -> Iterator[tuple[Floats, int, bool]]:
    """Simulate, and yield points, frames so far and whether the cloth rests, after every window."""
    simulation = Simulation(
        piece.corners,
        piece.faces,
        begin,
        rest.vertices,
        rest.body.faces,
        piece.cloths,
        piece.cloth_of,
        options=solver,
    )
    simulation.hold(piece.held, piece.heights)
    mirror = piece.mirror if options.symmetric else None
    last, refined = begin, None
    while simulation.frames < options.frames:
        simulation.step(damping=_damping(simulation.frames, calm, options.frames))
        if mirror is not None and simulation.frames % EVEN_EVERY == 0:
            simulation.set(
                mirror.even(simulation.points.astype(float)), mirror.even(simulation.velocities.astype(float))
            )
        if simulation.frames % WINDOW and simulation.frames < options.frames:
            continue
        points = simulation.points.astype(np.float64)
        moved = np.linalg.norm(points - last, axis=1)
        last = points
        resting = np.percentile(moved, 99) < REST_MOVE and moved.max() < REST_MOVE_MAX
        nearly = np.percentile(moved, 99) < NEARLY_REST
        if nearly and refined is None and simulation.frames > calm + WINDOW:
            refined = simulation.frames
            simulation.refine(FINE_ITERATIONS)
        settled = bool(resting and refined is not None and simulation.frames >= refined + FINE_FRAMES)
        if simulation.frames >= options.frames:
            settled |= bool(np.percentile(moved, 99) < CREEP and moved.max() < CREEP_MAX)
        yield points, simulation.frames, settled
        if settled or not np.isfinite(points).all():
            return


def _damping(frame: int, calm: int, frames: int) -> float:
    """Return the share of the velocity to take away: much at first, little while it falls, much at the end."""
    if frame < calm:
        return CALM
    lull = (frame / frames - LULL) / (1 - LULL)
    return BREEZE + (STILL - BREEZE) * min(max(2 * lull, 0.0), 1.0)


def _cleared(piece: Piece, rest: RestBody, points: Floats, gap: float) -> Floats:
    """Return the drape pushed out to its gap from the skin, both sides alike."""
    clear = settle(points, piece.faces, rest.vertices, rest.body.faces, gap)
    out = np.asarray(clear, np.float64)
    return out if piece.mirror is None else piece.mirror.even(out)


def _asymmetry(piece: Piece, points: Floats) -> float | None:
    """Return the 99th percentile of how far points lie from their mirror image [mm]."""
    if piece.mirror is None or not piece.mirror.matched.any():
        return None
    return round(1000 * float(np.percentile(piece.mirror.off(points)[piece.mirror.matched], 99)), 2)


def _broken(membrane: Membrane, points: Floats) -> str | None:
    """Say what shows that the simulation itself went wrong."""
    if not np.isfinite(points).all():
        return "the cloth flew apart (a coordinate is not a number); make its seams lengths agree or its cloth stiffer"
    worst = float(membrane.strains(points)[:, 0].max())
    reach = float(np.abs(points).max())
    if worst > 3.0 or reach > 4.0:
        return f"the cloth flew apart (stretched by {100 * worst:.0f} %, {reach:.1f} m away); check where panels start"
    return None


def _unwearable(report: dict[str, Any], options: DrapeOptions) -> str | None:
    """Say what shows that nobody wears a garment like this."""
    sunk = [o for o in report["openings"] if o["drop_mm"] > 1000 * options.drop_limit]
    if report["lowest"] < GROUND and (sunk or report["drop_mm"] > 1000 * options.drop_limit):
        return (
            f"it fell to the floor (by {report['drop_mm'] / 10:.0f} cm); hold its waist or make its top opening smaller"
        )
    if sunk:
        worst = max(sunk, key=lambda o: o["drop_mm"])
        return (
            f"it slides off: {worst['name']} sank by {worst['drop_mm'] / 10:.1f} cm, needed at most "
            f"{100 * options.drop_limit:.0f}; hold that edge or make the opening smaller"
        )
    if report["stretch_p95_percent"] > 100 * options.stretch_limit:
        return (
            f"5 % of its cloth is stretched by {report['stretch_p95_percent']:.1f} % or more, needed at most "
            f"{100 * options.stretch_limit:.0f}; make it wider"
        )
    if report["penetrating_percent"] > PENETRATING:
        return (
            f"{report['penetrating_percent']:.1f} % of it is inside the body, needed at most {PENETRATING}; "
            "make it wider"
        )
    if not report["settled"]:
        return f"{RESTLESS} in {report['frames']} frames; allow more frames or a heavier cloth"
    return None
