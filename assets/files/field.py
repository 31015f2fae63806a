"""A garment's learned deformation field: what `field.<body>.safetensors` holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


@dataclass(frozen=True)
class FieldModel:
    """From features of pose, body and size to the coefficients of the modes: a linear part and a radial one.

    With z = (min(max(f, low), high) − shift) · scale and kᵢ = exp(−½‖z − centresᵢ‖²):

        c = offset + linearᵀ z + coefficientsᵀ k, each kept between lowest and highest

    How far f is from what was trained on is told by the kernel's predictive variance, its inverse kept to low rank:
    doubt = 1 − ‖supportᵀ k‖², with kᵢ = exp(−½ doubt_reach ‖z − centresᵢ‖²) of the features as they are, not kept
    between low and high: a wider kernel than the one that predicts, which is too narrow to tell a new pose from a
    senseless one. Up to doubt_full the field acts whole; from doubt_none on it does not act; between them it fades.

    Attributes:
        shift: float32 [D] subtracted from the features.
        scale: float32 [D] the features' inverse length scales.
        low: float32 [D] least value of each feature in the training.
        high: float32 [D] greatest value.
        centres: float32 [N, D] training samples, shifted and scaled.
        coefficients: float32 [N, K].
        linear: float32 [D, K].
        offset: float32 [K].
        lowest: float32 [K] least value of each coefficient that the field was made from.
        highest: float32 [K] greatest value.
        support: float32 [N, G].
        doubt_full: Up to this doubt the field acts whole.
        doubt_none: From this doubt on it does not act.
        doubt_reach: Factor on squared distances in the doubt.
    """

    shift: Floats
    scale: Floats
    low: Floats
    high: Floats
    centres: Floats
    coefficients: Floats
    linear: Floats
    offset: Floats
    lowest: Floats
    highest: Floats
    support: Floats
    doubt_full: float
    doubt_none: float
    doubt_reach: float = 1.0


@dataclass(frozen=True)
class Wrinkles:
    """The cloth's normals as learned for themselves: read over the atlas, they shade every level of detail alike.

    The normal at a point, of any length and in its carried frame, for the coefficients c of the field's modes:

        n = mean + Σᵣ (mix c)ᵣ modesᵣ

    A pixel's normal is a mean of this one and of the one that the mesh's points give it.

    Attributes:
        points: int32 [P] the points of the garment itself that have one, on every level of detail the same.
        mean: float32 [P, 3].
        modes: float32 [R, P, 3].
        mix: float32 [R, K] from the field's coefficients to those of these modes.
        share: In (0, 1], the weight of this normal; the mesh's has the rest.
    """

    points: Integers
    mean: Floats
    modes: Floats
    mix: Floats
    share: float


@dataclass(frozen=True)
class Field:
    """Where the cloth of one garment goes beyond being carried by smooth skin weights, on any body in any pose.

    Attributes:
        body: Body family, e.g. "anny".
        body_digest: Digest of the family's topology.
        topology: Digest of the garment's topology.
        joints: The family's joint names, in the order that `joint_indices` counts.
        sizes: Each size's girth over the default size's.
        features: Names of the features that `model` is given, in order.
        points: int32 [P] the garment's points that the field moves, ascending; the others follow them.
        joint_indices: int32 [P, J]; unused entries are 0 with weight 0.
        joint_weights: float32 [P, J] smoothed skin weights, rows sum to 1.
        mean: float32 [P, 3] displacement where all coefficients are 0, in each point's carried frame [m].
        modes: float32 [K, P, 3] displacement of each coefficient, in the same frame [m].
        model: What the coefficients are.
        bound: Furthest that a point may be moved from plain skinning [m].
        wrinkles: What pixels are shaded by, or None.
    """

    body: str
    body_digest: str
    topology: str
    joints: tuple[str, ...]
    sizes: Mapping[str, float]
    features: tuple[str, ...]
    points: Integers
    joint_indices: Integers
    joint_weights: Floats
    mean: Floats
    modes: Floats
    model: FieldModel
    bound: float
    wrinkles: Wrinkles | None = None


def field_at(field: Field, faces: Integers, barycentrics: Floats) -> tuple[Floats, Floats]:
    """Read a field anywhere on the garment: at points of the atlas, on any level of detail.

    Args:
        field: The field.
        faces: int32 [N, 3] the garment's points at the corners of the triangle around each place.
        barycentrics: float32 [N, 3] where in it, rows sum to 1.

    Returns:
        Mean float32 [N, 3] and modes [K, N, 3] there [m]; zero at corners that the field does not move.
    """
    return _read_at(field.points, field.mean, field.modes, faces, barycentrics)


def wrinkles_at(wrinkles: Wrinkles, faces: Integers, barycentrics: Floats) -> tuple[Floats, Floats]:
    """Read wrinkles anywhere on the garment.

    Args:
        wrinkles: The garment's.
        faces: int32 [N, 3] the garment's points at the corners of the triangle around each place.
        barycentrics: float32 [N, 3] where in it, rows sum to 1.

    Returns:
        Mean float32 [N, 3] and modes [R, N, 3] there; zero at corners that have none.
    """
    return _read_at(wrinkles.points, wrinkles.mean, wrinkles.modes, faces, barycentrics)


def lod_field(field: Field, points: Integers) -> Field:
    """Return the rows of a field that belong to a level of detail; its wrinkles are those of the garment itself.

    Args:
        field: The garment's.
        points: int32 [V] for each point of the level its number in the garment itself, ascending.
    """
    _, rows, level = np.intersect1d(field.points, points, return_indices=True)
    return dataclasses.replace(
        field,
        points=level.astype(np.int32),
        joint_indices=field.joint_indices[rows],
        joint_weights=field.joint_weights[rows],
        mean=field.mean[rows],
        modes=field.modes[:, rows],
    )


def _read_at(
    points: Integers, mean: Floats, modes: Floats, faces: Integers, barycentrics: Floats
) -> tuple[Floats, Floats]:
    """Return a mean [N, 3] and modes [K, N, 3] given at points [P], inside triangles [N, 3]."""
    count = max(int(faces.max(initial=0)), int(points.max(initial=0))) + 1
    row = np.full(count, len(points))
    row[points] = np.arange(len(points))
    corners = row[faces]
    means = np.concatenate([mean, np.zeros((1, 3), np.float32)])
    every = np.concatenate([modes, np.zeros((len(modes), 1, 3), np.float32)], axis=1)
    return (
        np.einsum("nc,ncx->nx", barycentrics, means[corners]).astype(np.float32),
        np.einsum("nc,kncx->knx", barycentrics, every[:, corners]).astype(np.float32),
    )
