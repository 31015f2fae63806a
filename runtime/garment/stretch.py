"""How much posed cloth is stretched against its own cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.runtime.geometry.adjacency import edges


def edge_ratios(mesh: GarmentMesh, points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the length of each edge over its own length, float64 [E]; 1 for what lies under the cloth.

    Args:
        mesh: The garment in its own shape: what a larger body stretches counts.
        points: The same points posed [V, 3] [m].
    """
    pairs = edges(mesh.faces).vertices
    own = np.linalg.norm(mesh.points[pairs[:, 0]] - mesh.points[pairs[:, 1]], axis=1)
    now = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
    # an edge of no length has no stretch: the shortest counted one is a hundredth of the mean
    ratios = now / np.maximum(own, 0.01 * float(own.mean()))
    return np.where(cloth_edges(mesh), ratios, 1.0)


def cloth_edges(mesh: GarmentMesh) -> NDArray[np.bool_]:
    """Return which edges [E] belong to a triangle of the outer cloth: what lies under it only follows."""
    found, outer = edges(mesh.faces), np.zeros(len(mesh.faces), np.bool_)
    lies_under = np.array([part.inner for part in mesh.parts], np.bool_)
    outer[:] = True if mesh.part_ids is None else ~lies_under[mesh.part_ids]
    mask = np.zeros(len(found.vertices), np.bool_)
    mask[found.face_edges[outer if outer.any() else ~outer].reshape(-1)] = True
    return mask
