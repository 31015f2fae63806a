import numpy as np
import trimesh

from dressform.runtime.garment.penetration import body_penetration, distance_to_cloth, layer_penetration
from dressform.runtime.geometry.distance import Surface


def ball(radius, subdivisions=3):
    mesh = trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)
    return np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int32)


def test_counts_what_is_more_than_a_millimetre_inside():
    body = Surface(*ball(0.5, subdivisions=5))
    points, faces = ball(0.52)
    assert body_penetration(points, faces, body).fraction == 0
    points[:10] *= 0.48 / 0.52
    points[10:15] *= 0.4995 / 0.52  # half a millimetre in: forgiven
    report = body_penetration(points, faces, body)
    assert report.penetrating_vertices == 10
    assert report.vertices == len(points)
    centres = np.linalg.norm(points[faces].mean(axis=1), axis=1)
    assert report.penetrating_faces == np.sum(centres < 0.4985)
    np.testing.assert_allclose(report.deepest, 0.02, atol=1e-3)


def test_reports_add_up():
    body = Surface(*ball(0.5))
    points, faces = ball(0.45)
    one = body_penetration(points, faces, body)
    assert one.fraction == 1
    both = one + body_penetration(points * 2, faces, body)
    assert both.fraction == 0.5
    assert both.deepest == one.deepest


def test_layers_count_only_over_the_lower_layer():
    inner, inner_faces = ball(0.5, subdivisions=4)
    inner_faces = inner_faces[(inner[inner_faces][:, :, 2] < 0).all(axis=1)]  # a bowl, open at the top
    outer, outer_faces = ball(0.51, subdivisions=4)
    assert layer_penetration(outer, outer_faces, inner, inner_faces).fraction == 0
    below = outer[:, 2] < -0.1
    sunk = np.where(below[:, None], outer * (0.49 / 0.51), outer * (0.4 / 0.51))
    report = layer_penetration(sunk.astype(np.float32), outer_faces, inner, inner_faces)
    assert report.penetrating_vertices == below.sum()  # the upper part is over nothing


def test_distance_to_cloth_is_infinite_beyond_its_border():
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.5, 0.5, 0]], np.float32)
    faces = np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]], np.int32)
    asked = np.array([[0.5, 0.4, 0.1], [0.5, 0.4, -0.1], [1.5, 0.4, -0.1]], np.float32)
    np.testing.assert_allclose(distance_to_cloth(asked, points, faces), [0.1, -0.1, np.inf], atol=1e-6)
