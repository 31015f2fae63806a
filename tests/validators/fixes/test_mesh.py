"""Triangles are repaired in every array of corners at once, in every size, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Layer
from dressform.runtime.geometry.normals import face_areas, face_normals
from dressform.validators.budgets import Budgets
from dressform.validators.examples.builder import Parts
from dressform.validators.fixes.fix import Mended
from dressform.validators.fixes.mesh import (
    drop_degenerate,
    drop_duplicates,
    drop_loose,
    drop_slivers,
    even_normals,
    turn_against,
)
from dressform.validators.fixes.surface import turn_faces
from dressform.validators.fixes.workpiece import Workpiece


@pytest.fixture
def piece(parts: Parts, tmp_path: Path) -> Workpiece:
    return Workpiece.read(parts.write(tmp_path / "tube"), Budgets())


def mesh_of(piece: Workpiece) -> GarmentMesh:
    (mesh,) = piece.meshes.values()
    return mesh


def change(piece: Workpiece, edit: Callable[[GarmentMesh], GarmentMesh]) -> GarmentMesh:
    piece.meshes = {size: edit(mesh) for size, mesh in piece.meshes.items()}
    return mesh_of(piece)


def uv_of_corners(mesh: GarmentMesh) -> set[tuple[float, ...]]:
    """Every corner as its point and UV, whatever the numbering."""
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    rows = np.concatenate([mesh.points[mesh.faces], mesh.uv1[mesh.uv1_faces]], axis=2).reshape(-1, 5)
    return {tuple(row) for row in rows.round(5).tolist()}


def with_a_point_on_an_edge(mesh: GarmentMesh) -> GarmentMesh:
    """Part an inner edge by a point of its own triangle: one triangle without area, none is missing."""
    uv, uv_faces = mesh.uv1, mesh.uv1_faces
    assert uv is not None
    assert uv_faces is not None
    face = 60  # a b c becomes a b new, and the flat triangle a new c stays against the edge c a
    (a, b, c), (ua, ub, uc) = mesh.faces[face].tolist(), uv_faces[face].tolist()
    new, unew = len(mesh.points), len(uv)
    points = np.concatenate([mesh.points, [(mesh.points[a] + mesh.points[c]) / 2]]).astype(np.float32)
    uvs = np.concatenate([uv, [(uv[ua] + uv[uc]) / 2]]).astype(np.float32)
    rows = [[a, b, new], [new, b, c], [a, new, c]]
    uv_rows = [[ua, ub, unew], [unew, ub, uc], [ua, unew, uc]]
    keep = np.arange(len(mesh.faces)) != face
    faces = np.concatenate([mesh.faces[keep], rows]).astype(np.int32)
    corners = np.concatenate([uv_faces[keep], uv_rows]).astype(np.int32)
    ids = np.zeros(len(faces), np.int32)
    return replace(
        mesh, points=points, faces=faces, uv0=uvs, uv0_faces=corners, uv1=uvs, uv1_faces=corners, material_ids=ids
    )


def directed(faces: NDArray[np.int32]) -> set[tuple[int, int]]:
    return {(int(row[k]), int(row[(k + 1) % 3])) for row in faces for k in range(3)}


def test_an_edge_is_turned_over_the_point_that_lies_on_it(piece: Workpiece) -> None:
    area = face_areas(mesh_of(piece).points, mesh_of(piece).faces).sum()
    before = change(piece, with_a_point_on_an_edge)
    (mended,) = drop_slivers(piece)
    mesh = mesh_of(piece)
    assert mended.what == "took out 1 triangle too thin"
    assert len(mesh.faces) == len(before.faces)  # turned, not dropped: the surface has no slit
    assert face_areas(mesh.points, mesh.faces).min() > 1e-5
    assert face_areas(mesh.points, mesh.faces).sum() == pytest.approx(area, rel=1e-5)
    assert uv_of_corners(mesh) == uv_of_corners(before)
    edges = directed(mesh.faces)
    assert len(edges) == mesh.faces.size  # no edge is walked twice
    assert sum((b, a) not in edges for a, b in edges) == 32  # the two rims and nothing else
    assert piece.stale == {"lod", "preview"}


def test_a_seam_is_not_turned_over(piece: Workpiece) -> None:
    mesh = change(piece, with_a_point_on_an_edge)
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    rows = mesh.uv1_faces.copy()
    rows[-1] = np.arange(3) + len(mesh.uv1)
    apart = np.concatenate([mesh.uv1, mesh.uv1[mesh.uv1_faces[-1]]])
    change(piece, lambda each: replace(each, uv1=apart, uv1_faces=rows))
    assert list(drop_slivers(piece)) == []


def test_a_sliver_that_hangs_on_its_long_edge_is_dropped(piece: Workpiece) -> None:
    def hang(mesh: GarmentMesh) -> GarmentMesh:
        point = (mesh.points[0] + mesh.points[1]) / 2 - np.float32([0, 0, 2e-6])
        assert mesh.uv0_faces is not None
        assert mesh.uv1_faces is not None
        return replace(
            mesh,
            points=np.concatenate([mesh.points, [point]]).astype(np.float32),
            faces=np.concatenate([mesh.faces, [[1, 0, len(mesh.points)]]]).astype(np.int32),
            uv0_faces=np.concatenate([mesh.uv0_faces, mesh.uv0_faces[:1]]),
            uv1_faces=np.concatenate([mesh.uv1_faces, mesh.uv1_faces[:1]]),
            material_ids=np.zeros(len(mesh.faces) + 1, np.int32),
        )

    before = mesh_of(piece).faces
    change(piece, hang)
    (mended,) = drop_slivers(piece)
    assert (mended.before, mended.after) == ("225 triangles, 1 too thin", "224 triangles")
    np.testing.assert_array_equal(mesh_of(piece).faces, before)


def test_points_on_each_other_become_one(piece: Workpiece) -> None:
    mesh = mesh_of(piece)
    points = mesh.points.copy()
    points[17] = points[16]
    change(piece, lambda each: replace(each, points=points))
    (mended,) = drop_degenerate(piece)
    assert mended.before == "224 triangles, 2 without area"
    assert mended.after == "222 triangles"
    assert len(mesh_of(piece).points) == len(mesh.points) - 1
    assert len(piece.rigs["anny"].joint_weights) == len(mesh.points) - 1
    assert len(directed(mesh_of(piece).faces)) == mesh_of(piece).faces.size


def test_a_triangle_that_is_flat_in_one_size_only_stays(parts: Parts, tmp_path: Path) -> None:
    points = parts.mesh.points.copy()
    points[17] = points[16]
    parts.manifest["sizes"]["L"] = {"garment": "sizes/L/garment.glb"}
    parts.further["L"] = replace(parts.mesh, points=points)
    piece = Workpiece.read(parts.write(tmp_path / "tube"), Budgets())
    assert list(drop_degenerate(piece)) == []
    assert all(len(mesh.faces) == 224 for mesh in piece.meshes.values())


def test_sizes_with_other_triangles_are_left(parts: Parts, tmp_path: Path) -> None:
    parts.further["L"] = replace(parts.mesh, faces=parts.mesh.faces[::-1].copy())
    piece = Workpiece.read(parts.write(tmp_path / "tube"), Budgets())
    for fix in (drop_degenerate, drop_slivers, drop_duplicates, drop_loose, turn_against):
        assert list(fix(piece)) == []


def test_every_size_is_turned_and_the_atlas_with_it(parts: Parts, tmp_path: Path) -> None:
    sound = face_normals(parts.mesh.points, parts.mesh.faces)
    turned = np.isin(np.arange(len(parts.mesh.faces)), [40, 41, 90])
    normals = Layer("normals", "normal", sound.copy(), np.repeat(np.arange(len(sound), dtype=np.int32)[:, None], 3, 1))
    tangents = replace(normals, name="t", kind="tangent", values=np.tile(np.float32([1, 0, 0, 1]), (len(sound), 1)))
    mesh = replace(parts.mesh, layers=(normals, tangents), polygons=np.arange(len(sound), dtype=np.int32) // 2)
    parts.mesh = turn_faces(mesh, turned)
    parts.further["L"] = replace(parts.mesh, points=parts.mesh.points * np.float32(1.05))
    parts.manifest["sizes"]["L"] = {"garment": "sizes/L/garment.glb"}
    piece = Workpiece.read(parts.write(tmp_path / "tube"), Budgets())
    (mended,) = turn_against(piece)
    assert mended.before == "3 triangles against most of their piece"
    for each in piece.meshes.values():
        now = face_normals(each.points, each.faces)
        np.testing.assert_allclose(now, sound, atol=1e-5)
        assert (np.einsum("fkc,fc->fk", each.layers[0].values[each.layers[0].faces], now) > 0.9).all()
        np.testing.assert_array_equal(each.layers[1].values[each.layers[1].faces][..., 3], 1)
        assert uv_of_corners(each) == uv_of_corners(replace(mesh, points=each.points))
        assert each.polygons is not None
        together = each.polygons[0::2] == each.polygons[1::2]
        assert np.flatnonzero(~together).tolist() == [20, 45]  # the artist's quads that a repair reached into


def test_the_first_of_two_triangles_stays(piece: Workpiece) -> None:
    mesh = mesh_of(piece)
    twice = np.array([*range(len(mesh.faces)), 5, 9])
    change(
        piece,
        lambda each: replace(
            each,
            faces=each.faces[twice],
            uv0_faces=mesh.uv0_faces[twice] if mesh.uv0_faces is not None else None,
            uv1_faces=mesh.uv1_faces[twice] if mesh.uv1_faces is not None else None,
            material_ids=each.material_ids[twice],
        ),
    )
    assert list(drop_duplicates(piece)) == [
        Mended("dropped 2 triangles that stood twice", "sizes", "226 triangles", "224 triangles")
    ]
    np.testing.assert_array_equal(mesh_of(piece).faces, mesh.faces)


def test_loose_points_stay_where_weights_are_painted_by_number(parts: Parts, tmp_path: Path) -> None:
    parts.change_mesh(points=np.concatenate([parts.mesh.points, [[0, 0, 1]]]).astype(np.float32))
    rig = parts.rig
    names = ["joint_indices", "joint_weights", "binding_triangles", "binding_barycentrics", "binding_offsets"]
    parts.change_rig(**{name: np.concatenate([getattr(rig, name), getattr(rig, name)[:1]]) for name in names})
    folder = parts.write(tmp_path / "tube")
    piece = Workpiece.read(folder, Budgets())
    (mended,) = drop_loose(piece)
    assert mended == Mended("dropped 1 point that no triangle used", "sizes", "129 points", "128 points")
    assert len(piece.rigs["anny"].binding_offsets) == 128
    (folder / "overrides").mkdir()
    (folder / "overrides" / "rig_weights.json").write_text(json.dumps({}))
    assert list(drop_loose(Workpiece.read(folder, Budgets()))) == []


def test_normals_get_length_one(piece: Workpiece) -> None:
    own = face_normals(mesh_of(piece).points, mesh_of(piece).faces)
    rows = np.repeat(np.arange(len(own), dtype=np.int32)[:, None], 3, 1)
    values = own * np.float32(0.5)
    values[7] = 0
    change(piece, lambda each: replace(each, layers=(Layer("normals", "normal", values, rows),)))
    (mended,) = even_normals(piece)
    assert mended.after == "length 1"
    np.testing.assert_allclose(mesh_of(piece).layers[0].values, own, atol=1e-6)
