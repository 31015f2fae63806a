from __future__ import annotations

import numpy as np
import pytest

from dressform.runtime.geometry.uv_measures import chart_gaps, gutter, overlapping_triangles, uv_charts, uv_measures


def grid(n: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """A unit square of n × n quads, as 2-D coordinates and triangles."""
    x, y = np.meshgrid(np.linspace(0, 1, n + 1), np.linspace(0, 1, n + 1))
    index = np.arange((n + 1) ** 2).reshape(n + 1, n + 1)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.stack([np.stack([a, b, c], -1), np.stack([a, c, d], -1)], 2).reshape(-1, 3)
    return np.stack([x.ravel(), y.ravel()], 1).astype(np.float32), faces.astype(np.int32)


def lift(flat: np.ndarray, x_scale: float = 1.0) -> np.ndarray:
    return np.stack([flat[:, 0] * x_scale, 0 * flat[:, 0], flat[:, 1]], 1).astype(np.float32)


def test_an_isometric_unwrap_is_perfect() -> None:
    flat, faces = grid()
    found = uv_measures(lift(flat), faces, flat * 0.5 + 0.25, faces)
    assert found.anisotropy_mean == pytest.approx(1, abs=1e-4)
    assert found.meters_per_uv == pytest.approx(2)
    assert found.utilisation == pytest.approx(0.25)
    assert not found.flipped.any()
    assert not found.collapsed.any()
    assert len(found.overlapping) == 0
    assert found.charts == 1


def test_stretch_by_two_is_anisotropy_two() -> None:
    flat, faces = grid()
    assert uv_measures(lift(flat, 2.0), faces, flat, faces).anisotropy_mean == pytest.approx(2, abs=1e-3)


def test_flips_and_collapses_are_found_where_they_are() -> None:
    flat, faces = grid(2)
    uv = np.concatenate([flat, flat[faces[3]][::-1], np.repeat(flat[:1], 3, 0)]).astype(np.float32)
    uv_faces = faces.copy()
    uv_faces[3] = [9, 10, 11]
    uv_faces[5] = [12, 13, 14]
    found = uv_measures(lift(flat), faces, uv, uv_faces)
    assert np.flatnonzero(found.flipped).tolist() == [3]
    assert np.flatnonzero(found.collapsed).tolist() == [5]


def test_overlap_names_the_pair() -> None:
    uv = np.array([[0, 0], [0.5, 0], [0, 0.5], [0.1, 0.1], [0.6, 0.1], [0.1, 0.6]], np.float32)
    both = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    assert overlapping_triangles(uv, both).tolist() == [[0, 1]]
    apart = uv + np.array([[0, 0]] * 3 + [[0.3, 0.3]] * 3, np.float32)
    assert overlapping_triangles(apart, both).tolist() == []


def test_neighbours_do_not_count_as_overlap() -> None:
    flat, faces = grid(37)
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    assert len(overlapping_triangles((flat @ turn.T * 0.6 + 0.3).astype(np.float32), faces, touch=0.0)) == 0


def test_charts() -> None:
    assert uv_charts(np.array([[0, 1, 2], [2, 1, 3], [4, 5, 6]], np.int32)).tolist() == [0, 0, 1]


def test_no_overlap_is_too_small_to_be_found() -> None:
    uv = np.array([[0, 0], [0.5, 0], [0, 0.5], [0.25 - 1e-5, 0.25 - 1e-5], [0.5, 0.25], [0.25, 0.5]], np.float32)
    both = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    assert overlapping_triangles(uv, both).tolist() == [[0, 1]]
    touching = uv.copy()
    touching[3] = 0.25
    assert overlapping_triangles(touching, both, touch=0.0).tolist() == []


def test_overlaps_are_those_of_every_pair_compared() -> None:
    random = np.random.default_rng(4)
    uv = (random.random((120, 1, 2)) + random.normal(0, 0.06, (120, 3, 2))).reshape(-1, 2).astype(np.float32)
    faces = np.arange(360, dtype=np.int32).reshape(-1, 3)

    def meet(a: np.ndarray, b: np.ndarray) -> bool:
        for first, second in ((a, b), (b, a)):
            turn = np.sign(np.linalg.det(np.stack([first[1] - first[0], first[2] - first[0]])))
            for k in range(3):
                p, q = first[k], first[(k + 1) % 3]
                out = turn * ((q - p)[0] * (second - p)[:, 1] - (q - p)[1] * (second - p)[:, 0])
                if (out <= 0).all():
                    return False
        return True

    corners = uv[faces].astype(np.float64)
    expected = [[i, j] for i in range(120) for j in range(i + 1, 120) if meet(corners[i], corners[j])]
    assert overlapping_triangles(uv, faces, touch=0.0).tolist() == expected


def test_uvs_without_size_or_all_alike_do_not_take_for_ever() -> None:
    count = 20_000
    faces = np.tile(np.array([[0, 1, 2]], np.int32), (count, 1))
    uv = np.array([[0, 0], [1, 0], [0, 1]], np.float32)
    assert len(overlapping_triangles(uv, faces)) >= count - 8
    assert len(overlapping_triangles(uv * 0, faces)) == 0


def test_stretch_is_sanders() -> None:
    flat, faces = grid()
    found = uv_measures(lift(flat, 2.0), faces, flat, faces)
    # UV → surface at equal area stretches by √2 one way and 1/√2 the other
    assert found.stretch_linf == pytest.approx(np.sqrt(2), abs=1e-4)
    assert found.stretch_l2 == pytest.approx(np.sqrt((2 + 0.5) / 2), abs=1e-4)
    assert found.anisotropy_p95 == pytest.approx(2, abs=1e-3)
    assert found.area_spread == pytest.approx(1, abs=1e-3)


def test_the_gutter_is_the_least_distance_between_charts() -> None:
    flat, faces = grid(4)
    two = np.concatenate([flat * 0.3, flat * 0.3 + [0.3 + 0.0125, 0.1]]).astype(np.float32)
    both = np.concatenate([faces, faces + len(flat)]).astype(np.int32)
    assert gutter(two, both) == pytest.approx(0.0125, abs=1e-6)
    gaps = chart_gaps(two, both)
    sides = gaps.triangles[gaps.distances < 0.013]
    assert (sides < len(faces)).any()
    assert (sides >= len(faces)).any()
    assert gutter(flat, faces) == float("inf")
    far = two.copy()
    far[len(flat) :] += [0.3, 0.0]
    assert gutter(far, both) == pytest.approx(0.3125, abs=1e-6)
