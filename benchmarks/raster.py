"""Time to rasterise on one core: projection, clearing and drawing, without shading; and how it grows."""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.geometry.simd.code import lanes_on
from dressform.runtime.render._kernels_raster import LightFrame, draw_triangles, transform_vertices
from dressform.runtime.render._kernels_surface import Surface
from dressform.runtime.render._kernels_view import DOUBLE_SIDED, EMPTY, View
from dressform.runtime.render.scene import Camera

from .wardrobe import WEAR, wardrobe

WARM_UP, RUNS = 10, 100
SIDES = (256, 512, 1024, 2048, 4096)  # of the curve's pictures [px]
TRIANGLES = (10_000, 30_000, 100_000, 300_000, 1_000_000)  # of the curve's meshes, at 512×512
CURVE_RUNS = 15


def run(size: tuple[int, int] = (512, 512), device: str = "cpu", *, curve: bool = True) -> dict[str, Any]:
    """Draw the standing body in tee and trousers, as tall as the picture allows; the median of 100 runs.

    `ms` is the wall clock; `cpu_ms`, the time of the core at work, tells the same when others keep the machine busy.

    Args:
        size: (width, height) [px].
        device: Warp device.
        curve: Whether to time the same figure at other sizes too (`ms_of_sides`), and ellipsoids as tall as it of
            more and more triangles (`ms_of_triangles`), in the core's time.
    """
    points, faces = _dressed()
    found = {**_timed(points, faces, size, device, RUNS), "size": f"{size[0]}x{size[1]}"}
    if curve:
        sides = {f"{side}x{side}": _timed(points, faces, (side, side), device, CURVE_RUNS) for side in SIDES}
        meshes = [_ellipsoid(count) for count in TRIANGLES]
        counts = {str(len(mesh[1])): _timed(*mesh, size, device, CURVE_RUNS) for mesh in meshes}
        found["ms_of_sides"] = {name: each["cpu_ms"] for name, each in sides.items()}
        found["ms_of_triangles"] = {name: each["cpu_ms"] for name, each in counts.items()}
    return found


def _dressed() -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return the points and triangles of the canonical body and what it wears, all of them."""
    rest, library = canonical_rest(), wardrobe()
    parts = [(rest.vertices, rest.body.faces)]
    for name in WEAR:
        mesh = library.resolve(name).mesh()
        parts.append((mesh.points, mesh.faces))
    starts = np.cumsum([0, *(len(points) for points, _ in parts)])
    faces = [own + start for (_, own), start in zip(parts, starts, strict=False)]
    return np.concatenate([points for points, _ in parts]), np.concatenate(faces).astype(np.int32)


def _ellipsoid(triangles: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return an ellipsoid as tall as a person of about so many triangles."""
    rows = round(float(np.sqrt(triangles / 4)))
    polar, around = np.meshgrid(
        np.linspace(0, np.pi, rows + 1), np.linspace(0, 2 * np.pi, 2 * rows, endpoint=False), indexing="ij"
    )
    ball = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], axis=-1)
    points = ball.reshape(-1, 3) * (0.22, 0.15, 0.85) + (0.0, 0.0, 0.85)
    row, column = np.meshgrid(np.arange(rows), np.arange(2 * rows), indexing="ij")
    a, b = row * 2 * rows + column, row * 2 * rows + (column + 1) % (2 * rows)
    c, d = b + 2 * rows, a + 2 * rows
    faces = np.stack([np.stack([a, d, c], axis=-1), np.stack([a, c, b], axis=-1)], axis=2).reshape(-1, 3)
    return points.astype(np.float32), faces.astype(np.int32)


def _timed(
    points: NDArray[np.float32], faces: NDArray[np.int32], size: tuple[int, int], device: str, runs: int
) -> dict[str, Any]:
    """Return the median times of drawing a mesh, and what was drawn."""
    camera = Camera.look_at((0.0, -4.0, 0.85), (0.0, 0.0, 0.85), 0.45, size)
    view = View()
    view.rotation = wp.mat33(*camera.T_world_cam[:3, :3].T.ravel().tolist())
    view.eye = wp.vec3(*camera.T_world_cam[:3, 3].tolist())
    view.focal, view.center = camera.focal_px, wp.vec2(*camera.center_px)
    lanes = lanes_on(device)
    with wp.ScopedDevice(device):
        vertices = wp.array(np.ascontiguousarray(points, np.float32), dtype=wp.vec3)
        screen, lit = wp.zeros_like(vertices), wp.zeros_like(vertices)
        empty = wp.full((size[1], size[0]), EMPTY, dtype=wp.int64)
        keys = wp.clone(empty)
        inputs = [
            screen,
            wp.array(faces, dtype=wp.int32),
            wp.full(len(faces), DOUBLE_SIDED, dtype=wp.int8),
            wp.zeros(len(faces), dtype=wp.int32),
            wp.zeros((1, 3), dtype=wp.vec2),
            wp.zeros(1, dtype=Surface),
            wp.zeros(1, dtype=wp.uint32),
            lanes,
        ]
        facing = wp.zeros(len(faces), dtype=wp.int8)
        seconds, busy = [], []
        for _ in range(WARM_UP + runs):
            wp.synchronize_device()
            started, busy_before = time.perf_counter(), time.thread_time()
            wp.copy(keys, empty)
            wp.launch(transform_vertices, len(vertices), [vertices, view, LightFrame()], outputs=[screen, lit])
            wp.launch(draw_triangles, -(-len(faces) // lanes), inputs, outputs=[keys, facing])
            wp.synchronize_device()
            seconds.append(time.perf_counter() - started)
            busy.append(time.thread_time() - busy_before)
        covered = int((keys.numpy() < EMPTY.value).sum())
    if covered < 0.05 * size[0] * size[1]:
        raise RuntimeError(f"the mesh covers only {covered} pixels: nothing was measured")
    ms, cpu_ms = (round(1000.0 * statistics.median(values[WARM_UP:]), 2) for values in (seconds, busy))
    return {"ms": ms, "cpu_ms": cpu_ms, "triangles": len(faces), "covered_px": covered}


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(run()))


if __name__ == "__main__":
    main()
