"""The digest that binds a validation report to the draft it was made for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from .hashing import file_sha256

# what a draft holds besides the files of the template itself
NOT_PUBLISHED = ("source/", "overrides/")
# besides the record of the steps and the report, pictures that an artist judges the draft by
JUDGED_BY = ("place.png", "uv.png", "rig_match.png", "rig_weights.png", "rig_worst.png", "lod.png")
NOT_PUBLISHED_FILES = ("steps.json", "report.json", *JUDGED_BY)


def published_files(folder: Path) -> dict[str, Path]:
    """Return the files that a version made from this draft holds, by their POSIX path, sorted.

    Left out are the untouched source, the artist's overrides, the record of the steps (it holds timings), the report,
    the pictures that steps are judged by, and whatever starts with a dot. Links are left out too: a version holds only
    what the draft itself holds.
    """
    files: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in name.split("/"))
        if hidden or path.is_symlink() or not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
            continue
        if not name.startswith(NOT_PUBLISHED) and name not in NOT_PUBLISHED_FILES:
            files[name] = path
    return dict(sorted(files.items()))


def draft_digest(folder: Path) -> str:
    """Return the sha256 over every file of a draft that a version takes, whatever their order and times are."""
    return combined_digest({name: file_sha256(path) for name, path in published_files(folder).items()})


def combined_digest(files: Mapping[str, str]) -> str:
    """Return the sha256 over paths and the sha256 of what they hold."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{files[name]}\n".encode())
    return total.hexdigest()
