"""Fits a field's wrinkles: the simulated cloth's own normals, linear in the code that the field has already.

A field's points are the mean of what the cloth may do, so their normals are those of smoothed cloth. Normals learned as
such err otherwise than those of the points, and the mean of both errs less than either (as an ensemble does), which
leaves room to give folds back the depth that regression took: the learned normals are sharpened until, on samples that
were left out, what is shaded has folds of every width as deep as the simulation's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dressform.assets.files.field import Wrinkles
from dressform.runtime.garment.wrinkles import shaded_normals
from dressform.runtime.geometry.adjacency import averaging_matrix
from dressform.runtime.geometry.normals import vertex_normals

from .gather import Gathered
from .modes import Modes

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

# chosen on the held-out samples of the T-shirt's card, which is a little too kind to that card's own angles
MOST_WRINKLES = 24  # modes; 16 err 0.1 to 0.2 degrees more, 64 as 24 do
SHARE = 0.6  # of the learned normal in a pixel's: the flat middle of what errs least
RIDGES = (0.003, 0.01, 0.03, 0.1)  # tried, over the mean square of a coefficient
ROUNDS = (4, 16, 64)  # of smoothing: what each takes beyond the one before is one width of folds, from narrow to wide
MOST_GAIN = 1.5  # folds are made deeper by this much at most
STEPS = 3  # of the search for the gains, each of which acts through the mix with the mesh's normals
MOST_FOLDS = 8
MOST_SHARPENED = 24  # left-out samples that gains are found on


class _LeftOut(NamedTuple):
    """A group of left-out samples.

    Attributes:
        rows: int [M] which they are.
        kept: int [N - M] the others.
        codes: [M, K] predicted without their fold.
    """

    rows: NDArray[np.intp]
    kept: NDArray[np.intp]
    codes: Doubles


def fit_wrinkles(
    gathered: Gathered,
    modes: Modes,
    codes: Doubles,
    unseen: Sequence[Doubles],
    partitions: Sequence[NDArray[np.integer]],
) -> Wrinkles:
    """Fit wrinkles.

    Args:
        gathered: The training samples.
        modes: Of their displacements.
        codes: [N, K] their coefficients.
        unseen: For each partition the coefficients [N, K] predicted for samples whose fold was left out.
        partitions: For each, int [N] the fold of each sample.
    """
    normals = gathered.normals
    groups = [
        group for predicted, labels in zip(unseen, partitions, strict=True) for group in _groups(predicted, labels)
    ]
    averaging = averaging_matrix(gathered.faces, len(gathered.base.points))
    ridge, gains = RIDGES[0], np.zeros(len(ROUNDS))
    if groups:
        ridge = min(RIDGES, key=lambda each: sum(_squared_error(codes, normals, group, each) for group in groups))
        gains = _gains(gathered, modes, codes, groups, ridge, averaging)
    mean = normals.mean(axis=0)
    shapes, mix = _strongest(codes, _linear(codes, normals - mean, ridge))
    return Wrinkles(
        points=gathered.base.points,
        mean=_deeper(mean, gains, averaging),
        modes=np.stack([_deeper(shape, gains, averaging) for shape in shapes]),
        mix=mix,
        share=SHARE,
    )


def _groups(predicted: Doubles, labels: NDArray[np.integer]) -> Iterator[_LeftOut]:
    """Yield whole folds of a partition in a few groups."""
    numbers = np.unique(labels, return_inverse=True)[1] % MOST_FOLDS
    for number in range(MOST_FOLDS):
        rows, kept = np.flatnonzero(numbers == number), np.flatnonzero(numbers != number)
        if len(rows) and len(kept):
            yield _LeftOut(rows, kept, predicted[rows])


def _squared_error(codes: Doubles, normals: Floats, group: _LeftOut, ridge: float) -> float:
    return float(((_unit(_predicted(codes, normals, group, ridge)) - normals[group.rows]) ** 2).sum())


def _predicted(codes: Doubles, normals: Floats, group: _LeftOut, ridge: float) -> Floats:
    """Return normals [M, P, 3] of a group, of any length, from the other samples and from its predicted codes."""
    mean, middle = normals[group.kept].mean(axis=0), codes[group.kept].mean(axis=0)
    weights = _linear(codes[group.kept] - middle, normals[group.kept] - mean, ridge)
    return np.asarray(mean + ((group.codes - middle) @ weights).reshape(-1, *mean.shape), np.float32)


def _gains(
    gathered: Gathered,
    modes: Modes,
    codes: Doubles,
    groups: Sequence[_LeftOut],
    ridge: float,
    averaging: sparse.csr_matrix,
) -> Doubles:
    """Return for each width of folds how much deeper the learned normals must be for what is shaded to be as deep."""
    learned, own, truth = [], [], []
    for group in groups:
        count = -(-MOST_SHARPENED // len(groups))
        learned += list(_predicted(codes, gathered.normals, group, ridge)[:count])
        moved = modes.displacements(group.codes[:count])
        own += [_mesh_normals(gathered, int(row), move) for row, move in zip(group.rows, moved, strict=False)]
        truth += list(gathered.normals[group.rows[:count]])
    goal = sum(_depths(each, averaging) for each in truth)
    gains = np.zeros(len(ROUNDS))
    for _ in range(STEPS):
        shaded = (
            shaded_normals(mesh, _deeper(each, gains, averaging), SHARE)
            for mesh, each in zip(own, learned, strict=True)
        )
        depths = sum(_depths(each, averaging) for each in shaded)
        gains = ((1 + gains) * np.sqrt(goal / np.maximum(depths, 1e-12)) - 1).clip(0, MOST_GAIN)
    return np.asarray(gains, np.float64)


def _mesh_normals(gathered: Gathered, row: int, moved: Floats) -> Floats:
    """Return the normals [P, 3] that a sample's mesh would have with other displacements [P, 3] [m]."""
    # the change is taken at rest: the carried frames turn so slowly over the cloth that they bend no fold
    held = (vertex_normals(gathered.rest + move, gathered.faces) for move in (moved, gathered.displacements[row]))
    other, own = held
    return _unit(gathered.normals[row] + other - own)


def _linear(codes: Doubles, targets: NDArray[np.floating], ridge: float) -> Doubles:
    """Return the weights [K, 3 P] of a ridge regression from codes [N, K] to targets [N, P, 3], both of mean zero."""
    square = codes.T @ codes
    square += (ridge * np.trace(square) / len(square) + 1e-12) * np.eye(len(square))
    return np.asarray(np.linalg.solve(square, codes.T @ targets.reshape(len(targets), -1)), np.float64)


def _strongest(codes: Doubles, weights: Doubles) -> tuple[Floats, Floats]:
    """Return the modes [R, P, 3] that carry most of what the weights give for the codes, and the mix [R, K] to them."""
    # reduced-rank regression: the principal components of the fitted values, found in the small space of the codes
    spread = np.linalg.cholesky(codes.T @ codes / len(codes) + 1e-12 * np.eye(codes.shape[1])).T
    seen = spread @ weights
    squares, left = np.linalg.eigh(seen @ seen.T)
    strongest = np.argsort(squares)[::-1][:MOST_WRINKLES]
    strongest = strongest[squares[strongest] > 1e-9 * max(float(squares.sum()), 1e-30)]
    if not len(strongest):
        strongest = np.array([int(squares.argmax())])
    sizes = np.sqrt(np.maximum(squares[strongest], 1e-30))
    modes = (left[:, strongest] / sizes).T @ seen
    modes *= np.sign(modes[np.arange(len(modes)), np.abs(modes).argmax(axis=1)])[:, None]
    mix = modes @ weights.T
    return modes.reshape(len(modes), -1, 3).astype(np.float32), mix.astype(np.float32)


def _deeper(normals: NDArray[np.floating], gains: Doubles, averaging: sparse.csr_matrix) -> Floats:
    """Return vectors [P, 3] whose folds of each width are deeper by a gain."""
    return np.asarray(normals + np.tensordot(gains, _widths(normals, averaging), axes=1), np.float32)


def _depths(normals: NDArray[np.floating], averaging: sparse.csr_matrix) -> Doubles:
    """Return how much normals [P, 3] vary in folds of each width."""
    return np.asarray((_widths(normals, averaging) ** 2).sum(axis=(1, 2)), np.float64)


def _widths(normals: NDArray[np.floating], averaging: sparse.csr_matrix) -> Doubles:
    """Return the part of vectors [P, 3] that are folds of each width, [W, P, 3]."""
    smooth, parts, done = np.asarray(normals, np.float64), [], 0
    for rounds in ROUNDS:
        before = smooth
        for _ in range(done, rounds):
            smooth = 0.5 * smooth + 0.5 * (averaging @ smooth)
        parts.append(before - smooth)
        done = rounds
    return np.stack(parts)


def _unit(vectors: NDArray[np.floating]) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6), np.float32)
