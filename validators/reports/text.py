"""A report for a terminal or a log."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from dressform.schemas.report import Finding, Report, Severity

from .alike import gaps, grouped
from .location import owner_of
from .safe_text import one_line

MARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.INFO: "i"}
STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold blue"}
_LISTED_IDS = 6
_LISTED_RULES = 3  # of a group
_LISTED_OWNERS = 3
_NARROWEST = 30  # [columns] below that nothing wraps well

Line = tuple[int, list[tuple[str, str]]]  # indent, then pieces of text with their styles


def render(
    report: Report,
    *,
    width: int | None = None,
    colour: bool = False,
    measured: bool = False,
) -> str:
    """Return a report as text: what was validated, its errors first, each with its place and cure, and the sums.

    Args:
        report: What a validation found.
        width: Columns to wrap at; None leaves every line whole, as a log wants it.
        colour: Whether to colour it for a terminal.
        measured: Whether to list the measured values too.
    """
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    file = io.StringIO()
    console = Console(
        file=file,
        width=max(width, _NARROWEST) if width else 100_000,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )
    for indent, pieces in _lines(report, measured):
        text = Text.assemble(*pieces, overflow="fold")
        console.print(Padding(text, (0, 0, 0, indent), expand=False) if width else Text(" " * indent) + text)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _lines(report: Report, measured: bool) -> Iterator[Line]:
    names = [subject.name for subject in report.subjects]
    groups: dict[str, list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault(owner_of(finding.path, names), []).append(finding)
    for name, findings in sorted(groups.items()):
        yield 0, [(one_line(name), "bold"), (f"  {counted(findings)}", "dim")]
        for alike in grouped(findings):
            yield from _finding(alike, name)
        yield 0, [("", "")]
    yield from _not_tested(report, [*names, *groups])
    for known in report.suppressed:
        until = f" until {known.until}" if known.until else ""
        told = f"{known.finding.rule} {known.finding.name}  {known.finding.path}: {known.reason}{until}"
        yield 0, [(known.kind, "yellow"), (f"  {one_line(told)}", "dim")]
    for gone in report.gone:
        yield 0, [("gone", "green"), (f"  {one_line(f'{gone.rule} {gone.name} {gone.path}')}", "dim")]
    if measured:
        for each in report.measured:
            yield (
                0,
                [
                    (f"measured  {one_line(each.path)}  {each.name}  ", ""),
                    (one_line(f"{each.value:g} {each.unit}"), "bold"),
                ],
            )
    yield 0, _sums(report)


def counted(findings: Sequence[Finding]) -> str:
    """Return how many findings there are of each severity, in words."""
    counts = [(sum(f.severity is severity for f in findings), severity.value) for severity in Severity]
    return ", ".join(f"{count} {word}{'s' if count > 1 and word != 'info' else ''}" for count, word in counts if count)


def _finding(alike: tuple[Finding, ...], name: str) -> Iterator[Line]:
    finding = alike[0]
    style = STYLES[finding.severity]
    head = f"{MARKS[finding.severity]} {finding.severity.value:7} "
    yield 2, [(head, style), (f"{finding.rule} {finding.name}", "bold"), (f"  {where(alike, name)}", "cyan")]
    yield 4, [(one_line(finding.message), "")]
    yield 4, [("cure: ", "green"), (one_line(finding.cure), "")]


def where(alike: Sequence[Finding], name: str) -> str:
    """Return the place of findings in words: their paths in the thing validated and the first of the ids they share."""
    paths = [one_line(finding.path.removeprefix(name).removeprefix("/")) for finding in alike]
    words = [", ".join(dict.fromkeys(paths))]
    for key, value in (alike[0].place or {}).items():
        if isinstance(value, list):
            ids = ", ".join(_id(each) for each in value[:_LISTED_IDS])
            words.append(f"{key} {ids}{' …' if len(value) > _LISTED_IDS else ''}")
        elif not (key == "size" and f"sizes/{value}" in alike[0].path):
            words.append(f"{key} {one_line(str(value))}")
    return " · ".join(word for word in words if word)


def _id(each: object) -> str:
    if isinstance(each, float):
        return f"{each:.4g}"
    if isinstance(each, list):
        return "(" + ", ".join(_id(part) for part in each) + ")"
    return one_line(str(each))


def _not_tested(report: Report, names: Sequence[str]) -> Iterator[Line]:
    every = {subject.name for subject in report.subjects}
    for owners, reason, rules in gaps(report.not_tested, names):
        whose = "all: " if len(every) > 1 and set(owners) == every else f"{_some(owners)}: " if owners else ""
        yield 0, [("not tested", "yellow"), (f"  {whose}{one_line(reason)} ", ""), (f"({shortened(rules)})", "dim")]


def shortened(rules: Sequence[str]) -> str:
    """Return names of rules, four or more of one group as their number; the other forms of a report name each."""
    groups: dict[str, list[str]] = {}
    for rule in rules:
        groups.setdefault(rule.partition(".")[0], []).append(rule)
    told = (
        f"{len(own)} {group} rules" if len(own) > _LISTED_RULES else ", ".join(own) for group, own in groups.items()
    )
    return ", ".join(told)


def _some(owners: Sequence[str]) -> str:
    further = f" and {len(owners) - _LISTED_OWNERS} more" if len(owners) > _LISTED_OWNERS else ""
    return one_line(", ".join(owners[:_LISTED_OWNERS])) + further


def _sums(report: Report) -> list[tuple[str, str]]:
    sums = report.summary()
    failed = f"{sums['fail']} failed" + (f" ({counted(report.findings)})" if sums["fail"] else "")
    style = "bold red" if sums["errors"] else "bold yellow" if sums["fail"] else "bold green"
    return [(f"{sums['pass']} passed, {failed}, {sums['not_tested']} not tested", style)]
