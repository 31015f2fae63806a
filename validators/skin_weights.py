"""Skin weights as a table, and where on the body each joint's weight lies."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.rig import Rig
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.canonical import canonical_rest

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

_HELD = 0.05  # share of a body point's weight from which it belongs to a joint


def table(joints: tuple[str, ...], indices: NDArray[np.int32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return weights as a table over the body's joints, float32 [V, J]; joints that it does not have are left out.

    Args:
        joints: Names that `indices` count.
        indices: int32 [V, K].
        weights: float32 [V, K]; what is no number counts as 0.
    """
    names = load_anny().joint_names
    column = {name: number for number, name in enumerate(names)}
    places = np.array([column.get(joint, len(names)) for joint in joints] + [len(names)])
    known = np.where((indices >= 0) & (indices < len(joints)), indices, len(joints))
    held = np.zeros((len(indices), len(names) + 1), np.float32)
    sound = np.where(np.isfinite(weights), weights, np.float32(0))
    np.add.at(held, (np.arange(len(indices))[:, None], places[known]), sound)
    return held[:, :-1]


def rig_table(rig: Rig) -> NDArray[np.float32]:
    """Return a rig's weights as a table [V, J] over the body's joints."""
    return table(rig.joints, rig.joint_indices, rig.joint_weights)


@functools.cache
def joint_steps() -> NDArray[np.int64]:
    """Return how many bones apart two joints of the body are, [J, J]."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import shortest_path

    parents = load_anny().joint_parents
    child = np.flatnonzero(parents >= 0)
    count = len(parents)
    bones = coo_matrix((np.ones(len(child)), (child, parents[child])), shape=(count, count))
    steps = shortest_path(bones, directed=False, unweighted=True)
    return np.where(np.isfinite(steps), steps, count).astype(np.int64)


def distance_to_part(joint: int | None, points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how far points are from the points of the canonical body that a joint moves, [N] [m].

    Args:
        joint: Number of the joint; None stands for the whole body. For one that moves nothing all is infinitely far.
        points: [N, 3] [m].
    """
    tree = _part(joint)
    if tree is None:
        return np.full(len(points), np.inf)
    distances, _ = tree.query(points)
    return np.asarray(distances, np.float64)


@functools.cache
def _part(joint: int | None) -> cKDTree | None:
    from scipy.spatial import cKDTree

    rest, body = canonical_rest(), load_anny()
    if joint is None:
        return cKDTree(rest.vertices)
    moved = ((body.joint_indices == joint) & (body.joint_weights > _HELD)).any(axis=1)
    return cKDTree(rest.vertices[moved]) if moved.any() else None
