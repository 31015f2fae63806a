"""Principal components of displacements."""

import numpy as np

from dressform.authoring.learn.modes import find_modes

RNG = np.random.default_rng(5)


def _samples(count: int, rank: int) -> np.ndarray:
    basis = RNG.normal(0, 1, (rank, 40, 3)) * (0.5 ** np.arange(rank))[:, None, None]
    return 0.3 + np.einsum("nk,kpc->npc", RNG.normal(0, 0.01, (count, rank)), basis)


def test_displacements_of_few_modes_come_back() -> None:
    samples = _samples(30, 5)
    modes = find_modes(samples)
    assert modes.basis.shape == (5, 40, 3)
    np.testing.assert_allclose(modes.displacements(modes.coefficients(samples)), samples, atol=1e-5)


def test_modes_are_orthonormal_and_the_strongest_come_first() -> None:
    samples = _samples(30, 8)
    modes = find_modes(samples, most=6)
    flat = modes.basis.reshape(6, -1)
    np.testing.assert_allclose(flat @ flat.T, np.eye(6), atol=1e-5)
    assert (np.diff(modes.coefficients(samples).std(axis=0)) < 0).all()


def test_samples_that_are_all_alike_need_no_mode() -> None:
    modes = find_modes(np.ones((4, 10, 3)))
    assert modes.basis.shape == (0, 10, 3)
    np.testing.assert_array_equal(modes.displacements(np.zeros((2, 0))), np.ones((2, 10, 3), np.float32))


def test_the_sign_of_a_mode_does_not_depend_on_the_order_of_samples() -> None:
    samples = _samples(20, 3)
    one, other = find_modes(samples), find_modes(samples[::-1].copy())
    np.testing.assert_allclose(one.basis, other.basis, atol=1e-4)
