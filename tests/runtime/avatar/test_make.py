from __future__ import annotations

import pytest

from dressform.runtime.avatar.make import make_avatar
from dressform.schemas.errors import UsageError


@pytest.mark.parametrize(
    ("gender", "height", "mass"), [("male", 1.80, 95.0), ("female", 1.62, 58.0), ("male", 1.9, 70.0)]
)
def test_height_and_mass_are_reached(gender, height, mass):
    avatar = make_avatar(gender=gender, height_m=height, mass_kg=mass)
    measured = avatar.rest().measures()
    assert measured.height == pytest.approx(height, abs=0.005)
    assert measured.mass == pytest.approx(mass, abs=1.0)
    assert avatar.consent is None


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        ({"height_m": 172.0}, "looks like centimetres"),
        ({"height_m": 0.9}, "adults only"),
        ({"mass_kg": float("nan")}, "mass must be"),
        ({"gender": "robot"}, "female, male, neutral"),
        ({"height_m": 1.7, "mass_kg": 240.0}, "out of reach"),
        ({"mass_kg": 70.0, "shape": {"weight": 0.5}}, "not both"),
        ({"shape": {"tail": 0.5}}, "no parameter 'tail'"),
    ],
)
def test_wrong_figures(figures, says):
    with pytest.raises(UsageError, match=says):
        make_avatar(**figures)
