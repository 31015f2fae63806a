"""Shirt and jacket: drafts that can be sewn in every size, with what a tailor expects on them."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.authoring.patterns.check import check_pattern
from dressform.authoring.patterns.jacket import JacketOptions, draft_jacket
from dressform.authoring.patterns.pattern import Pattern
from dressform.authoring.patterns.shirt import ShirtOptions, draft_shirt
from dressform.authoring.patterns.sizing import SIZES, pattern_measures
from dressform.schemas.errors import UsageError


def seam_gaps(pattern: Pattern) -> list[float]:
    """By how much the two sides of each seam differ from what it gathers, as a share of their length."""
    gaps = []
    for seam in pattern.seams:
        first, second = (sum(pattern.edge(ref).length for ref in refs) for refs in (seam.first, seam.second))
        gaps.append(abs(second - first * (1 + seam.gathers)) / second)
    return gaps


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("fit", ["slim", "regular", "loose"])
def test_every_size_and_fit_can_be_sewn(size: str, fit: str) -> None:
    measures = pattern_measures(size)
    for pattern in (
        draft_shirt(measures, ShirtOptions(fit=fit), size),
        draft_jacket(measures, JacketOptions(fit), size),
    ):
        check_pattern(pattern)
        assert max(seam_gaps(pattern)) < 0.01


@pytest.mark.parametrize("draft", [draft_shirt, draft_jacket])
def test_sizes_grow_and_keep_their_parts(draft: object) -> None:
    patterns = [draft(pattern_measures(size), size=size) for size in SIZES]  # type: ignore[operator]
    for name in ("chest", "hem", "length", "sleeve", "shoulder"):
        assert (np.diff([pattern.finished[name] for pattern in patterns]) > 0).all(), name
    parts = [[(p.name, [e.name for e in p.edges], [m.kind for m in p.marks]) for p in q.panels] for q in patterns]
    assert all(part == parts[0] for part in parts)


def test_a_shirt_is_looser_than_the_body_and_buttoned_at_neck_front_and_cuffs() -> None:
    measures = pattern_measures("M")
    shirt = draft_shirt(measures)
    assert shirt.finished["chest"] == pytest.approx(measures["chest"] + 0.13)
    assert [panel.name for panel, _ in shirt.marks("button")].count("front") == 6
    assert {panel.name for panel, _ in shirt.marks("button")} == {"front", "cuff_left", "cuff_right", "collar_stand"}
    low = {name: shirt.panel(name).edge("hem").points for name in ("front", "back")}
    for points in low.values():  # tails hang below the side seams
        assert points[len(points) // 2, 1] < points[0, 1] - 0.05


def test_the_chest_pocket_lies_on_the_left_and_can_be_left_out() -> None:
    def pockets(options: ShirtOptions) -> list[np.ndarray]:
        front = draft_shirt(pattern_measures("M"), options).panel("front")
        return [mark.points for mark in front.marks if mark.kind == "patch" and "hem" in mark.options]

    (outline,) = pockets(ShirtOptions())
    assert outline[:, 0].min() > 0.01
    assert pockets(ShirtOptions(pocket=False)) == []


def test_jackets_are_open_in_front_unless_zipped() -> None:
    measures = pattern_measures("M")
    open_, zipped = draft_jacket(measures), draft_jacket(measures, JacketOptions(opening=0.0))
    check_pattern(zipped)
    assert open_.panel("front_left").edge("center").turn > 0.02
    assert len(zipped.seams) == len(open_.seams) + 2
    apart = [panel.edge("center").points[:, 0] for panel in (open_.panel("front_left"), open_.panel("front_right"))]
    assert apart[0].min() - apart[1].max() == pytest.approx(0.06)
    assert {panel.slot for panel in open_.panels} == {"main", "rib"}
    assert sum(mark.kind == "zip" for panel in open_.panels for mark in panel.marks) == 4


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ShirtOptions(fit="tight"), "slim, regular, loose"),
        (lambda: ShirtOptions(ease=-0.1), "ease"),
        (lambda: ShirtOptions(collar_stand=0.045, collar_fall=0.046), "hide the neck seam"),
        (lambda: ShirtOptions(collar_point=0.041), "at least its fall"),
        (lambda: JacketOptions(opening=0.5), "opening"),
        (lambda: JacketOptions(rib=float("nan")), "rib"),
    ],
)
def test_options_out_of_bounds_end_in_one_line(make: object, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        make()  # type: ignore[operator]
    assert "\n" not in str(caught.value)
