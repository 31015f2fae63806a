from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from dressform.assets.files.rig import Rig
from dressform.runtime.garment.stiff import cleared_as_one, is_stiff, moved_as_one, stiff_pieces
from dressform.runtime.geometry.distance import Surface


def sphere(radius: float) -> tuple[np.ndarray, np.ndarray]:
    """An octahedron cut finer, counter-clockwise from outside."""
    points = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], np.float64)
    faces = np.array([[4, 0, 2], [4, 2, 1], [4, 1, 3], [4, 3, 0], [5, 2, 0], [5, 1, 2], [5, 3, 1], [5, 0, 3]])
    for _ in range(4):
        a, b, c = (points[faces[:, k]] for k in range(3))
        n = len(points)
        count = len(faces)
        points = np.concatenate([points, a + b, b + c, c + a])
        ab, bc, ca = (n + k * count + np.arange(count) for k in range(3))
        f = faces.T
        faces = np.concatenate([np.stack(t, 1) for t in ((f[0], ab, ca), (ab, f[1], bc), (ca, bc, f[2]), (ab, bc, ca))])
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return (radius * points).astype(np.float32), faces.astype(np.int32)


def test_pieces_are_stiff_when_all_their_points_have_one_weight_row() -> None:
    faces = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8]], np.int32)
    weights = np.zeros((9, 8), np.float32)
    indices = np.zeros((9, 8), np.int32)
    weights[:3, 0] = 1
    weights[3:6, :2] = [0.7, 0.3]
    indices[3:6, :2] = [2, 1]
    indices[4, :2] = [1, 2]
    weights[4, :2] = [0.3, 0.7]  # the same row, told in another order
    weights[6:, :2] = [[1, 0], [0.5, 0.5], [0, 1]]
    indices[6:, 1] = 1
    empty = np.zeros(9, np.int32)
    rig = Rig("b", "d", ("a", "b", "c"), indices, weights, empty, empty[:, None], empty[:, None], np.zeros(1, bool))
    assert [sorted(piece.tolist()) for piece in stiff_pieces(rig, faces)] == [[0, 1, 2], [3, 4, 5]]
    assert not is_stiff(rig, faces)
    assert is_stiff(rig, faces[:2])


def test_the_common_move_is_found_though_some_wish_otherwise() -> None:
    rng = np.random.default_rng(5)
    points = rng.normal(size=(80, 3)) * 0.1
    turn = Rotation.from_rotvec([0.1, 0.2, -0.1]).as_matrix()
    true = 1.05 * points @ turn.T + [0.01, 0.02, 0.3]
    wanted = true.copy()
    wanted[:12] += [0.0, 0.0, -0.1]  # a brim that hangs on the brow
    moved = moved_as_one(points, wanted, np.ones(80))
    assert np.abs(moved - true).max() < 2e-3
    np.testing.assert_allclose(moved_as_one(points, true, np.ones(80)), true, atol=1e-9)


def test_a_cap_too_small_grows_without_bending() -> None:
    head, faces = sphere(0.1)
    cap = sphere(0.099)[0]
    cap = cap[cap[:, 2] > 0.0]
    cleared = cleared_as_one(cap, Surface(head, faces), 0.002)
    grown = np.linalg.norm(cleared - cleared[0], axis=1)[1:] / np.linalg.norm(cap - cap[0], axis=1)[1:]
    assert grown.max() - grown.min() < 1e-4
    assert 1.02 < grown.mean() < 1.06
    assert (Surface(head, faces).signed_distance(cleared) > 0).all()
