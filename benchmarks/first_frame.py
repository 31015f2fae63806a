"""Seconds from the start of a process to its first frame, stage by stage, with warm caches: tee, trousers, catwalk."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from dressform.assets.cache import cache_dir

RUNS = 5
# What each process runs, as a developer would write it.
PROGRAM = """
import json, sys, time
import dressform as df
df.TryOn  # names load on first use
from dressform.benchmarks.wardrobe import WEAR, canonical_avatar, wardrobe

started, imported = float(sys.argv[1]), time.time()
avatar = canonical_avatar()
made = time.time()
tryon = df.TryOn(avatar, WEAR, library=wardrobe())
dressed = time.time()
next(iter(tryon.stream("catwalk")))
shown = time.time()
stages = {"import": imported - started, "avatar": made - imported, **tryon.start_s, "frame": shown - dressed}
print(json.dumps({**stages, "total": shown - started, "processor": time.process_time()}))
"""
OF_A_PERSON = ("fit", "contacts", "skin")  # what is derived from a person


def run(runs: int = RUNS) -> dict[str, Any]:
    """Start processes for someone who was dressed before, and for someone new; medians, and the quickest.

    Code is compiled to bytecode once, as an installed package's is, in a folder of its own.
    """
    with tempfile.TemporaryDirectory() as bytecode:
        own = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": bytecode}
        _measure(own)  # fills the caches
        again = [_measure(own) for _ in range(runs)]
        new = []
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as folder:
                _link_but_people(cache_dir(), Path(folder))
                new.append(_measure({**own, "DRESSFORM_CACHE": folder}))
    return {
        **{f"{who}_{name}": value for who, rows in (("again", again), ("new", new)) for name, value in _summary(rows)},
        "size": "512x512",
        "garments": ["trousers", "tee"],
        "preset": "realtime",
        "runs": runs,
    }


def _summary(rows: list[dict[str, float]]) -> list[tuple[str, Any]]:
    total = [row["total"] for row in rows]
    return [
        ("first_frame_s", round(statistics.median(total), 2)),
        ("quickest_s", round(min(total), 2)),
        ("stages_s", {name: round(statistics.median(row[name] for row in rows), 2) for name in rows[0]}),
    ]


def _link_but_people(cache: Path, folder: Path) -> None:
    """Make a folder a cache that holds what another one does, but nothing of people in garments."""
    (folder / "derived").mkdir()
    for path in [*cache.iterdir(), *(cache / "derived").iterdir()]:
        if path.name not in ("derived", *OF_A_PERSON):
            (folder / path.relative_to(cache)).symlink_to(path)


def _measure(own: dict[str, str]) -> dict[str, float]:
    """Return what a fresh process says of its own start, counted from before it was started; `own` is added to env."""
    command = [sys.executable, "-c", PROGRAM, repr(time.time())]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **own})
    found: dict[str, float] = json.loads(out.stdout)
    return found
