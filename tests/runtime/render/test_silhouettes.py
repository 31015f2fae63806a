"""Silhouettes with gradients: hard ones by coverage, soft ones by distance."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
import warp as wp

from dressform.runtime.render import _reference_soft as reference
from dressform.runtime.render.antialias import EdgeTable, antialias
from dressform.runtime.render.fragments import rasterize
from dressform.runtime.render.soft_silhouette import farthest, soft_silhouette

SIZE = (48, 40)
FOCAL = 60.0


def devices() -> list[str]:
    wp.init()
    return ["cpu", *(["cuda:0"] if wp.is_cuda_available() else [])]


def coverage(screen: torch.Tensor, faces: torch.Tensor, size: tuple[int, int] = SIZE) -> torch.Tensor:
    fragments = rasterize(screen, faces, size)
    mask = fragments.image(torch.ones_like(fragments.inverse_depth)[:, None])
    return antialias(mask, fragments, screen, EdgeTable.of(faces, len(screen)), FOCAL)[..., 0]


def disc(radius: float, centre: tuple[float, float], sides: int = 96) -> tuple[torch.Tensor, torch.Tensor]:
    """A fan at depth 2 whose faces become slivers: no pixel centre sees most of its rim's triangles."""
    angle = torch.arange(sides, dtype=torch.float64) * (2.0 * math.pi / sides)
    rim = torch.stack([torch.cos(angle), torch.sin(angle)], dim=-1) * radius + torch.tensor(centre)
    points = torch.cat([torch.tensor([centre], dtype=torch.float64), rim])
    screen = torch.cat([points, torch.full((len(points), 1), 0.5, dtype=torch.float64)], dim=1)
    ring = torch.arange(1, sides + 1)
    return screen, torch.stack([torch.zeros_like(ring), ring.roll(-1), ring], dim=1).int()


@pytest.mark.parametrize("angle", [0.0, 0.2, 0.7])
def test_coverage_of_a_square_is_its_area(angle: float) -> None:
    half = 11.3
    corners = torch.tensor([[-half, -half], [half, -half], [half, half], [-half, half]], dtype=torch.float64)
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)
    points = corners @ turn.T + torch.tensor([23.4, 19.9], dtype=torch.float64)
    screen = torch.cat([points, torch.full((4, 1), 0.5, dtype=torch.float64)], dim=1)
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]], dtype=torch.int32)
    assert float(coverage(screen, faces).sum()) == pytest.approx(4.0 * half * half, rel=2e-3)


def test_an_upright_edge_covers_exactly_its_share() -> None:
    """Pixel 5 spans x from 5 to 6: an edge at 5.3 covers three tenths of it, and all of one more when it moves by 1."""
    edge = torch.tensor(5.3, dtype=torch.float64, requires_grad=True)
    zero, high = torch.tensor(-10.0, dtype=torch.float64), torch.tensor(60.0, dtype=torch.float64)
    depth = torch.tensor(0.5, dtype=torch.float64)
    corners = [(zero, zero, depth), (edge, zero, depth), (edge, high, depth), (zero, high, depth)]
    screen = torch.stack([torch.stack(corner) for corner in corners])
    row = coverage(screen, torch.tensor([[0, 1, 2], [0, 2, 3]], dtype=torch.int32))[20]
    np.testing.assert_allclose(row[:8].detach(), [1, 1, 1, 1, 1, 0.3, 0, 0], atol=1e-6)
    (slope,) = torch.autograd.grad(row.sum(), edge)
    assert float(slope) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("radius", [6.3, 13.7])
def test_a_discs_area_grows_by_its_rim(radius: float) -> None:
    """dA / dr is 2 pi r: by the gradient, and by growing it."""
    sides = 96
    screen, faces = disc(radius, (23.7, 20.2), sides)
    scale = torch.ones((), dtype=torch.float64, requires_grad=True)
    centre = screen[0].clone()
    grown = centre + (screen - centre) * torch.stack([scale, scale, torch.ones_like(scale)])
    area = coverage(grown, faces).sum()
    (slope,) = torch.autograd.grad(area, scale)
    polygon = 0.5 * sides * math.sin(2.0 * math.pi / sides)
    assert float(area.detach()) == pytest.approx(polygon * radius**2, rel=5e-3)
    assert float(slope) == pytest.approx(2.0 * polygon * radius**2, rel=3e-2)


def test_moving_sideways_moves_the_centre_of_coverage() -> None:
    screen, faces = disc(9.0, (20.0, 20.0))
    columns = torch.arange(SIZE[0], dtype=torch.float64) + 0.5
    centres = []
    for shift in np.linspace(0.0, 2.0, 9):
        alpha = coverage(screen + torch.tensor([shift, 0.0, 0.0]), faces)
        centres.append(float((alpha * columns).sum() / alpha.sum()))
    np.testing.assert_allclose(np.array(centres) - centres[0], np.linspace(0.0, 2.0, 9), atol=0.02)


def test_only_the_outline_is_blended() -> None:
    """Edges inside the disc, and an edge hidden behind it, leave the picture alone."""
    screen, faces = disc(12.0, (24.0, 20.0), 24)
    behind, more = disc(5.0, (24.0, 20.0), 12)
    behind[:, 2] = 0.25
    both = torch.cat([screen, behind])
    alpha = coverage(both, torch.cat([faces, more + len(screen)]))
    torch.testing.assert_close(alpha, coverage(screen, faces))
    y, x = torch.meshgrid(torch.arange(SIZE[1]) + 0.5, torch.arange(SIZE[0]) + 0.5, indexing="ij")
    inner = (x - 24.0) ** 2 + (y - 20.0) ** 2 < 10.0**2
    assert bool((alpha[inner] == 1.0).all())


def test_colours_beside_an_edge_get_gradients_from_both_sides() -> None:
    screen, faces = disc(9.0, (20.13, 19.71))
    fragments = rasterize(screen, faces, SIZE)
    edges = EdgeTable.of(faces, len(screen))
    image = torch.rand(*reversed(SIZE), 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    upstream = torch.rand(*reversed(SIZE), 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64)

    def value(colors: torch.Tensor, corners: torch.Tensor) -> torch.Tensor:
        return (antialias(colors, fragments, corners, edges, FOCAL) * upstream).sum()

    colors, corners = image.requires_grad_(), screen.requires_grad_()
    to_colors, to_corners = torch.autograd.grad(value(colors, corners), (colors, corners))
    for target, gradient in ((image, to_colors), (screen, to_corners)):
        way = torch.randn(target.shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
        ends = []
        for step in (1e-6, -1e-6):
            moved = target.detach() + step * way
            ends.append(value(moved, screen) if target is image else value(image, moved))
        measured = float((ends[0] - ends[1]).detach()) / 2e-6
        assert float((gradient * way).sum()) == pytest.approx(measured, rel=1e-5)


def soup(seed: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    random = np.random.default_rng(seed)
    middle = random.uniform((0.2, 0.2), (0.8, 0.8), (count, 1, 2)) * np.array(SIZE)
    corners = (middle + random.normal(0.0, 5.0, (count, 3, 2))).reshape(-1, 2)
    screen = np.column_stack([corners, np.full(len(corners), 0.5)]).astype(np.float32)
    return torch.from_numpy(screen), torch.arange(3 * count, dtype=torch.int32).reshape(-1, 3)


@pytest.mark.parametrize("device", devices())
@pytest.mark.parametrize(("count", "sigma"), [(1, 1e-3), (1, 1e-4), (9, 1e-3), (30, 1e-4)])
def test_soft_silhouettes_match_their_twin_values_and_gradients(device: str, count: int, sigma: float) -> None:
    start, faces = soup(count, count)
    upstream = torch.randn(SIZE[1], SIZE[0], generator=torch.Generator().manual_seed(1))
    found = []
    for function, kind, place in (
        (soft_silhouette, torch.float32, device),
        (reference.soft_silhouette, torch.float64, "cpu"),
    ):
        screen = start.clone().to(place, kind).requires_grad_()
        alpha = function(screen, faces.to(place), SIZE, sigma=sigma)  # type: ignore[operator]
        (alpha * upstream.to(place)).sum().backward()
        assert screen.grad is not None
        found.append([alpha.detach().cpu().double(), screen.grad.cpu().double()])
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-4, atol=2e-5)
    scale = float(found[1][1].abs().max())
    assert scale > 0.0
    torch.testing.assert_close(found[0][1], found[1][1], rtol=2e-3, atol=2e-3 * scale)


def test_the_twin_matches_finite_differences() -> None:
    screen, faces = soup(4, 3)
    upstream = torch.randn(SIZE[1], SIZE[0], generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    def value(corners: torch.Tensor) -> torch.Tensor:
        return (reference.soft_silhouette(corners, faces, SIZE, 1e-3) * upstream).sum()

    at = screen.double().requires_grad_()
    (gradient,) = torch.autograd.grad(value(at), at)
    for seed in range(3):
        way = torch.randn(at.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        measured = float((value(at + 1e-7 * way) - value(at - 1e-7 * way)).detach()) / 2e-7
        # the cut-off at one in 10,000 is a jump of that size, which a step may pass
        assert float((gradient * way).sum()) == pytest.approx(measured, rel=1e-4, abs=1e-4)


def test_soft_coverage_follows_the_formula_beside_a_long_edge() -> None:
    """Beyond a straight edge at x = 20 only distance counts: sigmoid(-d² / sigma), inside sigmoid(+d² / sigma)."""
    screen = torch.tensor([[20.0, -4000.0, 0.5], [20.0, 4000.0, 0.5], [-9000.0, 0.0, 0.5]])
    sigma = 2e-3
    row = soft_silhouette(screen, torch.tensor([[0, 1, 2]], dtype=torch.int32), SIZE, sigma=sigma)[20]
    distance = (np.arange(SIZE[0]) + 0.5 - 20.0) * 2.0 / min(SIZE)
    signed = np.sign(distance) * distance**2
    want = np.where(signed < farthest(sigma), 1.0 / (1.0 + np.exp(np.minimum(signed / sigma, 50.0))), 0.0)
    np.testing.assert_allclose(row, want, atol=1e-5)
    assert farthest(sigma) == pytest.approx(9.21024 * sigma, rel=1e-5)


def test_faces_join_as_independent_chances() -> None:
    screen, faces = soup(8, 2)
    one, other = (soft_silhouette(screen, faces[i : i + 1], SIZE, sigma=1e-3) for i in (0, 1))
    torch.testing.assert_close(
        soft_silhouette(screen, faces, SIZE, sigma=1e-3), 1.0 - (1.0 - one) * (1.0 - other), rtol=1e-4, atol=1e-6
    )


def test_softness_pulls_from_where_coverage_does_not_reach() -> None:
    """Three pixels off the rim coverage has no gradient; the soft silhouette has, and more for a larger sigma."""
    screen, faces = disc(8.0, (20.0, 20.0))
    pulls = []
    for sigma in (1e-4, 1e-3, 4e-3):
        at = screen.float().requires_grad_()
        soft_silhouette(at, faces, SIZE, sigma=sigma)[20, 31].backward()
        assert at.grad is not None
        pulls.append(float(at.grad[:, 0].sum()))
    assert all(first <= second for first, second in pairwise(pulls))
    assert pulls[-1] > 1e-3
    at = screen.clone().requires_grad_()
    (hard,) = torch.autograd.grad(coverage(at, faces)[20, 31], at, allow_unused=True)
    assert hard is None or float(hard.abs().sum()) == 0.0


def test_faces_behind_the_camera_or_without_area_or_broken_are_left_out() -> None:
    screen, faces = soup(3, 4)
    screen[0, 2] = -0.5
    screen[4] = screen[3]
    screen[7] = math.nan
    whole = soft_silhouette(screen, faces, SIZE)
    torch.testing.assert_close(whole, soft_silhouette(screen, faces[3:], SIZE))


def test_wrong_input_is_told() -> None:
    screen, faces = soup(3, 1)
    with pytest.raises(ValueError, match=r"sigma must be above 0, got 0\.0"):
        soft_silhouette(screen, faces, SIZE, sigma=0.0)
    with pytest.raises(ValueError, match=r"screen must be float32 \[V, 3\], got torch.float64"):
        soft_silhouette(screen.double(), faces, SIZE)
    fragments = rasterize(screen, faces, SIZE)
    with pytest.raises(ValueError, match=r"image must be \[40, 48\] by channels, got \[4, 4, 1\]"):
        antialias(torch.zeros(4, 4, 1), fragments, screen, EdgeTable.of(faces, 3), FOCAL)
