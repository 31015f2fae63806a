"""The files of a library: content-addressed blobs, one small ref a template, and an index derived from the refs.

    library.json            marks the folder as a library
    blobs/sha256/ab/abcd…   every file and every version's template.json, named by its sha256, never changed
    refs/NAME.json          which versions a template has; replacing it is the one step that makes a version exist
    index.json              all refs in one file, so that a list parses only that; not used unless made from these refs

Whatever is written goes to tmp/ first, is brought to the disk and renamed into place, so a killed writer leaves at
most files that nothing refers to. Writers hold a lock; readers need none: what a ref refers to is there before the ref.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

from filelock import FileLock, Timeout

from dressform.schemas.documents import dump_json, load_document, load_json
from dressform.schemas.errors import AssetError, DressformError, InputError
from dressform.schemas.library import LibraryDocument, TemplateEntry

from .atomic import replacing, sync_file, sync_folder
from .hashing import file_sha256

MARKER = "library.json"
MARKER_SCHEMA = "dressform/library-folder/1"
SCHEMA = "dressform/library/1"
LOCK, SCRATCH = ".lock", "tmp"  # all that a folder holds before it is marked
LOCK_SECONDS = 30.0
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Store:
    """One library folder; it may not exist yet, and does from the first write on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def is_store(folder: Path) -> bool:
        """Whether a folder is marked as a library."""
        try:
            return load_json(folder / MARKER).get("schema") == MARKER_SCHEMA
        except InputError:
            return False

    @classmethod
    def may_become_store(cls, folder: Path) -> bool:
        """Whether a folder is a library or free to become one: absent, empty, or left so by a killed first publish."""
        try:
            if not folder.is_dir():
                return not folder.exists()
            free = set(os.listdir(folder)) <= {LOCK, SCRATCH}
        except OSError as error:
            raise AssetError(f"{folder} cannot be read ({error.strerror})") from None
        return free or cls.is_store(folder)  # in this order: the first publish may mark it in between

    def blob_path(self, sha256: str) -> Path:
        """Return where a blob lies, present or not."""
        return self.folder / "blobs" / "sha256" / sha256[:2] / sha256

    def blobs(self) -> Iterator[Path]:
        """Yield every file among the blobs, sorted, also one that is none of ours.

        Raises:
            OSError: When a folder cannot be read; what is not seen must not pass for absent.
        """
        for shard in _entries(self.folder / "blobs" / "sha256"):
            yield from _entries(shard) if shard.is_dir() else [shard]

    def add_bytes(self, data: bytes) -> str:
        """Keep bytes as a blob and return their sha256."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.holds(sha256, len(data)):
            self._write(self.blob_path(sha256), data)
        return sha256

    def add_file(self, path: Path) -> str:
        """Keep a copy of a file as a blob and return its sha256."""
        sha256 = file_sha256(path)
        if not self.holds(sha256, path.stat().st_size):
            with self._placing(self.blob_path(sha256)) as temporary:
                shutil.copyfile(path, temporary)
                if file_sha256(temporary) != sha256:
                    raise AssetError(f"{path} changed while it was published; publish again")
        return sha256

    def take_file(self, path: Path, sha256: str) -> None:
        """Make a file of the scratch folder, whose sha256 the caller has checked, a blob."""
        with self._placing(self.blob_path(sha256)) as temporary:
            path.replace(temporary)

    def holds(self, sha256: str, size: int) -> bool:
        """Whether a whole blob is there; a wrong one (a damaged disk) is to be written again."""
        path = self.blob_path(sha256)
        return path.is_file() and path.stat().st_size == size and file_sha256(path) == sha256

    def ref(self, name: str) -> TemplateEntry | None:
        """Return a template's versions, or None when the library does not hold it."""
        path = self._ref_path(name)
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise AssetError(f"{path} cannot be read ({error.strerror})") from None
        templates = cast("LibraryDocument", load_document("library", path))["templates"]
        if list(templates) != [name]:
            raise AssetError(f"{path} holds {', '.join(templates) or 'nothing'}, needed {name}; restore the file")
        return templates[name]

    def write_ref(self, name: str, entry: TemplateEntry) -> None:
        """Make a template's new versions count, then bring the index up to date."""
        self._write(self._ref_path(name), dump_json({"schema": SCHEMA, "templates": {name: entry}}))
        # the versions exist now, come what may; without an index a list only takes longer
        with suppress(OSError, DressformError):
            self.rebuild_index()

    def names(self) -> list[str]:
        """Return the names of the templates, sorted.

        Raises:
            AssetError: When the folder of the refs cannot be read.
        """
        try:
            return [path.stem for path in _entries(self.folder / "refs") if path.suffix == ".json"]
        except OSError as error:
            raise AssetError(f"{self.folder / 'refs'} cannot be read ({error.strerror})") from None

    def refs(self) -> dict[str, TemplateEntry]:
        """Return every template's versions, read from the refs themselves."""
        entries = {name: self.ref(name) for name in self.names()}
        return {name: entry for name, entry in entries.items() if entry is not None}

    def index(self) -> dict[str, TemplateEntry]:
        """Return every template's versions: from the index when it was made from these refs, else from the refs."""
        try:
            document = cast("LibraryDocument", load_document("library", self.folder / "index.json"))
            if document.get("refs") == self.refs_digest():
                return document["templates"]
        except InputError:
            pass  # the refs are the truth; an absent or broken index costs only time
        return self.refs()

    def refs_digest(self) -> str:
        """Return the sha256 over the names and contents of all refs: what anything derived from them is bound to."""
        total = hashlib.sha256()
        for name in self.names():
            path = self._ref_path(name)
            try:
                total.update(f"{name}\0{file_sha256(path)}\n".encode())
            except OSError as error:
                raise AssetError(f"{path} cannot be read ({error.strerror})") from None
        return total.hexdigest()

    def rebuild_index(self) -> None:
        """Write the index anew from the refs; the caller holds the lock."""
        digest = self.refs_digest()
        document: LibraryDocument = {"schema": SCHEMA, "templates": self.refs(), "refs": digest}
        self._write(self.folder / "index.json", dump_json(document))

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """Hold the library's lock and yield the scratch folder.

        Makes the folder a library and clears what killed writers left in the scratch folder.

        Raises:
            AssetError: When another process writes for long, or a file cannot be written or read.
        """
        if not self.may_become_store(self.folder):
            raise AssetError(f"{self.folder} is not a library; name one, or a new folder to publish to")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / LOCK, timeout=LOCK_SECONDS):
                scratch = self.folder / SCRATCH
                shutil.rmtree(scratch, ignore_errors=True)
                if not self.is_store(self.folder):
                    self._write(self.folder / MARKER, dump_json({"schema": MARKER_SCHEMA}))
                scratch.mkdir(exist_ok=True)
                try:
                    yield scratch
                finally:
                    shutil.rmtree(scratch, ignore_errors=True)
        except Timeout:
            raise AssetError(f"{self.folder} is being written by another process; try again when it is done") from None
        except OSError as error:
            raise self._fault(error) from None

    def _fault(self, error: OSError) -> AssetError:
        """Return the one line for a fault of the disk or of permissions."""
        reason = error.strerror or str(error)
        if error.filename is not None and not Path(str(error.filename)).is_relative_to(self.folder):
            return AssetError(f"{error.filename} cannot be read ({reason}); the library is as it was")
        cure = "free some space and run this again" if error.errno in _FULL else "name another library"
        return AssetError(f"{self.folder} cannot be written ({reason}); what it held is as it was; {cure}")

    @contextmanager
    def _placing(self, path: Path) -> Iterator[Path]:
        """Yield a temporary path that becomes `path`, on the disk with its name when the block ends."""
        new_folder = not path.parent.is_dir()
        with replacing(path, scratch=self.folder / SCRATCH) as temporary:
            yield temporary
            sync_file(temporary)
        sync_folder(path.parent)
        if new_folder:
            sync_folder(path.parent.parent)

    def _write(self, path: Path, data: bytes) -> None:
        with self._placing(path) as temporary:
            temporary.write_bytes(data)

    def _ref_path(self, name: str) -> Path:
        return self.folder / "refs" / f"{name}.json"


def _entries(folder: Path) -> list[Path]:
    """Return what a folder holds, sorted; nothing when it is absent, an OSError when it cannot be read."""
    try:
        return [folder / name for name in sorted(os.listdir(folder)) if not name.startswith(".")]
    except FileNotFoundError:
        return []
