"""What was mended, as text: each defect before and after, and what is left for a person."""

from __future__ import annotations

from collections.abc import Iterator

from dressform.validators.reports.text import counted

from .apply import Fixed


def fixed_lines(fixed: Fixed) -> Iterator[str]:
    """Yield lines for a terminal or a log."""
    if fixed.folder is None:
        found = counted(fixed.before.findings)
        what = "there is nothing wrong with it" if not found else f"nothing of it can be mended safely ({found})"
        yield f"{fixed.draft}: {what}; no copy was made"
        return
    yield f"{fixed.draft} → {fixed.folder}"
    for each in fixed.applied:
        yield f"  {each.rule:20} {each.mended.what} ({each.mended.path})"
        yield f"  {'':20} before: {each.mended.before}; after: {each.mended.after}"
    yield f"  before {counted(fixed.before.findings) or 'sound'}; after {counted(fixed.report.findings) or 'sound'}"
    for step in fixed.withdrawn:
        yield f"  run again: dressform garment {step} {fixed.folder}"
