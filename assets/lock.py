"""Lock files: the exact versions that a project's `--wear` was resolved to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

from dressform.schemas.documents import check_document, dump_json, load_document
from dressform.schemas.errors import AssetError
from dressform.schemas.library import LockDocument, LockEntry

from .atomic import write_bytes
from .library import Library
from .semver import parse_range, parse_version
from .template_version import TemplateVersion
from .wear import WearSpec, parse_wear

SCHEMA = "dressform/lock/1"
LOCK_FILE = "dressform.lock"  # what commands that take `--wear` look for in the working folder


def make_lock(library: Library, wears: Iterable[str], bodies: Iterable[str] = ()) -> LockDocument:
    """Resolve what a project wears and return the versions as a lock: one version a template.

    Args:
        library: Where the versions are.
        wears: Each as `NAME[@RANGE][:SIZE][/VARIANT]`.
        bodies: Body families that have to be able to wear all of it.

    Raises:
        AssetError: When the demands cannot be met together; names every conflict.
    """
    wanted, families = list(wears), sorted(set(bodies))
    versions = library.resolve_all(wanted, families)
    lock: LockDocument = {
        "schema": SCHEMA,
        "templates": [
            {
                "wear": wear,
                "name": version.name,
                "version": version.version,
                "size": version.size,
                "variant": version.variant,
                "manifest": version.digest,
            }
            for wear, version in zip(wanted, versions, strict=True)
        ],
    }
    if families:
        lock["bodies"] = families
    check_document("lock", lock, "lock")
    return lock


def write_lock(path: Path, lock: LockDocument) -> None:
    """Write a lock file atomically."""
    write_bytes(path, dump_json(lock))


def read_lock(path: Path) -> LockDocument:
    """Read and check a lock file."""
    return cast("LockDocument", load_document("lock", path))


def resolve_lock(library: Library, lock: LockDocument) -> list[TemplateVersion]:
    """Return the locked versions, or raise an AssetError when the library holds another content of one."""
    return [_exact(library, entry, entry["size"], entry["variant"]) for entry in lock["templates"]]


def resolve_locked(library: Library, lock: LockDocument, wears: Iterable[str], where: str) -> list[TemplateVersion]:
    """Return the locked versions of what is worn.

    A demand that states no size or look takes those of the lock where the lock names the template once.

    Args:
        library: Where the versions are.
        lock: What was locked.
        wears: Each as `NAME[@RANGE][:SIZE][/VARIANT]`.
        where: Names the lock in messages.

    Raises:
        AssetError: When the lock does not name a template, locks a version that the demand does not allow, or the
            library holds another content of it.
    """
    return [_locked(library, lock, parse_wear(wear), where) for wear in wears]


def _locked(library: Library, lock: LockDocument, spec: WearSpec, where: str) -> TemplateVersion:
    entries = [entry for entry in lock["templates"] if entry["name"] == spec.name]
    if not entries:
        held = ", ".join(dict.fromkeys(entry["name"] for entry in lock["templates"])) or "nothing"
        raise AssetError(
            f"{where} does not lock {spec.name}; it locks {held}; lock it too with `dressform library lock`, or wear "
            "the newest with --no-lock"
        )
    version = entries[0]["version"]
    if not spec.range.spans(parse_version(version)):  # a pre-release that was locked was asked for then
        raise AssetError(
            f"{where} locks {spec.name}@{version}, which {spec} does not allow; wear {spec.name}, or lock {spec} with "
            "`dressform library lock`"
        )
    return _exact(library, entries[0], *_size_and_look(spec, entries))


def _size_and_look(spec: WearSpec, entries: Sequence[LockEntry]) -> tuple[str | None, str | None]:
    """Return what a demand states, else what the lock says of the template where it says one thing."""
    choices = {(entry["size"], entry["variant"]) for entry in entries}
    if spec.size is not None or spec.variant is not None or len(choices) > 1:
        return spec.size, spec.variant
    (choice,) = choices
    return choice


def _exact(library: Library, entry: LockEntry, size: str | None, variant: str | None) -> TemplateVersion:
    """Return the version of a lock's entry, its digest compared."""
    version = library.resolve(WearSpec(entry["name"], parse_range(entry["version"]), size, variant))
    if version.digest != entry["manifest"]:
        raise AssetError(
            f"{version.label} is not the locked one (sha256 {version.digest[:12]}…, locked "
            f"{entry['manifest'][:12]}…); get the library it was locked with, or lock again"
        )
    return version
