import numpy as np
import pytest
import warp as wp

from dressform.runtime.garment import strain_limit
from dressform.runtime.garment.strain_limit import MOST, StrainLimit
from dressform.runtime.geometry.adjacency import edges

START = 3  # vertices of other meshes that come first in the buffer
SIDE = 12


def sheet():
    """A square cloth of SIDE x SIDE points, 1 cm apart: points [m] and triangles."""
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    points = 0.01 * np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1).astype(np.float32)
    corner = (np.arange(SIDE - 1)[:, None] * SIDE + np.arange(SIDE - 1)).ravel()
    lower = np.stack([corner, corner + 1, corner + SIDE + 1], axis=1)
    upper = np.stack([corner, corner + SIDE + 1, corner + SIDE], axis=1)
    return points, np.concatenate([lower, upper]).astype(np.int32)


def limited(points, faces, cut, rest=None, acting=1.0):
    buffer = wp.array(np.concatenate([np.full((START, 3), 7, np.float32), points]), dtype=wp.vec3, device="cpu")
    share = wp.array([acting], dtype=wp.float32, device="cpu")
    StrainLimit(faces, cut, cut if rest is None else rest, START, share).launch(buffer)
    every = buffer.numpy()
    assert (every[:START] == 7).all()
    return every[START:]


def stretches(points, faces, cut):
    pairs = edges(faces).vertices
    lengths = [np.linalg.norm(each[pairs[:, 0]] - each[pairs[:, 1]], axis=1) for each in (points, cut)]
    return lengths[0] / lengths[1] - 1


def test_cloth_that_is_not_too_long_stays_where_it_is():
    cut, faces = sheet()
    turned = (cut * (1 + 0.9 * MOST)) @ np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float32)
    assert np.array_equal(limited(turned, faces, cut), turned)


def test_a_sharp_stretch_is_shared_by_its_surroundings():
    cut, faces = sheet()
    drawn = cut.copy()
    drawn[SIDE * 6 + 6] += np.float32([0.004, 0.001, 0])
    before, after = (stretches(each, faces, cut) for each in (drawn, limited(drawn, faces, cut)))
    assert before.max() > 0.3
    assert after.max() < 0.6 * before.max()


def test_stretch_of_all_the_cloth_shrinks_and_never_grows():
    cut, faces = sheet()
    drawn = cut * np.float32([1.2, 1, 1])
    after = stretches(limited(drawn, faces, cut), faces, cut)
    assert after.max() <= 0.2 + 1e-5
    assert after.mean() < 0.9 * stretches(drawn, faces, cut).mean()


def test_cloth_that_is_longer_at_rest_may_be_so_in_every_pose():
    cut, faces = sheet()
    tight = cut * np.float32(1.15)
    assert np.allclose(limited(tight, faces, cut, rest=tight), tight, atol=1e-7)
    assert not np.allclose(limited(tight, faces, cut), tight, atol=1e-4)


def test_how_far_points_go_changes_gradually_with_the_stretch():
    cut, faces = sheet()
    factors = 1 + np.linspace(0, 2 * MOST, 41)
    moved = np.stack([limited(cut * np.float32(factor), faces, cut) - cut * np.float32(factor) for factor in factors])
    steps = np.linalg.norm(np.diff(moved, axis=0), axis=2).max(axis=1)
    assert steps.max() < 0.01 * 2 * MOST / 40 * SIDE


def test_a_limit_that_does_not_act_changes_nothing():
    cut, faces = sheet()
    drawn = cut * np.float32([1.2, 1, 1])
    assert np.array_equal(limited(drawn, faces, cut, acting=0.0), drawn)


@pytest.mark.parametrize("rounds", [2, 3])
def test_any_number_of_rounds_ends_in_the_buffer(rounds, monkeypatch):
    monkeypatch.setattr(strain_limit, "ROUNDS", rounds)
    cut, faces = sheet()
    drawn = cut * np.float32([1.2, 1, 1])
    assert stretches(limited(drawn, faces, cut), faces, cut).mean() < stretches(drawn, faces, cut).mean()
