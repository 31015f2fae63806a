"""The fit matrix: every garment, alone and over every one that is worn below it, on bodies and in poses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from dressform.assets.library import Library
from dressform.schemas.errors import AssetError
from dressform.schemas.progress import Progress, silent

from .budgets import Budgets
from .rule import NotTestableError
from .subject import Subject
from .targets import find_in
from .trial import Trial, try_on
from .wearable import Wearable, wearable

# a person wears one garment of such a group at a time: no trial over each other
APART = (frozenset({"trousers", "shorts", "skirt"}), frozenset({"skirt", "dress"}))
_CM2 = 1e4  # square centimetres in a square metre


@dataclass(frozen=True)
class Figure:
    """One of the four things that are measured.

    Attributes:
        key: In JSON.
        title: In tables.
        unit: "%" or "cm²".
        limit: The field of `Budgets` that limits it.
    """

    key: str
    title: str
    unit: str
    limit: str

    def of(self, trial: Trial) -> float:
        """Return it for a trial, in its unit."""
        return {
            "penetrating": 100 * trial.penetrating,
            "stretch": 100 * trial.stretch,
            "sunk": 100 * trial.sunk,
            "hole": _CM2 * trial.hole.area,
        }[self.key]


FIGURES = (
    Figure("penetrating", "in the body", "%", "penetrating_percent"),
    Figure("stretch", "stretch", "%", "stretch_percent"),
    Figure("sunk", "in the layer below", "%", "sunk_percent"),
    Figure("hole", "hole", "cm²", "hole_cm2"),
)


@dataclass(frozen=True)
class FitMatrix:
    """What all trials came to.

    Attributes:
        budgets: The bodies, the poses and the limits.
        trials: One for each garment or pair, body and pose; the garments alone first.
        untested: Label of a garment → why it could not be tried on.
    """

    budgets: Budgets
    trials: tuple[Trial, ...]
    untested: dict[str, str]

    def limit(self, figure: Figure) -> float:
        """Return the most that a figure may be, in its unit."""
        return float(getattr(self.budgets, figure.limit))

    def excess(self, trial: Trial) -> float:
        """Return the largest of a trial's figures over its limit; above 1 it fails."""
        return max(_over(figure.of(trial), self.limit(figure)) for figure in FIGURES)

    @property
    def failures(self) -> list[Trial]:
        """The trials above a limit, the worst first."""
        return [trial for trial in self.ranked() if self.excess(trial) > 1]

    def ranked(self) -> list[Trial]:
        """Return all trials, the worst first."""
        return sorted(self.trials, key=self.excess, reverse=True)

    def rows(self) -> list[tuple[str, str | None]]:
        """Return each garment, and what it was tried on over; sizes are each body's own."""
        return list(dict.fromkeys((trial.garment, below(trial)) for trial in self.trials))

    def on_body(self, row: tuple[str, str | None], body: str) -> list[Trial]:
        """Return the trials of a row on a body, one for each pose."""
        return [trial for trial in self.trials if (trial.garment, below(trial)) == row and trial.body == body]

    def to_json(self) -> dict[str, Any]:
        """Return JSON values: limits, every trial, and which failed in what."""
        return {
            "bodies": list(self.budgets.sweep_bodies),
            "poses": list(self.budgets.sweep_poses),
            "limits": {figure.limit: self.limit(figure) for figure in FIGURES},
            "summary": {
                "trials": len(self.trials),
                "failed": len(self.failures),
                "not_tested": len(self.untested),
                "worst": {figure.limit: round(self._most(figure), 3) for figure in FIGURES},
            },
            "not_tested": dict(self.untested),
            "trials": [self._row(trial) for trial in self.trials],
        }

    def above(self, trial: Trial) -> list[Figure]:
        """Return the figures of a trial that are above their limits."""
        return [figure for figure in FIGURES if figure.of(trial) > self.limit(figure)]

    def _most(self, figure: Figure) -> float:
        return max((figure.of(trial) for trial in self.trials), default=0.0)

    def _row(self, trial: Trial) -> dict[str, Any]:
        return {
            "garment": trial.garment,
            "size": trial.size,
            "over": trial.under,
            "body": trial.body,
            "pose": trial.pose,
            "penetrating_before_percent": round(100 * trial.penetrating_before, 3),
            "penetrating_percent": round(100 * trial.penetrating, 3),
            "deepest_mm": round(1e3 * trial.deepest, 2),
            "stretch_percent": round(100 * trial.stretch, 2),
            "stretch_most_percent": round(100 * trial.stretch_most, 1),
            "sunk_percent": round(100 * trial.sunk, 3),
            "hole_cm2": round(_CM2 * trial.hole.area, 2),
            "above": [figure.limit for figure in self.above(trial)],
        }


def _over(value: float, limit: float) -> float:
    """Return a value over its limit; a limit of zero makes anything infinitely much."""
    if limit > 0:
        return value / limit
    return float("inf") if value > 0 else 0.0


def below(trial: Trial) -> str | None:
    """Return the label of what a trial was over, without its size."""
    return None if trial.under is None else trial.under.rpartition(":")[0]


def garments_of(targets: Sequence[Path | str], library: Path | None = None) -> tuple[list[Wearable], dict[str, str]]:
    """Return what targets hold to try on: drafts, and of a library each template's newest version in use.

    Args:
        targets: Drafts, libraries, exported versions, folders of them, or `NAME@RANGE`.
        library: Where `NAME@RANGE` is looked up; the default library when None.

    Returns:
        The garments by layer and name, and why others cannot be tried on, by label.

    Raises:
        AssetError: When a target holds nothing, or none of it can be tried on.
    """
    found: dict[str, Wearable] = {}
    untested: dict[str, str] = {}
    for subject in _subjects(targets, library):
        try:
            found[subject.name] = wearable(subject)
        except NotTestableError as why:
            untested[subject.name] = str(why)
    if not found:
        first = next(iter(untested.items()), ("it", "is empty"))
        raise AssetError(f"nothing to try on in {', '.join(map(str, targets))}: {first[0]}: {first[1]}")
    return sorted(found.values(), key=lambda garment: (garment.layer, garment.label)), untested


def _subjects(targets: Sequence[Path | str], library: Path | None) -> Iterator[Subject]:
    for target in targets:
        newest: set[str] | None = None
        if Library.is_library(Path(target)):
            opened = Library.open(Path(target), over_embedded=False)
            newest = {f"{row.name}@{row.version}" for row in opened.list()}
        for found in find_in(target, library):
            if newest is None or found.subject.name in newest:
                yield found.subject


def pairs_of(garments: Sequence[Wearable]) -> list[tuple[Wearable, Wearable]]:
    """Return the garments that are worn together as (lower, upper): of other layers, and not, say, two skirts."""
    return [
        (lower, upper)
        for lower, upper in product(garments, garments)
        if lower.layer < upper.layer and not any({lower.category, upper.category} <= group for group in APART)
    ]


def fit_matrix(
    garments: Sequence[Wearable],
    budgets: Budgets,
    *,
    pairs: bool = True,
    untested: dict[str, str] | None = None,
    progress: Progress = silent,
) -> FitMatrix:
    """Try on every garment alone, then every pair.

    Args:
        garments: What is tried on.
        budgets: Bodies, poses and limits.
        pairs: Whether garments are worn over each other too.
        untested: What could not be tried on, to be told.
        progress: Told after every body.
    """
    jobs: list[tuple[Wearable | None, Wearable]] = [(None, garment) for garment in garments]
    jobs += pairs_of(garments) if pairs else []
    trials: list[Trial] = []
    for number, (lower, upper) in enumerate(jobs):

        def part(fraction: float, message: str, /, done: int = number, under: Wearable | None = lower) -> None:
            over = "" if under is None else f" over {under.label}"
            progress((done + fraction) / len(jobs), message + over)

        trials += try_on(upper, budgets.sweep_bodies, budgets.sweep_poses, under=lower, progress=part)
    return FitMatrix(budgets, tuple(trials), dict(untested or {}))
