"""A report as JUnit XML, as GitLab and Jenkins read it.

A suite is one thing validated, a case one rule on it: GitLab knows a case by class name and name, so a rule's findings
are gathered in one. What is below the severity that fails is told in the output of a case that passes.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence

from dressform.schemas.report import Finding, MeasuredValue, NotTested, Report, Severity
from dressform.validators.rule import Rule
from dressform.validators.rules.table import RULES

from .location import owner_of, owner_of_skipped
from .safe_text import one_line, safe_text


def render(
    report: Report,
    *,
    rules: Sequence[Rule] = RULES,
    fail_on: Severity = Severity.ERROR,
) -> str:
    """Return a report as JUnit XML.

    Args:
        report: What a validation found.
        rules: The rules that ran; one that was tested and found nothing has passed.
        fail_on: Severity from which a finding fails its case.
    """
    names = [subject.name for subject in report.subjects]
    found: dict[str, list[Finding]] = {name: [] for name in names}
    for finding in report.findings:
        found.setdefault(owner_of(finding.path, names), []).append(finding)
    skipped: dict[str, list[NotTested]] = {name: [] for name in found}
    for each in report.not_tested:
        owner = owner_of_skipped(each, list(found))
        for name in [owner] if owner else list(skipped):
            skipped[name].append(each)
    order = list(Severity)
    failing = frozenset(order[: order.index(fail_on) + 1])
    root = ElementTree.Element("testsuites", name="dressform validate")
    for name in found:
        passing = rules if name in names else ()
        measured = [each for each in report.measured if owner_of(each.path, names) == name]
        suite = _suite(name, found[name], skipped[name], passing, measured, failing)
        root.append(suite)
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(
    name: str,
    findings: Sequence[Finding],
    skipped: Sequence[NotTested],
    rules: Sequence[Rule],
    measured: Sequence[MeasuredValue],
    failing: frozenset[Severity],
) -> ElementTree.Element:
    titles = {rule.code: rule.name for rule in rules}
    titles |= {each.rule: each.name for each in skipped} | {each.rule: each.name for each in findings}
    reasons = {each.rule: each.reason for each in skipped}
    failures = 0
    suite = ElementTree.Element("testsuite", name=one_line(name))
    for code in titles:
        title = titles[code]
        group = title.partition(".")[0]
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"{one_line(name)}.{group}", name=f"{code} {title}", time="0"
        )
        own = [finding for finding in findings if finding.rule == code]
        fatal = [finding for finding in own if finding.severity in failing]
        milder = [finding for finding in own if finding.severity not in failing]
        if fatal:
            failures += 1
            message = one_line(fatal[0].message) + (f" (and {len(fatal) - 1} more)" if len(fatal) > 1 else "")
            failure = ElementTree.SubElement(case, "failure", type=fatal[0].severity.value, message=message)
            failure.text = "\n\n".join(_told(finding) for finding in fatal)
        elif code in reasons:
            ElementTree.SubElement(case, "skipped", message=f"not tested: {one_line(reasons[code])}")
        lines = [_told(finding) for finding in milder]
        lines += [safe_text(f"measured {each.value:g} {each.unit} at {each.path}") for each in measured
                  if each.rule == code]  # fmt: skip
        if lines:
            ElementTree.SubElement(case, "system-out").text = "\n\n".join(lines)
    counts = {"tests": len(titles), "failures": failures, "errors": 0}
    counts["skipped"] = len(suite.findall("testcase/skipped"))
    for key, value in {**counts, "time": 0}.items():
        suite.set(key, str(value))
    return suite


def _told(finding: Finding) -> str:
    place = "".join(f"\n{key}: {value}" for key, value in (finding.place or {}).items())
    text = f"{finding.severity.value}: {finding.path}\n{finding.message}\ncure: {finding.cure}{place}"
    return safe_text(text)
