"""Cloth brought back to its own shape around a body: as rigid as possible, outside the skin, even where it was bent."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from dressform.runtime.geometry.adjacency import averaging_matrix, edges
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals

from ._rig_operators import cotangent_weights

_CONTACT = 8.0  # weight of a contact against the cloth's own stiffness, per mean vertex
_CLEAR = 0.0005  # [m] kept on top of the gap while relaxing, so that the last push has nothing to do
_CLOSE_ENOUGH = 0.0002  # [m] a gap short by less than this is left alone
_POKE = 0.008  # [m] skin further than this above cloth is not poking through it: another part of the body
_FACING = 0.6  # cosine between skin and the cloth that should cover it
_MOST_LIFT = 0.003  # [m] of cloth in one round, for skin that pokes through
_FINE_EDGE = 0.005  # [m] between points this close, outside the skin, no skin comes through
_FEW_COARSE = 0.01
_POKED_ROUNDS = 5
_REFACTOR = 3  # contacts change slowly: the system is factored anew every so many rounds


class Obstacle:
    """A body that cloth must stay outside of.

    Args:
        points: Body points [V, 3] [m].
        faces: int32 [F, 3].
    """

    def __init__(self, points: NDArray[np.floating], faces: NDArray[np.int32]) -> None:
        self.surface = Surface(points, faces)
        self._faces = faces
        self.points = np.asarray(points, np.float64)
        self.normals = vertex_normals(points, faces).astype(np.float64)

    def pushed(self, queries: NDArray[np.floating], gap: float) -> NDArray[np.float64]:
        """Return points [Q, 3] moved along the skin's smooth normal to this distance from it [m]."""
        closest = self.surface.closest(queries)
        corners = self._faces[closest.triangles]
        normals = np.einsum("qc,qcx->qx", closest.barycentrics, self.normals[corners])
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        height = np.einsum("qx,qx->q", queries - closest.points, normals)
        return np.asarray(queries + (gap - height)[:, None] * normals, np.float64)


def _rotations(
    reference_edges: NDArray[np.float64], edges: NDArray[np.float64], scatter: sp.csr_matrix
) -> NDArray[np.float64]:
    """Return the rotation of each vertex's fan of edges from the reference shape, [V, 3, 3]."""
    outer = np.einsum("ea,eb->eab", edges, reference_edges).reshape(len(edges), 9)
    u, _, vt = np.linalg.svd((scatter @ outer).reshape(-1, 3, 3))
    turn = u @ vt
    mirrored = np.linalg.det(turn) < 0
    u[mirrored, :, 2] *= -1
    turn[mirrored] = u[mirrored] @ vt[mirrored]
    return np.asarray(turn, np.float64)


def relax(
    start: NDArray[np.floating],
    reference: NDArray[np.floating],
    faces: NDArray[np.int32],
    obstacle: Obstacle,
    *,
    gap: float = 0.004,
    anchor: float | NDArray[np.float64] = 0.01,
    rounds: int = 24,
) -> NDArray[np.float64]:
    """Return the shape nearest to `reference` up to local rotations that stays outside the obstacle.

    Args:
        start: First guess [V, 3] [m]; also what weak springs hold on to.
        reference: The shape whose edge lengths and folds are kept [V, 3] [m].
        faces: int32 [F, 3].
        obstacle: What to stay outside of.
        gap: Smallest distance to it [m].
        anchor: Weight of the springs to `start` against the cloth's stiffness, one or [V].
        rounds: Local-global rounds.
    """
    weights = cotangent_weights(reference, faces).tocoo()
    i, j, w = weights.row, weights.col, weights.data
    stiffness = sp.csr_matrix(sp.diags(np.asarray(weights.sum(axis=1)).ravel()) - weights)
    unit = float(np.median(stiffness.diagonal()))
    scatter = sp.csr_matrix((w, (i, np.arange(len(i)))), shape=(len(start), len(i)))
    reference_edges = (reference[i] - reference[j]).astype(np.float64)
    springs = np.broadcast_to(np.asarray(anchor, np.float64), (len(start),)) * unit
    goal = start.astype(np.float64)
    points = goal.copy()
    touching = np.zeros(0, np.intp)
    contact = np.zeros(len(start))
    rest_on = np.zeros_like(points)
    solve = None
    for count in range(rounds):
        if solve is None or count % _REFACTOR == 0:
            touching = np.flatnonzero(obstacle.surface.signed_distance(points) < gap + _CLEAR)
            contact[:] = 0.0
            contact[touching] = _CONTACT * unit
            solve = splu(sp.csc_matrix(stiffness + sp.diags(springs + contact))).solve
        if len(touching):  # only along the skin's normal: contacts slide
            rest_on[touching] = obstacle.pushed(points[touching], gap + _CLEAR)
        turns = _rotations(reference_edges, points[i] - points[j], scatter)
        pulled = np.einsum("eab,eb->ea", turns[i] + turns[j], reference_edges) / 2
        points = solve(scatter @ pulled + springs[:, None] * goal + contact[:, None] * rest_on)
    return points


def push_out(
    points: NDArray[np.floating], faces: NDArray[np.int32], obstacle: Obstacle, *, gap: float = 0.004, rounds: int = 12
) -> NDArray[np.float64]:
    """Return points moved out to `gap` from the obstacle, neighbours carried along so that no dents remain.

    Triangles with edges over 5 mm count too: one whose corners are outside may still cut a convex part of the body, so
    face centres, the middles of edges and the body's own points against the cloth are looked at as well.

    Args:
        points: [V, 3] [m].
        faces: int32 [F, 3].
        obstacle: What to stay outside of.
        gap: Smallest distance of points to it [m].
        rounds: How often to look again.
    """
    result = points.astype(np.float64)
    average = averaging_matrix(faces, len(result))
    pairs = edges(faces)
    borders = pairs.face_counts[pairs.face_edges] == 1
    long = np.linalg.norm(result[pairs.vertices[:, 0]] - result[pairs.vertices[:, 1]], axis=1) > _FINE_EDGE
    coarse = long[pairs.face_edges].any(axis=1)
    spans = (faces[coarse], pairs.vertices[long])
    for count in range(rounds):
        low = np.flatnonzero(obstacle.surface.signed_distance(result) < gap - _CLOSE_ENOUGH)
        corners, ways = [low], [obstacle.pushed(result[low], gap) - result[low]]
        for parts in spans:
            middles = result[parts].mean(axis=1)
            cut = np.flatnonzero(obstacle.surface.signed_distance(middles) < gap / 4 - _CLOSE_ENOUGH)
            lift = obstacle.pushed(middles[cut], gap / 4) - middles[cut]
            corners.append(parts[cut].ravel().astype(np.intp))
            ways.append(np.repeat(lift, parts.shape[1], axis=0))
        if count < _POKED_ROUNDS and coarse.mean() > _FEW_COARSE:
            poked, covering = poked_through(result, faces, obstacle, gap / 4, borders)
            corners.append(poked)
            ways.append(covering)
        move = _longest(np.concatenate(corners), np.concatenate(ways), len(result))
        if not np.any(move):
            break
        spread = move
        for _ in range(max(0, 6 - count)):
            spread = average @ spread
            shorter = np.linalg.norm(spread, axis=1) < np.linalg.norm(move, axis=1)
            spread[shorter] = move[shorter]
        result = result + spread
    return result


def _longest(corners: NDArray[np.intp], ways: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return for each of `count` points the longest way [3] that asks for it, or none."""
    move = np.zeros((count, 3))
    order = np.argsort(np.einsum("na,na->n", ways, ways), kind="stable")
    move[corners[order]] = ways[order]  # of several for one point the last, the longest, stays
    return move


def poked_through(
    points: NDArray[np.float64],
    faces: NDArray[np.int32],
    obstacle: Obstacle,
    gap: float,
    borders: NDArray[np.bool_] | None = None,
    *,
    reach: float = _POKE,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the corners of triangles that the body's own points stick through, and the ways [n, 3] that cover them.

    Args:
        points: Of the cloth [V, 3] [m].
        faces: int32 [F, 3].
        obstacle: The body.
        gap: How far cloth should be over the body's points [m].
        borders: bool [F, 3] which edges of the triangles are the cloth's border, when known.
        reach: Skin further than this above cloth is another part of the body [m].
    """
    if borders is None:
        pairs = edges(faces)
        borders = pairs.face_counts[pairs.face_edges] == 1
    cloth = Surface(points, faces, sign="normal")
    inside = np.all(
        (obstacle.points > points.min(axis=0) - reach) & (obstacle.points < points.max(axis=0) + reach), axis=1
    )
    seen = np.flatnonzero(inside)
    if not len(seen):
        return np.zeros(0, np.intp), np.zeros((0, 3))
    closest = cloth.closest(obstacle.points[seen])
    corners = faces[closest.triangles]
    a, b, c = (points[corners[:, k]] for k in range(3))
    across = np.cross(b - a, c - a)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-20)
    out = obstacle.normals[seen]
    agree = np.einsum("nx,nx->n", across, out)
    height = np.einsum("nx,nx->n", obstacle.points[seen] - closest.points, across)
    # beyond a hem the closest point lies on a border edge: skin there is bare, not poking through
    bary = closest.barycentrics.astype(np.float64)
    beyond = (borders[closest.triangles] & (np.roll(bary, 1, axis=1) < 1e-3)).any(axis=1)
    through = (height > -gap) & (closest.distances < reach) & (agree > _FACING) & ~beyond
    share = np.minimum(bary[through] / np.einsum("nk,nk->n", bary[through], bary[through])[:, None], 1.0)
    lift = np.minimum((height[through] + gap) / agree[through], _MOST_LIFT)[:, None] * out[through]
    ways = (share[:, :, None] * lift[:, None, :]).reshape(-1, 3)
    return corners[through].ravel().astype(np.intp), ways
