"""What cloth can meet is found near where it hangs, not on a limb that passes through it."""

import numpy as np

from dressform.runtime.garment.candidates import CANDIDATES, Posed, find_candidates
from dressform.runtime.garment.facing import Underlay

UP = np.array([[0, 0, 1]], np.float32)


def plate(height, side=0.0):
    """Two triangles that face up."""
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * 0.05
    return (corners + np.array([side, 0, height])).astype(np.float32)


FACES = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]], np.int32)


def posed(limb_at):
    """A point 2 cm over a chest, and an arm anywhere."""
    return Posed(np.array([[0, 0, 0.02]], np.float32), UP, Underlay(np.concatenate([plate(0.0), limb_at]), FACES))


def test_an_arm_that_swings_through_cloth_is_not_what_the_cloth_lies_on():
    arm_beside, arm_in_cloth = plate(0.0, side=0.4), plate(0.015)
    arm_beside[:, 2] = [-0.05, 0.05, 0.05, -0.05]
    arm_beside[:, 0] = 0.4  # it faces aside at rest
    found = find_candidates([posed(arm_beside), posed(arm_in_cloth)])
    assert found.shape == (1, CANDIDATES)
    assert set(found[0][found[0] >= 0]) <= {0, 1}, "the chest"


def test_what_comes_nearer_within_reach_of_sliding_is_met():
    beside, under = plate(0.0, side=0.06), plate(0.015)
    found = find_candidates([posed(beside), posed(under)])
    assert {2, 3} & set(found[0])
    none_last = found[0] >= 0
    assert none_last[: none_last.sum()].all()
