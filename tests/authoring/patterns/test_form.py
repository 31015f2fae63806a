"""Where the parts of the dress form lie."""

from __future__ import annotations

import pytest

from dressform.authoring.patterns._form import form, stand
from dressform.authoring.patterns.sizing import canonical_measures, pattern_measures
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import JOINT_INDEX


def test_heights_stand_in_the_order_of_a_body():
    heights, joints = stand(), canonical_rest().canonical_joints()
    assert heights.crotch < heights.hip < heights.waist < heights.armpit < heights.shoulder < heights.neck
    shoulder = float(joints[JOINT_INDEX["left_shoulder"], 2])
    assert heights.armpit < shoulder < heights.shoulder
    assert heights.neck < float(joints[JOINT_INDEX["head"], 2])
    assert -0.06 < heights.tip_along_arm < 0


def test_lengths_over_the_cloth_are_longer_than_the_heights_they_span():
    own, heights = form(canonical_measures()), stand()
    assert heights.neck - heights.armpit < own.armpit < 1.5 * (heights.neck - heights.armpit)
    assert heights.neck - heights.waist < own.waist < 1.3 * (heights.neck - heights.waist)
    assert own.nape < own.pit < own.throat < own.armpit
    assert own.half_neck < own.half_shoulder < canonical_measures()["chest"] / 4


def test_lengths_follow_the_measures():
    small, large = form(pattern_measures("S")), form(pattern_measures("XL"))
    for name in ("half_neck", "half_shoulder", "armpit", "waist", "hip", "throat", "nape"):
        assert getattr(small, name) < getattr(large, name), name
    measures = dict(canonical_measures())
    measures["neck"] *= 1.1
    assert form(measures).half_neck == pytest.approx(1.1 * form(canonical_measures()).half_neck)
