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


def fan(edges_around):
    """A shallow cone whose tip has many edges: points [m] and triangles."""
    angle = 2 * np.pi * np.arange(edges_around) / edges_around
    ring = 0.02 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    following = 1 + (np.arange(edges_around) + 1) % edges_around
    faces = np.stack([np.zeros(edges_around), 1 + np.arange(edges_around), following], axis=1)
    return np.concatenate([np.zeros((1, 3)), ring]).astype(np.float32), faces.astype(np.int32)


def plain_limited(points, faces, cut, acting):
    """What the kernels do, written out."""
    pairs = edges(faces).vertices
    most = (1 + MOST) * np.linalg.norm(cut[pairs[:, 0]] - cut[pairs[:, 1]], axis=1)
    valence = np.bincount(pairs.reshape(-1), minlength=len(points))
    now, before = points.astype(np.float64), points.astype(np.float64)
    for _ in range(strain_limit.ROUNDS):
        along = now[pairs[:, 1]] - now[pairs[:, 0]]
        length = np.linalg.norm(along, axis=1)
        pull = np.maximum(1 - most / length, 0)[:, None] * along
        total = np.zeros_like(now)
        np.add.at(total, pairs[:, 0], pull)
        np.add.at(total, pairs[:, 1], -pull)
        part = strain_limit.SHARE * acting * np.minimum(6 / valence, 1)[:, None]
        now, before = now + part * total + strain_limit.ONWARD * (now - before), now
    return now


@pytest.mark.parametrize("acting", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("make", [sheet, lambda: fan(24)])
def test_kernels_match_what_they_stand_for(make, acting):
    cut, faces = make()
    drawn = cut * np.float32(1.1) + np.random.default_rng(0).normal(0, 0.001, cut.shape).astype(np.float32)
    assert np.allclose(limited(drawn, faces, cut, acting=acting), plain_limited(drawn, faces, cut, acting), atol=1e-6)


def test_where_very_many_edges_meet_the_point_is_not_thrown_about():
    cut, faces = fan(24)
    drawn = cut.copy()
    drawn[0, 2] = 0.03
    assert abs(limited(drawn, faces, cut)[0, 2]) < 0.015


def test_cloth_without_triangles_needs_no_limit():
    cut, faces = sheet()
    assert np.array_equal(limited(2 * cut, faces[:0], cut), 2 * cut)


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
