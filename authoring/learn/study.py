"""What a garment's field is learned from and judged by: which bodies, sizes and poses are simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dressform.assets.files.field_checks import MAX_CENTRES
from dressform.assets.sizes import nearest_size, ordered_sizes
from dressform.schemas.errors import UsageError

from .bodies import CARD_INSIDE, CARD_OUTSIDE, Figure, training_figures
from .modes import MOST_MODES
from .plan import Group, Plan, Split

DOMAIN = "learn"  # sets of other domains draw other poses, whatever their seeds
JUDGED = {"poses": 8, "bodies": 8, "outside": 4}  # samples that are kept from the training
JUDGED_BODIES = 4  # training bodies that unseen poses are judged on
MOST_POSES = MAX_CENTRES // 2  # a field's file holds each and its mirror image
MOST_BODIES = 64
POSES_A_BODY = 2.5  # a body costs a drape at rest, which takes as long as one pose and a half
POSES_A_MINUTE = 11  # of a garment of 4,000 points on two laptop cores, drapes at rest included
STEPS = (0, -1, 0, 1)  # sizes that the bodies wear in turn, from the nearest


@dataclass(frozen=True)
class LearnOptions:
    """How much is simulated to learn a field.

    Attributes:
        poses: To train on, over all bodies.
        bodies: To train on, each in one size; None takes as many as the poses are best shared by.
        seed: Of the poses.
        modes: Ways in which the cloth moves together, at most.
    """

    poses: int = 72
    bodies: int | None = None
    seed: int = 0
    modes: int = MOST_MODES

    def __post_init__(self) -> None:
        if self.bodies is not None and not 2 <= self.bodies <= MOST_BODIES:
            raise UsageError(f"--bodies {self.bodies} must be from 2 to {MOST_BODIES}")
        least = 2 * (self.bodies or 2)
        if self.poses < least:
            raise UsageError(f"--poses {self.poses} must be at least {least}, two for each body")
        if self.poses > MOST_POSES:
            raise UsageError(f"--poses {self.poses} must be at most {MOST_POSES}, which is what a field can hold")
        if self.seed < 0:
            raise UsageError(f"--seed {self.seed} must not be negative")
        if not 1 <= self.modes <= MOST_MODES:
            raise UsageError(f"modes {self.modes} must be from 1 to {MOST_MODES}")

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The bodies to train on."""
        return training_figures(self.bodies or max(2, min(round(self.poses / POSES_A_BODY), MOST_BODIES)))

    @classmethod
    def of_minutes(cls, minutes: float, *, bodies: int | None = None, seed: int = 0) -> LearnOptions:
        """Return options whose simulations usually take so many minutes; the same on every machine.

        What is judged is simulated too, and counts.
        """
        judged, fewest = sum(JUDGED.values()), 2 * (bodies or 2)
        least, most = ((poses + judged) / POSES_A_MINUTE for poses in (fewest, MOST_POSES))
        if not minutes <= most:  # nor NaN
            raise UsageError(f"--minutes {minutes:g} must be at most {most:.0f}")
        poses = round(max(minutes, 0) * POSES_A_MINUTE) - judged
        if poses < fewest:
            raise UsageError(
                f"--minutes {minutes:g} is too little for {fewest // 2} bodies; needed at least {least:.1f}"
            )
        return cls(min(poses, MOST_POSES), bodies, seed)


def learning_plan(sizes: Mapping[str, Mapping[str, float]], default: str, options: LearnOptions) -> Plan:
    """Return the samples to train and to judge a garment's field on.

    Every second body wears the size that is nearest to it, the others the one below or above that, in turn.

    Args:
        sizes: Of the garment, and the body measures that each is made for; empty where that is not known [m].
        default: The size that it recommends.
        options: How many.
    """
    order = ordered_sizes(sizes)
    worn = [
        (figure, _beside(order, _nearest(sizes, default, figure), STEPS[number % len(STEPS)]))
        for number, figure in enumerate(options.figures)
    ]
    groups = _shared("train", worn, options.poses)
    groups += _shared("poses", worn[:: max(1, len(worn) // JUDGED_BODIES)][:JUDGED_BODIES], JUDGED["poses"])
    groups += _shared("bodies", [(each, _nearest(sizes, default, each)) for each in CARD_INSIDE], JUDGED["bodies"])
    groups += _shared("outside", [(each, _nearest(sizes, default, each)) for each in CARD_OUTSIDE], JUDGED["outside"])
    return Plan(DOMAIN, options.seed, tuple(groups))


def _nearest(sizes: Mapping[str, Mapping[str, float]], default: str, figure: Figure) -> str:
    return nearest_size(sizes, figure.rest.measures().as_dict(), default)


def _beside(order: Sequence[str], size: str, step: int) -> str:
    """Return the size so many steps away, in the other direction where there is none."""
    place = order.index(size)
    for other in (place + step, place - step):
        if 0 <= other < len(order):
            return order[other]
    return size


def _shared(split: Split, worn: Sequence[tuple[Figure, str]], poses: int) -> list[Group]:
    """Return groups that share poses as evenly as it goes; none is empty."""
    worn = worn[:poses]
    return [
        Group(split, figure.name, dict(figure.shape), size, poses // len(worn) + (number < poses % len(worn)))
        for number, (figure, size) in enumerate(worn)
    ]
