"""The rasteriser against its plain twin, and what must hold at edges, near planes and for broken numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import warp as wp

from dressform.runtime.render import _reference as reference
from dressform.runtime.render.raster import interpolate, rasterize


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


@pytest.mark.parametrize("device", devices())
@pytest.mark.parametrize("channels", [1, 5])
def test_interpolation_values_and_gradients_match(device: str, channels: int) -> None:
    size = (31, 23)
    screen_np, faces_np = random_soup(11, 25, size)
    triangles = torch.from_numpy(rasterize(screen_np, faces_np, size).triangles)
    random = torch.Generator().manual_seed(7)
    attributes = torch.randn(len(screen_np), channels, generator=random)
    upstream = torch.randn(size[1], size[0], channels, generator=random)
    results = []
    for function, kind, place in (
        (interpolate, torch.float32, torch.device(device)),
        (reference.interpolate, torch.float64, torch.device("cpu")),
    ):
        a = attributes.detach().clone().to(place, kind).requires_grad_()
        s = torch.from_numpy(screen_np.copy()).to(place, kind).requires_grad_()
        image = function(a, s, torch.from_numpy(faces_np).to(place), triangles.to(place))
        (image * upstream.to(place, kind)).sum().backward()
        assert a.grad is not None
        assert s.grad is not None
        results.append([t.detach().cpu().double() for t in (image, a.grad, s.grad)])
    for got, want in zip(*results, strict=True):
        torch.testing.assert_close(got, want, rtol=2e-3, atol=2e-3 * float(want.abs().max()))


def test_interpolating_depth_inverts_projection() -> None:
    """World-space weights: interpolating 1 gives 1, and depth interpolates to the depth of the plane."""
    screen = np.array([[2, 2, 1.0], [2, 30, 0.25], [30, 2, 0.5]], np.float32)
    faces = np.array([[0, 1, 2]], np.int32)
    seen = rasterize(screen, faces, (32, 32))
    attributes = torch.from_numpy(np.column_stack([np.ones(3), 1.0 / screen[:, 2]]).astype(np.float32))
    image = interpolate(attributes, torch.from_numpy(screen), torch.from_numpy(faces), torch.from_numpy(seen.triangles))
    inside = seen.triangles >= 0
    np.testing.assert_allclose(image[..., 0].numpy()[inside], 1.0, atol=1e-5)
    np.testing.assert_allclose(image[..., 1].numpy()[inside], 1.0 / seen.inverse_depth[inside], rtol=1e-4)
