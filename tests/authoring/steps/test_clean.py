from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.authoring.steps.clean import CleanOptions, clean_mesh
from dressform.runtime.geometry.adjacency import boundary_loops, edges
from dressform.schemas.errors import InputError, UsageError


def bare(points: np.ndarray, faces: np.ndarray) -> GarmentMesh:
    none = np.zeros(len(faces), np.int32)
    return GarmentMesh(points.astype(np.float32), faces.astype(np.int32), None, None, None, None, (Material(),), none)


def with_uv(mesh: GarmentMesh) -> GarmentMesh:
    uv = np.stack([np.arctan2(mesh.points[:, 0], mesh.points[:, 1]), mesh.points[:, 2]], axis=1)
    return replace(mesh, uv0=uv.astype(np.float32), uv0_faces=mesh.faces.copy())


def exploded(mesh: GarmentMesh) -> GarmentMesh:
    """Every triangle with points of its own, as STL has them."""
    return bare(mesh.points[mesh.faces].reshape(-1, 3), np.arange(mesh.faces.size).reshape(-1, 3))


def outwardness(mesh: GarmentMesh) -> float:
    a, b, c = (mesh.points[mesh.faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    radial = (a + b + c) / 3 * (1, 1, 0)
    return float(np.mean(np.einsum("ij,ij->i", normal, radial) > 0))


def test_a_sound_mesh_is_left_alone(tee: GarmentMesh) -> None:
    cleaned, report = clean_mesh(tee)
    assert not any(
        v for k, v in report.to_json().items() if k.endswith(("welded", "faces", "turned", "split", "dropped"))
    )
    np.testing.assert_array_equal(cleaned.points, tee.points)
    np.testing.assert_array_equal(cleaned.faces, tee.faces)
    assert (report.openings, report.piece_count) == (4, 1)


def test_loose_triangles_become_one_surface(skirt: GarmentMesh) -> None:
    cleaned, report = clean_mesh(exploded(skirt))
    assert len(cleaned.points) == len(skirt.points)
    assert report.points_welded == skirt.faces.size - len(skirt.points)
    assert (report.openings, report.piece_count) == (2, 1)


def test_touching_layers_stay_two(skirt: GarmentMesh) -> None:
    # a lining that touches the cloth everywhere but at its border
    inner = skirt.points.copy()
    border = (inner[:, 2] < 1e-6) | (inner[:, 2] > 0.6 - 1e-6)
    inner[border] *= (0.9, 0.9, 1)
    both = bare(np.vstack([skirt.points, inner]), np.vstack([skirt.faces, skirt.faces + len(skirt.points)]))
    cleaned, report = clean_mesh(both)
    assert len(cleaned.points) == len(both.points)
    assert report.piece_count == 2


def test_an_object_that_is_there_twice_is_kept_once(skirt: GarmentMesh) -> None:
    twice = bare(np.vstack([skirt.points] * 2), np.vstack([skirt.faces, skirt.faces + len(skirt.points)]))
    cleaned, report = clean_mesh(twice)
    assert report.duplicate_faces == len(skirt.faces)
    assert len(cleaned.points) == len(skirt.points)


def test_debris_is_counted_and_removed(skirt: GarmentMesh) -> None:
    faces = np.vstack([skirt.faces, [[0, 0, 1]], skirt.faces[5:7], skirt.faces[9:10, ::-1]])
    points = np.vstack([skirt.points, [[9, 9, 9]]])
    cleaned, report = clean_mesh(bare(points, faces))
    assert (report.degenerate_faces, report.duplicate_faces, report.unused_points) == (1, 3, 1)
    assert len(cleaned.faces) == len(skirt.faces)


@pytest.mark.parametrize("inside_out", [False, True])
def test_faces_agree_and_look_outward(skirt: GarmentMesh, inside_out: bool) -> None:
    faces = skirt.faces[:, ::-1].copy() if inside_out else skirt.faces.copy()
    some = np.random.default_rng(0).random(len(faces)) < 0.2
    faces[some] = faces[some][:, ::-1]
    mesh = with_uv(replace(skirt, faces=faces))
    cleaned, report = clean_mesh(mesh)
    assert outwardness(cleaned) == 1.0
    assert report.faces_turned == some.sum()
    assert report.pieces_turned == int(inside_out)
    # each corner keeps its own UV
    assert cleaned.uv0 is not None
    assert cleaned.uv0_faces is not None
    point = cleaned.points[cleaned.faces].reshape(-1, 3)
    np.testing.assert_allclose(cleaned.uv0[cleaned.uv0_faces].reshape(-1, 2)[:, 1], point[:, 2], atol=1e-6)


@pytest.mark.parametrize("wrong", [0, 17])
def test_one_face_among_many_is_the_one_that_turns(skirt: GarmentMesh, wrong: int) -> None:
    faces = skirt.faces.copy()
    faces[wrong] = faces[wrong][::-1]
    _, report = clean_mesh(replace(skirt, faces=faces))
    assert (report.faces_turned, report.pieces_turned) == (1, 0)


def test_a_pocket_looks_where_its_shirt_looks(skirt: GarmentMesh) -> None:
    flat = np.array([[-0.05, -0.21, 0.2], [0.05, -0.21, 0.2], [0.05, -0.21, 0.3], [-0.05, -0.21, 0.3]])
    pocket = np.array([[0, 2, 1], [0, 3, 2]]) + len(skirt.points)  # facing the body
    cleaned, report = clean_mesh(bare(np.vstack([skirt.points, flat]), np.vstack([skirt.faces, pocket])))
    assert report.pieces_turned == 1
    assert outwardness(cleaned) == 1.0


def test_a_fin_is_parted_from_the_cloth(skirt: GarmentMesh) -> None:
    fin = len(skirt.points)
    a, b = (int(v) for v in skirt.faces[30, :2])
    tip = (skirt.points[a] + skirt.points[b]) / 2 * (1.5, 1.5, 1)
    cleaned, report = clean_mesh(bare(np.vstack([skirt.points, tip]), np.vstack([skirt.faces, [[a, b, fin]]])))
    assert report.nonmanifold_edges == 1
    assert report.points_split == 2
    assert edges(cleaned.faces).face_counts.max() == 2
    assert report.piece_count == 2
    assert len(boundary_loops(cleaned.faces)) == 3, "the skirt keeps its two openings, the fin has its own"


def test_pieces_that_touch_in_a_point_are_parted() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1], [-1, 0, 0], [-1, 0, -1]], float)
    cleaned, report = clean_mesh(bare(points, np.array([[0, 1, 2], [0, 3, 4]])))
    assert report.points_split == 1
    assert report.piece_count == 2
    assert len(cleaned.points) == 6


def test_a_sliver_gives_its_point_to_the_neighbour(skirt: GarmentMesh) -> None:
    # split one edge by a point that only one side knows: a T-junction closed by a triangle without height
    mesh = with_uv(skirt)
    assert mesh.uv0 is not None
    a, b, c = (int(v) for v in mesh.faces[40])
    new = len(mesh.points)
    middle = (mesh.points[a] + mesh.points[b]) / 2
    points = np.vstack([mesh.points, middle]).astype(np.float32)
    uv = np.vstack([mesh.uv0, (mesh.uv0[a] + mesh.uv0[b]) / 2]).astype(np.float32)
    faces = np.vstack([np.delete(mesh.faces, 40, axis=0), [[a, new, c], [new, b, c], [a, b, new]]]).astype(np.int32)
    broken = replace(
        mesh, points=points, faces=faces, uv0=uv, uv0_faces=faces, material_ids=np.zeros(len(faces), np.int32)
    )
    cleaned, report = clean_mesh(broken)
    assert report.slivers_turned == 1
    assert (report.openings, report.piece_count) == (2, 1)
    assert report.triangles == len(faces)
    assert outwardness(cleaned) == 1.0


def test_short_edges_collapse(skirt: GarmentMesh) -> None:
    points = skirt.points.copy()
    a, b = (int(v) for v in skirt.faces[100, :2])
    points[b] = points[a] + np.float32(1e-6)
    cleaned, report = clean_mesh(bare(points, skirt.faces))
    assert report.points_collapsed == 1
    assert report.degenerate_faces == 2
    assert (report.openings, report.piece_count) == (2, 1)
    assert len(cleaned.faces) == len(skirt.faces) - 2


def test_a_moebius_strip_is_refused() -> None:
    n = 40
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    rim = [
        np.stack([(1 + s * np.cos(t / 2)) * np.cos(t), (1 + s * np.cos(t / 2)) * np.sin(t), s * np.sin(t / 2)], axis=1)
        for s in (-0.3, 0.3)
    ]
    faces = []
    for k in range(n):
        a, b = k, k + n
        c, d = ((k + 1) % n, (k + 1) % n + n) if k < n - 1 else (n, 0)
        faces += [[a, c, b], [c, d, b]]
    with pytest.raises(InputError, match="one-sided"):
        clean_mesh(bare(np.vstack(rim), np.array(faces)))


def test_nothing_left(skirt: GarmentMesh) -> None:
    with pytest.raises(InputError, match="no triangle with area"):
        clean_mesh(replace(skirt, points=skirt.points * np.float32(1e-7)), CleanOptions(weld=1e-3))


def test_materials_stay_with_their_faces(skirt: GarmentMesh) -> None:
    ids = (skirt.points[skirt.faces][:, :, 2].mean(axis=1) > 0.3).astype(np.int32)
    mesh = replace(skirt, materials=(Material("low"), Material("high")), material_ids=ids)
    faces = np.vstack([[[0, 0, 0]], mesh.faces]).astype(np.int32)
    cleaned, report = clean_mesh(replace(mesh, faces=faces, material_ids=np.concatenate([[1], ids]).astype(np.int32)))
    height = cleaned.points[cleaned.faces][:, :, 2].mean(axis=1)
    np.testing.assert_array_equal(cleaned.material_ids, height > 0.3)
    assert report.degenerate_faces == 1


def test_options() -> None:
    with pytest.raises(UsageError, match="--weld"):
        CleanOptions(weld=1.0)
