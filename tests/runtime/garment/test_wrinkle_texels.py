import dataclasses

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.runtime.garment.wrinkle_texels import FARTHEST, wrinkle_texels

SIDE = 64
# two charts of a plane with a seam between points 1 and 2; the second is mirrored in the atlas
POINTS = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1], [2, 0, 0], [2, 0, 1]], np.float32)
FACES = np.array([[0, 1, 2], [0, 2, 3], [1, 4, 5], [1, 5, 2]], np.int32)
UV = np.array(
    [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4], [0.1, 0.4], [0.9, 0.5], [0.6, 0.5], [0.6, 0.8], [0.9, 0.8]], np.float32
)
UV_FACES = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]], np.int32)
EVERY = np.arange(len(POINTS), dtype=np.int32)


@pytest.fixture
def mesh():
    return GarmentMesh(POINTS, FACES, None, None, UV, UV_FACES, (Material(),), np.zeros(len(FACES), np.int32))


def where(found, side=SIDE):
    """Where each texel's centre lies, and the place and the atlas coordinates that it says."""
    centres = (np.stack([found.places % side, found.places // side], axis=1) + 0.5) / side
    held = np.concatenate([POINTS, np.zeros((1, 3), np.float32)])
    return centres, np.einsum("tc,tcx->tx", found.barycentrics, held[found.corners])


def test_each_texel_of_a_chart_is_its_place_on_the_garment(mesh):
    found = wrinkle_texels(mesh, EVERY, SIDE)
    assert np.all(np.diff(found.places) > 0)
    np.testing.assert_allclose(found.barycentrics.sum(axis=1), 1, atol=1e-5)
    centres, places = where(found)
    left = centres[:, 0] < 0.5
    expected = np.where(
        left[:, None],
        (centres - 0.1) / 0.3,
        np.stack([(0.9 - centres[:, 0]) / 0.3 + 1, (centres[:, 1] - 0.5) / 0.3], 1),
    )
    inside = (found.barycentrics >= 0).all(axis=1)
    assert inside.sum() == pytest.approx(2 * (0.3 * SIDE) ** 2, rel=0.1)
    np.testing.assert_allclose(places[inside][:, [0, 2]], expected[inside], atol=1e-4)


def test_beyond_an_edge_the_values_go_on(mesh):
    found = wrinkle_texels(mesh, EVERY, SIDE)
    centres, places = where(found)
    near = (centres[:, 0] < 0.1) & (centres[:, 1] > 0.12) & (centres[:, 1] < 0.38)
    assert near.sum() >= 0.26 * SIDE - 1
    np.testing.assert_allclose(places[near][:, 0], (centres[near, 0] - 0.1) / 0.3, atol=1e-4)
    assert found.barycentrics.min() >= -FARTHEST - 1e-5


def test_a_pixel_anywhere_on_a_chart_reads_covered_texels_alone(mesh):
    found = wrinkle_texels(mesh, EVERY, SIDE)
    covered = np.zeros((SIDE, SIDE), bool)
    covered.reshape(-1)[found.places] = True
    rng = np.random.default_rng(0)
    for corners in UV[UV_FACES]:
        weights = rng.dirichlet([0.3, 0.3, 0.3], 400)
        at = weights @ corners * SIDE - 0.5
        x, y = np.floor(at).astype(int).T
        assert covered[y, x].all()
        assert covered[y + 1, x].all()
        assert covered[y, x + 1].all()
        assert covered[y + 1, x + 1].all()


def test_points_without_wrinkles_have_none(mesh):
    found = wrinkle_texels(mesh, np.array([0, 3], np.int32), SIDE)
    assert found.corners.max() == 2  # the row of zeros
    centres, _ = where(found)
    assert centres[:, 0].max() < 0.5  # no triangle of the second chart has either point
    used = np.unique(found.corners)
    np.testing.assert_array_equal(used, [0, 1, 2])


def test_without_an_atlas_there_are_none(mesh):
    assert wrinkle_texels(dataclasses.replace(mesh, uv1=None, uv1_faces=None), EVERY, SIDE) is None
