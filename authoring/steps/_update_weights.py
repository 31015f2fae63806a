"""Skin weights that came back from another tool: which were edited there, and which only lost what it cannot keep."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import SourceSkin
from dressform.assets.files.rig import Rig

from ._update_graph import Ints

_EDITED = 0.02  # weight; tools keep them as bytes, and cut to four influences
_SMALLEST = 0.002


def edited_rows(skin: SourceSkin, numbers: Ints, rig: Rig) -> dict[int, dict[str, float]] | None:
    """Return the rows that were edited, by point; None when the skin hangs on joints that are not the rig's.

    Args:
        skin: Of the edited file, rows for its vertices.
        numbers: [W] the point behind each vertex, -1 where there is none.
        rig: What the draft has.
    """
    place = {_plain(name): number for number, name in enumerate(rig.joints)}
    columns = np.array([place.get(_plain(name), -1) for name in skin.joints])
    used = skin.weights > _SMALLEST
    if (columns[skin.indices[used]] < 0).any() or not used.any():
        return None
    known = np.flatnonzero((numbers >= 0) & (skin.weights.sum(axis=1) > 0.5))
    points, first = np.unique(numbers[known], return_index=True)
    vertices = known[first]
    found = np.zeros((len(points), len(rig.joints)))
    rows = np.arange(len(points))[:, None]
    np.add.at(found, (rows, np.maximum(columns[skin.indices[vertices]], 0)), np.where(used, skin.weights, 0)[vertices])
    found /= found.sum(axis=1, keepdims=True)
    influences = int(used.sum(axis=1).max())
    wanted = _cut(rig, points, influences)
    edited = np.flatnonzero(np.abs(found - wanted).max(axis=1) > _EDITED)
    return {
        int(points[k]): {rig.joints[j]: float(found[k, j]) for j in np.flatnonzero(found[k] > _SMALLEST)}
        for k in edited
    }


def with_rows(rig: Rig, rows: dict[int, dict[str, float]]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return a rig's joint indices and weights with rows replaced."""
    indices, weights = rig.joint_indices.copy(), rig.joint_weights.copy()
    for point, row in rows.items():
        strongest = sorted(row.items(), key=lambda item: -item[1])[: indices.shape[1]]
        total = sum(weight for _, weight in strongest)
        indices[point], weights[point] = 0, 0
        indices[point, : len(strongest)] = [rig.joints.index(name) for name, _ in strongest]
        weights[point, : len(strongest)] = [weight / total for _, weight in strongest]
    return indices, weights


def _plain(joint: str) -> str:
    """Return a joint's name as any format can spell it: USD has paths, and no dots in a name."""
    return re.sub(r"[^0-9a-z]", "_", joint.rsplit("/", 1)[-1].lower())


def _cut(rig: Rig, points: Ints, influences: int) -> NDArray[np.float64]:
    """Return dense rows [N, J] as a tool hands them back that keeps so many influences."""
    weights = rig.joint_weights[points].astype(np.float64)
    order = np.argsort(-weights, axis=1, kind="stable")
    np.put_along_axis(weights, order[:, influences:], 0.0, axis=1)
    dense = np.zeros((len(points), len(rig.joints)))
    np.add.at(dense, (np.arange(len(points))[:, None], rig.joint_indices[points]), weights)
    return np.asarray(dense / dense.sum(axis=1, keepdims=True), np.float64)
