"""Kernel ridge regression whose length scales and noise are found by closed-form leave-fold-out errors.

The kernel is a Gaussian plus a linear one over inputs whose features come in groups; each group has one length scale.
What a sample would be predicted as, had it and its whole fold not been trained on, follows from the inverse of the one
kernel matrix (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, section 5.4.2, there for folds of
one; the block form is the same algebra), so that hundreds of settings are compared in seconds without a split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.integer]

ROUNDS = 120  # of gradient descent on the logarithms of the settings
RATE = 0.08
MOST_TUNED = 500  # samples that settings are compared on; the fit itself takes all
MOST_APART = 4.0  # squared distance that a median pair of samples has at most where the search begins
JITTER = 1e-6  # keeps the kernel matrix invertible when samples repeat


@dataclass(frozen=True)
class Kernel:
    """How alike two inputs are: exp(−½ |x − y|²) + linear · x · y, of features divided by their group's length.

    Attributes:
        inverse_lengths: [F] of each feature, equal within a group.
        linear: Weight of the linear kernel.
    """

    inverse_lengths: Floats
    linear: float

    def gaussian(self, x: Floats, y: Floats) -> Floats:
        """Return the Gaussian part [N, M] for inputs [N, F] and [M, F]."""
        x, y = x * self.inverse_lengths, y * self.inverse_lengths
        squared = (x * x).sum(axis=1)[:, None] + (y * y).sum(axis=1)[None] - 2 * (x @ y.T)
        return np.asarray(np.exp(-0.5 * np.maximum(squared, 0.0)))

    def __call__(self, x: Floats, y: Floats) -> Floats:
        """Return the kernel matrix [N, M] for inputs [N, F] and [M, F]."""
        return self.gaussian(x, y) + self.linear * ((x * self.inverse_lengths) @ (y * self.inverse_lengths).T)


@dataclass(frozen=True)
class Ridge:
    """A fitted regression.

    Attributes:
        kernel: Its kernel.
        noise: Variance added to the kernel's diagonal.
        inputs: [N, F] of the training.
        dual: [N, K] weights of the kernel's rows.
        mean: [K] of the targets.
        unseen: For each partition into folds, the predictions [N, K] of samples whose fold was left out.
    """

    kernel: Kernel
    noise: float
    inputs: Floats
    dual: Floats
    mean: Floats
    unseen: tuple[Floats, ...]

    def predict(self, inputs: Floats) -> Floats:
        """Return the targets [M, K] expected at inputs [M, F]."""
        return self.kernel(inputs, self.inputs) @ self.dual + self.mean


def fit_ridge(
    inputs: Floats, groups: Integers, targets: Floats, partitions: Sequence[Integers], *, rounds: int = ROUNDS
) -> Ridge:
    """Fit targets, with the length scales and the noise that predict left-out folds best.

    Args:
        inputs: [N, F].
        groups: int [F] the group of each feature, from 0 without gaps.
        targets: [N, K]; their squared error, summed over K, is what counts.
        partitions: Each int [N], the fold of each sample; the mean of their leave-fold-out errors is minimised.
        rounds: Of the search.
    """
    inputs, targets = np.asarray(inputs, np.float64), np.asarray(targets, np.float64)
    mean = targets.mean(axis=0)
    chosen = _chosen(partitions, len(inputs))
    kernel, noise = _tuned(
        inputs[chosen], groups, targets[chosen] - mean, [labels[chosen] for labels in partitions], rounds
    )
    matrix = kernel(inputs, inputs) + (noise + JITTER) * np.eye(len(inputs))
    inverse: Floats = np.asarray(np.linalg.inv(matrix), np.float64)
    dual: Floats = inverse @ (targets - mean)
    unseen = tuple(targets - left_out(inverse, dual, labels) for labels in partitions)
    return Ridge(kernel, noise, inputs, dual, mean, unseen)


def left_out(inverse: Floats, dual: Floats, labels: Integers) -> Floats:
    """Return the errors [N, K] of samples predicted without their fold (target − prediction).

    Args:
        inverse: [N, N] of the kernel matrix with noise.
        dual: [N, K] the inverse times the targets.
        labels: int [N] the fold of each sample.
    """
    errors = np.empty_like(dual)
    for fold in folds(labels):
        errors[fold] = np.linalg.solve(inverse[fold[:, :, None], fold[:, None, :]], dual[fold])
    return errors


def folds(labels: Integers) -> list[NDArray[np.intp]]:
    """Return the samples of folds of equal size together, int [G, S] for each size S."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=labels[order][:1] - 1))
    members = np.split(order, starts[1:])
    sizes = sorted({len(fold) for fold in members})
    return [np.stack([fold for fold in members if len(fold) == size]) for size in sizes]


def _chosen(partitions: Sequence[Integers], count: int) -> NDArray[np.intp]:
    """Return the samples that settings are compared on: whole folds of the first partition, spread evenly."""
    labels = np.unique(partitions[0], return_inverse=True)[1]
    every = max(1, -(-count // MOST_TUNED))
    return np.flatnonzero(labels % every == 0)


def _tuned(
    inputs: Floats, groups: Integers, targets: Floats, partitions: Sequence[Integers], rounds: int
) -> tuple[Kernel, float]:
    """Search the settings by gradient descent on their logarithms; the best round counts."""
    x, y = torch.from_numpy(inputs), torch.from_numpy(np.ascontiguousarray(targets))
    of_feature = torch.from_numpy(np.asarray(groups, np.int64))
    parted = [[torch.from_numpy(fold) for fold in folds(labels)] for labels in partitions]
    settings = torch.from_numpy(_first_settings(inputs, groups)).requires_grad_(True)
    optimizer = torch.optim.Adam([settings], lr=RATE)
    best, best_loss = settings.detach().clone(), float("inf")
    for _ in range(rounds):
        loss = _loss(x, y, of_feature, settings, parted)
        if float(loss.detach()) < best_loss:
            best, best_loss = settings.detach().clone(), float(loss.detach())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    *logs, noise, linear = best.numpy()
    return Kernel(np.exp(np.array(logs))[groups], float(np.exp(linear))), float(np.exp(noise))


def _first_settings(inputs: Floats, groups: Integers) -> Floats:
    """Return where the search begins: lengths at which a median pair of samples is alike, little noise."""
    lengths = []
    for group in range(int(groups.max()) + 1):
        part = inputs[:, groups == group]
        squared = (part * part).sum(axis=1)[:, None] + (part * part).sum(axis=1)[None] - 2 * (part @ part.T)
        lengths.append(max(float(np.median(squared)), 1e-3))
    wide = max(2.0, len(lengths) / MOST_APART)
    return np.array([*(-0.5 * np.log(wide * np.array(lengths))), -3.0, -3.0])


def _loss(x: Any, y: Any, of_feature: Any, settings: Any, parted: Sequence[Sequence[Any]]) -> Any:
    """Return the mean over partitions of the mean squared leave-fold-out error."""
    scaled = x * torch.exp(settings[:-2])[of_feature]
    alike = scaled @ scaled.T
    own = torch.diagonal(alike)
    matrix = torch.exp(-0.5 * (own[:, None] + own[None] - 2 * alike).clamp_min(0.0))
    matrix = matrix + torch.exp(settings[-1]) * alike
    matrix = matrix + (torch.exp(settings[-2]) + JITTER) * torch.eye(len(x), dtype=x.dtype)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(matrix))
    dual = inverse @ y
    total = torch.zeros((), dtype=x.dtype)
    for partition in parted:
        for fold in partition:
            errors = torch.linalg.solve(inverse[fold[:, :, None], fold[:, None, :]], dual[fold])
            total = total + errors.pow(2).sum()
    return total / (len(x) * len(parted))
