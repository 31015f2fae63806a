"""What a field starts from: the garment carried by skin weights so smooth that they bend like cloth, not like skin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import outer_faces
from dressform.runtime.body.protocol import Body
from dressform.runtime.geometry.adjacency import averaging_matrix
from dressform.runtime.geometry.rotations import nearest_rotations

from .dressed import DressedGarment

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]

ROUNDS = 200  # smoothings of the weights; 0.5 of each is the neighbours' mean
KEPT = 8  # joints that hold a point


@dataclass(frozen=True)
class FieldBase:
    """The points of a garment that a field moves, and what carries them.

    Attributes:
        points: int32 [P] into the garment's points, ascending.
        joints: The body family's joint names.
        joint_indices: int32 [P, 8] into `joints`; unused entries are 0 with weight 0.
        joint_weights: float32 [P, 8], rows sum to 1.
    """

    points: Integers
    joints: tuple[str, ...]
    joint_indices: Integers
    joint_weights: Floats


class Carried(NamedTuple):
    """A garment's cloth, carried to one pose.

    Attributes:
        points: float32 [P, 3] world [m].
        turns: float32 [P, 3, 3] how the cloth at each point is turned, rest → world.
    """

    points: Floats
    turns: Floats


def cloth_points(garment: DressedGarment) -> Integers:
    """Return the points that a field moves, int32 [P]: neither those that go with cloth nor what keeps its shape."""
    cloth = np.zeros(len(garment.mesh.points), np.bool_)
    cloth[outer_faces(garment.mesh).reshape(-1)] = True
    cloth[garment.under.points] = False
    for piece in garment.stiff:
        cloth[piece] = False
    return np.flatnonzero(cloth).astype(np.int32)


def field_base(garment: DressedGarment, body: Body, *, rounds: int = ROUNDS) -> FieldBase:
    """Return the cloth of a garment with its rig's weights smoothed over it.

    Args:
        garment: Of any size; its sizes share topology and weights.
        body: The family that its rig is for.
        rounds: Smoothings.
    """
    mesh, rig, points = garment.mesh, garment.rig, cloth_points(garment)
    row = np.full(len(mesh.points), -1, np.int32)
    row[points] = np.arange(len(points))
    faces = row[mesh.faces]
    averaging = averaging_matrix(faces[(faces >= 0).all(axis=1)], len(points)).astype(np.float32)
    number = {name: index for index, name in enumerate(body.joint_names)}
    joints = np.array([number[name] for name in rig.joints], np.int32)
    dense = np.zeros((len(points), len(body.joint_names)), np.float32)
    every = np.arange(len(points))
    np.add.at(dense, (every[:, None], joints[rig.joint_indices[points]]), rig.joint_weights[points])
    used = np.flatnonzero(dense.any(axis=0))
    smooth = np.ascontiguousarray(dense[:, used])
    for _ in range(rounds):
        smooth = np.asarray(0.5 * smooth + 0.5 * (averaging @ smooth), np.float32)
    strongest = np.argsort(-smooth, axis=1, kind="stable")[:, :KEPT]
    weights = np.take_along_axis(smooth, strongest, axis=1)
    weights /= weights.sum(axis=1, keepdims=True)
    indices = np.where(weights > 0, used[strongest], 0)
    spare = ((0, 0), (0, KEPT - indices.shape[1]))
    return FieldBase(
        points,
        tuple(body.joint_names),
        np.pad(indices, spare).astype(np.int32),
        np.pad(weights, spare).astype(np.float32),
    )


def carry(base: FieldBase, rest_points: Floats, transforms: Floats) -> Carried:
    """Carry a garment's cloth to a pose.

    Args:
        base: Its cloth.
        rest_points: All the garment's points fitted to the body [V, 3], body's rest frame [m].
        transforms: Rest → world of the body's joints [J, 4, 4].
    """
    blended = np.einsum("pk,pkab->pab", base.joint_weights, transforms[base.joint_indices, :3])
    points = np.einsum("pab,pb->pa", blended[:, :, :3], rest_points[base.points]) + blended[:, :, 3]
    return Carried(points.astype(np.float32), nearest_rotations(blended[:, :, :3]).astype(np.float32))


def displacements(carried: Carried, world: Floats) -> Floats:
    """Return how cloth differs from where it is carried, in its own turned frame: float32 [P, 3] [m].

    Args:
        carried: Where it is carried.
        world: Where it is, the points of the field's base [P, 3] [m].
    """
    return np.asarray(np.einsum("pab,pa->pb", carried.turns, world - carried.points), np.float32)
