"""Plain twins of the kernels of sheer cloth: every triangle at every pixel, sorted. Slow and obvious; for tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def slanted(opacity: NDArray[np.floating], cosine: NDArray[np.floating]) -> NDArray[np.float64]:
    """Opacity of a layer of yarns and gaps as it is seen at an angle, down to a cosine of a tenth."""
    return np.asarray(1.0 - (1.0 - opacity) ** (1.0 / np.maximum(np.abs(cosine), 0.1)), np.float64)


def sheer_layers(
    screen: NDArray[np.floating], faces: NDArray[np.integer], size: tuple[int, int], most: int
) -> NDArray[np.int64]:
    """Return the faces that cover each pixel's centre, the nearest first, int [H, W, most]; -1 where there are no more.

    Takes vertices as (x px, y px, 1 / depth), [V, 3], all in front of the eye.
    """
    width, height = size
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    near = np.zeros((len(faces), height, width))  # inverse depth, 0 where it does not cover
    for index, face in enumerate(faces):
        a, b, c = screen[face].astype(np.float64)
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if area == 0.0:
            continue
        weights = [
            ((q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0])) / area for p, q in ((b, c), (c, a), (a, b))
        ]
        inside = np.minimum.reduce(weights) >= 0.0
        near[index] = np.where(inside, weights[0] * a[2] + weights[1] * b[2] + weights[2] * c[2], 0.0)
    order = np.argsort(-near, axis=0, kind="stable")[:most]
    found = np.where(np.take_along_axis(near, order, axis=0) > 0.0, order, -1)
    padded = np.full((most, height, width), -1, np.int64)
    padded[: len(found)] = found
    return np.moveaxis(padded, 0, -1)


def composite(
    layers: NDArray[np.integer],
    opacities: NDArray[np.floating],
    lights: NDArray[np.floating],
    behind: NDArray[np.floating],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lay layers over what is behind, the farthest first.

    Args:
        layers: Of `sheer_layers`, [H, W, N].
        opacities: Of each face [F].
        lights: Linear rgb of each face [F, 3].
        behind: Linear rgb [3].

    Returns:
        Linear rgb [H, W, 3], and the share of what is behind that shows [H, W].
    """
    color = np.broadcast_to(np.asarray(behind, np.float64), (*layers.shape[:2], 3)).copy()
    through = np.ones(layers.shape[:2])
    for faces in np.moveaxis(layers, -1, 0)[::-1]:
        hidden = np.where(faces >= 0, opacities[faces], 0.0)
        color = color * (1.0 - hidden[..., None]) + lights[faces] * hidden[..., None]
        through *= 1.0 - hidden
    return color, through
