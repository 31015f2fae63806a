"""Reads a whole library and says what is damaged, missing or not signed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dressform.schemas.errors import AssetError, DressformError
from dressform.schemas.library import VersionEntry
from dressform.schemas.progress import Progress, silent
from dressform.schemas.report import Finding, Report, Severity

from .entry import differing_keys
from .hashing import file_sha256
from .library import Library
from .signing import TrustedKeys, holds
from .store import Store
from .template_version import TemplateVersion

RULES = {
    "DF-LIBRARY-001": ("library.ref", Severity.ERROR, "restore the ref from a copy of the library"),
    "DF-LIBRARY-002": ("library.manifest", Severity.ERROR, "restore the blob from a copy of the library"),
    "DF-LIBRARY-003": ("library.file", Severity.ERROR, "restore the blob, or publish or import the version again"),
    "DF-LIBRARY-004": ("library.blob", Severity.ERROR, "restore the blob, or publish or import the version again"),
    "DF-LIBRARY-005": ("library.loose", Severity.INFO, "nothing refers to it; `dressform library gc` removes it"),
    "DF-LIBRARY-006": ("library.entry", Severity.ERROR, "restore the ref from a copy of the library"),
    "DF-LIBRARY-007": ("library.signature", Severity.ERROR, "do not use it before its maker has said what happened"),
    "DF-LIBRARY-008": (
        "library.untrusted",
        Severity.ERROR,
        "have it signed with `dressform library sign`",
    ),
}
_SHA256 = re.compile("[0-9a-f]{64}")


def verify(library: Library, progress: Progress = silent, *, trusted: TrustedKeys | None = None) -> Report:
    """Hash every blob of a library and check every ref, manifest and signature against them.

    Args:
        library: All its layers are read; it may be written to meanwhile.
        progress: Is told how much of the bytes are read.
        trusted: Keys one of which must have signed every version of the uppermost layer; the starter library below
            comes with the package and stands or falls with it.

    Returns:
        A report: an error for each damaged, missing or unreadable thing, a note for each blob that nothing refers to.

    Raises:
        AssetError: When there is no library, which is not the same as a sound one.
    """
    if not any(Store.is_store(store.folder) for store in library.stores()):
        raise AssetError(f"{library.folder} is not a library yet; name one, or publish a draft to it first")
    report = Report(target=str(library.folder))
    for i, store in enumerate(library.stores()):
        check = _Check(store, trusted if i == 0 else None)
        check.run(report, progress)
    return report


@dataclass
class _Check:
    """One layer's check.

    Attributes:
        store: The layer.
        trusted: As `verify` has it.
        entries: Versions as the refs have them, read before any blob, so that none is half seen.
        sound: sha256 of every blob that is what its name says.
        referred: sha256 of every blob that a version needs.
    """

    store: Store
    trusted: TrustedKeys | None
    entries: dict[tuple[str, str], VersionEntry] = field(default_factory=dict)
    sound: set[str] = field(default_factory=set)
    referred: set[str] = field(default_factory=set)

    def run(self, report: Report, progress: Progress) -> None:
        """Add to a report what is wrong."""
        report.findings += self._read_refs()
        damaged = list(self._hash_blobs(progress))
        for (name, number), held in self.entries.items():
            defects = list(self._version(name, number, held))
            report.findings += defects
            report.passed += not defects
        report.findings += damaged
        for loose in sorted(self.sound - self.referred):
            report.add(self._finding("DF-LIBRARY-005", f"blobs/{loose[:12]}", "no version refers to this blob"))
        progress(1.0, "verified")

    def _read_refs(self) -> Iterator[Finding]:
        for name in self.store.names():
            try:
                entry = self.store.ref(name)
            except DressformError as error:
                yield self._finding("DF-LIBRARY-001", f"refs/{name}.json", str(error))
                continue
            for number, held in (entry["versions"] if entry else {}).items():
                self.entries[name, number] = held

    def _hash_blobs(self, progress: Progress) -> Iterator[Finding]:
        blobs = list(self.store.blobs())
        for i, path in enumerate(blobs):
            progress(i / len(blobs), f"hashing {path.name[:12]}")
            where = f"blobs/{path.name[:12]}"
            if not _SHA256.fullmatch(path.name) or path != self.store.blob_path(path.name):
                yield self._finding("DF-LIBRARY-004", where, "it does not lie where its name says")
                continue
            try:
                whole = file_sha256(path) == path.name
            except FileNotFoundError:
                continue  # freed by `gc` meanwhile; a version that needs it says so
            except OSError as error:
                yield self._finding("DF-LIBRARY-004", where, f"it cannot be read ({error.strerror})")
                continue
            if whole:
                self.sound.add(path.name)
            else:
                yield self._finding("DF-LIBRARY-004", where, "the content is not its sha256")

    def _version(self, name: str, number: str, held: VersionEntry) -> Iterator[Finding]:
        label = f"{name}@{number}"
        self.referred.add(held["manifest"])
        yield from self._signatures(name, number, held)
        try:
            version = Library([self.store]).resolve(label)
        except DressformError as error:
            yield self._finding("DF-LIBRARY-002", label, str(error))
            return
        wrong = differing_keys(held, version.manifest)
        if wrong:
            message = f"its ref has other {', '.join(wrong)} than its template.json"
            yield self._finding("DF-LIBRARY-006", label, message)
        yield from self._files(version)

    def _files(self, version: TemplateVersion) -> Iterator[Finding]:
        for path, entry in version.manifest["files"].items():
            self.referred.add(entry["sha256"])
            blob = version.files[path]
            if entry["sha256"] not in self.sound:
                message = "its content is not its sha256" if blob.is_file() else "its blob is missing"
                yield self._finding("DF-LIBRARY-003", f"{version.label}/{path}", message)
            elif blob.stat().st_size != entry["bytes"]:
                message = f"it has {blob.stat().st_size} bytes, template.json says {entry['bytes']}"
                yield self._finding("DF-LIBRARY-003", f"{version.label}/{path}", message)

    def _signatures(self, name: str, number: str, held: VersionEntry) -> Iterator[Finding]:
        label = f"{name}@{number}"
        for each in held.get("signatures", []):
            if not holds(each, name, number, held["manifest"]):
                message = f"the signature of the key {each['key'][:16]} is for something else"
                yield self._finding("DF-LIBRARY-007", label, message)
        if self.trusted is not None and not self.trusted.who(name, number, held):
            keys = ", ".join(each["key"][:16] for each in held.get("signatures", [])) or "nobody"
            yield self._finding("DF-LIBRARY-008", label, f"no trusted key signed it; signed by {keys}")

    def _finding(self, rule: str, path: str, message: str) -> Finding:
        name, severity, cure = RULES[rule]
        return Finding(rule, name, severity, f"{self.store.folder}: {path}", message, cure)
