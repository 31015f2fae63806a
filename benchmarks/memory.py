"""Whether memory stays flat while a video grows."""

from __future__ import annotations

from pathlib import Path

from .wardrobe import wardrobe_tryon

FIRST, LAST = 1_000, 10_000


def resident_mb() -> float:
    """Return this process's resident memory [MB]."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def run(last: int = LAST) -> dict[str, float | int | str]:
    """Write `last` frames at 256×256 and compare the resident memory at frame 1,000 and at the last one."""
    import tempfile

    tryon = wardrobe_tryon(size=(256, 256))
    seen: dict[int, float] = {}
    frames = 0

    def watch(fraction: float, message: str, /) -> None:
        nonlocal frames
        frames += 1
        if frames in (FIRST, last):
            seen[frames] = resident_mb()

    with tempfile.TemporaryDirectory() as folder:
        report = tryon.write(Path(folder) / "long.mp4", "catwalk", seconds=last / 30, progress=watch)
    return {
        "frames": report.frames,
        f"rss_mb_at_{FIRST}": round(seen[FIRST], 1),
        f"rss_mb_at_{last}": round(seen[last], 1),
        "growth_mb": round(seen[last] - seen[FIRST], 1),
        "fps": round(report.frames / report.seconds, 1),
        "size": "256x256",
    }
