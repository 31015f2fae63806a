"""Writes a validation report in the form that was asked for."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from dressform.schemas.errors import UsageError

if TYPE_CHECKING:
    from dressform.schemas.report import Report
    from dressform.validators.engine import Options
    from dressform.validators.subject import Subject


FORMS = {".txt": "text", ".json": "json", ".sarif": "sarif", ".xml": "junit", ".html": "html"}


def fails(report: Report, fail_on: str) -> bool:
    """Whether a report makes the exit code 1.

    Args:
        report: What was found.
        fail_on: "error", "warning" or "never".
    """
    sums = report.summary()
    return {"never": 0, "error": sums["errors"], "warning": sums["errors"] + sums["warnings"]}[fail_on] > 0


def forms_of(files: Sequence[Path]) -> list[tuple[Path, str]]:
    """Return each file with the form of report that its suffix asks for.

    Raises:
        UsageError: When a suffix asks for none.
    """
    for file in files:
        if file.suffix.lower() not in FORMS:
            raise UsageError(f"--report {file}: needs a name that ends in {', '.join(FORMS)}, found {file.suffix!r}")
    return [(file, FORMS[file.suffix.lower()]) for file in files]


def write_report(
    report: Report,
    targets: Sequence[str | Path],
    options: Options,
    form: str,
    output: Path | None,
    fail_on: str,
    *,
    measured: bool = False,
) -> None:
    """Write a report to a file, or to stdout.

    Args:
        report: What was found.
        targets: What was validated, for pictures and places of findings.
        options: How it was validated.
        form: "text", "json", "sarif", "junit" or "html".
        output: The file; stdout when None.
        fail_on: As for `fails`.
        measured: Whether a text lists the measured values too.
    """
    from dressform.assets.atomic import write_text

    if output is not None:
        write_text(output, _written(report, targets, options, form, fail_on, measured))
        return
    if form == "text":
        from dressform.validators.reports.text import render

        person = sys.stdout.isatty()
        width = shutil.get_terminal_size().columns if person else None
        click.echo(render(report, width=width, colour=person, measured=measured), nl=False)
        return
    click.echo(_written(report, targets, options, form, fail_on, measured), nl=False)


def _written(
    report: Report, targets: Sequence[str | Path], options: Options, form: str, fail_on: str, measured: bool
) -> str:
    if form == "json":
        return json.dumps(report.to_json(), indent=2) + "\n"
    if form == "text":
        from dressform.validators.reports import text

        return text.render(report, measured=measured)

    from .quiet import quieten_warp

    quieten_warp()  # pictures are rendered
    if form == "junit":
        from dressform.schemas.report import Severity
        from dressform.validators.reports import junit

        return junit.render(report, fail_on=Severity.WARNING if fail_on == "warning" else Severity.ERROR)
    if form == "sarif":
        from dressform.validators.reports import sarif

        return sarif.render(report, _subjects(report, targets, options))
    from dressform.validators.reports import html

    return html.render(report, _subjects(report, targets, options))


def _subjects(report: Report, targets: Sequence[str | Path], options: Options) -> list[Subject]:
    """Return what a report has findings of."""
    from dressform.validators.targets import find_all

    validated = {subject.name for subject in report.subjects}
    return [each.subject for each in find_all(targets, options.library) if each.subject.name in validated]
