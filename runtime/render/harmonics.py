"""Real spherical harmonics up to degree 2, the form in which light from all around is kept.

Convention: orthonormal real basis without the Condon-Shortley phase, in the order (l, m) = (0,0), (1,-1), (1,0), (1,1),
(2,-2), (2,-1), (2,0), (2,1), (2,2), of world directions with z up:
1; y, z, x; xy, yz, 3z²-1, xz, x²-y², each times its constant in `BASIS_SCALE`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

BASIS_SCALE: tuple[float, ...] = (
    0.5 * math.sqrt(1.0 / math.pi),
    *(math.sqrt(3.0 / (4.0 * math.pi)),) * 3,
    *(0.5 * math.sqrt(15.0 / math.pi),) * 2,
    0.25 * math.sqrt(5.0 / math.pi),
    0.5 * math.sqrt(15.0 / math.pi),
    0.25 * math.sqrt(15.0 / math.pi),
)
# Convolution with the clamped cosine, divided by pi (Ramamoorthi and Hanrahan 2001): degrees 0, 1, 2.
_COSINE_LOBE = np.array([1.0, *(2.0 / 3.0,) * 3, *(0.25,) * 5])


def sh_basis(directions: NDArray[np.floating]) -> NDArray[np.float64]:
    """Evaluate the nine basis functions at unit directions [..., 3]; returns [..., 9]."""
    x, y, z = np.moveaxis(np.asarray(directions, np.float64), -1, 0)
    terms = [np.ones_like(x), y, z, x, x * y, y * z, 3.0 * z * z - 1.0, x * z, x * x - y * y]
    values: NDArray[np.float64] = np.stack(terms, axis=-1) * np.array(BASIS_SCALE)
    return values


def sphere_directions(count: int) -> NDArray[np.float64]:
    """Return `count` directions spread evenly over the sphere (Fibonacci lattice), [count, 3]."""
    index = np.arange(count) + 0.5
    z = 1.0 - 2.0 * index / count
    angle = math.pi * (1.0 + math.sqrt(5.0)) * index
    ring = np.sqrt(1.0 - z * z)
    return np.stack([ring * np.cos(angle), ring * np.sin(angle), z], axis=-1)


def project_radiance(
    radiance: Callable[[NDArray[np.float64]], NDArray[np.float64]], samples: int = 4096
) -> NDArray[np.float64]:
    """Project incoming radiance, a function of directions [N, 3] → rgb [N, 3], onto the basis; returns [9, 3]."""
    directions = sphere_directions(samples)
    return sh_basis(directions).T @ radiance(directions) * (4.0 * math.pi / samples)


def irradiance(radiance_sh: NDArray[np.floating]) -> NDArray[np.float64]:
    """Turn radiance coefficients [9, 3] into those of irradiance / pi: what a white matte surface facing n shows."""
    convolved: NDArray[np.float64] = np.asarray(radiance_sh, np.float64) * _COSINE_LOBE[:, None]
    return convolved
