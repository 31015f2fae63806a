"""How long the T-shirt takes from a bare mesh to a rigged template."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

from dressform.assets.models import model_path
from dressform.authoring.build import BuildOptions, build
from dressform.authoring.steps.import_mesh import ImportOptions
from dressform.authoring.wardrobe import TEE_SOURCE

STEPS = ("import", "clean", "unwrap", "place", "rig")
RUNS = 3


def run() -> dict[str, Any]:
    """Build the 6,436-vertex shirt up to its rig three times; report the median seconds of each step."""
    options = BuildOptions(source=ImportOptions(name="tee", category="tee"), steps=STEPS)
    results = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            results.append(build(model_path(TEE_SOURCE), Path(folder) / "tee", options))
    steps = {
        step: round(statistics.median(s.seconds for result in results for s in result.steps if s.step == step), 2)
        for step in STEPS
    }
    unwrap = next(s.report for s in results[0].steps if s.step == "unwrap")
    return {"seconds": round(statistics.median(r.seconds for r in results), 2), "steps_s": steps, "unwrap": unwrap}
