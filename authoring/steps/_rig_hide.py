"""Which parts of a body a garment surely covers, so that they need not be drawn."""

from __future__ import annotations

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.authoring.draft import Draft
from dressform.runtime.geometry.adjacency import components, edges
from dressform.runtime.geometry.normals import face_normals, vertex_normals

from ._kernels import covered_kernel
from ._rig_operators import grown

_START = 0.008  # [m] rays start this far under the skin: cloth may touch it or dip in a little
_SMALL_HOLE = 0.0015  # [m^2] skin seen through a gap of the cloth smaller than this is covered after all


def covered_faces(
    points: NDArray[np.floating],
    faces: NDArray[np.int32],
    body_points: NDArray[np.floating],
    body_faces: NDArray[np.int32],
    *,
    reach: float = 0.06,
    margin: int = 2,
) -> NDArray[np.bool_]:
    """Return which body triangles are covered, bool [Fb], with `margin` rings left visible at every opening.

    A triangle is covered when the rays along the outward normals of its corners and its centre all leave through cloth.

    Args:
        points: Garment points [m], [V, 3].
        faces: int32 [F, 3].
        body_points: [Vb, 3] [m], same pose.
        body_faces: int32 [Fb, 3].
        reach: Longest ray from the skin [m].
        margin: Rings of triangles given back at the border.
    """
    normals = vertex_normals(body_points, body_faces)
    origins = np.concatenate([body_points, body_points[body_faces].mean(axis=1)])
    directions = np.concatenate([normals, face_normals(body_points, body_faces)])
    hit = _rays(points, faces, origins, directions, reach)
    at_points, at_centers = hit[: len(body_points)], hit[len(body_points) :]
    covered = at_centers & at_points[body_faces].all(axis=1)
    corners = body_points[body_faces].astype(np.float64)
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    covered = _without_holes(covered, body_faces, areas, len(body_points))
    return grown(covered, body_faces, -margin)


def hidden_by_artist(draft: Draft, body_faces: NDArray[np.int32], *, margin: int = 2) -> NDArray[np.bool_]:
    """Return the canonical body's triangles, bool [Fb], that the garment's own file deletes under it.

    Args:
        draft: Its import report names the deleted vertices, if its file has any.
        body_faces: int32 [Fb, 3].
        margin: Rings of triangles left visible at the border, since such masks end right at the cloth's edge.
    """
    spans = draft.report("import").get("delete_body_vertices") or [] if draft.has("import") else []
    deleted = np.zeros(int(body_faces.max()) + 1, np.bool_)
    for first, last in spans:
        deleted[first : last + 1] = True
    return grown(np.asarray(deleted[body_faces].all(axis=1), np.bool_), body_faces, -margin)


def _rays(
    points: NDArray[np.floating],
    faces: NDArray[np.int32],
    origins: NDArray[np.floating],
    directions: NDArray[np.floating],
    reach: float,
) -> NDArray[np.bool_]:
    mesh = wp.Mesh(
        points=wp.array(np.ascontiguousarray(points, np.float32), dtype=wp.vec3, device="cpu"),
        indices=wp.array(np.ascontiguousarray(faces, np.int32).reshape(-1), dtype=wp.int32, device="cpu"),
    )
    starts = wp.array(np.asarray(origins - _START * directions, np.float32), dtype=wp.vec3, device="cpu")
    ways = wp.array(np.asarray(directions, np.float32), dtype=wp.vec3, device="cpu")
    covered = wp.zeros(len(origins), dtype=wp.bool, device="cpu")
    inputs = [mesh.id, starts, ways, reach + _START]
    wp.launch(covered_kernel, dim=len(origins), inputs=inputs, outputs=[covered], device="cpu")
    return np.asarray(covered.numpy(), np.bool_)


def _without_holes(
    covered: NDArray[np.bool_], faces: NDArray[np.int32], areas: NDArray[np.float64], vertex_count: int
) -> NDArray[np.bool_]:
    """Cover patches of bare skin that are small and lie wholly among covered triangles."""
    bare = np.flatnonzero(~covered)
    if len(bare) == 0 or not covered.any():
        return covered
    count, label = components(faces[bare], vertex_count)
    patch = label[faces[bare][:, 0]]
    area = np.bincount(patch, areas[bare], minlength=count)
    found = edges(faces)
    edge_bare = np.bincount(found.face_edges.ravel(), np.repeat(~covered, 3), minlength=len(found.vertices))
    between = edge_bare < found.face_counts  # an edge that some covered triangle shares
    enclosed = np.bincount(patch, between[found.face_edges[bare]].any(axis=1), minlength=count) > 0
    closed = covered.copy()
    closed[bare[(area[patch] < _SMALL_HOLE) & enclosed[patch]]] = True
    return closed
