"""Findings and gaps told once: what differs in its place alone, such as one in every size, stands together."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dressform.schemas.report import Finding, NotTested, Severity

from .location import owner_of_skipped

ORDER = list(Severity)  # the gravest first


def grouped(findings: Sequence[Finding]) -> list[tuple[Finding, ...]]:
    """Return findings of one garment, the gravest first; those that differ in path and size alone are together."""
    alike: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda each: (ORDER.index(each.severity), each.rule, each.path)):
        place = {key: value for key, value in (finding.place or {}).items() if key != "size"}
        key = json.dumps([finding.rule, finding.severity.value, finding.message, place], sort_keys=True)
        alike.setdefault(key, []).append(finding)
    return [tuple(each) for each in alike.values()]


def gaps(skipped: Sequence[NotTested], names: Sequence[str]) -> list[tuple[list[str], str, list[str]]]:
    """Return what was not tested as garments, reason and rules: a step that has not run leaves a dozen rules.

    Args:
        skipped: The rules that could not be tested.
        names: Of what was validated; a reason that begins with none of them is everyone's.
    """
    rules: dict[tuple[str, str], list[str]] = {}
    for each in skipped:
        name = owner_of_skipped(each, names)
        reason = each.reason.removeprefix(f"{name}: ") if name else each.reason
        rules.setdefault((name, reason), []).append(each.name)
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (name, reason), own in rules.items():
        together.setdefault((reason, tuple(dict.fromkeys(own))), []).append(name)
    return [([name for name in owners if name], reason, list(own)) for (reason, own), owners in together.items()]
