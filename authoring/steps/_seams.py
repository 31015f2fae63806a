"""Where a tailor cuts: side, shoulder and middle seams, armholes, underarm seams; alike on both sides of the body."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dressform.runtime.geometry.adjacency import Edges, boundary_loops, edges

from ._panels import cut_open, edge_rows, facing_along, is_disk, open_to_disks, parted, seams_between
from ._seam_paths import edge_costs, straightened
from ._sleeves import Sleeve, find_sleeve, tube_length

Points = NDArray[np.float64]
Faces = NDArray[np.int64]

FRONT = np.array([0.0, -1.0, 0.0])
_LOW = 0.25  # openings in this part of a piece's height, from below, may be those of legs
_ASIDE = 0.35  # of a piece's half width: openings farther out may be cuffs
_PAIR = 0.08  # [m] from where an opening's mirror image would be: a pair of cuffs
_NOTHING = np.zeros(0, np.int64)


def tailored_cut(points: Points, faces: Faces, diagonal: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Return the edges [E] along which a piece of cloth is cut into panels, every one a disk.

    Args:
        points: [V, 3] [m], z up, facing -y, every one used.
        faces: [F, 3], one connected piece.
        diagonal: bool [E] edges inside an artist's polygon, which seams avoid; None when unknown.
    """
    found = edges(faces)
    costs = edge_costs(points, faces, found, diagonal)
    label, sleeves = np.zeros(len(faces), np.int64), _sleeves(points, faces, found, costs)
    for number, sleeve in enumerate(sleeves, start=1):
        label[sleeve.faces] = number
    fixed = np.array([k for sleeve in sleeves for k in (sleeve.armpit, sleeve.top)], np.int64)
    armholes = straightened(points, faces, found, seams_between(found, label), costs, fixed, disks=False)
    cut = armholes.copy()
    for sleeve in sleeves:
        cut[edge_rows(found, sleeve.underarm)] = True
    body = np.flatnonzero(_component_of(faces, found, armholes, np.flatnonzero(label == 0)))
    cut |= _body_cut(points, faces, found, body, np.array([s.armpit for s in sleeves], np.int64), costs)
    cut = open_to_disks(points, faces, found, cut)
    held = fixed if len(fixed) else _NOTHING
    cut = straightened(points, faces, found, cut, costs, held)
    return mirrored(points, faces, found, cut, middle_of(points))


def _sleeves(points: Points, faces: Faces, found: Edges, costs: Points) -> list[Sleeve]:
    middle, half = middle_of(points), float(np.ptp(points[:, 0])) / 2
    legs = leg_openings(points, faces)
    loops = [
        loop
        for number, loop in enumerate(boundary_loops(faces))
        if number not in legs and abs(float(points[loop, 0].mean()) - middle) >= _ASIDE * half
    ]
    reaches = [tube_length(points, faces, found, loop) for loop in loops]
    centers = [points[loop].mean(axis=0) for loop in loops]
    sleeves: list[Sleeve] = []
    for loop, own, center in zip(loops, reaches, centers, strict=True):
        twin = center * (-1.0, 1.0, 1.0) + (2 * middle, 0.0, 0.0)
        pair = [r for r, other in zip(reaches, centers, strict=True) if np.linalg.norm(other - twin) < _PAIR]
        reach = max((r for r in [own, *pair] if r is not None), default=None)  # a fold may have ended one too soon
        if reach is None:
            continue
        sleeve = find_sleeve(points, faces, found, costs, loop, reach, middle)
        if sleeve is not None and not any((sleeve.faces & other.faces).any() for other in sleeves):
            sleeves.append(sleeve)
    return sleeves


def _component_of(faces: Faces, found: Edges, cut: NDArray[np.bool_], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return the faces [F] of those charts of a cut that hold most of the wanted faces."""
    charts = cut_open(faces, found, cut)
    inside = np.bincount(charts.chart[wanted], minlength=charts.count)
    return np.asarray((inside > 0.5 * np.bincount(charts.chart, minlength=charts.count))[charts.chart])


def _body_cut(
    points: Points,
    faces: Faces,
    found: Edges,
    body: NDArray[np.int64],
    armpits: NDArray[np.int64],
    costs: Points,
) -> NDArray[np.bool_]:
    """Return the cut [E] of a piece without its sleeves: side and shoulder seams, a middle seam where it has legs."""
    used, local = np.unique(faces[body], return_inverse=True)
    local = local.reshape(-1, 3).astype(np.int64)
    own = points[used]
    inner = edges(local)
    label = parted(own, local, inner, facing_along(own, local, inner, FRONT)).astype(np.int64)
    if len(leg_openings(points, faces)) == 2:
        lean = np.clip((own[local].mean(axis=1)[:, 0] - middle_of(points)) / 0.03, -1.0, 1.0)
        label = label * 2 + parted(own, local, inner, lean)
    rows = edge_numbers(found, used[inner.vertices])
    anchors = np.searchsorted(used, np.intersect1d(armpits, used))
    cut = straightened(
        own, local, inner, seams_between(inner, label), costs[rows], _NOTHING, disks=False, anchors=anchors
    )
    whole = np.zeros(len(found.vertices), bool)
    whole[rows[cut]] = True
    return whole


def divided_cut(
    points: Points, faces: Faces, lean: Points, diagonal: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Return the edges [E] that part a surface by the sign of `lean` [F] and open what is left to disks."""
    found = edges(faces)
    side = parted(points, faces, found, lean)
    cut = open_to_disks(points, faces, found, seams_between(found, side.astype(np.int64)))
    return straightened(points, faces, found, cut, edge_costs(points, faces, found, diagonal), _NOTHING)


def leg_openings(points: Points, faces: Faces) -> list[int]:
    """Return the numbers of the two openings below of a piece that forks, none for one that does not."""
    low, height = float(points[:, 2].min()), float(np.ptp(points[:, 2]))
    middle = middle_of(points)
    centers = [points[loop].mean(axis=0) for loop in boundary_loops(faces)]
    below = [k for k, c in enumerate(centers) if c[2] < low + _LOW * height]
    forked = height > 0.3 and len(below) == 2
    return below if forked and (centers[below[0]][0] - middle) * (centers[below[1]][0] - middle) < 0 else []


def middle_of(points: Points) -> float:
    """Return the x halfway between a piece's sides [m]."""
    return float(points[:, 0].min() + points[:, 0].max()) / 2


def edge_numbers(found: Edges, pairs: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the numbers of the edges between pairs of points [K, 2]; where there is no such edge, -1."""
    pairs = np.sort(pairs, axis=1).astype(np.int64)
    size = int(found.vertices.max()) + 1
    codes = found.vertices[:, 0].astype(np.int64) * size + found.vertices[:, 1]
    wanted = pairs[:, 0] * size + pairs[:, 1]
    at = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    return np.where(codes[at] == wanted, at, -1)


def mirrored(points: Points, faces: Faces, found: Edges, cut: NDArray[np.bool_], middle: float) -> NDArray[np.bool_]:
    """Cut both sides of a symmetric mesh alike: what is cut at the wearer's left is cut at the right."""
    reflected = points * (-1.0, 1.0, 1.0) + (2 * middle, 0.0, 0.0)
    distance, twin = (np.asarray(values) for values in cKDTree(points).query(reflected))
    edge = float(np.median(np.linalg.norm(points[found.vertices[:, 0]] - points[found.vertices[:, 1]], axis=1)))
    if not np.array_equal(twin[twin], np.arange(len(points))) or distance.max() > 0.3 * edge:
        return cut
    rows = np.flatnonzero(cut)
    x = points[found.vertices[rows], 0].mean(axis=1) - middle
    left, center = rows[x > 0.01 * edge], rows[np.abs(x) <= 0.01 * edge]
    right = edge_numbers(found, twin[found.vertices[left]])
    if (right < 0).any():
        return cut
    both = np.zeros(len(cut), bool)
    both[np.concatenate([left, center, right])] = True
    now, then = cut_open(faces, found, both), cut_open(faces, found, cut)
    sound = now.count == then.count and all(is_disk(now.faces[now.chart == k]) for k in range(now.count))
    return both if sound else cut
