import igl
import numpy as np
import pytest
import trimesh

from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.triangles import closest_on_triangles


def sphere(radius=1.0, subdivisions=4):
    ball = trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)
    return np.asarray(ball.vertices, np.float32), np.asarray(ball.faces, np.int32)


@pytest.mark.parametrize("sign", ["winding", "normal"])
def test_distance_to_a_sphere_is_the_formula(sign):
    points, faces = sphere(radius=0.5)
    queries = np.random.default_rng(1).uniform(-1, 1, (5000, 3)).astype(np.float32)
    expected = np.linalg.norm(queries, axis=1) - 0.5
    sagitta = 0.5 * (1 - np.cos(np.linalg.norm(points[faces[:, 0]] - points[faces[:, 1]], axis=1).max() / 0.5))
    found = Surface(points, faces, sign=sign).signed_distance(queries)
    np.testing.assert_allclose(found, expected, atol=sagitta + 1e-5)


def test_closest_point_is_what_its_barycentrics_say_and_none_is_closer():
    points, faces = sphere(subdivisions=2)
    queries = np.random.default_rng(2).normal(size=(500, 3)).astype(np.float32)
    closest = Surface(points, faces).closest(queries)
    rebuilt = np.einsum("qk,qkc->qc", closest.barycentrics, points[faces[closest.triangles]])
    np.testing.assert_allclose(rebuilt, closest.points, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(queries - closest.points, axis=1), closest.distances, atol=1e-6)
    squared, _, _ = igl.point_mesh_squared_distance(
        queries.astype(np.float64), points.astype(np.float64), faces.astype(np.int64)
    )
    np.testing.assert_allclose(closest.distances, np.sqrt(squared), atol=1e-5)


def test_winding_sign_survives_overlapping_parts():
    points, faces = sphere(radius=0.5, subdivisions=3)
    both = np.concatenate([points, points + np.float32([0.6, 0, 0])]), np.concatenate([faces, faces + len(points)])
    in_the_overlap = np.array([[0.2, 0.01, 0.02], [0.3, 0.0, 0.0], [0.4, 0.03, 0.0]], np.float32)
    assert (Surface(*both).signed_distance(in_the_overlap) < 0).all()


def test_normal_sign_tells_the_sides_of_open_cloth():
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    cloth = Surface(points, np.array([[0, 1, 2], [0, 2, 3]]), sign="normal")
    found = cloth.signed_distance(np.array([[0.4, 0.5, 0.2], [0.4, 0.5, -0.3]], np.float32))
    np.testing.assert_allclose(found, [0.2, -0.3], atol=1e-6)


def test_moved_surface_answers_as_a_new_one():
    points, faces = sphere(subdivisions=2)
    queries = np.random.default_rng(3).normal(size=(200, 3)).astype(np.float32)
    surface = Surface(points, faces)
    surface.move(points * 0.7 + 0.1)
    fresh = Surface(points * 0.7 + 0.1, faces)
    np.testing.assert_allclose(surface.signed_distance(queries), fresh.signed_distance(queries), atol=1e-6)


def test_agrees_with_libigl_on_the_body():
    from dressform.runtime.body.canonical import canonical_rest

    rest = canonical_rest()
    points, faces = rest.vertices, rest.body.faces
    rng = np.random.default_rng(4)
    near = points[rng.integers(0, len(points), 4000)] + rng.normal(0, 0.02, (4000, 3))
    queries = near.astype(np.float32)
    signed, *_ = igl.signed_distance(
        queries.astype(np.float64),
        points.astype(np.float64),
        faces.astype(np.int64),
        igl.SIGNED_DISTANCE_TYPE_WINDING_NUMBER,
    )
    found = Surface(points, faces).signed_distance(queries)
    assert np.mean(np.abs(found - signed) > 1e-5) < 1e-3  # triangles without area are left out by Warp
    assert np.mean(np.sign(found) != np.sign(signed)) < 1e-3


def test_wrong_shapes_are_refused():
    points, faces = sphere(subdivisions=1)
    with pytest.raises(ValueError, match=r"queries must be \[N, 3\], got \[3\]"):
        Surface(points, faces).closest(np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="at least one triangle"):
        Surface(points, faces[:0])


def test_closest_facing_finds_the_other_side_or_nothing():
    points, faces = sphere(radius=0.5)
    surface = Surface(points, faces)
    asked = np.array([[0, 0, 0.1], [0, 0, 0.1], [0, 0, 0.1]], np.float32)
    normals = np.array([[0, 0, 1], [0, 0, -1], [0, 0, -1]], np.float32)
    near = surface.closest_facing(asked[:2], normals[:2], cosine=0.9, reach=1.0)
    # from above the centre: the pole above; looking down, the rim of the cap that still faces down
    np.testing.assert_allclose(near.points[:, 2], [0.5, -0.5 * 0.9], atol=0.015)
    np.testing.assert_allclose(near.distances, [0.4, np.sqrt(0.1**2 + 0.5**2 + 2 * 0.1 * 0.5 * 0.9)], atol=0.01)
    nothing = surface.closest_facing(asked[2:], normals[2:], cosine=0.9, reach=0.3)
    assert nothing.triangles.tolist() == [-1]
    np.testing.assert_allclose(nothing.distances, 0.3)


def test_closest_facing_is_the_nearest_of_all_that_face_the_way():
    points, faces = sphere(subdivisions=3)
    random = np.random.default_rng(5)
    asked = random.normal(0, 0.7, (300, 3)).astype(np.float32)
    normals = random.normal(size=(300, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals[:3] = 0  # nothing faces the way of a point without a normal
    found = Surface(points, faces).closest_facing(asked, normals, cosine=0.7, reach=0.8)
    a, b, c = np.moveaxis(points[faces].astype(np.float64), 1, 0)
    sides = np.cross(b - a, c - a)
    sides /= np.linalg.norm(sides, axis=1, keepdims=True)
    shares = closest_on_triangles(asked[:, None].astype(np.float64), a, b, c)
    at = shares[..., :1] * a + shares[..., 1:2] * b + shares[..., 2:] * c
    apart = np.linalg.norm(asked[:, None] - at, axis=2)
    apart[normals @ sides.T < 0.7] = np.inf
    want = np.minimum(apart.min(axis=1), 0.8)
    np.testing.assert_allclose(found.distances, want, atol=2e-6)
    np.testing.assert_array_equal(found.triangles >= 0, want < 0.8)
    assert 0.2 < np.mean(want < 0.1) + np.mean(want == 0.8) < 0.9  # near, far and none


def test_exits_are_as_far_as_the_surface_on_the_way():
    points, faces = sphere()
    surface = Surface(points, faces)
    queries = np.array([[0, 0, 0], [0.5, 0, 0], [-2, 0, 0], [0.5, 0, 0]], np.float32)
    ways = np.array([[1, 0, 0], [1, 0, 0], [1, 0, 0], [-1, 0, 0]], np.float32)
    found = surface.exits(queries, ways, cosine=0.2, reach=1.2)
    np.testing.assert_allclose(found, [1, 0.5, 0, 0], atol=5e-3)
