"""Soft silhouettes beside PyTorch3D's `SoftSilhouetteShader`: the same triangles and pixels, values and gradients.

PyTorch3D cannot live in the project's environment, so that each draws in its own; this file alone is enough there:

    python -m dressform.benchmarks.soft_silhouettes draw build/silhouettes.npz       draws ours
    python benchmarks/soft_silhouettes.py compare build/silhouettes.npz              with PyTorch3D, in its environment

Every line printed is JSON: the largest difference of coverage, and of the gradient as a share of its largest entry.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

SIZES = {"wide": (96, 64), "high": (56, 88)}  # (width, height) [px]
SIGMAS = (1e-4, 1e-3)
SCENES = {"one triangle": 1, "two triangles": 2, "40 triangles": 40, "ball of 288": 0}
LEAST_PROBABILITY = 1e-4  # where PyTorch3D's users end a face's reach


def cases() -> Iterator[tuple[str, tuple[int, int], float, NDArray[np.float32], NDArray[np.int32]]]:
    """Every scene at every size and softness: name, size, sigma, vertices (x px, y px, 1 / depth) and faces."""
    for scene, count in SCENES.items():
        for shape, size in SIZES.items():
            screen, faces = _soup(count, size) if count else _ball(size)
            for sigma in SIGMAS:
                yield f"{scene}, {shape}, sigma {sigma:g}", size, sigma, screen, faces


def draw(path: Path) -> None:
    """Keep our silhouettes of all cases, and their gradients for a random upstream one."""
    from dressform.runtime.render.soft_silhouette import soft_silhouette

    kept: dict[str, NDArray[Any]] = {}
    for name, size, sigma, screen, faces in cases():
        at = torch.from_numpy(screen).requires_grad_()
        alpha = soft_silhouette(at, torch.from_numpy(faces), size, sigma=sigma)
        (alpha * _upstream(size)).sum().backward()  # type: ignore[no-untyped-call]  # torch does not say
        assert at.grad is not None
        kept |= {f"{name}: alpha": alpha.detach().numpy(), f"{name}: gradient": at.grad.numpy()[:, :2]}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **kept)  # type: ignore[arg-type]  # names taken for flags


def compare(path: Path) -> Iterator[dict[str, Any]]:
    """Draw all cases with PyTorch3D and tell how far ours are from them."""
    ours = np.load(path)
    for name, size, sigma, screen, faces in cases():
        at = torch.from_numpy(screen).requires_grad_()
        alpha = _pytorch3d(at, torch.from_numpy(faces), size, sigma)
        (alpha * _upstream(size)).sum().backward()  # type: ignore[no-untyped-call]  # torch does not say
        assert at.grad is not None
        gradient = at.grad.numpy()[:, :2]
        apart = np.abs(ours[f"{name}: alpha"] - alpha.detach().numpy()).max()
        steep = np.abs(ours[f"{name}: gradient"] - gradient).max() / np.abs(gradient).max()
        covered = float(alpha.detach().sum())
        yield {"case": name, "alpha": float(apart), "gradient": float(steep), "covered_px": round(covered, 1)}


def _pytorch3d(screen: torch.Tensor, faces: torch.Tensor, size: tuple[int, int], sigma: float) -> torch.Tensor:
    """Return the alpha [H, W] of PyTorch3D's own shader; it looks along +z with x to the left and y up."""
    from pytorch3d.renderer import BlendParams, SoftSilhouetteShader
    from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
    from pytorch3d.renderer.mesh.rasterizer import Fragments
    from pytorch3d.structures import Meshes

    width, height = size
    middle = torch.tensor([width / 2.0, height / 2.0])
    flat = (middle - screen[:, :2]) * (2.0 / min(size))
    meshes = Meshes(verts=[torch.cat([flat, 1.0 / screen[:, 2:]], dim=1)], faces=[faces.long()])
    blur = math.log(1.0 / LEAST_PROBABILITY - 1.0) * sigma
    found = rasterize_meshes(
        meshes,
        image_size=(height, width),
        blur_radius=blur,
        faces_per_pixel=len(faces),
        bin_size=0,
        perspective_correct=False,
    )
    shader = SoftSilhouetteShader(blend_params=BlendParams(sigma=sigma))
    image: torch.Tensor = shader(Fragments(*found), meshes)
    return image[0, ..., 3]


def _upstream(size: tuple[int, int]) -> torch.Tensor:
    return torch.randn(size[1], size[0], generator=torch.Generator().manual_seed(5))


def _soup(count: int, size: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Random triangles of about a quarter of the picture, at depths of 1 to 3."""
    random = np.random.default_rng(count)
    middle = random.uniform(0.2, 0.8, (count, 1, 2)) * np.array(size)
    corners = (middle + random.normal(0.0, min(size) / 8.0, (count, 3, 2))).reshape(-1, 2)
    depth = np.repeat(random.uniform(1.0, 3.0, count), 3)
    screen = np.column_stack([corners, 1.0 / depth]).astype(np.float32)
    return screen, np.arange(3 * count, dtype=np.int32).reshape(-1, 3)


def _ball(size: tuple[int, int], rings: int = 9) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """A ball seen in parallel projection, front and back."""
    polar, around = np.meshgrid(
        np.linspace(0.02, np.pi - 0.02, rings + 1), np.linspace(0, 2 * np.pi, 2 * rings, endpoint=False), indexing="ij"
    )
    way = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1).reshape(-1, 3)
    row, column = np.meshgrid(np.arange(rings - 1), np.arange(2 * rings), indexing="ij")
    a, b = row * 2 * rings + column, row * 2 * rings + (column + 1) % (2 * rings)
    c, d = a + 2 * rings, b + 2 * rings
    faces = np.concatenate([np.stack([a, c, d], -1).reshape(-1, 3), np.stack([a, d, b], -1).reshape(-1, 3)])
    place = np.array(size) / 2.0 + 0.3 * min(size) * way[:, [0, 2]]
    return np.column_stack([place, 1.0 / (2.0 + 0.3 * way[:, 1])]).astype(np.float32), faces.astype(np.int32)


def main() -> None:
    """Draw or compare, as asked."""
    if len(sys.argv) != 3 or sys.argv[1] not in ("draw", "compare"):
        raise SystemExit("usage: soft_silhouettes.py draw|compare FILE.npz")
    if sys.argv[1] == "draw":
        draw(Path(sys.argv[2]))
        return
    for line in compare(Path(sys.argv[2])):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
