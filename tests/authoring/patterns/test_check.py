from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dressform.authoring.patterns.check import check_pattern
from dressform.authoring.patterns.pattern import Edge, Hold, Mark, Seam
from dressform.schemas.errors import InputError

from .sewing_samples import apron, darted, line, pattern, polygon, rectangle, refs, skirt


def test_sound_patterns_pass():
    for sample in (skirt(), darted(), apron()):
        check_pattern(sample)


def with_panel(panel, **more):
    return pattern([panel], **more)


def with_mark(kind, *points):
    return with_panel(rectangle("front", 0.2, 0.2, marks=(Mark(kind, line(*points)),)))


def resewn(number, seam):
    sample = skirt()
    return replace(sample, seams=(*sample.seams[:number], seam, *sample.seams[number + 1 :]))


SQUARE = [(0.0, 0.0), (0.2, 0.0), (0.2, 0.2), (0.0, 0.2)]
SIDES = ["hem", "right", "top", "left"]

BROKEN = {
    "lengths": (
        lambda: resewn(0, Seam(refs("front.right"), refs("back.top"))),
        r"front\.right is 30\.0 cm and back\.top, sewn to it, 44\.0 cm; needed lengths within 1%.*gathers of 0\.467",
    ),
    "gathers": (
        lambda: resewn(0, Seam(refs("front.right"), refs("back.left"), gathers=0.5)),
        r"front\.right is 30\.0 cm with gathers of 50% \(45\.0 cm\) and back\.left, sewn to it, 30\.0 cm",
    ),
    "crossing": (
        lambda: with_panel(polygon("front", [(0, 0), (0.2, 0), (0.05, 0.2), (0.05, -0.1)], SIDES)),
        r"panel front: edges hem and top cross near \(5\.0, 0\.0\) cm; a measure or an ease makes the panel cross",
    ),
    "own crossing": (
        lambda: with_panel(
            replace(
                rectangle("front", 0.2, 0.2),
                edges=(
                    Edge("hem", line((0, 0), (0.2, 0))),
                    Edge("rest", line((0.2, 0), (0.05, 0.2), (0.15, 0.2), (0, 0.05), (0, 0))),
                ),
            )
        ),
        r"edge rest crosses itself near",
    ),
    "clockwise": (lambda: with_panel(polygon("front", SQUARE[::-1], SIDES)), r"its outline runs clockwise"),
    "open": (
        lambda: with_panel(
            replace(rectangle("front", 0.2, 0.2), edges=(*rectangle("front", 0.2, 0.2).edges[:3],)),
        ),
        r"edge top ends 20\.00 cm from where hem starts; needed a closed outline",
    ),
    "edge twice": (
        lambda: with_panel(polygon("front", SQUARE, ["hem", "right", "hem", "left"])),
        r"edge hem is there 2 times; give each its own name",
    ),
    "panel twice": (
        lambda: pattern([rectangle("front", 0.2, 0.2), rectangle("front", 0.2, 0.2)]),
        r"panel front is there 2 times",
    ),
    "no panel": (lambda: pattern([]), r"needed at least one panel, found none"),
    "unknown panel": (
        lambda: resewn(0, Seam(refs("sleeve.right"), refs("back.left"))),
        r"a seam names panel sleeve, there are back, band, front",
    ),
    "unknown edge": (
        lambda: resewn(0, Seam(refs("front.side"), refs("back.left"))),
        r"a seam names edge front\.side, the panel has hem, left, right, top",
    ),
    "edge in two seams": (
        lambda: resewn(1, Seam(refs("back.right"), refs("back.left"))),
        r"back\.left is in two seams",
    ),
    "sewn and turned": (
        lambda: resewn(0, Seam(refs("front.hem"), refs("back.hem"))),
        r"front\.hem is sewn and has a turn",
    ),
    "order": (
        lambda: pattern(
            [rectangle("front", 0.2, 0.2), rectangle("back", 0.2, 0.2)],
            [Seam(refs("front.right", "front.hem"), refs("back.right", "back.hem"))],
        ),
        r"a seam lists front\.right before front\.hem, against the way it is sewn",
    ),
    "hold": (
        lambda: replace(skirt(), holds=(Hold(refs("front.waist")[0]),)),
        r"a hold names edge front\.waist",
    ),
    "not finite": (
        lambda: with_panel(polygon("front", [(0, 0), (np.nan, 0), (0.2, 0.2), (0, 0.2)], SIDES)),
        r"edge hem: a coordinate is not a finite number; look at the measures",
    ),
    "print": (
        lambda: with_mark("print", (-0.15, 0.05), (0.15, 0.05), (0.15, 0.1), (-0.15, 0.1)),
        r"a print of 30\.0 × 5\.0 cm on a panel of 20\.0 × 20\.0 cm; make it smaller",
    ),
    "mark outside": (
        lambda: with_mark("button", (0.0, 0.25)),
        r"a mark \(button\) at \(0\.0, 25\.0\) cm lies 5\.0 cm outside the panel",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_patterns_end_in_one_line(case):
    make, message = BROKEN[case]
    with pytest.raises(InputError, match=message) as caught:
        check_pattern(make())
    assert str(caught.value).startswith("pattern sample, size M: ")
    assert "\n" not in str(caught.value)
