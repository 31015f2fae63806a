"""`dressform pattern`: garments that the program drafts itself."""

from __future__ import annotations

import json
from pathlib import Path

import rich_click as click

from .progress import progress_bar


@click.group()
def pattern() -> None:
    """Draft garments from parametric patterns.

    Example: dressform pattern make trousers -o drafts/trousers --color indigo
    """


@pattern.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_patterns(as_json: bool) -> None:
    """List the patterns.

    Example: dressform pattern list
    """
    from dressform.authoring.patterns.make import PATTERNS

    if as_json:
        rows = [{"name": n, "category": p.category, "summary": p.summary} for n, p in PATTERNS.items()]
        click.echo(json.dumps({"patterns": rows}, indent=2))
        return
    for name, known in PATTERNS.items():
        click.echo(f"{name:<12} {known.summary}")


@pattern.command()
@click.argument("name")
@click.option(
    "--output", "-o", "out", type=click.Path(path_type=Path), required=True, help="Folder of the draft to make."
)
@click.option("--color", help="indigo, stone, black, sand, olive, navy, grey or #rrggbb.")
@click.option("--weave", type=click.Choice(["denim", "twill"]), help="The cloth; by default the colour's own.")
@click.option("--fit", type=click.Choice(["slim", "straight"]), help="Width of the legs.")
@click.option("--name", "template", help="The template's name; by default the pattern's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def make(
    name: str,
    out: Path,
    color: str | None,
    weave: str | None,
    fit: str | None,
    template: str | None,
    as_json: bool,
) -> None:
    """Make pattern NAME as a draft: on the canonical body, rigged, with pictures.

    Example: dressform pattern make trousers -o drafts/trousers --color sand --fit slim
    """
    from dressform.authoring.patterns.make import make_draft

    given = {"color": color, "weave": weave, "fit": fit}
    options = {key: value for key, value in given.items() if value is not None}
    with progress_bar("pattern") as progress:
        draft = make_draft(name, out, options, name=template, progress=progress)
    if as_json:
        steps = [{"step": s["step"], "seconds": s["seconds"], "report": s["report"]} for s in draft.steps]
        click.echo(json.dumps({"draft": str(draft.folder), "steps": steps}, indent=2))
    else:
        click.echo(f"{draft.folder}: {draft.manifest['name']}, {draft.manifest['mesh']['triangles']} triangles")
