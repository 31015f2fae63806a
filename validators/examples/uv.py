"""Examples that break the rules on the atlas."""

from __future__ import annotations

import numpy as np

from .broken import breaks
from .builder import Parts


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
