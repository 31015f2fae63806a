"""The template library: publish drafts as immutable versions, and find the version that a range asks for."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from dressform.schemas.documents import check_document, dump_json, load_document, load_json
from dressform.schemas.errors import AssetError, UsageError
from dressform.schemas.library import TemplateEntry
from dressform.schemas.report import Report, ReportDocument
from dressform.schemas.template import TemplateManifest

from .cache import data_dir
from .changes import Change, compare, content_key
from .entry import version_entry
from .hashing import file_sha256
from .publishing import MANIFEST, base_number, next_number, prepare, wanted_number
from .resolve import choose, newest, numbers_of
from .semver import Version, parse_version
from .signing import Signer, add_signatures
from .sizes import ordered_sizes
from .store import Store
from .template_version import TemplateVersion
from .wear import WearSpec, check_name, parse_wear

STARTER = Path(__file__).with_name("starter")  # the read-only library that ships inside the package


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

    def covers(self, name: str) -> bool:
        """Whether its own template hides one of the same name, with all versions, in the library below it."""
        own, *below = self._stores
        return name in own.names() and any(name in store.names() for store in below)

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
            for number in numbers_of(entry)
        ]

    def resolve(self, wear: str | WearSpec, bodies: Iterable[str] = ()) -> TemplateVersion:
        """Return the highest version that fits `NAME[@RANGE][:SIZE][/VARIANT]`, with that size and look chosen.

        A yanked version is found only by its exact number, a pre-release only when the range names one.

        Args:
            wear: What is asked for.
            bodies: Body families that have to be able to wear it.

        Raises:
            AssetError: When no version will do; says of each what stands against it.
        """
        (version,) = self.resolve_all([wear], bodies)
        return version

    def resolve_all(self, wears: Iterable[str | WearSpec], bodies: Iterable[str] = ()) -> Sequence[TemplateVersion]:
        """Return a version for each of several demands: one version a template, which all demands on it allow.

        Raises:
            AssetError: When the demands cannot be met together; names every conflict.
        """
        specs = [parse_wear(wear) if isinstance(wear, str) else wear for wear in wears]
        families = tuple(bodies)
        chosen: dict[str, TemplateVersion] = {}
        conflicts: list[str] = []
        for name in dict.fromkeys(spec.name for spec in specs):
            store, entry = self._entry(name)
            try:
                number = choose(entry, [spec for spec in specs if spec.name == name], families)
            except AssetError as error:
                conflicts.append(str(error))
                continue
            chosen[name] = self._load(store, name, number)
        if conflicts:
            raise AssetError(" | ".join(conflicts))
        return [_worn(chosen[spec.name], spec) for spec in specs]

    def publish(
        self,
        draft: Path,
        report: Path | Report | ReportDocument,
        version: str | None = None,
        *,
        pre: str | None = None,
        signer: Signer | None = None,
    ) -> PublishedVersion:
        """Make a draft an immutable version.

        Args:
            draft: The draft's folder.
            report: A validation report without errors, made for the draft as it is now.
            version: "X.Y.Z" or "X.Y.Z-PRE"; the number that the changes ask for when None.
            pre: Makes it the next pre-release of this name, "beta", of the number that the changes ask for.
            signer: Signs it, so that it never is there unsigned.

        Returns:
            The version; the one that is there already when its content is the same.

        Raises:
            AssetError: When the report has errors or is for another state of the draft, a file or the licence is
                missing, or the number is taken or too small. The library is as it was.
        """
        wanted = wanted_number(version, pre)
        document, manifest, files = prepare(draft, report)
        store = self._stores[0]
        with store.writing():
            entry = store.ref(manifest["name"]) or {"category": manifest["category"], "versions": {}}
            same = self._same(store, entry, manifest)
            if same is not None and wanted in (None, parse_version(same.version)):
                for file in files.values():
                    store.add_file(file)  # mends damaged blobs
                held = entry["versions"][same.version]
                if signer is not None and add_signatures(held, [signer.sign(same.name, same.version, same.digest)]):
                    store.write_ref(same.name, entry)
                return PublishedVersion(**vars(same), created=False)
            numbers = numbers_of(entry)
            base = base_number(numbers, wanted)
            before = self._load(store, manifest["name"], base) if base is not None else None
            changes = compare(before.manifest, manifest) if before is not None else []
            number = next_number(manifest["name"], numbers, changes, wanted=wanted, pre=pre)
            manifest["version"] = str(number)
            store.add_bytes(dump_json(document))
            for path, file in files.items():
                if store.add_file(file) != manifest["files"][path]["sha256"]:
                    raise AssetError(f"{file} changed while it was published; publish again")
            self._add(store, entry, manifest, dump_json(manifest), signer)
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
            if held is not None and held["manifest"] != hashlib.sha256(data).hexdigest():
                raise AssetError(f"{self.folder} holds another {label}; a version is never replaced")
            for path, wanted in manifest["files"].items():  # mends damaged blobs of a version that is there
                if store.add_file(folder / path) != wanted["sha256"]:
                    raise AssetError(f"{folder / path} changed while it was imported; import it again")
            if held is None:
                self._add(store, entry, manifest, data)
            else:
                store.add_bytes(data)
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
        try:
            whole = path.is_file() and file_sha256(path) == held["manifest"]
        except OSError as error:
            raise AssetError(f"{name}@{number}: {path} cannot be read ({error.strerror})") from None
        if not whole:
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
        for number in reversed(numbers_of(entry)):
            version = self._load(store, manifest["name"], number)
            if version.yanked is None and content_key(version.manifest) == key:
                return version
        return None

    def _add(
        self, store: Store, entry: TemplateEntry, manifest: TemplateManifest, data: bytes, signer: Signer | None = None
    ) -> None:
        """Keep a manifest, then make the version count."""
        sha256 = store.add_bytes(data)
        entry["category"] = manifest["category"]
        held = version_entry(manifest, sha256)
        if signer is not None:
            add_signatures(held, [signer.sign(manifest["name"], manifest["version"], sha256)])
        entry["versions"][manifest["version"]] = held
        store.write_ref(manifest["name"], entry)


def _worn(version: TemplateVersion, spec: WearSpec) -> TemplateVersion:
    """Return a version in the size and look of a demand."""
    size = version.chosen_size(spec.size or version.size)
    return dataclasses.replace(version, size=size, variant=version.chosen_variant(spec.variant))


def _summary(name: str, entry: TemplateEntry) -> Iterator[Summary]:
    """Yield the summary of a template's highest version that is not yanked, if there is one."""
    number = newest(entry)
    if number is not None:
        held = entry["versions"][str(number)]
        bodies = tuple(held.get("bodies", ()))
        yield Summary(
            name, str(number), entry["category"], tuple(ordered_sizes(held["sizes"])), tuple(held["variants"]), bodies
        )
