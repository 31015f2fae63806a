"""The rasteriser beside PyTorch3D's and Open3D's ray casting: the same meshes, the same 512×512 picture, on a CPU.

Neither can live in the project's environment, so that each is timed in its own; this file alone is enough there:

    python -m dressform.benchmarks.other_rasterizers warp build/rasterizers.npz    writes the scenes, times our own
    python benchmarks/other_rasterizers.py pytorch3d build/rasterizers.npz         in .venv-pytorch3d
    python benchmarks/other_rasterizers.py open3d build/rasterizers.npz            in .venv-open3d

`make bench-rasterizers` does all three. Every line printed is JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = (512, 512)
Scene = Mapping[str, NDArray[Any]]
Timing = dict[str, Any]


def timed(call: Callable[[], object], runs: int, warm_up: int = 0) -> Timing:
    """Call again and again; the median of the wall clock, and of all cores' time."""
    wall, cores = [], []
    for _ in range(warm_up + runs):
        started, busy = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - started)
        cores.append(time.process_time() - busy)
    ms, cpu_ms = (round(1e3 * statistics.median(values[warm_up:]), 2) for values in (wall, cores))
    return {"ms": ms, "cpu_ms": cpu_ms, "runs": runs}


def time_warp(path: Path) -> Iterator[Timing]:
    """Write the scenes with our own pixels, and time our own: projection, clearing and drawing."""
    import warp as wp

    from .raster_scenes import person

    wp.config.log_level = wp.LOG_ERROR
    kept: dict[str, NDArray[Any]] = {}
    for name, dressed in (("body", False), ("body, tee, trousers", True)):
        points, faces = person(dressed=dressed)
        timing, scene = _draw_by_warp(points, faces)
        kept |= {f"{name}: {key}": array for key, array in scene.items()}
        yield {"rasterizer": f"dressform, Warp {wp.__version__}", **_of(name, faces), "threads": 1, **timing}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **kept)  # type: ignore[arg-type]  # names taken for flags


def _draw_by_warp(points: NDArray[np.float32], faces: NDArray[np.int32]) -> tuple[Timing, Scene]:
    import warp as wp

    from dressform.runtime.render._kernels_raster import LightFrame, transform_vertices
    from dressform.runtime.render._kernels_surface import Surface
    from dressform.runtime.render._kernels_view import DOUBLE_SIDED, EMPTY, FACE_MASK, View
    from dressform.runtime.render.backends.protocol import DrawnFaces
    from dressform.runtime.render.backends.warp_rasterizer import WarpRasterizer

    from .raster_scenes import camera, project

    eye, view, light = camera(SIZE), View(), LightFrame()
    view.rotation = wp.mat33(*eye.T_world_cam[:3, :3].T.ravel().tolist())
    view.eye = wp.vec3(*eye.T_world_cam[:3, 3].tolist())
    view.focal, view.center = eye.focal_px, wp.vec2(*eye.center_px)
    with wp.ScopedDevice("cpu"):
        vertices = wp.array(np.ascontiguousarray(points, np.float32), dtype=wp.vec3)
        screen, lit = wp.zeros_like(vertices), wp.zeros_like(vertices)
        drawn = DrawnFaces(
            wp.array(faces, dtype=wp.int32),
            wp.full(len(faces), DOUBLE_SIDED, dtype=wp.int8),
            wp.zeros(len(faces), dtype=wp.int32),
            wp.zeros((1, 3), dtype=wp.vec2),
            wp.zeros(1, dtype=Surface),
            wp.zeros(1, dtype=wp.uint32),
        )
        keys = wp.zeros((SIZE[1], SIZE[0]), dtype=wp.int64)
        facing = wp.zeros(len(faces), dtype=wp.int8)
        rasterizer = WarpRasterizer(drawn, "cpu")

        def draw() -> None:
            wp.launch(transform_vertices, len(vertices), [vertices, view, light], outputs=[screen, lit])
            keys.fill_(EMPTY)
            rasterizer.draw(screen, keys, facing)

        timing = timed(draw, 100, 10)
        packed = keys.numpy()
    pixels = np.where(packed < EMPTY.value, packed & FACE_MASK.value, -1).astype(np.int32)
    scene = {"points": points, "faces": faces, "pixels": pixels, "screen": project(points, eye), "rays": _rays(eye)}
    return timing, scene


def time_pytorch3d(path: Path) -> Iterator[Timing]:
    """Time `rasterize_meshes` on vertices already projected, one run each; coarse-to-fine where there is one."""
    for name, scene in _scenes(path):
        for bin_size in (0, 32):
            yield {**_of(name, scene["faces"]), **_draw_by_pytorch3d(scene, bin_size)}


def _draw_by_pytorch3d(scene: Scene, bin_size: int) -> Timing:
    import pytorch3d
    import torch
    from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
    from pytorch3d.structures import Meshes

    settings = {"faces_per_pixel": 1, "blur_radius": 0.0, "perspective_correct": True, "cull_backfaces": False}
    screen = scene["screen"].astype(np.float64)
    ndc = (0.5 * np.array(SIZE) - screen[:, :2]) * (2.0 / min(SIZE))
    vertices = torch.from_numpy(np.column_stack([ndc, 1.0 / screen[:, 2]]).astype(np.float32))
    meshes = Meshes(verts=[vertices], faces=[torch.from_numpy(scene["faces"].astype(np.int64))])
    found: list[NDArray[Any]] = []

    def draw() -> None:
        drawn = rasterize_meshes(meshes, image_size=SIZE[::-1], bin_size=bin_size, **settings)
        found.append(drawn[0][0, ..., 0].numpy())

    name = f"PyTorch3D {pytorch3d.__version__}, torch {torch.__version__}"
    about = {"rasterizer": name, "threads": torch.get_num_threads(), "settings": {**settings, "bin_size": bin_size}}
    try:
        return {**about, **timed(draw, 1), **_agreement(found[-1], scene["pixels"])}
    except RuntimeError as error:
        return {**about, "failed": str(error).splitlines()[0]}


def time_open3d(path: Path) -> Iterator[Timing]:
    """Time casting a ray through every pixel's centre, on one core and on all; and making the tree that it needs."""
    for name, scene in _scenes(path):
        for threads in sorted({1, os.cpu_count() or 1}):
            yield {**_of(name, scene["faces"]), **_cast_by_open3d(scene, threads)}


def _cast_by_open3d(scene: Scene, threads: int) -> Timing:
    import open3d as o3d

    points = o3d.core.Tensor(scene["points"].astype(np.float32))
    faces, rays = o3d.core.Tensor(scene["faces"].astype(np.uint32)), o3d.core.Tensor(scene["rays"])

    def make() -> Any:
        made = o3d.t.geometry.RaycastingScene(nthreads=threads)
        made.add_triangles(points, faces)
        made.cast_rays(rays[:1, :1], nthreads=threads)  # the tree is made when it is first asked for
        return made

    tree, casting = timed(make, 10, 2), make()
    timing = timed(lambda: casting.cast_rays(rays, nthreads=threads), 20, 3)
    hits = casting.cast_rays(rays)["primitive_ids"].numpy()
    pixels = np.where(hits == o3d.t.geometry.RaycastingScene.INVALID_ID, -1, hits.astype(np.int64))
    about = {"rasterizer": f"Open3D {o3d.__version__}, cast_rays", "threads": threads, **timing}
    return {**about, "tree_ms": tree["ms"], "tree_cpu_ms": tree["cpu_ms"], **_agreement(pixels, scene["pixels"])}


def _of(name: str, faces: NDArray[Any]) -> Timing:
    return {"mesh": name, "triangles": len(faces), "size": f"{SIZE[0]}x{SIZE[1]}"}


def _scenes(path: Path) -> Iterator[tuple[str, Scene]]:
    kept = np.load(path)
    for name in sorted({key.split(": ")[0] for key in kept}):
        yield name, {key.split(": ")[1]: kept[key] for key in kept if key.startswith(f"{name}: ")}


def _rays(eye: Any) -> NDArray[np.float32]:
    """Return origin and direction of the ray through every pixel's centre, float32 [H, W, 6]."""
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    local = np.stack(
        [(x - eye.center_px[0]) / eye.focal_px, (y - eye.center_px[1]) / eye.focal_px, np.ones_like(x)], axis=-1
    )
    directions = local @ eye.T_world_cam[:3, :3].T
    origins = np.broadcast_to(eye.T_world_cam[:3, 3], directions.shape)
    return np.concatenate([origins, directions], axis=-1).astype(np.float32)


def _agreement(theirs: NDArray[Any], ours: NDArray[Any]) -> Timing:
    """Return how many pixels show something, and how many another face than ours."""
    return {"covered_px": int((theirs >= 0).sum()), "differ_px": int((theirs != ours).sum())}


if __name__ == "__main__":
    for line in {"warp": time_warp, "pytorch3d": time_pytorch3d, "open3d": time_open3d}[sys.argv[1]](Path(sys.argv[2])):
        print(json.dumps(line), flush=True)
