"""Rules on template.json and the files it lists."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from dressform.schemas.documents import document_errors
from dressform.schemas.report import Severity
from dressform.validators.rule import Defect, Rule
from dressform.validators.subject import Subject

UNSTATED = "LicenseRef-unstated"


def follows_schema(subject: Subject) -> Iterator[Defect]:
    """Every violation of the template schema."""
    kind = "template" if subject.kind == "version" else "draft"
    for path, message in document_errors(kind, subject.manifest):
        yield Defect(message, f"template.json {path}")


def licence_is_stated(subject: Subject) -> Iterator[Defect]:
    """When nobody said under which licence the garment may be used."""
    if subject.manifest.get("licence", UNSTATED) == UNSTATED:
        yield Defect("the licence is not stated", "template.json $.licence")


def authors_are_named(subject: Subject) -> Iterator[Defect]:
    """When no author is named."""
    if not subject.manifest.get("authors"):
        yield Defect("no author is named", "template.json $.authors")


def sizes_have_meshes(subject: Subject) -> Iterator[Defect]:
    """Every size that the manifest names and no folder holds, and the other way round."""
    named = set(subject.manifest.get("sizes", subject.sizes))
    for size in sorted(named - set(subject.sizes)):
        yield Defect(f"size {size} is named but sizes/{size}/garment.glb is not there", "template.json $.sizes")
    for size in sorted(set(subject.sizes) - named):
        yield Defect(f"sizes/{size}/garment.glb is there but size {size} is not named", f"sizes/{size}")


def _listed(subject: Subject) -> dict[str, dict[str, object]]:
    files = subject.manifest.get("files")
    return files if isinstance(files, dict) else {}


def paths_stay_inside(subject: Subject) -> Iterator[Defect]:
    """Every path that leaves the template's folder."""
    for path in [*_listed(subject), *subject.files]:
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts or "\\" in path or ":" in path:
            yield Defect(f"the path {path!r} leaves the template's folder", "template.json $.files")


def files_are_listed(subject: Subject) -> Iterator[Defect]:
    """Files that are listed and not there, or there and not listed."""
    listed, there = set(_listed(subject)), set(subject.files) - {"template.json"}
    for path in sorted(listed - there):
        yield Defect(f"{path} is listed but not there", path)
    for path in sorted(there - listed):
        yield Defect(f"{path} is there but not listed", path)


def digests_match(subject: Subject) -> Iterator[Defect]:
    """Files whose bytes are not the ones the manifest vouches for."""
    for path, entry in _listed(subject).items():
        file = subject.files.get(path)
        if file is None:
            continue
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != entry.get("sha256"):
            yield Defect(f"sha256 is {found[:12]}…, the manifest says {str(entry.get('sha256'))[:12]}…", path)


RULES = (
    Rule("DF-MANIFEST-001", "manifest.schema", Severity.ERROR, ("manifest",),
         "correct the key that the message names", follows_schema),
    Rule("DF-MANIFEST-002", "manifest.licence", Severity.WARNING, ("manifest",),
         "state an SPDX identifier: garment build --licence CC0-1.0", licence_is_stated),
    Rule("DF-MANIFEST-003", "manifest.authors", Severity.WARNING, ("manifest",),
         "name the authors: garment build --author NAME", authors_are_named),
    Rule("DF-MANIFEST-004", "manifest.sizes", Severity.ERROR, ("manifest",),
         "make `sizes` name the folders under sizes/", sizes_have_meshes),
    Rule("DF-MANIFEST-005", "manifest.paths", Severity.ERROR, ("manifest",),
         "use relative paths inside the template's folder", paths_stay_inside),
    Rule("DF-MANIFEST-006", "manifest.files", Severity.ERROR, ("version",),
         "publish the draft again; a version is never edited", files_are_listed),
    Rule("DF-MANIFEST-007", "manifest.digests", Severity.ERROR, ("version",),
         "restore the file or publish the draft again; a version is never edited", digests_match),
)  # fmt: skip
