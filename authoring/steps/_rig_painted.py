"""Weights that an artist painted in another tool, kept beside the rig so that they survive a re-rig."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import UsageError

PAINTED = "overrides/rig_weights.json"
_SCHEMA = "dressform/rig-weights/1"

Rows = Mapping[int, Mapping[str, float]]


def painted_bytes(rows: Rows, count: int) -> bytes:
    """Return the file that keeps painted rows.

    Args:
        rows: Weights by joint name, by point.
        count: Points of the garment that they were painted on.
    """
    points = {str(point): {name: round(weight, 6) for name, weight in rows[point].items()} for point in sorted(rows)}
    return (json.dumps({"schema": _SCHEMA, "count": count, "points": points}, indent=1) + "\n").encode()


def read_painted(folder: Path, count: int) -> dict[int, dict[str, float]]:
    """Return a draft's painted rows by point, empty without any.

    Args:
        folder: The draft.
        count: Points of its garment.
    """
    path = folder / PAINTED
    if not path.is_file():
        return {}
    cure = "paint them again (`dressform garment import --update DRAFT FILE`) or delete the file"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        rows = {int(point): {str(k): float(v) for k, v in row.items()} for point, row in document["points"].items()}
        made_for = int(document["count"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: needs painted weights by point ({type(error).__name__}: {error}); {cure}") from None
    if made_for != count or any(not 0 <= point < count for point in rows):
        raise UsageError(f"{path} was painted on a garment of {made_for} points, this one has {count}; {cure}")
    if not all(row and min(row.values()) >= 0 and 0.99 < sum(row.values()) < 1.01 for row in rows.values()):
        raise UsageError(f"{path}: the weights of each point must be positive and sum to 1; {cure}")
    return rows


def dense_rows(rows: Rows, joints: Sequence[str], count: int, where: str) -> NDArray[np.float64]:
    """Return painted rows as float64 [count, J], zero where nothing was painted."""
    dense = np.zeros((count, len(joints)))
    for point, row in rows.items():
        for name, weight in row.items():
            if name not in joints:
                raise UsageError(f"{where}: the body has no joint {name!r}; paint on the joints of our GLB")
            dense[point, joints.index(name)] += weight
    sums = dense.sum(axis=1, keepdims=True)
    return np.asarray(dense / np.where(sums > 0, sums, 1.0), np.float64)
