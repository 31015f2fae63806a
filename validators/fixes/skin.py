"""Fixes of skin weights: what a weight has to be is a matter of arithmetic, not of taste."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.rig import Rig

from .fix import Fix, Mended, points
from .workpiece import Workpiece

_SUM_TOLERANCE = 1e-6  # a sum as near to 1 as this is only rounded


def clip_negative(piece: Workpiece) -> Iterator[Mended]:
    """Set weights below zero to zero and scale the point's others to a sum of 1."""
    for body, rig in piece.rigs.items():
        rows = np.flatnonzero((rig.joint_weights < 0).any(axis=1))
        least = float(np.nanmin(rig.joint_weights[rows])) if len(rows) else 0.0
        clipped = replace(rig, joint_weights=np.maximum(rig.joint_weights, 0))
        done = _scaled(clipped, rows)
        if done is not None:
            piece.rigs[body], count = done
            yield Mended(
                f"set negative weights of {points(count)} to 0", f"rig.{body}", f"least weight {least:.3g}", "0"
            )


def normalise(piece: Workpiece) -> Iterator[Mended]:
    """Scale the weights of each point to a sum of 1; a point without any weight is left for a person."""
    for body, rig in piece.rigs.items():
        sums = rig.joint_weights.sum(axis=1, dtype=np.float64)
        rows = np.flatnonzero(np.abs(sums - 1) > _SUM_TOLERANCE)
        done = _scaled(rig, rows)
        if done is not None:
            piece.rigs[body], count = done
            found = sums[rows][sums[rows] > 0]
            yield Mended(
                f"scaled the weights of {points(count)}",
                f"rig.{body}",
                _sums(found),
                "sums of 1",
            )


def skin_the_file(piece: Workpiece) -> Iterator[Mended]:
    """Write the rig's skin into the garment's files, which other tools read it from."""
    piece.reskin = True
    yield Mended("wrote the rig's skin into the GLB", "sizes", "no skin, or another than the rig's", "the rig's skin")


def _scaled(rig: Rig, rows: NDArray[np.int64]) -> tuple[Rig, int] | None:
    """Scale the weights of some points to a sum of 1; None where none of them has weights to scale."""
    sums = rig.joint_weights[rows].sum(axis=1, dtype=np.float64)
    good = rows[np.isfinite(sums) & (sums > 1e-6) & (rig.joint_weights[rows] >= 0).all(axis=1)]
    if not len(good):
        return None
    weights = rig.joint_weights.copy()
    exact = weights[good].astype(np.float64)
    weights[good] = exact / exact.sum(axis=1, keepdims=True)
    return replace(rig, joint_weights=weights), len(good)


FIXES = (
    Fix("skin.negative", ("rig",), "set negative weights to 0 and scale the others", clip_negative),
    Fix("skin.sum", ("rig",), "scale the weights of each point to a sum of 1", normalise),
    Fix("skin.file", ("rig", "mesh"), "write the rig's skin into the garment's files", skin_the_file),
)


def _sums(found: NDArray[np.floating]) -> str:
    low, high = f"{found.min():.3f}", f"{found.max():.3f}"
    return f"sums of {low}" if low == high else f"sums from {low} to {high}"
