"""The picture of where measures are taken, and the lines behind it."""

from __future__ import annotations

import numpy as np

from dressform.runtime.avatar.measure_picture import measure_picture
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.measures import WHERE, Measures, length
from dressform.runtime.geometry.distance import Surface


def test_every_measure_is_the_length_of_its_line_on_the_body() -> None:
    rest = canonical_rest()
    lines, measures = rest.measure_lines(), rest.measures().as_dict()
    assert set(lines) | {"height", "mass"} == set(measures) == set(WHERE) == set(Measures.__dataclass_fields__)
    for name, line in lines.items():
        assert abs(length(line) - measures[name]) < 1e-6
    surface = Surface(rest.vertices, rest.body.faces)
    for name in ("neck", "waist", "thigh", "wrist"):  # tapes lie on the skin or span a hollow, never inside
        assert surface.signed_distance(lines[name]).min() > -1e-4, name


def test_the_picture_shows_tapes_and_words() -> None:
    picture = measure_picture(canonical_rest())
    assert picture.shape == (1200, 1800, 3)
    red = (picture[..., 0] > 150) & (picture[..., 1] < 90) & (picture[..., 2] < 110)
    rows = np.flatnonzero(red[:, 350:830].any(axis=1)) / 1200
    assert rows.min() < 0.25, "from the neck"
    assert rows.max() > 0.85, "to the ankle"
    for column in (slice(0, 200), slice(1000, 1180)):
        assert (picture[:, column] < 100).any(), "names in both columns"
