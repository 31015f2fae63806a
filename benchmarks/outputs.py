"""What a frame's outputs cost when asked for, how exact they are, and whether a sequence's memory stays flat."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dressform.runtime.geometry.normals import vertex_normals
from dressform.runtime.render._reference_outputs import moved_surfels
from dressform.runtime.render.frame import OUTPUTS, Frame
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial
from dressform.runtime.video.exr import write_exr
from dressform.runtime.video.png import png_bytes

from .memory import resident_mb
from .wardrobe import wardrobe_tryon

FRAMES, FIRST, LAST = 20, 20, 300
_PASSES = ("rgb", "alpha", "depth", "normals", "segments", "uv", "velocity")


def run(frames: int = FRAMES, last: int = LAST) -> dict[str, Any]:
    """Ask for every output of `frames` frames at 512×512; milliseconds of the thread, the least of all frames."""
    return {"size": "512x512", "preset": "realtime", "ms": _costs(frames), **_errors(), **_memory(last)}


def _costs(frames: int) -> dict[str, float]:
    least: defaultdict[str, float] = defaultdict(lambda: float("inf"))

    def timed(name: str, action: Callable[[], object]) -> None:
        started = time.thread_time()
        action()
        least[name] = min(least[name], time.thread_time() - started)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.exr"

        def ask(frame: Frame) -> None:
            for name in OUTPUTS:
                timed(name, partial(frame.output, name))
            timed("rgba", lambda: frame.rgba)
            for name in _PASSES:
                timed(f"png {name}", partial(png_bytes, frame, name))
            timed("exr rgb", lambda: write_exr(path, frame, ["rgb"], 30))
            timed("exr of all", lambda: write_exr(path, frame, [*_PASSES, "coverage"], 30))

        for frame in wardrobe_tryon().stream("catwalk", seconds=frames / 30):
            ask(frame)
    return {name: round(1e3 * seconds, 2) for name, seconds in least.items()}


def _errors() -> dict[str, float]:
    """Compare velocity with the projection of a ball that turns under a moving camera, alpha with 32 × 32 tries."""
    size, radius = (64, 64), 0.6
    mesh, points = _ball(radius)
    renderer = Renderer([mesh], [len(points)], size)
    cameras = [Camera.look_at((0.2 * k, -4, 1.2), (0, 0, 1), 0.6, size) for k in range(2)]
    turn = np.array([[np.cos(0.2), -np.sin(0.2), 0], [np.sin(0.2), np.cos(0.2), 0], [0, 0, 1]])
    places = [points + np.array([0, 0, 1.0]), points @ turn.T + np.array([0.1, 0, 1.0])]
    for place, camera in zip(places, cameras, strict=True):
        renderer.set_vertices(place)
        frame = renderer.render(camera, Lighting.studio(), Background.transparent(ground=0.0))
    normals = vertex_normals(places[1], mesh.faces).astype(np.float64)
    face_uv = mesh.uv[mesh.uv_faces].astype(np.float64)
    moved = moved_surfels(places[1], places[0], mesh.faces, face_uv, normals, (cameras[1], cameras[0]))
    both = (moved.face >= 0) & (frame.mask > 0)
    fine = Camera(
        cameras[1].T_world_cam, 32 * cameras[1].focal_px, (32 * cameras[1].center_px[0],) * 2, (32 * 64, 32 * 64)
    )
    large = Renderer([mesh], [len(points)], fine.size)
    large.set_vertices(places[1])
    seen = large.render(fine, Lighting.studio(), Background.transparent(ground=0.0)).mask > 0
    share = seen.reshape(64, 32, 64, 32).mean(axis=(1, 3))
    edge = (share > 0) & (share < 1)
    return {
        "velocity_px": round(float(np.abs(moved.velocity).max()), 2),
        "velocity_error_px": float(f"{np.abs(frame.velocity - moved.velocity)[both].max():.1e}"),
        "alpha_error_at_edges": round(float(np.abs(frame.alpha - share)[edge].mean()), 4),
    }


def _ball(radius: float) -> tuple[SceneMesh, np.ndarray[Any, np.dtype[np.float64]]]:
    polar, around = np.meshgrid(np.linspace(0, np.pi, 25), np.arange(48) * 2 * np.pi / 48, indexing="ij")
    unit = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], axis=-1)
    row, column = np.meshgrid(np.arange(24), np.arange(48), indexing="ij")
    a, b = row * 48 + column, row * 48 + (column + 1) % 48
    quads = np.stack([a, a + 48, b + 48, b], axis=-1).reshape(-1, 4)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    uv = np.stack([around.ravel() / 7, polar.ravel() / 4], axis=1).astype(np.float32)
    material = SurfaceMaterial(np.full((4, 4, 3), 150, np.uint8))
    return SceneMesh("ball", faces, uv, faces, material), radius * unit.reshape(-1, 3)


def _memory(last: int) -> dict[str, float]:
    """Write `last` frames of all passes at 128×128 as EXR; resident memory at the 20th and at the last."""
    seen: dict[int, float] = {}
    count = 0

    def watch(fraction: float, message: str, /) -> None:
        nonlocal count
        count += 1
        if count in (FIRST, last):
            seen[count] = resident_mb()

    with tempfile.TemporaryDirectory() as folder:
        wardrobe_tryon(size=(128, 128)).write(
            Path(folder) / "frames", seconds=last / 30, outputs=_PASSES, file_format="exr", progress=watch
        )
    return {f"rss_mb_at_{FIRST}": round(seen[FIRST], 1), f"rss_mb_at_{last}": round(seen[last], 1)}
