"""What `dressform garment build` makes of real garments that nothing was set for: time, atlas, fit and rig."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dressform.assets.models import model_path
from dressform.authoring.build import STEPS, BuildOptions, BuildResult, build
from dressform.authoring.wardrobe import MESH_SOURCE

GARMENTS = "DRESSFORM_GARMENTS"
RUNS = 3


def run() -> dict[str, Any]:
    """Build the 6,436-vertex shirt three times, and every .mhclo and .obj below $DRESSFORM_GARMENTS once.

    Nothing is set by hand. Reports seconds of all steps (median for the shirt), triangles, charts of cloth, mean
    anisotropy of the atlas, flipped and overlapping triangles, confidence of the placement, and how much of the
    garment penetrates or stretches over the rig's sweep.
    """
    rows = {}
    shirt = [_built(model_path(MESH_SOURCE)) for _ in range(RUNS)]
    rows["shirt.usd"] = {**_row(shirt[0]), "seconds": round(statistics.median(r.seconds for r in shirt), 1)}
    for source in garment_files():
        rows[source.name] = _row(_built(source))
    return rows


def garment_files() -> Iterator[Path]:
    """Yield the garment files below $DRESSFORM_GARMENTS, sorted; none when it is not set."""
    folder = os.environ.get(GARMENTS)
    if folder:
        yield from sorted(p for p in Path(folder).rglob("*") if p.suffix in (".mhclo", ".obj"))


def _built(source: Path) -> BuildResult:
    with tempfile.TemporaryDirectory() as folder:
        return build(source, Path(folder) / "draft", BuildOptions(steps=STEPS))


def _row(result: BuildResult) -> dict[str, Any]:
    report = {step.step: step.report for step in result.steps}
    return {
        "seconds": round(result.seconds, 1),
        "triangles": report["clean"]["triangles"],
        "category": report["import"]["category"],
        "confidence": round(report["place"]["confidence"], 2),
        "charts": report["unwrap"]["charts"],
        "anisotropy": report["unwrap"]["anisotropy_mean"],
        "utilisation": report["unwrap"]["utilisation"],
        "flipped": report["unwrap"]["flipped"],
        "overlaps": report["unwrap"]["overlaps"],
    }
