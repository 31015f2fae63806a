"""How long a library of 100 templates takes to validate, for the first time and again unchanged.

The templates are made by program, each with its own shape, picture and rig, of 10,000 triangles; they are held to every
rule that does not move them, which structure, mesh, UV and skin rules are among. Both runs are whole commands, start
of Python included, with the processes and the cache that the command uses unless told otherwise.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.cache import cache_dir
from dressform.assets.draft_digest import draft_digest
from dressform.assets.files.garment import Material
from dressform.assets.library import Library
from dressform.schemas.documents import load_document
from dressform.schemas.report import Report, ReportDocument
from dressform.validators.examples.builder import rig_for, sound_parts, tube

TEMPLATES = 100
RINGS, AROUND = 72, 70  # 9,940 triangles
AIM_FIRST_S, AIM_AGAIN_S = 30.0, 2.0


def run() -> dict[str, object]:
    """Return the seconds of both runs and what they found."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        library = make_library(folder)
        first, first_processor, report = _validated(library, folder, "first")
        again, again_processor, _ = _validated(library, folder, "again")
        if (folder / "first.json").read_bytes() != (folder / "again.json").read_bytes():
            raise AssertionError("the second run says something else than the first")
        bytes_read = sum(path.stat().st_size for path in library.rglob("*") if path.is_file())
    return {
        "templates": len(report.subjects),
        "triangles_each": 2 * (RINGS - 1) * AROUND,
        "library_mb": round(bytes_read / 1e6, 1),
        "rules_held": report.passed,
        "findings": len(report.findings),
        "first_s": round(first, 1),
        "first_processor_s": round(first_processor, 1),
        "first_aim_s": AIM_FIRST_S,
        "again_s": round(again, 2),
        "again_processor_s": round(again_processor, 2),
        "again_aim_s": AIM_AGAIN_S,
        "cores": len(os.sched_getaffinity(0)),
    }


def make_library(folder: Path) -> Path:
    """Publish the templates to a new library in a folder and return it."""
    library = Library.open(folder / "library")
    random = np.random.default_rng(7)
    mesh = tube(rings=RINGS, around=AROUND)
    for number in range(TEMPLATES):
        parts = sound_parts()
        parts.manifest["name"] = f"tube-{number:03}"
        pixels = random.integers(60, 200, (512, 512, 3), np.uint8)
        points = mesh.points * np.float32(1 + 0.0002 * number)
        parts.mesh = replace(mesh, points=points, materials=(Material(base_color_image=encoded(pixels)),))
        parts.rig = parts.skin = rig_for(parts.mesh)
        draft = parts.write(folder / "drafts" / parts.manifest["name"])
        # not validated here: that is what is timed
        library.publish(draft, Report(str(draft), draft_digest(draft), passed=1))
    return library.folder


def encoded(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture as a JPEG file's bytes.

    Args:
        pixels: sRGB, [H, W, 3].
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "jpeg", quality=90)
    return buffer.getvalue()


def _validated(library: Path, folder: Path, name: str) -> tuple[float, float, Report]:
    """Run the command once and return its seconds, those of processor time, and its report."""
    command = [sys.executable, "-m", "dressform", "validate", str(library), "--format", "json"]
    command += ["--output", str(folder / f"{name}.json"), "--fail-on", "never"]
    start, used = time.perf_counter(), _used()
    subprocess.run(command, check=True, env={**os.environ, "DRESSFORM_CACHE": str(_own_cache(folder))})
    seconds, processor = time.perf_counter() - start, _used() - used
    document = load_document("report", folder / f"{name}.json")
    return seconds, processor, Report.from_json(cast("ReportDocument", document))


def _used() -> float:
    """Return the processor time of all ended children [s]: a busy machine does not lengthen it much."""
    times = os.times()
    return times.children_user + times.children_system


def _own_cache(folder: Path) -> Path:
    """Return a cache without outcomes, but with the body and the kernels that an earlier command left."""
    own = folder / "cache"
    if not own.exists():
        own.mkdir()
        for there in cache_dir().iterdir():
            if there.name != "validation":
                (own / there.name).symlink_to(there)
    return own
