import numpy as np
import trimesh

from dressform.runtime.geometry.normals import face_areas, face_normals, vertex_normals


def test_normals_of_a_sphere_point_outward():
    ball = trimesh.creation.icosphere(subdivisions=4)
    points, faces = np.asarray(ball.vertices, np.float32), np.asarray(ball.faces)
    normals = vertex_normals(points, faces)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)
    assert np.sum(normals * points, axis=1).min() > 0.999
    centres = points[faces].mean(axis=1)
    outward = centres / np.linalg.norm(centres, axis=1, keepdims=True)
    assert np.sum(face_normals(points, faces) * outward, axis=1).min() > 0.9999
    np.testing.assert_allclose(face_areas(points, faces).sum(), 4 * np.pi, rtol=5e-3)


def test_vertex_normals_are_weighted_by_area():
    # a large face looking up and one of a quarter of its area looking along x, sharing the edge on the y axis
    points = np.array([[0, 0, 0], [0, 1, 0], [-1, 0, 0], [0, 0, 0.25]], np.float32)
    faces = np.array([[0, 1, 2], [0, 1, 3]])
    expected = np.array([0.25, 0, 1.0]) / np.hypot(0.25, 1.0)
    np.testing.assert_allclose(vertex_normals(points, faces)[0], expected, atol=1e-6)


def test_degenerate_faces_and_loose_points_have_no_normal():
    points = np.zeros((4, 3), np.float32)
    assert not vertex_normals(points, np.array([[0, 1, 2]])).any()
    assert not face_normals(points, np.array([[0, 1, 2]])).any()
