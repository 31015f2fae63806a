"""Sleeves: how far a tube runs from its cuff, and where it is set into the body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.ndimage import gaussian_filter1d
from scipy.sparse.csgraph import connected_components, dijkstra

from dressform.runtime.geometry.adjacency import Edges

from ._panels import face_pairs, parted

Points = NDArray[np.float64]
Faces = NDArray[np.int64]
Path = NDArray[np.int64]

_STEP = 0.005  # [m] along the sleeve between the girths that are compared
_GROWTH = 0.8  # a girth that grows faster along the way may have passed the armpit; sleeves flare by half as much
_SOON, _LATER = (0.06, 1.2), (0.12, 1.6)  # it has if, so far on [m], it is so many times as large: folds only bulge
_LEAST = 0.04  # [m] shorter tubes are hems
_SOFT = 0.03  # [m] to both sides of the armhole's plane over which faces change sides
_MOST = 0.45  # of the piece's faces that one sleeve can have


@dataclass(frozen=True)
class Sleeve:
    """A sleeve of a piece.

    Attributes:
        faces: bool [F].
        armpit: Point on the armhole where the seam below the arm begins.
        top: Point on the armhole farthest from the armpit.
        underarm: Points from the armpit to the cuff.
    """

    faces: NDArray[np.bool_]
    armpit: int
    top: int
    underarm: Path


def tube_length(points: Points, faces: Faces, found: Edges, cuff: NDArray[np.integer]) -> float | None:
    """Return how far the tube that ends in an opening runs until it widens as only a body does [m], or None."""
    length = np.linalg.norm(points[found.vertices[:, 0]] - points[found.vertices[:, 1]], axis=1)
    return _length_of_tube(points, faces, _distances(length, found, len(points), cuff)[0])


def find_sleeve(
    points: Points, faces: Faces, found: Edges, costs: Points, cuff: NDArray[np.integer], reach: float, middle: float
) -> Sleeve | None:
    """Return the sleeve of a tube, or None when it cannot be told from the body.

    Args:
        points: [V, 3] [m], z up.
        faces: [F, 3] of one piece.
        found: Edges of the faces.
        costs: [E] what seams pay to run along edges [m].
        cuff: Points of the opening.
        reach: Length of the tube [m].
        middle: x of the body's middle [m].
    """
    length = np.linalg.norm(points[found.vertices[:, 0]] - points[found.vertices[:, 1]], axis=1)
    away, _ = _distances(length, found, len(points), cuff)
    side = np.sign(points[cuff, 0].mean() - middle)
    aside = side * (points[:, 0] - middle)
    near = np.flatnonzero(np.abs(away - reach) < max(0.015, 1.5 * float(np.median(length))))
    pit = int(near[np.argmin(points[near, 2] + aside[near])])
    center = points[faces].mean(axis=1)
    lean = np.clip((side * (center[:, 0] - middle) - aside[pit]) / _SOFT, -1.0, 1.0)
    # beyond the armpit's plane and no farther from the cuff than the shoulder can be: the body's own side is not sleeve
    lean[away[faces].mean(axis=1) > 2.0 * reach + 0.2] = -1.0
    region = _holding(faces, found, parted(points, faces, found, lean), cuff)
    if region is None or region.mean() > _MOST:
        return None
    ring = _rim(faces, found, region)
    if len(ring) < 3 or np.isin(ring, cuff).any():
        return None
    armpit = int(ring[np.argmin(np.linalg.norm(points[ring] - points[pit], axis=1))])
    top = int(ring[np.argmax(np.linalg.norm(points[ring] - points[armpit], axis=1))])
    own = np.zeros(len(found.vertices), bool)
    own[np.unique(found.face_edges[region])] = True
    _, before = _distances(np.where(own, costs, 1e6), found, len(points), cuff)
    path = [armpit]
    while before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    return Sleeve(region, armpit, top, np.array(path, np.int64))


def _distances(
    length: Points, found: Edges, count: int, start: NDArray[np.integer]
) -> tuple[Points, NDArray[np.int32]]:
    """Return distances along edges from a set of points, and the point before each on the way."""
    graph = sparse.coo_matrix((length, (found.vertices[:, 0], found.vertices[:, 1])), shape=(count, count)).tocsr()
    away, before, _ = dijkstra(graph, directed=False, indices=start, min_only=True, return_predecessors=True)
    return np.asarray(away), np.asarray(before)


def _length_of_tube(points: Points, faces: Faces, away: Points) -> float | None:
    """Return how far from its opening a tube's girth begins to grow as only a body's does [m], or None without one."""
    corners, heights = points[faces], away[faces]
    order = np.argsort(heights, axis=1)
    rows = np.arange(len(faces))[:, None]
    corners, heights = corners[rows, order], heights[rows, order]
    levels = np.arange(_STEP, float(away[np.isfinite(away)].max()), _STEP)
    girth = np.array([_girth(corners, heights, level) for level in levels])
    if len(levels) < 40:
        return None
    girth = gaussian_filter1d(girth, 3.0, mode="nearest")
    past = np.gradient(girth, _STEP) > _GROWTH
    for ahead, times in (_SOON, _LATER):
        steps = round(ahead / _STEP)
        past[:-steps] &= girth[steps:] >= times * girth[:-steps]
        past[-steps:] = False
    past &= ~np.logical_and.accumulate(past)  # cloth that spreads from the opening on is no tube
    past[levels < _LEAST] = False
    return float(levels[int(np.argmax(past))]) if past.any() else None


def _girth(corners: Points, heights: Points, level: float) -> float:
    """Return the length of the line at which a height [F, 3], ascending in each face, has a level."""
    crossed = (heights[:, 0] < level) & (heights[:, 2] >= level)
    c, h = corners[crossed], heights[crossed]

    def at(i: int, j: int, own: NDArray[np.bool_]) -> Points:
        share = (level - h[own, i]) / np.maximum(h[own, j] - h[own, i], 1e-12)
        return np.asarray(c[own, i] + share[:, None] * (c[own, j] - c[own, i]))

    everywhere = np.ones(len(c), bool)
    early = h[:, 1] >= level
    other = np.empty((len(c), 3))
    other[early], other[~early] = at(0, 1, early), at(1, 2, ~early)
    return float(np.linalg.norm(at(0, 2, everywhere) - other, axis=1).sum())


def _holding(
    faces: Faces, found: Edges, chosen: NDArray[np.bool_], cuff: NDArray[np.integer]
) -> NDArray[np.bool_] | None:
    """Return the connected part of chosen faces [F] at the cuff, without holes in it, or None."""
    _, f, g = face_pairs(found)
    touching = np.isin(faces, cuff).any(axis=1)
    for value in (True, False):  # first what hangs on the cuff, then everything that does not hang on the rest
        linked = (chosen[f] == value) & (chosen[g] == value)
        links = sparse.coo_matrix(
            (np.ones(int(linked.sum()), np.int8), (f[linked], g[linked])), shape=(len(faces),) * 2
        )
        _, label = connected_components(links, directed=False)
        pool = np.flatnonzero(chosen & touching) if value else np.flatnonzero(~chosen)
        if not len(pool):
            return None
        largest = np.bincount(label[pool]).argmax()
        chosen = (label == largest) & chosen if value else ~((label == largest) & ~chosen)
    return chosen


def _rim(faces: Faces, found: Edges, region: NDArray[np.bool_]) -> NDArray[np.int64]:
    inner, f, g = face_pairs(found)
    return np.unique(found.vertices[inner[region[f] != region[g]]]).astype(np.int64)
