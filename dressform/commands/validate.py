"""`dressform validate`: check drafts, versions and libraries, and gate on what is found."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from dressform.schemas.errors import UsageError

from .output_file import in_folder

if TYPE_CHECKING:
    from dressform.schemas.report import Report
    from dressform.validators.engine import Options

FORMATS = ("text", "json", "sarif", "junit", "html")
a_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option("--profile", default="default", metavar="NAME|FILE", help="What to hold them to; see --list-profiles.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="Form of the report.")
@click.option("-o", "--output", type=a_file, help="Write the report here, not to stdout.")
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=a_file,
    metavar="FILE",
    help="Write a report here too: .txt, .json, .sarif, .xml (JUnit) or .html; repeatable.",
)
@click.option(
    "--fail-on", type=click.Choice(["error", "warning", "never"]), default="error", help="What makes the exit code 1."
)
@click.option("--measured", is_flag=True, help="List what was measured on sound garments, too (text).")
@click.option("--publishing", is_flag=True, help="Count a step that has not run as an error, as publishing does.")
@click.option("--sweep", is_flag=True, help="Move every garment over poses and bodies too; takes seconds for each.")
@click.option("--changed-since", metavar="REF", help="Leave out what git has unchanged since a commit, branch or tag.")
@click.option("--baseline", type=a_file, help="Known findings, which do not fail.")
@click.option("--write-baseline", type=a_file, help="Write what is found as known findings, and pass.")
@click.option("--files", is_flag=True, help="TARGETs are files: check what holds them, pass over the others.")
@click.option("--library", type=click.Path(path_type=Path), help="Where to look up NAME@RANGE; else your library.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes at once; as many as cores unless stated.")
@click.option("--no-cache", is_flag=True, help="Check what has not changed since it was last checked, too.")
@click.option("--fix", is_flag=True, help="Mend what is safe to mend, in a copy of each draft, and check the copies.")
@click.option("--into", type=click.Path(path_type=Path), help="Folder of the mended copy; DRAFT-fixed unless stated.")
@click.option("--list-rules", is_flag=True, help="List every rule and exit.")
@click.option("--list-profiles", is_flag=True, help="List the profiles that ship, with their limits, and exit.")
def validate(
    targets: tuple[str, ...],
    profile: str,
    form: str,
    output: Path | None,
    reports: tuple[Path, ...],
    fail_on: str,
    measured: bool,
    publishing: bool,
    sweep: bool,
    changed_since: str | None,
    baseline: Path | None,
    write_baseline: Path | None,
    files: bool,
    library: Path | None,
    jobs: int | None,
    no_cache: bool,
    fix: bool,
    into: Path | None,
    list_rules: bool,
    list_profiles: bool,
) -> int:
    """Check TARGETs: drafts, libraries, exported versions, folders that hold any of them, or NAME@RANGE.

    On a draft, a step that has not run yet is *not tested*. Exits with 1 when there are errors, with 2 for wrong use.

    Example: dressform validate garments/ --profile web --format sarif -o report.sarif
    """
    from .validate_lists import profiles_listed, rules_listed

    if list_rules or list_profiles:
        click.echo(rules_listed(form) if list_rules else profiles_listed(form))
        return 0
    _refuse(targets, into, fix=fix, gates=bool(changed_since or baseline or write_baseline))
    written_to = [("-o", output), ("--write-baseline", write_baseline), *(("--report", file) for file in reports)]
    for option, path in written_to:
        if path is not None:
            in_folder(path, option)
    from dressform.validators.baseline import read_baseline
    from dressform.validators.engine import Options
    from dressform.validators.profile import load_profile
    from dressform.validators.result_cache import ResultCache

    from .quiet import quieten_warp
    from .validate_report import fails, forms_of, write_report

    further = forms_of(reports)
    if files and not (targets := _holders(targets)):
        click.echo("none of the files belongs to a garment", err=True)
        return 0
    options = Options(
        profile=load_profile(profile),
        publishing=publishing,
        sweep=sweep,
        baseline=read_baseline(baseline) if baseline else None,
        library=library,
        changed_since=changed_since,
        jobs=jobs or len(os.sched_getaffinity(0)),
        cache=None if no_cache else ResultCache.of_user(),
        prepare=quieten_warp,
    )
    if fix:
        report, targets = _fixed(targets, into, options, told=form == "text" or output is not None)
    else:
        report = _run(targets, options)
    if write_baseline:
        return _write_known(write_baseline, report)
    for file, written in [(output, form), *further]:
        write_report(report, targets, options, written, file, fail_on, measured=measured)
    return int(fails(report, fail_on))


def _refuse(targets: tuple[str, ...], into: Path | None, *, fix: bool, gates: bool) -> None:
    """Raise a UsageError where options contradict one another."""
    if not targets:
        raise UsageError("name at least one TARGET: a draft, a library, a version, a folder of them, or NAME@RANGE")
    if into and not fix:
        raise UsageError("--into is the folder that --fix writes to; give both or neither")
    if fix and gates:
        raise UsageError("--fix goes with neither --changed-since nor a baseline; mend first, then gate")


def _holders(files: tuple[str, ...]) -> tuple[str, ...]:
    """Return the drafts, libraries and versions that hold files."""
    from dressform.validators.holders import holders

    return tuple(str(folder) for folder in holders([Path(file) for file in files]))


def _write_known(file: Path, report: Report) -> int:
    """Write a baseline, say so, and return the exit code."""
    from dressform.validators.baseline import write_baseline

    count = write_baseline(file, report.findings)
    click.echo(f"{'1 finding is' if count == 1 else f'{count} findings are'} known from now on: {file}", err=True)
    return 0


def _run(targets: tuple[str, ...], options: Options) -> Report:
    """Validate with a bar on stderr, when a person looks at it."""
    from dressform.validators.engine import validate_all

    from .progress import progress_bar

    if not os.isatty(2):
        return validate_all(targets, options)
    with progress_bar("validating") as progress:
        return validate_all(targets, options, progress=progress)


def _fixed(
    targets: tuple[str, ...], into: Path | None, options: Options, *, told: bool
) -> tuple[Report, tuple[str, ...]]:
    """Mend copies and tell what was done, on stdout where it is for a person; returns the copies and their report."""
    from dressform.schemas.report import Report
    from dressform.validators.engine import validate_all
    from dressform.validators.fixes.text import fixed_lines

    from .quiet import quieten_warp
    from .validate_fix import fix_targets

    quieten_warp()
    alone = replace(options, jobs=1, cache=None)
    budgets = options.profile.budgets
    done = fix_targets(targets, into, check=lambda folder: validate_all([folder], alone), budgets=budgets)
    for fixed in done:
        for line in fixed_lines(fixed):
            click.echo(line, err=not told)
    return Report.merged(fixed.report for fixed in done), tuple(str(fixed.folder or fixed.draft) for fixed in done)
