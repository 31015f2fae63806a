"""Weighs outcomes into a report: severities, ignores and the baseline of a team."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import replace

from dressform.schemas.report import Finding, NotTested, Report, Severity, Suppressed

from .baseline import Baseline
from .checking import FAILED, UNREADABLE, Outcome
from .profile import Ignore, Profile

EXPIRED = ("DF-PROFILE-001", "profile.ignore-expired")
OF_NO_RULE = (UNREADABLE[0], FAILED[0])


def weigh(
    report: Report,
    outcomes: Iterable[tuple[str, Sequence[Outcome]]],
    profile: Profile,
    baseline: Baseline | None,
    today: datetime.date,
) -> None:
    """Add outcomes to a report.

    Args:
        report: Grows.
        outcomes: Name of a subject, and what the rules came to on it.
        profile: Decides what a finding weighs and whether it counts.
        baseline: Findings that do not fail.
        today: An ignore counts up to and including its last day.
    """
    valid = [ignore for ignore in profile.ignores if today <= ignore.until]
    found: list[Finding] = []
    tested: list[tuple[str, str]] = []
    for subject, each_rule in outcomes:
        for outcome in each_rule:
            if outcome.untested is not None:
                report.not_tested.append(NotTested(outcome.rule, outcome.name, f"{subject}: {outcome.untested}"))
                continue
            tested.append((subject, outcome.rule))
            report.measured += outcome.measured
            report.passed += not outcome.findings and outcome.rule not in OF_NO_RULE
            for finding in _weighed(outcome, profile):
                found.append(finding)
                excuse = None if outcome.required else _excuse(finding, valid, baseline)
                if excuse is None:
                    report.add(finding)
                else:
                    report.suppressed.append(excuse)
    for ignore in profile.ignores:
        if ignore not in valid:
            report.add(_expired(ignore))
    if baseline is not None:
        report.gone += baseline.gone(tested, found)


def _weighed(outcome: Outcome, profile: Profile) -> Iterable[Finding]:
    for finding in outcome.findings:
        fixed = outcome.required or outcome.rule in OF_NO_RULE
        severity = finding.severity if fixed else profile.severity(finding.rule, finding.name, finding.severity)
        if severity is not None:
            yield replace(finding, severity=severity)


def _excuse(finding: Finding, ignores: Iterable[Ignore], baseline: Baseline | None) -> Suppressed | None:
    for ignore in ignores:
        if ignore.fits(finding.rule, finding.name, finding.path):
            return Suppressed(finding, "ignored", ignore.reason, ignore.until.isoformat())
    if baseline is not None and baseline.meets(finding):
        return Suppressed(finding, "known", "it is in the baseline")
    return None


def _expired(ignore: Ignore) -> Finding:
    message = f"{ignore.rule} at {ignore.path} was ignored until {ignore.until.isoformat()} ({ignore.reason})"
    cure = "mend what it speaks of and take the entry out, or state a later day"
    return Finding(*EXPIRED, Severity.ERROR, ignore.origin, message, cure)
