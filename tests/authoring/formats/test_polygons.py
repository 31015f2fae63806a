from __future__ import annotations

import numpy as np
import pytest

from dressform.authoring.formats.polygons import triangulate


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
