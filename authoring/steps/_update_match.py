"""Which point and corner of a draft's garment each one of an edited file is.

Tools split points at UV seams, join them, number them anew, change the unit and the axes, and drop what they do not
know. What they leave alone differs, so a vertex is recognised by any of: the number that our GLB gives it, its UVs, its
place. Vertices that were edited in all of these are found from their neighbours; and where nothing at all is left, by
how the triangles meet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dressform.assets.files.garment import GarmentMesh, Layer
from dressform.runtime.geometry.adjacency import edges

from ._update_frame import SAME, Frame, frame_of_boxes, frame_of_pairs
from ._update_graph import HalfEdges, Ints, same_by_shape, spread

Topology = Literal["same", "same points", "changed"]
OUR_LAYERS = ("POINT", "UV0", "UV1")  # numbers in our GLB, which tools hand back as attributes of their own
_SAME_UV = 2e-5  # [UV units] two coordinates nearer than this are the same
_SAME_PLACE = 5e-5  # [m]
_ENOUGH = 8  # pairs that tell the frame


@dataclass(frozen=True)
class Match:
    """How an edited file's mesh lies over a draft's.

    Attributes:
        topology: "same": the same triangles, or other diagonals of the same polygons; "same points": joined otherwise;
            "changed": points were added or removed.
        numbers: int64 [W] the point behind each edited vertex, -1 where there is none.
        corners: int64 [F, 3] the edited corner (3 face + place) behind each of the draft's corners; None unless "same".
        edited: The edited mesh in the draft's frame, wound as the draft is.
        frame: The frame of the file.
        turned: Whether the file's triangles were wound the other way.
        told_by: How many of its vertices each clue told.
    """

    topology: Topology
    numbers: Ints
    corners: Ints | None
    edited: GarmentMesh
    frame: Frame
    turned: bool
    told_by: dict[str, int]


def match(mesh: GarmentMesh, edited: GarmentMesh) -> Match:
    """Match an edited file's mesh with a draft's.

    Args:
        mesh: The draft's, clean.
        edited: As read: metres and z up as far as the reader could tell.
    """
    edges_of = HalfEdges(mesh.faces.astype(np.int64), len(mesh.points))
    own = _own_numbers(edited, len(mesh.points))
    by_uv = {name: _by_uv(mesh, edited, name) for name in ("uv1", "uv0")}
    frame = _frame(mesh, edited, [own, *by_uv.values()])
    framed = in_frame(edited, frame)
    claims = {
        "number": own,
        "place": _by_place(mesh, framed),
        "UV1": by_uv["uv1"],
        "UV0": by_uv["uv0"],
        "UV0 and place": _by_uv(mesh, framed, "uv0", nearest=True),
    }
    faces = framed.faces.astype(np.int64)
    numbers, told_by = _agreed(claims, faces, edges_of)
    turned = _wound_otherwise(numbers, faces, edges_of)
    if turned:
        framed = _wound(framed)
        faces = framed.faces.astype(np.int64)
    _, places = np.unique(np.round(framed.points / 1e-6).astype(np.int64), axis=0, return_inverse=True)
    places = places.reshape(-1)
    filled = spread(numbers, faces, edges_of, places)
    if (filled < 0).any() and len(faces) == len(mesh.faces):
        filled = _by_shape(filled, faces, places, mesh, edges_of)
    told_by["neighbours"] = int((filled >= 0).sum() - (numbers >= 0).sum())
    corners = _corners(filled, faces, mesh)
    # other triangles over the same points are as many as before
    whole = len(faces) == len(mesh.faces) and set(filled[faces.reshape(-1)]) == set(mesh.faces.reshape(-1))
    topology: Topology = "same" if corners is not None else "same points" if whole else "changed"
    kept = numbers if topology == "changed" else filled
    return Match(topology, kept, corners, framed, frame, turned, {k: v for k, v in told_by.items() if v > 0})


def with_sets_of(edited: GarmentMesh, mesh: GarmentMesh) -> GarmentMesh:
    """Return the edited mesh with its UV sets named as in the draft: formats only keep their order."""
    sets = [layer for layer in edited.layers if layer.kind == "uv"]
    if mesh.uv0 is None and edited.uv0 is not None and edited.uv0_faces is not None:
        sets.insert(0, Layer("UV0", "uv", edited.uv0, edited.uv0_faces))
        edited = replace(edited, uv0=None, uv0_faces=None)
    if mesh.uv1 is not None and edited.uv1 is None and sets:
        atlas = sets.pop(0)
        edited = replace(edited, uv1=atlas.values, uv1_faces=atlas.faces)
    others = [layer for layer in edited.layers if layer.kind != "uv"]
    return replace(edited, layers=(*sets, *others))


def in_frame(mesh: GarmentMesh, frame: Frame) -> GarmentMesh:
    """Return a mesh brought into metres and z up."""
    if frame.same:
        return mesh
    turn = frame.turn.astype(np.float32)
    layers = tuple(
        replace(layer, values=np.concatenate([layer.values[:, :3] @ turn.T, layer.values[:, 3:]], axis=1))
        if layer.kind in ("normal", "tangent")
        else layer
        for layer in mesh.layers
    )
    morphs = tuple(replace(m, offsets=frame.apply(m.offsets).astype(np.float32), layers=()) for m in mesh.morphs)
    return replace(mesh, points=frame.apply(mesh.points).astype(np.float32), layers=layers, morphs=morphs)


def is_ours(name: str) -> bool:
    """Say whether a custom layer is one of the numberings that our GLB has."""
    return name.strip("_").upper() in OUR_LAYERS


def _own_numbers(edited: GarmentMesh, count: int) -> Ints:
    """Return the numbers that our GLB gave the vertices, as far as they came back whole."""
    numbers = np.full(len(edited.points), -1, np.int64)
    for layer in edited.layers:
        if layer.kind == "custom" and layer.name.strip("_").upper() == "POINT" and layer.values.shape[1] == 1:
            values = layer.values[:, 0].astype(np.float64)
            whole = np.where(np.abs(values - np.round(values)) < 1e-3, np.round(values), -1)
            numbers[edited.faces.reshape(-1)] = whole[layer.faces.reshape(-1)].astype(np.int64)
    return np.where((numbers >= 0) & (numbers < count), numbers, -1)


def _by_uv(mesh: GarmentMesh, edited: GarmentMesh, name: str, *, nearest: bool = False) -> Ints:
    """Match vertices whose UV is that of one point; with `nearest`, of several the one that lies nearest."""
    numbers = np.full(len(edited.points), -1, np.int64)
    uv, uv_faces = getattr(mesh, name), getattr(mesh, f"{name}_faces")
    new, new_faces = getattr(edited, name), getattr(edited, f"{name}_faces")
    if uv is None or new is None:
        return numbers
    pairs = np.unique(np.stack([uv_faces.reshape(-1), mesh.faces.reshape(-1)], axis=1), axis=0)
    asked = np.unique(np.stack([new_faces.reshape(-1), edited.faces.reshape(-1)], axis=1), axis=0)
    many = min(8, len(pairs))
    tree = cKDTree(uv[pairs[:, 0]].astype(np.float64))
    distance, hit = tree.query(new[asked[:, 0]].astype(np.float64), k=many, distance_upper_bound=_SAME_UV)
    distance, hit = np.reshape(distance, (len(asked), many)), np.reshape(hit, (len(asked), many))
    there = np.isfinite(distance)
    point = np.where(there, pairs[np.minimum(hit, len(pairs) - 1), 1], -1)
    if nearest:
        away = np.linalg.norm(mesh.points[point] - edited.points[asked[:, 1], None], axis=2)
        best = np.where(there, away, np.inf).argmin(axis=1)
        chosen = point[np.arange(len(asked)), best]
    else:
        first = point[:, 0]
        chosen = np.where(((point == first[:, None]) | ~there).all(axis=1) & there[:, 0], first, -1)
    numbers[asked[chosen >= 0, 1]] = chosen[chosen >= 0]
    return numbers


def _by_place(mesh: GarmentMesh, edited: GarmentMesh) -> Ints:
    """Match vertices that lie where exactly one point lies."""
    tree = cKDTree(mesh.points.astype(np.float64))
    distance, hit = tree.query(edited.points.astype(np.float64), k=min(2, len(mesh.points)))
    count = len(edited.points)
    distance, hit = np.reshape(distance, (count, -1)), np.reshape(hit, (count, -1))
    # a neighbour may lie near, but not about as near
    alone = distance[:, -1] > np.maximum(4 * distance[:, 0], 2e-6) if hit.shape[1] > 1 else np.ones(len(hit), bool)
    return np.where((distance[:, 0] < _SAME_PLACE) & alone, hit[:, 0], -1).astype(np.int64)


def _frame(mesh: GarmentMesh, edited: GarmentMesh, claims: list[Ints]) -> Frame:
    """Tell the file's frame from vertices that are known without it, or else from the box that it fills."""
    used = np.unique(edited.faces)
    for numbers in claims:
        known = used[numbers[used] >= 0]
        if len(known) >= _ENOUGH:
            return frame_of_pairs(
                edited.points[known].astype(np.float64), mesh.points[numbers[known]].astype(np.float64)
            )
    if (_by_place(mesh, edited)[used] >= 0).sum() >= _ENOUGH:
        return SAME
    wanted = mesh.points[np.unique(mesh.faces)].astype(np.float64)
    return frame_of_boxes(edited.points[used].astype(np.float64), wanted)


def _agreed(claims: dict[str, Ints], faces: Ints, edges_of: HalfEdges) -> tuple[Ints, dict[str, int]]:
    """Take for each vertex the clue that agrees best with its neighbours, and leave out what agrees with none."""
    pairs = edges(faces).vertices.astype(np.int64)
    stacked = np.stack(list(claims.values()))
    support = np.stack([_support(numbers, pairs, edges_of) for numbers in stacked])
    best = support.argmax(axis=0)  # the first of equals
    vertices = np.arange(stacked.shape[1])
    numbers = np.where(support[best, vertices] > 0, stacked[best, vertices], -1)
    numbers = np.where(_support(numbers, pairs, edges_of) > 0, numbers, -1)
    told_by = {name: int((best[numbers >= 0] == k).sum()) for k, name in enumerate(claims)}
    return numbers, told_by


def _support(numbers: Ints, pairs: Ints, edges_of: HalfEdges) -> Ints:
    """Count for each vertex the edges that are edges of the draft's mesh too."""
    sound = edges_of.joined(numbers[pairs[:, 0]], numbers[pairs[:, 1]])
    return np.bincount(pairs[sound].reshape(-1), minlength=len(numbers)).astype(np.int64)


def _wound_otherwise(numbers: Ints, faces: Ints, edges_of: HalfEdges) -> bool:
    a, b, c = numbers[faces].T
    return int((edges_of.across(b, a) == c)[c >= 0].sum()) > int((edges_of.across(a, b) == c)[c >= 0].sum())


def _wound(mesh: GarmentMesh) -> GarmentMesh:
    """Return the mesh with every triangle wound the other way."""

    def turned(faces: NDArray[np.int32] | None) -> NDArray[np.int32] | None:
        return None if faces is None else np.ascontiguousarray(faces[:, ::-1])

    layers = tuple(replace(layer, faces=np.ascontiguousarray(layer.faces[:, ::-1])) for layer in mesh.layers)
    faces = np.ascontiguousarray(mesh.faces[:, ::-1])
    uv0_faces, uv1_faces = turned(mesh.uv0_faces), turned(mesh.uv1_faces)
    return replace(mesh, faces=faces, uv0_faces=uv0_faces, uv1_faces=uv1_faces, layers=layers)


def _by_shape(numbers: Ints, faces: Ints, places: Ints, mesh: GarmentMesh, edges_of: HalfEdges) -> Ints:
    """Find what is still missing by how the triangles meet, with seams joined."""
    told = same_by_shape(places[faces], int(places.max()) + 1, mesh.faces.astype(np.int64), len(mesh.points))[places]
    known = numbers >= 0
    if (told[known] != numbers[known])[told[known] >= 0].any():
        return numbers  # it contradicts what is sure
    return spread(np.where(known, numbers, told), faces, edges_of, places)


def _corners(numbers: Ints, faces: Ints, mesh: GarmentMesh) -> Ints | None:
    """Return the edited corner behind each corner of the draft, or None unless all triangles or polygons are there."""
    found, wanted = numbers[faces], mesh.faces.astype(np.int64)
    if len(found) != len(wanted) or (found < 0).any():
        return None
    keys, turns = _face_keys(found, len(mesh.points))
    wanted_keys, wanted_turns = _face_keys(wanted, len(mesh.points))
    order = np.argsort(keys)
    place = np.minimum(np.searchsorted(keys[order], wanted_keys), len(keys) - 1)
    face = order[place]
    hit = keys[face] == wanted_keys
    if len(np.unique(face[hit])) != int(hit.sum()):
        return None
    corner = (np.arange(3) - wanted_turns[:, None] + turns[face][:, None]) % 3
    corners = np.where(hit[:, None], 3 * face[:, None] + corner, -1)
    if hit.all():
        return corners
    unused = np.setdiff1d(np.arange(len(found)), face[hit])
    return _in_polygons(corners, found, unused, mesh) if mesh.polygons is not None else None


def _face_keys(faces: Ints, count: int) -> tuple[Ints, Ints]:
    """Return one number for each triangle, whichever corner comes first, and which corner the number begins with."""
    first = faces.argmin(axis=1)
    a, b, c = (np.take_along_axis(faces, (first[:, None] + k) % 3, axis=1)[:, 0] for k in range(3))
    return (a * count + b) * count + c, first


def _in_polygons(corners: Ints, found: Ints, unused: Ints, mesh: GarmentMesh) -> Ints | None:
    """Fill in corners of triangles that part a polygon otherwise, from the polygon's other corners."""
    assert mesh.polygons is not None
    missing = np.flatnonzero(corners[:, 0] < 0)
    open_polygons: dict[int, set[int]] = {}
    for face in np.flatnonzero(np.isin(mesh.polygons, np.unique(mesh.polygons[missing]))):
        open_polygons.setdefault(int(mesh.polygons[face]), set()).update(mesh.faces[face].tolist())
    at_point: dict[int, set[int]] = {}
    for polygon, points in open_polygons.items():
        for point in points:
            at_point.setdefault(point, set()).add(polygon)
    behind: dict[tuple[int, int], int] = {}
    for face in np.flatnonzero(np.isin(mesh.polygons, list(open_polygons)) & (corners[:, 0] >= 0)):
        for k in range(3):
            behind[int(mesh.polygons[face]), int(mesh.faces[face, k])] = int(corners[face, k])
    for face in unused:
        a, b, c = (at_point.get(int(point), set()) for point in found[face])
        inside = a & b & c
        if len(inside) != 1:
            return None
        for k in range(3):
            behind[next(iter(inside)), int(found[face, k])] = int(3 * face + k)
    corners = corners.copy()
    for face in missing:
        for k in range(3):
            corner = behind.get((int(mesh.polygons[face]), int(mesh.faces[face, k])))
            if corner is None:
                return None
            corners[face, k] = corner
    return corners
