"""Time to rasterise the body on one core: projection, clearing and drawing, without shading."""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

import numpy as np
import warp as wp

from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.geometry.simd.code import lanes_on
from dressform.runtime.render._kernels_raster import LightFrame, draw_triangles, transform_vertices
from dressform.runtime.render._kernels_surface import Surface
from dressform.runtime.render._kernels_view import DOUBLE_SIDED, EMPTY, View
from dressform.runtime.render.scene import Camera

WARM_UP, RUNS = 20, 200


def run(size: tuple[int, int] = (512, 512), device: str = "cpu") -> dict[str, Any]:
    """Draw the standing body, as tall as the picture allows; the median of 200 runs.

    `ms` is the wall clock; `cpu_ms`, the time of the core at work, tells the same when others keep the machine busy.
    """
    rest = canonical_rest()
    camera = Camera.look_at((0.0, -4.0, 0.85), (0.0, 0.0, 0.85), 0.45, size)
    view = View()
    view.rotation = wp.mat33(*camera.T_world_cam[:3, :3].T.ravel().tolist())
    view.eye = wp.vec3(*camera.T_world_cam[:3, 3].tolist())
    view.focal, view.center = camera.focal_px, wp.vec2(*camera.center_px)
    faces = rest.body.faces
    with wp.ScopedDevice(device):
        vertices = wp.array(np.ascontiguousarray(rest.vertices, np.float32), dtype=wp.vec3)
        screen, lit = wp.zeros_like(vertices), wp.zeros_like(vertices)
        empty = wp.full((size[1], size[0]), EMPTY, dtype=wp.int64)
        keys = wp.clone(empty)
        inputs = [
            screen,
            wp.array(faces, dtype=wp.int32),
            wp.full(len(faces), DOUBLE_SIDED, dtype=wp.int8),
            wp.zeros(len(faces), dtype=wp.int32),
            wp.zeros((len(faces), 3), dtype=wp.vec2),
            wp.zeros(1, dtype=Surface),
            wp.zeros(1, dtype=wp.uint32),
            lanes_on(device),
        ]
        facing = wp.zeros(len(faces), dtype=wp.int8)
        seconds, busy = [], []
        for _ in range(WARM_UP + RUNS):
            wp.synchronize_device()
            started, busy_before = time.perf_counter(), time.thread_time()
            wp.copy(keys, empty)
            wp.launch(transform_vertices, len(vertices), [vertices, view, LightFrame()], outputs=[screen, lit])
            wp.launch(draw_triangles, -(-len(faces) // lanes_on(device)), inputs, outputs=[keys, facing])
            wp.synchronize_device()
            seconds.append(time.perf_counter() - started)
            busy.append(time.thread_time() - busy_before)
        covered = int((keys.numpy() < EMPTY.value).sum())
    if covered < 0.05 * size[0] * size[1]:
        raise RuntimeError(f"the body covers only {covered} pixels: nothing was measured")
    ms, cpu_ms = (round(1000.0 * statistics.median(values[WARM_UP:]), 2) for values in (seconds, busy))
    return {"ms": ms, "cpu_ms": cpu_ms, "triangles": len(faces), "size": f"{size[0]}x{size[1]}", "covered_px": covered}


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(run()))


if __name__ == "__main__":
    main()
