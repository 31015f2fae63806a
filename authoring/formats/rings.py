"""A garment's polygons for files that hold polygons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.assets.files.glb_details import split_corners

from .polygons import polygon_faces


def polygon_rings(mesh: GarmentMesh) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Join the triangles of each polygon where all that lies on their corners agrees.

    Args:
        mesh: A garment; without `polygons` every triangle stands for itself.

    Returns:
        Corners of each ring, int64 [P]; the mesh corner of each ring corner, int64 [C], counting `faces` row by row;
        a triangle of each ring, int64 [P].
    """
    vertices = split_corners(mesh).corners.astype(np.int32)
    loops = polygon_faces(replace(mesh, faces=vertices))
    starts = np.cumsum(loops.counts) - loops.counts
    return loops.counts, loops.slots, loops.slots[starts] // 3
