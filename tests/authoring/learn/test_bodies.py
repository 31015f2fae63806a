from __future__ import annotations

import numpy as np

from dressform.authoring.learn.bodies import (
    ALL,
    CARD_INSIDE,
    CARD_OUTSIDE,
    GIRTHS,
    SET_INSIDE,
    SET_OUTSIDE,
    TRAINING,
    Figure,
    span,
    training_figures,
)
from dressform.authoring.learn.samples import rest_of
from dressform.runtime.body.canonical import CANONICAL_SHAPE

SPAN = span()


def beyond(figure: Figure) -> dict[str, float]:
    """Return how far each girth is outside the span of the training bodies, as a share."""
    own = figure.rest.measures().as_dict()
    return {girth: max(SPAN[girth][0] / own[girth], own[girth] / SPAN[girth][1]) - 1 for girth in GIRTHS}


def test_no_two_bodies_have_a_name_or_a_shape_in_common() -> None:
    assert len({figure.name for figure in ALL}) == len(ALL)
    assert len({tuple(sorted(figure.shape.items())) for figure in ALL}) == len(ALL)


def test_training_bodies_differ_clearly_in_girth() -> None:
    low, high = SPAN["waist"]
    assert high / low > 1.5
    assert all(high / low > 1.25 for low, high in SPAN.values())
    canonical = rest_of(CANONICAL_SHAPE).measures().as_dict()
    girths = [[figure.rest.measures().as_dict()[girth] / canonical[girth] for girth in GIRTHS] for figure in TRAINING]
    builds = np.mean(girths, axis=1)
    assert builds.min() < 0.9
    assert builds.max() > 1.2


def test_the_first_three_bodies_span_most() -> None:
    few = span(TRAINING[:3])
    assert few["waist"][1] / few["waist"][0] > 1.2


def test_bodies_that_are_drawn_are_always_the_same_differ_and_stay_inside() -> None:
    drawn = training_figures(len(TRAINING) + 6)[len(TRAINING) :]
    assert drawn[:3] == training_figures(len(TRAINING) + 3)[len(TRAINING) :]
    waists = [figure.rest.measures().waist for figure in drawn]
    assert max(waists) - min(waists) > 0.05
    for figure in drawn:
        assert max(beyond(figure).values()) <= 0, figure.name
    assert not {figure.name for figure in drawn} & {figure.name for figure in ALL}


def test_bodies_kept_inside_are_inside_and_those_outside_are_outside() -> None:
    for figure in (*CARD_INSIDE, *SET_INSIDE):
        assert max(beyond(figure).values()) <= 0, figure.name
    for figure in (*CARD_OUTSIDE, *SET_OUTSIDE):
        assert max(beyond(figure).values()) > 0.025, figure.name


def test_all_are_grown_and_none_is_starved() -> None:
    for figure in ALL:
        own = figure.rest.measures()
        assert 1.55 < own.height < 2.0, figure.name
        assert 14 < own.mass / own.height**2 < 35, figure.name
