"""The files of a library: content-addressed blobs, one small ref a template, and an index derived from the refs.

    library.json            marks the folder as a library
    blobs/sha256/ab/abcd…   every file and every version's template.json, named by its sha256, never changed
    refs/NAME.json          which versions a template has; replacing it is the one step that makes a version exist
    index.json              all refs in one file, so that a list reads only that; not used when it is older than a ref

Whatever is written goes to tmp/ first and is renamed into place, so a killed writer leaves at most files that nothing
refers to.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from filelock import FileLock, Timeout

from dressform.schemas.documents import dump_json, load_document, load_json
from dressform.schemas.errors import AssetError, InputError
from dressform.schemas.library import LibraryDocument, TemplateEntry

from .atomic import replacing, write_bytes
from .hashing import file_sha256

MARKER = "library.json"
MARKER_SCHEMA = "dressform/library-folder/1"
SCHEMA = "dressform/library/1"
LOCK, SCRATCH = ".lock", "tmp"  # all that a folder holds before it is marked
LOCK_SECONDS = 30.0


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
        if not folder.is_dir():
            return not folder.exists()
        return cls.is_store(folder) or {path.name for path in folder.iterdir()} <= {LOCK, SCRATCH}

    def blob_path(self, sha256: str) -> Path:
        """Return where a blob lies, present or not."""
        return self.folder / "blobs" / "sha256" / sha256[:2] / sha256

    def blobs(self) -> Iterator[Path]:
        """Yield every blob, sorted."""
        yield from sorted((self.folder / "blobs" / "sha256").glob("??/*"))

    def add_bytes(self, data: bytes) -> str:
        """Keep bytes as a blob and return their sha256."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self._holds(sha256, len(data)):
            write_bytes(self.blob_path(sha256), data, scratch=self._scratch)
        return sha256

    def add_file(self, path: Path) -> str:
        """Keep a copy of a file as a blob and return its sha256."""
        sha256 = file_sha256(path)
        if not self._holds(sha256, path.stat().st_size):
            with replacing(self.blob_path(sha256), scratch=self._scratch) as temporary:
                shutil.copyfile(path, temporary)
                if file_sha256(temporary) != sha256:
                    raise AssetError(f"{path} changed while it was published; publish again")
        return sha256

    def ref(self, name: str) -> TemplateEntry | None:
        """Return a template's versions, or None when the library does not hold it."""
        path = self._ref_path(name)
        if not path.is_file():
            return None
        templates = cast("LibraryDocument", load_document("library", path))["templates"]
        if list(templates) != [name]:
            raise AssetError(f"{path} holds {', '.join(templates) or 'nothing'}, needed {name}; restore the file")
        return templates[name]

    def write_ref(self, name: str, entry: TemplateEntry) -> None:
        """Make a template's new versions count, then bring the index up to date."""
        data = dump_json({"schema": SCHEMA, "templates": {name: entry}})
        write_bytes(self._ref_path(name), data, scratch=self._scratch)
        self.rebuild_index()

    def names(self) -> list[str]:
        """Return the names of the templates, sorted."""
        return sorted(path.stem for path in (self.folder / "refs").glob("*.json"))

    def index(self) -> dict[str, TemplateEntry]:
        """Return every template's versions: from the index when it is newer than all refs, else from the refs."""
        path = self.folder / "index.json"
        refs = list((self.folder / "refs").glob("*.json"))
        try:
            written = path.stat().st_mtime_ns
            fresh = all(ref.stat().st_mtime_ns <= written for ref in refs)
            templates = cast("LibraryDocument", load_document("library", path))["templates"] if fresh else {}
            if fresh and sorted(templates) == sorted(ref.stem for ref in refs):
                return templates
        except (OSError, InputError):
            pass  # the refs are the truth; an absent or broken index costs only time
        return self._from_refs()

    def rebuild_index(self) -> None:
        """Write the index anew from the refs."""
        data = dump_json({"schema": SCHEMA, "templates": self._from_refs()})
        write_bytes(self.folder / "index.json", data, scratch=self._scratch)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the library's lock; makes the folder a library and clears what killed writers left in tmp/."""
        if not self.may_become_store(self.folder):
            raise AssetError(f"{self.folder} is not a library; name one, or a new folder to publish to")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / LOCK, timeout=LOCK_SECONDS):
                shutil.rmtree(self._scratch, ignore_errors=True)
                if not self.is_store(self.folder):
                    marker = dump_json({"schema": MARKER_SCHEMA})
                    write_bytes(self.folder / MARKER, marker, scratch=self._scratch)
                yield
        except Timeout:
            raise AssetError(f"{self.folder} is being written by another process; try again when it is done") from None
        except PermissionError as error:
            raise AssetError(f"{self.folder} cannot be written ({error.strerror}); name another library") from None

    @property
    def _scratch(self) -> Path:
        return self.folder / SCRATCH

    def _ref_path(self, name: str) -> Path:
        return self.folder / "refs" / f"{name}.json"

    def _holds(self, sha256: str, size: int) -> bool:
        """Whether a whole blob is there; a wrong one (a damaged disk) is written again."""
        path = self.blob_path(sha256)
        return path.is_file() and path.stat().st_size == size and file_sha256(path) == sha256

    def _from_refs(self) -> dict[str, TemplateEntry]:
        entries = {name: self.ref(name) for name in self.names()}
        return {name: entry for name, entry in entries.items() if entry is not None}
