"""Where downloaded and derived files, and the user's library, are kept between runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_dir(*parts: str) -> Path:
    """Return (and make) a folder of the cache.

    The cache is `$DRESSFORM_CACHE`, else `$XDG_CACHE_HOME/dressform`, else `~/.cache/dressform`.
    """
    named = os.environ.get("DRESSFORM_CACHE")
    root = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dressform"
    folder = root.expanduser().joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def data_dir() -> Path:
    """Return the folder of the user's own data, present or not, where the platform keeps such."""
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Application Support"
    else:
        root = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return root.expanduser() / "dressform"
