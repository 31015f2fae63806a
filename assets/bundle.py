"""Bundles: versions with all their files in one file, to carry to a library that this one cannot reach.

A bundle is a plain tar (ustar): `bundle.json`, which lists versions and blobs, then every blob as
`blobs/sha256/ab/abcd…`, sorted. Equal content gives equal bytes everywhere, hence no compression, owners or times.

A bundle from elsewhere is not trusted. No name of the archive ever becomes a path: each header must be, byte for byte,
the one that bundle.json calls for, so links, devices, second copies and names that lead out cannot occur. Sizes must
add up to the file's own before anything is written, and nothing counts before every sha256 and manifest was checked.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from dressform.schemas.documents import check_document, dump_json, load_json, parse_json
from dressform.schemas.errors import AssetError, InputError
from dressform.schemas.library import BundleDocument, TemplateEntry
from dressform.schemas.progress import Progress, silent
from dressform.schemas.template import TemplateManifest

from .atomic import replacing, sync_file
from .entry import differing_keys
from .library import Library
from .semver import parse_version
from .signing import TrustedKeys, add_signatures, holds
from .store import Store
from .template_version import TemplateVersion

SCHEMA = "dressform/bundle/1"
CONTENTS = "bundle.json"
MAX_CONTENTS = 8 * 2**20  # of bundle.json, some 100,000 blobs: what a parser takes in a moment and little memory
MAX_MANIFEST = 4 * 2**20
_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 2**20
_KINDS = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.DIRTYPE: "a folder",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


@dataclass(frozen=True)
class ImportedVersion:
    """A version of a bundle, and whether the library lacked it."""

    name: str
    version: str
    digest: str
    created: bool


def write_bundle(library: Library, versions: Iterable[TemplateVersion], path: Path) -> BundleDocument:
    """Write versions of a library, whichever layer holds them, into one file.

    Returns:
        What the file holds.

    Raises:
        AssetError: When a file of a version is missing or damaged, or the bundle cannot be written.
    """
    templates: dict[str, TemplateEntry] = {}
    files: dict[str, Path] = {}
    for version in versions:
        entry = _entry_of(library, version)
        held = templates.setdefault(version.name, {"category": entry["category"], "versions": {}})
        held["versions"][version.version] = entry["versions"][version.version]
        files[version.digest] = version.manifest_path
        files |= {each["sha256"]: version.file(name) for name, each in version.manifest["files"].items()}
    blobs = {sha256: files[sha256].stat().st_size for sha256 in sorted(files)}
    document: BundleDocument = {"schema": SCHEMA, "templates": templates, "blobs": blobs}
    check_document("bundle", document, str(path))
    contents = dump_json(document)
    if len(contents) > MAX_CONTENTS:
        raise AssetError(f"{path}: {len(blobs)} blobs are too many for one bundle; make several of fewer templates")
    try:
        with replacing(path) as temporary:
            with temporary.open("wb") as out:
                _write_member(out, CONTENTS, contents)
                for sha256, size in blobs.items():
                    _write_blob(out, sha256, size, files[sha256])
                out.write(bytes(2 * _BLOCK))
            sync_file(temporary)
    except OSError as error:
        raise AssetError(f"{error.filename or path}: cannot be written ({error.strerror}); name another file") from None
    return document


def read_contents(path: Path) -> BundleDocument:
    """Return what a bundle says that it holds.

    Raises:
        InputError: When the file is no bundle, or not of the length that its contents add up to.
    """
    try:
        with _opened(path) as file:
            return _contents(file, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def import_bundle(
    library: Library, path: Path, *, trusted: TrustedKeys | None = None, progress: Progress = silent
) -> list[ImportedVersion]:
    """Take in every version of a bundle that a library lacks, with the same numbers and digests.

    Args:
        library: Its writable layer receives them.
        path: The bundle.
        trusted: Keys one of which must have signed every version.
        progress: Is told how much is read.

    Raises:
        InputError: When the bundle is damaged, truncated or not as `write_bundle` makes them.
        AssetError: When the library holds other content of a version, a signature is missing or wrong, or the disk
            has no room. The library's versions are as they were.
    """
    with _opened(path) as file:
        document = _contents(file, path)
        _check_signatures(document, path, trusted)
        store = library.stores()[0]
        with store.writing() as scratch:
            _refuse_conflicts(store, document)
            _refuse_without_room(store, document)
            staged = _stage(store, document, file, path, scratch, progress)
            _check_versions(store, document, staged, path)
            for sha256, temporary in staged.items():
                store.take_file(temporary, sha256)
            return [each for name in sorted(document["templates"]) for each in _add(store, document, name, trusted)]


def _entry_of(library: Library, version: TemplateVersion) -> TemplateEntry:
    """Return the versions of the layer that a version is from."""
    for store in library.stores():
        entry = store.ref(version.name)
        held = entry["versions"].get(version.version) if entry is not None else None
        if entry is not None and held is not None and held["manifest"] == version.digest:
            return entry
    raise AssetError(f"{library.folder} does not hold {version.label}")


def _header(name: str, size: int) -> bytes:
    """Return the one header that a member may have."""
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")


def _blob_name(sha256: str) -> str:
    return f"blobs/sha256/{sha256[:2]}/{sha256}"


def _padding(size: int) -> int:
    return -size % _BLOCK


def _write_member(out: BinaryIO, name: str, data: bytes) -> None:
    out.write(_header(name, len(data)) + data + bytes(_padding(len(data))))


def _write_blob(out: BinaryIO, sha256: str, size: int, file: Path) -> None:
    """Copy a blob, and refuse one that changed since its size was taken."""
    out.write(_header(_blob_name(sha256), size))
    with file.open("rb") as source:
        found = _copy(source, out, size)
    if found != sha256:
        raise AssetError(f"{file} is damaged; run `dressform library verify`")
    out.write(bytes(_padding(size)))


def _copy(source: BinaryIO, out: BinaryIO | None, size: int) -> str:
    """Copy up to `size` bytes and return their sha256."""
    total = hashlib.sha256()
    while size > 0 and (chunk := source.read(min(size, _CHUNK))):
        total.update(chunk)
        size -= len(chunk)
        if out is not None:
            out.write(chunk)
    return total.hexdigest()


def _opened(path: Path) -> BinaryIO:
    """Open a bundle; a pipe or device, which may never end, is refused unopened."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{path}: needed a file that `dressform library export --bundle` wrote")
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _contents(file: BinaryIO, path: Path) -> BundleDocument:
    """Read bundle.json and check that all that it lists is as long as the file."""
    wrong = f"{path}: not a bundle; needed a file that `dressform library export --bundle` wrote"
    head = file.read(_BLOCK)
    try:
        size = tarfile.TarInfo.frombuf(head, "ascii", "strict").size
    except (tarfile.HeaderError, ValueError):
        raise InputError(wrong) from None
    if not 0 < size <= MAX_CONTENTS or head != _header(CONTENTS, size):
        raise InputError(wrong)
    data = file.read(size)
    document = parse_json(data, f"{path}: {CONTENTS}")
    check_document("bundle", document, f"{path}: {CONTENTS}")
    contents = cast("BundleDocument", document)
    if file.read(_padding(size)).strip(b"\0") or data != dump_json(contents):
        raise InputError(wrong)
    sizes = [size, *contents["blobs"].values()]
    needed = sum(_BLOCK + each + _padding(each) for each in sizes) + 2 * _BLOCK
    found = path.stat().st_size
    if found != needed:
        raise InputError(f"{path}: {found} bytes, but what it lists takes {needed}; it is cut off or changed")
    return contents


def _check_signatures(document: BundleDocument, path: Path, trusted: TrustedKeys | None) -> None:
    for name, entry in document["templates"].items():
        for number, held in entry["versions"].items():
            if not all(holds(each, name, number, held["manifest"]) for each in held.get("signatures", [])):
                raise AssetError(f"{path}: a signature of {name}@{number} is for something else; it was tampered with")
            if trusted is not None and not trusted.who(name, number, held):
                raise AssetError(f"{path}: no trusted key signed {name}@{number}; get a bundle that its maker signed")


def _refuse_conflicts(store: Store, document: BundleDocument) -> None:
    for name, entry in document["templates"].items():
        there = (store.ref(name) or {"versions": {}})["versions"]
        for number, held in entry["versions"].items():
            if number in there and there[number]["manifest"] != held["manifest"]:
                raise AssetError(f"{store.folder} holds another {name}@{number}; a version is never replaced")


def _refuse_without_room(store: Store, document: BundleDocument) -> None:
    missing = sum(size for sha256, size in document["blobs"].items() if not store.blob_path(sha256).is_file())
    free = shutil.disk_usage(store.folder).free
    if missing > free:
        raise AssetError(
            f"{store.folder}: {missing / 2**20:.0f} MiB needed, {free / 2**20:.0f} MiB free; free some space"
        )


def _stage(
    store: Store, document: BundleDocument, file: BinaryIO, path: Path, scratch: Path, progress: Progress
) -> dict[str, Path]:
    """Check every blob's header and sha256, and keep those that the library lacks in the scratch folder."""
    staged: dict[str, Path] = {}
    blobs = document["blobs"]
    for i, (sha256, size) in enumerate(sorted(blobs.items())):
        progress(i / len(blobs), f"reading {sha256[:12]}")
        head = file.read(_BLOCK)
        if head != _header(_blob_name(sha256), size):
            raise InputError(f"{path}: needed the blob {sha256[:12]} of {size} bytes, found {_described(head)}")
        temporary = None if store.holds(sha256, size) else scratch / sha256
        if temporary is None:
            found = _copy(file, None, size)
        else:
            with temporary.open("wb") as out:
                found = _copy(file, out, size)
            staged[sha256] = temporary
        if found != sha256 or file.read(_padding(size)).strip(b"\0"):
            raise InputError(f"{path}: the blob {sha256[:12]} is damaged; get the bundle again")
    if file.read().strip(b"\0"):
        raise InputError(f"{path}: something follows the last blob; get the bundle again")
    progress(1.0, "read")
    return staged


def _described(head: bytes) -> str:
    """Say what stands in a header that should not be there."""
    try:
        info = tarfile.TarInfo.frombuf(head, "utf-8", "replace")
    except (tarfile.HeaderError, ValueError):
        return "no header"
    kind = _KINDS.get(info.type, "a file" if info.isreg() else "a member of unknown kind")
    return f"{kind} named {info.name[:100]!r} of {info.size} bytes"


def _check_versions(store: Store, document: BundleDocument, staged: dict[str, Path], path: Path) -> None:
    """Check every template.json against its entry, and that the blobs are what the versions need and nothing more."""
    needed: set[str] = set()
    for name, entry in document["templates"].items():
        for number, held in entry["versions"].items():
            label = f"{path}: {name}@{number}"
            sha256 = held["manifest"]
            if sha256 not in document["blobs"]:
                raise InputError(f"{label}: its template.json is not in the bundle")
            blob = staged.get(sha256, store.blob_path(sha256))
            manifest = cast("TemplateManifest", load_json(blob, limit=MAX_MANIFEST))
            check_document("template", manifest, f"{label}: template.json")
            stated = (manifest["name"], manifest["version"], manifest["category"])
            if stated != (name, number, entry["category"]) or differing_keys(held, manifest):
                raise InputError(f"{label}: {CONTENTS} says otherwise than template.json; it was tampered with")
            needed.add(sha256)
            for file, each in manifest["files"].items():
                if document["blobs"].get(each["sha256"]) != each["bytes"]:
                    raise InputError(f"{label}: {file} is not in the bundle as template.json has it")
                needed.add(each["sha256"])
    stray = sorted(set(document["blobs"]) - needed)
    if stray:
        raise InputError(f"{path}: no version needs the blob {stray[0][:12]}; it was tampered with")


def _add(store: Store, document: BundleDocument, name: str, trusted: TrustedKeys | None) -> list[ImportedVersion]:
    """Make the versions of a template count; those that are there already gain at most trusted signatures."""
    entry = document["templates"][name]
    held = store.ref(name) or {"category": entry["category"], "versions": {}}
    there = set(held["versions"])
    changed = bool(set(entry["versions"]) - there)
    for number, each in entry["versions"].items():
        known = held["versions"].setdefault(number, each)
        if number in there and trusted is not None:
            signatures = [one for one in each.get("signatures", []) if one["key"] in trusted.names]
            changed |= add_signatures(known, signatures)
    if changed:
        highest = max(held["versions"], key=parse_version)
        if highest in entry["versions"]:
            held["category"] = entry["category"]
        store.write_ref(name, held)
    numbers = sorted(entry["versions"], key=parse_version)
    return [ImportedVersion(name, n, entry["versions"][n]["manifest"], n not in there) for n in numbers]
