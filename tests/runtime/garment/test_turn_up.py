import numpy as np
import pytest

from dressform.runtime.avatar.shoes import build_shoes, shod_vertices
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.garment.turn_up import CLEARANCE, turned_up
from dressform.runtime.geometry.distance import Surface

ROWS, AROUND = 40, 24


def tube(lowest, closed=False):
    """An upright tube whose lower hem is at a height [m]: points, triangles."""
    angle = 2 * np.pi * np.arange(AROUND) / AROUND
    ring = np.stack([0.1 * np.cos(angle), 0.1 * np.sin(angle)], axis=1)
    heights = np.linspace(lowest, 1.0, ROWS)
    points = np.concatenate([np.column_stack([ring, np.full(AROUND, z)]) for z in heights]).astype(np.float32)
    row, column = (part.ravel() for part in np.meshgrid(np.arange(ROWS - 1), np.arange(AROUND), indexing="ij"))
    a, b = row * AROUND + column, row * AROUND + (column + 1) % AROUND
    faces = np.concatenate([np.stack([a, b, b + AROUND], 1), np.stack([a, b + AROUND, a + AROUND], 1)])
    if closed:
        fan = np.stack([np.zeros(AROUND - 2, int), np.arange(2, AROUND), np.arange(1, AROUND - 1)], axis=1)
        faces = np.concatenate([faces, fan])
    return points, faces.astype(np.int32)


@pytest.mark.parametrize("lowest", [-0.02, -0.1, -0.3])
def test_a_hem_below_the_floor_comes_to_hang_over_it(lowest):
    points, faces = tube(lowest)
    raised = turned_up(points, faces)
    assert raised[:, 2].min() == pytest.approx(CLEARANCE, abs=1e-6)
    heights = raised[::AROUND, 2]
    assert (np.diff(heights) > 0).all()
    assert np.array_equal(raised[-AROUND:], points[-AROUND:])
    assert np.array_equal(raised[:, :2], points[:, :2])


def test_a_garment_that_hangs_clear_stays_as_it_is():
    points, faces = tube(CLEARANCE + 0.001)
    assert turned_up(points, faces) is points


def test_a_garment_closed_below_has_no_hem_to_turn_up():
    points, faces = tube(-0.003, closed=True)
    assert turned_up(points, faces) is points


def test_what_is_turned_up_grows_from_nothing():
    heights = [turned_up(*tube(CLEARANCE - short))[0, 2] for short in (0.0, 1e-4, 2e-4)]
    assert np.allclose(heights, CLEARANCE, atol=1e-6)


def test_a_shod_foot_fills_its_shoe():
    rest = canonical_rest()
    shoes = build_shoes(rest)
    shod = shod_vertices(rest, shoes)
    moved = np.linalg.norm(shod - rest.vertices, axis=1)
    held = np.concatenate([shoe.held for shoe in shoes])
    assert set(np.flatnonzero(moved)) <= set(held.tolist())
    assert np.median(moved[held]) > 0.002
    assert moved.max() < 0.04
    for shoe in shoes:
        assert np.isin(np.flatnonzero(shoe.inside), shoe.held).mean() > 0.99
        apart = np.abs(Surface(shoe.points, shoe.faces, sign="normal").signed_distance(shoe.shod))
        assert np.quantile(apart, 0.95) < 0.002
