"""The plain twin of the soft silhouette: every face at every pixel, differentiated by torch."""

from __future__ import annotations

import math

import torch

from .soft_silhouette import LEAST_AREA, LEAST_PROBABILITY


def soft_silhouette(screen: torch.Tensor, faces: torch.Tensor, size: tuple[int, int], sigma: float) -> torch.Tensor:
    """Return 1 - prod over faces of (1 - sigmoid(-d / sigma)), [H, W]; see `soft_silhouette.soft_silhouette`."""
    width, height = size
    scale = 2.0 / min(size)
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    pixels = torch.stack([x, y], dim=-1).to(screen.dtype).reshape(-1, 2) * scale
    clear = torch.ones(len(pixels), dtype=screen.dtype)
    for face in faces.long():
        at = screen[face]
        corners = at[:, :2] * scale
        b, c = corners[1] - corners[0], corners[2] - corners[0]
        area = b[0] * c[1] - b[1] * c[0]
        if not bool((at[:, 2] > 0.0).all()) or abs(float(area.detach())) <= LEAST_AREA:
            continue
        distance = signed_square_distance(pixels, corners)
        probability = torch.sigmoid(-distance / sigma)
        reached = distance < math.log(1.0 / LEAST_PROBABILITY - 1.0) * sigma
        clear = clear * (1.0 - torch.where(reached, probability, torch.zeros_like(probability)))
    return (1.0 - clear).reshape(height, width)


def signed_square_distance(pixels: torch.Tensor, corners: torch.Tensor) -> torch.Tensor:
    """Return the squared distance [N] from points [N, 2] to the rim of a triangle [3, 2], negative inside."""
    squares, sides = [], []
    for k in range(3):
        a, b = corners[k], corners[(k + 1) % 3]
        edge, to = b - a, pixels - a
        share = (to @ edge / (edge @ edge)).clamp(0.0, 1.0)
        offset = to - share[:, None] * edge
        squares.append((offset * offset).sum(dim=-1))
        sides.append(edge[0] * to[:, 1] - edge[1] * to[:, 0])
    square = torch.stack(squares).min(dim=0).values
    turns = torch.stack(sides)
    inside = (turns > 0.0).all(dim=0) | (turns < 0.0).all(dim=0)
    return torch.where(inside, -square, square)
