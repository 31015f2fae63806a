"""Spherical harmonics, colour curves, the sun's frame."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.runtime.render.colour import (
    SHOULDER,
    encode_table,
    linear_to_srgb,
    soften_highlights,
    srgb_to_linear,
)
from dressform.runtime.render.harmonics import irradiance, project_radiance, sh_basis, sphere_directions
from dressform.runtime.render.light_frame import LightFitter
from dressform.runtime.render.scene import Lighting


def test_basis_is_orthonormal() -> None:
    basis = sh_basis(sphere_directions(20_000))
    gram = basis.T @ basis * (4 * np.pi / 20_000)
    np.testing.assert_allclose(gram, np.eye(9), atol=1e-3)


def test_order_and_signs() -> None:
    x, y, z = sh_basis(np.eye(3))
    linear = np.sqrt(3 / (4 * np.pi))
    np.testing.assert_allclose([x[3], y[1], z[2]], linear)
    np.testing.assert_allclose([x[1], x[2], y[2], y[3], z[1], z[3]], 0.0)
    assert z[6] > 0 > x[6]
    assert x[8] > 0 > y[8]


def test_irradiance_of_an_even_room_is_that_room() -> None:
    sh = irradiance(project_radiance(lambda d: np.full((len(d), 3), 0.7)))
    np.testing.assert_allclose(sh_basis(sphere_directions(50)) @ sh, 0.7, atol=1e-3)


def test_irradiance_is_the_cosine_integral() -> None:
    def radiance(d: np.ndarray) -> np.ndarray:
        return np.repeat((1.0 + 0.5 * d[:, 2] - 0.3 * d[:, 0] * d[:, 1])[:, None], 3, axis=1)

    normal = np.array([0.48, -0.6, 0.64])
    directions = sphere_directions(200_000)
    cosine = np.maximum(directions @ normal, 0.0)
    want = (radiance(directions)[:, 0] * cosine).sum() * (4 * np.pi / len(directions)) / np.pi
    got = (sh_basis(normal) @ irradiance(project_radiance(radiance)))[0]
    assert got == pytest.approx(want, abs=2e-3)


def test_studio_light_suits_a_white_shirt() -> None:
    """No direction is black, white cloth in the key stays below clipping, and the key side is much brighter."""
    light = Lighting.studio()
    directions = sphere_directions(500)
    toward = np.array(light.sun_direction)
    around = sh_basis(directions) @ light.sh
    total = around + np.maximum(directions @ toward, 0.0)[:, None] * np.array(light.sun_color)
    assert np.linalg.norm(toward) == pytest.approx(1.0)
    assert around.min() > 0.15
    assert soften_highlights(0.85 * total).max() < 0.95
    assert total.mean(axis=1).max() / around.mean(axis=1).min() > 2.5


def test_srgb_is_inverted_exactly_and_known_values_hold() -> None:
    levels = np.arange(256, dtype=np.uint8)
    assert np.array_equal(np.round(255 * linear_to_srgb(srgb_to_linear(levels))), levels)
    assert srgb_to_linear(np.array([188], np.uint8))[0] == pytest.approx(0.5029, abs=1e-4)  # IEC 61966-2-1
    assert linear_to_srgb(np.array([0.002]))[0] == pytest.approx(12.92 * 0.002)


def test_the_encoding_table_agrees_with_the_formula() -> None:
    table = encode_table(4096)
    linear = np.random.default_rng(0).uniform(0, 1, 10_000)
    got = table[np.round(np.sqrt(linear) * 4095).astype(int)]
    assert np.abs(got - 255 * linear_to_srgb(linear)).max() < 0.62  # half a level, plus the table's own step
    assert np.all(np.diff(table.astype(int)) >= 0)


def test_highlights_bend_smoothly_and_never_clip() -> None:
    light = np.linspace(0, 6, 60_001)
    shown = soften_highlights(light).astype(float)
    assert np.array_equal(shown[light <= SHOULDER], light[light <= SHOULDER].astype(np.float32))
    slopes = np.diff(shown) / np.diff(light)
    assert (slopes > 0).all()
    assert shown.max() < 1.0
    knee = np.searchsorted(light, SHOULDER)
    assert slopes[knee + 2] == pytest.approx(1.0, abs=0.02)  # no kink
    assert np.abs(np.diff(slopes[1::20])).max() < 0.02


def test_the_suns_frame_moves_in_whole_texels() -> None:
    fitter = LightFitter(256)
    low, high = np.array([-0.4, -0.2, 0.0]), np.array([0.4, 0.2, 1.7])
    direction = (-0.5, -0.6, 0.6)
    first = fitter.fit(low, high, direction)
    for shift in ([0.0137, 0.0, 0.0], [0.4, -0.3, 0.001], [3.0, 2.0, 0.0]):
        moved = fitter.fit(low + shift, high + shift, direction)
        assert moved.texels_per_metre == first.texels_per_metre
        steps = np.array(moved.origin[:2]) - np.array(first.origin[:2])
        np.testing.assert_allclose(steps, np.round(steps), atol=1e-9)


def test_the_suns_frame_holds_the_box_and_never_shrinks() -> None:
    fitter = LightFitter(256)
    random = np.random.default_rng(1)
    scales = []
    for _ in range(20):
        low = random.uniform(-1, 0, 3)
        high = low + random.uniform(0.1, 2.0, 3)
        fitted = fitter.fit(low, high, (0.3, -0.8, 0.5))
        corners = np.stack(np.meshgrid(*zip(low, high, strict=True)), axis=-1).reshape(-1, 3)
        for axis, scale, offset in zip(
            (fitted.right, fitted.up), fitted.texels_per_metre, fitted.origin[:2], strict=True
        ):
            at = corners @ axis * scale + offset
            assert at.min() >= 0
            assert at.max() <= 256
        assert (fitted.origin[2] - corners @ fitted.toward > 0).all()
        scales.append(fitted.texels_per_metre)
    assert np.all(np.diff(np.array(scales), axis=0) <= 1e-12)
