"""The rasteriser against its plain twin, and what must hold at edges, near planes and for broken numbers."""

from __future__ import annotations

import numpy as np
import pytest
import warp as wp

from dressform.runtime.render import _reference as reference
from dressform.runtime.render.raster import rasterize


def devices() -> list[str]:
    wp.init()
    return ["cpu", *(["cuda:0"] if wp.is_cuda_available() else [])]


def random_soup(seed: int, count: int, size: tuple[int, int], behind: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (x, y, 1 / depth) of random triangles; with `behind` some corners lie behind the camera."""
    random = np.random.default_rng(seed)
    depth = random.uniform(-1.0 if behind else 0.5, 3.0, 3 * count)
    depth[np.abs(depth) < 0.05] = 0.05
    x = random.uniform(-0.2, 1.2, 3 * count) * size[0]
    y = random.uniform(-0.2, 1.2, 3 * count) * size[1]
    return np.column_stack([x, y, 1.0 / depth]).astype(np.float32), np.arange(3 * count, dtype=np.int32).reshape(-1, 3)


@pytest.mark.parametrize("device", devices())
@pytest.mark.parametrize("double_sided", [True, False])
@pytest.mark.parametrize(("count", "behind"), [(1, False), (40, False), (12, True)])
def test_matches_reference(device: str, count: int, behind: bool, double_sided: bool) -> None:
    size = (37, 29)
    screen, faces = random_soup(3 + count, count, size, behind)
    got = rasterize(screen, faces, size, double_sided=double_sided, device=device)
    want, inverse_depth = reference.rasterize(screen, faces, size, double_sided=double_sided)
    same = got.triangles == want
    assert same.mean() > 0.995  # rounding may move a pixel centre across an edge
    np.testing.assert_allclose(got.inverse_depth[same], inverse_depth[same], rtol=2e-4, atol=1e-6)


@pytest.mark.parametrize("corners_behind", [1, 2])
def test_triangles_that_reach_behind_the_camera_match(corners_behind: int) -> None:
    """One at a time, so that none covers the mistakes of another."""
    size = (33, 27)
    seen = 0
    for seed in range(60):
        screen, faces = random_soup(seed, 1, size)
        screen[seed % 3, 2] *= -1.0
        if corners_behind == 2:
            screen[(seed + 1) % 3, 2] *= -1.0
        got = rasterize(screen, faces, size).triangles
        want, _ = reference.rasterize(screen, faces, size)
        assert (got != want).sum() <= 2
        seen += int((want >= 0).sum())
    assert seen > 1000


def test_drawing_twice_gives_the_same_bits() -> None:
    screen, faces = random_soup(5, 300, (64, 64))
    first = rasterize(screen, faces, (64, 64))
    second = rasterize(screen, faces, (64, 64))
    assert np.array_equal(first.triangles, second.triangles)
    assert np.array_equal(first.inverse_depth, second.inverse_depth)


def test_equal_depths_go_to_the_lower_face() -> None:
    screen = np.array([[0, 0, 1], [0, 9, 1], [9, 0, 1]], np.float32)
    assert set(np.unique(rasterize(screen, np.array([[0, 1, 2]] * 3), (8, 8)).triangles)) == {-1, 0}


@pytest.mark.parametrize("seed", range(4))
def test_a_fan_has_no_cracks_and_no_overlap_matters(seed: int) -> None:
    """A triangulated convex region is covered at every pixel centre inside it."""
    random = np.random.default_rng(seed)
    angles = np.sort(random.uniform(0, 2 * np.pi, 60))
    rim = 30.0 + 25.0 * np.column_stack([np.cos(angles), np.sin(angles)])
    centre = random.uniform(25, 35, (1, 2))
    points = np.concatenate([centre, rim])
    screen = np.column_stack([points, np.full(len(points), 0.4)]).astype(np.float32)
    ring = np.arange(1, 61)
    faces = np.column_stack([np.zeros(60, np.int32), ring, np.roll(ring, -1)])
    seen = rasterize(screen, faces, (60, 60)).triangles >= 0
    x, y = np.meshgrid(np.arange(60) + 0.5, np.arange(60) + 0.5)
    following = np.roll(rim, -1, axis=0)
    sides = (following[:, 0, None, None] - rim[:, 0, None, None]) * (y - rim[:, 1, None, None]) - (
        following[:, 1, None, None] - rim[:, 1, None, None]
    ) * (x - rim[:, 0, None, None])
    assert seen[(sides > 1e-3).all(axis=0)].all()
    assert not seen[(sides < -0.05).any(axis=0)].any()


def test_a_floor_through_the_camera_is_cut_at_the_near_plane() -> None:
    """A huge floor one metre below a level camera, from behind it to the horizon: all below the horizon is floor."""
    focal, half = 40.0, 32.0
    corners = np.array([[-500.0, 1.0, -500.0], [500.0, 1.0, -500.0], [500.0, 1.0, 500.0], [-500.0, 1.0, 500.0]])
    screen = np.column_stack([half + focal * corners[:, :2] / corners[:, 2:], 1.0 / corners[:, 2]])
    seen = rasterize(screen, np.array([[0, 1, 2], [0, 2, 3]]), (64, 64))
    rows = np.arange(64) + 0.5
    assert (seen.triangles[33:] >= 0).all()
    assert (seen.triangles[:32] < 0).all()
    np.testing.assert_allclose(seen.inverse_depth[40:, 20], (rows[40:] - half) / focal, rtol=2e-3)


def test_nothing_in_front_draws_nothing() -> None:
    screen = np.array([[5, 5, -1], [20, 5, -2], [5, 20, -0.5]], np.float32)
    assert (rasterize(screen, np.array([[0, 1, 2]]), (32, 32)).triangles == -1).all()


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, 1e30])
def test_broken_vertices_do_no_harm(broken: float) -> None:
    screen, faces = random_soup(1, 20, (32, 32))
    screen[4] = broken
    screen[10, 0] = broken
    whole = np.setdiff1d(np.arange(20), [1, 3])
    got = rasterize(screen, faces, (32, 32))
    want = rasterize(screen, faces[whole], (32, 32))
    alone = want.triangles >= 0
    covered_by_whole = np.isin(got.triangles, whole)
    assert covered_by_whole[alone].mean() > 0.5
