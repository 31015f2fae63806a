"""Where the time of a frame goes: every kernel, copies, the encoder and the rest, on one core, one after another."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import warp as wp

from dressform.runtime.video.writer import VideoWriter

from .wardrobe import wardrobe_tryon

WARM_UP, FRAMES, FPS = 30, 150, 30.0
REST = "everything else"


def profile(size: tuple[int, int] = (512, 512), preset: str = "realtime") -> dict[str, Any]:
    """Render and encode 150 frames on one core; the parts add up to its time, the wall clock but for waits.

    Args:
        size: (width, height) [px].
        preset: "realtime" or "quality".

    Returns:
        `wall_ms` and `core_ms` of a frame, and `parts_ms`: each kernel by its name, copies, the encoder, the rest.
    """
    spent: dict[str, float] = {}
    with _one_core(), timed_parts(spent), tempfile.TemporaryDirectory() as folder:
        tryon = wardrobe_tryon(size=size, preset=preset)
        target = Path(folder) / "profile.mp4"
        tryon.write(target, "catwalk", seconds=WARM_UP / FPS, fps=FPS)
        spent.clear()
        wall, busy = time.perf_counter(), time.process_time()
        tryon.write(target, "catwalk", seconds=FRAMES / FPS, fps=FPS)
        wall, busy = time.perf_counter() - wall, time.process_time() - busy
    spent[REST] = busy - sum(spent.values())
    per_frame = 1e3 / FRAMES
    parts = {name: round(per_frame * seconds, 3) for name, seconds in sorted(spent.items(), key=lambda each: -each[1])}
    return {
        "wall_ms": round(per_frame * wall, 2),
        "core_ms": round(per_frame * busy, 2),
        "parts_ms": parts,
        "size": f"{size[0]}x{size[1]}",
        "preset": preset,
    }


@contextmanager
def _one_core() -> Iterator[None]:
    """Keep the process on one core, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


@contextmanager
def timed_parts(spent: dict[str, float]) -> Iterator[Callable[[str, Callable[..., Any]], Callable[..., Any]]]:
    """Add up in `spent` what launches, copies and the encoder take of the core [s], by name.

    Of a part within a part, time goes to the inner one. Yields what times a function of one's own by a name.
    """
    within = threading.local()

    def timed(name: str | Callable[..., str], work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **options: Any) -> Any:
            outer, within.inner = getattr(within, "inner", 0.0), 0.0
            started = time.thread_time()
            try:
                return work(*args, **options)
            finally:
                took = time.thread_time() - started
                part = name if isinstance(name, str) else name(*args)
                spent[part] = spent.get(part, 0.0) + took - within.inner
                within.inner = outer + took

        return run

    launch, recorded = wp.launch, wp.Launch.launch
    with (
        patch.object(wp, "launch", timed(lambda kernel, *_: str(kernel.key), launch)),
        patch.object(wp.Launch, "launch", timed(lambda own, *_: str(own.kernel.key), recorded)),
        patch.object(wp, "copy", timed("copies", wp.copy)),
        patch.object(VideoWriter, "_encode_all", timed("encoder", VideoWriter._encode_all)),
    ):
        yield timed
