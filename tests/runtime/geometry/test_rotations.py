import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dressform.runtime.geometry.rotations import (
    matrix_between,
    matrix_to_quat,
    moved_rigidly,
    nearest_rotations,
    quat_conjugate,
    quat_from_rotvec,
    quat_multiply,
    quat_to_matrix,
    rotvec_from_quat,
    slerp,
    twist_about,
)

BATCHES = [(), (1,), (7,), (2, 3), (0,)]


def rotvecs(batch, scale, seed=0):
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=(*batch, 3))
    return scale * axis / np.linalg.norm(axis, axis=-1, keepdims=True)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("scale", [0.0, 1e-9, 1e-5, 0.3, 2.0, np.pi - 1e-3])
def test_round_trips(batch, scale):
    vectors = rotvecs(batch, scale)
    quats = quat_from_rotvec(vectors)
    np.testing.assert_allclose(np.linalg.norm(quats, axis=-1), 1, atol=1e-12)
    np.testing.assert_allclose(rotvec_from_quat(quats), vectors, atol=1e-9)
    np.testing.assert_allclose(rotvec_from_quat(matrix_to_quat(quat_to_matrix(quats))), vectors, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-7, 0.5, 3.0])
def test_match_scipy(scale):
    a, b = rotvecs((9,), scale, 1), rotvecs((9,), 1.3, 2)
    first, second = Rotation.from_rotvec(a), Rotation.from_rotvec(b)
    qa, qb = quat_from_rotvec(a), quat_from_rotvec(b)
    np.testing.assert_allclose(quat_to_matrix(qa), first.as_matrix(), atol=1e-12)
    product = Rotation.from_quat(quat_multiply(qa, qb))
    np.testing.assert_allclose(product.as_matrix(), (first * second).as_matrix(), atol=1e-12)
    np.testing.assert_allclose(quat_to_matrix(quat_conjugate(qa)), first.inv().as_matrix(), atol=1e-12)


def test_the_nearest_rotation_of_a_stretched_one_is_itself_and_is_never_a_mirror():
    turns = Rotation.from_rotvec(rotvecs((2, 5), 1.0).reshape(-1, 3)).as_matrix().reshape(2, 5, 3, 3)
    np.testing.assert_allclose(nearest_rotations(turns @ np.diag([0.2, 1.0, 3.0])), turns, atol=1e-12)
    mirrored = nearest_rotations(turns @ np.diag([1.0, 2.0, -0.5]))
    np.testing.assert_allclose(np.linalg.det(mirrored), 1.0, atol=1e-12)
    np.testing.assert_allclose(mirrored, turns, atol=1e-12)


def test_every_pivot_of_the_matrix_form():
    half_turns = np.array([[np.pi, 0, 0], [0, np.pi, 0], [0, 0, np.pi], [1e-3, 0, 0]])
    matrices = Rotation.from_rotvec(half_turns).as_matrix()
    np.testing.assert_allclose(quat_to_matrix(matrix_to_quat(matrices)), matrices, atol=1e-7)


@pytest.mark.parametrize("angle", [0.0, 1e-6, 1.0, 3.0])
def test_slerp_goes_at_an_even_pace(angle):
    axis = rotvecs((), 1.0)
    start, end = quat_from_rotvec(0 * axis), -quat_from_rotvec(angle * axis)  # the sign must not matter
    for fraction in (0.0, 0.25, 1.0):
        got = rotvec_from_quat(slerp(start, end, fraction))
        np.testing.assert_allclose(got, fraction * angle * axis, atol=1e-9)


def test_twist_is_what_turns_about_the_axis():
    axis = rotvecs((20,), 1.0, 4)
    twist = quat_from_rotvec(axis * np.linspace(-2.5, 2.5, 20)[:, None])
    across = np.cross(axis, rotvecs((20,), 1.0, 5))
    swing = quat_from_rotvec(across)
    got = twist_about(quat_multiply(swing, twist), axis)
    np.testing.assert_allclose(np.abs(np.sum(got * twist, axis=-1)), 1, atol=1e-12)
    half_turn = quat_from_rotvec(np.array([np.pi, 0, 0]))
    np.testing.assert_allclose(twist_about(half_turn, [0, 0, 1.0]), [0, 0, 0, 1], atol=1e-6)


def test_matrix_between_is_the_smallest_turn():
    a, b = rotvecs((30,), 2.0, 6), rotvecs((30,), 0.5, 7)
    turn = matrix_between(a, b)
    np.testing.assert_allclose(np.einsum("nab,nb->na", turn, a) / 2, b / 0.5, atol=1e-9)
    cosine = np.sum(a * b, axis=1)  # |a| |b| = 1
    np.testing.assert_allclose((np.trace(turn, axis1=1, axis2=2) - 1) / 2, cosine, atol=1e-9)
    np.testing.assert_allclose(matrix_between([0, 0, 1], [0, 0, 1]), np.eye(3), atol=1e-12)


def test_points_that_moved_as_one_are_moved_so_and_others_keep_their_shape():
    points = np.random.default_rng(4).normal(size=(6, 3))
    turned = points @ Rotation.from_rotvec([0.3, -1.2, 0.5]).as_matrix().T + [1.0, 2.0, 3.0]
    np.testing.assert_allclose(moved_rigidly(points, turned), turned, atol=1e-12)
    kept = moved_rigidly(points, turned * [1.0, 1.0, -1.4])
    np.testing.assert_allclose(
        np.linalg.norm(kept[:, None] - kept, axis=2), np.linalg.norm(points[:, None] - points, axis=2), atol=1e-12
    )
