"""How well garments made on other bodies, in other poses, units and frames land on the canonical body."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.authoring.steps._place_search import Doubt
from dressform.authoring.steps.import_mesh import ImportOptions, read_mesh
from dressform.authoring.steps.place import place_mesh
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.geometry.distance import Surface
from dressform.schemas.errors import DressformError
from dressform.schemas.units import METRES_PER_UNIT

from .place_trials import BODIES, NAMES, POSES, TrialGarment, exported, garment, obj_text, wearer

SEED = 7
TRIALS_EACH = 2
GOOD_M = 0.025  # mean error below which an artist would call it placed
SURE, UNSURE = 0.7, 0.4  # confidences above and below which the figures are also given


@dataclass(frozen=True)
class Trial:
    """One way another artist might have made and written a garment."""

    body: str
    pose: str
    unit: str
    origin: str
    up: str
    yaw_deg: float
    mirrored: bool
    named: bool


@dataclass(frozen=True)
class Outcome:
    """What became of it.

    Attributes:
        name: Garment.
        trial: How it was made.
        mean: Mean distance of a point from where it belongs [m]; NaN when import refused it.
        p95: 95th percentile of it [m].
        inside: Fraction of points and face centres deeper than 1 mm.
        confidence: As reported.
        unit_right: Whether it came out in the right size.
        yaw_right: Whether it faces the right way (within 45°).
        seconds: Of placing.
    """

    name: str
    trial: Trial
    mean: float
    p95: float
    inside: float
    confidence: float
    unit_right: bool
    yaw_right: bool
    seconds: float


def trials(count: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Draw trials: every body, pose, unit, origin, axis and quarter turn with the same odds."""
    for _ in range(count):
        yield Trial(
            body=str(rng.choice(list(BODIES))),
            pose=str(rng.choice(POSES)),
            unit=str(rng.choice(list(METRES_PER_UNIT))),
            origin=str(rng.choice(("feet", "pelvis", "centre"))),
            up=str(rng.choice(("y", "z"))),
            yaw_deg=float(rng.choice((0, 0, 90, 180, 270))),
            mirrored=bool(rng.random() < 0.15),
            named=bool(rng.random() < 0.75),
        )


def attempt(made: TrialGarment, trial: Trial, folder: Path) -> Outcome:
    """Write a garment as the trial says, read it and place it."""
    rest = canonical_rest()
    points = exported(
        made.on(wearer(trial.body, trial.pose)),
        metres_per_unit=METRES_PER_UNIT[trial.unit],
        origin=trial.origin,
        up=trial.up,
        yaw_deg=trial.yaw_deg,
        mirrored=trial.mirrored,
    )
    source = folder / f"{made.name if trial.named else 'model'}.obj"
    source.write_text(obj_text(points, made.faces[:, ::-1] if trial.mirrored else made.faces))
    truth = made.on(wearer("canonical", "rest")) * ((-1, 1, 1) if trial.mirrored else (1, 1, 1))
    begun = time.perf_counter()
    try:
        imported = read_mesh(source, ImportOptions())
        doubt = Doubt(imported.other_units, "up" in imported.guessed, "category" in imported.guessed)
        placed = place_mesh(imported.mesh, imported.category.value, rest, doubt=doubt)
    except DressformError:
        return Outcome(made.name, trial, np.nan, np.nan, np.nan, 0.0, False, False, time.perf_counter() - begun)
    got = placed.mesh.points
    off = np.linalg.norm(got - truth, axis=1)
    probes = np.concatenate([got, got[made.faces].mean(axis=1)])
    inside = Surface(rest.vertices, rest.body.faces).signed_distance(probes) < -0.001
    return Outcome(
        made.name,
        trial,
        float(off.mean()),
        float(np.quantile(off, 0.95)),
        float(inside.mean()),
        placed.confidence,
        _size_right(got, truth),
        _turn_deg(got, truth) < 45,
        time.perf_counter() - begun,
    )


def _size_right(got: NDArray[np.floating], truth: NDArray[np.floating]) -> bool:
    """Say whether it came out in the right size, give or take what separates the smallest from the largest body."""
    ratio = float(np.linalg.norm(got - got.mean(axis=0)) / np.linalg.norm(truth - truth.mean(axis=0)))
    return 0.7 < ratio < 1.4


def _turn_deg(got: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Return by how much one shape is turned about the vertical against the other [degrees]."""
    a, b = (points[:, :2] - points[:, :2].mean(axis=0) for points in (got, truth))
    across, along = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()), float((a * b).sum())
    return float(np.degrees(abs(np.arctan2(across, along))))


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the figures of some outcomes; lengths in millimetres, fractions in percent."""
    done = [o for o in outcomes if np.isfinite(o.mean)]
    mean = np.array([o.mean for o in done])
    sure = np.array([o.confidence for o in done])
    good = mean < GOOD_M

    def percent(mask: NDArray[np.bool_]) -> float | None:
        return round(100 * float(mask.mean()), 1) if len(mask) else None

    return {
        "trials": len(outcomes),
        "refused_pct": round(100 * (1 - len(done) / len(outcomes)), 1),
        "good_pct": percent(good),
        "median_mm": round(1e3 * float(np.median(mean)), 1),
        "p95_mm": round(1e3 * float(np.median([o.p95 for o in done])), 1),
        "unit_right_pct": percent(np.array([o.unit_right for o in done])),
        "yaw_right_pct": percent(np.array([o.yaw_right for o in done])),
        "inside_pct": round(100 * float(np.mean([o.inside for o in done])), 2),
        "confidence": round(float(sure.mean()), 2),
        "good_of_sure_pct": percent(good[sure >= SURE]),
        "sure_pct": percent(sure >= SURE),
        "good_of_unsure_pct": percent(good[sure < UNSURE]),
        "unsure_pct": percent(sure < UNSURE),
        "slowest_s": round(max(o.seconds for o in outcomes), 1),
    }


def outcomes(names: Sequence[str] = NAMES, each: int = TRIALS_EACH, seed: int = SEED) -> list[Outcome]:
    """Run the trials of every garment; the draw of a garment depends on its name and the seed only."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            rng = np.random.default_rng([seed, *name.encode()])
            made = garment(name)
            found += [attempt(made, trial, Path(folder)) for trial in trials(each, rng)]
    return found


def run(names: Sequence[str] = NAMES, each: int = TRIALS_EACH, seed: int = SEED) -> dict[str, Any]:
    """Place garments cut from bodies of other shapes and poses, written in random units and frames.

    Returns:
        Figures of all trials, and of each garment. A trial is good below a mean error of 25 mm; sure and unsure are
        confidences of at least 0.7 and below 0.4. The truth is the same garment cut from the canonical body, so cloth
        made for a heavier body is never right to the millimetre.
    """
    found = outcomes(names, each, seed)
    total: dict[str, Any] = {"seed": seed, "all": summary(found)}
    return total | {name: summary([o for o in found if o.name == name]) for name in names}
