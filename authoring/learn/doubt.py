"""How far a pose, body and size are from all that a field was trained on: 0 amid it, 1 far away.

It is the predictive variance of a Gaussian kernel over its prior (Rasmussen and Williams, Gaussian Processes for
Machine Learning, 2006, equation 2.26). The kernel that predicts best is too narrow to tell a new pose from a senseless
one: in a hundred dimensions both are many length scales from every sample. A wider one, with the same proportions,
tells them apart; it is as wide as makes left-out poses and bodies half doubted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .ridge import folds

Floats = NDArray[np.float64]
Integers = NDArray[np.integer]

NOISE = 0.01  # of the kernel's diagonal: what two samples of one pose may differ by
HALF = 0.5  # doubt that the left-out samples have
MOST_DOUBTED = 0.95  # share of them that have at most that
_NARROWEST, _WIDEST = 4.0, 1e-3
_HALVINGS = 30


@dataclass(frozen=True)
class Doubt:
    """Doubt about inputs in a kernel's own scale.

    Attributes:
        samples: [N, D] of the training, divided by the length scales.
        reach: Factor on squared distances; smaller is wider.
    """

    samples: Floats
    reach: float

    def near(self, inputs: Floats) -> Floats:
        """Return how alike inputs [M, D], divided by the length scales, are to each sample [M, N]."""
        squared = (inputs**2).sum(axis=1)[:, None] + (self.samples**2).sum(axis=1)[None] - 2 * (inputs @ self.samples.T)
        return np.asarray(np.exp(-0.5 * self.reach * np.maximum(squared, 0.0)))

    def of(self, inputs: Floats) -> Floats:
        """Return the doubt [M] about inputs [M, D]."""
        near = self.near(inputs)
        return np.asarray(np.clip(1.0 - np.einsum("mn,nm->m", near, self.precision @ near.T), 0.0, 1.0))

    @cached_property
    def precision(self) -> Floats:
        """The inverse [N, N] of the kernel matrix with the noise on its diagonal."""
        return np.asarray(np.linalg.inv(self.near(self.samples) + NOISE * np.eye(len(self.samples))))

    def left_out(self, labels: Integers) -> Floats:
        """Return the doubt [N] about samples without their fold, int [N]."""
        found = np.empty(len(self.samples))
        for fold in folds(labels):
            blocks = np.linalg.inv(self.precision[fold[:, :, None], fold[:, None, :]])
            found[fold] = np.einsum("gss->gs", blocks) - NOISE
        return np.clip(found, 0.0, 1.0)

    def support(self, share: float, most: int) -> Floats:
        """Return the directions [N, G] in which samples lower the doubt: 1 − ‖supportᵀ near‖² is nearly `of`.

        Args:
            share: Of what the samples lower each other's doubt by, how much has to be kept.
            most: Directions at most.
        """
        values, vectors = np.linalg.eigh(self.precision)
        # of a sample: its row of the kernel matrix along an eigenvector is (1 / value − noise) times its entry there
        told = values * np.maximum(1 / values - NOISE, 0.0) ** 2
        order = np.argsort(told)[::-1]
        enough = int(np.searchsorted(np.cumsum(told[order]), share * told.sum())) + 1
        chosen = order[: min(enough, most)]
        return np.asarray(vectors[:, chosen] * np.sqrt(values[chosen]))


def find_doubt(samples: Floats, partitions: Sequence[Integers]) -> Doubt:
    """Return the doubt whose left-out samples are half doubted.

    Args:
        samples: [N, D] of the training, divided by the length scales of the kernel that predicts.
        partitions: Each int [N], the fold of each sample: poses, bodies.
    """
    low, high = np.log(_WIDEST), np.log(_NARROWEST)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        doubt = Doubt(samples, float(np.exp(middle)))
        left_out = np.concatenate([doubt.left_out(labels) for labels in partitions])
        if float(np.quantile(left_out, MOST_DOUBTED)) > HALF:
            high = middle
        else:
            low = middle
    return Doubt(samples, float(np.exp(low)))
