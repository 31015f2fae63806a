from __future__ import annotations

import numpy as np

from dressform.runtime.avatar.photo_light import fit_light, shading
from dressform.runtime.render.harmonics import BASIS_SCALE, sh_basis, sphere_directions

TONE = np.array([0.5, 0.3, 0.2], np.float32)


def skin(light: np.ndarray, front_only: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    normals = sphere_directions(6000).astype(np.float32)
    if front_only:
        normals = normals[normals[:, 1] < -0.2]
    rgb = (TONE * np.clip(sh_basis(normals) @ light, 0, None)).astype(np.float32)
    return rgb, normals, np.ones(len(rgb), np.float32)


def test_light_from_the_side_is_found():
    light = np.zeros((9, 3))
    light[0] = 1.0 / BASIS_SCALE[0]
    light[3] = 0.6  # from +x
    rgb, normals, weights = skin(light)
    found = fit_light(rgb, normals, weights, TONE)
    assert np.abs(found[3] - 0.6).max() < 0.1
    assert np.abs(shading(found, normals) - (rgb / TONE).mean(1)).mean() < 0.03


def test_shadows_and_shine_have_little_say():
    light = np.zeros((9, 3))
    light[0] = 1.0 / BASIS_SCALE[0]
    light[2] = 0.4
    rgb, normals, weights = skin(light)
    rng = np.random.default_rng(0)
    rgb[rng.random(len(rgb)) < 0.15] *= 0.2
    rgb[rng.random(len(rgb)) < 0.05] = 1.0
    found = fit_light(rgb, normals, weights, TONE)
    assert np.abs(found[0] * BASIS_SCALE[0] - 1.0).max() < 0.1
    assert np.abs(found[2] - 0.4).max() < 0.15


def test_too_few_samples_give_even_light():
    rgb, normals, weights = skin(np.ones((9, 3)))
    found = fit_light(rgb[:10], normals[:10], weights[:10], TONE)
    np.testing.assert_allclose(shading(found, normals), 1.0, atol=1e-5)
