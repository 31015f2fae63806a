"""The few ways in which a garment's points move together over all samples: principal components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

MOST_MODES = 64
LEAST_SHARE = 1e-4  # of all variance; a mode that explains less is noise of the simulation


@dataclass(frozen=True)
class Modes:
    """Displacements as mean + Σₖ coefficientₖ · basisₖ.

    Attributes:
        mean: float32 [P, 3] [m].
        basis: float32 [K, P, 3], orthonormal over points and axes, the strongest first.
    """

    mean: Floats
    basis: Floats

    def coefficients(self, displacements: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the coefficients [N, K] that come nearest to displacements [N, P, 3] [m]."""
        flat = (displacements - self.mean).reshape(len(displacements), -1)
        return np.asarray(flat @ self.basis.reshape(len(self.basis), self.mean.size).T, np.float64)

    def displacements(self, coefficients: NDArray[np.floating]) -> Floats:
        """Return the displacements float32 [N, P, 3] of coefficients [N, K] [m]."""
        flat = np.asarray(coefficients, np.float32) @ self.basis.reshape(len(self.basis), self.mean.size)
        return flat.reshape(len(coefficients), *self.mean.shape) + self.mean


def find_modes(displacements: NDArray[np.floating], *, most: int = MOST_MODES) -> Modes:
    """Return the mean and the principal components of displacements [N, P, 3] [m].

    Args:
        displacements: Samples; there are fewer of them than point coordinates.
        most: Number of modes at most.
    """
    samples = np.asarray(displacements, np.float64)
    mean = samples.mean(axis=0)
    rows = (samples - mean).reshape(len(samples), -1)
    # the small matrix over samples has the same spectrum as the large one over coordinates
    squares, left = np.linalg.eigh(rows @ rows.T)
    strongest = np.argsort(squares)[::-1][:most]
    strongest = strongest[squares[strongest] > LEAST_SHARE * max(float(squares.sum()), 1e-30)]
    basis = (left[:, strongest] / np.sqrt(squares[strongest])).T @ rows
    basis *= _signs(basis)[:, None]
    return Modes(mean.astype(np.float32), basis.reshape(-1, *mean.shape).astype(np.float32))


def _signs(basis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sign of each row's largest entry: eigenvectors come with either sign, a file has to be one of them."""
    if not len(basis):
        return np.ones(0)
    largest = np.abs(basis).argmax(axis=1)
    return np.asarray(np.sign(basis[np.arange(len(basis)), largest]))
