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
