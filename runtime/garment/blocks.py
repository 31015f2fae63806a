"""Vectors of points in blocks: what a CPU adds fast."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from ._kernels_field import BLOCK, Block


def blocked(values: NDArray[np.float32], *, spare: int = 0) -> NDArray[np.float32]:
    """Return vectors [K, P, 3] of points as rows of blocks of points, [B, K, 3 * BLOCK], padded with zeros.

    Args:
        values: The vectors.
        spare: Points of zeros that there are at least behind them.
    """
    count, points = values.shape[:2]
    blocks = -(-(points + spare) // BLOCK)
    padded = np.zeros((count, blocks * BLOCK, 3), np.float32)
    padded[:, :points] = values
    return np.ascontiguousarray(padded.reshape(count, blocks, 3 * BLOCK).transpose(1, 0, 2))


def zeroed_blocks(points: int, device: str) -> tuple[Any, Any]:
    """Return one Warp buffer of vectors of points seen twice: as blocks [B], and as vectors [B * BLOCK]."""
    blocks = -(-points // BLOCK)
    vectors = wp.zeros(blocks * BLOCK, dtype=wp.vec3, device=device)
    return wp.array(ptr=vectors.ptr, dtype=Block, shape=(blocks,), device=device), vectors
