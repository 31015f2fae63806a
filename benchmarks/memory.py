"""Whether memory stays flat while a video grows: `python -m dressform.benchmarks.memory [FRAMES [SIDE]]`."""

from __future__ import annotations

import gc
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from .wardrobe import wardrobe_tryon

EVERY, FRAMES = 500, 20_000
ALLOWED_MB = 5.0  # either way of the middle


def resident_mb() -> float:
    """Return this process's resident memory [MB]."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def run(frames: int = FRAMES, size: tuple[int, int] = (256, 256)) -> dict[str, Any]:
    """Stream realtime frames into a video and look at the resident memory at every 500th.

    Args:
        frames: Length of the video; at least 1,000.
        size: (width, height) [px].

    Returns:
        `rss_mb` by frame; `spread_mb`, the most that any of them differs from their middle; `slope_mb`, the growth in
        1,000 frames of the straight line through all of them; `objects`, by how many Python's objects grew between the
        first and the last look; `constant`, whether the spread is within 5 MB.
    """
    tryon = wardrobe_tryon(size=size)
    seen: dict[int, float] = {}
    objects: list[int] = []
    count = 0

    def watch(fraction: float, message: str, /) -> None:
        nonlocal count
        count += 1
        if count % EVERY == 0:
            seen[count] = round(resident_mb(), 1)
            if count in (EVERY, frames // EVERY * EVERY):
                gc.collect()
                objects.append(len(gc.get_objects()))

    with tempfile.TemporaryDirectory() as folder:
        report = tryon.write(Path(folder) / "long.mp4", "catwalk", seconds=frames / 30, progress=watch)
    values = np.array(list(seen.values()))
    spread = float(np.ptp(values)) / 2
    return {
        "frames": report.frames,
        "size": f"{size[0]}x{size[1]}",
        "rss_mb": seen,
        "spread_mb": round(spread, 2),
        "slope_mb": round(float(np.polyfit(np.array(list(seen)) / 1000, values, 1)[0]), 3),
        "objects": objects[-1] - objects[0],
        "constant": spread <= ALLOWED_MB,
        "fps": round(report.frames / report.seconds, 1),
    }


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    print(json.dumps(run(given[0] if given else FRAMES, (given[1], given[1]) if given[1:] else (256, 256)), indent=2))
