"""Frees what no version refers to: blobs that a killed or failed publish left in a library."""

from __future__ import annotations

import time
from dataclasses import dataclass

from dressform.schemas.errors import AssetError

from .library import Library
from .store import Store

# as long as git keeps loose objects (gc.pruneExpire): whoever copies blobs before refs has time to finish
GRACE_S = 14 * 86_400.0


@dataclass(frozen=True)
class LooseBlob:
    """A blob that no version refers to.

    Attributes:
        sha256: Its name.
        bytes: Its size.
        age_s: Since it was written [s].
    """

    sha256: str
    bytes: int
    age_s: float


@dataclass(frozen=True)
class Collected:
    """What a collection freed, or would free.

    Attributes:
        removed: Loose blobs older than the grace period, by name.
        kept: Younger ones.
    """

    removed: tuple[LooseBlob, ...]
    kept: tuple[LooseBlob, ...]

    @property
    def bytes(self) -> int:
        """Size of what was freed."""
        return sum(blob.bytes for blob in self.removed)


def collect(library: Library, *, grace_s: float = GRACE_S, dry_run: bool = False) -> Collected:
    """Remove the blobs of a library that no version, yanked or not, refers to.

    Writers are kept out meanwhile, so a publish never loses what it has written; readers are not, since no version
    refers to what goes.

    Args:
        library: Only its writable layer is touched.
        grace_s: Younger blobs stay [s].
        dry_run: Remove nothing, and take no lock: also good for a library that cannot be written to.

    Raises:
        DressformError: When a ref or a template.json is damaged, so that nobody can say what it refers to; nothing is
            removed then.
    """
    store = library.stores()[0]
    if not Store.is_store(store.folder):
        raise AssetError(f"{store.folder} is not a library yet; publish a draft to it first")
    if dry_run:
        return _sorted_out(store, grace_s)
    with store.writing():
        found = _sorted_out(store, grace_s)
        for blob in found.removed:
            store.blob_path(blob.sha256).unlink()
    return found


def _sorted_out(store: Store, grace_s: float) -> Collected:
    """Tell old loose blobs from young ones."""
    reachable = _reachable(store)
    now = time.time()
    old: list[LooseBlob] = []
    young: list[LooseBlob] = []
    try:
        for path in store.blobs():
            # what does not lie where its name says is none of ours; `verify` tells of it
            if path.name in reachable or path != store.blob_path(path.name) or not path.is_file():
                continue
            status = path.stat()
            age = now - status.st_mtime
            (old if age >= grace_s else young).append(LooseBlob(path.name, status.st_size, age))
    except OSError as error:
        raise AssetError(f"{error.filename or store.folder} cannot be read ({error.strerror})") from None
    return Collected(tuple(old), tuple(young))


def _reachable(store: Store) -> set[str]:
    """Return the sha256 of everything that a version refers to."""
    found: set[str] = set()
    for version in Library([store]).versions():
        found.add(version.digest)
        found.update(file["sha256"] for file in version.manifest["files"].values())
    return found
