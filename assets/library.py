"""The template library: publish drafts as immutable versions, and find the version that a range asks for."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from dressform.schemas.documents import check_document, dump_json, load_document, load_json
from dressform.schemas.errors import AssetError, UsageError
from dressform.schemas.library import TemplateEntry
from dressform.schemas.report import Report, ReportDocument
from dressform.schemas.template import DraftManifest, TemplateManifest

from .cache import data_dir
from .changes import Change, compare, content_key, level_of
from .draft_digest import combined_digest, published_files
from .hashing import file_sha256
from .manifest import make_manifest
from .semver import FIRST, Version, parse_version
from .store import Store
from .template_version import TemplateVersion
from .wear import WearSpec, check_name, parse_wear

STARTER = Path(__file__).with_name("starter")  # the read-only library that ships inside the package
MANIFEST = "template.json"
REPORT = "report.json"


@dataclass(frozen=True)
class PublishedVersion(TemplateVersion):
    """What a publish came to.

    Attributes:
        created: False when a version with the same content was there already.
        changes: What differs from the highest version before it.
    """

    created: bool = True
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Summary:
    """One template of a library: its highest version that is not yanked; `bodies` is empty for older entries."""

    name: str
    version: str
    category: str
    sizes: tuple[str, ...]
    variants: tuple[str, ...]
    bodies: tuple[str, ...] = ()


class Library:
    """A writable library folder, over read-only ones where it has none of a name."""

    def __init__(self, stores: Sequence[Store]) -> None:
        self._stores = tuple(stores)

    @classmethod
    def open(cls, path: Path | str | None = None, *, over_embedded: bool | None = None) -> Library:
        """Open a library.

        Args:
            path: Its folder, which need not exist before the first publish. None opens the default library:
                `$DRESSFORM_LIBRARY`, else one in the user's data folder.
            over_embedded: Whether templates that it lacks come from the library that ships with the package; unless
                stated, only under the default library.

        Raises:
            AssetError: When the path is something else.
        """
        named = path if path is not None else os.environ.get("DRESSFORM_LIBRARY") or data_dir() / "library"
        folder = Path(named).expanduser()
        if not Store.may_become_store(folder):
            raise AssetError(f"{folder} is not a library; name one, or a new folder to publish to")
        stores = [Store(folder)]
        layered = path is None if over_embedded is None else over_embedded
        if layered and Store.is_store(STARTER):
            stores.append(Store(STARTER))
        return cls(stores)

    @classmethod
    def embedded(cls) -> Library:
        """Open the starter library that ships with the package; it is not written to."""
        return cls([Store(STARTER)])

    @staticmethod
    def is_library(path: Path) -> bool:
        """Whether a folder is a library."""
        return Store.is_store(path)

    @property
    def folder(self) -> Path:
        """The folder that is written to."""
        return self._stores[0].folder

    def names(self) -> Sequence[str]:
        """Return the names of all templates, sorted."""
        return sorted({name for store in self._stores for name in store.names()})

    def list(self) -> Sequence[Summary]:
        """Return every template at its highest version that is not yanked."""
        entries: dict[str, TemplateEntry] = {}
        for store in reversed(self._stores):
            entries.update(store.index())
        return [row for name, entry in sorted(entries.items()) for row in _summary(name, entry)]

    def versions(self, name: str | None = None) -> Sequence[TemplateVersion]:
        """Return every version, yanked ones too, by name and number; those of one template when it is named."""
        names = self.names() if name is None else [name]
        return [
            self._load(store, each, number)
            for each in names
            for store, entry in [self._entry(each)]
            for number in _numbers(entry)
        ]

    def resolve(self, wear: str | WearSpec) -> TemplateVersion:
        """Return the highest version that fits `NAME[@RANGE][:SIZE][/VARIANT]`, with that size and look chosen.

        A yanked version is found only by its exact number.

        Raises:
            AssetError: When the library has no such template, version, size or look; says what there is.
        """
        spec = parse_wear(wear) if isinstance(wear, str) else wear
        store, entry = self._entry(spec.name)
        numbers = [number for number in _numbers(entry) if number in spec.range]
        usable = [n for n in numbers if entry["versions"][str(n)]["yanked"] is None or spec.range.exact]
        if not usable:
            there = ", ".join(_described(entry, number) for number in _numbers(entry))
            raise AssetError(f"no version of {spec.name} fits {spec.range.text!r}; there are {there}")
        version = self._load(store, spec.name, usable[-1])
        size = version.chosen_size(spec.size or version.size)
        return dataclasses.replace(version, size=size, variant=version.chosen_variant(spec.variant))

    def publish(
        self, draft: Path, report: Path | Report | ReportDocument, version: str | None = None
    ) -> PublishedVersion:
        """Make a draft an immutable version.

        Args:
            draft: The draft's folder.
            report: A validation report without errors, made for the draft as it is now.
            version: "X.Y.Z"; the number that the changes ask for when None.

        Returns:
            The version; the one that is there already when its content is the same.

        Raises:
            AssetError: When the report has errors or is for another state of the draft, a file is missing, or the
                version is too small. The library is as it was.
        """
        wanted = parse_version(version) if version is not None else None
        document, manifest, files = _prepare(draft, report)
        store = self._stores[0]
        with store.writing():
            entry = store.ref(manifest["name"]) or {"category": manifest["category"], "versions": {}}
            same = self._same(store, entry, manifest)
            if same is not None and wanted in (None, parse_version(same.version)):
                for file in files.values():
                    store.add_file(file)  # mends damaged blobs
                return PublishedVersion(**vars(same), created=False)
            numbers = _numbers(entry)
            newest = self._load(store, manifest["name"], numbers[-1]) if numbers else None
            changes = compare(newest.manifest, manifest) if newest is not None else []
            number = _next_number(newest, changes, wanted)
            manifest["version"] = str(number)
            store.add_bytes(dump_json(document))
            for path, file in files.items():
                if store.add_file(file) != manifest["files"][path]["sha256"]:
                    raise AssetError(f"{file} changed while it was published; publish again")
            self._add(store, entry, manifest, dump_json(manifest))
        return PublishedVersion(**vars(self._load(store, manifest["name"], number)), changes=tuple(changes))

    def import_version(self, folder: Path) -> TemplateVersion:
        """Take in a version that `export` wrote, with the same number and digests.

        Raises:
            AssetError: When a file is missing, extra or damaged, or the library holds other content of that number.
        """
        manifest = cast("TemplateManifest", load_document("template", folder / MANIFEST))
        data = (folder / MANIFEST).read_bytes()
        label = f"{manifest['name']}@{manifest['version']}"
        for path, wanted in manifest["files"].items():
            file = folder / path
            inside = file.resolve().is_relative_to(folder.resolve())
            if not inside or not file.is_file() or file_sha256(file) != wanted["sha256"]:
                raise AssetError(f"{folder}: {path} is missing or damaged; export {label} again")
        store = self._stores[0]
        with store.writing():
            entry = store.ref(manifest["name"]) or {"category": manifest["category"], "versions": {}}
            held = entry["versions"].get(manifest["version"])
            sha256 = store.add_bytes(data)
            if held is not None and held["manifest"] != sha256:
                raise AssetError(f"{self.folder} holds another {label}; a version is never replaced")
            if held is None:
                for path in manifest["files"]:
                    store.add_file(folder / path)
                self._add(store, entry, manifest, data)
        return self._load(store, manifest["name"], parse_version(manifest["version"]))

    def yank(self, name: str, version: str, reason: str) -> TemplateVersion:
        """Keep ranges from resolving to a version; its exact number still does, so what uses it goes on working."""
        if not reason.strip():
            raise UsageError("a yank needs a reason, so that users of the version learn what is wrong with it")
        number = parse_version(version)
        check_name(name, "yank")
        store = self._stores[0]
        with store.writing():
            entry = store.ref(name)
            if entry is None or str(number) not in entry["versions"]:
                raise AssetError(f"{self.folder} has no {name}@{version} to yank")
            entry["versions"][str(number)]["yanked"] = reason.strip()
            store.write_ref(name, entry)
        return self._load(store, name, number)

    def diff(self, old: str, new: str) -> Sequence[Change]:
        """Return what changed from one version to another, the gravest first."""
        return compare(self.resolve(old).manifest, self.resolve(new).manifest)

    def stores(self) -> tuple[Store, ...]:
        """Return the layers, the writable one first."""
        return self._stores

    def _entry(self, name: str) -> tuple[Store, TemplateEntry]:
        """Return the uppermost layer that has a template, and its versions there."""
        check_name(name, "library")
        for store in self._stores:
            entry = store.ref(name)
            if entry is not None:
                return store, entry
        names = self.names()
        if not names:
            raise AssetError(f"no template {name!r}: the library {self.folder} is empty; publish a draft to it first")
        near = difflib.get_close_matches(name, names, 1, 0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise AssetError(f"no template {name!r} in {self.folder}; there are {', '.join(names)}{hint}")

    def _load(self, store: Store, name: str, number: Version) -> TemplateVersion:
        entry = store.ref(name)
        assert entry is not None  # callers take the number from the ref
        held = entry["versions"][str(number)]
        path = store.blob_path(held["manifest"])
        if not path.is_file() or file_sha256(path) != held["manifest"]:
            raise AssetError(f"{name}@{number}: template.json is missing or damaged; run `dressform library verify`")
        manifest = cast("TemplateManifest", load_json(path))
        check_document("template", manifest, f"{name}@{number} template.json")
        if (manifest["name"], manifest["version"]) != (name, str(number)):
            raise AssetError(f"{path} is not {name}@{number}, as the library names it; run `dressform library verify`")
        files = {file: store.blob_path(entry["sha256"]) for file, entry in manifest["files"].items()}
        return TemplateVersion(
            name=name,
            version=str(number),
            manifest=manifest,
            manifest_path=path,
            digest=held["manifest"],
            files={**files, MANIFEST: path},
            size=manifest["default_size"],
            yanked=held["yanked"],
        )

    def _same(self, store: Store, entry: TemplateEntry, manifest: TemplateManifest) -> TemplateVersion | None:
        """Return the highest usable version with the same content."""
        key = content_key(manifest)
        for number in reversed(_numbers(entry)):
            version = self._load(store, manifest["name"], number)
            if version.yanked is None and content_key(version.manifest) == key:
                return version
        return None

    def _add(self, store: Store, entry: TemplateEntry, manifest: TemplateManifest, data: bytes) -> None:
        """Keep a manifest, then make the version count."""
        sha256 = store.add_bytes(data)
        entry["category"] = manifest["category"]
        entry["versions"][manifest["version"]] = {
            "manifest": sha256,
            "yanked": None,
            "sizes": list(manifest["sizes"]),
            "variants": list(manifest["variants"]),
            "bodies": list(manifest["bodies"]),
        }
        store.write_ref(manifest["name"], entry)


def _prepare(
    draft: Path, report: Path | Report | ReportDocument
) -> tuple[ReportDocument, TemplateManifest, Mapping[str, Path]]:
    """Check draft and report, and return the report, the manifest to be and the files to copy."""
    if not (draft / MANIFEST).is_file():
        raise AssetError(f"{draft} holds no draft (no {MANIFEST}); make one with `dressform garment build`")
    wanted = cast("DraftManifest", load_document("draft", draft / MANIFEST))
    document = _clean_report(report, wanted["name"])
    files = dict(published_files(draft))
    # the digest and the manifest's list come from one reading; the copies are compared with the list later
    found = combined_digest({path: file_sha256(file) for path, file in files.items()})
    if document["draft_digest"] != found:
        raise AssetError(f"{draft} changed since the report was made; run `dressform validate {draft}` again")
    del files[MANIFEST]
    data = dump_json(document)
    report_digest = hashlib.sha256(data).hexdigest()
    manifest = make_manifest(wanted, files, version="0.0.0", report_digest=report_digest)
    manifest["files"][REPORT] = {"sha256": report_digest, "bytes": len(data)}
    check_document("template", manifest, f"{draft}: the version's template.json")
    return document, manifest, files


def _clean_report(report: Path | Report | ReportDocument, name: str) -> ReportDocument:
    """Return a report as a document, or raise unless it is one without errors."""
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


def _next_number(newest: TemplateVersion | None, changes: Sequence[Change], wanted: Version | None) -> Version:
    """Return the version's number, or raise when the one asked for promises too much."""
    if newest is None:
        return wanted or FIRST
    last = parse_version(newest.version)
    least = last.bumped(level_of(changes) or "patch")
    if wanted is not None and wanted < least:
        why = changes[0].what if changes else "nothing changed"
        raise AssetError(f"{newest.name} {wanted} is too small after {last}: {why}; needed {least} or higher")
    return wanted or least


def _summary(name: str, entry: TemplateEntry) -> Iterator[Summary]:
    """Yield the summary of a template's highest version that is not yanked, if there is one."""
    usable = [str(number) for number in _numbers(entry) if entry["versions"][str(number)]["yanked"] is None]
    for number in usable[-1:]:
        held = entry["versions"][number]
        bodies = tuple(held.get("bodies", ()))
        yield Summary(name, number, entry["category"], tuple(held["sizes"]), tuple(held["variants"]), bodies)


def _numbers(entry: TemplateEntry) -> list[Version]:
    return sorted(parse_version(number) for number in entry["versions"])


def _described(entry: TemplateEntry, number: Version) -> str:
    return f"{number} (yanked)" if entry["versions"][str(number)]["yanked"] is not None else str(number)
