"""Runs rules over one draft or version and says what each came to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dressform.schemas.errors import DressformError
from dressform.schemas.report import Finding, MeasuredValue, Severity

from .rule import Defect, Measured, NotTestableError, Rule
from .subject import Subject

# A part that a rule needs -> the draft step that makes it and a function that reads it (raising when it is broken).
PARTS: dict[str, tuple[str, Callable[[Subject], object]]] = {
    "manifest": ("import", lambda subject: subject.manifest),
    "mesh": ("import", lambda subject: subject.meshes),
    "unwrapped": ("unwrap", lambda subject: subject.meshes),
    "placed": ("place", lambda subject: subject.meshes),
    "rig": ("rig", lambda subject: (subject.rigs, subject.meshes)),
    "previewed": ("preview", lambda subject: None),
    "version": ("publish", lambda subject: subject.manifest),
}
UNREADABLE = ("DF-FILE-001", "file.readable")
FAILED = ("DF-ENGINE-001", "engine.rule-failed")


@dataclass(frozen=True)
class Outcome:
    """What one rule came to on one draft or version.

    Attributes:
        rule: Its code.
        name: Its name.
        findings: Where it does not hold.
        measured: Numbers that it measured.
        untested: Why it could not be tested, or None.
        required: Whether the findings say that a step has not run, which nothing excuses.
    """

    rule: str
    name: str
    findings: tuple[Finding, ...] = ()
    measured: tuple[MeasuredValue, ...] = ()
    untested: str | None = None
    required: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "rule": self.rule,
            "name": self.name,
            "findings": [finding.to_json() for finding in self.findings],
            "measured": [value.to_json() for value in self.measured],
            "untested": self.untested,
            "required": self.required,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Outcome:
        """Return it from what `to_json` gave."""
        return Outcome(
            data["rule"],
            data["name"],
            tuple(Finding.from_json(finding) for finding in data["findings"]),
            tuple(MeasuredValue(**value) for value in data["measured"]),
            data["untested"],
            data["required"],
        )


def check(subject: Subject, rules: Sequence[Rule], *, publishing: bool) -> list[Outcome]:
    """Run rules over one subject.

    Args:
        subject: The draft or version; what is read of it is let go again.
        rules: In the order of the outcomes.
        publishing: Whether a step that has not run is an error instead of *not tested*.
    """
    subject = replace(subject)  # holds its own cache of what is read
    broken: dict[str, str | None] = {}
    outcomes = [_check_rule(subject, rule, broken, publishing=publishing) for rule in rules]
    cure = "restore the file or import the garment again"
    unreadable = [
        Finding(*UNREADABLE, Severity.ERROR, subject.name, message, cure)
        for message in dict.fromkeys(broken.values())
        if message is not None
    ]
    return [*outcomes, Outcome(*UNREADABLE, tuple(unreadable))] if unreadable else outcomes


def unreadable(name: str, failure: str) -> list[Outcome]:
    """Return the outcome for a subject of which nothing can be read."""
    cure = "restore the file, or import or publish the garment again"
    return [Outcome(*UNREADABLE, (Finding(*UNREADABLE, Severity.ERROR, name, failure, cure),))]


def _check_rule(subject: Subject, rule: Rule, broken: dict[str, str | None], *, publishing: bool) -> Outcome:
    reason = next((text for part in rule.needs if (text := _missing(subject, part))), None)
    if reason is not None and publishing and "version" not in rule.needs:
        finding = _finding(subject, rule, Defect(reason, "steps.json"), Severity.ERROR)
        return Outcome(rule.code, rule.name, (finding,), required=True)
    if reason is None:
        reason = next((text for part in rule.needs if (text := _broken(subject, part, broken))), None)
    if reason is not None:
        return Outcome(rule.code, rule.name, untested=reason)
    try:
        found = list(rule.check(subject))
    except NotTestableError as why:
        return Outcome(rule.code, rule.name, untested=str(why))
    except DressformError as error:
        broken[rule.name] = str(error)
        return Outcome(rule.code, rule.name, untested=f"unreadable: {error}")
    except Exception as error:  # one rule that fails must not keep a team from the findings of the others
        return Outcome(*FAILED, (_failure(subject, rule, error),))
    return Outcome(
        rule.code,
        rule.name,
        tuple(_finding(subject, rule, each) for each in found if isinstance(each, Defect)),
        tuple(
            MeasuredValue(rule.code, rule.name, f"{subject.name}/{each.path}", number, each.unit)
            for each in found
            if isinstance(each, Measured) and (number := _number(each.value)) is not None
        ),
    )


def _finding(subject: Subject, rule: Rule, defect: Defect, severity: Severity | None = None) -> Finding:
    return Finding(
        rule.code,
        rule.name,
        severity or rule.severity,
        f"{subject.name}/{defect.path}",
        defect.message,
        rule.cure,
        _number(defect.value),
        defect.place,
    )


def _number(value: float | None) -> float | None:
    """Return a value as a plain number that JSON can hold; None for what is not finite."""
    if value is None or not math.isfinite(value):
        return None
    number: float = np.asarray(value).item()
    return number


def _failure(subject: Subject, rule: Rule, error: Exception) -> Finding:
    text = " ".join(str(error).split())[:200]
    message = f"the rule {rule.name} failed on this asset and says nothing of it ({type(error).__name__}: {text})"
    cure = "mend the other findings first; if it stays, report it with the asset as a defect of dressform"
    return Finding(*FAILED, Severity.ERROR, subject.name, message, cure)


def _missing(subject: Subject, part: str) -> str | None:
    """Say why a part is not there yet, or None when it is."""
    step, _ = PARTS[part]
    if subject.kind == "version":
        return None
    return None if step in subject.steps else f"the step `{step}` has not run"


def _broken(subject: Subject, part: str, broken: dict[str, str | None]) -> str | None:
    """Say why a part cannot be read, or None when it can; each part is tried once."""
    if part not in broken:
        try:
            PARTS[part][1](subject)
            broken[part] = None
        except DressformError as error:
            broken[part] = str(error)
    return f"unreadable: {broken[part]}" if broken[part] is not None else None
