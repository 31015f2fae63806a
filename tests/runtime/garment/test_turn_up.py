from dataclasses import replace

import numpy as np
import pytest
import warp as wp

from dressform.assets.library import STARTER, Library
from dressform.runtime.avatar.shoes import INSET, build_shoes, shod_vertices
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.kept_fit import fit_key
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.garment.turn_up import CLEARANCE, is_footed, turned_up
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
    for short in (0.0, 1e-4, 2e-4):
        points, faces = tube(CLEARANCE - short)
        assert np.abs(turned_up(points, faces) - points).max() <= short + 1e-6


def test_a_garment_that_goes_round_the_sole_is_told_from_one_that_hangs():
    assert is_footed(*tube(-0.003, closed=True))
    assert not is_footed(*tube(-0.003))
    assert not is_footed(*tube(0.1, closed=True))


@pytest.fixture(scope="module")
def short_body():
    return canonical_rest().body.rest({"gender": 1.0, "height": 0.15})


def dressed(**changes):
    version = Library.open(STARTER).resolve("trousers")
    garment = DressedGarment("trousers", version.mesh(), version.rig(), 0, size=version.size, keeps_size=True)
    return replace(garment, **changes)


def test_trousers_that_are_too_long_are_turned_up_and_keep_their_buttons_whole(short_body):
    garment = dressed()
    shod = shod_vertices(short_body, build_shoes(short_body))
    bare, worn = (Outfit(short_body, [garment], shod=each).rest_points[0] for each in (None, shod))
    assert bare[:, 2].min() < 0
    assert worn[np.unique(garment.cloth), 2].min() == pytest.approx(CLEARANCE, abs=0.002)
    for piece in garment.stiff:
        shapes = [np.linalg.norm(each[piece] - each[piece[0]], axis=1) for each in (bare, worn)]
        assert np.allclose(*shapes, atol=1e-4)


def test_cloth_is_pushed_out_of_shoes_and_not_only_of_the_foot_in_them():
    body = canonical_rest()
    shoes = build_shoes(body)
    transforms = body.skin_transforms(body.rest_pose())
    deep = []
    for shod in (None, shod_vertices(body, shoes)):
        outfit = Outfit(body, [dressed()], shod=shod)
        out = wp.zeros(sum(outfit.vertex_counts), dtype=wp.vec3, device="cpu")
        outfit.pose(transforms, out)
        cloth = outfit.split(out.numpy())[1]
        inside = [Surface(shoe.points, shoe.faces).signed_distance(cloth) for shoe in shoes]
        deep.append(sum(int((each < -0.003).sum()) for each in inside))
    bare, worn = deep
    assert worn < 0.8 * bare


def test_a_body_in_shoes_is_kept_apart_from_the_same_one_without(short_body):
    shod = shod_vertices(short_body, build_shoes(short_body))
    keys = [fit_key(short_body, [], canonical_rest(), [], each, "cpu") for each in (None, shod)]
    assert keys[0] != keys[1]


def test_a_shod_foot_fills_its_shoe():
    rest = canonical_rest()
    shoes = build_shoes(rest)
    shod = shod_vertices(rest, shoes)
    moved = np.linalg.norm(shod - rest.vertices, axis=1)
    inside = shoes[0].inside | shoes[1].inside
    assert not moved[~inside].any()
    assert np.median(moved[inside]) > 0.001
    assert moved.max() < 0.04
    for shoe in shoes:
        depth = -Surface(shoe.points, shoe.faces, sign="normal").signed_distance(shoe.shod)
        assert np.quantile(np.abs(depth - INSET), 0.9) < 0.002
        assert (depth > 0).mean() > 0.95
