"""Reads a whole library and says what is damaged."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dressform.schemas.errors import DressformError
from dressform.schemas.progress import Progress, silent
from dressform.schemas.report import Finding, Report, Severity

from .hashing import file_sha256
from .library import Library
from .store import Store

RULES = {
    "DF-LIBRARY-001": ("library.ref", Severity.ERROR, "restore the ref from a copy of the library"),
    "DF-LIBRARY-002": ("library.manifest", Severity.ERROR, "restore the blob from a copy of the library"),
    "DF-LIBRARY-003": ("library.file", Severity.ERROR, "restore the blob, or publish or import the version again"),
    "DF-LIBRARY-004": ("library.blob", Severity.ERROR, "restore the blob, or publish or import the version again"),
    "DF-LIBRARY-005": ("library.loose", Severity.INFO, "nothing refers to it; it may be deleted"),
}
_SHA256 = re.compile("[0-9a-f]{64}")


def verify(library: Library, progress: Progress = silent) -> Report:
    """Hash every blob of a library and check every ref and manifest against them.

    Returns:
        A report: an error for each damaged, missing or unreadable thing, a note for each blob that nothing refers to.
    """
    report = Report(target=str(library.folder))
    for store in library.stores():
        _verify_store(store, report, progress)
    return report


def _verify_store(store: Store, report: Report, progress: Progress) -> None:
    sound: set[str] = set()
    blobs = list(store.blobs())
    for i, path in enumerate(blobs):
        progress(i / len(blobs), f"hashing {path.name[:12]}")
        if _SHA256.fullmatch(path.name) and file_sha256(path) == path.name:
            sound.add(path.name)
        else:
            report.add(_finding("DF-LIBRARY-004", store, f"blobs/{path.name[:12]}", "the content is not its sha256"))
    referred: set[str] = set()
    for name in store.names():
        try:
            entry = store.ref(name)
        except DressformError as error:
            report.add(_finding("DF-LIBRARY-001", store, f"refs/{name}.json", str(error)))
            continue
        for number, held in (entry["versions"] if entry else {}).items():
            referred.add(held["manifest"])
            defects = list(_verify_version(store, name, number, sound, referred))
            report.findings += defects
            report.passed += not defects
    for loose in sorted(sound - referred):
        report.add(_finding("DF-LIBRARY-005", store, f"blobs/{loose[:12]}", "no version refers to this blob"))
    progress(1.0, "verified")


def _verify_version(store: Store, name: str, number: str, sound: set[str], referred: set[str]) -> Iterator[Finding]:
    label = f"{name}@{number}"
    try:
        (version,) = [v for v in Library([store]).versions(name) if v.version == number]
    except DressformError as error:
        yield _finding("DF-LIBRARY-002", store, label, str(error))
        return
    for path, entry in version.manifest["files"].items():
        referred.add(entry["sha256"])
        if entry["sha256"] not in sound:
            there = version.files[path].is_file()
            message = "its content is not its sha256" if there else "its blob is missing"
            yield _finding("DF-LIBRARY-003", store, f"{label}/{path}", message)


def _finding(rule: str, store: Store, path: str, message: str) -> Finding:
    name, severity, cure = RULES[rule]
    return Finding(rule, name, severity, f"{store.folder}: {path}", message, cure)
