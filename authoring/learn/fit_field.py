"""Fits a field to gathered samples: modes of displacements, and kernel ridge from features to their coefficients.

The cloth's normals, which pixels are shaded by, are fitted to the same coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.field import Field, FieldModel
from dressform.runtime.garment.field_base import KEPT
from dressform.runtime.garment.field_features import FEATURES

from .doubt import find_doubt
from .gather import Gathered
from .modes import MOST_MODES, find_modes
from .ridge import ROUNDS, Ridge, fit_ridge
from .wrinkles import MOST_WRINKLES, fit_wrinkles

SUPPORT_SHARE = 0.999  # of the kernel's predictive power that the file's low-rank doubt keeps
MOST_SUPPORT = 128
FADE = 0.5  # share of the way from the trained doubt to none at which the field no longer acts
MOST_BYTES = 2_000_000  # of a field's file
LEAST_MODES = 32  # that a garment of very many points has all the same
MOST_BOUND = 0.3  # [m] no point is moved further, whatever it was trained on


@dataclass(frozen=True)
class FieldOptions:
    """How a field is fitted.

    Attributes:
        modes: How many at most.
        rounds: Of the search for length scales.
    """

    modes: int = MOST_MODES
    rounds: int = ROUNDS


@dataclass(frozen=True)
class FittedField:
    """A field and what its training says of it.

    Attributes:
        field: The field.
        unseen_mm: For each partition of the training (left-out poses, left-out bodies), the root mean square error over
            samples and points of predictions without the fold [mm].
    """

    field: Field
    unseen_mm: tuple[float, ...]


def fit_field(
    gathered: Gathered, *, body: str, body_digest: str, topology: str, options: FieldOptions | None = None
) -> FittedField:
    """Fit a field.

    Args:
        gathered: The training samples.
        body: Body family.
        body_digest: Digest of the family's topology.
        topology: Digest of the garment's topology.
        options: How.
    """
    options = options or FieldOptions()
    affordable = affordable_modes(len(gathered.base.points), len(gathered.features))
    modes = find_modes(gathered.displacements, most=min(options.modes, affordable))
    targets = modes.coefficients(gathered.displacements)
    lost = (gathered.displacements - modes.displacements(targets)).astype(np.float64)
    lost_squares = (lost**2).sum(axis=(1, 2))
    features = gathered.features.astype(np.float64)
    shift = features.mean(axis=0)
    partitions = [part for part in (gathered.of_sample, gathered.of_body) if len(np.unique(part)) > 1]
    ridge = fit_ridge(features - shift, feature_groups(), targets, partitions, rounds=options.rounds)
    unseen_squares = [((unseen - targets) ** 2).sum(axis=1) + lost_squares for unseen in ridge.unseen]
    base = gathered.base
    field = Field(
        body=body,
        body_digest=body_digest,
        topology=topology,
        joints=base.joints,
        sizes=gathered.ratios,
        features=FEATURES,
        points=base.points,
        joint_indices=base.joint_indices,
        joint_weights=base.joint_weights,
        mean=modes.mean,
        modes=modes.basis,
        model=_model(gathered, ridge, shift, targets, partitions, unseen_squares),
        bound=min(gathered.farthest, MOST_BOUND),
        wrinkles=fit_wrinkles(gathered, modes, targets, ridge.unseen, partitions),
    )
    count = len(base.points)
    return FittedField(
        field,
        tuple(1e3 * float(np.sqrt(squares.mean() / count)) for squares in unseen_squares),
    )


def affordable_modes(points: int, samples: int) -> int:
    """Return how many modes a field of so many points, trained on so many samples, can have in a file of 2 MB.

    A garment of so many points that fewer than `LEAST_MODES` would be left gets a larger file.
    """
    names, of_point = 40_000, 4 + KEPT * 4 + 12  # its number, joints with weights, mean
    wrinkles = points * (12 + 3 * MOST_WRINKLES)
    model = samples * (2 * len(FEATURES) + 4 * MOST_SUPPORT)
    of_mode = 3 * points + 4 * (samples + len(FEATURES) + MOST_WRINKLES + 4)
    return max((MOST_BYTES - names - points * of_point - wrinkles - model) // of_mode, LEAST_MODES)


def feature_groups() -> NDArray[np.intp]:
    """Return the number of each feature's length scale: one for each joint and measure, the same on both sides."""
    names = [feature.split(".")[0].replace("left_", "").replace("right_", "") for feature in FEATURES]
    order = list(dict.fromkeys(names))
    return np.array([order.index(name) for name in names])


def _model(
    gathered: Gathered,
    ridge: Ridge,
    shift: NDArray[np.float64],
    targets: NDArray[np.float64],
    partitions: list[NDArray[np.intp]],
    unseen_squares: list[NDArray[np.float64]],
) -> FieldModel:
    """Write a ridge regression in the terms of the file."""
    scale = ridge.kernel.inverse_lengths
    centres = ridge.inputs * scale
    doubt = find_doubt(centres, partitions)
    left_out = np.concatenate([doubt.left_out(labels) for labels in partitions])
    full = trusted_doubt(left_out, np.concatenate(unseen_squares), gathered.plain_errors)

    def stored(values: NDArray[np.float64]) -> NDArray[np.float32]:
        return np.asarray(values, np.float32)

    return FieldModel(
        shift=stored(shift),
        scale=stored(scale),
        low=stored(gathered.features.min(axis=0)),
        high=stored(gathered.features.max(axis=0)),
        centres=stored(centres),
        coefficients=stored(ridge.dual),
        linear=stored(ridge.kernel.linear * (centres.T @ ridge.dual)),
        offset=stored(ridge.mean),
        lowest=stored(targets.min(axis=0)),
        highest=stored(targets.max(axis=0)),
        support=stored(doubt.support(SUPPORT_SHARE, MOST_SUPPORT)),
        doubt_full=full,
        doubt_none=full + FADE * (1 - full),
        doubt_reach=doubt.reach,
    )


def trusted_doubt(
    doubts: NDArray[np.float64], squares: NDArray[np.float64], plain_squares: NDArray[np.float64]
) -> float:
    """Return the doubt up to which left-out predictions, all told, gain most over plain skinning.

    Args:
        doubts: Of each left-out sample, of one partition after the other.
        squares: Squared error of its prediction.
        plain_squares: Squared error of plain skinning, of one partition.
    """
    gains = np.tile(plain_squares, len(doubts) // len(plain_squares)) - squares
    order = np.argsort(doubts, kind="stable")
    total = np.cumsum(gains[order])
    best = int(total.argmax())
    return float(min(doubts[order][best], 0.98)) if total[best] > 0 else 0.0
