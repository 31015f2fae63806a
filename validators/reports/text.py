"""A report for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from dressform.schemas.report import Report, Severity


def lines(report: Report) -> Iterator[str]:
    """Yield a report as lines: errors first, each with its cure, then what was not tested, then the sum."""
    order = list(Severity)
    for finding in sorted(report.findings, key=lambda f: (order.index(f.severity), f.path, f.rule)):
        yield f"{finding.severity.value:7} {finding.rule} {finding.name}  {finding.path}"
        yield f"        {finding.message}"
        yield f"        cure: {finding.cure}"
    for skipped in report.not_tested:
        yield f"not tested {skipped.rule} {skipped.name}: {skipped.reason}"
    sums = report.summary()
    yield (
        f"{sums['pass']} passed, {sums['fail']} failed ({sums['errors']} errors, {sums['warnings']} warnings), "
        f"{sums['not_tested']} not tested"
    )
