"""Examples that break the rules on the atlas."""

from __future__ import annotations

import numpy as np

from .broken import breaks
from .builder import Parts, tube


@breaks("uv.missing", at="sizes/M")
def break_missing(parts: Parts) -> None:
    """No atlas."""
    parts.change_mesh(uv1=None, uv1_faces=None)


@breaks("uv.range", at="sizes/M", place={"size": "M"})
def break_range(parts: Parts) -> None:
    """An atlas that leaves the sheet."""
    parts.change_mesh(uv1=parts.atlas[0] + np.float32(0.2))


@breaks("uv.flipped", at="sizes/M", place={"size": "M"})
def break_flipped(parts: Parts) -> None:
    """A mirrored atlas."""
    uv, _ = parts.atlas
    parts.change_mesh(uv1=np.stack([1 - uv[:, 0], uv[:, 1]], axis=1))


@breaks("uv.zero-area", at="sizes/M", place={"size": "M", "faces": [7]})
def break_zero_area(parts: Parts) -> None:
    """A triangle without texels."""
    corners = parts.atlas[1].copy()
    corners[7] = corners[7, 0]
    parts.change_mesh(uv1_faces=corners)


@breaks("uv.overlap", at="sizes/M", place={"size": "M"})
def break_overlap(parts: Parts) -> None:
    """Two triangles on the same texels."""
    corners = parts.atlas[1].copy()
    corners[60] = corners[20]
    parts.change_mesh(uv1_faces=corners)


@breaks("uv.stretch", at="sizes/M")
def break_stretch(parts: Parts) -> None:
    """A squeezed atlas."""
    parts.change_mesh(uv1=(parts.atlas[0] * [1, 0.4]).astype(np.float32))


@breaks("uv.distorted", at="sizes/M", place={"size": "M"})
def break_distorted(parts: Parts) -> None:
    """An atlas that squeezes the uppermost ring."""
    uv = parts.atlas[0].copy()
    upper, below = uv[-17:, 1], uv[-34:-17, 1]
    uv[-17:, 1] = below + np.float32(0.3) * (upper - below)
    parts.change_mesh(uv1=uv)


def two_charts(parts: Parts) -> None:
    """Cut the atlas in two charts, 20 texels apart at 1024."""
    part_charts(parts, gap=0.02)


def part_charts(parts: Parts, gap: float, scale: float = 1.0) -> None:
    """Cut the atlas in two charts.

    Args:
        parts: Of the sound draft, or with two charts already.
        gap: Between the charts [UV units].
        scale: Of the upper chart.
    """
    uv, corners = tube().uv1, tube().uv1_faces
    assert uv is not None
    assert corners is not None
    upper = uv[17 * 4 :]
    moved = upper[0] + np.float32(scale) * (upper - upper[0]) + np.array([0, gap], np.float32)
    above = np.where(np.arange(len(corners)) >= 2 * 16 * 4, len(uv) - 17 * 4, 0)
    parts.change_mesh(uv1=np.concatenate([uv, moved]), uv1_faces=(corners + above[:, None]).astype(np.int32))


@breaks("uv.density", at="sizes/M", place={"size": "M"}, prepare=two_charts)
def break_density(parts: Parts) -> None:
    """A chart at half the scale of the other."""
    part_charts(parts, gap=0.02, scale=0.5)
