"""What a validation found: findings, what could not be tested, and their sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NotRequired, TypedDict

SCHEMA = "dressform/report/1"


class Severity(Enum):
    """How much a finding matters; an error keeps a draft from being published."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class FindingDocument(TypedDict):
    """A finding as report.schema.json has it."""

    rule: str
    name: str
    severity: str
    path: str
    message: str
    cure: str
    value: float | None
    place: dict[str, Any] | None


class NotTestedDocument(TypedDict):
    """A rule that could not be tested, as report.schema.json has it."""

    rule: str
    name: str
    reason: str


class MeasuredDocument(TypedDict):
    """A number that a rule measured, as report.schema.json has it."""

    rule: str
    name: str
    path: str
    value: float
    unit: str


class SubjectDocument(TypedDict):
    """A draft or version that was validated, as report.schema.json has it."""

    name: str
    kind: str
    path: str


class SuppressedDocument(TypedDict):
    """A finding that does not count, as report.schema.json has it."""

    finding: FindingDocument
    kind: str
    reason: str
    until: str | None


class GoneDocument(TypedDict):
    """A known finding that is no longer found, as report.schema.json has it."""

    rule: str
    name: str
    path: str


# `pass` is a Python keyword, hence this form
SummaryDocument = TypedDict(
    "SummaryDocument", {"pass": int, "fail": int, "not_tested": int, "errors": int, "warnings": int}
)


class ReportDocument(TypedDict):
    """A report as report.schema.json has it."""

    schema: str
    target: str
    draft_digest: str | None
    summary: SummaryDocument
    findings: list[FindingDocument]
    not_tested: list[NotTestedDocument]
    measured: NotRequired[list[MeasuredDocument]]
    profile: NotRequired[str]
    subjects: NotRequired[list[SubjectDocument]]
    suppressed: NotRequired[list[SuppressedDocument]]
    gone: NotRequired[list[GoneDocument]]


@dataclass(frozen=True)
class Finding:
    """One place where a rule does not hold.

    Attributes:
        rule: Stable code, "DF-MESH-003".
        name: "mesh.degenerate".
        severity: How much it matters.
        path: Where: file or JSON path.
        message: What is wrong, what was needed and what was found.
        cure: What mends it.
        value: The measured number, if there is one.
        place: Where on the asset (size, faces, points …), JSON values.
    """

    rule: str
    name: str
    severity: Severity
    path: str
    message: str
    cure: str
    value: float | None = None
    place: Mapping[str, object] | None = None

    def to_json(self) -> FindingDocument:
        """Return the finding as JSON values."""
        return {
            "rule": self.rule,
            "name": self.name,
            "severity": self.severity.value,
            "path": self.path,
            "message": self.message,
            "cure": self.cure,
            "value": self.value,
            "place": dict(self.place) if self.place is not None else None,
        }

    @staticmethod
    def from_json(data: FindingDocument) -> Finding:
        """Return the finding of a checked document."""
        return Finding(
            rule=data["rule"],
            name=data["name"],
            severity=Severity(data["severity"]),
            path=data["path"],
            message=data["message"],
            cure=data["cure"],
            value=data["value"],
            place=data["place"],
        )


@dataclass(frozen=True)
class NotTested:
    """A rule that could not be tested, and why."""

    rule: str
    name: str
    reason: str

    def to_json(self) -> NotTestedDocument:
        """Return it as JSON values."""
        return {"rule": self.rule, "name": self.name, "reason": self.reason}


@dataclass(frozen=True)
class MeasuredValue:
    """A number that a rule measured, whether or not it held.

    Attributes:
        rule: Code of the rule.
        name: Its name.
        path: Where it was measured.
        value: The number.
        unit: "m", "%", "px", "triangles" …
    """

    rule: str
    name: str
    path: str
    value: float
    unit: str

    def to_json(self) -> MeasuredDocument:
        """Return it as JSON values."""
        return {"rule": self.rule, "name": self.name, "path": self.path, "value": self.value, "unit": self.unit}


@dataclass(frozen=True)
class SubjectEntry:
    """A draft or version that was validated.

    Attributes:
        name: What the paths of its findings begin with.
        kind: "draft" or "version".
        path: Its folder, as the target was named; for a version in a library, the library's folder.
    """

    name: str
    kind: str
    path: str

    def to_json(self) -> SubjectDocument:
        """Return it as JSON values."""
        return {"name": self.name, "kind": self.kind, "path": self.path}


@dataclass(frozen=True)
class Suppressed:
    """A finding that does not count.

    Attributes:
        finding: What was found.
        kind: "ignored" by the profile, or "known" from the baseline.
        reason: Why.
        until: Last day on which it is ignored, YYYY-MM-DD; None for a known one.
    """

    finding: Finding
    kind: str
    reason: str
    until: str | None = None

    def to_json(self) -> SuppressedDocument:
        """Return it as JSON values."""
        return {"finding": self.finding.to_json(), "kind": self.kind, "reason": self.reason, "until": self.until}

    @staticmethod
    def from_json(data: SuppressedDocument) -> Suppressed:
        """Return it from a checked document."""
        return Suppressed(Finding.from_json(data["finding"]), data["kind"], data["reason"], data["until"])


@dataclass(frozen=True)
class Gone:
    """A finding that the baseline knows and that is no longer there; `path` is where it was."""

    rule: str
    name: str
    path: str

    def to_json(self) -> GoneDocument:
        """Return it as JSON values."""
        return {"rule": self.rule, "name": self.name, "path": self.path}


@dataclass
class Report:
    """The outcome of a validation; grows while the rules run.

    Attributes:
        target: What was validated.
        draft_digest: Digest of the draft that the report is bound to; None for anything but one draft.
        passed: Number of rules that held, counted per thing validated.
        findings: In the order found.
        not_tested: Rules that could not run.
        measured: Numbers that rules measured.
        profile: Name of the profile that it was held to.
        subjects: The drafts and versions that were validated.
        suppressed: Findings that do not count, and why.
        gone: Known findings that are no longer there; the baseline may be written anew.
    """

    target: str
    draft_digest: str | None = None
    passed: int = 0
    findings: list[Finding] = field(default_factory=list)
    not_tested: list[NotTested] = field(default_factory=list)
    measured: list[MeasuredValue] = field(default_factory=list)
    profile: str = "default"
    subjects: list[SubjectEntry] = field(default_factory=list)
    suppressed: list[Suppressed] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        self.findings.append(finding)

    def summary(self) -> SummaryDocument:
        """Return the sums: rules passed, findings by severity, rules not tested."""
        severities = [finding.severity for finding in self.findings]
        return {
            "pass": self.passed,
            "fail": len(severities),
            "not_tested": len(self.not_tested),
            "errors": severities.count(Severity.ERROR),
            "warnings": severities.count(Severity.WARNING),
        }

    def to_json(self) -> ReportDocument:
        """Return the report as JSON values; two runs over the same content give the same document."""
        return {
            "schema": SCHEMA,
            "target": self.target,
            "draft_digest": self.draft_digest,
            "summary": self.summary(),
            "findings": [finding.to_json() for finding in self.findings],
            "not_tested": [skipped.to_json() for skipped in self.not_tested],
            "measured": [value.to_json() for value in self.measured],
            "profile": self.profile,
            "subjects": [subject.to_json() for subject in self.subjects],
            "suppressed": [each.to_json() for each in self.suppressed],
            "gone": [each.to_json() for each in self.gone],
        }

    @staticmethod
    def from_json(data: ReportDocument) -> Report:
        """Return the report of a checked document."""
        return Report(
            target=data["target"],
            draft_digest=data["draft_digest"],
            passed=data["summary"]["pass"],
            findings=[Finding.from_json(finding) for finding in data["findings"]],
            not_tested=[NotTested(**skipped) for skipped in data["not_tested"]],
            measured=[MeasuredValue(**value) for value in data.get("measured", [])],
            profile=data.get("profile", "default"),
            subjects=[SubjectEntry(**subject) for subject in data.get("subjects", [])],
            suppressed=[Suppressed.from_json(each) for each in data.get("suppressed", [])],
            gone=[Gone(**each) for each in data.get("gone", [])],
        )

    @staticmethod
    def merged(reports: Iterable[Report]) -> Report:
        """Return one report of several; it is bound to a draft only when it is one report's."""
        all_reports = list(reports)
        total = Report(target=", ".join(report.target for report in all_reports))
        if len(all_reports) == 1:
            total.draft_digest = all_reports[0].draft_digest
        if all_reports:
            total.profile = all_reports[0].profile
        for report in all_reports:
            total.passed += report.passed
            total.findings += report.findings
            total.not_tested += report.not_tested
            total.measured += report.measured
            total.subjects += report.subjects
            total.suppressed += report.suppressed
            total.gone += report.gone
        return total
