"""A pattern cut into triangles and sewn: what meshing gives and draping, painting and grading take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .pattern import Pattern

Integers = NDArray[np.int32]


@dataclass(frozen=True)
class FlatMesh:
    """All panels as one triangle mesh, flat and sewn.

    A *flat point* belongs to one panel; a *point* is what flat points sewn together share in the worn garment.

    Attributes:
        pattern: What it was cut from.
        flat: float64 [N, 2] each flat point in its panel's frame [m]: the cloth's rest metric.
        panel_ids: int32 [N] into `pattern.panels`.
        flat_faces: int32 [F, 3] into `flat`, counter-clockwise seen from outside.
        face_panels: int32 [F] into `pattern.panels`.
        points: int32 [N] the point of each flat point; points are numbered without gaps.
        layout: float32 [N, 2] where each flat point lies on the UV sheet, in [0, 1]; panels upright, without overlap.
        sheet: Side of the UV sheet [m]: metres per UV unit.
        edges: Flat points along each edge in its panel's direction, by (panel, edge).
    """

    pattern: Pattern
    flat: NDArray[np.float64]
    panel_ids: Integers
    flat_faces: Integers
    face_panels: Integers
    points: Integers
    layout: NDArray[np.float32]
    sheet: float
    edges: Mapping[tuple[str, str], Integers]

    @property
    def faces(self) -> Integers:
        """The triangles of the worn garment, int32 [F, 3] into its points."""
        return np.asarray(self.points[self.flat_faces], np.int32)

    @property
    def point_count(self) -> int:
        """How many points the worn garment has."""
        return int(self.points.max()) + 1 if len(self.points) else 0
