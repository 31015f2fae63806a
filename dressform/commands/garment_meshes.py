"""`dressform garment meshes`, and what `garment import` says became of a file's contents."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import rich_click as click

_SHORT = 12  # lines of the table without --verbose


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def meshes(source: Path, as_json: bool) -> None:
    """List the objects of a mesh file, and what each seems to be, for `garment import --pick`.

    Example: dressform garment meshes character.glb
    """
    from dressform.authoring.steps._meshes import list_meshes
    from dressform.authoring.steps.import_mesh import read_raw

    raw = read_raw(source)
    found = list_meshes(raw)
    if as_json:
        unit = {"metres_per_unit": raw.metres_per_unit, "up": raw.up}
        click.echo(json.dumps({"file": str(source), **unit, "meshes": [asdict(mesh) for mesh in found]}, indent=2))
        return
    rows = [("name", "is", "vertices", "triangles", "size", "materials", "because")]
    for mesh in found:
        size = " × ".join(f"{high - low:.3g}" for low, high in zip(mesh.low, mesh.high, strict=True))
        counts = (f"{mesh.vertices}", f"{mesh.triangles}")
        rows.append((mesh.name or "(unnamed)", mesh.kind, *counts, size, ", ".join(mesh.materials), mesh.reason))
    for line in aligned(rows):
        click.echo(line)


def conversion_lines(report: Mapping[str, Any], *, verbose: bool) -> Iterator[str]:
    """Yield what became of a file's contents: the count of what was kept, and what was not, one a line.

    Args:
        report: Of the import step.
        verbose: Also what was kept.
    """
    entries = report["conversion"]
    counts = Counter(entry["outcome"] for entry in entries)
    yield ", ".join(f"{counts[outcome]} {outcome}" for outcome in ("kept", "converted", "dropped") if counts[outcome])
    shown = [entry for entry in entries if verbose or entry["outcome"] != "kept"]
    shown.sort(key=lambda entry: ("dropped", "converted", "kept").index(entry["outcome"]))
    cut = len(shown) if verbose else _SHORT
    yield from ("  " + line for line in aligned([(e["outcome"], e["what"], e["why"]) for e in shown[:cut]]))
    if len(shown) > cut:
        yield f"  and {len(shown) - cut} more; --verbose shows all"


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows as lines with columns below each other; the last column is as long as it is."""
    if not rows:
        return
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]) - 1)]
    for row in rows:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
