"""The record of a repair in a draft's steps.json, and the steps that it takes back."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from dressform import __version__
from dressform.assets.atomic import write_bytes
from dressform.schemas.documents import load_json

STEP = "fix"
_STEPS_FILE, _MANIFEST_FILE = "steps.json", "template.json"


def withdraw(folder: Path, stale: Collection[str]) -> tuple[str, ...]:
    """Take back steps whose work no longer fits a draft: their entries, their files, and levels the manifest names.

    Args:
        folder: The draft.
        stale: Names of steps; those that have not run are passed over.

    Returns:
        The steps taken back, in their order.
    """
    document = load_json(folder / _STEPS_FILE)
    gone = [entry for entry in document["steps"] if entry["step"] in stale]
    kept = [entry for entry in document["steps"] if entry["step"] not in stale]
    standing = {path for entry in kept for path in entry.get("files", {})}
    for path in sorted({path for entry in gone for path in entry.get("files", {})} - standing):
        if not path.endswith("/garment.glb"):
            (folder / path).unlink(missing_ok=True)
    if any(entry["step"] == "lod" for entry in gone):
        manifest = load_json(folder / _MANIFEST_FILE)
        for size in manifest.get("sizes", {}).values():
            size.pop("lods", None)
        _write(folder / _MANIFEST_FILE, manifest)
    if gone:
        _write(folder / _STEPS_FILE, {**document, "steps": kept})
    return tuple(str(entry["step"]) for entry in gone)


def record(folder: Path, rules: Sequence[str], run: dict[str, Any]) -> None:
    """Write down a repair as a step of its own, after the import; earlier repairs of the draft stay in it.

    Args:
        folder: The draft.
        rules: Names of the rules whose findings were mended.
        run: Digests before and after, what was mended, what was taken back (JSON values).
    """
    document = load_json(folder / _STEPS_FILE)
    steps = list(document["steps"])
    runs: list[Any] = []
    for entry in [entry for entry in steps if entry["step"] == STEP]:
        runs = list((entry.get("report") or {}).get("runs", []))
        steps.remove(entry)
    at = 1 + max((k for k, entry in enumerate(steps) if entry["step"] == "import"), default=-1)
    entry = {
        "step": STEP,
        "tool": f"dressform {__version__}",
        "seconds": 0.0,  # a repair leaves the same record whenever it is made
        "options": {"rules": list(rules)},
        "report": {"runs": [*runs, run]},
        "files": {},  # they stay those of the steps that made them
    }
    _write(folder / _STEPS_FILE, {**document, "steps": [*steps[:at], entry, *steps[at:]]})


def _write(path: Path, data: dict[str, Any]) -> None:
    write_bytes(path, (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode())
