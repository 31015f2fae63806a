"""Baselines: findings that a team knows of, so that only new ones fail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from dressform.assets.atomic import write_bytes
from dressform.schemas.documents import dump_json, load_document
from dressform.schemas.errors import DressformError, UsageError
from dressform.schemas.gate import BASELINE_SCHEMA, BaselineDocument
from dressform.schemas.report import Finding, Gone, Severity

DRIFT = 0.05  # a known number that is not a count may move by this part of itself before it is a new finding


@dataclass(frozen=True)
class Known:
    """A known finding: its rule's code and name, its path, and the number it measured."""

    rule: str
    name: str
    path: str
    value: float | None = None

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is this one or a milder form of it: a count may fall, another number hardly moves."""
        if (self.rule, self.path) != (finding.rule, finding.path):
            return False
        if self.value is None or finding.value is None:
            return self.value is None and finding.value is None
        if float(self.value).is_integer() and float(finding.value).is_integer():
            return finding.value <= self.value
        return abs(finding.value - self.value) <= DRIFT * abs(self.value)


@dataclass
class Baseline:
    """The findings known; each excuses one finding.

    Attributes:
        known: Those not met yet.
    """

    known: list[Known] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._by_place: dict[tuple[str, str], list[Known]] = defaultdict(list)
        for each in self.known:
            self._by_place[each.rule, each.path].append(each)

    def meets(self, finding: Finding) -> bool:
        """Whether a finding is known; what it is known by is used up."""
        there = self._by_place[finding.rule, finding.path]
        fitting = [each for each in there if each.covers(finding)]
        if fitting:
            there.remove(min(fitting, key=lambda each: each.value or 0.0))  # leaves the graver ones to graver findings
        return bool(fitting)

    def gone(self, tested: Iterable[tuple[str, str]], found: Iterable[Finding]) -> list[Gone]:
        """Return what was not met on things that were tested.

        Args:
            tested: Name of a subject and code of a rule that was tested on it.
            found: What was found, known or not: a finding that grew is not gone.
        """
        still = {(finding.rule, finding.path) for finding in found}
        ran = set(tested)
        subjects = {name for name, _ in ran}
        return [
            Gone(each.rule, each.name, each.path)
            for place in sorted(self._by_place)
            for each in self._by_place[place]
            if place not in still and (_subject_of(each.path, subjects), each.rule) in ran
        ]


def _subject_of(path: str, subjects: set[str]) -> str:
    """Return the subject that a path lies in: the longest name that it begins with."""
    parts = path.split("/")
    names = ("/".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((name for name in names if name in subjects), "")


def read_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        UsageError: When the file is absent or not a baseline.
    """
    if not path.exists():
        raise UsageError(
            f"{path}: no such baseline; write one with `dressform validate TARGET --write-baseline {path}`"
        )
    try:
        document = cast("BaselineDocument", load_document("baseline", path))
    except DressformError as error:
        raise UsageError(str(error)) from None
    return Baseline([Known(**each) for each in document["findings"]])


def write_baseline(path: Path, findings: Iterable[Finding]) -> int:
    """Write the errors and warnings among findings as a baseline, sorted, and return how many there are."""
    known = [
        {"rule": each.rule, "name": each.name, "path": each.path, "value": each.value}
        for each in findings
        if each.severity is not Severity.INFO
    ]
    known.sort(key=lambda each: (each["path"], each["rule"], each["value"] or 0.0))
    write_bytes(path, dump_json({"schema": BASELINE_SCHEMA, "findings": known}))
    return len(known)
