"""Which measures a pattern is drafted for."""

from __future__ import annotations

import itertools
import math

import pytest

from dressform.authoring.patterns.sizing import (
    MEASURES,
    SIZES,
    canonical_measures,
    check_size,
    pattern_measures,
    size_step,
)
from dressform.runtime.body.anny_body import ADULT_AGE, load_anny
from dressform.schemas.errors import UsageError


def test_m_is_the_canonical_body():
    assert pattern_measures("M") == canonical_measures()
    assert set(pattern_measures()) == set(MEASURES)


def test_sizes_grade_girths_by_the_chart_and_never_shrink():
    chart = {"XS": -0.08, "S": -0.04, "M": 0.0, "L": 0.04, "XL": 0.09, "XXL": 0.14}
    base = canonical_measures()
    for size, growth in chart.items():
        graded = pattern_measures(size)
        for name in ("chest", "waist", "hip"):
            assert graded[name] - base[name] == pytest.approx(growth, abs=1e-9), (size, name)
        assert graded["height"] == base["height"]
    for smaller, larger in itertools.pairwise(SIZES):
        assert size_step(smaller) < size_step(larger)
        assert all(pattern_measures(smaller)[name] <= pattern_measures(larger)[name] for name in MEASURES)


def test_the_makers_measures_hold_whatever_the_size():
    graded = pattern_measures("XL", {"chest": 0.96})
    assert graded["chest"] == 0.96
    assert graded["waist"] == pattern_measures("XL")["waist"]


def test_a_given_body_takes_the_place_of_the_canonical_one():
    body = load_anny().rest({"gender": 0.0, "age": ADULT_AGE, "weight": 0.7, "height": 0.4}).measures().as_dict()
    assert dict(pattern_measures("M", {}, body)) == body
    assert pattern_measures("L", {}, body)["hip"] == pytest.approx(body["hip"] + 0.04)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"chset": 0.96}, "there is no measure 'chset'; did you mean 'chest'?"),
        ({"bust-line": 0.96}, "there is no measure 'bust-line'; use one of height, mass"),
        ({"chest": 96.0}, "is this in cm? then give 0.960"),
        ({"chest": 38.0}, "is this in inches? then give 0.965"),
        ({"waist": 0.2}, "no adult body has waist = 0.200 m; needed 0.480 m to 1.800 m"),
        ({"mass": 500.0}, "no adult body has mass = 500.0 kg"),
        ({"chest": math.nan}, "the measure chest needs a positive number, found nan"),
        ({"chest": -1.0}, "the measure chest needs a positive number, found -1"),
        ({"waist": 1.70, "hip": 0.80}, "no adult body has waist = 1.700 m with hip = 0.800 m"),
        ({"inseam": 1.10}, "no adult body has inseam = 1.100 m with height = 1.844 m"),
    ],
)
def test_measures_that_no_body_has_are_refused_in_one_line(overrides, said):
    with pytest.raises(UsageError) as caught:
        pattern_measures("M", overrides)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("size", "said"), [("XXXL", "use one of XS, S, M"), ("xl", "did you mean 'XL'?")])
def test_a_size_that_does_not_exist_is_refused(size, said):
    with pytest.raises(UsageError, match="there is no size") as caught:
        pattern_measures(size)
    assert said in str(caught.value)
    assert check_size("XS") == "XS"


def test_a_body_file_without_a_measure_is_refused():
    lacking = {name: value for name, value in canonical_measures().items() if name != "hip"}
    with pytest.raises(UsageError, match="lack hip"):
        pattern_measures("M", {}, lacking)


def test_ordinary_bodies_are_believed():
    anny = load_anny()
    for gender, weight, height in itertools.product((0.0, 1.0), (0.15, 0.85), (0.35, 0.65)):
        rest = anny.rest({"gender": gender, "age": ADULT_AGE, "weight": weight, "height": height})
        taken = rest.measures().as_dict()
        assert pattern_measures("M", {}, taken) == pytest.approx(taken)
