"""How well the renderer knows what people keep of the light from all around from the ground below them: beside rays.

Run `python -m dressform.benchmarks.ground_light [--rays 400]`.
"""

from __future__ import annotations

import numpy as np
import rich_click as click
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.render import _kernels_ground as kernels
from dressform.runtime.render._kernels_view import FAR

from ._kernels_rays import cast_up
from .path_traced import chosen
from .path_traced_scene import LIGHTS, shoot

Floats = NDArray[np.float32]

NAMES = ("tee", "shirt-room", "skirt", "dress")
CELLS, CELL, REACH_M = 48, 0.05, 0.6  # [m]


def compare(triangles: Floats, rays: int, seed: int) -> tuple[Floats, Floats]:
    """Return what is kept from the cells of the ground, by the renderer's kernels and by rays, [CELLS, CELLS] each.

    Args:
        triangles: World [F, 3, 3] [m].
        rays: From each cell.
        seed: Of their directions.
    """
    points = np.ascontiguousarray(triangles.reshape(-1, 3), np.float32)
    middle = np.round(0.5 * (points.min(axis=0) + points.max(axis=0))[:2] / CELL) * CELL
    frame = kernels.GroundFrame()
    frame.cell = CELL
    frame.corner = wp.vec2(*(middle - 0.5 * CELLS * CELL).tolist())
    reach, shape = round(REACH_M / CELL), (CELLS, CELLS)
    heights = wp.full(shape, FAR, dtype=wp.int32, device="cpu")
    spread, contact, kept = (wp.zeros(shape, dtype=float, device="cpu") for _ in range(3))
    vertices = wp.array(points, dtype=wp.vec3, device="cpu")
    wp.launch(kernels.splat_contacts, len(points), [vertices, frame, 1], outputs=[heights], device="cpu")
    wp.launch(kernels.spread_rows, CELLS, [heights, reach], outputs=[spread], device="cpu")
    wp.launch(kernels.spread_contacts, CELLS, [heights, spread, reach], outputs=[contact], device="cpu")
    mesh = wp.Mesh(vertices, wp.array(np.arange(len(points), dtype=np.int32), device="cpu"))
    wp.launch(cast_up, shape, [mesh.id, frame.corner, CELL, rays, seed], outputs=[kept], device="cpu")
    return contact.numpy(), kept.numpy()


@click.command()
@click.option("--rays", type=click.IntRange(1), default=400, help="From each cell.")
@click.option("--seed", type=click.IntRange(0), default=7)
def main(rays: int, seed: int) -> None:
    """Compare the darkening of the ground around four dressed people with rays.

    Example: python -m dressform.benchmarks.ground_light
    """
    errors = []
    for setting in chosen(NAMES):
        shot = shoot(setting, LIGHTS["studio"]().lighting, (64, 64), ("quality",))["quality"]
        contact, kept = compare(np.concatenate([part.points for part in shot.parts]), rays, seed)
        errors.append(float(np.mean((contact - kept) ** 2)))
        click.echo(
            f"{setting.name}: mean squared error {errors[-1]:.4f}; kept {kept.mean():.3f}, found {contact.mean():.3f}"
        )
    click.echo(f"mean: {np.mean(errors):.4f}")


if __name__ == "__main__":
    main()
