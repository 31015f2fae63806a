"""Lock files: the exact versions that a project's `--wear` was resolved to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import cast

from dressform.schemas.documents import check_document, dump_json, load_document
from dressform.schemas.errors import AssetError
from dressform.schemas.library import LockDocument

from .atomic import write_bytes
from .library import Library
from .semver import parse_range
from .template_version import TemplateVersion
from .wear import WearSpec

SCHEMA = "dressform/lock/1"


def make_lock(library: Library, wears: Iterable[str]) -> LockDocument:
    """Resolve what a project wears and return the versions as a lock."""
    versions = [(wear, library.resolve(wear)) for wear in wears]
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
            for wear, version in versions
        ],
    }
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
    versions = []
    for entry in lock["templates"]:
        exact = WearSpec(entry["name"], parse_range(entry["version"]), entry["size"], entry["variant"])
        version = library.resolve(exact)
        if version.digest != entry["manifest"]:
            raise AssetError(
                f"{version.label} is not the locked one (sha256 {version.digest[:12]}…, locked "
                f"{entry['manifest'][:12]}…); get the library it was locked with, or lock again"
            )
        versions.append(version)
    return versions
