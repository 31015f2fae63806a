"""Runs every rule over drafts, versions and libraries and gathers what they find."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dressform.assets.draft_digest import draft_digest, published_files
from dressform.assets.library import Library
from dressform.assets.template_version import TemplateVersion
from dressform.schemas.errors import AssetError, DressformError
from dressform.schemas.report import Finding, MeasuredValue, NotTested, Report, Severity

from .rule import Defect, Measured, NotTestableError, Rule
from .rules.table import RULES
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
_UNREADABLE = ("DF-FILE-001", "file.readable")


def validate(
    target: Path | str, *, publishing: bool = False, sweep: bool = False, rules: Sequence[Rule] = RULES
) -> Report:
    """Validate a draft, a library (every version in it), or a folder of drafts.

    Args:
        target: The folder.
        publishing: Whether a step that has not run is an error, as it is before publishing, instead of *not tested*.
        sweep: Whether the garment is moved over poses and bodies too, which takes seconds for each.
        rules: The rules to run.

    Raises:
        AssetError: When there is nothing at the target that can be validated.
    """
    target = Path(target)
    subjects = find_subjects(target)
    report = Report(target=str(target), draft_digest=draft_digest(target) if _is_draft(target) else None)
    for subject in subjects:
        check_subject(subject, report, rules, publishing=publishing, sweep=sweep)
    return report


def find_subjects(target: Path) -> list[Subject]:
    """Return what a target holds, in a fixed order."""
    if not target.exists():
        raise AssetError(f"{target}: no such file or folder; name a draft, a library or a folder of drafts")
    if _is_draft(target):
        return [_draft(target)]
    if Library.is_library(target):
        library = Library.open(target)
        return [_version(version) for version in library.versions()]
    drafts = sorted(path.parent for path in target.glob("*/steps.json")) if target.is_dir() else []
    if not drafts:
        raise AssetError(f"{target} holds no draft, library or version; make a draft with `dressform garment build`")
    return [_draft(folder) for folder in drafts]


def _version(version: TemplateVersion) -> Subject:
    there = {path: file for path, file in version.files.items() if file.is_file()}
    return Subject(version.label, "version", there, frozenset(), version.manifest_path)


def _is_draft(folder: Path) -> bool:
    return (folder / "steps.json").is_file()


def _draft(folder: Path) -> Subject:
    try:
        entries = json.loads((folder / "steps.json").read_text())["steps"]
        reports = {str(entry["step"]): dict(entry.get("report") or {}) for entry in entries}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AssetError(f"{folder}/steps.json cannot be read ({error}); import the garment again") from error
    return Subject(folder.name, "draft", published_files(folder), frozenset(reports), folder / "template.json", reports)


def check_subject(subject: Subject, report: Report, rules: Iterable[Rule], *, publishing: bool, sweep: bool) -> None:
    """Run rules over one subject and add what they find to a report."""
    broken: dict[str, str] = {}
    for rule in rules:
        if rule.slow and not sweep:
            report.not_tested.append(NotTested(rule.code, rule.name, f"{subject.name}: no sweep was asked for"))
            continue
        reason = next((text for part in rule.needs if (text := _missing(subject, part))), None)
        if reason is not None and publishing and "version" not in rule.needs:
            report.add(_finding(subject, rule, Severity.ERROR, reason, "steps.json"))
            continue
        if reason is None:
            reason = next((text for part in rule.needs if (text := _broken(subject, part, broken))), None)
        if reason is not None:
            report.not_tested.append(NotTested(rule.code, rule.name, f"{subject.name}: {reason}"))
            continue
        try:
            found = list(rule.check(subject))
        except NotTestableError as why:
            report.not_tested.append(NotTested(rule.code, rule.name, f"{subject.name}: {why}"))
            continue
        defects = [each for each in found if isinstance(each, Defect)]
        for defect in defects:
            report.add(_finding(subject, rule, rule.severity, defect.message, defect.path, defect.value, defect.place))
        report.measured += [
            MeasuredValue(rule.code, rule.name, f"{subject.name}/{each.path}", each.value, each.unit)
            for each in found
            if isinstance(each, Measured)
        ]
        if not defects:
            report.passed += 1
    for message in dict.fromkeys(broken.values()):
        cure = "restore the file or import the garment again"
        report.add(Finding(*_UNREADABLE, Severity.ERROR, subject.name, message, cure))


def _finding(
    subject: Subject,
    rule: Rule,
    severity: Severity,
    message: str,
    path: str,
    value: float | None = None,
    place: dict[str, object] | None = None,
) -> Finding:
    return Finding(rule.code, rule.name, severity, f"{subject.name}/{path}", message, rule.cure, value, place)


def _missing(subject: Subject, part: str) -> str | None:
    """Say why a part is not there yet, or None when it is."""
    step, _ = PARTS[part]
    if subject.kind == "version":
        return None
    return None if step in subject.steps else f"the step `{step}` has not run"


def _broken(subject: Subject, part: str, broken: dict[str, str]) -> str | None:
    """Say why a part cannot be read, or None when it can; each part is tried once."""
    if part not in broken:
        try:
            PARTS[part][1](subject)
        except DressformError as error:
            broken[part] = str(error)
    return f"unreadable: {broken[part]}" if part in broken else None
