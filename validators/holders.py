"""What holds a file: the draft, version or library that changes when the file does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dressform.assets.library import Library

from .targets import MANIFEST, is_draft


def holders(files: Sequence[Path]) -> list[Path]:
    """Return the drafts, exported versions and libraries that files lie in, sorted; what lies in none is left out.

    Args:
        files: Files, there or just removed.
    """
    found = {folder for file in files if (folder := _holder(file)) is not None}
    return sorted(found)


def _holder(file: Path) -> Path | None:
    """Return the outermost folder above a file that can be validated: a draft's source may hold a version."""
    held = [folder for folder in file.parents if _can_be_validated(folder)]
    return held[-1] if held else None


def _can_be_validated(folder: Path) -> bool:
    return is_draft(folder) or (folder / MANIFEST).is_file() or Library.is_library(folder)
