"""A sleeve meets its armhole."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.authoring.patterns import _curves as curves
from dressform.authoring.patterns.sleeves import SleeveCut, sleeve, sleeve_panels
from dressform.schemas.errors import UsageError


@pytest.mark.parametrize("ease", [0.0, 0.02])
@pytest.mark.parametrize(("front", "back"), [(0.23, 0.23), (0.25, 0.22)])
def test_the_cap_is_as_long_as_its_armhole(front, back, ease):
    drawn = sleeve(SleeveCut(0.39, 0.35, 0.24, front, back, ease=ease))
    assert curves.length(drawn.cap_front) == pytest.approx(front * (1 + ease), rel=1e-3)
    assert curves.length(drawn.cap_back) == pytest.approx(back * (1 + ease), rel=1e-3)
    breadth = drawn.cap_back[0, 0] - drawn.cap_front[-1, 0]
    assert breadth == pytest.approx(0.39, abs=1e-5)


def test_both_underarm_edges_are_equally_long_and_square_to_the_hem():
    for elbow in (None, (0.33, 0.32)):
        drawn = sleeve(SleeveCut(0.39, 0.21, 0.55, 0.24, 0.24, elbow=elbow))
        assert curves.length(drawn.under_front) == pytest.approx(curves.length(drawn.under_back), rel=1e-6)
        along, up = drawn.hem[-2] - drawn.hem[-1], drawn.under_back[1] - drawn.under_back[0]
        cosine = along @ up / np.linalg.norm(along) / np.linalg.norm(up)
        assert abs(np.degrees(np.arccos(cosine)) - 90) < 4


def test_room_over_the_elbow_widens_the_sleeve_there():
    straight = sleeve(SleeveCut(0.39, 0.21, 0.55, 0.24, 0.24))
    wide = sleeve(SleeveCut(0.39, 0.21, 0.55, 0.24, 0.24, elbow=(0.34, 0.32)))
    girth = [curves.at_height(d.under_back, -0.32) - curves.at_height(d.under_front, -0.32) for d in (straight, wide)]
    assert girth[1] == pytest.approx(0.34, abs=2e-3)
    assert girth[0] < girth[1] - 0.01


def test_left_and_right_mirror_each_other():
    left, right = sleeve_panels(sleeve(SleeveCut(0.39, 0.35, 0.24, 0.25, 0.23)), -0.03, turn=0.02)
    assert [edge.name for edge in right.edges] == [left.edges[0].name, *[edge.name for edge in left.edges[:0:-1]]]
    for edge in left.edges:
        np.testing.assert_allclose(right.edge(edge.name).points, edge.points[::-1] * (-1, 1))


@pytest.mark.parametrize(
    ("cut", "said"),
    [
        (SleeveCut(0.80, 0.35, 0.24, 0.23, 0.23), "does not meet its armhole of 0.460 m"),
        (SleeveCut(0.05, 0.05, 0.24, 0.23, 0.23), "found 0.050 m; change the sleeve's ease"),
        (SleeveCut(0.39, 0.35, 0.08, 0.23, 0.23), "of length for its cap, found 0.080 m"),
    ],
)
def test_a_sleeve_that_cannot_be_cut_is_refused(cut, said):
    with pytest.raises(UsageError, match=said):
        sleeve(cut)
