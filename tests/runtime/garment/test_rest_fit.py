import numpy as np
import trimesh

from dressform.runtime.garment.rest_fit import settle
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.distance import Surface

GAP = 0.0025


def ball(radius, subdivisions):
    mesh = trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)
    return np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int32)


def test_a_dent_is_pushed_out_smoothly():
    body, body_faces = ball(0.2, 4)
    points, faces = ball(0.21, 5)
    start = points.copy()
    dent = points[:, 2] > 0.18
    points[dent] *= 0.19 / 0.21
    settled = settle(points, faces, body, body_faces, GAP)
    assert Surface(body, body_faces).signed_distance(settled).min() > GAP - 2e-4
    far = points[:, 2] < 0
    np.testing.assert_allclose(settled[far], points[far], atol=1e-4)
    pairs = edges(faces).vertices
    lengths = [np.linalg.norm(p[pairs[:, 0]] - p[pairs[:, 1]], axis=1) for p in (settled, start)]
    inside = dent[pairs].all(axis=1)
    assert (
        np.quantile((lengths[0] / lengths[1])[inside], [0.01, 0.99]).tolist()
        == np.clip(np.quantile((lengths[0] / lengths[1])[inside], [0.01, 0.99]), 0.8, 1.2).tolist()
    )


def test_clear_cloth_is_left_alone():
    body, body_faces = ball(0.2, 3)
    points, faces = ball(0.21, 3)
    np.testing.assert_allclose(settle(points, faces, body, body_faces, GAP), points, atol=1e-7)


def test_cloth_beside_an_open_layer_is_left_alone():
    inner, inner_faces = ball(0.2, 4)
    inner_faces = inner_faces[(inner[inner_faces][:, :, 2] < 0).all(axis=1)]
    points, faces = ball(0.195, 4)
    settled = settle(points, faces, inner, inner_faces, GAP)
    np.testing.assert_allclose(settled[points[:, 2] > 0.12], points[points[:, 2] > 0.12], atol=1e-6)
    below = points[:, 2] < -0.03
    assert np.linalg.norm(settled[below], axis=1).min() > 0.2


def pleated(depth):
    """A tube with folds, z up, around the z axis."""
    angle = np.linspace(0, 2 * np.pi, 480, endpoint=False)
    radius = 0.2 + depth * (1 + np.cos(20 * angle)) / 2
    rings = [
        np.stack([radius * np.sin(angle), -radius * np.cos(angle), np.full(480, z)], axis=1) for z in (0, 0.1, 0.2)
    ]
    return np.concatenate(rings).astype(np.float32), ring_faces(3, 480)


def ring_faces(rings, around):
    rows, columns = np.meshgrid(np.arange(rings - 1), np.arange(around), indexing="ij")
    a, b = rows * around + columns, rows * around + (columns + 1) % around
    quads = np.stack([a, b, b + around, a, b + around, a + around], axis=-1)
    return quads.reshape(-1, 3).astype(np.int32)


def tube(radius, around):
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    rings = [
        np.stack([radius * np.sin(angle), -radius * np.cos(angle), np.full(around, z)], axis=1)
        for z in (0.02, 0.1, 0.18)
    ]
    return np.concatenate(rings).astype(np.float32), ring_faces(3, around)


def test_cloth_comes_out_of_the_folds_of_what_it_lies_over():
    skirt, skirt_faces = pleated(0.06)
    points, faces = tube(0.205, 160)
    over = (np.hypot(*skirt[:, :2].T) > 0.254) & (skirt[:, 2] == np.float32(0.1))  # the crests, away from the edges
    without = settle(points, faces, skirt, skirt_faces, GAP)
    settled = settle(points, faces, skirt, skirt_faces, GAP, folds=0.08)
    outside = [Surface(each, faces, sign="normal").signed_distance(skirt[over]) for each in (without, settled)]
    assert (outside[0] > 0.005).mean() > 0.9, "the crests stand out of the cloth that is pushed from the folds' sides"
    assert outside[1].max() < 0.001


def test_a_crease_between_the_points_of_a_coarse_mesh_does_not_come_through():
    around = 48
    under, under_faces = tube(0.2, around)
    turn = np.pi / around  # each edge of the inner tube passes in the middle of a facet of the outer one
    under[:, :2] = under[:, :2] @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]], np.float32)
    points, faces = tube(0.2, around // 4)
    without = settle(points, faces, under, under_faces, GAP)
    settled = settle(points, faces, under, under_faces, GAP, folds=0.08)
    through = [Surface(each, faces, sign="normal").signed_distance(under) for each in (without, settled)]
    assert through[0].max() > 0.002
    assert through[1].max() < 1e-4
