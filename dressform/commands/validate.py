"""`dressform validate`: check drafts, versions and libraries."""

from __future__ import annotations

import json
from pathlib import Path

import rich_click as click

from dressform.schemas.errors import UsageError


@click.command()
@click.argument("targets", nargs=-1, type=click.Path(path_type=Path))
@click.option("--list-rules", is_flag=True, help="List every rule and exit.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the report.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the report here, not to stdout.")
@click.option("--fail-on", type=click.Choice(["error", "warning"]), default="error", help="What makes the exit code 1.")
def validate(targets: tuple[Path, ...], list_rules: bool, form: str, output: Path | None, fail_on: str) -> int:
    """Check TARGETs: drafts, libraries or folders of drafts.

    On a draft, a step that has not run yet is *not tested*. Exits with 1 when there are findings.

    Example: dressform validate out/library --format json
    """
    if list_rules:
        click.echo(_rules(form))
        return 0
    if not targets:
        raise UsageError("name at least one TARGET: a draft, a library or a folder of drafts")

    from dressform.assets.atomic import write_text
    from dressform.schemas.report import Report
    from dressform.validators.engine import validate as run
    from dressform.validators.reports.text import render

    reports = [run(target) for target in targets]
    merged = Report.merged(reports)
    text = json.dumps(merged.to_json(), indent=2) + "\n" if form == "json" else render(merged)
    if output:
        write_text(output, text)
    else:
        click.echo(text, nl=False)
    sums = merged.summary()
    return int(bool(sums["errors"] or (fail_on == "warning" and sums["warnings"])))


def _rules(form: str) -> str:
    from dressform.validators.rules.table import RULES

    if form == "json":
        keys = ("code", "name", "severity", "cure")
        return json.dumps(
            [dict(zip(keys, (r.code, r.name, r.severity.value, r.cure), strict=True)) for r in RULES], indent=2
        )
    return "\n".join(f"{rule.code:16} {rule.name:20} {rule.severity.value:8} {rule.check.__doc__}" for rule in RULES)
