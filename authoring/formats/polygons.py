"""Polygons to triangles, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh
from dressform.schemas.errors import InputError

MOST_CORNERS = 4_096  # cutting one polygon takes time that grows with the square of its corners


def triangulate(
    points: NDArray[np.float64], corners: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cut polygons into triangles: quads along the diagonal that keeps both halves facing one way, else the shorter.

    Args:
        points: [V, 3].
        corners: [C] point of each polygon corner, polygon after polygon.
        counts: [P] corners of each polygon, each at least 3.

    Returns:
        Positions in `corners` of each triangle's corners, int64 [F, 3], in the polygons' order, and the polygon of
        each triangle, int64 [F].
    """
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    triangles: list[NDArray[np.int64]] = []
    owners: list[NDArray[np.int64]] = []
    three = np.flatnonzero(counts == 3)
    triangles.append(starts[three, None] + np.arange(3))
    owners.append(three)
    four = np.flatnonzero(counts == 4)
    if len(four):
        quads = starts[four, None] + np.arange(4)
        other = _other_diagonal(points[corners[quads]])
        first = np.where(other[:, None], quads[:, [0, 1, 3]], quads[:, [0, 1, 2]])
        second = np.where(other[:, None], quads[:, [1, 2, 3]], quads[:, [0, 2, 3]])
        triangles += [first, second]
        owners += [four, four]
    largest = int(counts.max(initial=0))
    if largest > MOST_CORNERS:
        raise InputError(f"a face has {largest:,} corners, at most {MOST_CORNERS:,} are cut; divide it in the 3D tool")
    for polygon in np.flatnonzero(counts > 4):
        at = starts[polygon] + np.arange(counts[polygon])
        cut = _clip_ears(points[corners[at]])
        triangles.append(at[cut])
        owners.append(np.full(len(cut), polygon))
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    return np.concatenate(triangles)[order].astype(np.int64), owner[order].astype(np.int64)


def _other_diagonal(quad: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say for each quad [Q, 4, 3] whether corners 1 and 3 are the ones to join."""
    p0, p1, p2, p3 = (quad[:, k] for k in range(4))
    along_02 = np.einsum("ij,ij->i", np.cross(p1 - p0, p2 - p0), np.cross(p2 - p0, p3 - p0))
    along_13 = np.einsum("ij,ij->i", np.cross(p1 - p0, p3 - p0), np.cross(p2 - p1, p3 - p1))
    shorter = np.linalg.norm(p3 - p1, axis=1) < np.linalg.norm(p2 - p0, axis=1) * (1 - 1e-6)
    choice: NDArray[np.bool_] = np.where((along_02 > 0) == (along_13 > 0), shorter, along_13 > 0)
    return choice


def _clip_ears(polygon: NDArray[np.float64]) -> NDArray[np.int64]:
    """Cut one polygon [N, 3] into N - 2 triangles in the plane it mostly lies in."""
    rolled = np.roll(polygon, -1, axis=0)
    normal = np.cross(polygon, rolled).sum(axis=0)
    axis = int(np.argmax(np.abs(normal)))
    flat = np.delete(polygon, axis, axis=1)
    if (normal[axis] < 0) != (axis == 1):  # dropping the middle axis mirrors the plane
        flat = flat * [1.0, -1.0]
    count = len(flat)
    before, after = np.roll(np.arange(count), 1), np.roll(np.arange(count), -1)
    dented = _turn(flat[before], flat, flat[after]) <= 0
    cut = np.empty((count - 2, 3), np.int64)
    at = 0
    for row in range(count - 2):
        for _ in range(count - row):  # when no corner is an ear the polygon crosses itself: take the next one
            if not dented[at] and not _holds_a_dent(flat, dented, int(before[at]), at, int(after[at])):
                break
            at = int(after[at])
        one, two = int(before[at]), int(after[at])
        cut[row] = one, at, two
        after[one], before[two] = two, one
        dented[at] = False
        for corner in (one, two):
            dented[corner] = _turn(flat[before[corner]], flat[corner], flat[after[corner]]) <= 0
        at = int(after[two])  # skipping a corner keeps fans from growing around one point
    return cut


def _turn(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return twice the area of triangles in the plane, positive when they turn left."""
    one: NDArray[np.float64] = (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1])
    other: NDArray[np.float64] = (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])
    return one - other


def _holds_a_dent(flat: NDArray[np.float64], dented: NDArray[np.bool_], a: int, b: int, c: int) -> bool:
    """Whether a dented corner lies inside the triangle; no other corner can be the first one in it."""
    others = np.flatnonzero(dented)
    others = others[(others != a) & (others != c)]
    if not len(others):
        return False
    q = flat[others]
    inside = (_turn(flat[a], flat[b], q) > 0) & (_turn(flat[b], flat[c], q) > 0) & (_turn(flat[c], flat[a], q) > 0)
    return bool(inside.any())


@dataclass(frozen=True)
class PolygonLoops:
    """Polygons as an artist drew them.

    Attributes:
        slots: int64 [C] the mesh's corners (3 × triangle + corner) that walk each polygon, polygon after polygon;
            `faces.reshape(-1)[slots]` are their points, `uv0_faces.reshape(-1)[slots]` their UVs.
        counts: int64 [P] corners of each polygon.
        triangle_polygon: int64 [F] the polygon of each triangle.
        broken: Polygons of the mesh whose triangles are not one piece with one simple border; they come as triangles.
    """

    slots: NDArray[np.int64]
    counts: NDArray[np.int64]
    triangle_polygon: NDArray[np.int64]
    broken: int


def polygon_faces(mesh: GarmentMesh) -> PolygonLoops:
    """Put polygons together again from their triangles.

    A loop starts at the first corner of the polygon's first triangle, which for triangles and quads is where it started
    before it was cut.
    """
    faces = mesh.faces.astype(np.int64)
    count = len(faces)
    given = np.arange(count) if mesh.polygons is None else mesh.polygons
    _, first, polygon = np.unique(given, return_index=True, return_inverse=True)
    polygon = np.argsort(np.argsort(first))[polygon.reshape(-1)]  # numbered in the order of their first triangles
    following = _next_on_border(faces, polygon)
    sound = _one_loop(following, polygon, np.sort(first))
    broken = int(np.count_nonzero(~sound))
    own = polygon * (count + 1)
    _, polygon = np.unique(np.where(sound[polygon], own, own + 1 + np.arange(count)), return_inverse=True)
    polygon = polygon.reshape(-1)
    if broken:
        following = _next_on_border(faces, polygon)
    total = int(polygon.max(initial=-1)) + 1
    counts = np.bincount(polygon, minlength=total) + 2
    starts = np.concatenate([[0], np.cumsum(counts)])
    slots = np.empty(starts[-1], np.int64)
    _, first = np.unique(polygon, return_index=True)
    at, alive = 3 * first, np.arange(total)
    step = 0
    while len(alive):
        slots[starts[alive] + step] = at
        step += 1
        at, alive = following[at[counts[alive] > step]], alive[counts[alive] > step]
    return PolygonLoops(slots, counts, polygon, broken)


def _next_on_border(faces: NDArray[np.int64], polygon: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the corner that comes after each corner around its polygon [3 F]; −1 where none or several could.

    A corner whose edge lies inside the polygon is on the border through the triangle beside it.
    """
    tail = faces.reshape(-1)
    owner = np.repeat(polygon, 3)
    radix = int(faces.max(initial=0)) + 1
    _, here = np.unique(owner * radix + tail, return_inverse=True)
    nodes = here.reshape(-1, 3)
    here, there = nodes.reshape(-1), np.roll(nodes, -1, axis=1).reshape(-1)
    size = int(here.max(initial=0)) + 1
    inside = np.isin(here * size + there, there * size + here)
    border = np.flatnonzero(~inside)
    leaving = np.full(size, -1)
    leaving[here[border]] = border
    several = np.bincount(here[border], minlength=size) != 1
    leaving[several] = -1
    # the corner that leaves the point where this one's border edge arrives
    own = leaving[here]
    return np.where(own >= 0, leaving[there[np.maximum(own, 0)]], -1)


def _one_loop(following: NDArray[np.int64], polygon: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which polygons have one border that visits N + 2 corners for N triangles, [P]."""
    wanted = np.bincount(polygon) + 2
    at = 3 * first
    sound = following[at] >= 0
    steps = np.zeros(len(first), np.int64)
    alive = np.flatnonzero(sound)
    begin = following[at]
    at = begin.copy()
    while len(alive):
        at[alive] = following[at[alive]]
        steps[alive] += 1
        lost = (at[alive] < 0) | (steps[alive] > wanted[alive])
        sound[alive[lost]] = False
        alive = alive[~lost & (at[alive] != begin[alive])]
    return np.asarray(sound & (steps == wanted))
