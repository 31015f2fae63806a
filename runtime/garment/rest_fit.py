"""Settling a garment, in the rest pose, clear of the body and of the layers below."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.adjacency import averaging_matrix
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals

from .facing import Underlay

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.integer]

EVENINGS = (0.0, 0.5, 0.5, 0.5, 0.0, 0.0)  # how much of each round's move is averaged over neighbours
SPREADS = 6  # averagings that carry a push to the cloth around it
CLOSE_ENOUGH = 1e-4  # [m]
THROUGH = 0.02  # [m] points of the obstacle further over the cloth than this are of another limb
CLEAR = 0.0005  # [m] height over what comes through
ALIKE = 0.85  # least cosine between a point of the obstacle and the cloth it comes through
LEAVES = 0.2  # least cosine between a fold's side and the way out through it


def settle(
    points: FloatArray,
    faces: IntArray,
    obstacle: FloatArray,
    obstacle_faces: IntArray,
    gap: float | FloatArray,
    *,
    reach: float = 0.02,
    folds: float = 0.0,
) -> NDArray[np.float32]:
    """Move cloth points, smoothly, until each keeps its gap from the obstacle it faces.

    Args:
        points: Cloth [V, 3] [m].
        faces: [F, 3].
        obstacle: Points of the body or of a garment below [B, 3] [m].
        obstacle_faces: [F_obstacle, 3].
        gap: Least height over the obstacle, of all or of each point [V] [m].
        reach: Cloth further beside the obstacle's border than this is left alone [m].
        folds: Cloth that is inside the obstacle's folds up to this deep is brought out of them [m].

    Returns:
        float32 [V, 3].
    """
    averaging = averaging_matrix(faces, len(points))
    start = np.asarray(points, np.float64)
    settled = start.copy()
    under = Underlay(obstacle, obstacle_faces)
    for evening in EVENINGS:
        # what was moved so far is evened out, then what is still needed is added on top
        moved = settled - start
        settled = start + (1 - evening) * moved + evening * (averaging @ moved)
        need = _needed(settled, faces, under, gap, reach)
        if folds:
            need = _out_of_folds(settled, faces, under.surface, need, gap, folds)
            need = _over_points(settled, faces, under, need)
        if np.linalg.norm(need, axis=1).max(initial=0) < CLOSE_ENOUGH:
            break
        settled += spread(need, averaging)
    return np.asarray(settled, np.float32)


def _out_of_folds(
    points: NDArray[np.float64],
    faces: IntArray,
    surface: Surface,
    need: NDArray[np.float64],
    gap: float | FloatArray,
    folds: float,
) -> NDArray[np.float64]:
    """Return the needed moves [V, 3], along its own normal wherever a point is inside a fold.

    The nearest cloth of a fold is its side; pushed from there, a point goes along the fold and never out of it.
    """
    ways = vertex_normals(points, faces)
    inside = surface.exits(points, ways, cosine=LEAVES, reach=folds).astype(np.float64)
    needed = np.where(inside > 0, inside + gap, 0.0)
    deeper = needed > np.linalg.norm(need, axis=1)
    return np.where(deeper[:, None], needed[:, None] * ways, need)


def _over_points(
    points: NDArray[np.float64],
    faces: IntArray,
    under: Underlay,
    need: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the needed moves [V, 3], more at the corners of triangles that points of the obstacle come through.

    A crease or an upper edge that passes between the points of a coarser mesh is seen only from its own side.
    """
    found = Surface(points, faces, sign="normal").closest(under.vertices)
    corners = faces[found.triangles]
    a, b, c = np.moveaxis(points[corners], 1, 0)
    ways = np.cross(b - a, c - a)
    ways /= np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-12)
    off = np.asarray(under.vertices, np.float64) - found.points
    heights = np.einsum("oc,oc->o", off, ways)
    short = heights + CLEAR
    aside = np.linalg.norm(off - heights[:, None] * ways, axis=1)
    alike = np.einsum("oc,oc->o", under.normals, ways) > ALIKE
    through = (heights > 0) & (heights < THROUGH) & (aside < 1e-4) & alike
    lifts = np.zeros(len(points))
    np.maximum.at(lifts, corners[through], short[through, None])
    own = vertex_normals(points, faces)
    deeper = lifts > np.linalg.norm(need, axis=1)
    return np.where(deeper[:, None], lifts[:, None] * own, need)


def spread(need: NDArray[np.float64], averaging: object, passes: int = SPREADS) -> NDArray[np.float64]:
    """Return the needed moves [V, 3] carried to the cloth around, nowhere less than needed along the need."""
    lengths = np.linalg.norm(need, axis=1, keepdims=True)
    ways = need / np.maximum(lengths, 1e-12)
    moves = need
    for _ in range(passes):
        moves = 0.5 * moves + 0.5 * (averaging @ moves)  # type: ignore[operator]  # sparse @ dense
        short = np.maximum(lengths - np.sum(moves * ways, axis=1, keepdims=True), 0)
        moves = moves + short * ways
    return moves


def _needed(
    points: NDArray[np.float64], faces: IntArray, under: Underlay, gap: float | FloatArray, reach: float
) -> NDArray[np.float64]:
    """Return the moves [V, 3] that bring each point to its gap over what it faces [m]."""
    triangles, barycentrics = under.closest(points, vertex_normals(points, faces))
    corners = under.faces[triangles]
    off = points - np.einsum("vk,vkc->vc", barycentrics, under.vertices[corners])
    normals = np.einsum("vk,vkc->vc", barycentrics, under.normals[corners]).astype(np.float64)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    heights = np.einsum("vc,vc->v", off, normals)
    aside = np.linalg.norm(off - heights[:, None] * normals, axis=1)
    fade = np.clip(2 - 2 * aside / reach, 0, 1)
    return np.asarray((np.maximum(gap - heights, 0) * fade)[:, None] * normals)
