"""What follows from topology alone, worked out once: the faces drawn, their edges, the faces around each vertex."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .scene import Hem, SceneMesh


@dataclass(frozen=True)
class Topology:
    """All meshes joined; vertex indices count through the meshes in order.

    Attributes:
        all_faces: int32 [A, 3], hidden ones included (for normals).
        ring_starts: int32 [V + 1]; faces around vertex v are `ring_faces[ring_starts[v]:ring_starts[v + 1]]`.
        ring_faces: int32 [3 A] into `all_faces`.
        faces: int32 [F, 3], those drawn; those of sheer meshes come last.
        face_uv: float32 [F, 3, 2].
        weave_uv: float32 [F, 3, 2], or [1, 3, 2] where no material has a weave.
        atlas_uv: float32 [F, 3, 2], or [1, 3, 2] where no mesh has wrinkles.
        face_mesh: int32 [F].
        face_group: int32 [F]; meshes that share vertices are one group.
        edges: int32 [E, 2] vertices of the drawn faces' edges; those of sheer faces come last, and none is of both.
        edge_faces: int32 [E, 2] into `faces`; the second is -1 at a border.
        opaque: How many faces are not sheer, and how many edges are of them.
    """

    all_faces: NDArray[np.int32]
    ring_starts: NDArray[np.int32]
    ring_faces: NDArray[np.int32]
    faces: NDArray[np.int32]
    face_uv: NDArray[np.float32]
    weave_uv: NDArray[np.float32]
    atlas_uv: NDArray[np.float32]
    face_mesh: NDArray[np.int32]
    face_group: NDArray[np.int32]
    edges: NDArray[np.int32]
    edge_faces: NDArray[np.int32]
    opaque: tuple[int, int]


def join_meshes(meshes: Sequence[SceneMesh], vertex_counts: Sequence[int]) -> Topology:
    """Join meshes, after checking that every index is in range.

    A mesh with no vertices of its own (count 0) shares those of the mesh before it, as the materials of a garment do.
    """
    all_faces: list[NDArray[np.int32]] = []
    faces: list[NDArray[np.int32]] = []
    face_uv: list[NDArray[np.float32]] = []
    weave_uv: list[NDArray[np.float32]] = []
    atlas_uv: list[NDArray[np.float32]] = []
    face_mesh: list[NDArray[np.int32]] = []
    face_group: list[NDArray[np.int32]] = []
    total, own, group = 0, 0, -1
    for index, (mesh, count) in enumerate(zip(meshes, vertex_counts, strict=True)):
        if count > 0:
            total, own, group = total + count, count, group + 1
        _check(mesh, own)
        drawn_faces, drawn_uv, shown = _drawn(mesh, own)
        all_faces.append((mesh.faces + (total - own)).astype(np.int32))
        faces.append((drawn_faces[shown] + (total - own)).astype(np.int32))
        face_uv.append(mesh.uv[drawn_uv[shown]].astype(np.float32))
        weave_uv.append(face_uv[-1] if mesh.weave_uv is None else mesh.weave_uv[shown].astype(np.float32))
        atlas_uv.append(face_uv[-1] if mesh.atlas_uv is None else mesh.atlas_uv[shown].astype(np.float32))
        face_mesh.append(np.full(int(shown.sum()), index, np.int32))
        face_group.append(np.full(int(shown.sum()), group, np.int32))
    order = sorted(range(len(meshes)), key=lambda index: meshes[index].material.is_sheer)
    faces, face_mesh, face_group = ([parts[index] for index in order] for parts in (faces, face_mesh, face_group))
    face_uv, weave_uv, atlas_uv = ([parts[index] for index in order] for parts in (face_uv, weave_uv, atlas_uv))
    joined = np.concatenate(all_faces)
    drawn = np.concatenate(faces)
    opaque = sum(len(own) for own, index in zip(faces, order, strict=True) if not meshes[index].material.is_sheer)
    starts, ring = _rings(joined, total)
    edges, edge_faces, sides = pair_in_order(drawn, opaque, total)
    owner, groups = np.concatenate(face_mesh), np.concatenate(face_group)
    woven = any(mesh.material.weave is not None for mesh in meshes)
    nowhere = np.zeros((1, 3, 2), np.float32)
    weaves = np.concatenate(weave_uv) if woven else nowhere
    atlas = np.concatenate(atlas_uv) if any(mesh.wrinkle_side for mesh in meshes) else nowhere
    return Topology(
        *(joined, starts, ring, drawn, np.concatenate(face_uv), weaves, atlas, owner, groups, edges, edge_faces, sides)
    )


def _drawn(mesh: SceneMesh, count: int) -> tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.bool_]]:
    """Return the faces that a mesh is drawn with, their UVs, and which of them are shown."""
    if mesh.coarse is None:
        shown = np.ones(len(mesh.faces), np.bool_) if mesh.hidden is None else ~mesh.hidden
        return mesh.faces, mesh.uv_faces, shown
    seen = np.zeros(count, np.bool_)
    seen[mesh.faces if mesh.hidden is None else mesh.faces[~mesh.hidden]] = True
    return mesh.coarse.faces, mesh.coarse.uv_faces, np.asarray(seen[mesh.coarse.faces].any(axis=1))


def _check(mesh: SceneMesh, count: int) -> None:
    tables = [("faces", mesh.faces, count, mesh.faces), ("uv_faces", mesh.uv_faces, len(mesh.uv), mesh.faces)]
    if mesh.coarse is not None:
        coarse, coarse_uv = mesh.coarse
        tables += [("coarse.faces", coarse, count, coarse), ("coarse.uv_faces", coarse_uv, len(mesh.uv), coarse)]
        if mesh.weave_uv is not None or mesh.atlas_uv is not None:
            raise ValueError(f"{mesh.name}: coarse faces have neither weave_uv nor atlas_uv; leave coarse out")
    for name, indices, limit, like in tables:
        if indices.ndim != 2 or indices.shape[1] != 3 or len(indices) != len(like):
            raise ValueError(f"{mesh.name}: {name} must be [{len(like)}, 3], got {list(indices.shape)}")
        if indices.size and (indices.min() < 0 or indices.max() >= limit):
            found = f"{indices.min()} to {indices.max()}"
            raise ValueError(f"{mesh.name}: {name} must be indices from 0 to {limit - 1}, got {found}")
    if mesh.weave_uv is not None and mesh.weave_uv.shape != (len(mesh.faces), 3, 2):
        raise ValueError(f"{mesh.name}: weave_uv must be [{len(mesh.faces)}, 3, 2], got {list(mesh.weave_uv.shape)}")
    if mesh.wrinkle_side and (mesh.atlas_uv is None or mesh.atlas_uv.shape != (len(mesh.faces), 3, 2)):
        given = None if mesh.atlas_uv is None else list(mesh.atlas_uv.shape)
        raise ValueError(f"{mesh.name}: wrinkles need an atlas_uv [{len(mesh.faces)}, 3, 2], got {given}")
    _check_hem(mesh, count)
    if mesh.hidden is not None and mesh.hidden.shape != (len(mesh.faces),):
        raise ValueError(f"{mesh.name}: hidden must be [{len(mesh.faces)}], got {list(mesh.hidden.shape)}")


def _check_hem(mesh: SceneMesh, count: int) -> None:
    hem = mesh.hem
    if hem is None:
        return
    if not isinstance(hem, Hem):
        raise ValueError(f"{mesh.name}: hem must be a Hem, got {type(hem).__name__}")
    if not (isinstance(hem.thickness, float | int | np.floating) and 0.0 < hem.thickness <= 0.05):
        raise ValueError(f"{mesh.name}: a hem's thickness must be above 0 and at most 0.05 m, got {hem.thickness}")
    if np.shape(hem.rest) != (count, 3) or not np.isfinite(hem.rest).all():
        raise ValueError(f"{mesh.name}: a hem's rest must be finite [{count}, 3], got {list(np.shape(hem.rest))}")
    inner = None if hem.inner is None else np.asarray(hem.inner)
    if inner is not None and (inner.shape != (len(mesh.faces),) or inner.dtype != np.bool_):
        found = f"{inner.dtype} {list(inner.shape)}"
        raise ValueError(f"{mesh.name}: a hem's inner must be bool [{len(mesh.faces)}], got {found}")
    if mesh.coarse is not None:
        raise ValueError(f"{mesh.name}: coarse faces have no hem; leave coarse out")


def _rings(faces: NDArray[np.int32], vertex_count: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    corners = faces.ravel()
    order = np.argsort(corners, kind="stable")
    starts = np.zeros(vertex_count + 1, np.int32)
    np.cumsum(np.bincount(corners, minlength=vertex_count), out=starts[1:])
    return starts, (order // 3).astype(np.int32)


def pair_in_order(
    faces: NDArray[np.int32], opaque: int, vertex_count: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], tuple[int, int]]:
    """Return `edges`, `edge_faces` and `opaque` of a `Topology` of these faces, of which the first are not sheer."""
    edges, edge_faces = pair_edges(faces[:opaque], vertex_count)
    count = (opaque, len(edges))
    if opaque < len(faces):
        further, beside = pair_edges(faces[opaque:], vertex_count)
        edges = np.concatenate([edges, further])
        edge_faces = np.concatenate([edge_faces, np.where(beside < 0, beside, beside + opaque).astype(np.int32)])
    return edges, edge_faces, count


def pair_edges(faces: NDArray[np.int32], vertex_count: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Pair faces across edges. An edge with more than two faces becomes borders: each of its faces may end there."""
    sides = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1).astype(np.int64)
    owners = np.tile(np.arange(len(faces), dtype=np.int32), 3)
    keys = sides[:, 0] * vertex_count + sides[:, 1]
    order = np.argsort(keys, kind="stable")
    keys, sides, owners = keys[order], sides[order], owners[order]
    firsts = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.diff(firsts, append=len(keys))
    pairs = firsts[counts == 2]
    lone = np.flatnonzero(np.repeat(counts != 2, counts))
    edges = np.concatenate([sides[pairs], sides[lone]]).astype(np.int32)
    second = np.concatenate([owners[pairs + 1], np.full(len(lone), -1, np.int32)])
    return edges, np.stack([np.concatenate([owners[pairs], owners[lone]]), second], axis=1)
