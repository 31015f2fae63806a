"""What is worked on cloth once it is draped: free edges turned in, so that hems have a fold and a thickness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dressform.assets.files.garment import GarmentMesh, Material, Part
from dressform.runtime.geometry.normals import vertex_normals
from dressform.schemas.errors import InputError

from ._turns import TurnedEdge, inner_rows, outer_rows, turned_edges
from .flat_mesh import FlatMesh

Points = NDArray[np.float64]

THICKNESS = 0.002  # [m] between the cloth and what is turned under it
_PARTS = np.array([0.0, 0.5, 1.0])  # where the rows lie, as parts of the turned width
_DEPTHS = np.array(
    [0.5, 1.0, 0.6]
)  # how deep under the cloth, as parts of the thickness: the last row is stitched down
_BULGE = 0.4  # how far the fold stands out beyond the edge, as part of the thickness
ROWS = len(_PARTS)


def finish(mesh: FlatMesh, points: NDArray[np.floating], thickness: float = THICKNESS) -> GarmentMesh:
    """Turn in all free edges of a draped garment and join everything to one mesh.

    The cloth's own points come first and keep their order. Turned cloth follows the draped cloth on its inside and
    lies on the sheet beyond its edge, as a hem's allowance does. Other sizes of the mesh get the same triangles and
    UVs.

    Args:
        mesh: The sewn pattern of one size.
        points: Where its points lie on the body, [V, 3] [m].
        thickness: Depth of the turned cloth under the cloth [m].

    Returns:
        Points, UVs (UV0 is also UV1), a plain material for each slot of the pattern, and the parts "cloth" and "hems"
        (an inner shell) where there are free edges.
    """
    draped = np.asarray(points, np.float64)
    if draped.shape != (mesh.point_count, 3) or not np.isfinite(draped).all():
        raise InputError(
            f"pattern {mesh.pattern.name}: needed {mesh.point_count} finite draped points [V, 3], found the shape "
            f"{list(draped.shape)}; drape the mesh that is finished"
        )
    edges = turned_edges(mesh)
    numbers = _numbers(mesh, edges)
    rows = _row_points(mesh, edges, numbers, draped, thickness)
    strips = [_strip(mesh.points[e.points], numbers) for e in edges]
    uv, uv_strips = _sheet(mesh, edges, thickness)
    slots = list(dict.fromkeys(panel.slot for panel in mesh.pattern.panels))
    slot_of = np.array([slots.index(panel.slot) for panel in mesh.pattern.panels], np.int32)
    counts = [len(strip) for strip in strips]
    strip_panels = np.repeat(np.array([e.panel for e in edges], np.int64), counts)
    faces = np.concatenate([mesh.faces, *strips]).astype(np.int32)
    uv_faces = np.concatenate([mesh.flat_faces, *uv_strips]).astype(np.int32)
    parts = (Part("cloth"), Part("hems", inner=True)) if edges else (Part("cloth"),)
    return GarmentMesh(
        points=np.concatenate([draped, rows.reshape(-1, 3)]).astype(np.float32),
        faces=faces,
        uv0=uv,
        uv0_faces=uv_faces,
        uv1=uv,
        uv1_faces=uv_faces,
        materials=tuple(Material(name=slot) for slot in slots),
        material_ids=slot_of[np.concatenate([mesh.face_panels, strip_panels]).astype(np.int64)],
        parts=parts,
        part_ids=np.repeat(np.arange(len(parts), dtype=np.int32), [len(mesh.faces), sum(counts)][: len(parts)]),
    )


def _numbers(mesh: FlatMesh, edges: list[TurnedEdge]) -> NDArray[np.int64]:
    """Return the number of the first turned point of each point at a free edge, −1 elsewhere, [V]."""
    numbers = np.full(mesh.point_count, -1, np.int64)
    if edges:
        border = np.unique(np.concatenate([mesh.points[e.points] for e in edges]))
        numbers[border] = mesh.point_count + np.arange(len(border)) * ROWS
    return numbers


def _row_points(
    mesh: FlatMesh, edges: list[TurnedEdge], numbers: NDArray[np.int64], draped: Points, thickness: float
) -> Points:
    """Return the turned points of each point at a free edge, [B, R, 3] [m]: the mean of what its panels say."""
    border = np.flatnonzero(numbers >= 0)
    normals = vertex_normals(draped, mesh.faces).astype(np.float64)
    total, uses = np.zeros((len(border), ROWS, 3)), np.zeros(len(border))
    rank = np.full(mesh.point_count, -1)
    rank[border] = np.arange(len(border))
    for edge in edges:
        own = mesh.points[edge.points]
        inner = inner_rows(edge, mesh.flat, _outline(mesh, edge.panel), _PARTS)
        carry = _carrier(mesh, edge.panel, inner[:, 1:].reshape(-1, 2))
        at, up = ((carry @ values).reshape(len(own), ROWS - 1, 3) for values in (draped, normals))
        up /= np.maximum(np.linalg.norm(up, axis=2, keepdims=True), 1e-9)
        rows = np.concatenate([draped[own][:, None], at], axis=1)
        up = np.concatenate([normals[own][:, None], up], axis=1)
        outward = draped[own] - at[:, 0]
        outward -= (outward * normals[own]).sum(axis=1, keepdims=True) * normals[own]
        outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)
        rows[:, 0] += _BULGE * thickness * outward
        rows -= thickness * _DEPTHS[:, None] * up
        np.add.at(total, rank[own], rows)
        np.add.at(uses, rank[own], 1)
    return np.asarray(total / np.maximum(uses, 1)[:, None, None])


def _outline(mesh: FlatMesh, panel: int) -> Points:
    return mesh.flat[_around(mesh, panel)]


def _around(mesh: FlatMesh, panel: int) -> NDArray[np.int64]:
    """Return the flat points around a panel, counter-clockwise."""
    own = mesh.pattern.panels[panel]
    return np.concatenate([mesh.edges[own.name, edge.name][:-1] for edge in own.edges]).astype(np.int64)


def _carrier(mesh: FlatMesh, panel: int, places: Points) -> sparse.csr_matrix:
    """Return the matrix [N, V] that carries values of the garment's points to places on a panel [N, 2]."""
    own = np.flatnonzero(mesh.face_panels == panel)
    corners = mesh.flat[mesh.flat_faces[own]]
    a, u, v = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    w = places[:, None] - a
    second = (w[..., 0] * v[:, 1] - w[..., 1] * v[:, 0]) / area
    third = (u[:, 0] * w[..., 1] - u[:, 1] * w[..., 0]) / area
    shares = np.stack([1 - second - third, second, third], axis=2)
    best = np.argmax(shares.min(axis=2), axis=1)
    weights = np.clip(shares[np.arange(len(places)), best], 0, 1)
    weights /= weights.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(len(places)), 3)
    columns = mesh.points[mesh.flat_faces[own[best]]].reshape(-1)
    return sparse.csr_matrix((weights.reshape(-1), (rows, columns)), shape=(len(places), mesh.point_count))


def _strip(edge: NDArray[np.integer], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the triangles of the turned cloth along an edge, from its points [N]; they go on from the cloth's."""
    table = np.concatenate([edge[:, None], numbers[edge][:, None] + np.arange(ROWS)], axis=1)
    return _grid(table)


def _grid(table: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the triangles of a grid of points [N, R], the cloth lying on its left walking down the first column."""
    a0, b0, a1, b1 = table[:-1, :-1], table[1:, :-1], table[:-1, 1:], table[1:, 1:]
    both = np.stack([np.stack([b0, a0, a1], axis=-1), np.stack([b0, a1, b1], axis=-1)], axis=2)
    return np.asarray(both.reshape(-1, 3), np.int64)


def _unrolled(width: float, thickness: float) -> NDArray[np.float64]:
    """Return how far along the turned cloth each row lies from the edge, as parts of the width, [R]."""
    across = np.concatenate([[0.0, -_BULGE * thickness], _PARTS[1:] * width])
    steps = np.hypot(np.diff(across), np.diff(np.concatenate([[0.0], _DEPTHS])) * thickness)
    return np.asarray(np.cumsum(steps) / width)


def _sheet(
    mesh: FlatMesh, edges: list[TurnedEdge], thickness: float
) -> tuple[NDArray[np.float32], list[NDArray[np.int64]]]:
    """Return all UVs, the cloth's first, and the triangles of each edge's strip among them."""
    flat = mesh.layout.astype(np.float64) * mesh.sheet
    lines = [_around(mesh, panel) for panel in range(len(mesh.pattern.panels))]
    starts = np.concatenate([flat[line] for line in lines])
    ends = np.concatenate([flat[np.roll(line, -1)] for line in lines])
    uv = [mesh.layout]
    strips = []
    count = len(mesh.layout)
    for edge in edges:
        rows = outer_rows(edge, flat, flat[lines[edge.panel]], (starts, ends), _unrolled(edge.width, thickness))
        own = count + np.arange(len(edge.points) * ROWS).reshape(-1, ROWS)
        uv.append((rows.reshape(-1, 2) / mesh.sheet).astype(np.float32))
        strips.append(_grid(np.concatenate([edge.points[:, None], own], axis=1)))
        count += own.size
    return np.concatenate(uv), strips
