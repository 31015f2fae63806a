"""What a garment's field is learned from and judged by: which bodies, sizes and poses are simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dressform.assets.files.field_checks import MAX_CENTRES
from dressform.assets.sizes import nearest_size, ordered_sizes
from dressform.schemas.errors import UsageError

from .bodies import CARD_INSIDE, CARD_OUTSIDE, TRAINING, Figure
from .modes import MOST_MODES
from .plan import Group, Plan, Split

DOMAIN = "learn"  # sets of other domains draw other poses, whatever their seeds
JUDGED = {"poses": 12, "bodies": 12, "outside": 4}  # samples that are kept from the training
JUDGED_BODIES = 4  # training bodies that unseen poses are judged on
MOST_POSES = MAX_CENTRES // 2  # a field's file holds each and its mirror image
POSES_A_MINUTE = 30  # of a garment of 4,000 points on two laptop cores, drapes at rest included


@dataclass(frozen=True)
class LearnOptions:
    """How much is simulated to learn a field.

    Attributes:
        poses: To train on, over all bodies and sizes.
        bodies: To train on.
        seed: Of the poses.
        modes: Ways in which the cloth moves together, at most.
    """

    poses: int = 120
    bodies: int = 6
    seed: int = 0
    modes: int = MOST_MODES

    def __post_init__(self) -> None:
        if not 2 <= self.bodies <= len(TRAINING):
            raise UsageError(f"--bodies {self.bodies} must be from 2 to {len(TRAINING)}")
        if self.poses < 2 * self.bodies:
            raise UsageError(f"--poses {self.poses} must be at least {2 * self.bodies}, two for each body")
        if self.poses > MOST_POSES:
            raise UsageError(f"--poses {self.poses} must be at most {MOST_POSES}, which is what a field can hold")
        if self.seed < 0:
            raise UsageError(f"--seed {self.seed} must not be negative")
        if not 1 <= self.modes <= MOST_MODES:
            raise UsageError(f"modes {self.modes} must be from 1 to {MOST_MODES}")

    @classmethod
    def of_minutes(cls, minutes: float, *, bodies: int = 6, seed: int = 0) -> LearnOptions:
        """Return options whose simulations usually take so many minutes; the same on every machine.

        What is judged is simulated too, and counts.
        """
        judged = sum(JUDGED.values())
        least, most = ((poses + judged) / POSES_A_MINUTE for poses in (2 * bodies, MOST_POSES))
        if not minutes <= most:  # nor NaN
            raise UsageError(f"--minutes {minutes:g} must be at most {most:.0f}")
        poses = round(max(minutes, 0) * POSES_A_MINUTE) - judged
        if poses < 2 * bodies:
            raise UsageError(f"--minutes {minutes:g} is too little for {bodies} bodies; needed at least {least:.1f}")
        return cls(min(poses, MOST_POSES), bodies, seed)


def learning_plan(sizes: Mapping[str, Mapping[str, float]], default: str, options: LearnOptions) -> Plan:
    """Return the samples to train and to judge a garment's field on.

    Every body wears the size that is nearest to it, and the one below or above that, in turn.

    Args:
        sizes: Of the garment, and the body measures that each is made for; empty where that is not known [m].
        default: The size that it recommends.
        options: How many.
    """
    nearest = [(figure, _nearest(sizes, default, figure)) for figure in TRAINING[: options.bodies]]
    order = ordered_sizes(sizes)
    worn = list(nearest)
    if len(order) > 1:
        worn += [
            (figure, _beside(order, size, 1 if number % 2 else -1)) for number, (figure, size) in enumerate(nearest)
        ]
    groups = _shared("train", worn, options.poses)
    groups += _shared("poses", worn[:: max(1, len(worn) // JUDGED_BODIES)][:JUDGED_BODIES], JUDGED["poses"])
    groups += _shared("bodies", [(each, _nearest(sizes, default, each)) for each in CARD_INSIDE], JUDGED["bodies"])
    groups += _shared("outside", [(each, _nearest(sizes, default, each)) for each in CARD_OUTSIDE], JUDGED["outside"])
    return Plan(DOMAIN, options.seed, tuple(groups))


def _nearest(sizes: Mapping[str, Mapping[str, float]], default: str, figure: Figure) -> str:
    return nearest_size(sizes, figure.rest.measures().as_dict(), default)


def _beside(order: Sequence[str], size: str, step: int) -> str:
    """Return the next size in a direction, or in the other where there is none."""
    place = order.index(size)
    return order[place + step] if 0 <= place + step < len(order) else order[place - step]


def _shared(split: Split, worn: Sequence[tuple[Figure, str]], poses: int) -> list[Group]:
    """Return groups that share poses as evenly as it goes; none is empty."""
    worn = worn[:poses]
    return [
        Group(split, figure.name, dict(figure.shape), size, poses // len(worn) + (number < poses % len(worn)))
        for number, (figure, size) in enumerate(worn)
    ]
