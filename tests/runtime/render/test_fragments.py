"""Fragments against the plain twin: which faces, values at pixels, gradients to attributes and vertices."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import warp as wp

from dressform.runtime.render import _reference as reference
from dressform.runtime.render._kernels_view import DOUBLE_SIDED
from dressform.runtime.render.fragments import interpolate, rasterize
from dressform.runtime.render.raster import rasterize as rasterize_arrays

SIZE = (31, 23)


def devices() -> list[str]:
    wp.init()
    return ["cpu", *(["cuda:0"] if wp.is_cuda_available() else [])]


def soup(seed: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Vertices (x, y, 1 / depth) of random triangles in front of the camera, and their faces."""
    random = np.random.default_rng(seed)
    places = random.uniform(-0.2, 1.2, (3 * count, 2)) * SIZE
    screen = np.column_stack([places, 1.0 / random.uniform(0.5, 3.0, 3 * count)]).astype(np.float32)
    return torch.from_numpy(screen), torch.arange(3 * count, dtype=torch.int32).reshape(-1, 3)


@pytest.mark.parametrize("device", devices())
@pytest.mark.parametrize("double_sided", [True, False])
def test_fragments_and_arrays_show_the_same(device: str, double_sided: bool) -> None:
    screen, faces = soup(4, 30)
    flags = torch.full((len(faces),), DOUBLE_SIDED if double_sided else 0, dtype=torch.int8, device=device)
    found = rasterize(screen.to(device), faces.to(device), SIZE, flags=flags)
    want = rasterize_arrays(screen.numpy(), faces.numpy(), SIZE, double_sided=double_sided, device=device)
    assert np.array_equal(found.triangles.cpu().numpy(), want.triangles)
    inverse_depth = found.image(found.inverse_depth[:, None])[..., 0].cpu().numpy()
    np.testing.assert_allclose(inverse_depth, want.inverse_depth, rtol=1e-4)
    assert 100 < (want.triangles >= 0).sum() < want.triangles.size


@pytest.mark.parametrize("device", devices())
@pytest.mark.parametrize("channels", [1, 5])
def test_values_and_gradients_match_the_reference(device: str, channels: int) -> None:
    screen, faces = soup(11, 25)
    random = torch.Generator().manual_seed(7)
    attributes = torch.randn(len(screen), channels, generator=random)
    upstream = torch.randn(SIZE[1], SIZE[0], channels, generator=random)
    seen = rasterize(screen, faces, SIZE).triangles

    def by_fragments(values: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        fragments = rasterize(points, faces.to(device), SIZE)
        return fragments.image(interpolate(values, fragments))

    def by_reference(values: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        return reference.interpolate(values, points, faces, seen)

    results = []
    for function, kind, place in ((by_fragments, torch.float32, device), (by_reference, torch.float64, "cpu")):
        inputs = [tensor.clone().to(place, kind).requires_grad_() for tensor in (attributes, screen)]
        image = function(*inputs)
        gradients = torch.autograd.grad((image * upstream.to(place, kind)).sum(), inputs)
        results.append([tensor.detach().cpu().double() for tensor in (image, *gradients)])
    for got, want in zip(*results, strict=True):
        torch.testing.assert_close(got, want, rtol=2e-3, atol=2e-3 * float(want.abs().max()))


def test_what_a_plane_carries_comes_back() -> None:
    """One gives one, and depth at the corners gives the depth of the plane at every pixel."""
    screen = torch.tensor([[2, 2, 1.0], [2, 30, 0.25], [30, 2, 0.5]])
    found = rasterize(screen, torch.tensor([[0, 1, 2]], dtype=torch.int32), (32, 32))
    one, depth = interpolate(torch.stack([torch.ones(3), 1.0 / screen[:, 2]], dim=1), found).unbind(dim=1)
    assert len(one) > 300
    torch.testing.assert_close(one, torch.ones_like(one), rtol=0.0, atol=1e-5)
    torch.testing.assert_close(depth, 1.0 / found.inverse_depth, rtol=1e-4, atol=0.0)
