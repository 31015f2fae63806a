"""The bodies that cloth is sampled on: those that train, and those kept back to judge, inside and outside their span.

Anny's weight slider moves girths little, so the bodies also differ by local changes of single girths, as people do. The
few that are named span what people are like; those that train beside them are drawn from within that span.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from dressform.runtime.body.canonical import CANONICAL_SHAPE
from dressform.runtime.body.protocol import RestBody

from .samples import rest_of

# What a body's size is judged by, and what "inside the span" is said of.
GIRTHS = ("chest", "waist", "hip", "thigh", "upper_arm")


@dataclass(frozen=True)
class Figure:
    """A named body.

    Attributes:
        name: Unique among all figures.
        shape: Its shape parameters, all of them.
    """

    name: str
    shape: Mapping[str, float]

    @property
    def rest(self) -> RestBody:
        """The body in its rest pose."""
        return rest_of(self.shape)


def _figure(name: str, *, girths: Mapping[str, float] | None = None, **phenotype: float) -> Figure:
    """Return a figure by phenotype, and by how far single girths are changed, in [−1, 1]."""
    changes = {f"measure-{girth}-circ-incr": amount for girth, amount in (girths or {}).items()}
    belly = changes.pop("measure-belly-circ-incr", None)
    if belly is not None:
        changes["stomach-pregnant-incr"] = belly
    return Figure(name, {**CANONICAL_SHAPE, **phenotype, **changes})


# Those that train and have names. In this order the first few span most: a training with few bodies takes those.
TRAINING: tuple[Figure, ...] = (
    _figure("middle"),
    _figure(
        "full woman", gender=1.0, weight=0.95, muscle=0.4, height=0.46,
        girths={"waist": 0.8, "hips": 0.4, "bust": 0.6, "upperarm": 0.5, "thigh": 0.3, "belly": 0.3},
    ),
    _figure(
        "slender man", gender=0.0, weight=0.05, muscle=0.3, height=0.5,
        girths={"waist": -0.4, "hips": -0.2, "bust": -0.5, "upperarm": -0.3, "thigh": -0.2},
    ),
    _figure(
        "slender woman", gender=1.0, weight=0.12, muscle=0.4, height=0.5,
        girths={"waist": -0.1, "bust": -0.1},
    ),
    _figure(
        "stout man", gender=0.0, weight=1.0, muscle=0.4, height=0.45,
        girths={"waist": 0.3, "hips": 0.2, "bust": 0.1, "upperarm": 0.1, "thigh": 0.3, "belly": 0.4},
    ),
    _figure(
        "broad man", gender=0.0, weight=0.5, muscle=0.95, height=0.48,
        girths={"bust": 0.1, "waist": -0.3, "upperarm": 0.2},
    ),
    _figure(
        "pear-shaped woman", gender=1.0, weight=0.7, muscle=0.5, height=0.44,
        girths={"waist": -0.2, "hips": 0.6, "bust": -0.2, "thigh": 0.6},
    ),
    _figure(
        "tall woman", gender=0.95, weight=0.4, muscle=0.6, height=0.6,
        girths={"bust": 0.3, "waist": 0.1},
    ),
    _figure(
        "plump woman", gender=0.9, weight=0.8, muscle=0.45, height=0.5,
        girths={"waist": 0.5, "hips": 0.3, "bust": 0.3, "upperarm": 0.3, "thigh": 0.2},
    ),
    _figure(
        "lean man", gender=0.1, weight=0.35, muscle=0.65, height=0.56,
        girths={"bust": -0.1, "upperarm": -0.1, "belly": 0.1},
    ),
)  # fmt: skip

# What a field's card is scored on. Choices of models may look at neither these nor the next.
CARD_INSIDE: tuple[Figure, ...] = (
    _figure(
        "supple woman", gender=0.9, weight=0.45, muscle=0.45, height=0.48,
        girths={"waist": 0.2, "hips": 0.1, "bust": 0.2},
    ),
    _figure(
        "solid man", gender=0.1, weight=0.7, muscle=0.5, height=0.46,
        girths={"waist": 0.3, "hips": 0.2, "upperarm": -0.1, "belly": 0.3},
    ),
)  # fmt: skip
CARD_OUTSIDE: tuple[Figure, ...] = (
    _figure(
        "very full woman", gender=0.8, weight=1.0, muscle=0.4, height=0.46,
        girths={"waist": 1.0, "hips": 0.6, "bust": 0.6, "upperarm": 0.8, "thigh": 0.8, "belly": 0.6},
    ),
)  # fmt: skip

# What the public benchmark set keeps to itself.
SET_INSIDE: tuple[Figure, ...] = (
    _figure(
        "soft woman", gender=0.85, weight=0.7, muscle=0.5, height=0.47,
        girths={"waist": 0.35, "hips": 0.2, "bust": 0.2, "upperarm": 0.2},
    ),
    _figure(
        "sturdy man", gender=0.15, weight=0.8, muscle=0.6, height=0.49,
        girths={"waist": 0.4, "bust": 0.1, "upperarm": -0.1, "thigh": 0.2, "belly": 0.3},
    ),
    _figure(
        "slight woman", gender=0.75, weight=0.25, muscle=0.4, height=0.52,
        girths={"waist": -0.15, "hips": -0.1, "bust": -0.1},
    ),
)  # fmt: skip
SET_OUTSIDE: tuple[Figure, ...] = (
    _figure(
        "very stout man", gender=0.0, weight=1.0, muscle=0.45, height=0.47,
        girths={"waist": 0.8, "hips": 0.5, "bust": 0.5, "upperarm": 0.4, "thigh": 0.7, "belly": 0.8},
    ),
    _figure(
        "very slender woman", gender=1.0, weight=0.0, muscle=0.3, height=0.46,
        girths={"waist": -0.2, "bust": -0.2, "upperarm": -0.1},
    ),
)  # fmt: skip

ALL: tuple[Figure, ...] = (*TRAINING, *CARD_INSIDE, *CARD_OUTSIDE, *SET_INSIDE, *SET_OUTSIDE)


_DRAWN_SEED = 20
_TRIES = 1000
LEANEST, HEAVIEST = 16.0, 34.0  # mass over squared height of bodies that are drawn [kg/m²]


def training_figures(count: int) -> tuple[Figure, ...]:
    """Return so many bodies to train on: the named ones first, then drawn ones, always the same."""
    return (*TRAINING[:count], *(_drawn_figure(number) for number in range(count - len(TRAINING))))


@cache
def _drawn_figure(number: int) -> Figure:
    """Return a body drawn from within the span of the named ones that train."""
    random = np.random.default_rng([_DRAWN_SEED, number])
    spans = _training_span()
    for _ in range(_TRIES):
        stout = random.uniform(-0.7, 1.3)  # the girths of one person go together

        def change(least: float, most: float, stout: float = stout) -> float:
            share = np.clip(0.5 + 0.35 * stout + random.uniform(-0.35, 0.35), 0.0, 1.0)
            return round(float(least + share * (most - least)), 3)

        figure = _figure(
            f"drawn {number}",
            gender=round(float(random.beta(0.5, 0.5)), 3),
            weight=change(0.05, 1.0),
            muscle=round(float(random.uniform(0.3, 0.9)), 3),
            height=round(float(random.uniform(0.44, 0.58)), 3),
            girths={
                "waist": change(-0.4, 0.8),
                "hips": change(-0.2, 0.6),
                "bust": change(-0.5, 0.6),
                "upperarm": change(-0.3, 0.5),
                "thigh": change(-0.2, 0.6),
                "belly": max(change(-0.3, 0.4), 0.0),
            },
        )
        own = figure.rest.measures()
        girths = own.as_dict()
        inside = all(low <= girths[girth] <= high for girth, (low, high) in spans.items())
        if inside and LEANEST <= own.mass / own.height**2 <= HEAVIEST:
            return figure
    raise AssertionError("no body can be drawn from within the span of those that train")


def span(figures: Sequence[Figure] = TRAINING) -> dict[str, tuple[float, float]]:
    """Return the smallest and largest of each of `GIRTHS` among figures [m]."""
    measures = [figure.rest.measures().as_dict() for figure in figures]
    return {girth: (min(own[girth] for own in measures), max(own[girth] for own in measures)) for girth in GIRTHS}


@cache
def _training_span() -> dict[str, tuple[float, float]]:
    return span()
