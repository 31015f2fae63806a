import numpy as np
import pytest

from dressform.runtime.fit.judge import misfit, off_design, range_notes, recommend, verdict
from dressform.runtime.fit.report import RegionFit, SizeFit


def size_fit(size, eases, *, design=0.1, body=1.0):
    offs = {name: off_design(ease, design, body) for name, ease in eases.items()}
    regions = {}
    for name, ease in eases.items():
        word = verdict(ease, design, body, 0)
        regions[name] = RegionFit(100 * ease, 100 * design, 100 * body, 100 * (body + ease), 0, 0, word, False)
    nothing = np.zeros((0, 3), np.float32)
    return SizeFit(size, regions, 0, 0, misfit(offs), nothing, nothing.astype(np.int32), nothing[:, 0], nothing[:, 0])


def sizes(**eases):
    return {size: size_fit(size, own) for size, own in eases.items()}


def test_off_design_is_counted_in_steps_of_what_is_still_good():
    assert off_design(0.10, 0.10, 1.0) == 0.0
    assert off_design(0.15, 0.10, 1.0) == pytest.approx(1.0)  # 2.5 % of the body and a quarter of the ease
    assert off_design(0.50, 0.60, 1.0) > -1  # ten centimetres in a flared skirt


@pytest.mark.parametrize(
    ("ease", "pressure", "word"),
    [(0.10, 0.0, "good"), (0.2, 0.0, "loose"), (0.04, 0.0, "close"), (-0.02, 0.5, "tight"), (0.09, 7.0, "tight")],
)
def test_words(ease, pressure, word):
    assert verdict(ease, 0.1, 1.0, pressure) == word


def test_what_is_made_to_stretch_is_not_tight():
    assert verdict(-0.1, -0.1, 1.0, 1.0) == "good"


def test_pressure_on_cloth_that_is_wider_than_designed_is_no_tightness():
    assert verdict(0.14, 0.1, 1.0, 20.0) == "good"


def test_missing_cloth_counts_for_more_than_hanging_cloth():
    assert misfit({"chest": -1.0}) > misfit({"chest": 1.0}) > misfit({"chest": 0.0}) == 0.0


def test_the_size_nearest_to_its_design_is_recommended_and_the_others_are_told():
    size, reason = recommend(
        sizes(S={"chest": -0.02, "hem": 0.1}, M={"chest": 0.09, "hem": 0.1}, L={"chest": 0.2, "hem": 0.1})
    )
    assert size == "M"
    assert "M sits as designed (chest 9.0 cm of ease, designed with 10.0 cm)" in reason
    assert "S is tight at the chest (2.0 cm too little)" in reason
    assert "L is loose at the chest (20.0 cm of ease)" in reason


def test_the_largest_size_that_is_still_tight_says_so():
    size, reason = recommend(sizes(S={"chest": -0.1}, M={"chest": -0.05}))
    assert size == "M"
    assert "the largest, still tight at the chest" in reason


def test_a_body_outside_the_range_is_said():
    measures = {"S": {"chest": 0.94}, "L": {"chest": 1.02}}
    assert range_notes({"chest": 0.98}, measures, ["chest"]) == []
    assert range_notes({"chest": 1.12}, measures, ["hem"]) == []
    (note,) = range_notes({"chest": 1.12}, measures, ["chest"])
    assert note == "the body's chest, 112 cm, is outside the sizes' range of 94 to 102 cm"
    assert range_notes({"chest": 1.12}, {"M": {}}, ["chest"]) == []
