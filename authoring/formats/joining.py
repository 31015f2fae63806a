"""The pieces of a file become one `RawMesh`: triangles that remember their polygons, layers, shapes and skin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import Layer, LayerKind, Material, MorphTarget, SourceSkin
from dressform.schemas.errors import InputError

from .pieces import Findings, Joints, Piece, Shape, Values
from .polygons import triangulate
from .raw import MAX_TRIANGLES, MAX_VERTICES, RawMesh, check_count
from .shading import Look, material_of
from .skeleton_map import flat_joint

_WIDTHS: dict[LayerKind, int] = {"uv": 2, "color": 4, "normal": 3, "tangent": 4, "custom": 0}
_NAMES: dict[LayerKind, str] = {
    "uv": "UV set",
    "color": "vertex colours",
    "normal": "normals",
    "tangent": "tangents",
    "custom": "attribute",
}

_LARGEST = 1e12  # as for points


@dataclass(frozen=True)
class _Cut:
    piece: Piece
    positions: NDArray[np.int64]  # [F, 3] in the piece's corners
    owner: NDArray[np.int64]  # [F] polygon


def join(path: Path, pieces: list[Piece], looks: list[Look], joints: Joints, found: Findings) -> RawMesh:
    """Cut all pieces into triangles and put them into one mesh; units and axes are left to the reader."""
    check_count(path, "vertices", sum(len(p.points) for p in pieces), MAX_VERTICES)
    check_count(path, "face corners", sum(len(p.corners) for p in pieces), 3 * MAX_TRIANGLES)
    cuts = [_cut(path, piece, found) for piece in pieces]
    layers, names = _layers(cuts, found)
    uv0 = next((layer for layer in layers if layer.kind == "uv"), None)
    rest = tuple(layer for layer in layers if layer is not uv0)
    ids = np.concatenate([cut.piece.materials[cut.owner] for cut in cuts])
    used, material_ids = np.unique(ids, return_inverse=True)
    uv_names = [name for name, layer in zip(names, layers, strict=True) if layer.kind == "uv"]
    for k in sorted(set(range(len(looks))) - set(used.tolist())):
        if looks[k] != Look():
            found.left_out(f"material {looks[k].name}", "no face uses it")
    materials = tuple(material_of(looks[k], uv_names, found) for k in used) or (Material(),)
    polygons = _polygons(cuts)
    if polygons is not None:
        sizes = np.concatenate([p.counts for p in pieces])
        found.kept(
            "polygons",
            f"{int((sizes == 4).sum())} quads and {int((sizes > 4).sum())} larger ones of {len(sizes)}; "
            "cut into triangles that name theirs",
        )
    part_names = _unique([piece.name for piece in pieces])
    return RawMesh(
        points=np.concatenate([p.points for p in pieces]),
        faces=_offset([c.piece.corners[c.positions] for c in cuts], [len(p.points) for p in pieces]),
        materials=materials,
        material_ids=material_ids.astype(np.int64),
        part_names=tuple(part_names),
        part_ids=np.repeat(np.arange(len(pieces)), [len(c.owner) for c in cuts]).astype(np.int64),
        uv0=None if uv0 is None else uv0.values.astype(np.float64),
        uv0_faces=None if uv0 is None else uv0.faces.astype(np.int64),
        polygons=polygons,
        layers=rest,
        morphs=_morphs(cuts, found),
        skin=_skin(pieces, joints, found),
    )


def finished(raw: RawMesh, found: Findings, **facts: Any) -> RawMesh:
    """Return the mesh with the reader's record, notes and companions, each once."""
    for k in np.unique(raw.part_ids):
        found.kept(f"object {raw.part_names[k] or '(unnamed)'}", "a part of the garment")
    return replace(
        raw,
        record=tuple(dict.fromkeys(found.record)),
        notes=tuple(dict.fromkeys((*raw.notes, *found.notes))),
        companions=tuple(dict.fromkeys(found.companions)),
        **facts,
    )


def _cut(path: Path, piece: Piece, found: Findings) -> _Cut:
    for layer in piece.layers:
        if len(layer.index) != len(piece.corners) or (
            len(layer.index) and not -1 <= layer.index.min() <= layer.index.max() < len(layer.values)
        ):
            raise InputError(
                f"{path}: {piece.name} has {len(layer.values)} {_NAMES[layer.kind]} ({layer.name}) that do not fit its "
                f"{len(piece.corners)} face corners; export the mesh again"
            )
    layers = tuple(_welded(_sound(piece, layer, found), piece.corners) for layer in piece.layers)
    piece = replace(piece, layers=layers)
    if len(piece.counts) == 0:
        return _Cut(piece, np.zeros((0, 3), np.int64), np.zeros(0, np.int64))
    positions, owner = triangulate(piece.points, piece.corners, piece.counts)
    if piece.mirrored:
        found.converted(f"mirrored scale of {piece.name}", "its polygons are turned, outside stays out")
    return _Cut(piece, positions[:, ::-1] if piece.mirrored else positions, owner)


def _sound(piece: Piece, layer: Values, found: Findings) -> Values:
    """Take values that are no numbers to compute with for missing, and say so."""
    bad: NDArray[np.bool_] = np.asarray((~(np.abs(layer.values) <= _LARGEST)).any(axis=1))  # NaN is not below either
    if not bad.any():
        return layer
    found.notes.append(
        f"{piece.name}: {int(bad.sum())} of its {_NAMES[layer.kind]} ({layer.name}) are no usable numbers"
    )
    index = np.where((layer.index >= 0) & bad[layer.index], -1, layer.index)
    return replace(layer, values=np.where(bad[:, None], 0.0, layer.values), index=index)


def _welded(layer: Values, corners: NDArray[np.int64]) -> Values:
    """Let corners of one point with equal values share them, where the file lists values corner by corner."""
    if len(layer.values) != len(corners) or layer.values.shape[1] > 4 or (layer.index < 0).any():
        return layer
    if not np.array_equal(np.sort(layer.index), np.arange(len(corners))):
        return layer
    keys = np.concatenate([corners[:, None].astype(np.float64), layer.values[layer.index]], axis=1)
    table, index = np.unique(keys + 0.0, axis=0, return_inverse=True)
    return replace(layer, values=table[:, 1:], index=index.reshape(-1).astype(np.int64))


def _offset(arrays: list[NDArray[np.int64]], sizes: list[int]) -> NDArray[np.int64]:
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    return np.concatenate([a + s for a, s in zip(arrays, starts, strict=True)])


def _polygons(cuts: list[_Cut]) -> NDArray[np.int64] | None:
    if all((cut.piece.counts == 3).all() for cut in cuts):
        return None
    return _offset([cut.owner for cut in cuts], [len(cut.piece.counts) for cut in cuts])


def _layers(cuts: list[_Cut], found: Findings) -> tuple[list[Layer], list[str]]:
    """Join layers of one kind and name; the first UV set of every piece is UV0, whatever it is called."""
    wanted: dict[tuple[LayerKind, str], list[Values | None]] = {}
    uv_first: list[Values | None] = []
    for k, cut in enumerate(cuts):
        first = next((layer for layer in cut.piece.layers if layer.kind == "uv"), None)
        uv_first.append(first)
        for layer in cut.piece.layers:
            if layer is not first:
                wanted.setdefault((layer.kind, layer.name), [None] * len(cuts))[k] = layer
    groups: list[tuple[LayerKind, str, list[Values | None]]] = []
    if any(uv_first):
        groups.append(("uv", next(layer.name for layer in uv_first if layer is not None), uv_first))
    groups += [(kind, name, row) for (kind, name), row in wanted.items()]
    out: list[Layer] = []
    unique = _unique([name for _, name, _ in groups])
    for number, (kind, _, row) in enumerate(groups):
        out.append(_joined(cuts, kind, unique[number], row, found))
        what = f"{_NAMES[kind]} {unique[number]}".strip()
        found.kept(what, "as UV0" if kind == "uv" and number == 0 else "corner by corner")
    return out, [name for _, name, _ in groups]


def _joined(cuts: list[_Cut], kind: LayerKind, name: str, row: list[Values | None], found: Findings) -> Layer:
    width = _WIDTHS[kind] or max(layer.values.shape[1] for layer in row if layer is not None)
    values: list[NDArray[np.float64]] = []
    faces: list[NDArray[np.int64]] = []
    bare = 0
    for cut, layer in zip(cuts, row, strict=True):
        if layer is None:
            index = np.full(cut.positions.shape, -1, np.int64)
            table = np.zeros((0, width))
        else:
            index, table = layer.index[cut.positions], _widened(layer.values, width, kind)
        missing = np.asarray((index < 0).any(axis=1))
        if missing.any():
            bare += int(missing.sum())
            filler, filler_index = _filler(cut, kind, width, missing)
            index = index.copy()
            index[missing] = filler_index + len(table)
            table = np.concatenate([table, filler])
        values.append(table)
        faces.append(index)
    total = sum(len(cut.owner) for cut in cuts)
    if bare:
        given = {
            "uv": "they share the coordinate (0, 0)",
            "color": "they are white",
            "normal": "they get their faces' own",
        }
        found.notes.append(
            f"{bare} of {total} triangles have no {'UVs' if kind == 'uv' else _NAMES[kind]} ({name}); "
            f"{given.get(kind, 'they are zero')}"
        )
    joined = _offset(faces, [len(v) for v in values])
    return Layer(name, kind, np.concatenate(values).astype(np.float32), joined.astype(np.int32))


def _widened(values: NDArray[np.float64], width: int, kind: LayerKind) -> NDArray[np.float64]:
    missing = width - values.shape[1]
    if missing <= 0:
        return values[:, :width]
    return np.concatenate([values, np.full((len(values), missing), 1.0 if kind in ("color", "tangent") else 0.0)], 1)


def _filler(
    cut: _Cut, kind: LayerKind, width: int, missing: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return values for triangles the file says nothing of, and the three each of them takes."""
    count = int(missing.sum())
    if kind != "normal":
        return np.full((1, width), 1.0 if kind == "color" else 0.0), np.zeros((count, 3), np.int64)
    a, b, c = (cut.piece.points[cut.piece.corners[cut.positions[missing, k]]] for k in range(3))
    normals = np.cross(b - a, c - a)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.where(lengths > 1e-30, normals / np.maximum(lengths, 1e-30), [0.0, 0.0, 1.0])
    return normals, np.repeat(np.arange(count)[:, None], 3, axis=1)


def _morphs(cuts: list[_Cut], found: Findings) -> tuple[MorphTarget, ...]:
    names = list(dict.fromkeys(shape.name for cut in cuts for shape in cut.piece.shapes))
    out: list[MorphTarget] = []
    for name in names:
        rows = [next((s for s in cut.piece.shapes if s.name == name), None) for cut in cuts]
        offsets = [np.zeros_like(c.piece.points) if s is None else s.offsets for c, s in zip(cuts, rows, strict=True)]
        weight = next(shape.weight for shape in rows if shape is not None)
        layers: tuple[Layer, ...] = ()
        if any(shape is not None and shape.normals is not None for shape in rows):
            layers = (_morph_normals(cuts, rows),)
        out.append(MorphTarget(name, np.concatenate(offsets).astype(np.float32), float(weight), layers))
        found.kept(f"blend shape {name}", "with its normals" if layers else "offsets of the points")
    return tuple(out)


def _morph_normals(cuts: list[_Cut], rows: list[Shape | None]) -> Layer:
    values: list[NDArray[np.float64]] = []
    faces: list[NDArray[np.int64]] = []
    for cut, shape in zip(cuts, rows, strict=True):
        normals = None if shape is None else shape.normals
        table = np.zeros((0, 3)) if normals is None else normals.values
        index = np.full(cut.positions.shape, -1) if normals is None else normals.index[cut.positions]
        values.append(np.concatenate([table, np.zeros((1, 3))]))
        faces.append(np.where(index < 0, len(table), index).astype(np.int64))
    joined = _offset(faces, [len(v) for v in values])
    return Layer("normals", "normal", np.concatenate(values).astype(np.float32), joined.astype(np.int32))


def _skin(pieces: list[Piece], joints: Joints, found: Findings) -> SourceSkin | None:
    bound = [p for p in pieces if p.joints is not None and p.weights is not None and p.weights.size]
    if not bound or not joints.names:
        return None
    flat = flat_joint(joints.rest)
    if flat is not None:
        found.dropped("skin", f"the joint {joints.names[flat]} is scaled to nothing, so it holds no pose")
        return None
    width = max(p.weights.shape[1] for p in bound if p.weights is not None)
    indices: list[NDArray[np.int64]] = []
    weights: list[NDArray[np.float64]] = []
    for piece in pieces:
        index, weight = np.zeros((len(piece.points), width), np.int64), np.zeros((len(piece.points), width))
        if piece.joints is not None and piece.weights is not None:
            index[:, : piece.joints.shape[1]] = piece.joints
            weight[:, : piece.weights.shape[1]] = _sound_weights(piece, len(joints.names), found)
        indices.append(np.where(weight > 0, index, 0))
        weights.append(weight)
    found.kept("skin", f"{len(joints.names)} joints, at most {width} for a point; points are as they were bound")
    if len(bound) < len(pieces):
        found.notes.append(f"{len(pieces) - len(bound)} of {len(pieces)} meshes have no skin weights")
    return SourceSkin(
        joints=tuple(_unique(joints.names)),
        parents=np.array(joints.parents, np.int32),
        rest=np.stack(joints.rest).astype(np.float32),
        indices=np.concatenate(indices).astype(np.int32),
        weights=np.concatenate(weights).astype(np.float32),
    )


def _sound_weights(piece: Piece, n_joints: int, found: Findings) -> NDArray[np.float64]:
    """Return weights whose rows sum to 1 or 0; what is not a weight counts as none, and is noted."""
    assert piece.weights is not None
    assert piece.joints is not None
    weights = piece.weights
    absurd = ~np.isfinite(weights) | (weights < 0) | (weights > 1e6)
    absurd |= ((piece.joints < 0) | (piece.joints >= n_joints)) & (weights != 0)
    weights = np.where(absurd, 0.0, weights)
    sums = weights.sum(axis=1, keepdims=True)
    off = (np.abs(sums - 1) > 1e-3) & (sums > 0)
    if absurd.any():
        found.notes.append(f"{piece.name}: {int(absurd.sum())} skin weights are absurd and count as none")
    if off.any():
        found.converted(
            f"skin weights of {piece.name}", f"those of {int(off.sum())} points did not sum to 1 and were scaled"
        )
    scaled: NDArray[np.float64] = np.where(sums > 0, weights / np.where(sums > 0, sums, 1.0), 0.0)
    return scaled


def _unique(names: list[str]) -> list[str]:
    """Number names that come twice."""
    out: list[str] = []
    seen: set[str] = set()
    last: dict[str, int] = {}
    for name in names:
        candidate = name
        while candidate in seen:
            last[name] = last.get(name, 1) + 1
            candidate = f"{name} {last[name]}"
        seen.add(candidate)
        out.append(candidate)
    return out
