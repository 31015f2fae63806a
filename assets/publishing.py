"""What has to hold before a draft becomes a version: a clean report, a licence, and a number that keeps its promise."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from dressform.schemas.documents import check_document, dump_json, load_document
from dressform.schemas.errors import AssetError, UsageError
from dressform.schemas.report import Report, ReportDocument
from dressform.schemas.template import DraftManifest, TemplateManifest

from .changes import Change, level_of
from .draft_digest import combined_digest, published_files
from .hashing import file_sha256
from .manifest import UNSTATED, make_manifest
from .semver import FIRST, Version, next_pre_release, parse_version

MANIFEST = "template.json"
REPORT = "report.json"


def prepare(
    draft: Path, report: Path | Report | ReportDocument
) -> tuple[ReportDocument, TemplateManifest, Mapping[str, Path]]:
    """Check draft and report, and return the report, the manifest to be and the files to copy.

    Raises:
        AssetError: When the draft states no licence, or the report has errors, is empty or is for another state of it.
    """
    if not (draft / MANIFEST).is_file():
        raise AssetError(f"{draft} holds no draft (no {MANIFEST}); make one with `dressform garment build`")
    wanted = cast("DraftManifest", load_document("draft", draft / MANIFEST))
    document = _clean_report(report, wanted["name"])
    files = dict(published_files(draft))
    # the digest and the manifest's list come from one reading; the copies are compared with the list later
    found = combined_digest({path: file_sha256(file) for path, file in files.items()})
    if document["draft_digest"] != found:
        raise AssetError(f"{draft} changed since the report was made; run `dressform validate {draft}` again")
    if not document["summary"]["pass"]:
        raise AssetError(f"{draft}: the report tested nothing; make one with `dressform validate {draft}`")
    if wanted.get("licence", UNSTATED) == UNSTATED:
        raise AssetError(
            f"{draft} states no licence; set `licence` in its {MANIFEST} to an SPDX expression such as CC0-1.0, or to "
            "LicenseRef-NAME for terms of your own"
        )
    del files[MANIFEST]
    data = dump_json(document)
    report_digest = hashlib.sha256(data).hexdigest()
    manifest = make_manifest(wanted, files, version="0.0.0", report_digest=report_digest)
    manifest["files"][REPORT] = {"sha256": report_digest, "bytes": len(data)}
    check_document("template", manifest, f"{draft}: the version's template.json")
    return document, manifest, files


def wanted_number(version: str | None, pre: str | None) -> Version | None:
    """Return the number that was asked for, or None when the changes are to tell.

    Raises:
        UsageError: When it is no version, or a pre-release is asked for twice.
    """
    if version is not None and pre is not None:
        raise UsageError(f"give either the number {version} or the pre-release {pre!r}, not both")
    return parse_version(version) if version is not None else None


def base_number(numbers: Sequence[Version], wanted: Version | None) -> Version | None:
    """Return the release that a new version is compared with: the highest below its number, else the highest."""
    releases = [number for number in numbers if not number.pre]
    below = [number for number in releases if wanted is None or number < wanted]
    return max(below or releases, default=None)


def next_number(
    name: str,
    numbers: Sequence[Version],
    changes: Sequence[Change],
    *,
    wanted: Version | None = None,
    pre: str | None = None,
) -> Version:
    """Return the number of a new version.

    Args:
        name: The template, for messages.
        numbers: Those that are taken.
        changes: What differs from `base_number`.
        wanted: The number asked for, or None for the next that the changes ask for.
        pre: Word of a pre-release to be numbered, "beta", or None.

    Raises:
        AssetError: When the number asked for is taken, or promises more than the changes keep.
    """
    base = base_number(numbers, wanted)
    ahead = [number.release for number in numbers if number.pre]
    if base is None:
        least = max([FIRST, *ahead]) if wanted is None else Version(0, 0, 0)
    else:
        least = base.bumped(level_of(changes) or "patch")
    if wanted is None and pre is None:
        return least
    if wanted is None and pre is not None:
        wanted = next_pre_release(max([least, *ahead]), pre, numbers)
    assert wanted is not None
    free = f"; needed {least} or higher" if least not in numbers else "; leave the number out to get the next one"
    if wanted in numbers:
        raise AssetError(f"{name}@{wanted} is there already with other content, and a version never changes{free}")
    if wanted.release < least:
        why = changes[0].what if changes else "nothing changed"
        raise AssetError(f"{name} {wanted} is too small after {base}: {why}{free}")
    after = [number for number in numbers if number.release == wanted.release and number > wanted]
    if wanted.pre and after:
        raise AssetError(f"{name} {wanted} comes before {after[-1]}, which is there already; name one after it")
    return wanted


def _clean_report(report: Path | Report | ReportDocument, name: str) -> ReportDocument:
    """Return a report as a document, or raise unless it is one of a validation without errors."""
    if isinstance(report, Path):
        document = cast("ReportDocument", load_document("report", report))
    else:
        document = report.to_json() if isinstance(report, Report) else report
        check_document("report", document, "report")
    errors = [finding for finding in document["findings"] if finding["severity"] == "error"]
    if errors or document["summary"]["errors"]:
        first = f", first {errors[0]['rule']} {errors[0]['message']}" if errors else ""
        count = max(len(errors), document["summary"]["errors"])
        errors_found = f"{count} error{'s' if count > 1 else ''}"
        raise AssetError(f"{name} has {errors_found}{first}; mend what is wrong and run `dressform validate`")
    # where the draft lay on its maker's machine is nobody's business
    return {**document, "target": name}
