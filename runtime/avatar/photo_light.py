"""The light of a photo, from skin: how bright one and the same skin looks where it faces this way or that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.render.harmonics import BASIS_SCALE, sh_basis

# Pull towards even light, as a share of the samples' own weight, for degrees 0, 1 and 2: a face shows a third of the
# sphere of directions, so that the finer the light, the less can be learned of it.
PULL = np.repeat([1e-4, 0.004, 0.08], [1, 3, 5])
MIN_SAMPLES = 200


def fit_light(
    rgb: NDArray[np.float32], normals: NDArray[np.float32], weights: NDArray[np.float32], tone: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Fit the light that skin samples show, by regularised least squares.

    Args:
        rgb: Linear colours of skin, [N, 3].
        normals: World directions the skin faces, [N, 3].
        weights: Trust in each sample, [N].
        tone: The skin's own linear colour, [3].

    Returns:
        Irradiance / pi in the basis of `render.harmonics`, float32 [9, 3]; even white light with too few samples.
    """
    even = np.zeros((9, 3))
    even[0] = 1.0 / BASIS_SCALE[0]
    if len(rgb) < MIN_SAMPLES:
        return even.astype(np.float32)
    basis = sh_basis(normals)
    shade = np.clip(rgb / np.maximum(tone, 1e-3), 0.0, 4.0).astype(np.float64)
    pull = np.diag(PULL * float(weights.sum()))
    light = even
    trust = weights.astype(np.float64)
    for _ in range(4):  # shadows, lips and highlights lose their say
        weighted = basis * trust[:, None]
        light = even + np.linalg.solve(weighted.T @ basis + pull, weighted.T @ (shade - basis @ even))
        misfit = np.abs(shade - basis @ light).mean(1)
        trust = weights / (1.0 + (misfit / 0.15) ** 2)
    return light.astype(np.float32)


def shading(light: NDArray[np.float32], normals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how bright a white matte surface facing `normals` [N, 3] looks, as one grey [N]."""
    return np.asarray((sh_basis(normals) @ light).mean(1), np.float32)
