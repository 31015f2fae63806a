"""A pattern cut into triangles and sewn along its seams."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dressform.schemas.errors import InputError

from ._delaunay import Faces, areas
from ._outline import along, first_crossing
from ._stations import Fractions, Key, Weld, stations
from ._triangulate import triangulate
from .check import check_pattern, ref_name
from .flat_mesh import FlatMesh, Integers
from .layout import lay_out
from .pattern import EdgeRef, Panel, Pattern

EDGE_LENGTH = 0.016  # [m]


def mesh_pattern(pattern: Pattern, edge_length: float = EDGE_LENGTH) -> FlatMesh:
    """Cut a pattern into triangles and sew it.

    Args:
        pattern: It is checked first.
        edge_length: Wanted length of the triangles' edges [m].

    Returns:
        The sewn mesh: manifold, each triangle counter-clockwise seen from outside.
    """
    if not 0.004 <= edge_length <= 0.1:
        raise InputError(f"edge length {edge_length * 1000:.1f} mm, needed 4 to 100 mm")
    check_pattern(pattern)
    fractions, welds = stations(pattern, edge_length)
    edges: dict[Key, Integers] = {}
    flat: list[NDArray[np.float64]] = []
    faces: list[Faces] = []
    start = 0
    for panel in pattern.panels:
        border = _border(panel, fractions, start, edges)
        _check_border(pattern, panel, border, edge_length)
        points, own = triangulate(border, edge_length)
        flat.append(points)
        faces.append(own + start)
        start += len(points)
    panel_ids = np.repeat(np.arange(len(flat)), [len(points) for points in flat])
    layout, sheet = lay_out(pattern)
    points2d = np.concatenate(flat)
    _check_orders(pattern, len(points2d), welds, edges)
    flat_faces = np.concatenate(faces).astype(np.int32)
    mesh = FlatMesh(
        pattern=pattern,
        flat=points2d,
        panel_ids=panel_ids.astype(np.int32),
        flat_faces=flat_faces,
        face_panels=panel_ids[flat_faces[:, 0]].astype(np.int32),
        points=_sewn(len(points2d), list(itertools.chain(*welds)), edges),
        layout=((points2d + layout[panel_ids]) / sheet).astype(np.float32),
        sheet=sheet,
        edges=edges,
    )
    _check_sewn(mesh)
    return mesh


def _border(
    panel: Panel, fractions: dict[Key, Fractions], start: int, edges: dict[Key, Integers]
) -> NDArray[np.float64]:
    """Return the points around a panel [B, 2] and note which lie along each edge, counted from `start`."""
    lines = [along(edge.points, fractions[panel.name, edge.name])[:-1] for edge in panel.edges]
    total = sum(map(len, lines))
    begin = 0
    for edge, line in zip(panel.edges, lines, strict=True):
        own = (begin + np.arange(len(line) + 1)) % total
        edges[panel.name, edge.name] = (start + own).astype(np.int32)
        begin += len(line)
    return np.concatenate(lines)


def _check_border(pattern: Pattern, panel: Panel, border: NDArray[np.float64], edge_length: float) -> None:
    crossing = first_crossing(border) if len(border) >= 3 else None
    if len(border) < 3 or crossing is not None:
        raise InputError(
            f"pattern {pattern.name}, size {pattern.size}: panel {panel.name}: points {edge_length * 1000:.0f} mm "
            "apart do not follow its outline; take a shorter edge length or widen the panel"
        )


def _sewn(count: int, welds: Sequence[Weld], edges: dict[Key, Integers]) -> Integers:
    """Return the point of each flat point, numbered in the order of the first flat point of each."""
    pairs = [
        (int(edges[first.key][first.number]), int(edges[other.key][other.number]))
        for first, *others in welds
        for other in others
    ]
    table = np.array(pairs, np.int64).reshape(-1, 2)
    graph = sparse.coo_matrix((np.ones(len(table)), (table[:, 0], table[:, 1])), shape=(count, count))
    _, labels = sparse.csgraph.connected_components(graph, directed=False)
    _, first_of, group = np.unique(labels, return_index=True, return_inverse=True)
    number = np.empty(len(first_of), np.int32)
    number[np.argsort(first_of, kind="stable")] = np.arange(len(first_of))
    return np.asarray(number[group], np.int32)


def _check_orders(pattern: Pattern, count: int, welds: Sequence[Sequence[Weld]], edges: dict[Key, Integers]) -> None:
    """Raise an InputError where a seam lists edges in an order in which the other seams do not join them."""
    for k, seam in enumerate(pattern.seams):
        if max(len(seam.first), len(seam.second)) < 2:
            continue
        points = _sewn(count, list(itertools.chain(*welds[:k], *welds[k + 1 :])), edges)
        for refs, forward in ((seam.first, True), (seam.second, False)):
            for ref, following in itertools.pairwise(refs):
                start, end = _ends(points, edges, ref, forward)
                next_start, next_end = _ends(points, edges, following, forward)
                if end != next_start and start == next_end:
                    raise InputError(
                        f"pattern {pattern.name}, size {pattern.size}: a seam lists {ref_name(ref)} before "
                        f"{ref_name(following)}, against the way it is sewn; list `first` in its panels' direction "
                        "and `second` against it"
                    )


def _ends(points: Integers, edges: dict[Key, Integers], ref: EdgeRef, forward: bool) -> tuple[int, int]:
    """Return the points where an edge starts and ends as its seam runs."""
    own = points[edges[ref.panel, ref.edge]]
    return (int(own[0]), int(own[-1])) if forward else (int(own[-1]), int(own[0]))


def _check_sewn(mesh: FlatMesh) -> None:
    """Raise an InputError that names panel and seam where the sewn triangles are no surface."""
    where = f"pattern {mesh.pattern.name}, size {mesh.pattern.size}"
    if not (areas(mesh.flat, mesh.flat_faces.astype(np.int64)) > 0).all():
        raise InputError(f"{where}: a triangle without area; take another edge length")
    faces = mesh.faces
    pairs = np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1).reshape(-1, 2)
    closed = (pairs[:, 0] == pairs[:, 1]).reshape(-1, 3).any(axis=1)
    _, inverse, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    twice = (counts[inverse.reshape(-1)] > 1).reshape(-1, 3).any(axis=1)
    wrong = np.flatnonzero(closed | twice)
    if len(wrong):
        names = sorted({mesh.pattern.panels[k].name for k in mesh.face_panels[wrong]})
        raise InputError(
            f"{where}: sewn together, the panels {', '.join(names)} are no surface (an edge gets more than two "
            "triangles or shrinks to a point); look at the order of the edges in their seams"
        )
