"""Cloth that goes through itself."""

from __future__ import annotations

import numpy as np
import warp as wp
from numpy.typing import NDArray

from ._kernels import crossing_kernel
from .adjacency import edges

LEAST = 2e-5  # [m] beyond a triangle that an edge must reach; touching layers do not cross


def crossing_faces(points: NDArray[np.floating], faces: NDArray[np.integer], least: float = LEAST) -> NDArray[np.bool_]:
    """Say which triangles go through another one that they share no point with, bool [F].

    Args:
        points: [V, 3] [m].
        faces: [F, 3].
        least: How far an edge must reach beyond the other triangle's plane on both sides [m].
    """
    held = wp.array(np.ascontiguousarray(points, np.float32), dtype=wp.vec3, device="cpu")
    corners = np.ascontiguousarray(faces, np.int32)
    mesh = wp.Mesh(points=held, indices=wp.array(corners.reshape(-1), dtype=wp.int32, device="cpu"))
    found = edges(faces)
    crossed = wp.zeros(len(corners), dtype=wp.int32, device="cpu")
    crossing = wp.zeros(len(found.vertices), dtype=wp.int32, device="cpu")
    wp.launch(
        crossing_kernel,
        dim=len(found.vertices),
        inputs=[
            mesh.id,
            held,
            wp.array(found.vertices, dtype=wp.int32, device="cpu"),
            wp.array(corners, dtype=wp.int32, device="cpu"),
            least,
        ],
        outputs=[crossed, crossing],
        device="cpu",
    )
    through = crossing.numpy()[found.face_edges].any(axis=1)
    return np.asarray((crossed.numpy() > 0) | through)
