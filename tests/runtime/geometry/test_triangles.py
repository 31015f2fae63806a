import numpy as np
import warp as wp

from dressform.runtime.geometry.triangles import closest_barycentrics, closest_on_triangles


@wp.kernel
def ask(
    points: wp.array(dtype=wp.vec3),
    corners: wp.array2d(dtype=wp.vec3),
    # outputs
    found: wp.array(dtype=wp.vec3),
):
    i = wp.tid()
    found[i] = closest_barycentrics(points[i], corners[i, 0], corners[i, 1], corners[i, 2])


def cases(count=3000):
    rng = np.random.default_rng(5)
    corners = rng.normal(size=(count, 3, 3))
    points = rng.normal(scale=2.0, size=(count, 3))
    points[: count // 3] = corners[: count // 3].mean(axis=1) + rng.normal(scale=0.2, size=(count // 3, 3))
    return points, corners


def test_numpy_closest_point_is_no_further_than_any_sample():
    points, corners = cases(300)
    where = closest_on_triangles(points, *(corners[:, k] for k in range(3)))
    assert where.min() >= 0
    np.testing.assert_allclose(where.sum(axis=1), 1, atol=1e-12)
    found = np.linalg.norm(np.einsum("qk,qkc->qc", where, corners) - points, axis=1)
    samples = np.random.default_rng(6).dirichlet((0.6, 0.6, 0.6), size=2000)
    sampled = np.linalg.norm(np.einsum("sk,qkc->qsc", samples, corners) - points[:, None], axis=2).min(axis=1)
    assert (found <= sampled + 1e-12).all()
    assert np.median(sampled - found) < 0.02


def test_warp_function_matches_numpy():
    points, corners = cases()
    found = wp.zeros(len(points), dtype=wp.vec3)
    inputs = [wp.array(points, dtype=wp.vec3), wp.array(corners, dtype=wp.vec3, ndim=2)]
    wp.launch(ask, dim=len(points), inputs=inputs, outputs=[found])
    expected = closest_on_triangles(points, *(corners[:, k] for k in range(3)))
    rebuilt, wanted = (np.einsum("qk,qkc->qc", where, corners) for where in (found.numpy(), expected))
    np.testing.assert_allclose(rebuilt, wanted, atol=2e-4)
