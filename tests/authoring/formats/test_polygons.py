from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.authoring.formats.polygons import polygon_faces, triangulate


def area(points: np.ndarray, triangles: np.ndarray) -> float:
    a, b, c = (points[triangles[:, k]] for k in range(3))
    return float(np.cross(b - a, c - a)[:, 2].sum() / 2)


def cut(points: np.ndarray, counts: list[int]) -> tuple[np.ndarray, np.ndarray]:
    corners = np.arange(sum(counts))
    at, owner = triangulate(points, corners, np.array(counts))
    return corners[at], owner


def test_triangles_stay_as_they_are() -> None:
    triangles, owner = cut(np.random.default_rng(0).random((6, 3)), [3, 3])
    assert triangles.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert owner.tolist() == [0, 1]


def test_a_quad_is_cut_along_its_shorter_diagonal() -> None:
    kite = np.array([[0, 0, 0], [4, 1, 0], [0, 2, 0], [-4, 1, 0]], float)
    triangles, _ = cut(kite, [4])
    assert all({0, 2} <= set(t) for t in triangles.tolist())


@pytest.mark.parametrize("turn", range(4))
def test_a_dented_quad_is_not_folded(turn: int) -> None:
    arrow = np.roll(np.array([[0, 0, 0], [4, -2, 0], [1, 0, 0], [4, 2, 0]], float), turn, axis=0)
    triangles, _ = cut(arrow, [4])
    signs = [area(arrow, t[None]) for t in triangles]
    assert all(s > 0 for s in signs)
    assert sum(signs) == pytest.approx(2.0)  # shoelace: 8 - 6


@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_a_star_is_cut_without_overlap_in_any_plane(axes: tuple[int, int, int]) -> None:
    angle = np.pi * np.arange(10) / 5
    radius = np.where(np.arange(10) % 2, 0.4, 1.0)
    star = np.column_stack([radius * np.cos(angle), radius * np.sin(angle), np.zeros(10)])
    triangles, owner = triangulate(star[:, axes], np.arange(10), np.array([10]))
    assert len(triangles) == 8
    assert owner.tolist() == [0] * 8
    assert all(area(star, t[None]) > 0 for t in triangles)
    assert area(star, triangles) == pytest.approx(10 * 0.4 * np.sin(np.pi / 5) / 2)


def test_order_of_polygons_is_kept() -> None:
    points = np.random.default_rng(1).random((12, 3))
    _, owner = cut(points, [4, 3, 5])
    assert owner.tolist() == [0, 0, 1, 2, 2, 2]


def mesh_of(points: np.ndarray, loops: list[list[int]]) -> GarmentMesh:
    corners = np.concatenate([np.array(loop) for loop in loops])
    faces, owner = triangulate(points, corners, np.array([len(loop) for loop in loops]))
    ids = np.zeros(len(faces), np.int32)
    return GarmentMesh(
        points.astype(np.float32), corners[faces].astype(np.int32), None, None, None, None, (Material(),), ids,
        polygons=owner.astype(np.int32),
    )  # fmt: skip


def loops_of(mesh: GarmentMesh) -> list[list[int]]:
    found = polygon_faces(mesh)
    return [loop.tolist() for loop in np.split(mesh.faces.reshape(-1)[found.slots], np.cumsum(found.counts)[:-1])]


def turned(loop: list[int]) -> list[int]:
    start = loop.index(min(loop))
    return loop[start:] + loop[:start]


def test_triangles_and_quads_come_back_with_their_first_corner() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0.5, 0], [0.4, 0.5, 0]])
    loops = [[1, 2, 3, 0], [2, 1, 4], [5, 0, 1, 2]]  # the last is a dart
    assert loops_of(mesh_of(points, loops)) == loops


@pytest.mark.parametrize("corners", [5, 6, 9, 20, 61])
def test_concave_polygons_come_back(corners: int) -> None:
    rng = np.random.default_rng(corners)
    angle = 2 * np.pi * (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) / corners
    radius = rng.uniform(0.3, 1.0, corners)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.zeros(corners)], axis=1)
    assert [turned(loop) for loop in loops_of(mesh_of(points, [list(range(corners))]))] == [list(range(corners))]


def test_what_is_no_polygon_any_more_comes_as_triangles() -> None:
    points = np.random.default_rng(0).random((8, 3))
    faces = np.array([[0, 1, 2], [3, 4, 5], [0, 1, 2], [0, 2, 3], [5, 6, 7]], np.int32)
    mesh = replace(mesh_of(points, [[0, 1, 2]]), faces=faces, polygons=np.array([0, 0, 1, 1, 2], np.int32))
    found = polygon_faces(mesh)
    assert found.broken == 1, "two triangles that do not touch"
    assert found.counts.tolist() == [3, 3, 4, 3]
    assert found.triangle_polygon.tolist() == [0, 1, 2, 2, 3]
    assert polygon_faces(replace(mesh, polygons=None)).counts.tolist() == [3] * 5


def test_real_quads_come_back_exactly(garments: Path) -> None:
    for path in sorted(garments.glob("*/*.obj")):
        rows = [line.split()[1:] for line in path.read_text().splitlines() if line.startswith("f ")]
        wanted = [[int(word.split("/")[0]) - 1 for word in row] for row in rows]
        points = np.array([line.split()[1:4] for line in path.read_text().splitlines() if line.startswith("v ")], float)
        assert loops_of(mesh_of(points, wanted)) == wanted
