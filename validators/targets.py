"""What a target holds: drafts and versions, in libraries, in folders of their own, or in folders of any of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dressform.assets.draft_digest import published_files
from dressform.assets.library import Library
from dressform.assets.semver import parse_version
from dressform.assets.template_version import TemplateVersion
from dressform.schemas.documents import load_json
from dressform.schemas.errors import AssetError, DressformError, InputError, UsageError

from .subject import Subject

MANIFEST, STEPS = "template.json", "steps.json"


@dataclass(frozen=True)
class Found:
    """A draft or version that a target holds.

    Attributes:
        subject: What the rules read.
        folder: Its folder as the target was named; for a version in a library, the library's.
        watched: The files and folders that hold it: whatever changes in them changes it.
        failure: Why nothing of it can be read, or None.
    """

    subject: Subject
    folder: Path
    watched: tuple[Path, ...]
    failure: str | None = None


def find_all(targets: Sequence[Path | str], library: Path | None = None) -> list[Found]:
    """Return what several targets hold, each thing once, in the order of the targets.

    Args:
        targets: Drafts, libraries, exported versions, folders that hold any of them at any depth, or `NAME@RANGE`.
        library: Where `NAME@RANGE` is looked up; the default library when None.

    Raises:
        AssetError: When a target does not exist or holds nothing that can be validated.
    """
    found: dict[tuple[Path, str], Found] = {}
    for target in targets:
        for each in find_in(target, library):
            inside = each.subject.name if each.subject.kind == "version" else ""
            found.setdefault((each.subject.manifest_file.resolve(), inside.rpartition("/")[2]), each)
    return _told_apart(list(found.values()))


def find_in(target: Path | str, library: Path | None = None) -> list[Found]:
    """Return what one target holds, in a fixed order; arguments and errors as for `find_all`."""
    path = Path(target)
    if not path.exists():
        if "@" in str(target):
            return [_resolved(str(target), library)]
        raise AssetError(
            f"{target}: no such file or folder; name a draft, a library, a version, a folder of them, or NAME@RANGE"
        )
    here = _what_lies_in(path, "")
    if here is None:
        here = [each for folder, prefix in _walk(path) for each in _what_lies_in(folder, prefix) or ()]
    if not here:
        raise AssetError(f"{target} holds no draft, library or version; make a draft with `dressform garment build`")
    return here


def find_subjects(target: Path | str, library: Path | None = None) -> list[Subject]:
    """Return what the rules read of one target, in a fixed order; arguments and errors as for `find_all`."""
    return [each.subject for each in find_in(target, library)]


def is_draft(folder: Path) -> bool:
    """Whether a folder is a draft."""
    return (folder / STEPS).is_file()


def _walk(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield the folders below one with the prefix of their names, sorted, and nothing below what can be validated."""
    for name, folders, files in os.walk(root):
        folder = Path(name)
        if folder != root and (MANIFEST in files or STEPS in files or Library.is_library(folder)):
            folders.clear()
            yield folder, folder.relative_to(root).as_posix()
        folders[:] = sorted(each for each in folders if not each.startswith("."))


def _what_lies_in(folder: Path, name: str) -> list[Found] | None:
    """Return what a folder itself is: a draft, a version or a library; None when it is none of them."""
    if not folder.is_dir():
        raise AssetError(f"{folder} is a file; name the folder of a draft, a library or a version")
    if is_draft(folder):
        return [_draft(folder, name or folder.resolve().name)]
    if (folder / MANIFEST).is_file():
        return [_exported(folder, name)]
    if Library.is_library(folder):
        return list(_in_library(Library.open(folder), f"{name}/" if name else ""))
    return None


def _draft(folder: Path, name: str) -> Found:
    failure, reports = None, {}
    try:
        entries = json.loads((folder / STEPS).read_text(encoding="utf-8"))["steps"]
        reports = {str(entry["step"]): dict(entry.get("report") or {}) for entry in entries}
    except (KeyError, TypeError, AttributeError):
        failure = "steps.json holds no list `steps` of named steps; import the garment again"
    except (OSError, ValueError, RecursionError) as error:
        failure = f"steps.json cannot be read ({type(error).__name__}: {error}); import the garment again"
    files = published_files(folder)
    subject = Subject(name, "draft", files, frozenset(reports), folder / MANIFEST, reports)
    return Found(subject, folder, (folder,), failure)


def _exported(folder: Path, name: str) -> Found:
    """Return a version in a folder of its own, as `library export` writes it."""
    try:
        manifest = load_json(folder / MANIFEST)
        label = f"{manifest.get('name')}@{manifest.get('version')}"
    except InputError:
        label = folder.resolve().name
    files = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.resolve().is_relative_to(folder.resolve())
    }
    subject = Subject(name or label, "version", files, frozenset(), folder / MANIFEST)
    return Found(subject, folder, (folder,))


def _in_library(library: Library, prefix: str) -> Iterator[Found]:
    """Yield every version of a library; one that cannot be read does not keep the others from it."""
    (store,) = library.stores()
    for name in store.names():
        ref = store.folder / "refs" / f"{name}.json"
        try:
            entry = store.ref(name)
            numbers = sorted(entry["versions"] if entry else (), key=parse_version)
        except DressformError as error:
            yield _unreadable(f"{prefix}{name}", ref, store.folder, error)
            continue
        previous: Path | None = None
        for number in numbers:
            label = f"{prefix}{name}@{number}"
            try:
                version = library.resolve(f"{name}@{number}")
            except DressformError as error:
                yield _unreadable(label, ref, store.folder, error)
                continue
            yield _version(version, label, store.folder, previous)
            previous = previous if parse_version(number).pre else version.manifest_path


def _unreadable(label: str, ref: Path, folder: Path, error: DressformError) -> Found:
    return Found(Subject(label, "version", {}, frozenset(), ref), folder, (ref,), str(error))


def _version(version: TemplateVersion, label: str, folder: Path, previous: Path | None) -> Found:
    there = {path: file for path, file in version.files.items() if file.is_file()}
    subject = Subject(label, "version", there, frozenset(), version.manifest_path, previous=previous)
    return Found(subject, folder, (version.manifest_path, *version.files.values()))


def _resolved(wear: str, folder: Path | None) -> Found:
    """Return the version that `NAME@RANGE` means."""
    library = Library.open(folder)
    try:
        version = library.resolve(wear)
    except UsageError as error:
        raise UsageError(f"{wear}: no such file or folder, and not a template: {error}") from None
    lower = None
    for each in library.versions(version.name):
        if each.version == version.version:
            break
        lower = lower if parse_version(each.version).pre else each.manifest_path
    store = next(store for store in library.stores() if store.folder in version.manifest_path.parents)
    return _version(version, version.label, store.folder, lower)


def _told_apart(found: list[Found]) -> list[Found]:
    """Return the same with names that are not used twice: those that would be get their folder before them."""
    names = [each.subject.name for each in found]
    return [
        replace(each, subject=replace(each.subject, name=_with_folder(each))) if names.count(name) > 1 else each
        for each, name in zip(found, names, strict=True)
    ]


def _with_folder(found: Found) -> str:
    folder = found.folder.as_posix()
    inside_library = found.folder.resolve() != found.subject.manifest_file.resolve().parent
    return f"{folder}/{found.subject.name}" if inside_library else folder
