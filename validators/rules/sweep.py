"""Rules on how a garment moves: it is tried on bodies from thin to heavy, pose by pose, as the runtime draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from dressform.schemas.report import Severity
from dressform.validators.rule import Defect, Measured, Rule
from dressform.validators.subject import Subject

if TYPE_CHECKING:
    from dressform.validators.trial import Trial

_CM2 = 1e4  # square centimetres in a square metre


def stays_out(subject: Subject) -> Iterator[Defect | Measured]:
    """Cloth that is more than 1 mm inside the posed body."""
    limit = subject.budgets.penetrating_percent
    worst, count = _worst(subject.trials, lambda trial: 100 * trial.penetrating, limit)
    share = 100 * worst.penetrating
    if share <= limit:
        yield Measured(round(share, 3), "%", f"sizes/{worst.size}")
        return
    message = (
        f"{share:.1f} % of the cloth is inside the body, {1e3 * worst.deepest:.0f} mm deep, {_where(worst)}; "
        f"at most {limit:g} % may be{_and_others(count)}"
    )
    yield Defect(message, f"sizes/{worst.size}", round(share, 3), _place(worst, faces=list(worst.inside)))


def keeps_its_length(subject: Subject) -> Iterator[Defect | Measured]:
    """Cloth that is stretched much further than it was cut."""
    limit = subject.budgets.stretch_percent
    worst, count = _worst(subject.trials, lambda trial: 100 * trial.stretch, limit)
    stretch = 100 * worst.stretch
    if stretch <= limit:
        yield Measured(round(stretch, 2), "%", f"sizes/{worst.size}")
        return
    message = (
        f"the cloth is stretched by {stretch:.0f} % (95th percentile) {_where(worst)}; "
        f"at most {limit:g} % may be{_and_others(count)}"
    )
    yield Defect(message, f"sizes/{worst.size}", round(stretch, 2), _place(worst, faces=list(worst.strained)))


def lies_over(subject: Subject) -> Iterator[Defect | Measured]:
    """Cloth that sinks into a close-fitting layer worn below it."""
    limit = subject.budgets.sunk_percent
    worst, count = _worst(subject.layer_trials, lambda trial: 100 * trial.sunk, limit)
    share = 100 * worst.sunk
    if share <= limit:
        yield Measured(round(share, 3), "%", f"sizes/{worst.size}")
        return
    message = (
        f"{share:.1f} % of the cloth sinks into a close-fitting layer below it {_where(worst)}; "
        f"at most {limit:g} % may{_and_others(count)}"
    )
    place = _place(worst, faces=list(worst.through)) | {"layers": [worst.under, subject.name]}
    yield Defect(message, f"sizes/{worst.size}", round(share, 3), place)


def bares_no_hole(subject: Subject) -> Iterator[Defect | Measured]:
    """Skin that the hide mask leaves out though it can be seen."""
    limit = subject.budgets.hole_cm2
    worst, count = _worst(subject.trials, lambda trial: _CM2 * trial.hole.area, limit)
    area = _CM2 * worst.hole.area
    if area <= limit:
        yield Measured(round(area, 2), "cm²", "rig.anny")
        return
    points = [[round(x, 4) for x in point] for point in worst.hole.points]
    said = f"the hide mask bares a hole of {area:.1f} cm² {_where(worst)}"
    message = f"{said}; at most {limit:g} cm² may be{_and_others(count)}"
    place = _place(worst) | {"points": points}
    yield Defect(message, "rig.anny", round(area, 2), place)


def _worst(trials: Sequence[Trial], figure: Callable[[Trial], float], limit: float) -> tuple[Trial, int]:
    """Return the trial with the highest figure, and how many are above the limit."""
    return max(trials, key=figure), sum(figure(trial) > limit for trial in trials)


def _where(trial: Trial) -> str:
    return f"on the {trial.body} in the pose {trial.pose}, size {trial.size}"


def _and_others(count: int) -> str:
    """Say in how many further trials the limit was passed, `count` with the worst one."""
    if count < 2:
        return ""
    return f" (and in {count - 1} other trial{'s' if count > 2 else ''})"


def _place(trial: Trial, **more: object) -> dict[str, object]:
    return {"size": trial.size, "body": trial.body, "pose": trial.pose, **more}


RULES = (
    Rule(
        "DF-SWEEP-001",
        "sweep.penetration",
        Severity.ERROR,
        ("mesh", "rig"),
        "look at the picture of the worst pose, correct the weights there and run `dressform garment rig` again",
        stays_out,
        slow=True,
    ),
    Rule(
        "DF-SWEEP-002",
        "sweep.stretch",
        Severity.WARNING,
        ("mesh", "rig"),
        "smooth the weights between the joints that pull apart, or add a size for the bodies it is too small for",
        keeps_its_length,
        slow=True,
    ),
    Rule(
        "DF-SWEEP-003",
        "sweep.layers",
        Severity.ERROR,
        ("mesh", "rig"),
        "give the garment more ease where it sinks, or the layer at which it is worn, and rig it again",
        lies_over,
        slow=True,
    ),
    Rule(
        "DF-SWEEP-004",
        "sweep.hide-mask",
        Severity.ERROR,
        ("mesh", "rig"),
        "run `dressform garment rig` again for a mask that ends under the cloth",
        bares_no_hole,
        slow=True,
    ),
)
