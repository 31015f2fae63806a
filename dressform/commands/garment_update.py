"""`dressform garment import --update`: an edited file comes back into its draft."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rich_click as click

from .progress import progress_bar


def update_draft(
    source: Path,
    folder: Path,
    output: Path | None,
    keep_rig_mm: float | None,
    stated: Mapping[str, Any],
    *,
    rebuild: bool,
    as_json: bool,
) -> None:
    """Take an edited file into a draft and print what stands and what must be redone.

    Args:
        source: The edited file.
        folder: The draft.
        output: What -o said; it has no place here.
        keep_rig_mm: How far points may move and keep their rig; None is the default.
        stated: What else was said of the file; only its units and up axis can be.
        rebuild: Whether to run the steps again that the edit took back.
        as_json: Whether to print JSON.
    """
    from dressform.authoring.draft import Draft
    from dressform.authoring.rebuild import rebuild as run_again
    from dressform.authoring.rebuild import recorded_options
    from dressform.authoring.steps.update import STEP, UpdateOptions, update

    other = sorted(name for name, value in stated.items() if value not in (None, ()) and name not in ("units", "up"))
    if output is not None or other:
        named = "-o" if output is not None else f"--{other[0].removesuffix('s')}"
        raise click.UsageError(f"{named} does not go with --update: the draft keeps its folder, name and category")
    kept = {} if keep_rig_mm is None else {"keep_rig_mm": keep_rig_mm}
    options = UpdateOptions(units=stated.get("units"), up=stated.get("up"), **kept)
    draft = Draft.open(folder)
    ran_with = recorded_options(draft)
    with progress_bar("update") as progress:
        draft = update(draft, source, options, progress)
    report = draft.report(STEP)
    again: list[str] = []
    if rebuild:
        with progress_bar("rebuild") as progress:
            draft, again = run_again(draft, [entry["step"] for entry in report["redo"]], ran_with, progress)
    seconds = next(entry["seconds"] for entry in draft.steps if entry["step"] == STEP)
    if as_json:
        shown = {"draft": str(folder), "step": STEP, "seconds": seconds, "report": report, "rebuilt": again}
        click.echo(json.dumps(shown, indent=2))
    else:
        click.echo("\n".join(_lines(report, again)))


def _lines(report: Mapping[str, Any], again: list[str]) -> list[str]:
    """Say what an update found: a line for the whole, one for each step, one for each note."""
    lines = [
        f"update: {report['file']}, {report['frame']}; topology: {report['topology']}; {_changed(report['changes'])}"
    ]
    lines += [f"  stands  {entry['step']:<10} {entry['why']}" for entry in report["stands"]]
    for entry in report["redo"]:
        done = "redone" if entry["step"] in again else "redo  "
        cure = "" if entry["step"] in again else f": {entry['command']}"
        lines.append(f"  {done}  {entry['step']:<10} {entry['why']}{cure}")
    return lines + [f"  note    {note}" for note in report["notes"]]


def _changed(changes: Mapping[str, Any]) -> str:
    found = []
    if changes["points_moved"]:
        found.append(f"{changes['points_moved']} points moved by up to {changes['furthest_mm']:.1f} mm")
    for key, what in (
        ("triangles_reassigned", "triangles with another material"),
        ("uv0_corners", "corners with another UV0"),
        ("uv1_corners", "corners with another atlas"),
        ("weights_painted", "points with painted weights"),
    ):
        if changes[key]:
            found.append(f"{changes[key]} {what}")
    found += [f"{name}: {', '.join(what)}" for name, what in changes["materials"].items()]
    found += [f"layer {name}" for name in changes["layers"]] + [f"morph target {name}" for name in changes["morphs"]]
    if changes["variants"]:
        found.append("the looks are the file's")
    return "; ".join(found) or "nothing changed"
