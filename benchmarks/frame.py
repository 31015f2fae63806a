"""Frames a second of the realtime preset: exactly the frames that `dressform render` writes, encoding included."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from .memory import resident_mb
from .wardrobe import WEAR, wardrobe_tryon

WARM_UP, RUNS, FPS = 30, 5, 30.0
FRAMES = {"realtime": 300, "quality": 30}


def run(size: tuple[int, int] = (512, 512), device: str = "cpu", preset: str = "realtime") -> dict[str, Any]:
    """Render tee and trousers on the catwalk, x264 veryfast, after 30 frames; the median of five runs.

    Of 300 frames with the `realtime` preset, of 30 with `quality`.
    """
    started = time.perf_counter()
    tryon = wardrobe_tryon(size=size, device=device, preset=preset)
    next(iter(tryon.stream("catwalk", fps=FPS)))
    first_frame_s = time.perf_counter() - started
    rates, stages = [], []
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "bench.mp4"
        tryon.write(target, "catwalk", seconds=WARM_UP / FPS, fps=FPS)
        for _ in range(RUNS):
            report = tryon.write(target, "catwalk", seconds=FRAMES[preset] / FPS, fps=FPS)
            rates.append(report.frames / report.seconds)
            stages.append(report.stages_ms)
    fps = statistics.median(rates)
    return {
        "fps": round(fps, 1),
        "ms_per_frame": round(1e3 / fps, 2),
        "stages_ms": {name: round(statistics.median(s[name] for s in stages), 2) for name in stages[0]},
        "fps_of_runs": [round(rate, 1) for rate in rates],
        "first_frame_s": round(first_frame_s, 2),
        "size": f"{size[0]}x{size[1]}",
        "garments": list(WEAR),
        "preset": preset,
        "device": device,
        "rss_mb": round(resident_mb(), 1),
    }
