"""Files that commands write: their folder has to be there, so that a slip of the keyboard makes no new folders."""

from __future__ import annotations

from pathlib import Path

from dressform.schemas.errors import UsageError


def in_folder(path: Path, option: str = "-o") -> Path:
    """Return a path as given; a UsageError before any work when its folder is not there, or it is a folder itself.

    Args:
        path: The file to write.
        option: What gave it, for the message.
    """
    if not path.resolve().parent.is_dir():
        raise UsageError(f"{option} {path}: the folder {path.parent} does not exist; make it first")
    if path.is_dir():
        raise UsageError(f"{option} {path} is a folder; name a file in it")
    return path
