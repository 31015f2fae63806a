"""A report as SARIF 2.1.0, for code scanning and editors.

A result has a physical location (the file, and the line where it is text), logical ones (the garment, its mesh, faces
and vertices), the measured value and the place as properties, and a picture of the defect as an attachment whose
content is in the file. Rules that could not be tested are notifications, so that no tool takes them for findings.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dressform import __version__
from dressform.schemas.report import Finding, Report, Severity
from dressform.validators.rule import Rule
from dressform.validators.rules.table import RULES
from dressform.validators.subject import Subject

from .alike import ORDER, grouped
from .exhibit import Exhibit
from .exhibits import exhibits_of
from .location import Location, locate, owner_of
from .safe_text import safe_text

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_ELEMENTS = ("faces", "vertices", "uv", "texels", "points", "layers")

Json = dict[str, Any]


def render(
    report: Report,
    subjects: Sequence[Subject] = (),
    *,
    rules: Sequence[Rule] = RULES,
    root: Path | None = None,
    pictures: int = 20,
) -> str:
    """Return a report as a SARIF log.

    Args:
        report: What a validation found.
        subjects: What was validated; without it there are no files, lines and pictures.
        rules: The rules that ran, each described in the log.
        root: Folder that the files' addresses count from, by default the working folder.
        pictures: Most findings that get one.
    """
    root = (root or Path.cwd()).resolve()
    described = {rule.code: _descriptor(rule) for rule in rules}
    for finding in (*report.findings, *(known.finding for known in report.suppressed)):
        described.setdefault(finding.rule, _stranger(finding))
    for skipped in report.not_tested:
        described.setdefault(skipped.rule, {"id": skipped.rule, "name": skipped.name})
    numbers = {code: number for number, code in enumerate(described)}
    shown = _pictures(report, subjects, pictures)
    artifacts: list[Json] = []
    results = _results(report, subjects, shown, numbers, root, artifacts)
    run: Json = {
        "tool": {
            "driver": {
                "name": "dressform",
                "semanticVersion": __version__,
                "rules": list(described.values()),
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _not_tested(report, numbers)}],
        "results": results,
        "artifacts": artifacts,
        "properties": {
            "target": safe_text(report.target),
            "summary": report.summary(),
            "measured": _measured(report),
            "profile": safe_text(report.profile),
            "gone": [plain(each.to_json()) for each in report.gone],
        },
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, allow_nan=False) + "\n"


def _results(
    report: Report,
    subjects: Sequence[Subject],
    shown: Mapping[int, Sequence[Exhibit]],
    numbers: Mapping[str, int],
    root: Path,
    artifacts: list[Json],
) -> list[Json]:
    """Return the findings, those that do not count last; adds their pictures to `artifacts`."""
    names = [subject.name for subject in report.subjects]
    results = []
    attached: dict[bytes, Json] = {}
    for finding in report.findings:
        result = _result(finding, locate(finding, subjects, names), numbers[finding.rule], root)
        for exhibit in shown.get(id(finding), ()):
            if exhibit.content not in attached:
                attached[exhibit.content] = _attach(exhibit, finding, artifacts)
            result.setdefault("attachments", []).append(attached[exhibit.content])
        results.append(result)
    for known in report.suppressed:
        result = _result(known.finding, locate(known.finding, subjects, names), numbers[known.finding.rule], root)
        until = f" (until {known.until})" if known.until else ""
        result["suppressions"] = [
            {"kind": "external", "justification": f"{known.kind}: {safe_text(known.reason)}{until}"}
        ]
        results.append(result)
    return results


def _pictures(report: Report, subjects: Sequence[Subject], most: int) -> dict[int, list[Exhibit]]:
    """Return the pictures of the gravest findings by the finding's identity; those alike share theirs."""
    names = [subject.name for subject in report.subjects]
    groups: dict[str, list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault(owner_of(finding.path, names), []).append(finding)
    together = [alike for own in groups.values() for alike in grouped(own)]
    found: dict[int, list[Exhibit]] = {}
    drawn = 0
    for alike in sorted(together, key=lambda each: ORDER.index(each[0].severity)):
        if drawn >= most:
            break
        exhibits = exhibits_of(alike[0], locate(alike[0], subjects, names))
        drawn += bool(exhibits)
        found.update({id(finding): exhibits for finding in alike if exhibits})
    return found


def _descriptor(rule: Rule) -> Json:
    what = " ".join((rule.check.__doc__ or rule.name).split("\n\n")[0].split())
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": what},
        "fullDescription": {"text": f"{what} Cure: {rule.cure}."},
        "help": {"text": f"{what}\n\nCure: {rule.cure}.", "markdown": f"{what}\n\n**Cure:** {rule.cure}."},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"tags": [rule.group]},
    }


def _stranger(finding: Finding) -> Json:
    """Describe a rule that is not in the table, such as that a file cannot be read."""
    return {
        "id": finding.rule,
        "name": finding.name,
        "shortDescription": {"text": finding.name},
        "help": {"text": f"Cure: {safe_text(finding.cure)}."},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
    }


def _result(finding: Finding, location: Location, index: int, root: Path) -> Json:
    place = dict(finding.place or {})
    identity = json.dumps([finding.rule, finding.path, place], sort_keys=True)
    properties: Json = {"path": safe_text(finding.path), "cure": safe_text(finding.cure)}
    if finding.value is not None:
        properties["value"] = plain(finding.value)
    if place:
        properties["place"] = plain(place)
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": _message(f"{finding.message}. Cure: {finding.cure}.")},
        "locations": [
            {"physicalLocation": _physical(location, root), "logicalLocations": _logical(finding, location, place)}
        ],
        "partialFingerprints": {"dressformPlace/v1": hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()},
        "properties": properties,
    }


def _message(text: str) -> str:
    """Return safe text in which no viewer finds an embedded link (SARIF 2.1.0, section 3.11.6)."""
    return safe_text(text).replace("](", "] (")


def _physical(location: Location, root: Path) -> Json:
    if location.file is None:
        artifact: Json = {"uri": quote(safe_text(f"{location.name}/{location.path}".rstrip("/")))}
    else:
        file = location.file.resolve()
        inside = file.is_relative_to(root)
        artifact = (
            {"uri": quote(os.fsencode(file.relative_to(root).as_posix())), "uriBaseId": "%SRCROOT%"}
            if inside
            else {"uri": file.as_uri()}
        )
    # code scanning shows no result without a line, so that of a mesh or a picture is the first
    return {"artifactLocation": artifact, "region": {"startLine": location.line or 1}}


def _logical(finding: Finding, location: Location, place: Mapping[str, object]) -> list[Json]:
    """Name the garment, the part of it, and every face, vertex, UV or texel that the finding names."""
    garment = safe_text(location.name)
    whole = safe_text(finding.path)
    named = [{"name": garment, "fullyQualifiedName": garment, "kind": "module"}]
    if location.path:
        named.append({"name": safe_text(location.path), "fullyQualifiedName": whole, "kind": "object"})
    for kind in _ELEMENTS:
        ids = place.get(kind)
        for each in ids if isinstance(ids, list) else []:
            text = safe_text(each if isinstance(each, str) else json.dumps(each, separators=(",", ":")))
            named.append({"name": f"{kind} {text}", "fullyQualifiedName": f"{whole}/{kind}/{text}", "kind": "element"})
    return list({each["fullyQualifiedName"]: each for each in named}.values())


def _attach(exhibit: Exhibit, finding: Finding, artifacts: list[Json]) -> Json:
    """Add a picture to the log's artifacts and return the attachment that refers to it."""
    index = len(artifacts)
    uri = f"pictures/{index:03}-{finding.rule}.{exhibit.suffix}"
    content = base64.b64encode(exhibit.content).decode("ascii")
    artifacts.append(
        {
            "location": {"uri": uri, "index": index},
            "mimeType": exhibit.mime,
            "length": len(exhibit.content),
            "contents": {"binary": content},
            "roles": ["attachment"],
        }
    )
    return {"description": {"text": exhibit.caption}, "artifactLocation": {"uri": uri, "index": index}}


def _not_tested(report: Report, numbers: Mapping[str, int]) -> list[Json]:
    return [
        {
            "level": "note",
            "message": {"text": f"not tested: {safe_text(skipped.reason)}"},
            "associatedRule": {"id": skipped.rule, "index": numbers[skipped.rule]},
        }
        for skipped in report.not_tested
    ]


def plain(value: object) -> Any:
    """Return a value as strict JSON holds it: text made safe, and null for numbers that are not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, Mapping):
        return {safe_text(str(key)): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def _measured(report: Report) -> list[Json]:
    return [
        {"rule": each.rule, "path": safe_text(each.path), "value": plain(each.value), "unit": safe_text(each.unit)}
        for each in report.measured
    ]
