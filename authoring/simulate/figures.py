"""What a drape is judged by: strain, clearance, folds through itself, openings, likeness of both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.adjacency import boundary_loops
from dressform.runtime.geometry.crossings import crossing_faces
from dressform.runtime.geometry.distance import Surface

from .membrane import Membrane

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Opening:
    """A free border of the garment: neckline, hem, waist, the edge of an open front.

    Attributes:
        name: The panels' edges along it.
        points: int [K] in order.
    """

    name: str
    points: NDArray[np.intp]

    def height(self, points: Floats) -> float:
        """Return its mean height above the ground [m]."""
        return float(points[self.points, 2].mean())


def openings(
    faces: NDArray[np.integer], named: Mapping[tuple[str, str], NDArray[np.integer]] | None = None
) -> tuple[Opening, ...]:
    """Return the free borders of a garment, longest first, named by the panels' edges (points by panel and edge)."""
    found = []
    for number, loop in enumerate(boundary_loops(faces)):
        names: list[str] = []
        on_loop = np.isin(np.arange(int(faces.max()) + 1), loop)
        for (panel, edge), along in (named or {}).items():
            if len(along) > 2 and (along >= 0).all() and on_loop[along].all():
                names.append(f"{panel}.{edge}")
        found.append(Opening("+".join(names) or f"opening {number + 1}", loop.astype(np.intp)))
    return tuple(found)


def measure(
    membrane: Membrane, points: Floats, start: Floats, body: Surface, borders: tuple[Opening, ...]
) -> dict[str, Any]:
    """Return figures as JSON values: percent, millimetres, and heights in metres.

    Args:
        membrane: The garment's flat metric.
        points: The drape [P, 3] [m].
        start: Where it began [P, 3] [m].
        body: The body.
        borders: From `openings`.
    """
    stretch = np.maximum(membrane.strains(points)[:, 0], 0)
    centers = points[membrane.faces].mean(axis=1)
    inside = np.concatenate([body.signed_distance(points), body.signed_distance(centers)]) < 0
    crossing = crossing_faces(points, membrane.faces)
    return {
        "stretch_mean_percent": round(100 * float(stretch.mean()), 2),
        "stretch_p95_percent": round(100 * float(np.percentile(stretch, 95)), 2),
        "stretch_max_percent": round(100 * float(stretch.max()), 1),
        "penetrating_percent": round(100 * float(inside.mean()), 3),
        "crossing_triangles": int(crossing.sum()),
        "drop_mm": round(1000 * float((start[:, 2] - points[:, 2]).mean()), 1),
        "lowest": round(float(points[:, 2].min()), 4),
        "openings": [
            {
                "name": border.name,
                "height": round(border.height(points), 4),
                "drop_mm": round(1000 * (border.height(start) - border.height(points)), 1),
                "level_mm": round(1000 * float(np.ptp(points[border.points, 2])), 1),
            }
            for border in borders
        ],
    }
