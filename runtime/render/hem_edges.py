"""Finds where cloth ends: its open edges, and the folds of cloth that is turned in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .scene import SceneMesh
from .topology import Topology

_SAME_UV = 1e-4
_DEPTHS = (0.0004, 0.006)  # [m] of turned cloth

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HemEdges:
    """Edges at which cloth ends, each in the direction of its triangle.

    Attributes:
        ends: int [E, 2] vertices a and b.
        third: int [E] the other vertex of the triangle.
        drawn: int [E] the triangle, into the faces drawn.
        corner: int [E] which of its corners is a.
        beside: int [E, 2] vertices before a and after b along the cloth's end; -1: none.
        following: int [E] the edge after it; -1: none.
        turned: int [E, 4] triangles of turned cloth next to the fold, into the faces drawn; -1: a sheet ends here.
        lands: int [E, 2] vertices, beside a and b, where the turned cloth goes on; -1: a sheet ends here.
        thickness: float [E] [m]; of folds how deep turned cloth lies at most of them.
        lengths, heights, widths: float [E] of the edge, of the triangle over it, and from it to `lands`, at rest [m].
        curved: bool [E] whether it is drawn as a curve.
        foot: float [E] share of the way from a to b at which the third vertex stands over the edge at rest.
    """

    ends: Ints
    third: Ints
    drawn: Ints
    corner: Ints
    beside: Ints
    following: Ints
    turned: Ints
    lands: Ints
    thickness: Floats
    lengths: Floats
    heights: Floats
    widths: Floats
    foot: Floats
    curved: Flags

    def patch(self, edge: int, faces: NDArray[np.int32], table: NDArray[np.float32]) -> Floats:
        """Return the UVs [6, 2] at a, b, where they land, at the third vertex and below it.

        Args:
            edge: Which.
            faces: Those drawn, [F, 3].
            table: UVs of their corners, [F, 3, 2].
        """
        own = np.roll(table[self.drawn[edge]].astype(np.float64), -int(self.corner[edge]), axis=0)
        lands = own[:2]
        if self.lands[edge, 0] >= 0:
            last = self.turned[edge, 3]
            lands = np.stack([table[last, faces[last] == vertex][0] for vertex in self.lands[edge]])
        return np.stack([*own[:2], *lands, own[2], own[0] + self.foot[edge] * (own[1] - own[0])])


class _Cloth(NamedTuple):
    """All triangles of meshes with hems.

    Attributes:
        faces: int [N, 3] vertices.
        same: int [V] a number that vertices at one place of one piece of cloth share.
        drawn: int [N] into the faces drawn; -1: hidden.
        inner: bool [N] turned cloth or inner shells.
        thickness: float [N] [m].
        rest: float [V, 3] [m].
        curved: bool [N] whether edges are curves.
    """

    faces: Ints
    same: Ints
    drawn: Ints
    inner: Flags
    thickness: Floats
    rest: Floats
    curved: Flags


def find_edges(topology: Topology, meshes: Sequence[SceneMesh]) -> HemEdges | None:
    """Return the edges of drawn triangles at which cloth ends, or None where there are none.

    An edge that another triangle goes on from is none, whatever its material, and hidden or not. One that only turned
    cloth goes on from is a fold. Folds whose turned cloth does not lie in rows of triangles, as modelled edges do not,
    are left as they are.
    """
    cloth = _gathered(topology, meshes)
    if cloth is None:
        return None
    face, corner, folded = _open_sides(cloth)
    if not len(face):
        return None
    table = cloth.faces[face[:, None], (corner[:, None] + np.arange(3)) % 3]
    following = _following(cloth.same[table[:, :2]], folded)
    has = following >= 0
    beside = np.full((len(face), 2), -1)
    beside[following[has], 0], beside[has, 1] = table[has, 0], table[following[has], 1]
    turned, lands = _turned(cloth, table, folded, following)
    drawn, turned = cloth.drawn[face], np.where(turned >= 0, cloth.drawn[turned], -1)
    keep = (drawn >= 0) & (~folded | (turned >= 0).all(axis=1) & _same_uv(topology, drawn, turned[:, 0], table[:, :2]))
    if not keep.any():
        return None
    number = np.append(np.where(keep, np.cumsum(keep) - 1, -1), -1)  # the last is that of no edge
    a, b, c = (cloth.rest[table[:, k]] for k in range(3))
    lengths = np.maximum(np.linalg.norm(b - a, axis=1), 1e-9)
    foot = ((c - a) * (b - a)).sum(axis=1) / lengths**2
    across = cloth.rest[lands].mean(axis=1) - (a + b) / 2
    up = np.cross(b - a, c - a)
    up /= np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-12)
    depth = -(across * up).sum(axis=1)
    found = HemEdges(
        ends=table[:, :2],
        third=table[:, 2],
        drawn=drawn,
        corner=corner,
        beside=beside,
        following=number[following],
        turned=turned,
        lands=lands,
        thickness=np.where(folded, _usual(depth, keep & folded), cloth.thickness[face]),
        lengths=lengths,
        heights=np.linalg.norm(c - a - foot[:, None] * (b - a), axis=1),
        widths=np.linalg.norm(across, axis=1),
        foot=foot,
        curved=cloth.curved[face],
    )
    return HemEdges(**{each.name: getattr(found, each.name)[keep] for each in fields(found)})


def _usual(depth: Floats, folds: Flags) -> float:
    """Return how deep turned cloth lies [m]: measured at one edge, it depends on how the cloth curves there."""
    return float(np.clip(np.median(depth[folds]), *_DEPTHS)) if folds.any() else 0.0


def _gathered(topology: Topology, meshes: Sequence[SceneMesh]) -> _Cloth | None:
    """Join the triangles of meshes with hems, and weld their vertices at rest."""
    faces, drawn, inner, thickness, curved = [], [], [], [], []
    places = np.zeros((len(topology.ring_starts) - 1, 4))  # the last is the number of the piece of cloth
    at = 0
    for index, mesh in enumerate(meshes):
        own = topology.all_faces[at : at + len(mesh.faces)].astype(np.int64)
        at += len(mesh.faces)
        if mesh.hem is None or not len(own):
            continue
        start = int(own[0, 0] - mesh.faces[0, 0])
        places[start : start + len(mesh.hem.rest)] = np.insert(
            np.asarray(mesh.hem.rest, np.float64), 3, 1 + start, axis=1
        )
        numbers = np.full(len(own), -1)
        numbers[slice(None) if mesh.hidden is None else ~mesh.hidden] = np.flatnonzero(topology.face_mesh == index)
        faces.append(own)
        drawn.append(numbers)
        inner.append(np.zeros(len(own), np.bool_) if mesh.hem.inner is None else mesh.hem.inner)
        thickness.append(np.full(len(own), mesh.hem.thickness))
        curved.append(np.full(len(own), mesh.hem.curved))
    if not faces:
        return None
    used, corners = np.unique(np.concatenate(faces), return_inverse=True)
    same = np.zeros(len(places), np.int64)
    same[used] = np.unique(places[used], axis=0, return_inverse=True)[1].reshape(-1)
    whole = used[corners].reshape(-1, 3)
    shown, within, thick = np.concatenate(drawn), np.concatenate(inner), np.concatenate(thickness)
    return _Cloth(whole, same, shown, within, thick, places[:, :3], np.concatenate(curved))


def _open_sides(cloth: _Cloth) -> tuple[Ints, Ints, Flags]:
    """Return the sides of triangles at which cloth ends: triangle [E], first corner [E], and which are folds [E]."""
    ends = cloth.same[np.stack([cloth.faces, np.roll(cloth.faces, -1, axis=1)], axis=2)].reshape(-1, 2)
    low, high = np.sort(ends, axis=1).T
    _, edge = np.unique(low * (int(cloth.same.max()) + 1) + high, return_inverse=True)
    edge = edge.reshape(-1)
    inner = np.repeat(cloth.inner, 3)
    every, outer = np.bincount(edge), np.bincount(edge, weights=~inner)
    last = ~inner & (outer[edge] == 1) & (every[edge] <= 2) & (low != high)
    sides = np.flatnonzero(last)
    return sides // 3, sides % 3, every[edge[sides]] == 2


def _following(ends: Ints, folded: Flags) -> Ints:
    """Return the edge [E] that goes on from each, -1 where none does; where several meet they are taken in order."""
    starts = defaultdict(list)
    for edge in reversed(range(len(ends))):
        starts[int(ends[edge, 0]), bool(folded[edge])].append(edge)
    found = [starts[int(end), bool(fold)] for end, fold in zip(ends[:, 1], folded, strict=True)]
    return np.array([edges.pop() if edges else -1 for edges in found], np.int64)


def _turned(cloth: _Cloth, table: Ints, folded: Flags, following: Ints) -> tuple[Ints, Ints]:
    """Find two rows of turned cloth next to each fold.

    Args:
        cloth: All triangles.
        table: Vertices a, b and third of each edge, [E, 3].
        folded: Which edges are folds, [E].
        following: The edge that goes on from each, [E].

    Returns:
        Triangles [E, 4] and the vertices [E, 2] beyond them; -1 at sheets, and at folds that have a place without such
        rows along them.
    """
    turned, lands = np.full((len(table), 4), -1), np.full((len(table), 2), -1)
    inner = np.flatnonzero(cloth.inner)
    sides = {
        (int(face[k]), int(face[(k + 1) % 3])): (int(number), int(face[(k + 2) % 3]))
        for number, face in zip(inner, cloth.faces[inner], strict=True)
        for k in range(3)
    }
    for edge in np.flatnonzero(folded):
        a, b = (int(end) for end in table[edge, :2])
        rows = []
        for _ in range(2):
            first, next_a = sides.get((b, a), (-1, -1))
            second, next_b = sides.get((b, next_a), (-1, -1))
            rows += [first, second]
            a, b = next_a, next_b
        if min(rows) >= 0:
            turned[edge], lands[edge] = rows, (a, b)
    used = np.bincount(turned[turned >= 0], minlength=len(cloth.faces))
    sound = (
        (lands[:, 0] >= 0) & (following >= 0) & (lands[:, 1] == lands[following, 0]) & (used[turned] < 2).all(axis=1)
    )
    onward, broken = np.where(following >= 0, following, np.arange(len(table))), ~sound
    for _ in range(len(table).bit_length()):  # what is broken anywhere along an end of the cloth is left all along
        broken, onward = broken | broken[onward], onward[onward]
    turned[broken], lands[broken] = -1, -1
    return turned, lands


def _same_uv(topology: Topology, cloth: Ints, turned: Ints, ends: Ints) -> Flags:
    """Return whether the texture goes on from triangles [E] at folds to turned ones [E] at both ends [E, 2]."""
    same = (cloth >= 0) & (turned >= 0)
    for edge in np.flatnonzero(same):
        for vertex in ends[edge]:
            uv = [topology.face_uv[face][topology.faces[face] == vertex][0] for face in (cloth[edge], turned[edge])]
            same[edge] &= bool(np.abs(uv[0] - uv[1]).max() < _SAME_UV)
    return np.asarray(same)
